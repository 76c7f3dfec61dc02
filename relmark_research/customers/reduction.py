"""From purchase-days to one row per customer or per distinct history, inside the engine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.netting import SCALE

if TYPE_CHECKING:
    import ibis.expr.types as ir


def per_customer(days: ir.Table, last: date) -> pd.DataFrame:
    """Return customer_id, frequency, recency_days, T_days, repeat_value, sorted by customer_id.

    repeat_value is the mean value of the purchase-days after the first (missing without any).
    """
    measured = _measured(days, last)
    repeat_parts = measured.total_parts - measured.first_parts
    mean = repeat_parts.cast("float64") / (measured.frequency * SCALE).nullif(0)
    table = measured.select("customer_id", "frequency", "recency_days", "T_days", repeat_value=mean)
    return table.order_by("customer_id").to_pandas()


def per_history(days: ir.Table, last: date) -> pd.DataFrame:
    """Return frequency, recency_days, T_days and n_customers, sorted."""
    history = ["frequency", "recency_days", "T_days"]
    counted = _measured(days, last).group_by(history)
    return counted.aggregate(n_customers=lambda t: t.count()).order_by(history).to_pandas()


def totals(days: ir.Table) -> pd.DataFrame:
    """Return customer_id, purchases (purchase-days) and value in the log."""
    counted = days.group_by("customer_id").aggregate(
        purchases=days.count(), parts=days.parts.sum().cast("int64")
    )
    value = counted.parts.cast("float64") / SCALE
    return counted.select("customer_id", "purchases", value=value).to_pandas()


def by_day(days: ir.Table, born_until: date) -> pd.DataFrame:
    """Return births and repeats per day, of the customers first seen by ``born_until``.

    Returns
    -------
    DataFrame
        Index date; births (first purchases), repeats (later purchase-days), value.
    """
    first = days.date.min().over(group_by="customer_id")
    born = days.mutate(first=first).filter(lambda t: t.first <= born_until)
    counted = born.group_by("date").aggregate(
        births=(born.date == born["first"]).sum().cast("int64"),
        repeats=(born.date > born["first"]).sum().cast("int64"),
        parts=born.parts.sum().cast("int64"),
    )
    value = counted.parts.cast("float64") / SCALE
    table = counted.mutate(value=value).drop("parts").order_by("date").to_pandas()
    table["date"] = pd.to_datetime(table["date"])
    return table.set_index("date")


def by_cohort(days: ir.Table, period: str) -> pd.DataFrame:
    """Return customers active per cohort and period: cohort, period (day each), customers."""
    unit = {"month": "M", "quarter": "Q", "year": "Y", "week": "W"}[period]
    first = days.date.min().over(group_by="customer_id")
    placed = days.mutate(cohort=first.truncate(unit), period=days.date.truncate(unit))
    counted = placed.group_by("cohort", "period").aggregate(customers=placed.customer_id.nunique())
    table = counted.order_by("cohort", "period").to_pandas()
    return table.assign(
        cohort=pd.to_datetime(table["cohort"]), period=pd.to_datetime(table["period"])
    )


def by_month(days: ir.Table) -> pd.DataFrame:
    """Return per month: period, new_customers, active_customers, purchases, value."""
    first = days.date.min().over(group_by="customer_id")
    placed = days.mutate(first=first, period=days.date.truncate("M"))
    counted = placed.group_by("period").aggregate(
        new_customers=(placed.date == placed["first"]).sum().cast("int64"),
        active_customers=placed.customer_id.nunique(),
        purchases=placed.count(),
        parts=placed.parts.sum().cast("int64"),
    )
    value = counted.parts.cast("float64") / SCALE
    table = counted.mutate(value=value).drop("parts").order_by("period").to_pandas()
    return table.assign(period=pd.to_datetime(table["period"]))


def _measured(days: ir.Table, last: date) -> ir.Table:
    import ibis

    summed = days.group_by("customer_id").aggregate(
        frequency=days.count() - 1,
        first=days.date.min(),
        last=days.date.max(),
        total_parts=days.parts.sum().cast("int64"),
        first_parts=days.parts.argmin(days.date),
    )
    return summed.mutate(
        recency_days=summed.last.delta(summed.first, unit="day"),
        T_days=ibis.literal(last).delta(summed.first, unit="day"),
    )


def last_two_intervals(days: ir.Table) -> pd.DataFrame:
    """Return the two last interpurchase times of customers with three purchase-days or more.

    Returns
    -------
    DataFrame
        Row per distinct pair: earlier, later (whole days, >= 1), n_customers.
    """
    import ibis

    own = ibis.window(group_by="customer_id", order_by="date")
    placed = days.select("customer_id", "date").mutate(
        before=lambda t: t.date.lag(1).over(own),
        first=lambda t: t.date.lag(2).over(own),
        after=lambda t: t.date.lead(1).over(own),
    )
    last = placed.filter(placed.after.isnull(), ~placed["first"].isnull())
    measured = last.select(
        earlier=last.before.delta(last["first"], unit="day"),
        later=last.date.delta(last.before, unit="day"),
    )
    counted = measured.group_by("earlier", "later").aggregate(n_customers=lambda t: t.count())
    return counted.order_by("earlier", "later").to_pandas()


def days_of(days: ir.Table, customer_id: str) -> pd.DatetimeIndex:
    """Return one customer's purchase-days, in order; empty where there is no such customer."""
    own = days.filter(days.customer_id == customer_id).select("date").order_by("date").to_pandas()
    return pd.DatetimeIndex(pd.to_datetime(own["date"]))

"""From purchase-days to one row per customer or per distinct history, inside the engine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.returns import SCALE, who
from relmark_research.tables import sql_dialects

if TYPE_CHECKING:
    import ibis.expr.types as ir


def per_customer(days: ir.Table, last: date, *, months: bool = False) -> pd.DataFrame:
    """Return one row per customer, in memory, sorted by customer_id; numbers by their size.

    Returns
    -------
    DataFrame
        customer_id, frequency, recency_days and T_days (or recency_months and T_months),
        repeat_value (mean value of the purchase-days after the first, missing without any).
    """
    table = sql_dialects.sorted_frame(customers(days, last, months=months), who(days))
    return table.drop(columns="key", errors="ignore")


def customers(days: ir.Table, last: date, *, months: bool = False) -> ir.Table:
    """Return customer_id, frequency, recency_*, T_*, repeat_value[, key], lazily."""
    measured = _measured(days, last, months=months)
    if "key" in measured.columns:
        measured = measured.mutate(customer_id=measured.key.cast("string"))
    repeat_parts = measured.total_parts - measured.first_parts
    mean = repeat_parts.cast("float64") / (measured.frequency * SCALE).nullif(0).cast("float64")
    columns = dict.fromkeys(["customer_id", *_history(months), who(days)])
    return measured.select(*columns, repeat_value=mean)


def per_history(days: ir.Table, last: date, *, months: bool = False) -> pd.DataFrame:
    """Return what `histories` does, in memory and sorted."""
    return sql_dialects.sorted_frame(histories(days, last, months=months), *_history(months))


def histories(days: ir.Table, last: date, *, months: bool = False) -> ir.Table:
    """Return one row per distinct history with the number of its customers, lazily."""
    counted = _measured(days, last, months=months).group_by(_history(months))
    return counted.aggregate(n_customers=lambda t: t.count())


def _history(months: bool) -> list[str]:
    unit = "months" if months else "days"
    return ["frequency", f"recency_{unit}", f"T_{unit}"]


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


def _measured(days: ir.Table, last: date, *, months: bool = False) -> ir.Table:
    import ibis

    if months:
        days = _by_calendar_month(days)
    summed = days.group_by(who(days)).aggregate(
        frequency=days.count() - 1,
        first=days.date.min(),
        last=days.date.max(),
        total_parts=sql_dialects.integer_sum(days.parts),
        first_parts=sql_dialects.value_on_first_day(days.parts, days.date),
    )
    first, latest = summed["first"], summed["last"]
    if months:
        end = last.year * 12 + last.month
        return summed.mutate(
            recency_months=_month_number(latest) - _month_number(first),
            T_months=end - _month_number(first),
        )
    return summed.mutate(
        recency_days=latest.delta(first, unit="day"),
        T_days=ibis.literal(last).delta(first, unit="day"),
    )


def _by_calendar_month(days: ir.Table) -> ir.Table:
    """Return purchase-months: the days of a customer's month as one, on its first day."""
    named = days.mutate(date=days.date.truncate("M").cast("date"))
    return named.group_by(who(days), "date").aggregate(parts=named.parts.sum().cast("int64"))


def _month_number(day: ir.Value) -> ir.Value:
    return day.year().cast("int64") * 12 + day.month().cast("int64")


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
    return sql_dialects.sorted_frame(counted, "earlier", "later")


def first_two(days: ir.Table) -> pd.DataFrame:
    """Return customer_id, first and second (day, missing where there is none), sorted."""
    import ibis

    own = ibis.window(group_by=who(days), order_by="date")
    placed = days.mutate(place=ibis.row_number().over(own))
    early = placed.filter(placed.place <= 1)
    found = early.group_by(who(days)).aggregate(first=early.date.min(), second=early.date.max())
    if "key" in found.columns:
        found = found.mutate(customer_id=found.key.cast("string"))
    found = found.mutate(second=found["second"].nullif(found["first"]))
    table = sql_dialects.sorted_frame(found.select("customer_id", "first", "second"), "customer_id")
    return table.assign(
        first=pd.to_datetime(table["first"]), second=pd.to_datetime(table["second"])
    )


def days_of(days: ir.Table, customer_id: str) -> pd.DatetimeIndex:
    """Return one customer's purchase-days, in order; empty where there is no such customer."""
    own = days.filter(days.customer_id == customer_id).select("date").order_by("date").to_pandas()
    return pd.DatetimeIndex(pd.to_datetime(own["date"]))

"""Aggregation of purchase-days, in the engine: by customer, by distinct history, by period."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.returns import PARTS_PER_UNIT, grouping_column
from relmark_research.tables import sql_dialects
from relmark_research.units import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir


def per_customer(days: ir.Table, last: date, *, months: bool = False) -> pd.DataFrame:
    """Return one row per customer, in memory, sorted by customer_id (integers by value).

    Returns
    -------
    DataFrame
        customer_id, frequency, recency_days and T_days (or recency_months and T_months),
        sum_log_gaps (sum of ln(gap) over the gaps between purchases, in days or months),
        repeat_value (mean value of the purchase-days after the first, missing without any; no
        such column for a log without money).
    """
    table = sql_dialects.sorted_frame(customers(days, last, months=months), grouping_column(days))
    return table.drop(columns="key", errors="ignore")


def customers(days: ir.Table, last: date, *, months: bool = False) -> ir.Table:
    """Return customer_id, frequency, recency_*, T_*[, repeat_value][, key], lazily."""
    measured = _histories(days, last, months=months)
    if "key" in measured.columns:
        measured = measured.mutate(customer_id=measured.key.cast("string"))
    names = ["customer_id", *_history_columns(months), "sum_log_gaps", grouping_column(days)]
    columns = dict.fromkeys(names)
    if "parts" not in days.columns:
        return measured.select(*columns)
    repeat_parts = measured.total_parts - measured.first_parts
    mean = repeat_parts.cast("float64") / (measured.frequency * PARTS_PER_UNIT).nullif(0).cast(
        "float64"
    )
    return measured.select(*columns, repeat_value=mean)


def per_history(days: ir.Table, last: date, *, months: bool = False) -> pd.DataFrame:
    """Return the table of `histories` in memory, sorted."""
    return sql_dialects.sorted_frame(
        histories(days, last, months=months), *_history_columns(months)
    )


def histories(days: ir.Table, last: date, *, months: bool = False) -> ir.Table:
    """Return one row per distinct history, with its number of customers, lazily.

    sum_log_gaps is the mean over its customers, so that n_customers times it is their total.
    """
    counted = _histories(days, last, months=months).group_by(_history_columns(months))
    return counted.aggregate(
        sum_log_gaps=lambda t: t.sum_log_gaps.mean(), n_customers=lambda t: t.count()
    )


def customer_totals(days: ir.Table, *, months: bool = False) -> pd.DataFrame:
    """Return customer_id, purchases (purchase-days or -months)[, value] by customer, sorted."""
    if months:
        days = by_calendar_month(days)
    counted = days.group_by("customer_id").aggregate(purchases=days.count(), **_sum_of_parts(days))
    return sql_dialects.sorted_frame(_with_value(counted), "customer_id")


def by_day(days: ir.Table, acquired_until: date) -> pd.DataFrame:
    """Return first and repeat purchases per day, of customers acquired by ``acquired_until``.

    Returns
    -------
    DataFrame
        Index date; first_purchases, repeat_purchases (later purchase-days)[, value].
    """
    first = days.date.min().over(group_by="customer_id")
    acquired = days.mutate(first=first).filter(lambda t: t.first <= acquired_until)
    counted = acquired.group_by("date").aggregate(
        first_purchases=(acquired.date == acquired["first"]).sum().cast("int64"),
        repeat_purchases=(acquired.date > acquired["first"]).sum().cast("int64"),
        **_sum_of_parts(acquired),
    )
    table = _with_value(counted).order_by("date").to_pandas()
    table["date"] = pd.to_datetime(table["date"])
    return table.set_index("date")


def by_cohort(days: ir.Table, period: Period) -> pd.DataFrame:
    """Return customers active per cohort and period: cohort, period (day each), customers."""
    first = days.date.min().over(group_by="customer_id")
    placed = days.mutate(
        cohort=sql_dialects.period_number(first, period),
        period=sql_dialects.period_number(days.date, period),
    )
    counted = placed.group_by("cohort", "period").aggregate(customers=placed.customer_id.nunique())
    table = counted.order_by("cohort", "period").to_pandas()
    return table.assign(
        cohort=table["cohort"].map(period.start), period=table["period"].map(period.start)
    )


def by_month(days: ir.Table) -> pd.DataFrame:
    """Return per month: period, new_customers, active_customers, purchases[, value]."""
    first = days.date.min().over(group_by="customer_id")
    placed = days.mutate(first=first, period=days.date.truncate("M"))
    counted = placed.group_by("period").aggregate(
        new_customers=(placed.date == placed["first"]).sum().cast("int64"),
        active_customers=placed.customer_id.nunique(),
        purchases=placed.count(),
        **_sum_of_parts(placed),
    )
    table = _with_value(counted).order_by("period").to_pandas()
    return table.assign(period=pd.to_datetime(table["period"]))


def last_two_interpurchase_times(days: ir.Table) -> pd.DataFrame:
    """Return the last two interpurchase times of customers with three or more purchase-days.

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


def first_two_purchases(days: ir.Table) -> pd.DataFrame:
    """Return customer_id, first and second purchase-day (missing if there is none), sorted."""
    import ibis

    own = ibis.window(group_by=grouping_column(days), order_by="date")
    numbered = days.mutate(position=ibis.row_number().over(own))
    early = numbered.filter(numbered.position <= 1)
    found = early.group_by(grouping_column(days)).aggregate(
        first=early.date.min(), second=early.date.max()
    )
    if "key" in found.columns:
        found = found.mutate(customer_id=found.key.cast("string"))
    found = found.mutate(second=found["second"].nullif(found["first"]))
    table = sql_dialects.sorted_frame(found.select("customer_id", "first", "second"), "customer_id")
    return table.assign(
        first=pd.to_datetime(table["first"]), second=pd.to_datetime(table["second"])
    )


def purchase_dates(days: ir.Table, customer_id: str) -> pd.DatetimeIndex:
    """Return one customer's purchase-days, sorted; empty for an unknown customer."""
    own = days.filter(days.customer_id == customer_id).select("date").order_by("date").to_pandas()
    return pd.DatetimeIndex(pd.to_datetime(own["date"]))


def _histories(days: ir.Table, last: date, *, months: bool = False) -> ir.Table:
    import ibis

    if months:
        days = by_calendar_month(days)
    own = ibis.window(group_by=grouping_column(days), order_by="date")
    days = days.mutate(before=days.date.lag(1).over(own))
    sums = {"frequency": days.count() - 1, "first": days.date.min(), "last": days.date.max()}
    if "parts" in days.columns:
        sums["total_parts"] = sql_dialects.integer_sum(days.parts)
        sums["first_parts"] = sql_dialects.value_on_first_day(days.parts, days.date)
    sums["sum_log_gaps"] = _gaps(days, months=months).ln().sum().fill_null(0.0)
    summed = days.group_by(grouping_column(days)).aggregate(**sums)
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


def by_calendar_month(days: ir.Table) -> ir.Table:
    """Return purchase-months: a customer's days of a month as one, on the first of the month."""
    dated = days.mutate(date=days.date.truncate("M").cast("date"))
    merged = dated.group_by(grouping_column(days), "date").aggregate(**_sum_of_parts(dated))
    if "key" in merged.columns:
        merged = merged.mutate(customer_id=merged.key.cast("string"))
    return merged


def _sum_of_parts(days: ir.Table) -> dict[str, ir.Value]:
    """Return the sum of value, as an argument of `aggregate`; empty for a log without money."""
    return {"parts": days.parts.sum().cast("int64")} if "parts" in days.columns else {}


def _with_value(counted: ir.Table) -> ir.Table:
    """Return the table with its parts as value, in units of money, where it has them."""
    if "parts" not in counted.columns:
        return counted
    value = counted.parts.cast("float64") / PARTS_PER_UNIT
    return counted.mutate(value=value).drop("parts")


def _gaps(days: ir.Table, *, months: bool) -> ir.Value:
    """Return the time since the purchase ``before``, missing for a customer's first."""
    if months:
        gap = _month_number(days.date) - _month_number(days.before)
    else:
        gap = days.date.delta(days.before, unit="day")
    return gap.cast("float64")


def _month_number(day: ir.Value) -> ir.Value:
    return day.year().cast("int64") * 12 + day.month().cast("int64")


def _history_columns(months: bool) -> list[str]:
    unit = "months" if months else "days"
    return ["frequency", f"recency_{unit}", f"T_{unit}"]

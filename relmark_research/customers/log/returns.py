"""Purchase-days: one row per customer and day, with returns netted against earlier purchases.

Values are summed in whole ten-thousandths ("parts"), so that a sum depends neither on the order of
rows nor on the engine.

A return is netted against the customer's latest earlier purchases. With v(d) the value of the
customer's day d, U(d) = v(d) + v(d+1) + ... the sum from d to the end, and M(d) the maximum of 0,
U(d), U(d+1), ..., the value of day d after later returns is M(d) - M(d+1). M(first) - U(first) is
the value returned without an earlier purchase in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.tables import sql_dialects
from relmark_research.tables.options import Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir

PARTS_PER_UNIT = 10_000  # whole parts per unit of money
EXACT_LIMIT = 2**52 / PARTS_PER_UNIT  # money; parts of smaller sums are exact in float64


def purchase_days(
    rows: ir.Table, *, returns: Returns, has_returns: bool, exact_in_float: bool = False
) -> ir.Table:
    """Return one row per customer and day of purchase.

    Parameters
    ----------
    rows
        customer_id, date, value[, cost][, key]: usable rows.
    returns
        ``"net"``, ``"drop"`` (negative rows are left out) or ``"keep"`` (they count as they are).
    has_returns
        Whether any row is negative; if not, the netting is skipped.
    exact_in_float
        Whether the sum of all absolute values is less than `EXACT_LIMIT`.

    Returns
    -------
    Table
        customer_id, date, parts (value in whole ten-thousandths, int64, or float64 where that is
        exact and faster)[, cost_parts][, key].
    """
    if has_returns and returns == "drop":
        rows = rows.filter(rows.value >= 0)
    if not (has_returns and returns == "net"):
        return _by_day(rows, exact_in_float=exact_in_float)
    netted = _netted(_by_day(rows, exact_in_float=exact_in_float, with_purchases=True), "parts")
    if "cost_parts" in netted.columns:
        netted = _netted(netted, "cost_parts")
    bought = netted.filter((netted.purchases > 0) & ((netted.gross == 0) | (netted.parts > 0)))
    return bought.drop("purchases", "gross")


def unmatched_returns(rows: ir.Table) -> ir.Table:
    """Return the value returned without an earlier purchase in the log: customer_id, parts."""
    days = _with_sums(_by_day(rows), "parts")
    days = days.mutate(unmatched=days.max_to_end - days.sum_to_end)
    first = days.group_by("customer_id").aggregate(
        parts=sql_dialects.value_on_first_day(days.unmatched, days.date)
    )
    return first.filter(first.parts > 0)


def grouping_column(table: ir.Table) -> str:
    """Return the column by which an engine groups customers fastest: the integer id, or the id."""
    return "key" if "key" in table.columns else "customer_id"


def _by_day(
    rows: ir.Table, *, exact_in_float: bool = False, with_purchases: bool = False
) -> ir.Table:
    """Sum each customer's day; for netting also the number and gross value of its purchases."""
    parts = _parts(rows.value, exact_in_float=exact_in_float)
    sums = {"parts": sql_dialects.integer_sum(parts)}
    if with_purchases:
        sums["purchases"] = (parts >= 0).sum().cast("int64")
        sums["gross"] = (parts > 0).ifelse(parts, 0).sum().cast("int64")
    if "cost" in rows.columns:
        sums["cost_parts"] = sql_dialects.integer_sum(_parts(rows.cost))
    days = rows.group_by(grouping_column(rows), "date").aggregate(**sums)
    if "key" in rows.columns:
        days = days.mutate(customer_id=days.key.cast("string"))
    return days


def _parts(money: ir.Value, *, exact_in_float: bool = False) -> ir.Value:
    parts = sql_dialects.rounded_half_away(money * PARTS_PER_UNIT)
    return sql_dialects.whole_number(parts, as_float=exact_in_float)


def _with_sums(days: ir.Table, name: str) -> ir.Table:
    """Add U(d) as `sum_to_end` and M(d) as `max_to_end`."""
    import ibis

    onwards = ibis.window(
        group_by=grouping_column(days), order_by=ibis.desc("date"), preceding=None, following=0
    )
    summed = days.mutate(sum_to_end=days[name].sum().over(onwards).cast("int64"))
    maximum = ibis.greatest(summed.sum_to_end.max().over(onwards), 0)
    return summed.mutate(max_to_end=maximum)


def _netted(days: ir.Table, name: str) -> ir.Table:
    import ibis

    summed = _with_sums(days, name)
    later = ibis.window(group_by=grouping_column(days), order_by=ibis.desc("date"))
    next_maximum = summed.max_to_end.lag(1).over(later).fill_null(0)
    netted = summed.mutate(**{name: summed.max_to_end - next_maximum})
    return netted.drop("sum_to_end", "max_to_end")

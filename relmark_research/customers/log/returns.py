"""From rows to purchase-days: one row per customer and day, returns netted.

Money is summed in whole ten-thousandths, so that a sum depends neither on the order of rows nor on
the engine.

A return is netted against the customer's latest earlier purchases. With v(d) the value of the
customer's day d, U(d) = v(d) + v(d+1) + ... the sum from d to the end, and M(d) the largest of 0,
U(d), U(d+1), ..., what later returns leave of day d is M(d) - M(d+1), and M(first) - U(first) is
what was returned without an earlier purchase in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.tables import sql_dialects
from relmark_research.tables.options import Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir

SCALE = 10_000  # whole parts per unit of money
EXACT = 2**52 / SCALE  # money; the parts of less are summed exactly in float64


def purchase_days(
    rows: ir.Table, *, returns: Returns, any_returns: bool, small: bool = False
) -> ir.Table:
    """Return one row per customer and day of purchase.

    Parameters
    ----------
    rows
        customer_id, date, value[, cost][, key]: usable rows.
    returns
        ``"net"``, ``"drop"`` (negative rows are left out) or ``"keep"`` (they count as they are).
    any_returns
        Whether there is a negative row at all; if not, netting is spared.
    small
        Whether the sizes of all values together are less than `EXACT`.

    Returns
    -------
    Table
        customer_id, date, parts (value in whole ten-thousandths, int64, or float64 where it is
        exact and faster)[, cost_parts][, key].
    """
    if any_returns and returns == "drop":
        rows = rows.filter(rows.value >= 0)
    if not (any_returns and returns == "net"):
        return _by_day(rows, small=small)
    left = _netted(_by_day(rows, small=small, counted=True), "parts")
    if "cost_parts" in left.columns:
        left = _netted(left, "cost_parts")
    bought = left.filter((left.purchases > 0) & ((left.gross == 0) | (left.parts > 0)))
    return bought.drop("purchases", "gross")


def unmatched_returns(rows: ir.Table) -> ir.Table:
    """Return what was returned without an earlier purchase in the log: customer_id, parts."""
    days = _with_sums(_by_day(rows), "parts")
    days = days.mutate(unmatched=days.best - days.to_end)
    first = days.group_by("customer_id").aggregate(
        parts=sql_dialects.value_on_first_day(days.unmatched, days.date)
    )
    return first.filter(first.parts > 0)


def who(table: ir.Table) -> str:
    """Return the column that tells customers apart fastest: the id's number, or the id."""
    return "key" if "key" in table.columns else "customer_id"


def _by_day(rows: ir.Table, *, small: bool = False, counted: bool = False) -> ir.Table:
    """Sum each customer's day; ``counted``: purchases and their gross value too, for netting."""
    parts = _parts(rows.value, small=small)
    sums = {"parts": sql_dialects.integer_sum(parts)}
    if counted:
        sums["purchases"] = (parts >= 0).sum().cast("int64")
        sums["gross"] = (parts > 0).ifelse(parts, 0).sum().cast("int64")
    if "cost" in rows.columns:
        sums["cost_parts"] = sql_dialects.integer_sum(_parts(rows.cost))
    days = rows.group_by(who(rows), "date").aggregate(**sums)
    if "key" in rows.columns:
        days = days.mutate(customer_id=days.key.cast("string"))
    return days


def _parts(money: ir.Value, *, small: bool = False) -> ir.Value:
    return sql_dialects.whole_number(sql_dialects.rounded_half_away(money * SCALE), as_float=small)


def _with_sums(days: ir.Table, name: str) -> ir.Table:
    """Add U(d) as `to_end` and M(d) as `best`."""
    import ibis

    onwards = ibis.window(
        group_by=who(days), order_by=ibis.desc("date"), preceding=None, following=0
    )
    summed = days.mutate(to_end=days[name].sum().over(onwards).cast("int64"))
    best = ibis.greatest(summed.to_end.max().over(onwards), 0)
    return summed.mutate(best=best)


def _netted(days: ir.Table, name: str) -> ir.Table:
    import ibis

    summed = _with_sums(days, name)
    later = ibis.window(group_by=who(days), order_by=ibis.desc("date"))
    next_best = summed.best.lag(1).over(later).fill_null(0)
    return summed.mutate(**{name: summed.best - next_best}).drop("to_end", "best")

"""Purchase-days: one row per customer and day, with returns netted against earlier purchases.

Values are summed in whole ten-thousandths ("parts"), so that a sum depends neither on the order of
rows nor on the engine.

A return is netted against the customer's latest earlier purchases. With v(d) the value of the
customer's day d, U(d) = v(d) + v(d+1) + ... the sum from d to the end, and M(d) the maximum of 0,
U(d), U(d+1), ..., the value of day d after later returns is M(d) - M(d+1). M(first) - U(first) is
the value returned without an earlier purchase in the log.
"""

from __future__ import annotations

import functools
import operator
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
    """Return one row per customer and day of purchase; arguments as in `customer_days`.

    Returns
    -------
    Table
        customer_id, date[, parts (value in whole ten-thousandths, int64, or float64 where that is
        exact and faster)][, cost_parts][, key].
    """
    days = customer_days(
        rows, returns=returns, has_returns=has_returns, exact_in_float=exact_in_float
    )
    return net_of_returns(days)


def customer_days(
    rows: ir.Table, *, returns: Returns, has_returns: bool, exact_in_float: bool = False
) -> ir.Table:
    """Return one row per customer and day with a row, before returns are netted.

    Parameters
    ----------
    rows
        customer_id, date[, value][, cost][, key]: usable rows; a log without money has no value.
    returns
        ``"net"``, ``"drop"`` (negative rows are left out) or ``"keep"`` (they count as they are).
    has_returns
        Whether any row is negative; if not, there is nothing to net.
    exact_in_float
        Whether the sum of all absolute values is less than `EXACT_LIMIT`.

    Returns
    -------
    Table
        customer_id, date[, parts][, cost_parts][, key] as in `purchase_days`, and where returns are
        to be netted ``largest``, the parts of the day's row of greatest value.
    """
    if has_returns and returns == "drop":
        rows = rows.filter(rows.value >= 0)
    sums = {}
    if "value" in rows.columns:
        parts = _parts(rows.value, exact_in_float=exact_in_float)
        sums["parts"] = sql_dialects.integer_sum(parts)
        if has_returns and returns == "net":
            sums["largest"] = parts.max()
    if "cost" in rows.columns:
        sums["cost_parts"] = sql_dialects.integer_sum(_parts(rows.cost))
    days = rows.group_by(grouping_column(rows), "date").aggregate(**sums)
    if "key" in rows.columns:
        days = days.mutate(customer_id=days.key.cast("string"))
    return days


def net_of_returns(days: ir.Table) -> ir.Table:
    """Return the purchase-days of `customer_days`, with returns netted.

    Only customers who have a day of negative value (or cost) need the running sums. A day counts
    where something was bought, and not all of it was returned.
    """
    if "largest" not in days.columns:
        return days
    money = [name for name in ("parts", "cost_parts") if name in days.columns]
    days = days.mutate(**{name: days[name].cast("int64").fill_null(0) for name in money})
    affected, by = _with_negative(days, *money), grouping_column(days)
    plain, netted = days.anti_join(affected, by), days.semi_join(affected, by)
    for name in money:
        netted = sql_dialects.materialised_for_sqlite(_netted(netted, name))
    every = plain.select(*days.columns).union(netted.select(*days.columns))
    return every.filter(_is_bought(every)).drop("largest")


def returned_days(days: ir.Table) -> ir.Table:
    """Return what netting does to each customer who has a day of negative value.

    Parameters
    ----------
    days
        Those of `customer_days`, with ``largest``.

    Returns
    -------
    Table
        customer_id; removed, the number of days that are no purchase-day; unmatched, the parts
        returned without an earlier purchase in the log: M(first) - U(first), the sum of the values
        after netting less the sum of the values before.
    """
    affected = days.semi_join(_with_negative(days, "parts"), grouping_column(days))
    netted = _netted(affected.mutate(given=affected.parts), "parts")
    return netted.group_by("customer_id").aggregate(
        removed=(~_is_bought(netted)).sum().cast("int64"),
        unmatched=(netted.parts - netted.given).sum().cast("int64"),
    )


def days_returned_at_once(days: ir.Table) -> ir.Table:
    """Return the days that are no purchase-day of the customers without a negative one."""
    removed = days.filter(~_is_bought(days))
    return removed.anti_join(_with_negative(days, "parts"), grouping_column(days))


def grouping_column(table: ir.Table) -> str:
    """Return the column by which an engine groups customers fastest: the integer id, or the id."""
    return "key" if "key" in table.columns else "customer_id"


def exact_sum(money: ir.Value) -> ir.Value:
    """Return the sum of money, as float64, by whole ten-thousandths: the same in any order."""
    return sql_dialects.integer_sum(_parts(money)).cast("float64") / PARTS_PER_UNIT


def _parts(money: ir.Value, *, exact_in_float: bool = False) -> ir.Value:
    parts = sql_dialects.rounded_half_away(money * PARTS_PER_UNIT)
    return sql_dialects.whole_number(parts, as_float=exact_in_float)


def _is_bought(days: ir.Table) -> ir.BooleanValue:
    return (days.largest == 0) | ((days.largest > 0) & (days.parts > 0))


def _with_negative(days: ir.Table, *names: str) -> ir.Table:
    """Return the customers who have a day of negative value in one of these columns."""
    negative = functools.reduce(operator.or_, (days[name] < 0 for name in names))
    return days.filter(negative).select(grouping_column(days)).distinct()


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

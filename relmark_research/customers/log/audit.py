"""The audit of a log: a table that accounts for every row that was read.

Rows are counted once when the log is read (`count_rows`), which also raises the errors of unusable
rows; the table itself is computed on request.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.left_truncation import LeftTruncation
from relmark_research.customers.log.returns import (
    PARTS_PER_UNIT,
    days_returned_at_once,
    returned_days,
)
from relmark_research.errors import DataError
from relmark_research.tables import row_checks
from relmark_research.tables.options import Columns, ReadOptions, Returns
from relmark_research.tables.values.columns import source_columns
from relmark_research.tables.values.expressions import columns_used
from relmark_research.tables.values.identifiers import is_changed

if TYPE_CHECKING:
    import ibis.expr.types as ir

_RETURNS_ACTION = {
    "net": "netted against earlier purchases",
    "keep": "kept as they are",
    "refuse": "none found",
}
_IDS = "ids normalised"
_SMALL_VALUE = "value below 0.00005"


@dataclass(frozen=True)
class RowCounts:
    """Counts and ranges of the rows read.

    Attributes
    ----------
    read, usable
        Rows read, and rows without a problem.
    by_problem
        Rows left out, by problem.
    columns
        The source's columns, to show rows as the source has them.
    zero, negative
        Usable rows of zero and of negative value.
    absolute_value
        Sum of the absolute values of the usable rows [money].
    first_day, last_day
        First and last day of the usable rows.
    key_range
        Smallest and largest id of the usable rows, where ids are integers.
    clean_ids
        The source's column of ids, where none of them needs normalising.
    normalised_ids
        Usable rows whose id was written in another form than its own: ``17850.0`` for ``17850``, or
        accents as signs of their own. Surrounding blanks are not counted.
    """

    read: int = 0
    usable: int = 0
    by_problem: dict[str, int] = field(default_factory=dict)
    columns: Columns = field(default_factory=Columns)
    zero: int = 0
    negative: int = 0
    absolute_value: float = math.inf
    first_day: date = date.min
    last_day: date = date.min
    key_range: tuple[int, int] | None = None
    clean_ids: str | None = None
    normalised_ids: int = 0


@dataclass(frozen=True)
class AuditedRows:
    """The rows of a log at each step, and the policies that led from one to the next.

    Attributes
    ----------
    source_rows
        Every row read, with its problem.
    rows
        The rows used.
    customer_days
        The days with a row of each customer, before returns are netted.
    options, returns
        The policies.
    earlier_customers
        Customers of a window who had bought before it.
    left_truncation
        Whether the log begins in the middle of the business.
    """

    source_rows: ir.Table
    rows: ir.Table
    customer_days: ir.Table
    options: ReadOptions
    returns: Returns
    earlier_customers: int = 0
    left_truncation: LeftTruncation = field(default_factory=LeftTruncation)


def count_rows(rows: ir.Table, columns: Columns, options: ReadOptions, source: str) -> RowCounts:
    """Count the checked rows, raising DataError where the options refuse some of them."""
    counted = row_checks.count_by_problem(rows, columns.customer)
    total = int(counted["rows"].sum())
    if total == 0:
        raise DataError(
            f"expected at least one transaction; {source} has a header but no rows. Export it "
            "again, or give another file."
        )
    usable = counted["problem"].isna()
    left_out = counted.loc[~usable, ["problem", "rows"]].itertuples(index=False)
    by_problem = {str(problem): int(count) for problem, count in left_out}
    row_checks.refuse_unusable(rows, by_problem, total, columns, options)
    if not usable.any():
        raise DataError(
            f"expected at least one usable transaction; found none in {total:,} rows of {source}: "
            + ", ".join(f"{count:,} with {problem}" for problem, count in by_problem.items())
            + "."
        )
    row_checks.refuse_mixed_currencies(rows, options)
    if options.duplicates == "refuse":
        _refuse_duplicates(rows, columns, all_usable=not by_problem)
    used, has_value = counted[usable].iloc[0], columns.value is not None
    return RowCounts(
        read=total,
        usable=int(used["rows"]),
        by_problem=by_problem,
        columns=columns,
        zero=int(used["zero"]) if has_value else 0,
        negative=int(used["negative"]) if has_value else 0,
        absolute_value=float(used["absolute_value"]) if has_value else 0.0,
        first_day=pd.Timestamp(used["first"]).date(),
        last_day=pd.Timestamp(used["last"]).date(),
        key_range=(int(used["first_key"]), int(used["last_key"])) if "first_key" in used else None,
        clean_ids=columns.customer if used["clean"] else None,
        normalised_ids=int(used["normalised"]),
    )


def refuse_negative(rows: ir.Table, counts: RowCounts) -> None:
    """Raise DataError where usable rows have a negative value."""
    if counts.negative:
        first = row_checks.examples(rows, rows.relmark_value < 0, counts.columns)
        raise DataError(
            f"expected no negative value; found {counts.negative:,}, first: {first}. "
            "Choose a policy for negative values: returns='net', 'drop' or 'keep'."
        )


def audit_table(counts: RowCounts, log: AuditedRows) -> pd.DataFrame:
    """Return the audit: check, rows, share, action, examples.

    ``rows read`` is the sum of all lines ``left out`` and of ``rows used``; the lines below them
    describe the rows used.
    """
    lines = [("rows read", counts.read, "")]
    lines += [(problem, count, "left out") for problem, count in counts.by_problem.items()]
    used = _used_rows(log.rows)
    lines += [*_usable_but_left_out(counts, log, used["rows"]), ("rows used", used["rows"], "")]
    if counts.normalised_ids:
        lines += [(_IDS, counts.normalised_ids, "17850.0 is 17850, and é is one sign")]
    if counts.columns.value is not None:
        lines += [("zero value", used["zero"], "kept as purchases")]
        if log.returns != "drop":
            lines += [("negative value", used["negative"], _RETURNS_ACTION[log.returns])]
        if used["small"]:
            lines += [(_SMALL_VALUE, used["small"], "counted as zero")]
    if log.options.order_column is not None:
        moved = _moved_to_first_day(log, log.options.order_column)
        lines += [("rows of an order begun earlier", moved, "dated on the order's first day")]
    lines += _merged(log, used["rows"])
    if log.earlier_customers:
        action = "their history begins in the window, or they are left out"
        lines += [("customers first seen before the window", log.earlier_customers, action)]
    if log.left_truncation.detected:
        lines += [log.left_truncation.audit_line]
    audit = pd.DataFrame(lines, columns=["check", "rows", "action"])
    audit["share"] = audit["rows"] / counts.read
    examples = _examples(
        counts, log.source_rows, small=used.get("small", 0) > 0, clear=log.options.clear_ids
    )
    audit["examples"] = audit["check"].map(lambda name: examples.get(name, ""))
    return audit[["check", "rows", "share", "action", "examples"]]


def _examples(counts: RowCounts, rows: ir.Table, *, small: bool, clear: bool) -> dict[str, str]:
    """Return the first rows of each check with a count, as the source has them."""
    problem = rows.relmark_problem
    conditions = {name: row_checks.has_problem(rows, name) for name in counts.by_problem}
    if counts.zero:
        conditions["zero value"] = problem.isnull() & (rows.relmark_value == 0)
    if counts.negative:
        conditions["negative value"] = problem.isnull() & (rows.relmark_value < 0)
    if counts.normalised_ids:
        conditions[_IDS] = problem.isnull() & is_changed(rows, counts.columns.customer)
    if small:
        conditions[_SMALL_VALUE] = problem.isnull() & _rounds_to_zero(rows.relmark_value)
    return {
        check: row_checks.examples(rows, condition, counts.columns, clear=clear)
        for check, condition in conditions.items()
    }


def _used_rows(rows: ir.Table) -> dict[str, int]:
    """Count the rows used, and those whose value is zero, is negative, or rounds to zero."""
    counted = {"rows": rows.count()}
    if "value" in rows.columns:
        conditions = {
            "zero": rows.value == 0,
            "negative": rows.value < 0,
            "small": _rounds_to_zero(rows.value),
        }
        counted |= {name: found.sum().fill_null(0) for name, found in conditions.items()}
    found = rows.aggregate(**counted).to_pandas().iloc[0]
    return {str(name): int(number) for name, number in found.items()}


def _rounds_to_zero(value: ir.Value) -> ir.BooleanValue:
    return (value != 0) & (value.abs() * PARTS_PER_UNIT < 0.5)


def _usable_but_left_out(counts: RowCounts, log: AuditedRows, used: int) -> list[tuple]:
    """Return the lines from the usable rows to the rows used: duplicates, returns, the window."""
    duplicates = _duplicates(log.source_rows, counts.columns, all_usable=not counts.by_problem)
    dropped = duplicates if log.options.duplicates == "drop" else 0
    lines = [("exact duplicate rows", duplicates, "left out" if dropped else "kept")]
    remaining = counts.usable - dropped
    if log.returns == "drop" and counts.negative:
        usable = row_checks.usable_rows(log.source_rows, log.options)
        negative = _count(usable.filter(usable.value < 0))
        lines += [("negative value", negative, "left out")]
        remaining -= negative
    outside = remaining - used
    return [*lines, ("outside the window", outside, "left out")] if outside else lines


def _moved_to_first_day(log: AuditedRows, order_column: str) -> int:
    usable = log.source_rows.filter(log.source_rows.relmark_problem.isnull())
    first = row_checks.first_day_of_order(usable, order_column)
    return _count(
        usable.mutate(relmark_first=first).filter(lambda t: t.relmark_first < t.relmark_date)
    )


def _refuse_duplicates(rows: ir.Table, columns: Columns, *, all_usable: bool) -> None:
    found = _duplicates(rows, columns, all_usable=all_usable)
    if found:
        raise DataError(
            f"expected no duplicate rows; found {found:,} exact duplicate{'s' * (found > 1)} of "
            "other rows. Choose a policy: ReadOptions(duplicates='drop') or 'keep'."
        )


def _duplicates(source_rows: ir.Table, columns: Columns, *, all_usable: bool) -> int:
    """Count the usable rows that repeat another one in every column of the source.

    Rows are grouped by the id, date and value as the source has them; only those that agree in
    these are compared in the other columns.
    """
    usable = source_rows
    if not all_usable:
        usable = source_rows.filter(source_rows.relmark_problem.isnull())
    own = source_columns(usable)
    keys = [name for name in _key_columns(usable, columns) if name in own]
    grouped = usable.group_by(keys).aggregate(relmark_rows=usable.count())
    repeated = grouped.filter(grouped.relmark_rows > 1)
    repeats = (repeated.relmark_rows - 1).sum().fill_null(0).to_pandas()
    if not repeats or set(keys) == set(own):
        return int(repeats)
    alike = usable.semi_join(repeated, keys).select(*own)
    return _count(alike) - _count(alike.distinct())


def _key_columns(rows: ir.Table, columns: Columns) -> list[str]:
    """Return the source's columns of id, date and value."""
    values = [] if columns.value is None else columns_used(rows, columns.value)
    return list(dict.fromkeys([columns.customer, columns.date, *values]))


def _merged(log: AuditedRows, used: int) -> list[tuple]:
    """Return the lines of rows merged by day, and of purchase-days removed by netting."""
    customer_days = _count(log.customer_days)
    lines: list[tuple] = [
        ("same customer, same day", used - customer_days, "merged into one purchase-day")
    ]
    if "largest" not in log.customer_days.columns:  # nothing to net
        return lines
    by_customer = returned_days(log.customer_days)
    found = by_customer.aggregate(
        removed=by_customer.removed.sum(),
        customers=(by_customer.unmatched > 0).sum(),
        parts=by_customer.unmatched.sum(),
    )
    netted = found.fill_null(0).to_pandas().iloc[0]
    removed = int(netted["removed"]) + _count(days_returned_at_once(log.customer_days))
    if removed:
        action = "not a purchase-day"
        lines += [("purchase-days returned in full, or returns alone", removed, action)]
    if netted["customers"]:
        value = float(netted["parts"]) / PARTS_PER_UNIT
        action = f"worth {value:,.2f}: no earlier purchase in the log to net against"
        customers = int(netted["customers"])
        lines += [("customers with returns of more than they bought", customers, action)]
    return lines


def _count(table: ir.Table) -> int:
    return int(table.count().to_pandas())

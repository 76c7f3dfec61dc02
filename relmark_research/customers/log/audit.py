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

from relmark_research.customers.log.returns import PARTS_PER_UNIT, unmatched_returns
from relmark_research.errors import DataError
from relmark_research.tables import row_checks
from relmark_research.tables.options import Columns, ReadOptions, Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir

_RETURNS_ACTION = {
    "net": "netted against earlier purchases",
    "keep": "kept as they are",
    "refuse": "none found",
}


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


@dataclass(frozen=True)
class AuditedRows:
    """The rows of a log at each step, and the policies that led from one to the next.

    Attributes
    ----------
    source_rows
        Every row read, with its problem.
    rows
        The rows used.
    days
        The purchase-days.
    options, returns
        The policies.
    earlier_customers
        Customers of a window who had bought before it.
    """

    source_rows: ir.Table
    rows: ir.Table
    days: ir.Table
    options: ReadOptions
    returns: Returns
    earlier_customers: int = 0


def count_rows(rows: ir.Table, columns: Columns, options: ReadOptions, source: str) -> RowCounts:
    """Count the checked rows, raising DataError where the options refuse some of them."""
    counted = row_checks.count_by_problem(rows)
    total = int(counted["rows"].sum())
    if total == 0:
        raise DataError(f"expected at least one transaction; {source} has a header but no rows.")
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
        _refuse_duplicates(rows)
    used = counted[usable].iloc[0]
    return RowCounts(
        read=total,
        usable=int(used["rows"]),
        by_problem=by_problem,
        columns=columns,
        zero=int(used["zero"]),
        negative=int(used["negative"]),
        absolute_value=float(used["absolute_value"]),
        first_day=pd.Timestamp(used["first"]).date(),
        last_day=pd.Timestamp(used["last"]).date(),
        key_range=(int(used["first_key"]), int(used["last_key"])) if "first_key" in used else None,
        clean_ids=columns.customer if used["clean"] else None,
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
    used = _count(log.rows)
    lines += [*_usable_but_left_out(counts, log, used), ("rows used", used, "")]
    zero, negative = _zero_and_negative(counts, log, used)
    lines += [("zero value", zero, "kept as purchases")]
    if log.returns != "drop":
        lines += [("negative value", negative, _RETURNS_ACTION[log.returns])]
    if log.options.order_column is not None:
        moved = _moved_to_first_day(log, log.options.order_column)
        lines += [("rows of an order begun earlier", moved, "dated on the order's first day")]
    lines += _merged(log)
    if log.earlier_customers:
        action = "their history begins in the window, or they are left out"
        lines += [("customers first seen before the window", log.earlier_customers, action)]
    audit = pd.DataFrame(lines, columns=["check", "rows", "action"])
    audit["share"] = audit["rows"] / counts.read
    examples = _examples(counts, log.source_rows, clear=log.options.clear_ids)
    audit["examples"] = audit["check"].map(lambda name: examples.get(name, ""))
    return audit[["check", "rows", "share", "action", "examples"]]


def _examples(counts: RowCounts, rows: ir.Table, *, clear: bool) -> dict[str, str]:
    """Return the first rows of each check with a count, as the source has them."""
    problem, value = rows.relmark_problem, rows.relmark_value
    conditions = {name: row_checks.has_problem(rows, name) for name in counts.by_problem}
    if counts.zero:
        conditions["zero value"] = problem.isnull() & (value == 0)
    if counts.negative:
        conditions["negative value"] = problem.isnull() & (value < 0)
    return {
        check: row_checks.examples(rows, condition, counts.columns, clear=clear)
        for check, condition in conditions.items()
    }


def _zero_and_negative(counts: RowCounts, log: AuditedRows, used: int) -> tuple[int, int]:
    """Count the rows used whose value is zero, and is negative."""
    if used == counts.usable:
        return counts.zero, counts.negative
    value = log.rows.value
    return _count(log.rows.filter(value == 0)), _count(log.rows.filter(value < 0))


def _usable_but_left_out(counts: RowCounts, log: AuditedRows, used: int) -> list[tuple]:
    """Return the lines from the usable rows to the rows used: duplicates, returns, the window."""
    duplicates = _duplicates(log.source_rows)
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


def _refuse_duplicates(rows: ir.Table) -> None:
    found = _duplicates(rows)
    if found:
        raise DataError(
            f"expected no duplicate rows; found {found:,} exact duplicate{'s' * (found > 1)} of "
            "other rows. Choose a policy: ReadOptions(duplicates='drop') or 'keep'."
        )


def _duplicates(source_rows: ir.Table) -> int:
    usable = source_rows.filter(source_rows.relmark_problem.isnull())
    return _count(usable) - _count(usable.distinct())


def _merged(log: AuditedRows) -> list[tuple]:
    """Return the lines of rows merged by day, and of purchase-days removed by netting."""
    rows = log.rows
    customer_days = _count(rows.select("customer_id", "date").distinct())
    merged, removed = _count(rows) - customer_days, customer_days - _count(log.days)
    lines: list[tuple] = [("same customer, same day", merged, "merged into one purchase-day")]
    if log.returns != "net" or not removed:
        return lines
    lines += [("purchase-days returned in full, or returns alone", removed, "not a purchase-day")]
    unmatched = unmatched_returns(rows)
    customers = _count(unmatched)
    if customers:
        value = float(unmatched.parts.sum().to_pandas()) / PARTS_PER_UNIT
        action = f"worth {value:,.2f}: no earlier purchase in the log to net against"
        lines.append(("customers with returns of more than they bought", customers, action))
    return lines


def _count(table: ir.Table) -> int:
    return int(table.count().to_pandas())

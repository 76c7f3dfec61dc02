"""The audit: every row that was read is in one line of it, with what was done and why."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log import returns as netting
from relmark_research.errors import DataError
from relmark_research.tables import row_checks
from relmark_research.tables.options import Columns, ReadOptions, Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Checks:
    """What the first pass over the rows counted.

    Attributes
    ----------
    total, kept
        Rows read, and rows that can be used.
    problems
        Rows left out, by problem.
    names
        The source's columns, to show rows in its own words.
    zero, negative
        Usable rows of zero and of negative value.
    size
        Sum of the sizes of the usable rows' values [money].
    first, last
        First and last day among the usable rows.
    keys
        Least and greatest id of the usable rows where ids are whole numbers.
    tidy
        The source's column of ids where all of them are as they are to be.
    """

    total: int = 0
    kept: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    names: Columns = field(default_factory=Columns)
    zero: int = 0
    negative: int = 0
    size: float = math.inf
    first: date = date.min
    last: date = date.min
    keys: tuple[int, int] | None = None
    tidy: str | None = None


def check(rows: ir.Table, names: Columns, options: ReadOptions, source: str) -> Checks:
    """Refuse what cannot be used, and return what the first pass counted."""
    counted = row_checks.tally(rows)
    total = int(counted["rows"].sum())
    if total == 0:
        raise DataError(f"expected at least one transaction; {source} has a header but no rows.")
    used = counted["problem"].isna()
    problems = {str(p): int(n) for p, n in zip(*_by_problem(counted[~used]), strict=True)}
    row_checks.refuse_unusable(rows, problems, total, names, options)
    if not used.any():
        raise DataError(
            f"expected at least one usable transaction; of {total:,} rows in {source} none is: "
            + ", ".join(f"{n:,} with {problem}" for problem, n in problems.items())
            + "."
        )
    row_checks.refuse_several(rows, options)
    if options.duplicates == "refuse":
        _refuse_duplicates(rows)
    good = counted[used].iloc[0]
    return Checks(
        total=total,
        kept=int(good["rows"]),
        problems=problems,
        names=names,
        zero=int(good["zero"]),
        negative=int(good["negative"]),
        size=float(good["size"]),
        first=pd.Timestamp(good["first"]).date(),
        last=pd.Timestamp(good["last"]).date(),
        keys=(int(good["first_key"]), int(good["last_key"])) if "first_key" in good else None,
        tidy=names.customer if good["tidy"] else None,
    )


def refuse_negative(rows: ir.Table, checks: Checks) -> None:
    """Raise DataError where usable rows have a negative value."""
    if checks.negative:
        shown = row_checks.examples(rows, rows.relmark_value < 0, checks.names)
        raise DataError(
            f"expected no negative value; found {checks.negative:,}, first: {shown}. "
            "Say what a negative value means: returns='net', 'drop' or 'keep'."
        )


def _by_problem(counted: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return counted["problem"], counted["rows"]


_RETURNS_ACTION = {
    "net": "netted against earlier purchases",
    "keep": "kept as they are",
    "refuse": "none found",
}


@dataclass(frozen=True)
class Kept:
    """What is left of the rows read, and how it was made.

    Attributes
    ----------
    source_rows
        Every row, marked with its problem.
    rows
        The rows used.
    days
        The purchase-days made of them.
    options, returns
        The policies.
    seen_before
        Customers of a window who had bought before it.
    """

    source_rows: ir.Table
    rows: ir.Table
    days: ir.Table
    options: ReadOptions
    returns: Returns
    seen_before: int = 0


def table(checks: Checks, kept: Kept) -> pd.DataFrame:
    """Return the audit: check, rows, share, action, examples.

    The lines ``rows read`` = all lines ``left out`` + ``rows used``; below them stands what became
    of the rows used.
    """
    lines = [("rows read", checks.total, "")]
    lines += [(problem, count, "left out") for problem, count in checks.problems.items()]
    used = _count(kept.rows)
    lines += [*_left_out_of_the_usable(checks, kept, used), ("rows used", used, "")]
    zero, negative = _of_no_or_negative_value(checks, kept, used)
    lines += [("zero value", zero, "kept as purchases")]
    if kept.returns != "drop":
        lines += [("negative value", negative, _RETURNS_ACTION[kept.returns])]
    if kept.options.order_column is not None:
        moved = _moved_to_first_day(kept)
        lines += [("rows of an order begun earlier", moved, "dated on the order's first day")]
    lines += _merged(kept)
    if kept.seen_before:
        action = "their history begins in the window, or they are left out"
        lines += [("customers first seen before the window", kept.seen_before, action)]
    audit = pd.DataFrame(lines, columns=["check", "rows", "action"])
    audit["share"] = audit["rows"] / checks.total
    shown = _examples(checks, kept.source_rows, clear=kept.options.clear_ids)
    audit["examples"] = audit["check"].map(lambda name: shown.get(name, ""))
    return audit[["check", "rows", "share", "action", "examples"]]


def _examples(checks: Checks, rows: ir.Table, *, clear: bool) -> dict[str, str]:
    """Return the first rows of every check that counted any, in the source's own words."""
    problem, value = rows.relmark_problem, rows.relmark_value
    conditions = {name: row_checks.has(rows, name) for name in checks.problems}
    if checks.zero:
        conditions["zero value"] = problem.isnull() & (value == 0)
    if checks.negative:
        conditions["negative value"] = problem.isnull() & (value < 0)
    return {
        check: row_checks.examples(rows, condition, checks.names, clear=clear)
        for check, condition in conditions.items()
    }


def _of_no_or_negative_value(checks: Checks, kept: Kept, used: int) -> tuple[int, int]:
    """Count the rows used whose value is zero, and is negative."""
    if used == checks.kept:
        return checks.zero, checks.negative
    value = kept.rows.value
    return _count(kept.rows.filter(value == 0)), _count(kept.rows.filter(value < 0))


def _left_out_of_the_usable(checks: Checks, kept: Kept, used: int) -> list[tuple]:
    """Return the lines from the usable rows to the rows used: duplicates, returns, the window."""
    duplicates = _duplicates(kept.source_rows)
    dropped = duplicates if kept.options.duplicates == "drop" else 0
    lines = [("exact duplicate rows", duplicates, "left out" if dropped else "kept")]
    left = checks.kept - dropped
    if kept.returns == "drop" and checks.negative:
        usable = row_checks.usable(kept.source_rows, kept.options)
        negative = _count(usable.filter(usable.value < 0))
        lines += [("negative value", negative, "left out")]
        left -= negative
    outside = left - used
    return [*lines, ("outside the window asked for", outside, "left out")] if outside else lines


def _moved_to_first_day(kept: Kept) -> int:
    whole = kept.options.order_column or ""
    usable = kept.source_rows.filter(kept.source_rows.relmark_problem.isnull())
    first = row_checks.first_day_of_order(usable, whole)
    return _count(
        usable.mutate(relmark_first=first).filter(lambda t: t.relmark_first < t.relmark_date)
    )


def _refuse_duplicates(rows: ir.Table) -> None:
    found = _duplicates(rows)
    if found:
        raise DataError(
            f"expected every row once; found {found:,} exact duplicate{'s' * (found > 1)} of other "
            "rows. Say what they are: ReadOptions(duplicates='drop') or 'keep'."
        )


def _duplicates(source_rows: ir.Table) -> int:
    usable = source_rows.filter(source_rows.relmark_problem.isnull())
    return _count(usable) - _count(usable.distinct())


def _count(table: ir.Table) -> int:
    return int(table.count().to_pandas())


def _merged(kept: Kept) -> list[tuple]:
    """Return the lines of rows merged by day, and of what netting removed."""
    rows = kept.rows
    all_days = _count(rows.select("customer_id", "date").distinct())
    merged, removed = _count(rows) - all_days, all_days - _count(kept.days)
    lines: list[tuple] = [("same customer, same day", merged, "merged into one purchase-day")]
    if kept.returns != "net" or not removed:
        return lines
    lines += [("purchase-days returned in full, or returns alone", removed, "not a purchase-day")]
    unmatched = netting.unmatched_returns(rows)
    customers = _count(unmatched)
    if customers:
        value = float(unmatched.parts.sum().to_pandas()) / netting.SCALE
        action = f"worth {value:,.2f}: no earlier purchase in the log to net against"
        lines.append(("customers with returns of more than they bought", customers, action))
    return lines

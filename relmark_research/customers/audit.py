"""The audit: every row that was read is in one line of it, with what was done and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers import cleaning, netting
from relmark_research.customers.cleaning import Columns, ReadOptions, Returns
from relmark_research.errors import DataError

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
    shown
        The first rows of each problem, in the source's own words.
    zero, negative
        Usable rows of zero and of negative value.
    first, last
        First and last day among the usable rows.
    """

    total: int = 0
    kept: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    zero: int = 0
    negative: int = 0
    first: date = date.min
    last: date = date.min


def check(
    rows: ir.Table, counted: pd.DataFrame, names: Columns, options: ReadOptions, source: str
) -> Checks:
    """Refuse what cannot be used, and return what the first pass counted."""
    total = int(counted["rows"].sum())
    if total == 0:
        raise DataError(f"expected at least one transaction; {source} has a header but no rows.")
    used = counted["problem"].isna()
    problems = {str(p): int(n) for p, n in zip(*_columns(counted[~used]), strict=True)}
    cleaning.refuse_unusable(rows, problems, total, names, options)
    if not used.any():
        raise DataError(
            f"expected at least one usable transaction; of {total:,} rows in {source} none is: "
            + ", ".join(f"{n:,} with {problem}" for problem, n in problems.items())
            + "."
        )
    if options.duplicates == "refuse":
        _refuse_duplicates(rows)
    good = counted[used].iloc[0]
    shown = {p: cleaning.examples(rows, rows.relmark_problem == p, names) for p in problems}
    conditions = {"zero": rows.relmark_value == 0, "negative": rows.relmark_value < 0}
    for kind, condition in conditions.items():
        if good[kind]:
            usable = rows.relmark_problem.isnull() & condition
            shown[kind] = cleaning.examples(rows, usable, names)
    return Checks(
        total=total,
        kept=int(good["rows"]),
        problems=problems,
        shown=shown,
        zero=int(good["zero"]),
        negative=int(good["negative"]),
        first=pd.Timestamp(good["first"]).date(),
        last=pd.Timestamp(good["last"]).date(),
    )


def _columns(counted: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    return counted["problem"], counted["rows"]


_RETURNS_ACTION = {
    "net": "netted against earlier purchases",
    "drop": "left out",
    "keep": "kept as they are",
    "refuse": "none found",
}


def table(
    checks: Checks,
    *,
    source_rows: ir.Table,
    rows: ir.Table,
    days: ir.Table,
    options: ReadOptions,
    returns: Returns,
) -> pd.DataFrame:
    """Return the audit: check, rows, share, action, examples.

    The lines ``rows read`` = all lines ``left out`` + ``rows used``; below them stands what became
    of the rows used.
    """
    duplicates = _duplicates(source_rows)
    in_window = _count(rows)
    dropped = duplicates if options.duplicates == "drop" else 0
    merged, removed = _merged(rows, days, returns)
    lines = [("rows read", checks.total, "")]
    lines += [(problem, count, "left out") for problem, count in checks.problems.items()]
    lines += [("exact duplicate rows", duplicates, "left out" if dropped else "kept")]
    outside = checks.kept - dropped - in_window
    lines += [("outside the window asked for", outside, "left out")] if outside else []
    lines += [("rows used", in_window, "")]
    lines += [("zero value", checks.zero, "kept as purchases")]
    lines += [("negative value", checks.negative, _RETURNS_ACTION[returns])]
    lines += [("same customer, same day", merged, "merged into one purchase-day")]
    lines += removed
    audit = pd.DataFrame(lines, columns=["check", "rows", "action"])
    audit["share"] = audit["rows"] / checks.total
    shown = {**checks.shown, "zero value": checks.shown.get("zero", "")}
    shown["negative value"] = checks.shown.get("negative", "")
    audit["examples"] = audit["check"].map(lambda name: shown.get(name, ""))
    return audit[["check", "rows", "share", "action", "examples"]]


def _refuse_duplicates(rows: ir.Table) -> None:
    found = _duplicates(rows)
    if found:
        raise DataError(
            f"expected every row once; found {found:,} exact duplicates of other rows. Say what "
            "they are: ReadOptions(duplicates='drop') or 'keep'."
        )


def _duplicates(source_rows: ir.Table) -> int:
    usable = source_rows.filter(source_rows.relmark_problem.isnull())
    return _count(usable) - _count(usable.distinct())


def _count(table: ir.Table) -> int:
    return int(table.count().to_pandas())


def _merged(rows: ir.Table, days: ir.Table, returns: Returns) -> tuple[int, list[tuple]]:
    """Count rows merged by day, and the purchase-days and returns that netting removed."""
    all_days = _count(rows.select("customer_id", "date").distinct())
    merged, removed = _count(rows) - all_days, all_days - _count(days)
    if returns != "net" or not removed:
        return merged, []
    lines = [("purchase-days returned in full, or returns alone", removed, "not a purchase-day")]
    unmatched = netting.unmatched_returns(rows)
    customers = _count(unmatched)
    if customers:
        value = float(unmatched.parts.sum().to_pandas()) / netting.SCALE
        action = f"worth {value:,.2f}: no earlier purchase in the log to net against"
        lines.append(("customers with returns of more than they bought", customers, action))
    return merged, lines

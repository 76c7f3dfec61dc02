"""Checks of a table by its schema: each row gets its first problem, if it has one.

The same conditions are written for a frame in memory and for the lazy rows of an engine: blank
where a value is required, unreadable as the column's type, and outside the column's domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.errors import cell_text, id_text
from relmark_research.tables.schemas import NUMERIC, Column, Schema

if TYPE_CHECKING:
    import ibis.expr.types as ir

_NOUNS = {"id": "an id", "date": "a day", "flag": "1 or 0", "text": "text", "choice": "text"}
SHOWN = 3  # rows in an error message and in the audit


@dataclass(frozen=True)
class Problem:
    """What may be wrong with a row: a column, and the rule that its value breaks."""

    column: str
    check: str
    rule: str


@dataclass(frozen=True)
class Values:
    """A column of the rows: the value read, whether it was blank, and whether it is unreadable."""

    value: Any
    blank: Any
    unreadable: Any


def conditions(schema: Schema, columns: dict[str, Values]) -> Iterator[tuple[Problem, Any]]:
    """Yield the problems that rows may have, each with the rows that have it."""
    for column in schema.columns:
        if column.name not in columns:
            continue
        found, name = columns[column.name], column.name
        if column.required and column.type != "choice":
            yield Problem(name, f"{name} missing", "must have a value"), found.blank
        if column.type != "period":
            words = f"must be {_NOUNS.get(column.type, 'a number')}"
            yield Problem(name, f"{name} unreadable", words), found.unreadable
        if column.type in NUMERIC:
            yield from _outside(column, found)


def _outside(column: Column, found: Values) -> Iterator[tuple[Problem, Any]]:
    name, value, given = column.name, found.value, ~(found.blank | found.unreadable)
    low, high = (0, 1) if column.type in ("share", "flag") else (column.low, column.high)
    problem = Problem(name, f"{name} outside its domain", f"must be {column.domain}")
    if low is not None:
        yield problem, given & ((value <= low) if column.above else (value < low))
    if high is not None:
        yield problem, given & (value > high)
    if column.type in ("flag", "whole number"):
        rule = column.domain if column.type == "flag" else "a whole number"
        yield Problem(name, f"{name} not whole", f"must be {rule}"), given & (value % 1 != 0)


@dataclass(frozen=True)
class Checked:
    """The rows of a table with their problems, counted.

    Attributes
    ----------
    read
        Number of rows.
    found
        Number of rows by problem, and the first of them in words.
    usable
        The rows without a problem: a frame, or lazy rows.
    money_read, money_used
        Sum of the absolute money of all rows and of the usable rows; None without a money column.
    """

    read: int
    found: dict[Problem, tuple[int, str]]
    usable: Any
    money_read: float | None = None
    money_used: float | None = None


def check_frame(frame: pd.DataFrame, schema: Schema, raw: dict[str, Values]) -> Checked:
    """Check a frame whose columns are converted; the values shown are those of ``frame``'s source.

    Parameters
    ----------
    frame
        The frame with the converted columns.
    schema
        Its schema.
    raw
        By column: the values as the source has them, which are blank, and which are unreadable.
    """
    typed = {name: Values(frame[name], one.blank, one.unreadable) for name, one in raw.items()}
    bad = np.zeros(len(frame), dtype=bool)
    found: dict[Problem, tuple[int, str]] = {}
    for problem, condition in conditions(schema, typed):
        rows = np.asarray(condition, dtype=bool) & ~bad
        if rows.any():
            values = raw[problem.column].value
            count, words = found.get(problem, (0, ""))
            words = words or _first(schema.column(problem.column), np.flatnonzero(rows), values)
            found[problem] = (count + int(rows.sum()), words)
            bad |= rows
    usable = frame[~bad] if bad.any() else frame
    if schema.money not in typed:
        return Checked(len(frame), found, usable)
    money = frame[schema.money].abs().where(lambda values: np.isfinite(values), 0.0)
    return Checked(len(frame), found, usable, float(money.sum()), float(money[~bad].sum()))


def _first(column: Column, places: np.ndarray, values: pd.Series) -> str:
    return "; ".join(
        f"row {place + 1:,} ({column.name} {_text(values.iloc[place], column)})"
        for place in places[:SHOWN]
    )


def check_rows(
    rows: ir.Table, schema: Schema, names: list[str], source: Callable[[str], str]
) -> Checked:
    """Check lazy rows that have ``relmark_blank_NAME`` and ``relmark_unreadable_NAME``.

    Parameters
    ----------
    rows
        The rows, with their columns converted and, where the engine preserves their order, a
        ``relmark_row``.
    schema
        Their schema.
    names
        The schema's columns that the rows have.
    source
        Name of the column that holds a column's values as the source has them.
    """
    import ibis

    typed = {
        name: Values(rows[name], rows[f"relmark_blank_{name}"], rows[f"relmark_unreadable_{name}"])
        for name in names
    }
    listed = list(conditions(schema, typed))
    cases = [(condition.fill_null(False), code) for code, (_, condition) in enumerate(listed)]
    judged = rows.mutate(relmark_problem=ibis.cases(*cases, else_=None).cast("int64"))
    sums = {"rows": judged.count()}
    if schema.money in names:
        sums["money"] = judged[schema.money].abs().sum()
    counted = judged.group_by("relmark_problem").aggregate(**sums).to_pandas()
    found: dict[Problem, tuple[int, str]] = {}
    for code, (problem, _) in enumerate(listed):
        count = int(counted.loc[counted["relmark_problem"] == code, "rows"].sum())
        if count:
            shown = judged.filter(judged.relmark_problem == code)
            words = _first_lazy(shown, schema.column(problem.column), source(problem.column))
            before = found.get(problem, (0, words))
            found[problem] = (before[0] + count, before[1])
    usable = judged.filter(judged.relmark_problem.isnull()) if found else judged
    if schema.money not in names:
        return Checked(int(counted["rows"].sum()), found, usable)
    used = counted.loc[counted["relmark_problem"].isna(), "money"].sum()
    total = float(counted["money"].sum())
    return Checked(int(counted["rows"].sum()), found, usable, total, float(used))


def _first_lazy(rows: ir.Table, column: Column, source: str) -> str:
    ordered = "relmark_row" in rows.columns
    first = (rows.order_by("relmark_row") if ordered else rows).limit(SHOWN)
    table = first.select(*(["relmark_row"] if ordered else []), shown=first[source]).to_pandas()
    return "; ".join(
        f"row {row['relmark_row']:,} ({column.name} {_text(row['shown'], column)})"
        if ordered else f"({column.name} {_text(row['shown'], column)})"
        for row in table.to_dict("records")
    )  # fmt: skip


def _text(value: object, column: Column) -> str:
    shown = id_text if column.type == "id" else cell_text
    missing = value is None or value is pd.NaT or value is pd.NA or value != value
    return "blank" if missing or not str(value).strip() else shown(str(value))

"""Columns of any table as ids, numbers, dates or text, with the values that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from relmark_research.errors import cell_text, check_choice
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.values import dates, expressions, identifiers, numbers
from relmark_research.tables.values.columns import column

if TYPE_CHECKING:
    import ibis.expr.types as ir

Kind = Literal["id", "number", "date", "text"]

_EXPECTED = {"id": "ids", "number": "numbers", "date": "dates", "text": "text"}


@dataclass(frozen=True)
class Unusable:
    """The values of a column that cannot be read as its kind.

    Attributes
    ----------
    count, total
        Their number, and the number of rows.
    rows
        Row numbers of the first three, from 1; None where the engine's rows have no order.
    values
        The first three as the source has them.
    """

    count: int
    total: int
    rows: tuple[int | None, ...]
    values: tuple[str, ...]

    def __str__(self) -> str:
        shown = zip(self.rows, self.values, strict=True)
        return "; ".join(
            cell_text(text) if row is None else f"row {row:,} ({cell_text(text)})"
            for row, text in shown
        )


def with_typed(
    table: ir.Table, name: str, kind: Kind, *, options: ReadOptions, into: str
) -> ir.Table:
    """Return the table with a column's typed values in ``into``, null where blank or unusable.

    Parameters
    ----------
    name
        The source's column.
    kind
        ``"id"`` and ``"text"`` give text, ``"number"`` float64, ``"date"`` a date.
    options
        How numbers and dates are written.
    into
        Name of the column that is added.

    Raises
    ------
    DataError
        Where the column is unknown, its type is of another kind, or its decimal sign is ambiguous.
    """
    check_choice("kind of column", kind, _EXPECTED)
    if kind == "date":
        dated = dates.with_date(table, name, options)
        return dated.mutate(**{into: dated.relmark_date}).drop("relmark_date")
    if kind == "number":
        formats = numbers.number_formats(table, [name], options)
        value = expressions.number(table, name, formats)
        finite = (value.abs() < float("inf")) & ~sql_dialects.is_nan(value)
        return table.mutate(**{into: finite.ifelse(value, None)})
    read = identifiers.identifier if kind == "id" else identifiers.text
    return table.mutate(**{into: read(table, name)})


def blank(table: ir.Table, name: str) -> ir.BooleanValue:
    """Return which values of a column are missing: null, no number, or blank text."""
    values = column(table, name)
    missing = values.isnull()
    if values.type().is_numeric() and sql_dialects.holds_number(values) is not None:
        values = values.cast("string")
    if values.type().is_floating():
        return missing | sql_dialects.is_nan(values)
    if not values.type().is_string():
        return missing
    return missing | (sql_dialects.trimmed(values) == "").fill_null(False)


def unusable(table: ir.Table, name: str, into: str) -> ir.BooleanValue:
    """Return which values of a column that is not blank `with_typed` could not read."""
    return table[into].isnull() & ~blank(table, name)


def first_unusable(table: ir.Table, name: str, into: str) -> Unusable:
    """Return the number of unusable values, and the first of them."""
    import ibis

    found = table.select(relmark_text=column(table, name), relmark_bad=unusable(table, name, into))
    counted = found.aggregate(rows=found.count(), bad=found.relmark_bad.cast("int64").sum())
    total, count = counted.fill_null(0).to_pandas().iloc[0].astype(int)
    if not count:
        return Unusable(0, int(total), (), ())
    ordered = sql_dialects.preserves_order(table)
    if ordered:
        found = found.mutate(relmark_row=ibis.row_number() + 1)
    bad = found.filter(found.relmark_bad).order_by("relmark_row" if ordered else "relmark_text")
    first = bad.limit(3).to_pandas()
    rows = tuple(map(int, first["relmark_row"])) if ordered else (None,) * len(first)
    texts = tuple(str(value).strip() for value in first["relmark_text"])
    return Unusable(int(count), int(total), rows, texts)


def refusal(table: ir.Table, name: str, kind: Kind, into: str, options: ReadOptions) -> str | None:
    """Return the message about unusable values; None where all can be read."""
    found = first_unusable(table, name, into)
    if not found.count:
        return None
    return (
        f"expected {_EXPECTED[kind]} in column {name!r}; found {found.count:,} of {found.total:,} "
        f"values that are none, first: {found}. {_advice(table, name, kind, found, options)}"
    )


def _advice(table: ir.Table, name: str, kind: Kind, found: Unusable, options: ReadOptions) -> str:
    if kind == "date":
        return dates.date_advice(table, name, options)
    if kind == "number":
        formats = numbers.number_formats(table, [name], options)
        return numbers.advice(found.values, formats.values() or [numbers.NumberFormat()])
    return (
        "Floating-point numbers of this size are not exact: two ids may have become one. Export "
        "the column as text."
    )

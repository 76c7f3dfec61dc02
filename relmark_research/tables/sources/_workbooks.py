"""Sheets of workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods) as tables with typed columns.

The first row that is not blank is the header. A column keeps the type of its cells where it is one:
numbers, dates, times or truth values; otherwise it is text, in which a whole number has no point.
Cells with an error such as #N/A are blank: the library that reads them tells no more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relmark_research.errors import DataError, column_names_text, unknown_name
from relmark_research.tables.sources.dialects import (
    NO_HEADER,
    Dialect,
    column_names,
    positional_names,
)

Row = list[Any]


@dataclass(frozen=True)
class SheetRows:
    """The rows of one sheet: column names, records, and how many rows were blank."""

    columns: tuple[str, ...]
    rows: list[Row]
    blank_rows: int


def read_workbooks(paths: Sequence[Path], dialect: Dialect) -> tuple[Any, int]:
    """Return the sheets of workbooks as one Arrow table, and the number of blank rows.

    Parameters
    ----------
    paths
        Workbooks with the same columns, in any order.
    dialect
        Its `sheet` and `header` are used; header counts the rows of the sheet from 1.

    Raises
    ------
    DataError
        Where a workbook is damaged or encrypted, has no such sheet, or several and none is named;
        where columns differ, or the header has empty or repeated names.
    """
    import pyarrow as pa

    sheets = [read_sheet(path, dialect) for path in paths]
    first = sheets[0].columns
    for path, sheet in zip(paths, sheets, strict=True):
        if sorted(sheet.columns) != sorted(first):
            differing = sorted(set(sheet.columns) ^ set(first))
            shown = column_names_text(map(repr, differing[:5]), header=differing)
            raise DataError(
                f"expected workbooks with the same columns; {path} differs from {paths[0]} in "
                f"{shown}. Name the files of one table."
            )
    columns: dict[str, Any] = {}
    for name in first:
        cells = [
            row[position]
            for sheet in sheets
            for position in [sheet.columns.index(name)]
            for row in sheet.rows
        ]
        columns[name] = _arrow_column(cells)
    return pa.table(columns), sum(sheet.blank_rows for sheet in sheets)


def read_sheet(path: Path, dialect: Dialect) -> SheetRows:
    """Return the rows of the sheet that a dialect names, or of the only one with cells."""
    rows, name = _cells(path, dialect.sheet)
    where = f"{path}, sheet {name!r}"
    filled = [i for i, row in enumerate(rows) if not _is_blank(row)]
    if not filled:
        raise DataError(f"expected a table with a header row; {where} has no filled cell.")
    width = 1 + max(i for row in rows for i, cell in enumerate(row) if cell is not None)
    rows = [row[:width] for row in rows]
    columns, start = _columns(rows, filled, dialect, where)
    records = [row for row in rows[start:] if not _is_blank(row)]
    blank = len(rows[start : filled[-1] + 1]) - len(records)
    return SheetRows(columns, records, max(blank, 0))


def _cells(path: Path, sheet: str | None) -> tuple[list[Row], str]:
    """Return the cells of a sheet, empty ones as None, and its name."""
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            if sheet is not None and sheet not in book.sheet_names:
                raise DataError(f"{path}: {unknown_name('sheet', sheet, book.sheet_names)}")
            names = [sheet] if sheet is not None else book.sheet_names
            cells = {name: _plain(book.get_sheet_by_name(name)) for name in names}
    except calamine.PasswordError:
        raise DataError(
            f"{path} is protected by a password. Save a copy without one, or export it as CSV."
        ) from None
    except (calamine.CalamineError, OSError) as error:
        raise DataError(
            f"{path} cannot be read as a workbook ({str(error).splitlines()[0]}). Open it and save "
            "it as .xlsx, or export it as CSV."
        ) from None
    filled = [name for name, rows in cells.items() if not all(map(_is_blank, rows))]
    if sheet is None and len(filled) > 1:
        raise DataError(
            f"{path} has several sheets: {', '.join(map(repr, filled))}. Name one, such as "
            f"ReadOptions(sheet={filled[0]!r})."
        )
    name = next(iter(filled or names), "")
    return cells.get(name, []), name


def _plain(sheet: Any) -> list[Row]:
    rows = sheet.to_python(skip_empty_area=False)
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _is_blank(row: Row) -> bool:
    return all(cell is None for cell in row)


def _columns(
    rows: list[Row], filled: list[int], dialect: Dialect, where: str
) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns, and the index of the first row behind the header."""
    width = len(rows[0])
    if dialect.header == NO_HEADER:
        return positional_names(width), filled[0]
    if isinstance(dialect.header, tuple):
        if len(dialect.header) != width:
            raise DataError(
                f"{where}: expected {len(dialect.header)} columns, as many as the names declared "
                f"by header; found {width}. Declare all the names."
            )
        return dialect.header, filled[0]
    header = filled[0] if dialect.header is None else int(dialect.header) - 1
    if header >= len(rows) or _is_blank(rows[header]):
        raise DataError(
            f"{where}: expected the header in row {header + 1}, which is blank. Give the number of "
            "the row with the column names."
        )
    names = ["" if cell is None else _text(cell) for cell in rows[header]]
    return column_names(names, where=f"{where}, row {header + 1}"), header + 1


def _arrow_column(cells: Sequence[Any]) -> Any:
    """Return cells as an Arrow array of the one type that they have, or as text."""
    import pyarrow as pa

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return pa.array(cells, type=pa.bool_())
    if kinds == {int} and all(abs(cell) < 2**63 for cell in cells if cell is not None):
        return pa.array(cells, type=pa.int64())
    if kinds and kinds <= {int, float}:
        if all(abs(cell) < 2**53 for cell in cells if isinstance(cell, int)):
            return pa.array([None if c is None else float(c) for c in cells], type=pa.float64())
    elif kinds == {dt.date}:
        return pa.array(cells, type=pa.date32())
    elif kinds and kinds <= {dt.date, dt.datetime}:
        return pa.array(map(_moment, cells), type=pa.timestamp("us"))
    return pa.array([None if cell is None else _text(cell) for cell in cells], type=pa.string())


def _moment(cell: Any) -> Any:
    if cell is None or isinstance(cell, dt.datetime):
        return cell
    return dt.datetime.combine(cell, dt.time())


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, dt.date | dt.datetime | dt.time):
        return cell.isoformat()
    return str(cell)

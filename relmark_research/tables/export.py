"""Tables as files: CSV, Parquet and Excel, the same cells in each, none of them a formula.

Spreadsheet programs evaluate text that begins with =, +, -, @, a tab or a line break (also in
full-width form, and after blanks). Such text is prefixed with an apostrophe, in the header too, and
line breaks in text become blanks. Numbers and dates are unchanged. A table that is joined to others
by its text can be written exactly: Parquet and Excel have cells of type text, which no program
evaluates.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from pandas.api import types

from relmark_research.errors import DataError

Format = Literal["share", "money", "decimal", "count"]

_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠−|%]|^[\t\r\n\0]")
_BREAK = re.compile(r"[\r\n\0\t]+")

_MOST_ROWS = 1_048_575  # of a sheet, without the header
_LONGEST_TEXT = 32_767  # characters of a cell of a sheet
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_EPOCH = dt.datetime(1899, 12, 30)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TEXT = 3  # style of text that looks like a number or a formula
_NUMBERS = (10, 4, 3)  # formats of numbers that every program knows: 0.00%, #,##0.00, #,##0
_STYLES: dict[str | None, int] = {"share": 4, "money": 5, "decimal": 5, "count": 6}
_FROZEN = (  # the header stays in view
    '<sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    "</sheetView></sheetViews>"
)
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # equal tables are equal files


class Guarded(NamedTuple):
    """A table without formulas, and the number of cells that were prefixed."""

    frame: pd.DataFrame
    escaped: int


def guarded(frame: pd.DataFrame) -> Guarded:
    """Return a table in which a spreadsheet program finds no formula; the index is left out.

    Examples
    --------
    >>> guarded(pd.DataFrame({"id": ["=2+5", "007"], "n": [-1, 2]})).frame["id"].tolist()
    ["'=2+5", '007']
    """
    safe, escaped = frame.reset_index(drop=True), 0
    safe.columns = pd.Index([_without_formula(str(name)) for name in safe.columns])
    for place in range(safe.shape[1]):
        column = safe.iloc[:, place]
        if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
            continue
        cells = column.astype(object)
        escaped += int(cells.map(_is_formula).astype(bool).sum())
        safe.isetitem(place, cells.map(_without_formula, na_action="ignore").to_numpy(object))
    return Guarded(safe, escaped)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV: comma, header, days as 2024-01-31.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"channel": ["=1+1", "mail"], "change": [-1, 2]}))
    "channel,change\\n'=1+1,-1\\nmail,2\\n"
    """
    return _csv(guarded(frame).frame)


def write_table(
    frame: pd.DataFrame,
    path: Path,
    *,
    formats: Mapping[str, Format] | None = None,
    exact: bool = False,
) -> int:
    """Write a table, replacing an existing file as a whole; return the number of escaped cells.

    Parameters
    ----------
    frame
        Any table; its index is left out.
    path
        The file's suffix decides: ``.parquet``, ``.xlsx``, and CSV (UTF-8) for any other.
    formats
        How a workbook shows the numbers of a column, by its name: ``"share"`` (12.3%), ``"money"``
        (1,234.50), ``"decimal"`` (1,234.50) or ``"count"`` (1,234).
    exact
        Whether Parquet and Excel hold text as it is, in cells of type text.

    Raises
    ------
    DataError
        The folder does not exist, or the table does not fit into a sheet.
    """
    if not path.parent.is_dir():
        raise DataError(
            f"the folder of {path.name} must exist; found no folder {path.parent}. Create it first."
        )
    suffix = path.suffix.lower()
    exact = exact and suffix in (".parquet", ".xlsx")
    table, escaped = (frame, 0) if exact else guarded(frame)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if suffix == ".parquet":
            _write_parquet(table, unfinished)
        elif suffix == ".xlsx":
            _write_workbook(table, unfinished, formats or {})
        else:
            unfinished.write_text(_csv(table), encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return escaped


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n", date_format=_date_format(table)))


def _date_format(table: pd.DataFrame) -> str | None:
    """Return the format of days, where no column holds moments."""
    moments = table.select_dtypes(["datetime", "datetimetz"])
    whole = all((column.dropna().dt.normalize() == column.dropna()).all() for _, column in
                moments.items())  # fmt: skip
    return "%Y-%m-%d" if whole else None


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    try:
        table.to_parquet(path, index=False)
    except (TypeError, ValueError):  # a column with values of several types, such as intervals
        mixed = [name for name in table.columns if table[name].dtype == object]
        table.astype(dict.fromkeys(mixed, str)).to_parquet(path, index=False)


def _is_formula(cell: object) -> bool:
    return isinstance(cell, str) and bool(_FORMULA.match(cell))


def _without_formula(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    flat = _BREAK.sub(" ", cell)
    return f"'{flat}" if _is_formula(cell) else flat


def _write_workbook(table: pd.DataFrame, path: Path, formats: Mapping[str, Format]) -> None:
    """Write a workbook with one sheet; text is text, whatever it begins with."""
    if len(table) > _MOST_ROWS:
        raise DataError(
            f"a sheet holds {_MOST_ROWS:,} rows; found {len(table):,}. Write .csv or .parquet."
        )
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="table" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
        ),
        "xl/styles.xml": _styles(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), content)
        sheet = zipfile.ZipInfo("xl/worksheets/sheet1.xml", _FIXED_TIME)
        sheet.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(sheet, "w") as file:
            for piece in _sheet(table, [_STYLES.get(formats.get(str(name)), 0) for name in table]):
                file.write(piece.encode())


def _sheet(table: pd.DataFrame, styles: Sequence[int]) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}">{_FROZEN}<sheetData>'
    yield _row(tuple(table.columns), [0] * table.shape[1])
    for row in table.itertuples(index=False, name=None):
        yield _row(row, styles)
    yield "</sheetData></worksheet>"


def _row(cells: tuple[Any, ...], styles: Sequence[int]) -> str:
    return f"<row>{''.join(map(_cell, cells, styles))}</row>"


def _cell(value: Any, style: int) -> str:
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, dt.date) and not pd.isna(value):
        moment = pd.Timestamp(value).tz_localize(None)
        days = (moment - _EPOCH) / pd.Timedelta(days=1)
        return f'<c s="{1 if days.is_integer() else 2}"><v>{days!r}</v></c>'
    if isinstance(value, (int, float, np.integer, np.floating)):
        shown = f' s="{style}"' if style else ""
        return f"<c{shown}><v>{value}</v></c>" if math.isfinite(value) else "<c/>"
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "<c/>"
    text = _NOT_XML.sub("", str(value))
    if len(text) > _LONGEST_TEXT:
        raise DataError(
            f"a cell of a sheet holds {_LONGEST_TEXT:,} characters; found {len(text):,}. Write "
            ".csv or .parquet."
        )
    kept = f' s="{_TEXT}"' if _is_formula(text) or text[:1].isdigit() else ""
    return f'<c{kept} t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _relations(*targets: tuple[str, str]) -> str:
    entries = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def _content_types() -> str:
    parts = {"workbook": "sheet.main", "worksheets/sheet1": "worksheet", "styles": "styles"}
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_TYPE}.{kind}+xml"/>'
        for part, kind in parts.items()
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _styles() -> str:
    """Return the styles of a sheet: 1 is a day, 2 a moment, 3 text, the others see `_STYLES`."""
    formats = "".join(
        f'<xf numFmtId="{code}" applyNumberFormat="1"/>' for code in (14, 22, 49, *_NUMBERS)
    ).replace('numFmtId="49"', 'numFmtId="49" quotePrefix="1"')
    return (
        f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        f'<cellXfs count="{4 + len(_NUMBERS)}"><xf numFmtId="0"/>{formats}</cellXfs></styleSheet>'
    )

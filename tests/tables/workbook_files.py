"""Small workbooks, written without a library: cells are numbers, text, dates, truth values."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_STYLES = (  # style 1 is a date, style 2 a moment
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="0"/><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)
_EPOCH = dt.datetime(1899, 12, 30)


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """Write an .xlsx file of sheets by name."""
    numbers = range(1, len(sheets) + 1)
    with zipfile.ZipFile(path, "w") as archive:
        for number, rows in zip(numbers, sheets.values(), strict=True):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows))
        names = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="r{i}"/>'
            for i, name in zip(numbers, sheets, strict=True)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        )
        targets = [(f"r{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in numbers]
        archive.writestr(
            "xl/_rels/workbook.xml.rels", _relations([*targets, ("s", "styles", "styles.xml")])
        )
        archive.writestr("xl/styles.xml", _STYLES)
        archive.writestr("_rels/.rels", _relations([("w", "officeDocument", "xl/workbook.xml")]))
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>')
    return path


def _relations(targets: Sequence[tuple[str, str, str]]) -> str:
    entries = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for name, kind, target in targets
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def _sheet(rows: Sequence[Sequence[Any]]) -> str:
    lines = []
    for i, row in enumerate(rows, 1):
        cells = (_cell(value, f"{chr(64 + j)}{i}") for j, value in enumerate(row, 1))
        lines.append(f'<row r="{i}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(value: Any, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    style = 0
    if isinstance(value, dt.datetime):
        style, value = 2, (value - _EPOCH) / dt.timedelta(days=1)
    elif isinstance(value, dt.date):
        style, value = 1, (dt.datetime.combine(value, dt.time()) - _EPOCH).days
    return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'

"""A DataFrame as an HTML table with headers, aligned numbers and a link to the whole table."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

import pandas as pd
from pandas.api import types

from relmark_research import formats as number_formats
from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.display._customer_rows import without_addresses
from relmark_research.reporting.display.downloads import save_table
from relmark_research.reporting.privacy.redaction import CLEAR_IDS
from relmark_research.reporting.record.secrets import Scrubber
from relmark_research.tables.export import csv_text

SHOWN_ROWS = 20
FORMATS = ("money", "share", "count", "number", "date", "text")


@dataclass(frozen=True)
class TableLayout:
    """Identifier, caption, currency and initial state (open or folded) of a table.

    ``clear_ids`` tells that ids and addresses are shown because the user asked for them.
    """

    name: str
    caption: str
    currency: str = "USD"
    open: bool = False
    clear_ids: bool = False


def as_html(frame: pd.DataFrame, formats: Mapping[str, str], layout: TableLayout) -> str:
    """Return a folded HTML table with its CSV as a data URI.

    Parameters
    ----------
    frame
        The table; an index other than row numbers becomes the first columns.
    formats
        Column to one of `FORMATS`; the type of the column decides for the others.
    layout
        Identifier, caption, currency, and whether the table is open.
    """
    flat = _scrubbed(_flat(frame))
    flat = flat if layout.clear_ids else without_addresses(flat)
    _check_formats(flat, formats)
    by_column = {
        name: formats.get(name, _default_format(flat[name])) for name in map(str, flat.columns)
    }
    top = flat.head(SHOWN_ROWS)
    cells = [_cells(top[name], kind, layout.currency) for name, kind in by_column.items()]
    return (
        f'<details class="rm-table"{" open" if layout.open else ""}'
        f"{CLEAR_IDS if layout.clear_ids else ''}>"
        "<summary>The table behind it</summary>"
        f'<div class="rm-scroll" tabindex="0" role="group" aria-label="{escape(layout.caption)}">'
        f"<table><caption>{escape(layout.caption)}</caption>"
        f"{_header(by_column)}{_rows(cells, list(by_column.values()))}</table></div>"
        f"{_downloads(flat, layout)}</details>"
    )


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its index as columns, and with unique column names as text."""
    row_numbers = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    flat = frame.copy() if row_numbers else _with_index(frame)
    names = [
        " ".join(str(part) for part in column if str(part)) if isinstance(column, tuple) else column
        for column in flat.columns
    ]
    flat.columns = pd.Index([str(name) for name in names])
    if not flat.columns.is_unique:
        raise ReportError(
            f"expected columns with unique names; found {list(flat.columns)}. Rename them."
        )
    return flat


def _scrubbed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without secrets; the scrubber cannot find them in base64 and Parquet."""
    scrub = Scrubber.from_environment()
    if not scrub.replacements:
        return frame
    texts = {
        column: frame[column].map(lambda cell: scrub(cell) if isinstance(cell, str) else cell)
        for column in frame.columns
        if _default_format(frame[column]) == "text"
    }
    return frame.assign(**texts).rename(columns=scrub)


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    index = frame.index
    names = [name if name is not None else "" for name in index.names]
    front = index.to_frame(index=False)
    front.columns = pd.Index(names)
    rest = frame.reset_index(drop=True)
    rest.columns = [
        " ".join(map(str, name)) if isinstance(name, tuple) else name for name in rest.columns
    ]
    return pd.concat([front, rest], axis="columns")


def _check_formats(frame: pd.DataFrame, formats: Mapping[str, str]) -> None:
    for column, kind in formats.items():
        if column not in frame.columns:
            raise ReportError(unknown_name("column", column, frame.columns))
        if kind not in FORMATS:
            raise ReportError(unknown_name("format", kind, FORMATS))


def _default_format(column: pd.Series) -> str:
    if types.is_bool_dtype(column.dtype):
        return "text"
    if types.is_integer_dtype(column.dtype):
        return "count"
    if types.is_numeric_dtype(column.dtype):
        return "number"
    return "date" if types.is_datetime64_any_dtype(column.dtype) else "text"


def _cells(column: pd.Series, kind: str, currency: str) -> list[str]:
    """Return the cells of a column as escaped text; money has one rounding per column."""
    if kind == "text":
        return ["" if pd.isna(cell) else escape(_cell_text(cell)) for cell in column]
    if kind == "date":
        return ["" if pd.isna(cell) else f"{pd.Timestamp(cell):%Y-%m-%d}" for cell in column]
    form = _formatter(column, kind, currency)
    return ["" if pd.isna(cell) else escape(form(float(cell))) for cell in column]


def _cell_text(cell: object) -> str:
    return {True: "yes", False: "no"}[cell] if isinstance(cell, bool) else str(cell)


def _formatter(column: pd.Series, kind: str, currency: str) -> Callable[[float], str]:
    if kind == "share":
        return number_formats.share
    if kind == "count":
        return number_formats.count
    if kind == "number":
        return number_formats.number
    largest = float(column.astype("float64").abs().max())
    detail = number_formats.Detail(step=1.0 if largest >= 1000 else None, like=0.0)
    return lambda amount: number_formats.money(amount, currency, detail=detail)


def _header(by_column: Mapping[str, str]) -> str:
    cells = "".join(
        f'<th scope="col"{_class(kind)}>{escape(_title(column))}</th>' if column else "<td></td>"
        for column, kind in by_column.items()
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _rows(cells: list[list[str]], kinds: list[str]) -> str:
    """Return the rows; a short row header is not wrapped."""
    short = kinds[:1] == ["text"] and all(len(cell) <= 24 for cell in cells[0])
    header_class = ' class="rm-short"' if short else "".join(map(_class, kinds[:1]))
    rows = [
        f'<tr><th scope="row"{header_class}>{first}</th>'
        + "".join(
            f"<td{_class(kind)}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True)
        )
        + "</tr>"
        for first, *rest in zip(*cells, strict=True)
    ]
    return f"<tbody>{''.join(rows)}</tbody>"


def _class(kind: str) -> str:
    return {"text": "", "date": ' class="rm-short"'}.get(kind, ' class="rm-number"')


def _title(column: str) -> str:
    text = column.replace("_", " ")
    return text[:1].upper() + text[1:]


def _downloads(frame: pd.DataFrame, layout: TableLayout) -> str:
    csv = "\ufeff" + csv_text(frame)
    data = b64encode(csv.encode()).decode()
    parquet = save_table(frame, csv, layout.name, layout.caption)
    more = len(frame) - SHOWN_ROWS
    rest = f"{number_formats.count(more)} more rows are in the file. " if more > 0 else ""
    rest = rest.replace("1 more rows are", "1 more row is") if more == 1 else rest
    return (
        f'<p class="rm-download">{rest}<a download="{layout.name}.csv" '
        f'href="data:text/csv;charset=utf-8;base64,{data}">Download as CSV'
        f'<span class="rm-hidden"> ({escape(layout.caption)})</span></a>{parquet}</p>'
    )

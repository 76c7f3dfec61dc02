"""A DataFrame as a table for readers: real headers, aligned figures, the whole of it as CSV."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

import pandas as pd
from pandas.api import types

from relmark_research import formats as numbers
from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.display.files import save_table
from relmark_research.reporting.record.secrets import Scrubber

SHOWN_ROWS = 20
FORMATS = ("money", "share", "count", "number", "date", "text")

# how a spreadsheet program recognises a formula, in wide letters too
_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]")


@dataclass(frozen=True)
class Layout:
    """What surrounds a table: its identifier, what it holds, its currency, folded or not."""

    name: str
    caption: str
    currency: str = "USD"
    open: bool = False


def as_html(frame: pd.DataFrame, formats: Mapping[str, str], layout: Layout) -> str:
    """Return a folded HTML table with its CSV as a data URI.

    Parameters
    ----------
    frame
        The table; an index that is not a bare row number becomes its first columns.
    formats
        Column to one of `FORMATS`; the other columns are shown by their type.
    layout
        Identifier, caption, currency, whether unfolded.
    """
    flat = _scrubbed(_flat(frame))
    _check_formats(flat, formats)
    kinds = {name: formats.get(name, _kind(flat[name])) for name in map(str, flat.columns)}
    top = flat.head(SHOWN_ROWS)
    cells = [_cells(top[column], kinds[column], layout.currency) for column in kinds]
    return (
        f'<details class="rm-table"{" open" if layout.open else ""}>'
        "<summary>The table behind it</summary>"
        f'<div class="rm-scroll" tabindex="0" role="group" aria-label="{escape(layout.caption)}">'
        f"<table><caption>{escape(layout.caption)}</caption>"
        f"{_head(kinds)}{_body(cells, list(kinds.values()))}</table></div>"
        f"{_foot(flat, layout)}</details>"
    )


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV in which no cell of text can be taken for a formula.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"channel": ["=1+1", "mail"], "change": [-1, 2]}))
    "channel,change\\n'=1+1,-1\\nmail,2\\n"
    """
    safe = _flat(frame).rename(columns=_defused)
    for column in safe.columns:
        if _kind(safe[column]) == "text":
            safe[column] = safe[column].map(_defused, na_action="ignore")
    return safe.to_csv(index=False, lineterminator="\n")


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """The index as columns, unless it only counts rows; column names as text, each once."""
    bare = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    flat = frame.copy() if bare else _with_index(frame)
    names = [
        " ".join(str(part) for part in column if str(part)) if isinstance(column, tuple) else column
        for column in flat.columns
    ]
    flat.columns = pd.Index([str(name) for name in names])
    if not flat.columns.is_unique:
        raise ReportError(
            f"expected columns with different names, found {list(flat.columns)}; rename them"
        )
    return flat


def _scrubbed(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without secrets, which base64 and Parquet would hide from the last look."""
    scrub = Scrubber.in_force()
    if not scrub.spellings:
        return frame
    texts = {
        column: frame[column].map(lambda cell: scrub(cell) if isinstance(cell, str) else cell)
        for column in frame.columns
        if _kind(frame[column]) == "text"
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


def _kind(column: pd.Series) -> str:
    if types.is_bool_dtype(column.dtype):
        return "text"
    if types.is_integer_dtype(column.dtype):
        return "count"
    if types.is_numeric_dtype(column.dtype):
        return "number"
    return "date" if types.is_datetime64_any_dtype(column.dtype) else "text"


def _cells(column: pd.Series, kind: str, currency: str) -> list[str]:
    """The cells of one column as escaped text; money is rounded alike in all of them."""
    if kind == "text":
        return ["" if pd.isna(cell) else escape(_words(cell)) for cell in column]
    if kind == "date":
        return ["" if pd.isna(cell) else f"{pd.Timestamp(cell):%Y-%m-%d}" for cell in column]
    form = _formatter(column, kind, currency)
    return ["" if pd.isna(cell) else escape(form(float(cell))) for cell in column]


def _words(cell: object) -> str:
    return {True: "yes", False: "no"}[cell] if isinstance(cell, bool) else str(cell)


def _formatter(column: pd.Series, kind: str, currency: str) -> Callable[[float], str]:
    if kind == "share":
        return numbers.share
    if kind == "count":
        return numbers.count
    if kind == "number":
        return numbers.number
    largest = float(column.astype("float64").abs().max())
    detail = numbers.Detail(step=1.0 if largest >= 1000 else None, like=0.0)
    return lambda amount: numbers.money(amount, currency, detail=detail)


def _head(kinds: Mapping[str, str]) -> str:
    cells = "".join(
        f'<th scope="col"{_class(kind)}>{escape(_title(column))}</th>' if column else "<td></td>"
        for column, kind in kinds.items()
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _body(cells: list[list[str]], kinds: list[str]) -> str:
    """The rows; what stands in front of each, such as an identifier, is not broken if short."""
    short = kinds[:1] == ["text"] and all(len(cell) <= 24 for cell in cells[0])
    front = ' class="rm-short"' if short else "".join(map(_class, kinds[:1]))
    lines = [
        f'<tr><th scope="row"{front}>{first}</th>'
        + "".join(
            f"<td{_class(kind)}>{cell}</td>" for cell, kind in zip(rest, kinds[1:], strict=True)
        )
        + "</tr>"
        for first, *rest in zip(*cells, strict=True)
    ]
    return f"<tbody>{''.join(lines)}</tbody>"


def _class(kind: str) -> str:
    return {"text": "", "date": ' class="rm-short"'}.get(kind, ' class="rm-number"')


def _title(column: str) -> str:
    words = column.replace("_", " ")
    return words[:1].upper() + words[1:]


def _foot(frame: pd.DataFrame, layout: Layout) -> str:
    csv = "\ufeff" + csv_text(frame)
    data = b64encode(csv.encode()).decode()
    parquet = save_table(frame, csv, layout.name, layout.caption)
    more = len(frame) - SHOWN_ROWS
    rest = f"{numbers.count(more)} more rows are in the file. " if more > 0 else ""
    rest = rest.replace("1 more rows are", "1 more row is") if more == 1 else rest
    return (
        f'<p class="rm-download">{rest}<a download="{layout.name}.csv" '
        f'href="data:text/csv;charset=utf-8;base64,{data}">Download as CSV'
        f'<span class="rm-hidden"> ({escape(layout.caption)})</span></a>{parquet}</p>'
    )


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell

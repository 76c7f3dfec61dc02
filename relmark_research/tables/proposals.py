"""Proposed options for a file that cannot be read as it is, as far as its data settle them.

Nothing here is applied: a user copies what `relmark check` prints. A separator is proposed where
only one gives a table, ``header: none`` where the first line looks like data, a date format where
one format reads every value, and a column where only one fits by its name or by its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import yaml

from relmark_research.errors import DataError
from relmark_research.tables.options import ReadOptions, dialect_of
from relmark_research.tables.schemas import NUMERIC, Column, Schema
from relmark_research.tables.sources import dialects, open_source

NO_MONEY = "none"  # the value of a log whose purchases are only counted
_ROWS = 200_000  # read to settle a format
_FORMATS = (
    "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%Y.%m.%d",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y",
    "%B %d, %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_ISO = r"\d{4}[-/]\d{2}[-/]\d{2}([ Tt].*)?"
_NUMBER = r"[+-]?[\d.,' ]*\d[.,]?"
_SYNONYMS = {
    "customer_id": ("customer", "client", "user", "member", "account", "cust", "person", "buyer"),
    "date": ("day", "time", "timestamp", "datetime", "when"),
    "value": ("amount", "revenue", "total", "sales", "paid", "turnover", "spend"),
    "cost": ("costs", "expense"),
}
_DECORATIONS = ("id", "no", "number", "code", "name", "invoice", "order", "purchase", "transaction")


@dataclass(frozen=True)
class Proposal:
    """Options and columns that the data settle, and what they leave open.

    Attributes
    ----------
    columns
        The source's names of our columns, where they differ.
    options
        Reading options by name.
    unsettled
        What is left open, in sentences.
    """

    columns: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    unsettled: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.columns or self.options)

    def data_section(self, source: str) -> str:
        """Return the lines of a recipe's data section."""
        names = {
            ours.removesuffix("_id"): self.columns[ours]
            for ours in ("customer_id", "date", "value", "cost")
            if ours in self.columns
        }
        return _yaml({"data": {"source": source, **names, **self._options()}})

    def table_section(self, name: str, source: str) -> str:
        """Return the lines of a recipe's tables section."""
        columns = {"columns": self.columns} if self.columns else {}
        return _yaml({"tables": {name: {"source": source, **columns, **self._options()}}})

    def _options(self) -> dict[str, Any]:
        return {"options": self.options} if self.options else {}


def propose(
    source: Any,
    schema: Schema,
    *,
    columns: Mapping[str, str] | None = None,
    options: ReadOptions | None = None,
) -> Proposal:
    """Return the options that make a source readable, as far as its data settle them.

    Parameters
    ----------
    source
        Any source of `read_table`.
    schema
        The table that it should be; its required columns are looked for.
    columns, options
        What is given already; it is kept.
    """
    options = options or ReadOptions()
    given = {ours: theirs for ours, theirs in (columns or {}).items() if ours in schema.names}
    dialect, frame = _opened(source, options)
    if frame is None:
        return Proposal()
    found: dict[str, Any] = {}
    for name in ("separator", "header"):
        value = getattr(dialect, name)
        if value != getattr(dialect_of(options), name):
            found[name] = dialects.spelled(value) if name == "separator" else value
    matched, unsettled = _matched(frame, schema, given)
    dates = [
        frame[theirs] for ours, theirs in matched.items() if schema.column(ours).type == "date"
    ]
    formats = fitting_formats(text for values in dates for text in values.dropna().unique())
    dated = any(values.notna().any() for values in dates)
    if dated and options.date_format is None and None not in formats:
        if len(formats) == 1:
            found["date_format"] = formats[0]
        else:
            unsettled.append(_several_formats(formats))
    if frame.shape[1] == 1 and not matched:
        return Proposal(unsettled=("No separator gives a table of several columns.",))
    renamed = {ours: theirs for ours, theirs in matched.items() if ours != theirs}
    return Proposal(renamed, found, tuple(unsettled))


def fitting_formats(texts: Iterable[object]) -> list[str | None]:
    """Return the date formats that read every text; None stands for ISO 8601.

    Examples
    --------
    >>> fitting_formats(["3/4/2024", "3/31/2024"])
    ['%m/%d/%Y']
    """
    values = pd.Series([str(text).strip() for text in texts], dtype="str").drop_duplicates()
    values = values[values != ""]
    if values.empty:
        return []
    if values.str.fullmatch(_ISO).all():
        return [None]
    return [day + time for time in _TIMES for day in _FORMATS if _reads(values, day + time)]


def _reads(values: pd.Series, date_format: str) -> bool:
    if date_format == "%Y%m%d" and not values.str.fullmatch(r"\d{8}").all():
        return False
    first = pd.to_datetime(values.iloc[:50], format=date_format, errors="coerce")
    if first.isna().any():
        return False
    return bool(pd.to_datetime(values, format=date_format, errors="coerce").notna().all())


def _several_formats(formats: list[str | None]) -> str:
    if not formats:
        return "No date format reads every date; see the dates that are not like the others."
    listed = " or ".join(f'date_format: "{each}"' for each in formats)
    return f"Several formats read every date; declare the one that is meant: {listed}."


def _opened(source: Any, options: ReadOptions) -> tuple[dialects.Dialect, pd.DataFrame | None]:
    """Return the dialect with which a source is a table, and its first rows as text."""
    dialect = dialect_of(options)
    frame = _rows(source, dialect, options)
    if (frame is None or frame.shape[1] == 1) and dialect.separator is None:
        tried = {
            sign: _rows(source, replace(dialect, separator=sign), options)
            for sign in (*dialects.SEPARATORS, dialects.WHITESPACE)
        }
        wide = {
            sign: each for sign, each in tried.items() if each is not None and each.shape[1] > 1
        }
        if len(wide) == 1:
            ((sign, frame),) = wide.items()
            dialect = replace(dialect, separator=sign)
    if frame is not None and dialect.header is None and _looks_like_data(frame):
        bare = replace(dialect, header=dialects.NO_HEADER)
        again = _rows(source, bare, options)
        if again is not None:
            return bare, again
    return dialect, frame


def _looks_like_data(frame: pd.DataFrame) -> bool:
    return "looks like data" in dialects.header_hint(map(str, frame.columns))


def _rows(source: Any, dialect: dialects.Dialect, options: ReadOptions) -> pd.DataFrame | None:
    try:
        table = open_source.open_source(source, dialect=dialect, engine=options.engine)
    except DataError:
        return None
    frame: pd.DataFrame = table.limit(_ROWS).to_pandas()
    return frame


def _matched(
    frame: pd.DataFrame, schema: Schema, given: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the source's column of each required one, and what is left open."""
    names = [str(name) for name in frame.columns]
    found = {ours: theirs for ours, theirs in given.items() if theirs in names}
    wanted = [*schema.required, *(["value"] if schema.name == "transactions" else [])]
    found |= {name: name for name in schema.names if name in names and name not in found}
    unsettled = []
    by_name = {ours: _by_name(ours, names) for ours in schema.names}
    for ours in schema.names:
        free = [name for name in by_name[ours] if name not in found.values()]
        fits = [name for name in free if _fits(frame[name], schema.column(ours))]
        named = fits if len(fits) == 1 else free
        if ours not in found and len(named) == 1:
            found[ours] = named[0]
    for ours in sorted(wanted, key=_settled_first(schema)):
        if ours in found:
            continue
        free = [name for name in names if name not in found.values()]
        fits = [name for name in free if _fits(frame[name], schema.column(ours))]
        if len(fits) == 1:
            found[ours] = fits[0]
        elif ours == "value" and not any(_numeric(frame[name]) for name in free):
            found[ours] = NO_MONEY
        else:
            unsettled.append(_open_column(ours, fits, [n for n in free if _numeric(frame[n])]))
    return found, unsettled


def _open_column(ours: str, fits: list[str], numeric: list[str]) -> str:
    """Return the sentence about a column that the data do not settle."""
    if ours != "value":
        return f"The column for {ours} is left open: {', '.join(fits[:8]) or 'none fits'}."
    listed = ", ".join((fits or numeric)[:8])
    product = " * ".join(f"`{name}`" if re.search(r"\W", name) else name for name in numeric[:2])
    example = f" an expression such as {product}," if len(numeric) > 1 else ""
    return (
        f"The column for value is left open: {listed}. It can be a column,{example} or none "
        "(purchases are only counted)."
    )


def _settled_first(schema: Schema) -> Any:
    """Return the order in which columns are matched: days, then numbers, then ids and text."""
    order = {"date": 0, "period": 0}

    def place(name: str) -> int:
        kind = schema.column(name).type
        return order.get(kind, 1 if kind in NUMERIC else 2)

    return place


def _by_name(ours: str, names: list[str]) -> list[str]:
    wanted = {_plain(ours), *_SYNONYMS.get(ours, ())}
    return [name for name in names if _plain(name) in wanted or _bare(name) in wanted]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _bare(name: str) -> str:
    """Return the words of a name without those that say little, such as id and no."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    words = [word for word in re.split(r"[^a-z0-9]+", spaced) if word]
    return "".join(word for word in words if word not in _DECORATIONS)


def _fits(values: pd.Series, column: Column) -> bool:
    """Return whether the values of a column look like those of one of ours."""
    texts = values.dropna().astype("str").str.strip()
    if texts.empty:
        return False
    if column.type == "date":
        return values.dtype.kind == "M" or bool(fitting_formats(texts.iloc[:2000]))
    numbers = _numeric(values)
    if column.type in NUMERIC:
        whole = texts.str.fullmatch(r"\d+").all()
        return bool(numbers) and not (column.name in ("value", "cost") and whole)
    if column.type == "id":
        return not (numbers and not texts.str.fullmatch(r"\d+").all())
    return not bool(numbers)


def _numeric(values: pd.Series) -> bool:
    texts = values.dropna().astype("str").str.strip()
    return not texts.empty and bool(texts.str.fullmatch(_NUMBER).all())


def _yaml(content: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    return text.rstrip("\n")

"""What to do about values that are no dates: the formats that read all values of a column."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from relmark_research.errors import cell_text, values_shown
from relmark_research.tables import sql_dialects
from relmark_research.tables.values import datetime_parsing

if TYPE_CHECKING:
    import ibis.expr.types as ir

_NUMERIC = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})(?=$|[ T,])(.*)")
_DAY_FIRST = re.compile(
    r"(\d{1,2})([ /-]?|\. ?)([a-z]{3,9})\.?([ /-]?)(\d{2}|\d{4})(?=$|[ T,])(.*)", re.I
)
_MONTH_FIRST = re.compile(r"([a-z]{3,9}) (\d{1,2})(,? )(\d{4})(?=$|[ T,])(.*)", re.I)
_BASIC = re.compile(r"\d{8}T\d{6}(z|[+-]\d{4})?", re.I)
_TIME = re.compile(
    r"(T|,? +)\d{1,2}:\d{2}(:\d{2})?([.,]\d{1,6})?"
    r"(?P<half> ?[ap]m)?(?P<zone> ?(z|[+-]\d{2}:?\d{2}))?",
    re.I,
)
_DIGITS = {6: ("%d%m%y", "%m%d%y", "%y%m%d"), 8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
           12: ("%Y%m%d%H%M",), 14: ("%Y%m%d%H%M%S",)}  # fmt: skip
_SERIAL = re.compile(r"[2-6]\d{4}([.]\d+)?")
_UNIX = re.compile(r"1\d{9}([.]\d+)?|1\d{12}")
_YEARS = (1900, 2100)  # of dates that a proposed format may give
LEFT_OUT = "leave such rows out: ReadOptions(unusable='leave out')"


def advice(table: ir.Table, raw: ir.Value, declared: str | None) -> str:
    """Return what to do about texts of which some are no dates.

    Parameters
    ----------
    raw
        The texts, a column of ``table``.
    declared
        The declared format, which does not read all of them; None is ISO 8601.
    """
    texts = table.select(relmark_text=sql_dialects.trimmed(raw))
    texts = texts.filter((texts.relmark_text != "").fill_null(False))
    read = datetime_parsing.with_written_dates(texts, texts.relmark_text, [declared])
    unread = read.filter(read.relmark_read_0.isnull())
    sample = unread.aggregate(low=unread.relmark_text.min(), high=unread.relmark_text.max())
    shown = [text for text in sample.to_pandas().iloc[0] if isinstance(text, str)]
    if not shown:
        return f"Correct them, or {LEFT_OUT}."
    special = _no_date(shown)
    if special:
        return special
    formats = list(dict.fromkeys(form for text in shown for form in candidates(text)))
    return _worded(shown[0], *_readings(texts, formats, declared))


def number_advice(table: ir.Table, raw: ir.Value) -> str:
    """Return what to do about a column of numbers that should be dates."""
    given = raw.cast("float64")
    known = (given.abs() < 1e15) & (given == given.floor())
    digits = known.ifelse(given, None).cast("int64").cast("string")
    texts = table.select(relmark_number=digits.fill_null(given.cast("string")))
    said = advice(texts, texts.relmark_number, None)
    if said.startswith(("Correct", "No one")):
        return "Name another column, or convert this one to dates in the source."
    return said


def candidates(text: str) -> list[str]:
    """Return the formats in which a text may be written, by its shape.

    Examples
    --------
    >>> candidates("9/28/2012 14:05")
    ['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M']
    >>> candidates("3 Apr 2024")
    ['%d %b %Y']
    """
    if text.isdecimal():
        return list(_DIGITS.get(len(text), ()))
    if _BASIC.fullmatch(text):
        return ["%Y%m%dT%H%M%S" + ("%z" if text[15:] else "")]
    for shape, dates in ((_NUMERIC, _numeric), (_DAY_FIRST, _day_first), (_MONTH_FIRST, _month)):
        found = shape.fullmatch(text)
        if found:
            time = _time_format(found.groups()[-1])
            return [] if time is None else [form + time for form in dates(found)]
    return []


def _numeric(found: re.Match[str]) -> list[str]:
    first, sign, _, last, _ = found.groups()
    if len(first) == 4:
        orders = ["%Y{0}%m{0}%d"]
    elif len(last) == 4:
        orders = ["%d{0}%m{0}%Y", "%m{0}%d{0}%Y"]
    elif len(last) <= 2:
        orders = ["%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d"]
    else:
        orders = []
    return [order.format(sign) for order in orders]


def _day_first(found: re.Match[str]) -> list[str]:
    _, before, month, after, year, _ = found.groups()
    name, short = "%b" if len(month) == 3 else "%B", "%y" if len(year) == 2 else "%Y"
    return [f"%d{before}{name}{after}{short}"]


def _month(found: re.Match[str]) -> list[str]:
    month, _, between, *_ = found.groups()
    return [f"{'%b' if len(month) == 3 else '%B'} %d{between}%Y"]


def _time_format(text: str) -> str | None:
    """Return the format of what follows a date; None where it is no time."""
    if not text:
        return ""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    start, seconds, fraction = found.group(1, 2, 3)
    half, zone = found["half"], found["zone"]
    return "".join(
        [
            start,
            "%I:%M" if half else "%H:%M",
            ":%S" if seconds else "",
            f"{fraction[0]}%f" if fraction else "",
            (" %p" if half.startswith(" ") else "%p") if half else "",
            (" %z" if zone.startswith(" ") else "%z") if zone else "",
        ]
    )


def _number_text(text: str) -> str:
    return text if values_shown() or _SERIAL.fullmatch(text) else "the first of them"


def _no_date(texts: list[str]) -> str:
    """Return the words about spreadsheets' and computers' numbers of days and seconds."""
    text = texts[0]
    if all(_SERIAL.fullmatch(each) for each in texts):
        day = date(1899, 12, 30) + timedelta(days=int(float(text)))
        return (
            f"{_number_text(text)} may be a spreadsheet's serial number ({day}): format the column "
            "as dates in the spreadsheet (yyyy-mm-dd), and save it again."
        )
    if all(_UNIX.fullmatch(each) for each in texts):
        return (
            f"{_number_text(text)} may be seconds or milliseconds since 1970: convert the column "
            "to timestamps in the source."
        )
    return ""


def _readings(
    texts: ir.Table, formats: list[str], declared: str | None
) -> tuple[int, dict[str | None, int]]:
    """Return the number of texts, and how many of them each format reads; None is ISO 8601."""
    tried: list[str | None] = [declared, *(form for form in formats if form != declared)]
    read = datetime_parsing.with_written_dates(texts, texts.relmark_text, tried)
    days = [read[f"relmark_read_{place}"] for place in range(len(tried))]
    likely = [
        day if form == declared else day.year().between(*_YEARS).nullif(False)
        for day, form in zip(days, tried, strict=True)
    ]
    counts = {f"read_{place}": day.count() for place, day in enumerate(likely)}
    found = read.aggregate(rows=read.count(), **counts).to_pandas().iloc[0]
    return int(found["rows"]), {
        form: int(found[f"read_{place}"]) for place, form in enumerate(tried)
    }


def _worded(example: str, rows: int, readings: dict[str | None, int]) -> str:
    complete = [form for form, count in readings.items() if count == rows and form is not None]
    if len(complete) == 1:
        return f"{_option(complete[0])} reads all {rows:,} values."
    if complete:
        days = ", ".join(f"{_read(example, form)} by {_option(form)}" for form in complete)
        return (
            f"The values do not settle the order of day and month: {cell_text(example)} is {days}. "
            "Declare the one that is meant."
        )
    partly = {form: count for form, count in readings.items() if count}
    if not any(partly):
        return f"Correct them, or {LEFT_OUT}."
    said = ", ".join(
        f"{'ISO 8601' if form is None else _option(form)} reads {count:,}"
        for form, count in sorted(partly.items(), key=lambda pair: -pair[1])[:3]
    )
    return f"No one format reads all {rows:,} values: {said}. Correct the others, or {LEFT_OUT}."


def _option(form: str) -> str:
    return f"ReadOptions(date_format={form!r})"


def _read(text: str, form: str) -> str:
    """Return the date of a text by a format that reads it."""
    from datetime import datetime

    try:
        return str(datetime.strptime(text, form).date())
    except ValueError:
        return "another date"

"""Parsing of dates and times in text, and conversion between time zones, alike in every engine.

A format in strptime's codes becomes a regular expression with one group per code. The groups are
checked as a date, so that 31 February is unparsable in every engine and an error in none.

Engines agree on the local time of a UTC timestamp, but not on the UTC time of a local one where
clocks change. So only the former is computed by the engine. A local time that occurs twice is the
first of the two; one that does not occur takes the offset before the gap (PEP 495, fold 0).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from relmark_research.errors import ParameterError
from relmark_research.tables import sql_dialects

if TYPE_CHECKING:
    import ibis.expr.types as ir

_CODES = {
    "Y": "([0-9]{4})",
    "y": "([0-9]{2})",
    "m": "([0-9]{1,2})",
    "d": "([0-9]{1,2})",
    "H": "([0-9]{1,2})",
    "I": "([0-9]{1,2})",
    "M": "([0-9]{1,2})",
    "S": "([0-9]{1,2})",
    "f": "([0-9]{1,6})",
    "b": "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "B": "(january|february|march|april|may|june|july|august|september|october|november|december)",
    "p": "(am|pm)",
    "a": "(mon|tue|wed|thu|fri|sat|sun)",
    "A": "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)",
    "z": "(z|[+-][0-9]{2}:?[0-9]{2})",
}
_SHORTHANDS = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "h": "%b"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ISO = (
    "^[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}"
    "([ Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?[ ]?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
_ISO_ZONE = "([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"

PARSED_COLUMNS = ("relmark_day", "relmark_seconds", "relmark_offset", "relmark_timed")
"""Columns that parsing adds: the date as written (null: unparsable), seconds since midnight, UTC
offset in seconds (null: not written), and whether a time of day is written."""

SECONDS_PER_DAY = 86_400


def parse(table: ir.Table, text: ir.Value, date_format: str | None) -> ir.Table:
    """Return the table with the columns `PARSED_COLUMNS`, from text by ISO 8601 or by a format.

    Each step is a projection of its own, so that an engine computes no expression twice.

    Raises
    ------
    ParameterError
        Where the format has no day, month and year, or an unknown code.
    """
    import ibis

    own = table.columns
    stepped = table.mutate(relmark_text=sql_dialects.trimmed(text))
    stepped = _iso(stepped) if date_format is None else _by_format(stepped, date_format)
    stepped = stepped.mutate(
        relmark_date=_date(stepped.relmark_year, stepped.relmark_month, stepped.relmark_day),
        relmark_time=_seconds_since_midnight(stepped),
        relmark_offset=_utc_offset(stepped.relmark_zone),
    )
    return stepped.select(
        *own,
        relmark_day=ibis.ifelse(stepped.relmark_time.isnull(), None, stepped.relmark_date),
        relmark_seconds=stepped.relmark_time.fill_null(0),
        relmark_offset=stepped.relmark_offset,
        relmark_timed=stepped.relmark_timed,
    )


def with_written_dates(table: ir.Table, text: ir.Value, formats: Sequence[str | None]) -> ir.Table:
    """Return the table with relmark_read_0, ...: the dates by each format; None is ISO 8601.

    Times of day are not checked.
    """
    parts = {
        f"relmark_{part}_{place}": value
        for place, date_format in enumerate(formats)
        for part, value in zip("ymd", _written_parts(text, date_format), strict=True)
    }
    split = table.mutate(**parts)
    dates = {
        f"relmark_read_{place}": _date(*(split[f"relmark_{part}_{place}"] for part in "ymd"))
        for place in range(len(formats))
    }
    return split.mutate(**dates).drop(*parts)


def written_number(text: ir.Value, date_format: str | None) -> ir.Value:
    """Return the date that a text says as a number, 20240131, by which dates are compared."""
    year, month, day = _written_parts(text, date_format)
    return year * 10_000 + month * 100 + day


def _written_parts(text: ir.Value, date_format: str | None) -> tuple[ir.Value, ir.Value, ir.Value]:
    if date_format is None:
        found = text.re_search(_ISO).ifelse(text, None)
        return _int(found.substr(0, 4)), _int(found.substr(5, 2)), _int(found.substr(8, 2))
    pattern, codes = compile_format(date_format)
    lowered = text.lower()
    matched = lowered.re_search(pattern).ifelse(lowered, None)
    parts = {code: matched.re_extract(pattern, place + 1) for place, code in enumerate(codes)}
    return _year(parts), _month(parts), _int(parts["d"])


def digits_in(date_format: str) -> int | None:
    """Return the number of digits in a text of a format, None unless it consists of digits.

    Examples
    --------
    >>> digits_in("%Y%m%d"), digits_in("%d.%m.%Y")
    (8, None)
    """
    width = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
    codes = re.findall("%(.)", date_format)
    if "".join(f"%{code}" for code in codes) != date_format or not set(codes) <= set(width):
        return None
    return sum(width[code] for code in codes)


def compile_format(date_format: str) -> tuple[str, list[str]]:
    """Return a format's regular expression, in lower case, and the codes of its groups.

    Examples
    --------
    >>> compile_format("%d.%m.%Y")
    ('^([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})$', ['d', 'm', 'Y'])
    """
    if not isinstance(date_format, str):
        raise ParameterError(f"a date_format is text such as '%d.%m.%Y'; found {date_format!r}.")
    for short, long in _SHORTHANDS.items():
        date_format = date_format.replace(f"%{short}", long)
    codes: list[str] = []
    parts: list[str] = []
    characters = iter(date_format)
    for character in characters:
        code = next(characters, "") if character == "%" else ""
        if code in _CODES:
            parts, codes = [*parts, _CODES[code]], [*codes, code]
        elif character == "%" and code != "%":
            raise ParameterError(
                f"date_format {date_format!r} contains the code '%{code}'; known codes are "
                f"{', '.join('%' + known for known in [*_CODES, *_SHORTHANDS])}."
            )
        else:
            parts.append(_escaped(character.lower()))
    need = [{"Y", "y"}, {"m", "b", "B"}, {"d"}]
    if not all(choices & set(codes) for choices in need) or len(codes) != len(set(codes)):
        raise ParameterError(
            "a date_format contains day, month and year once each, as in '%d.%m.%Y'; found "
            f"{date_format!r}."
        )
    return f"^{''.join(_fixed_widths(parts))}$", codes


def _fixed_widths(parts: list[str]) -> list[str]:
    """Return the parts of a pattern, with two digits where no sign parts numbers: ``2024111``."""
    one_or_two = _CODES["m"]

    def touches(place: int) -> bool:
        beside = [parts[i] for i in (place - 1, place + 1) if 0 <= i < len(parts)]
        return any(part.startswith("([0-9]") for part in beside)

    return [
        "([0-9]{2})" if part == one_or_two and touches(place) else part
        for place, part in enumerate(parts)
    ]


def local_epoch_day(utc: ir.Value, zone: str) -> ir.Value:
    """Return the local date of UTC timestamps, as days since 1970-01-01."""
    local = utc if zone == "UTC" else sql_dialects.local_epoch_seconds(utc, zone)
    return (local.cast("float64") / SECONDS_PER_DAY).floor().cast("int64")


def to_utc(table: ir.Table, name: str, zone: str) -> ir.Table:
    """Return the table with a column of local seconds converted to UTC.

    With o(u) the zone's offset at time u, the candidates are local - o(local - 1 day) and
    local - o(local + 1 day). The result is the first one that has this local time, or else the
    first.
    """
    import ibis

    if zone == "UTC":
        return table
    local = table[name]
    offsets = table.mutate(
        relmark_before=sql_dialects.local_epoch_seconds(local - SECONDS_PER_DAY, zone)
        - (local - SECONDS_PER_DAY),
        relmark_after=sql_dialects.local_epoch_seconds(local + SECONDS_PER_DAY, zone)
        - (local + SECONDS_PER_DAY),
    )
    before, after = offsets[name] - offsets.relmark_before, offsets[name] - offsets.relmark_after
    shown = offsets.mutate(
        relmark_first=sql_dialects.local_epoch_seconds(before, zone),
        relmark_second=sql_dialects.local_epoch_seconds(after, zone),
    )
    only_after = (shown.relmark_first != shown[name]) & (shown.relmark_second == shown[name])
    offset = ibis.ifelse(only_after, shown.relmark_after, shown.relmark_before)
    helpers = ("relmark_before", "relmark_after", "relmark_first", "relmark_second")
    return shown.mutate(**{name: shown[name] - offset}).drop(*helpers)


def _iso(table: ir.Table) -> ir.Table:
    """Split ISO text by position: ``2024-01-31``, ``2024-01-31T23:30:00.5+02:00``."""
    text = table.relmark_text
    matched = table.mutate(relmark_text=text.re_search(_ISO).ifelse(text, None))
    text = matched.relmark_text
    matched = matched.mutate(
        relmark_timed=(text.length() > 10).fill_null(False), relmark_rest=text.substr(10, 100)
    )
    text, rest, timed = matched.relmark_text, matched.relmark_rest, matched.relmark_timed
    with_seconds = (text.length() >= 19) & (text.substr(16, 1) == ":")
    zoned = (timed & rest.re_search(_ISO_ZONE)).fill_null(False)
    return matched.mutate(
        relmark_year=_int(text.substr(0, 4)),
        relmark_month=_int(text.substr(5, 2)),
        relmark_day=_int(text.substr(8, 2)),
        relmark_hour=timed.ifelse(_int(timed.ifelse(text.substr(11, 2), None)), 0),
        relmark_minute=timed.ifelse(_int(timed.ifelse(text.substr(14, 2), None)), 0),
        relmark_second=_int(with_seconds.ifelse(text.substr(17, 2), None)).fill_null(0),
        relmark_zone=zoned.ifelse(rest, None).re_extract(_ISO_ZONE, 1).upper().nullif(""),
    )


def _by_format(table: ir.Table, date_format: str) -> ir.Table:
    import ibis

    pattern, codes = compile_format(date_format)
    text = table.relmark_text.lower()
    matched = table.mutate(relmark_text=text.re_search(pattern).ifelse(text, None))
    text = matched.relmark_text
    found = {code: text.re_extract(pattern, place + 1) for place, code in enumerate(codes)}
    zero = ibis.literal(0, "int64")
    return matched.mutate(
        relmark_year=_year(found),
        relmark_month=_month(found),
        relmark_day=_int(found["d"]),
        relmark_hour=_hour(found, date_format),
        relmark_minute=_int(found["M"]) if "M" in found else zero,
        relmark_second=_int(found["S"]) if "S" in found else zero,
        relmark_zone=found["z"].upper().nullif("") if "z" in found else ibis.null("string"),
        relmark_timed=ibis.literal("H" in codes or "I" in codes),
    )


def _escaped(character: str) -> str:
    if character.isspace():
        return "[ ]+"
    if character.isalnum():
        return character
    return f"\\{character}" if character in "^\\[]" else f"[{character}]"


def _int(text: ir.Value) -> ir.Value:
    """Return digits as a whole number, null where there are none."""
    return text.nullif("").cast("int64")


def _year(found: dict[str, ir.Value]) -> ir.Value:
    if "Y" in found:
        return _int(found["Y"])
    short = _int(found["y"])
    return short + (short < 69).ifelse(2000, 1900)


def _month(found: dict[str, ir.Value]) -> ir.Value:
    import ibis

    if "m" in found:
        return _int(found["m"])
    name = (found["b"] if "b" in found else found["B"]).substr(0, 3)
    numbered = [(name == month, number) for number, month in enumerate(_MONTHS, start=1)]
    return ibis.cases(*numbered, else_=None)


def _hour(found: dict[str, ir.Value], date_format: str) -> ir.Value:
    import ibis

    if "I" not in found:
        return _int(found["H"]) if "H" in found else ibis.literal(0, "int64")
    if "p" not in found:
        raise ParameterError(
            f"a date_format with %I (12-hour clock) needs %p (am or pm); found {date_format!r}."
        )
    hour, noon = _int(found["I"]), (found["p"] == "pm").ifelse(12, 0)
    return ibis.ifelse(hour.between(1, 12), hour % 12 + noon, None)


def _seconds_since_midnight(table: ir.Table) -> ir.Value:
    """Return seconds since midnight, null for an invalid time of day."""
    import ibis

    hour, minute, second = table.relmark_hour, table.relmark_minute, table.relmark_second
    valid = (hour <= 23) & (minute <= 59) & (second <= 59)
    return ibis.ifelse(valid, hour * 3600 + minute * 60 + second, None)


def _utc_offset(zone: ir.Value) -> ir.Value:
    """Return the seconds of an offset such as ``+02:00``, ``+0200``, ``+02`` or ``Z``."""
    import ibis

    zulu = (zone == "Z").fill_null(False)
    digits = zulu.ifelse(None, zone.replace(":", ""))
    hours = _int(digits.substr(1, 2))
    minutes = _int((digits.length() >= 5).ifelse(digits.substr(3, 2), None)).fill_null(0)
    size = hours * 3600 + minutes * 60
    return ibis.cases((zulu, 0), (digits.substr(0, 1) == "-", -size), else_=size)


def _date(year: ir.Value, month: ir.Value, day: ir.Value) -> ir.Value:
    """Return a calendar date, null for an invalid one."""
    import ibis

    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = ibis.cases(
        (month == 2, leap.ifelse(29, 28)), (month.isin([4, 6, 9, 11]), 30), else_=31
    )
    valid = month.between(1, 12) & (day >= 1) & (day <= longest) & (year >= 1)
    parts = (valid.ifelse(part, None).cast("int32") for part in (year, month, day))
    return ibis.date(*parts)

"""Calendar dates of columns of text, numbers, dates and times, by declared rules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from relmark_research.errors import DataError
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.values import _date_hints, datetime_parsing
from relmark_research.tables.values.columns import column

if TYPE_CHECKING:
    import ibis.expr.types as ir


_CALENDAR = (date.min, date.max)  # of Python; engines have infinite and later dates


def with_date(table: ir.Table, name: str, options: ReadOptions) -> ir.Table:
    """Return the table with ``relmark_date``, the calendar date of a column (null: unparsable).

    Text is parsed by the options' date_format, otherwise as ISO 8601; whole numbers by a
    date_format that consists of digits, such as ``"%Y%m%d"``. Timestamps are converted to the
    options' time_zone before the date is taken. Without one the date is the written one, or the UTC
    date of a timestamp stored with a time zone. A date without a time of day is not converted.

    Raises
    ------
    DataError
        Where the column holds neither dates nor text, or numbers without a format for them.
    """
    raw = sql_dialects.as_stored(column(table, name))
    kind = raw.type()
    if kind.is_numeric() and not kind.is_boolean():
        raw = _digits(table, raw, name, options)
    if raw.type().is_string():
        parsed = datetime_parsing.parse(table, raw, options.date_format)
        local = _in_time_zone(sql_dialects.materialised_for_sqlite(parsed), options)
        return local.drop(*datetime_parsing.PARSED_COLUMNS)
    if not (kind.is_date() or kind.is_timestamp()):
        raise DataError(
            f"column {name!r} must hold dates; found {kind}. Name another column, or convert this "
            "one to dates, or to text with a date_format: ReadOptions(date_format='%Y%m%d')."
        )
    if options.time_zone is None or kind.is_date():
        day = raw.cast("date")
        return table.mutate(relmark_date=day.between(*_CALENDAR).ifelse(day, None))
    timed = table.mutate(relmark_utc=raw.epoch_seconds().cast("int64"))
    if kind.timezone is None and options.source_time_zone is not None:
        timed = datetime_parsing.to_utc(timed, "relmark_utc", options.source_time_zone)
    day = datetime_parsing.local_epoch_day(timed.relmark_utc, options.time_zone)
    return timed.mutate(relmark_date=sql_dialects.date_of_epoch_day(day)).drop("relmark_utc")


def is_unreadable_number(table: ir.Table, name: str) -> bool:
    """Return whether a column holds numbers, which only a declared format makes dates."""
    kind = column(table, name).type()
    return bool(kind.is_numeric() and not kind.is_boolean())


def date_advice(table: ir.Table, name: str, options: ReadOptions) -> str:
    """Return what to do about values that are no dates: formats that read all values, if any.

    Parameters
    ----------
    table
        Rows with the column ``name`` as the source has it.
    """
    raw = sql_dialects.as_stored(column(table, name))
    if raw.type().is_numeric():
        return _date_hints.number_advice(table, raw)
    if not raw.type().is_string():
        return f"Correct them, or {_date_hints.LEFT_OUT}."
    return _date_hints.advice(table, raw, options.date_format)


def _digits(table: ir.Table, raw: ir.Value, name: str, options: ReadOptions) -> ir.Value:
    """Return whole numbers as digits, padded to the length of the declared format."""
    width = None
    if options.date_format is not None:
        width = datetime_parsing.digits_in(options.date_format)
    if width is None:
        found = "" if options.date_format is None else f" by the format {options.date_format!r}"
        hint = _date_hints.number_advice(table, raw) if options.date_format is None else (
            "Whole numbers are read by a format without signs: ReadOptions(date_format='%Y%m%d')."
        )  # fmt: skip
        raise DataError(
            f"column {name!r} must hold dates; found numbers ({raw.type()}), which cannot be read"
            f"{found}. {hint}"
        )
    if not raw.type().is_integer():
        raw = (raw == raw.floor()).ifelse(raw, None)
    text = raw.cast("int64").cast("string")
    return (raw >= 0).ifelse(text.lpad(width, "0"), text)


def _in_time_zone(parsed: ir.Table, options: ReadOptions) -> ir.Table:
    """Add relmark_date to parsed text, in the business's time zone."""
    import ibis

    if options.time_zone is None:
        return parsed.mutate(relmark_date=parsed.relmark_day)
    midnight = sql_dialects.epoch_day(parsed.relmark_day) * datetime_parsing.SECONDS_PER_DAY
    local = midnight + parsed.relmark_seconds
    timed = parsed.mutate(relmark_local=local, relmark_utc=local)
    timed = sql_dialects.materialised_for_sqlite(
        datetime_parsing.to_utc(timed, "relmark_utc", options.source_time_zone or "UTC")
    )
    by_offset = timed.relmark_local - timed.relmark_offset
    timed = timed.mutate(
        relmark_utc=ibis.ifelse(timed.relmark_offset.isnull(), timed.relmark_utc, by_offset)
    )
    day = datetime_parsing.local_epoch_day(timed.relmark_utc, options.time_zone)
    timed = timed.mutate(relmark_local_date=sql_dialects.date_of_epoch_day(day))
    date = ibis.ifelse(timed.relmark_timed, timed.relmark_local_date, timed.relmark_day)
    return timed.mutate(relmark_date=date).drop(
        "relmark_local", "relmark_utc", "relmark_local_date"
    )

"""Ids and other text: trimmed, in Unicode's composed form (NFC), alike in every engine.

A whole number is one id however it is stored: ``17850``, ``"17850"`` and ``17850.0``. ``"007"`` is
another id than ``"7"``. Floats are exact below 2^53; larger ones are refused, since two ids may
have become one. Only a blank is missing: ``"NA"``, ``"null"`` and ``"None"`` are text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.errors import DataError
from relmark_research.tables import sql_dialects
from relmark_research.tables.values.columns import column

if TYPE_CHECKING:
    import ibis.expr.types as ir

EXACT_FLOATS = {"float16": 2.0**11, "float32": 2.0**24, "float64": 2.0**53}
"""Whole numbers below these are exact in a float of the type."""

_WHOLE = "^-?(0|[1-9][0-9]*)[.]0+$"
_TRAILING_ZEROS = "^(-?[0-9]+[.][0-9]*[1-9])0+$"
_ROUNDED = "^-?[0-9]+([.][0-9]+)?[eE][+][0-9]+$"  # a float in scientific notation: digits are lost


def identifier(table: ir.Table, name: str) -> ir.Value:
    """Return an id column as text, null where it is blank or not exact.

    Raises
    ------
    DataError
        Where the column holds neither text nor numbers.
    """
    raw = sql_dialects.as_stored(column(table, name))
    kind = raw.type()
    stored_as_number = sql_dialects.holds_number(raw) if kind.is_numeric() else None
    if stored_as_number is not None:
        number = raw.cast("string") if kind.is_integer() else _of_float(raw)
        return stored_as_number.ifelse(number, _of_text(raw.cast("string")))
    if kind.is_integer() or kind.is_uuid():
        return raw.cast("string")
    if kind.is_floating():
        return _of_float(raw)
    if kind.is_decimal():
        return _of_decimal(raw.cast("string"))
    if not (kind.is_string() or kind.is_unknown()):
        raise DataError(
            f"column {name!r} must hold ids, as text or numbers; found {kind}. Name another "
            "column, or convert this one to text."
        )
    if kind.is_string() and sql_dialects.engine_name(raw) == "duckdb":
        return needs_normalising(table, name).ifelse(_of_text(raw), raw)
    return _of_text(raw.cast("string"))


def needs_normalising(table: ir.Table, name: str) -> ir.BooleanValue:
    """Return which ids of a text column are missing or may be changed by `identifier`; fast."""
    raw = column(table, name)
    whole = raw.endswith("0").ifelse(raw.contains(".0"), False)
    of_number = (raw < ":").ifelse(whole | raw.contains("+"), False)  # begins with - or a digit
    return raw.isnull() | sql_dialects.needs_trimming(raw) | of_number


def is_changed(table: ir.Table, name: str) -> ir.BooleanValue:
    """Return which ids of a text column `identifier` changes in more than surrounding blanks."""
    raw = sql_dialects.trimmed(column(table, name))
    return (raw != identifier(table, name)).fill_null(False)


def is_inexact(table: ir.Table, name: str) -> ir.BooleanValue | None:
    """Return which ids are floats, or floats in text, that may stand for several ids.

    None where the column's type excludes it.
    """
    raw = sql_dialects.as_stored(column(table, name))
    if raw.type().is_floating():
        return ~((raw.abs() < _exact_limit(raw)) | _is_missing(raw))
    if not raw.type().is_string():
        return None
    return raw.contains("+").ifelse(sql_dialects.trimmed(raw).re_search(_ROUNDED), False)


def text(table: ir.Table, name: str) -> ir.Value:
    """Return a column as trimmed, composed text, null where it is blank; numbers as ids."""
    raw = column(table, name)
    kind = raw.type()
    if kind.is_boolean():
        return raw.ifelse("true", "false")
    if kind.is_date() or kind.is_timestamp():
        return raw.cast("date").cast("string")
    if not kind.is_string():
        return identifier(table, name)
    return composed_text(raw).nullif("")


def composed_text(raw: ir.Value) -> ir.Value:
    """Return text without surrounding white space, in Unicode's composed form (NFC)."""
    return sql_dialects.composed(sql_dialects.trimmed(raw))


def _of_text(raw: ir.Value) -> ir.Value:
    """Return text without the fraction of a whole float, null where blank or not exact."""
    import ibis

    text = sql_dialects.composed(sql_dialects.trimmed(raw, tested=True))
    exact = ibis.cases(
        (text.re_search("^-?0[.]0+$"), "0"),
        (text.re_search(_WHOLE), text.re_replace("[.]0+$", "")),
        (text.re_search(_ROUNDED), None),
        else_=text,
    )
    return exact.nullif("").cast("string")


def _of_decimal(text: ir.Value) -> ir.Value:
    import ibis

    return ibis.cases(
        (text.re_search(_WHOLE), text.re_replace("[.]0+$", "")),
        (text.re_search(_TRAILING_ZEROS), text.re_replace("0+$", "")),
        else_=text,
    ).cast("string")


def _of_float(raw: ir.Value) -> ir.Value:
    import ibis

    number = raw.cast("float64")
    exact = (number.abs() < _exact_limit(raw)) & ~_is_missing(raw)
    whole = ibis.ifelse(exact & (number == number.floor()), number, None)
    return ibis.cases(
        (whole.notnull(), whole.cast("int64").cast("string")), (exact, raw.cast("string")),
        else_=None,
    )  # fmt: skip


def _exact_limit(raw: ir.Value) -> float:
    return EXACT_FLOATS.get(str(raw.type()).removeprefix("!"), 2.0**53)


def _is_missing(number: ir.Value) -> ir.BooleanValue:
    return number.isnull() | sql_dialects.is_nan(number)

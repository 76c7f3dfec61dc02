"""Mapping of a source's columns to the log's: ids, numbers and dates, checked by name.

`value` and `cost` may be a column or an arithmetic expression of columns, such as
``"Quantity * UnitPrice"``.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.tables import datetime_parsing, sql_dialects
from relmark_research.tables.options import ReadOptions

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}

_PLAIN_NUMBER = "^[+-]?([0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})?$"
_GROUPED_NUMBER = "^[+-]?[0-9]{1,3}([%s][0-9]{3}){1,8}([%s][0-9]{0,30})?$"
_GROUP_SEPARATORS = {".": ",' ", ",": ".' "}  # thousands separators, by the decimal sign
_MISSING_IDS = ("", "nan", "null", "none")


def column(table: ir.Table, name: str) -> ir.Value:
    """Return the column of that name; an unknown name raises DataError with the closest match."""
    if name not in table.columns:
        raise DataError(unknown_name("column", name, source_columns(table)))
    return table[name]


def source_columns(table: ir.Table) -> list[str]:
    """Return the names of the source's columns, without those that reading adds."""
    return [name for name in table.columns if not name.startswith("relmark_")]


def needs_normalising(table: ir.Table, name: str) -> ir.BooleanValue:
    """Return which ids of a text column are missing or would be changed by `identifier`."""
    raw = column(table, name)
    short = (raw.length() <= max(map(len, _MISSING_IDS))).ifelse(
        raw.lower().isin(_MISSING_IDS), False
    )
    return raw.isnull() | sql_dialects.needs_trimming(raw) | short


def identifier(table: ir.Table, name: str) -> ir.Value:
    """Return an id column as trimmed text, null where blank: ``"007"`` stays ``"007"``."""
    raw = sql_dialects.as_stored(column(table, name))
    if raw.type().is_integer():
        return raw.cast("string")
    if raw.type().is_floating():  # an integer id with gaps arrives as 17850.0
        raw = (raw == raw.floor()).ifelse(raw.cast("int64").cast("string"), raw.cast("string"))
    text = sql_dialects.trimmed(raw.cast("string"))
    blank = text.lower().isin(_MISSING_IDS)
    return blank.ifelse(None, text).cast("string")


def number(table: ir.Table, expression: str, *, decimal: str = ".") -> ir.Value:
    """Return a column, or an arithmetic expression of columns, as float64; unparsable text is null.

    Parameters
    ----------
    expression
        A column's name, or ``+ - * /`` and parentheses over columns and numbers.
    decimal
        Decimal sign of numbers in text, ``"."`` or ``","``; the other one groups thousands.
    """
    if expression in table.columns:
        return _numeric(table[expression], decimal)
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise DataError(unknown_name("column", expression, source_columns(table))) from None
    return _evaluate(tree, table, decimal).cast("float64")


def columns_used(table: ir.Table, expression: str) -> list[str]:
    """Return the columns that an expression uses, in the table's order."""
    if expression in table.columns:
        return [expression]
    names = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    return [name for name in table.columns if name in names]


def _evaluate(node: ast.expr, table: ir.Table, decimal: str) -> Any:
    if isinstance(node, ast.Name):
        return _numeric(column(table, node.id), decimal)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left = _evaluate(node.left, table, decimal)
        return _OPERATORS[type(node.op)](left, _evaluate(node.right, table, decimal))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_evaluate(node.operand, table, decimal))
    raise ParameterError(
        "an expression may contain columns, numbers, + - * / and parentheses; found "
        f"{ast.unparse(node)!r}. Compute anything else in the source and name its column."
    )


def _numeric(raw: ir.Value, decimal: str) -> ir.Value:
    if raw.type().is_string():
        return _parse_number(raw, decimal)
    if not raw.type().is_numeric():
        raise DataError(
            f"column {raw.get_name()!r} must hold numbers; found {raw.type()}. "
            "Name another column, or convert this one to numbers or text."
        )
    value, stored_as_number = raw.cast("float64"), sql_dialects.holds_number(raw)
    if stored_as_number is None:
        return value
    return stored_as_number.ifelse(value, _parse_number(raw.cast("string"), decimal))


def _parse_number(raw: ir.Value, decimal: str) -> ir.Value:
    """Parse text as a number; a thousands separator is accepted between groups of three digits."""
    text = sql_dialects.trimmed(raw)
    spaced = text.replace("\u00a0", " ").replace("\u202f", " ")
    separators = _GROUP_SEPARATORS[decimal]
    joined = functools.reduce(lambda left, sign: left.replace(sign, ""), separators, spaced)
    grouped = spaced.re_search(_GROUPED_NUMBER % (separators, decimal)).ifelse(
        joined.replace(",", "."), None
    )
    if decimal == ",":
        text = text.replace(".", "?").replace(",", ".")  # here a point is not a decimal sign
    plain = text.re_search(_PLAIN_NUMBER).ifelse(text, None)
    return plain.fill_null(grouped).cast("float64")


def with_date(table: ir.Table, name: str, options: ReadOptions) -> ir.Table:
    """Return the table with ``relmark_date``, the calendar date of a column (null: unparsable).

    Text is parsed by the options' date_format, otherwise as ISO 8601. Timestamps are converted to
    the options' time_zone before the date is taken. Without one the date is the written one, or the
    UTC date of a timestamp stored with a time zone. A date without a time of day is not converted.
    """
    raw = sql_dialects.as_stored(column(table, name))
    if raw.type().is_string():
        parsed = datetime_parsing.parse(table, raw, options.date_format)
        local = _in_time_zone(sql_dialects.materialised_for_sqlite(parsed), options)
        return local.drop(*datetime_parsing.PARSED_COLUMNS)
    if not (raw.type().is_date() or raw.type().is_timestamp()):
        raise DataError(
            f"column {name!r} must hold dates; found {raw.type()}. Convert it to dates, or to text "
            "with a date_format such as '%Y%m%d'."
        )
    if options.time_zone is None or raw.type().is_date():
        return table.mutate(relmark_date=raw.cast("date"))
    timed = table.mutate(relmark_utc=raw.epoch_seconds().cast("int64"))
    if raw.type().timezone is None and options.source_time_zone is not None:
        timed = datetime_parsing.to_utc(timed, "relmark_utc", options.source_time_zone)
    day = datetime_parsing.local_epoch_day(timed.relmark_utc, options.time_zone)
    return timed.mutate(relmark_date=sql_dialects.date_of_epoch_day(day)).drop("relmark_utc")


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

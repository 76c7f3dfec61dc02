"""From a source's own columns to ours: names checked, arithmetic allowed, text parsed by rule.

`value` and `cost` may be a column or an expression of columns such as ``"Quantity * UnitPrice"``.
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

_PLAIN = "^[+-]?([0-9]{1,30}[.]?[0-9]{0,30}|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})?$"
_GROUPED = "^[+-]?[0-9]{1,3}([%s][0-9]{3}){1,8}([%s][0-9]{0,30})?$"
_GROUP_SIGNS = {".": ",' ", ",": ".' "}  # what groups thousands, by the decimal sign


def column(table: ir.Table, name: str) -> ir.Value:
    """Return the column of that name, or say which columns there are and which is nearest."""
    if name not in table.columns:
        raise DataError(unknown_name("column", name, own_columns(table)))
    return table[name]


def own_columns(table: ir.Table) -> list[str]:
    """Return the source's columns, without ours."""
    return [name for name in table.columns if not name.startswith("relmark_")]


_NO_ID = ("", "nan", "null", "none")


def untidy_id(table: ir.Table, name: str) -> ir.BooleanValue:
    """Tell which ids of a text column are missing, or are not yet as `identifier` gives them."""
    raw = column(table, name)
    short = (raw.length() <= max(map(len, _NO_ID))).ifelse(raw.lower().isin(_NO_ID), False)
    return raw.isnull() | sql_dialects.needs_trimming(raw) | short


def identifier(table: ir.Table, name: str) -> ir.Value:
    """Return an id column as trimmed text, null where it is blank: ``"007"`` stays ``"007"``."""
    raw = sql_dialects.as_stored(column(table, name))
    if raw.type().is_integer():
        return raw.cast("string")
    if raw.type().is_floating():  # an integer id with gaps arrives as 17850.0
        raw = (raw == raw.floor()).ifelse(raw.cast("int64").cast("string"), raw.cast("string"))
    text = sql_dialects.trimmed(raw.cast("string"))
    blank = text.lower().isin(_NO_ID)
    return blank.ifelse(None, text).cast("string")


def number(table: ir.Table, expression: str, *, decimal: str = ".") -> ir.Value:
    """Return a column, or an arithmetic expression of columns, as float64 (null: unparsable).

    Parameters
    ----------
    expression
        A column's name, or ``+ - * /`` and parentheses over columns and numbers.
    decimal
        ``"."`` or ``","``: what text uses for decimals; the other one groups thousands.
    """
    if expression in table.columns:
        return _numeric(table[expression], decimal)
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise DataError(unknown_name("column", expression, own_columns(table))) from None
    return _evaluate(tree, table, decimal).cast("float64")


def columns_used(table: ir.Table, expression: str) -> list[str]:
    """Return the columns that an expression reads, in the table's order."""
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
        "an expression may hold columns, numbers, + - * / and parentheses; found "
        f"{ast.unparse(node)!r}. Compute anything else in the source and name its column."
    )


def _numeric(raw: ir.Value, decimal: str) -> ir.Value:
    if raw.type().is_string():
        return _read_number(raw, decimal)
    if not raw.type().is_numeric():
        raise DataError(
            f"column {raw.get_name()!r} must hold numbers; found {raw.type()}. "
            "Name another column, or give the numbers as numbers or text."
        )
    value, genuine = raw.cast("float64"), sql_dialects.holds_number(raw)
    if genuine is None:
        return value
    return genuine.ifelse(value, _read_number(raw.cast("string"), decimal))


def _read_number(raw: ir.Value, decimal: str) -> ir.Value:
    """Read text as a number; thousands count as grouped only where each group has three digits."""
    text = sql_dialects.trimmed(raw)
    spaced = text.replace("\u00a0", " ").replace("\u202f", " ")
    signs = _GROUP_SIGNS[decimal]
    joined = functools.reduce(lambda left, sign: left.replace(sign, ""), signs, spaced)
    grouped = spaced.re_search(_GROUPED % (signs, decimal)).ifelse(joined.replace(",", "."), None)
    if decimal == ",":
        text = text.replace(".", "?").replace(",", ".")  # a point is no decimal sign here
    plain = text.re_search(_PLAIN).ifelse(text, None)
    return plain.fill_null(grouped).cast("float64")


def with_day(table: ir.Table, name: str, options: ReadOptions) -> ir.Table:
    """Return the table with ``relmark_date``, a column's calendar days (null: unparsable).

    Text is read by the options' date_format, else as ISO dates and times. Moments are moved to the
    options' time_zone before days are cut; without one, days stay as written (those of UTC for
    moments that the source stores with a zone). A date without a time of day is never moved.
    """
    raw = sql_dialects.as_stored(column(table, name))
    if raw.type().is_string():
        read = datetime_parsing.read(table, raw, options.date_format)
        return _moved(sql_dialects.materialised_for_sqlite(read), options).drop(*datetime_parsing.READ)
    if not (raw.type().is_date() or raw.type().is_timestamp()):
        raise DataError(
            f"column {name!r} must hold dates; found {raw.type()}. Give text with a date_format, "
            "such as '%Y%m%d', or dates."
        )
    if options.time_zone is None or raw.type().is_date():
        return table.mutate(relmark_date=raw.cast("date"))
    timed = table.mutate(relmark_utc=raw.epoch_seconds().cast("int64"))
    if raw.type().timezone is None and options.source_time_zone is not None:
        timed = datetime_parsing.to_utc(timed, "relmark_utc", options.source_time_zone)
    day = datetime_parsing.local_day_number(timed.relmark_utc, options.time_zone)
    return timed.mutate(relmark_date=sql_dialects.date_of_epoch_day(day)).drop("relmark_utc")


def _moved(read: ir.Table, options: ReadOptions) -> ir.Table:
    """Add relmark_date to text that was read, in the business's time zone."""
    import ibis

    if options.time_zone is None:
        return read.mutate(relmark_date=read.relmark_day)
    local = sql_dialects.epoch_day(read.relmark_day) * datetime_parsing.DAY + read.relmark_seconds
    timed = read.mutate(relmark_local=local, relmark_utc=local)
    timed = sql_dialects.materialised_for_sqlite(
        datetime_parsing.to_utc(timed, "relmark_utc", options.source_time_zone or "UTC")
    )
    said = timed.relmark_local - timed.relmark_offset
    timed = timed.mutate(
        relmark_utc=ibis.ifelse(timed.relmark_offset.isnull(), timed.relmark_utc, said)
    )
    day = datetime_parsing.local_day_number(timed.relmark_utc, options.time_zone)
    timed = timed.mutate(relmark_moved=sql_dialects.date_of_epoch_day(day))
    date = ibis.ifelse(timed.relmark_timed, timed.relmark_moved, timed.relmark_day)
    return timed.mutate(relmark_date=date).drop("relmark_local", "relmark_utc", "relmark_moved")

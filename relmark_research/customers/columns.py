"""From a source's own columns to ours: names checked, arithmetic allowed, text parsed by rule.

`value` and `cost` may be a column or an expression of columns such as ``"Quantity * UnitPrice"``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from relmark_research.errors import DataError, ParameterError, unknown_name

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


def column(table: ir.Table, name: str) -> ir.Value:
    """Return the column of that name, or say which columns there are and which is nearest."""
    if name not in table.columns:
        raise DataError(unknown_name("column", name, table.columns))
    return table[name]


def identifier(table: ir.Table, name: str) -> ir.Value:
    """Return an id column as trimmed text, null where it is blank: ``"007"`` stays ``"007"``."""
    raw = column(table, name)
    if raw.type().is_floating():  # an integer id with gaps arrives as 17850.0
        raw = (raw == raw.floor()).ifelse(raw.cast("int64").cast("string"), raw.cast("string"))
    text = raw.cast("string").strip()
    blank = text.lower().isin(["", "nan", "null", "none"])
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
        raise DataError(unknown_name("column", expression, table.columns)) from None
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
    if not raw.type().is_string():
        value = raw.cast("float64")
        return value.isnan().ifelse(None, value)
    text = raw.strip()
    if decimal == ",":
        text = text.replace(".", "").replace(" ", "").replace(",", ".")
    value = text.try_cast("float64")
    return (value.isnan() | value.isinf()).ifelse(None, value)


def day(
    table: ir.Table,
    name: str,
    *,
    date_format: str | None = None,
    time_zone: str | None = None,
    source_time_zone: str | None = None,
) -> ir.Value:
    """Return a column as calendar days (null: unparsable).

    Parameters
    ----------
    date_format
        strptime codes such as ``"%d.%m.%Y"``; None reads ISO dates and times.
    time_zone
        The business's zone: moments are moved to it before days are cut. None keeps the days as
        written. A date without a time of day is never moved.
    source_time_zone
        The zone of moments that carry no offset; UTC where none is named.
    """
    raw = column(table, name)
    if raw.type().is_numeric():
        raise DataError(
            f"column {name!r} must hold dates; found {raw.type()}. Give text with a date_format, "
            "such as '%Y%m%d', or dates."
        )
    text = raw.strip() if raw.type().is_string() else None
    if text is not None:
        raw = _parsed(text, date_format)
    if time_zone is None or raw.type().is_date():
        return raw.cast("date")
    if text is not None and date_format is None and source_time_zone is None:
        raw = text.try_cast("timestamp('UTC')")
    moved = _in_zone(raw, source_time_zone or "UTC", time_zone).cast("date")
    return moved if text is None else (text.length() <= 10).ifelse(raw.cast("date"), moved)


def _parsed(text: ir.Value, date_format: str | None) -> ir.Value:
    if date_format is not None:
        return _try_strptime()(text, date_format)
    return text.try_cast("timestamp")


def _in_zone(moment: ir.Value, source_zone: str, zone: str) -> ir.Value:
    at_zone, from_zone = _zone_functions()
    if moment.type().timezone is None:
        moment = from_zone(source_zone, moment.cast("timestamp"))
    return at_zone(zone, moment.cast("timestamp('UTC')"))


def _try_strptime() -> Any:
    import ibis

    @ibis.udf.scalar.builtin(signature=(("string", "string"), "timestamp"))
    def try_strptime(text, pattern): ...  # type: ignore[no-untyped-def]

    return try_strptime


def _zone_functions() -> tuple[Any, Any]:
    import ibis

    @ibis.udf.scalar.builtin(
        name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp")
    )
    def at_zone(zone, moment): ...  # type: ignore[no-untyped-def]

    @ibis.udf.scalar.builtin(
        name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')")
    )
    def from_zone(zone, moment): ...  # type: ignore[no-untyped-def]

    return at_zone, from_zone

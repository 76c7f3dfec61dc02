"""Arithmetic expressions of columns, such as ``"Quantity * `Unit Price`"``."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from relmark_research.errors import DataError, ParameterError, column_names_text, unknown_name
from relmark_research.tables.values import columns
from relmark_research.tables.values.numbers import NumberFormat, numeric

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_ALLOWED = (
    "An expression may contain columns, numbers, + - * / and parentheses; names with spaces, signs "
    "or words of Python stand in backticks, as in 'Quantity * `Unit Price`'."
)


def number(
    table: ir.Table, expression: str, formats: Mapping[str, NumberFormat] | None = None
) -> ir.Value:
    """Return a column, or an arithmetic expression of columns, as float64; unparsable text is null.

    Parameters
    ----------
    expression
        A column's name, or ``+ - * /`` and parentheses over columns and numbers; names in
        backticks or quotes may contain spaces and signs.
    formats
        The formats of columns of text, by `numbers.number_formats`.

    Raises
    ------
    DataError
        Where a column is unknown, or holds no numbers.
    ParameterError
        Where the expression contains anything else, or no column.
    """
    formats = {} if formats is None else formats
    if _is_column(table, expression):
        return numeric(table[expression], formats)
    syntax = _parse(table, expression)
    value = _Evaluation(table, syntax, formats).of(syntax.tree)
    return value.cast("float64")


def columns_used(table: ir.Table, expression: str) -> list[str]:
    """Return the columns that an expression uses, in the table's order."""
    if _is_column(table, expression):
        return [expression]
    names = _parse(table, expression).names()
    return [name for name in table.columns if name in names]


class _Evaluation:
    """The evaluation of a syntax tree over a table."""

    def __init__(
        self, table: ir.Table, syntax: columns.Syntax, formats: Mapping[str, NumberFormat]
    ) -> None:
        self._table, self._syntax, self._formats = table, syntax, formats

    def of(self, node: ast.AST) -> Any:
        """Return the value of a part: a column, or a number of Python."""
        if isinstance(node, ast.Name):
            return numeric(columns.column(self._table, self._syntax.name_of(node)), self._formats)
        if isinstance(node, ast.Constant) and (constant := _as_float(node.value)) is not None:
            return constant
        if isinstance(node, ast.BinOp):
            left, right = self.of(node.left), self.of(node.right)
            if isinstance(node.op, ast.Div):
                return self._ratio(left, right, node)
            if type(node.op) in _OPERATORS:
                return self._finite(_OPERATORS[type(node.op)](left, right), node)
        if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](self.of(node.operand))
        raise self._refused(node)

    def _ratio(self, left: Any, right: Any, node: ast.AST) -> Any:
        """Divide; a row whose divisor is 0 has no value, in every engine."""
        if not isinstance(right, float):
            return left / right.nullif(0.0)
        if right == 0:
            raise ParameterError(f"{self._syntax.written(node)!r} divides by 0.")
        return self._finite(left / right, node)

    def _finite(self, value: Any, node: ast.AST) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refused(node)
        return value

    def _refused(self, node: ast.AST) -> ParameterError:
        return ParameterError(
            f"{_ALLOWED} Found {self._syntax.written(node)!r}. Compute anything else in the source "
            "and name its column."
        )


def _is_column(table: ir.Table, expression: str) -> bool:
    if not isinstance(expression, str):
        raise ParameterError(
            f"a column is expected, or an expression of columns; found {expression!r} "
            f"({type(expression).__name__}). {_no_money()}"
        )
    return expression in table.columns


def _parse(table: ir.Table, expression: str) -> columns.Syntax:
    syntax = columns.parse(expression, quotes_are_names=True)
    known = columns.source_columns(table)
    if syntax is None:
        if len(expression) > 60 or any(sign in expression for sign in "`\"'*/+()"):
            shown = expression if len(expression) <= 60 else f"{expression[:57]}..."
            raise ParameterError(f"{_ALLOWED} Found {shown!r}.")
        raise DataError(unknown_name("column", expression, known) + f" {_ALLOWED}")
    if not syntax.names():
        raise ParameterError(
            f"a column is expected, or an expression of columns; found {expression!r}, which names "
            f"none. The columns are: {column_names_text(known)}. {_no_money()}"
        )
    return syntax


def _no_money() -> str:
    return "For a log without money: value=None."


def _as_float(value: object) -> float | None:
    """Return a number that was written; None for anything else, and for numbers beyond use."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= 1e100:
        return None
    return float(value)

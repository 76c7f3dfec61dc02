"""The exclude filter of `ReadOptions`: comparisons of columns, compiled to an Ibis condition."""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from relmark_research.errors import ParameterError
from relmark_research.tables import sql_dialects
from relmark_research.tables.column_mapping import column

if TYPE_CHECKING:
    import ibis.expr.types as ir

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda values, choices: values.isin(choices),
    ast.NotIn: lambda values, choices: values.notin(choices),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "startswith": lambda values, text: values.cast("string").startswith(text),
    "endswith": lambda values, text: values.cast("string").endswith(text),
    "contains": lambda values, text: values.cast("string").contains(text),
    "blank": lambda values: (sql_dialects.trimmed(values.cast("string")) == "").fill_null(True),
}


def filter_condition(table: ir.Table, expression: str) -> ir.BooleanValue:
    """Return the condition of an exclude filter; a missing value meets none but ``blank``.

    Parameters
    ----------
    expression
        Comparisons of columns with values (``== != < <= > >= in not in``), ``and or not``, and the
        functions ``startswith(column, 'x')``, ``endswith``, ``contains`` and ``blank(column)``;
        such as ``"endswith(Email, '@example.com') or Country in ('Testland',)"``.

    Raises
    ------
    ParameterError
        Where the expression contains anything else.
    DataError
        Where it names an unknown column.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        raise _invalid_filter(expression) from None
    return _condition(tree, table).fill_null(False)


def _condition(node: ast.expr, table: ir.Table) -> Any:
    """Return the boolean column of a part of a filter."""
    if isinstance(node, ast.BoolOp):
        join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        return functools.reduce(join, (_condition(part, table) for part in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_condition(node.operand, table)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS and len(node.ops) == 1:
        left, right = (_operand(side, table) for side in (node.left, node.comparators[0]))
        return _COMPARISONS[type(node.ops[0])](left, right).fill_null(False)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        function, expected = _FUNCTIONS.get(node.func.id), 1 + (node.func.id != "blank")
        if function and len(node.args) == expected:
            values, *texts = (_operand(argument, table) for argument in node.args)
            return function(values, *texts).fill_null(False)
    raise _invalid_filter(ast.unparse(node))


def _operand(node: ast.expr, table: ir.Table) -> Any:
    if isinstance(node, ast.Name):
        return column(table, node.id)
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise _invalid_filter(ast.unparse(node)) from None
    return list(value) if isinstance(value, tuple | set) else value


def _invalid_filter(part: str) -> ParameterError:
    return ParameterError(
        "a filter compares columns with values, as in \"Country == 'Testland' or "
        f"endswith(Email, '@example.com')\"; found {part!r}. Available functions: "
        f"{', '.join(_FUNCTIONS)}. Rename columns whose names contain spaces."
    )

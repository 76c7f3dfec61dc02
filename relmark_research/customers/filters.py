"""Which rows to leave out, said in a sentence about columns that every engine can carry out.

Comparisons (``== != < <= > >= in not in``), ``and or not``, and ``startswith(column, 'x')``,
``endswith``, ``contains``, ``blank(column)``: nothing else is obeyed.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from relmark_research.customers import engines
from relmark_research.customers.columns import column
from relmark_research.errors import ParameterError

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
_TESTS: dict[str, Callable[..., Any]] = {
    "startswith": lambda values, text: values.cast("string").startswith(text),
    "endswith": lambda values, text: values.cast("string").endswith(text),
    "contains": lambda values, text: values.cast("string").contains(text),
    "blank": lambda values: (engines.stripped(values.cast("string")) == "").fill_null(True),
}


def condition(table: ir.Table, sentence: str) -> ir.BooleanValue:
    """Return the condition that a sentence says of a row; a missing value meets none but blank.

    Parameters
    ----------
    sentence
        Such as ``"endswith(Email, '@example.com') or Country in ('Testland',)"``.

    Raises
    ------
    ParameterError
        Where the sentence is not understood.
    DataError
        Where it names a column that is not there.
    """
    try:
        tree = ast.parse(sentence.strip(), mode="eval").body
    except SyntaxError:
        raise _not_understood(sentence) from None
    return _truth(tree, table).fill_null(False)


def _truth(node: ast.expr, table: ir.Table) -> Any:
    if isinstance(node, ast.BoolOp):
        join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        return functools.reduce(join, (_truth(part, table) for part in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_truth(node.operand, table)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS and len(node.ops) == 1:
        left, right = (_operand(side, table) for side in (node.left, node.comparators[0]))
        return _COMPARISONS[type(node.ops[0])](left, right).fill_null(False)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TESTS:
        values, *texts = (_operand(argument, table) for argument in node.args)
        if not node.keywords and len(texts) == (node.func.id != "blank"):
            return _TESTS[node.func.id](values, *texts).fill_null(False)
    raise _not_understood(ast.unparse(node))


def _operand(node: ast.expr, table: ir.Table) -> Any:
    if isinstance(node, ast.Name):
        return column(table, node.id)
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise _not_understood(ast.unparse(node)) from None
    return list(value) if isinstance(value, tuple | set) else value


def _not_understood(part: str) -> ParameterError:
    return ParameterError(
        "a filter compares columns with values, as in \"Country == 'Testland' or "
        f"endswith(Email, '@example.com')\"; not understood: {part!r}. Known tests: "
        f"{', '.join(_TESTS)}; names with spaces need a column without them."
    )

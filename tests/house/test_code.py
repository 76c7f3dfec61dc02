"""The size of functions; files have no limit, since nothing is cut in two for its length."""

import ast
from collections.abc import Iterator

from tests.house.layout import MODULES, tree

LINES, PARAMETERS = 40, 8  # of a function
DESIGNED = {"clv.forecasting.forecast_total.forecast_total"}  # the design writes out its nine


def _functions(name: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines(function: ast.FunctionDef) -> int:
    """Return the lines of a function below its signature and docstring."""
    has_doc = ast.get_docstring(function) and len(function.body) > 1
    return function.end_lineno - function.body[1 if has_doc else 0].lineno + 1


def _parameters(function: ast.FunctionDef) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return [each.arg for each in every if each.arg not in ("self", "cls")]


def _is_command(function: ast.FunctionDef) -> bool:
    """Return whether it is a command of typer, whose options are its parameters."""
    return any(ast.unparse(each).startswith("app.command") for each in function.decorator_list)


def test_functions_are_short():
    every = [(name, function) for name in MODULES for function in _functions(name)]
    assert len(every) > 1000
    assert [f"{name}.{f.name}: {_lines(f)}" for name, f in every if _lines(f) > LINES] == []


def test_functions_have_few_parameters():
    every = [(name, function) for name in MODULES for function in _functions(name)]
    many = [(name, f) for name, f in every if len(_parameters(f)) > PARAMETERS]
    found = {f"{name}.{f.name}" for name, f in many if not _is_command(f)}
    assert found == DESIGNED

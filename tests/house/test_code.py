"""The size of functions; files have no limit, since nothing is cut in two for its length."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.layout import MODULES

LINES, PARAMETERS = 40, 8  # of a function


def _functions(name: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
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


@pytest.mark.parametrize("name", MODULES)
def test_functions_are_short(name: str):
    assert [f"{f.name}: {_lines(f)}" for f in _functions(name) if _lines(f) > LINES] == []


@pytest.mark.parametrize("name", MODULES)
def test_functions_have_few_parameters(name: str):
    many = [f for f in _functions(name) if len(_parameters(f)) > PARAMETERS]
    assert [f.name for f in many if not _is_command(f)] == []

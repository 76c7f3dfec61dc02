"""No code outside the models asks for the class of a model, or for a parameter by its letter."""

import ast

import pytest

from relmark_research.clv import MODELS
from tests.house.layout import MODULES

OURS = {name for name, model in MODELS.items() if model.__module__.startswith("relmark_research")}
LETTERS = {parameter for name in OURS for parameter in MODELS[name].names()}
OUTSIDE = [name for name in MODULES if not name.startswith(("clv.families.", "clv.interop."))]


def _tree(name):
    return ast.parse(MODULES[name].read_text())


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_class_of_a_model_is_asked_for(name):
    asked = []
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            kinds = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
            asked += [ast.unparse(node)] if kinds & OURS else []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
            named = any(isinstance(p, ast.Attribute) and p.attr == "__name__" for p in parts)
            texts = {p.value for p in parts if isinstance(p, ast.Constant)}
            asked += [ast.unparse(node)] if named or texts & OURS else []
    assert asked == []


@pytest.mark.parametrize("name", [n for n in OUTSIDE if n.startswith(("clv.", "economics.next"))])
def test_no_parameter_is_asked_for_by_its_letter(name):
    asked = []
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
            asked += [ast.unparse(node)] if node.left.value in LETTERS else []
        if isinstance(node, ast.Attribute) and node.attr in LETTERS:
            asked += [ast.unparse(node)] if "model" in ast.unparse(node.value) else []
    assert asked == []

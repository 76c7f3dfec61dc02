"""No module, function, class, parameter or field has a name that was retired with version 0.1."""

import ast

import pytest
import yaml

from tests.house.layout import MODULES, ROOT

RETIRED = yaml.safe_load((ROOT / "tests" / "house" / "retired.yml").read_text())
NAMES = set(RETIRED["names"].split())
KEPT = RETIRED["kept"]  # module -> names that have a reason


def _defined(tree: ast.AST) -> set[str]:
    """Return the names of functions, classes, parameters and annotated fields."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_no_retired_name_is_defined(name: str):
    found = _defined(ast.parse(MODULES[name].read_text()))
    allowed = set(KEPT.get(name, "").split())
    assert {each for each in found if each.strip("_") in NAMES} - allowed == set()


def test_no_module_has_a_retired_name():
    retired = set(RETIRED["modules"].split())
    assert [name for name in MODULES if name.rsplit(".", 1)[-1] in retired] == []


def test_the_test_sees_a_retired_name():
    tree = ast.parse("class A:\n    loose: int\n\ndef told(beside, *, gone): ...")
    assert _defined(tree) & NAMES == {"loose", "told", "beside", "gone"}

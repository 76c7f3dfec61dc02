"""No module, function, class, parameter or field has a name that was retired with version 0.1."""

import ast

import yaml

from tests.house.layout import MODULES, ROOT, tree

RETIRED = yaml.safe_load((ROOT / "tests" / "house" / "retired.yml").read_text())
NAMES = set(RETIRED["names"].split())
KEPT = RETIRED["kept"]  # module -> names that have a reason


def _defined(source: ast.AST) -> set[str]:
    """Return the names of functions, classes, parameters and annotated fields."""
    found = set()
    for node in ast.walk(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_no_retired_name_is_defined():
    found = {}
    for name in MODULES:
        retired = {each for each in _defined(tree(name)) if each.strip("_") in NAMES}
        found[name] = sorted(retired - set(KEPT.get(name, "").split()))
    assert {name: retired for name, retired in found.items() if retired} == {}


def test_no_module_has_a_retired_name():
    retired = set(RETIRED["modules"].split())
    assert [name for name in MODULES if name.rsplit(".", 1)[-1] in retired] == []


def test_the_test_sees_a_retired_name():
    source = ast.parse("class A:\n    loose: int\n\ndef told(beside, *, gone): ...")
    assert _defined(source) & NAMES == {"loose", "told", "beside", "gone"}

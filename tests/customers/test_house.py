"""The modules of the folder know each other in one direction, lazy imports included."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import relmark_research.customers

FOLDER = Path(relmark_research.customers.__file__).parent
PREFIX = "relmark_research.customers"


def known_to(path: Path) -> set[str]:
    """The modules of the folder that one of them imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(PREFIX):
            continue
        inside = node.module.removeprefix(PREFIX).removeprefix(".")
        found |= {inside} if inside else {alias.name for alias in node.names}
    return found


def test_no_module_is_known_to_one_that_it_knows():
    modules = {path.stem: known_to(path) for path in FOLDER.glob("*.py")}
    assert "sources" in modules["transactions"] and "bundled" in modules["sources"]
    assert list(TopologicalSorter(modules).static_order())  # a circle raises CycleError

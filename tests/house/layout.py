"""The package as a graph: modules, the folders they lie in, and who imports whom.

Imports are read from the source, wherever they stand: at the top, below TYPE_CHECKING, or inside a
function.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "relmark_research"
NAME = PACKAGE.name


def module_name(path: Path) -> str:
    """Return the dotted name of a file, below the package: ``clv.families.bg_nbd``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(name: str) -> ast.Module:
    """Return the syntax tree of a module, parsed once."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def imported(name: str) -> set[str]:
    """Return the modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in _statements(tree(name)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    ours = {name.removeprefix(f"{NAME}.") for name in found if name.startswith(f"{NAME}.")}
    return {name for name in ours if name in MODULES}


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Return all statements below a node, without their expressions, which import nothing."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from _statements(child)


IMPORTS = {name: imported(name) - {name} for name in MODULES}


def importers() -> dict[str, set[str]]:
    """Return for each module the modules that import it."""
    found = defaultdict(set)
    for name, used in IMPORTS.items():
        for each in used:
            found[each].add(name)
    return found


def circles() -> list[list[str]]:
    """Return the strongly connected sets of more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(IMPORTS[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            part = []
            while not part or part[-1] != name:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for name in IMPORTS:
        if name not in index:
            visit(name)
    return found

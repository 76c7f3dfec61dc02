"""No report notebook says anything without a claim: what it passes is followed to its source.

`story.answer`, `story.finding` and `story.say` get calls of functions that are annotated as
returning claims, `Claim(...)` or `method(...)`, or names, lists, sums and conditions of these.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.layout import MODULES, NAME, ROOT, tree

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
SAID = {"answer", "finding", "say"}
NOT_YET: set[str] = set()  # notebooks that still pass bare text: none
_CLAIMS = re.compile(r"(?:(?:list|tuple|Sequence|Iterator|Iterable)\[)*(?:evidence\.)?Claim\b")


@cache
def returned_types() -> dict[str, set[str]]:
    """Return the annotations of what the package's functions and methods of each name return."""
    found: dict[str, set[str]] = {"Claim": {"Claim"}}
    for name in MODULES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef):
                returns = ast.unparse(node.returns) if node.returns else ""
                found.setdefault(node.name, set()).add(returns)
                found.setdefault(f"{name}.{node.name}", set()).add(returns)
    return found


def returns_claims(name: str) -> bool:
    """Return whether all functions of a name return claims, or mappings of names to claims."""
    types = returned_types().get(name, set())
    return bool(types) and all(_CLAIMS.match(each) for each in types)


class Cells:
    """The code of a notebook, and where the values of its names come from."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.modules: dict[str, str] = {}
        self.values: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.tree):
            self._note(node)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                path = f"{node.module}.{alias.name}".removeprefix(f"{NAME}.")
                self.modules[alias.asname or alias.name] = path
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._assign(node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            self._assign(node.target, node.iter)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.values.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for name, each in zip(target.elts, value.elts, strict=True):
                self._assign(name, each)
        elif isinstance(target, ast.Tuple):
            for name, each in zip(target.elts, _parts(value, len(target.elts)), strict=True):
                self._assign(name, each)

    def said(self) -> Iterator[ast.Call]:
        """Yield the calls that say something."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id == "story" and node.func.attr in SAID:
                    yield node

    def is_claim(self, value: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Return whether an expression can only be a claim, or a list of claims."""
        if isinstance(value, ast.Constant):
            return value.value is None  # what is not there is not said
        if isinstance(value, ast.IfExp):
            return self.is_claim(value.body, seen) and self.is_claim(value.orelse, seen)
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            return self.is_claim(value.left, seen) and self.is_claim(value.right, seen)
        if isinstance(value, ast.List | ast.Tuple):
            return all(self.is_claim(each, seen) for each in value.elts)
        if isinstance(value, ast.Starred | ast.Subscript):
            return self.is_claim(value.value, seen)
        if isinstance(value, ast.ListComp | ast.GeneratorExp):
            return self.is_claim(value.elt, seen)
        if isinstance(value, ast.Call):
            return self._calls_for_claims(value.func)
        if isinstance(value, ast.Name):
            sources = self.values.get(value.id, [])
            if value.id in seen:  # added to itself
                return True
            return bool(sources) and all(self.is_claim(s, seen | {value.id}) for s in sources)
        return False

    def _calls_for_claims(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            return returns_claims(self.modules.get(function.id, function.id)) or (
                function.id in ("Claim", "method")
            )
        if not isinstance(function, ast.Attribute):
            return False
        owner = function.value
        if isinstance(owner, ast.Name) and owner.id in self.modules:
            full = f"{self.modules[owner.id]}.{function.attr}"
            if full in returned_types():
                return returns_claims(full)
        return returns_claims(function.attr)


def _parts(value: ast.expr, n: int) -> list[ast.expr]:
    """Return where the n names of a loop or a result come from."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        if value.func.id == "enumerate" and n == 2:
            return [ast.Constant(0), value.args[0]]
        if value.func.id == "zip" and n == len(value.args):
            return value.args
    return [value] * n


def cells(path: Path) -> Cells:
    content = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in content if cell["cell_type"] == "code"]
    return Cells("\n".join(code))


def bare(found: Cells) -> list[str]:
    """Return the calls that say bare text."""
    return [ast.unparse(call) for call in found.said() if not found.is_claim(call.args[0])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_only_claims(path: Path) -> None:
    found = bare(cells(path))
    if path.stem in NOT_YET:
        assert found, f"{path.stem} passes claims only: remove it from NOT_YET"
    else:
        assert found == []


def test_every_notebook_says_something() -> None:
    assert all(list(cells(path).said()) for path in NOTEBOOKS)


IMPORT = "from relmark_research.narrative.value import report_03\n"


@pytest.mark.parametrize(
    "code",
    [
        "story.say('Sales rose')",
        "story.say(f'Sales rose by {x}')",
        "said = 'a' + 'b'\nstory.answer(said)",
        "said = report_03.record_claim(t)\nsaid = 'bare'\nstory.say(said)",
        "story.finding(report_03.total_text(t, form))",  # returns text
        "story.say(report_03.record_claim(t).text)",  # its text alone
        "for step in ['a', 'b']:\n    story.say(step)",
        "story.say([report_03.record_claim(t), 'bare'])",
        "story.say(unknown)",
        "story.say(str(report_03.record_claim(t)))",
    ],
)
def test_bare_text_is_found(code: str) -> None:
    assert len(bare(Cells(IMPORT + code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "story.say(report_03.record_claim(t))",
        "said = [report_03.record_claim(t)]\nsaid += report_03.backtest_paragraph(t, f)\n"
        "story.answer(said)",
        "for note in report_03.truncation_note(found) if found else []:\n    story.say(note)",
        "from relmark_research.evidence import method\nstory.say(method('How it was done.'))",
        "a, b = report_03.record_claim(t), 5\nstory.say(a)",
        "for n, step in enumerate([report_03.record_claim(t)], start=1):\n    story.say(step)",
    ],
)
def test_claims_pass(code: str) -> None:
    assert bare(Cells(IMPORT + code)) == []

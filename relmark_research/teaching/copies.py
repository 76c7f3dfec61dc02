"""Lessons for students and for teachers, made from one source in which the solutions stand.

A cell tagged ``solution`` becomes, in the student's copy, an empty one that sets the names of the
following check to three dots, so that the copy runs from top to bottom before anybody answered.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, check_choice
from relmark_research.reporting.recipe.project import shipped

KINDS = ("student", "teacher")

_YOURS = "# your answer:"
_MARK = "relmark_lesson"  # in a copy's metadata: what was made, to see whether it was changed


@dataclass(frozen=True)
class Copies:
    """What became of the copies.

    Attributes
    ----------
    made
        Files that were written.
    kept
        Files that somebody had worked in, and that were left as they are.
    """

    made: tuple[Path, ...]
    kept: tuple[Path, ...]


def write_copies(
    folder: Path, *, source: Path | None = None, kinds: Sequence[str] = KINDS
) -> Copies:
    """Write every lesson into ``folder/student`` and ``folder/teacher``.

    A copy that somebody worked in is never written over; take it away to have it made anew.

    Parameters
    ----------
    folder
        Where to; it is made where it is missing.
    source
        The folder of the lessons; None: those that come with the package.
    kinds
        Which copies: ``"student"``, ``"teacher"``, or both.

    Raises
    ------
    ParameterError
        There is no such kind.
    ReportError
        There are no lessons, or the folder cannot be written.
    """
    source = shipped("notebooks") / "lessons" if source is None else source
    for kind in kinds:
        check_choice("kind of copy", kind, KINDS)
    books = sorted(source.glob("*.ipynb"))
    if not books:
        raise ReportError(f"expected lessons in {source}; found none. Install the package again.")
    made, kept = [], []
    for book in books:
        lesson = _read(book)
        for kind in kinds:
            copy = student_copy(lesson) if kind == "student" else teacher_copy(lesson)
            target = folder / kind / book.name
            if target.exists() and _was_changed(target):
                kept.append(target)
            else:
                _write(copy, target)
                made.append(target)
    return Copies(tuple(made), tuple(kept))


def teacher_copy(lesson: Any) -> Any:
    """Return a notebook with everything in it but outputs."""
    copy = deepcopy(lesson)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return _marked(copy)


def student_copy(lesson: Any) -> Any:
    """Return a notebook without solutions: the question, the hint and the check stay."""
    copy = teacher_copy(lesson)
    for place, cell in enumerate(copy.cells):
        if "solution" in tags(cell):
            asked = _names_checked(copy.cells[place + 1 :])
            cell.source = _without_solution(cell, asked)
            cell.metadata["tags"] = ["answer" if tag == "solution" else tag for tag in tags(cell)]
    return _marked(copy)


def tags(cell: Any) -> list[str]:
    """Return a cell's tags."""
    return list(cell.metadata.get("tags", []))


def _without_solution(cell: Any, asked: set[str]) -> str:
    if cell.cell_type != "code":
        return "*Your answer:*"
    names = [name for name in _names_set(cell.source) if name in asked]
    return "\n".join([_YOURS, *(f"{name} = ..." for name in names)])


def _names_checked(cells: list[Any]) -> set[str]:
    """The names that the next check reads."""
    for cell in cells:
        if "check" in tags(cell):
            nodes = ast.walk(ast.parse(cell.source))
            return {node.id for node in nodes if isinstance(node, ast.Name)}
    return set()


def _names_set(source: str) -> list[str]:
    """The names that a cell gives a value, in their order, once each."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(node.id for node in nodes if isinstance(node.ctx, ast.Store)))


def _marked(copy: Any) -> Any:
    copy.metadata[_MARK] = _fingerprint(copy)
    return copy


def _was_changed(path: Path) -> bool:
    """Whether a copy's text is no longer what was once written there; outputs do not count."""
    copy = _read(path)
    return bool(copy.metadata.get(_MARK) != _fingerprint(copy))


def _fingerprint(copy: Any) -> str:
    text = "\0".join(f"{cell.cell_type}\1{cell.source}" for cell in copy.cells)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} cannot be read as a notebook: {error}. Move it away.") from None


def _write(copy: Any, path: Path) -> None:
    import nbformat

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(copy, path)
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror}.") from None

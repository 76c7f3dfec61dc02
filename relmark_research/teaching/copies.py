"""Copies of the lessons for students and for teachers, from one source with solutions.

In a student's copy, a cell tagged ``solution`` sets the variables of the following check to three
dots. The copy then runs from top to bottom before any exercise is answered.
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
from relmark_research.reporting.recipe.project import bundled_folder

KINDS = ("student", "teacher")

_ANSWER_COMMENT = "# your answer:"
_METADATA_KEY = "relmark_lesson"  # fingerprint of a copy, to detect later edits


@dataclass(frozen=True)
class Copies:
    """The files of `write_copies`.

    Attributes
    ----------
    written
        Files that were written.
    unchanged
        Files that were edited before, and therefore not replaced.
    """

    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]


def write_copies(
    folder: Path, *, source: Path | None = None, kinds: Sequence[str] = KINDS
) -> Copies:
    """Write every lesson into ``folder/student`` and ``folder/teacher``.

    A copy that has been edited is never overwritten; move it to get a new copy.

    Parameters
    ----------
    folder
        The target folder, which is created if necessary.
    source
        The folder of the lessons; None uses the bundled lessons.
    kinds
        Which copies: ``"student"``, ``"teacher"``, or both.

    Raises
    ------
    ParameterError
        There is no such kind of copy.
    ReportError
        There are no lessons, or the folder cannot be written.
    """
    source = bundled_folder("notebooks") / "lessons" if source is None else source
    for kind in kinds:
        check_choice("kind of copy", kind, KINDS)
    paths = sorted(source.glob("*.ipynb"))
    if not paths:
        raise ReportError(f"expected lessons in {source}; found none. Install the package again.")
    written, unchanged = [], []
    for path in paths:
        lesson = _read(path)
        for kind in kinds:
            copy = student_copy(lesson) if kind == "student" else teacher_copy(lesson)
            target = folder / kind / path.name
            if target.exists() and _was_edited(target):
                unchanged.append(target)
            else:
                _write(copy, target)
                written.append(target)
    return Copies(tuple(written), tuple(unchanged))


def teacher_copy(lesson: Any) -> Any:
    """Return a copy of a lesson without outputs."""
    copy = deepcopy(lesson)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return _with_fingerprint(copy)


def student_copy(lesson: Any) -> Any:
    """Return a copy of a lesson without solutions; questions, hints and checks remain."""
    copy = teacher_copy(lesson)
    for position, cell in enumerate(copy.cells):
        if "solution" in tags(cell):
            checked = _checked_names(copy.cells[position + 1 :])
            cell.source = _empty_answer(cell, checked)
            cell.metadata["tags"] = ["answer" if tag == "solution" else tag for tag in tags(cell)]
    return _with_fingerprint(copy)


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def _empty_answer(cell: Any, checked: set[str]) -> str:
    """Return the source of an answer cell that sets the checked names to three dots."""
    if cell.cell_type != "code":
        return "*Your answer:*"
    names = [name for name in _assigned_names(cell.source) if name in checked]
    return "\n".join([_ANSWER_COMMENT, *(f"{name} = ..." for name in names)])


def _checked_names(cells: list[Any]) -> set[str]:
    """Return the names that the next check reads."""
    for cell in cells:
        if "check" in tags(cell):
            nodes = ast.walk(ast.parse(cell.source))
            return {node.id for node in nodes if isinstance(node, ast.Name)}
    return set()


def _assigned_names(source: str) -> list[str]:
    """Return the names that a cell assigns, in order, without repetition."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(node.id for node in nodes if isinstance(node.ctx, ast.Store)))


def _with_fingerprint(copy: Any) -> Any:
    copy.metadata[_METADATA_KEY] = _fingerprint(copy)
    return copy


def _was_edited(path: Path) -> bool:
    """Return whether the source of a copy has been edited; outputs do not count."""
    copy = _read(path)
    return bool(copy.metadata.get(_METADATA_KEY) != _fingerprint(copy))


def _fingerprint(copy: Any) -> str:
    text = "\0".join(f"{cell.cell_type}\1{cell.source}" for cell in copy.cells)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError) as error:
        raise ReportError(
            f"{path} cannot be read as a notebook: {error}. Move it to another folder."
        ) from None


def _write(copy: Any, path: Path) -> None:
    import nbformat

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(copy, path)
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror}.") from None

"""Whether the result of the last good run is used again, and why."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.reuse.observations import changed_since
from relmark_research.reporting.reuse.result_key import PARAMETERS
from relmark_research.reporting.store.run_checks import changed_files


@dataclass(frozen=True)
class Decision:
    """The earlier result that is used again, or None, and the reason in words."""

    earlier: NotebookRun | None
    reason: str


def decide(new: NotebookRun, previous: Manifest | None, folder: Path) -> Decision:
    """Return whether a notebook has to run, or its earlier result is used again.

    Parameters
    ----------
    new
        The queued notebook, with its key.
    previous, folder
        Manifest and folder of the last good run, or None.
    """
    if previous is None:
        return Decision(None, "there is no earlier good run")
    old = previous.run_of(new.notebook)
    if old is None or old.state != "done":
        return Decision(None, f"run {previous.run_id} has no result of it")
    if obstacles := (*new.obstacles, *old.obstacles):
        return Decision(None, f"its result cannot be reused: {'; '.join(dict.fromkeys(obstacles))}")
    if not new.key or old.key != new.key:
        changed = ", ".join(changed_parts(old, new)) or "what it depends on"
        return Decision(None, f"changed since run {previous.run_id}: {changed}")
    if changed_inputs := changed_since(old.observed):
        return Decision(None, f"changed since run {previous.run_id}: {', '.join(changed_inputs)}")
    if damaged := stored_result_damage(old.notebook, previous, folder):
        return Decision(None, f"its result in run {previous.run_id} is not as published: {damaged}")
    return Decision(old, f"nothing that it depends on changed since run {previous.run_id}")


def changed_parts(old: NotebookRun, new: NotebookRun) -> list[str]:
    """Return the parts of the key that differ, in words; parameters with their names."""
    names = [*new.inputs, *(name for name in old.inputs if name not in new.inputs)]
    changed = [name for name in names if old.inputs.get(name) != new.inputs.get(name)]
    return [
        f"{name}{_which(old.parameters, new.parameters)}" if name == PARAMETERS else name
        for name in changed
    ]


def stored_result_damage(notebook: str, previous: Manifest, folder: Path) -> str:
    """Return which files of a stored result are missing or changed; empty if there are none."""
    below = _result_files(notebook)
    if below[0] not in previous.files:
        return f"{below[0]} was not published"
    return ", ".join(changed_files(folder, previous, below=below))


def copy_results(notebook: str, previous: Manifest, source: Path, target: Path) -> bool:
    """Copy the executed notebook and its files from one run to another; return if they are intact.

    The copies are compared with their checksums, and removed if one differs.
    """
    below = _result_files(notebook)
    names = [name for name in previous.files if name.startswith(below)]
    try:
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
        intact = not changed_files(target, previous, below=below)
    except FileNotFoundError:
        intact = False
    if not intact:
        (target / below[0]).unlink(missing_ok=True)
        shutil.rmtree(target / below[1], ignore_errors=True)
    return intact


def _result_files(notebook: str) -> tuple[str, str]:
    return f"notebooks/{notebook}.ipynb", f"files/{notebook}/"


def _which(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return f" ({', '.join(names)})" if names else ""

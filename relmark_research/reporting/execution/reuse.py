"""What need not be run again: a notebook whose figures follow from what has not changed."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.recipe.recipe_sources import is_remote
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.record.provenance import (
    code_hash,
    file_hash,
    files_hash,
    fingerprint,
    versions,
)
from relmark_research.reporting.record.secrets import named


@dataclass
class Fingerprints:
    """Of every source that a run reads, each taken once.

    Attributes
    ----------
    known
        Source to fingerprint.
    """

    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, source: str) -> dict[str, Any]:
        """Return the fingerprint of a source."""
        if source not in self.known:
            self.known[source] = fingerprint(source)
        return self.known[source]

    def changed(self) -> list[str]:
        """Return the sources that are no longer what they were."""
        return [source for source, old in self.known.items() if fingerprint(source) != old]


def key_of(task: Task, prints: Fingerprints) -> str:
    """Return one hash of all that a notebook's figures follow from.

    Empty where that cannot be known: its data lie elsewhere, or it is given a secret. What a
    notebook reads without a parameter that names it is not seen.
    """
    given = list(_texts(task.parameters))
    if named(given) or any(is_remote(text) for text in given):
        return ""
    folder = task.notebook.parent
    data = {text: prints.of(str(folder / text)) for text in given if _is_file(folder, text)}
    data |= {text: prints.of(text) for text in given if text.startswith("dataset:")}
    known = {
        "notebook": file_hash(task.notebook),
        "beside": files_hash(sorted(folder.glob("*.py")), folder),
        "parameters": task.parameters,
        "data": data,
        "code": code_hash(),
        "versions": versions(),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def reusable(new: NotebookRun, before: Manifest, folder: Path) -> NotebookRun | None:
    """Return what the last good run made of a notebook, if the same would come out again.

    Parameters
    ----------
    new
        The notebook, queued, with its key.
    before, folder
        The last good run.
    """
    old = before.run_of(new.notebook)
    if old is None or not new.key or old.key != new.key or old.state != "done":
        return None
    return old if (folder / "notebooks" / f"{old.notebook}.ipynb").is_file() else None


def carry_over(notebook: str, source: Path, target: Path) -> None:
    """Copy the executed notebook and its files from one run into another."""
    name = f"{notebook}.ipynb"
    shutil.copyfile(source / "notebooks" / name, target / "notebooks" / name)
    if (source / "files" / notebook).is_dir():
        shutil.copytree(source / "files" / notebook, target / "files" / notebook)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _is_file(folder: Path, text: str) -> bool:
    """Whether a text names files: from the notebook's folder, where it runs."""
    if not text or "\n" in text or "\0" in text or len(text) > 1000:
        return False
    return (folder / text).exists() or (any(sign in text for sign in "*?[") and "/" in text)

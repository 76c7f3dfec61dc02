"""Reuse of results: a notebook is not run again if everything it depends on is unchanged."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.recipe.recipe_sources import is_remote
from relmark_research.reporting.record.manifest import (
    IssuedForecast,
    Manifest,
    NotebookRun,
)
from relmark_research.reporting.record.provenance import (
    code_hash,
    file_hash,
    files_hash,
    fingerprint,
    versions,
)
from relmark_research.reporting.record.secrets import secret_names

_MAX_PATH = 1000  # characters; a longer text is not a path


@dataclass
class Fingerprints:
    """Fingerprints of the sources of a run, each computed once.

    Attributes
    ----------
    by_source
        Source to fingerprint.
    """

    by_source: dict[str, dict[str, Any]] = field(default_factory=dict)

    def get(self, source: str) -> dict[str, Any]:
        """Return the fingerprint of a source."""
        if source not in self.by_source:
            self.by_source[source] = fingerprint(source)
        return self.by_source[source]

    def changed_sources(self) -> list[str]:
        """Return the sources whose fingerprint has changed since it was computed."""
        return [source for source, old in self.by_source.items() if fingerprint(source) != old]


def reuse_key(
    task: Task, fingerprints: Fingerprints, forecasts: Sequence[IssuedForecast] = ()
) -> str:
    """Return one hash of everything that determines the results of a notebook.

    The key is empty if that is unknown: the data are remote, or a parameter holds a secret. Files
    that a notebook reads without a parameter for them are not covered.

    Parameters
    ----------
    forecasts
        Its earlier forecasts in the ledger; they count if the notebook scores them.
    """
    texts = list(_texts(task.parameters))
    if secret_names(texts) or any(is_remote(text) for text in texts):
        return ""
    folder = task.notebook.parent
    data = {text: fingerprints.get(str(folder / text)) for text in texts if _is_path(folder, text)}
    data |= {text: fingerprints.get(text) for text in texts if text.startswith("dataset:")}
    inputs: dict[str, Any] = {
        "notebook": file_hash(task.notebook),
        "modules": files_hash(sorted(folder.glob("*.py")), folder),
        "parameters": task.parameters,
        "data": data,
        "code": code_hash(),
        "versions": versions(),
    }
    if forecasts and _scores_forecasts(task.notebook):
        inputs["forecasts"] = [asdict(each) for each in forecasts]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def reusable_run(new: NotebookRun, previous: Manifest, folder: Path) -> NotebookRun | None:
    """Return the notebook of the last good run if its results can be reused, or None.

    Parameters
    ----------
    new
        The queued notebook, with its key.
    previous, folder
        Manifest and folder of the last good run.
    """
    old = previous.run_of(new.notebook)
    if old is None or not new.key or old.key != new.key or old.state != "done":
        return None
    return old if (folder / "notebooks" / f"{old.notebook}.ipynb").is_file() else None


def copy_results(notebook: str, source: Path, target: Path) -> None:
    """Copy the executed notebook and its files from one run folder to another."""
    name = f"{notebook}.ipynb"
    shutil.copyfile(source / "notebooks" / name, target / "notebooks" / name)
    if (source / "files" / notebook).is_dir():
        shutil.copytree(source / "files" / notebook, target / "files" / notebook)


def _scores_forecasts(notebook: Path) -> bool:
    """Return whether a notebook, or a module beside it, asks for the ledger of forecasts."""
    sources = (notebook, *notebook.parent.glob("*.py"))
    return any(b"scored_forecasts" in path.read_bytes() for path in sources)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _is_path(folder: Path, text: str) -> bool:
    """Return whether a text names files, relative to the notebook's folder."""
    if not text or "\n" in text or "\0" in text or len(text) > _MAX_PATH:
        return False
    try:
        return (folder / text).exists() or (any(sign in text for sign in "*?[") and "/" in text)
    except OSError:  # longer than a file name can be
        return False

"""The key of a notebook's result: a hash of everything that is declared to determine it."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.recipe.recipe_sources import is_remote
from relmark_research.reporting.record.manifest import IssuedForecast
from relmark_research.reporting.record.provenance import (
    code_hash,
    files_hash,
    files_of_source,
    fingerprint,
    installed_packages,
)
from relmark_research.reporting.record.secrets import (
    environment_fingerprint,
    secret_fingerprint,
    secret_names,
)
from relmark_research.reporting.reuse.kernel_observer import today
from relmark_research.reporting.store.run_checks import checksum
from relmark_research.tables.pseudonyms import KEY_VARIABLE, id_key

ID_KEY = "id key"
PARAMETERS = "parameters"

_MAX_PATH = 1000  # characters; a longer text is not a path
_NO_HELPERS = ("__pycache__", "site-packages", "node_modules")


@dataclass
class Fingerprints:
    """Fingerprints of the sources and the surroundings of a run, each computed once.

    Attributes
    ----------
    by_source
        Source to fingerprint.
    project
        Where the search for the key of pseudonyms begins; None is the notebook's folder.
    """

    by_source: dict[str, dict[str, Any]] = field(default_factory=dict)
    project: Path | None = None
    _shared: dict[str, str] = field(default_factory=dict)

    def get(self, source: str) -> dict[str, Any]:
        """Return the fingerprint of a source."""
        if source not in self.by_source:
            self.by_source[source] = fingerprint(source)
        return self.by_source[source]

    def changed_sources(self) -> list[str]:
        """Return the sources whose fingerprint has changed since it was computed."""
        return [source for source, old in self.by_source.items() if fingerprint(source) != old]

    def surroundings(self, folder: Path) -> dict[str, str]:
        """Return the parts of the key that notebooks of a folder share."""
        if not self._shared:
            self._shared["package"] = code_hash()
            self._shared["installed packages"] = _hash(installed_packages())
        helpers, key = f"helpers {folder}", f"key {folder}"
        if helpers not in self._shared:
            self._shared[helpers] = files_hash(helper_files(folder), folder)
            self._shared[key] = id_key_fingerprint(self.project or folder)
        shared = {name: self._shared[name] for name in ("package", "installed packages")}
        return shared | {"helpers": self._shared[helpers], ID_KEY: self._shared[key]}


@dataclass(frozen=True)
class ResultKey:
    """What determines the result of a notebook.

    Attributes
    ----------
    inputs
        A hash for each part, by its name.
    obstacles
        Why the result cannot be reused, whatever the parts.
    """

    inputs: dict[str, str]
    obstacles: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """One hash of all parts; empty if the result cannot be reused."""
        return "" if self.obstacles else _hash(self.inputs)


def result_key(
    task: Task,
    fingerprints: Fingerprints,
    forecasts: Sequence[IssuedForecast] = (),
    *,
    facts: Mapping[str, Any] | None = None,
) -> ResultKey:
    """Return what determines the result of a notebook, as far as it is declared.

    The parts are the notebook, its parameters, the data that they name (by content), declared
    files, environment variables and the day, the packages and modules beside the notebook, this
    package with its files and tables, all installed packages, and the key of pseudonyms. What a
    notebook reads beyond these is observed while it runs (`observations`).

    Parameters
    ----------
    forecasts
        Its earlier forecasts in the ledger; they count if the notebook scores them.
    facts
        What was found in the data, such as the rows used, which may depend on the day.
    """
    folder, texts = task.notebook.parent, sorted(set(_texts(task.parameters)))
    sources = {text: _located(folder, text) for text in texts if names_data(folder, text)}
    obstacles = [f"parameter text ${{{name}}} is a secret" for name in sorted(secret_names(texts))]
    remote = [text for text in texts if is_remote(text) and text not in sources]
    obstacles += [f"{_short(text)} is not a file" for text in remote if not secret_names(text)]
    inputs = {"notebook": checksum(task.notebook), PARAMETERS: _hash(task.parameters)}
    inputs |= fingerprints.surroundings(folder)
    inputs |= {f"data {text}": _hash(fingerprints.get(path)) for text, path in sources.items()}
    inputs |= {f"file {path}": _hash(fingerprints.get(path)) for path in task.declared.files}
    names = task.declared.environment
    inputs |= {f"environment {name}": environment_fingerprint(name) for name in names}
    if task.declared.day:
        inputs["day"] = f"{today()} {os.environ.get('TZ', '')}".strip()
    if facts and sources:
        inputs["rows that are used"] = _hash(dict(facts))
    if forecasts and _scores_forecasts(task.notebook):
        inputs["earlier forecasts"] = _hash([asdict(each) for each in forecasts])
    return ResultKey(inputs, tuple(obstacles))


def covered_sources(task: Task) -> tuple[str, ...]:
    """Return the files and sources that the key of a result covers, as absolute paths."""
    folder, texts = task.notebook.parent, set(_texts(task.parameters))
    sources = [_located(folder, text) for text in sorted(texts) if names_data(folder, text)]
    return (*sources, *task.declared.files)


def names_data(folder: Path, text: str) -> bool:
    """Return whether a text names files, a bundled table, or a database in a file.

    Parameters
    ----------
    folder
        The folder that relative paths start from.
    """
    if secret_names(text) or not text.strip("./~\\ "):
        return False
    if text.startswith(("dataset:", "sample:")) or is_remote(text):
        try:
            return bool(files_of_source(text))
        except ValueError:  # a name that is not bundled
            return False
    if "\n" in text or "\0" in text or len(text) > _MAX_PATH:
        return False
    try:
        return (folder / text).exists() or (any(sign in text for sign in "*?[") and "/" in text)
    except OSError:  # longer than a file name can be
        return False


def helper_files(folder: Path) -> list[Path]:
    """Return the modules beside a notebook, and the packages with all their files.

    Folders without Python files, hidden ones and installed environments do not count.
    """
    return sorted([*folder.glob("*.py"), *_package_files(folder)])


def id_key_fingerprint(folder: Path) -> str:
    """Return a fingerprint of the key of pseudonyms, which does not tell the key."""
    key = id_key(folder)
    return secret_fingerprint(key, KEY_VARIABLE) if key else "none"


def _package_files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if not entry.is_dir() or entry.is_symlink() or _is_no_package(entry):
            continue
        if any(entry.glob("*.py")):
            yield from (path for path in entry.rglob("*") if _is_helper(path, folder))
        else:
            yield from _package_files(entry)


def _is_no_package(entry: Path) -> bool:
    hidden = entry.name.startswith(".") or entry.name in _NO_HELPERS
    return hidden or (entry / "pyvenv.cfg").is_file()


def _is_helper(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    skipped = any(part in _NO_HELPERS or part.startswith(".") for part in parts)
    return not skipped and path.suffix not in (".pyc", ".ipynb") and path.is_file()


def _scores_forecasts(notebook: Path) -> bool:
    """Return whether a notebook, or a module beside it, asks for the ledger of forecasts."""
    modules = (path for path in helper_files(notebook.parent) if path.suffix == ".py")
    return any(b"scored_forecasts" in path.read_bytes() for path in (notebook, *modules))


def _located(folder: Path, text: str) -> str:
    if text.startswith(("dataset:", "sample:")) or is_remote(text):
        return text
    return str((folder / text).absolute())


def _short(text: str) -> str:
    return text.partition("#")[0].partition("?")[0].rpartition("@")[2][:100]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

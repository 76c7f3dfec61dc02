"""What a run was asked, what it did, and what it found: the record beside every report."""

import json
import math
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from relmark_research.errors import ReportError

State = Literal[
    "queued", "running", "done", "failed", "timed out", "killed", "out of memory", "skipped"
]
RECORD_MIME = "application/vnd.relmark.record+json"  # of what a notebook records
SCHEMA = 1  # raised when a field changes its meaning


@dataclass(frozen=True)
class KeyFigure:
    """One number that a notebook recorded with ``rm.record``, with its interval.

    Attributes
    ----------
    name
        Stable identifier, compared between runs: ``"total_clv"``.
    value, low, high
        The estimate and its interval (None where there is none).
    unit
        ``"customers"``, ``"USD"``, ``"share"``, ``"purchases"``, ...
    label
        What a reader calls it: ``"Value of all customers"``.
    meaning
        A few words that say what it means.
    text
        The value as shown to people, ``"$1.2 million"``; made from value and unit.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    label: str = ""
    meaning: str = ""
    text: str = ""


@dataclass(frozen=True)
class NotebookRun:
    """One notebook of a run: what it was given and what became of it.

    Attributes
    ----------
    notebook
        Its name in this run: the file's, and the case where the recipe has a matrix.
    parameters
        Every parameter of the notebook with the value that it had, given or by default.
    seconds
        Wall-clock time of the notebook's process.
    report
        The report's file, relative to the run's folder.
    error
        Why the notebook is not done, in a line or two.
    path, source
        The notebook's file, and its hash.
    case
        The parameters that the recipe's matrix gives it.
    fingerprint
        Of its data, where they are not those of the whole run.
    key
        Hash of all that its figures follow from: notebook, parameters, data, code, versions;
        empty where that cannot be known.
    reused_from
        The run that made it, where nothing had changed since.
    seeds
        Of its random numbers, by name.
    memory
        The most that its processes held at once [bytes].
    attempts
        How often it was started.
    """

    notebook: str
    state: State = "queued"
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    report: str | None = None
    answer: str = ""
    key_figures: tuple[KeyFigure, ...] = ()
    error: str | None = None
    path: str = ""
    source: str = ""
    case: dict[str, Any] = field(default_factory=dict)
    fingerprint: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    reused_from: str | None = None
    seeds: dict[str, Any] = field(default_factory=dict)
    memory: int | None = None
    attempts: int = 0

    @property
    def book(self) -> str:
        """The name of the notebook's file, whatever the case."""
        return Path(self.path).stem if self.path else self.notebook


@dataclass(frozen=True)
class Manifest:
    """One run of one recipe.

    Attributes
    ----------
    data
        What was asked of which data, as words for readers: source, columns, currency.
    fingerprint
        Of the data: rows, first and last day, hash.
    code
        Hash of the package's own code.
    command
        The line that makes this run again.
    before
        The last good run when this one was made, with which it is compared.
    alerts
        A sentence for each alert that fired.
    """

    recipe: str
    title: str
    run_id: str
    started: str
    finished: str | None = None
    as_of: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    fingerprint: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    command: str = ""
    before: str | None = None
    alerts: tuple[str, ...] = ()
    notebooks: tuple[NotebookRun, ...] = ()
    schema: int = SCHEMA

    @property
    def good(self) -> bool:
        """Whether every notebook that was asked for was done."""
        asked = [run for run in self.notebooks if run.state != "skipped"]
        return bool(asked) and all(run.state == "done" for run in asked)

    @property
    def partial(self) -> bool:
        """Whether only some of the recipe's notebooks were asked for (not: lacked a table)."""
        return any(run.state == "skipped" and not run.error for run in self.notebooks)

    def run_of(self, notebook: str) -> NotebookRun | None:
        """Return the run of a notebook by its name, None where there is none."""
        return next((run for run in self.notebooks if run.notebook == notebook), None)

    def with_run(self, run: NotebookRun) -> "Manifest":
        """Return the manifest with ``run`` in the place of the notebook of the same name."""
        kept = (run if old.notebook == run.notebook else old for old in self.notebooks)
        return replace(self, notebooks=tuple(kept))

    def to_json(self) -> str:
        """Return the manifest as JSON text; a number that is not finite becomes null."""
        return json.dumps(_plain(asdict(self)), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read what `to_json` wrote.

        Raises
        ------
        ReportError
            The text is not the manifest of a run, or of a newer relmark_research.
        """
        try:
            record = json.loads(text)
            runs = tuple(_notebook_run(run) for run in record.pop("notebooks"))
            alerts = tuple(record.pop("alerts", ()))
            return cls(notebooks=runs, alerts=alerts, **_known(cls, record))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ReportError(
                f"the text is not the manifest of a run (schema {SCHEMA}): {error}. "
                "Give the manifest.json of a run folder."
            ) from None

    def write(self, folder: Path) -> Path:
        """Write ``manifest.json`` into ``folder``, so that a reader never sees half of it."""
        return write_whole(folder / "manifest.json", self.to_json() + "\n")


def read_manifest(run: Path) -> Manifest:
    """Return the manifest of a run folder.

    Raises
    ------
    ReportError
        There is no manifest in the folder, or it cannot be read as one.
    """
    path = run / "manifest.json"
    if not path.is_file():
        raise ReportError(f"no manifest.json in {run}. Give the folder of a finished run.")
    return Manifest.from_json(path.read_text(encoding="utf-8"))


def write_whole(path: Path, text: str, *, lasting: bool = True) -> Path:
    """Put ``text`` at ``path`` in one step: the old file or the new one, never a part.

    Unless it need not outlast a power cut, it is on the disk when this returns.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(text)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        return aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def key_figure(record: dict[str, Any]) -> KeyFigure:
    """Return the KeyFigure of a record such as ``{"name": ..., "value": ...}``.

    Keys that a KeyFigure does not have are left; a value of None stands for one that is not finite.
    """
    known = _known(KeyFigure, record)
    value = known.get("value")
    return KeyFigure(**{**known, "value": math.nan if value is None else float(value)})


def _notebook_run(record: dict[str, Any]) -> NotebookRun:
    figures = tuple(key_figure(figure) for figure in record.pop("key_figures", ()))
    return NotebookRun(key_figures=figures, **_known(NotebookRun, record))


def _known(kind: type, record: dict[str, Any]) -> dict[str, Any]:
    names = {known.name for known in fields(kind)}
    return {name: value for name, value in record.items() if name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, int, type(None))) else str(value)

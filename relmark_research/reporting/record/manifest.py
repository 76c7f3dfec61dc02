"""The manifest of a run: its inputs, the state of each notebook, and the key figures.

Its format has a version (``schema``) and a JSON Schema, ``manifest.schema.json`` in this folder.
A manifest holds a checksum of itself and of every file of the run, so that a change is seen.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from relmark_research._repr import Rows, short_repr
from relmark_research.errors import ReportError

State = Literal[
    "queued", "running", "done", "failed", "timed out", "killed", "out of memory", "skipped"
]
RECORD_MIME = "application/vnd.relmark.record+json"  # MIME type of a notebook's records
SCHEMA = 2  # increased when a field changes its meaning; 1 had no checksums
SCHEMA_FILE = Path(__file__).parent / "manifest.schema.json"

_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
_MAX_BYTES = 64_000_000  # of a manifest; a larger file is none


class LaterVersionError(ReportError):
    """A later version of this package wrote the manifest."""


@dataclass(frozen=True)
class KeyFigure:
    """A number that a notebook recorded with ``rm.record``, with its interval.

    Attributes
    ----------
    name
        Stable identifier for comparisons between runs: ``"total_clv"``.
    value, low, high
        The estimate and its interval; None if there is no interval.
    unit
        ``"customers"``, ``"USD"``, ``"share"``, ``"purchases"``, ...
    label
        Name for readers: ``"Value of all customers"``.
    meaning
        A short explanation.
    text
        The formatted value, ``"$1.2 million"``, from value and unit.
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
class IssuedForecast:
    """A forecast that a notebook recorded with ``rm.record_forecast``.

    Attributes
    ----------
    name
        Stable identifier in its notebook: ``"purchases"``.
    measure
        ``"purchases"`` or ``"value"``.
    origin, end
        Last day known, and last day of the horizon, as ISO dates.
    expected, low, high, level
        The forecast, and its range with its probability.
    customers
        Number of customers known at the origin.
    models
        Weight of each model and benchmark.
    unit
        Currency code of a value; empty for purchases.
    factor
        What a unit of value counts: the margin times the mean discount factor.
    notebook, run, issued
        Who issued it, in which run, and when that run started; empty until the runner adds them.
    """

    name: str
    measure: str
    origin: str
    end: str
    expected: float
    low: float
    high: float
    level: float
    customers: int
    models: dict[str, float] = field(default_factory=dict)
    unit: str = ""
    factor: float = 1.0
    notebook: str = ""
    run: str = ""
    issued: str = ""

    @property
    def horizon(self) -> int:
        """Length of the horizon in days."""
        return (date.fromisoformat(self.end) - date.fromisoformat(self.origin)).days


@dataclass(frozen=True)
class LeftOutSection:
    """A question that a report does not answer.

    Attributes
    ----------
    question
        The question.
    reason
        Why there is no answer: a part of a sentence, such as ``"there is no table of books"``.
    tables
        The tables, by parameter, that would give an answer; empty if it is not for want of a table.
    """

    question: str
    reason: str
    tables: tuple[str, ...] = ()


@short_repr
@dataclass(frozen=True, repr=False)
class NotebookRun:
    """One notebook of a run: its inputs, its state and its results.

    Attributes
    ----------
    notebook
        Its name in this run: the file's stem, followed by the case if the recipe has a matrix.
    parameters
        The value of every parameter of the notebook, set by the recipe or the default.
    seconds
        Wall-clock time of the notebook's process.
    report
        Path of the report, relative to the run's folder.
    error
        Why the notebook is not done, in one or two lines.
    path, source
        Path of the notebook, and its hash.
    case
        The parameters that the recipe's matrix sets.
    fingerprint
        Fingerprint of its data, if they differ from the run's.
    key
        Hash of everything that is declared to determine its results: notebook, parameters, data,
        code, versions, environment; empty if that is unknown.
    inputs
        What the key covers: a hash for each part, by its name.
    observed
        What it read without a declaration, by kind and name: files with their hashes, environment
        variables with their fingerprints, the day if it read the clock.
    obstacles
        Why its results can never be reused, such as data on another machine.
    reason
        Why it was run or reused.
    reused_from
        The run whose results were reused because nothing had changed since.
    seeds
        Seeds of its random numbers, by parameter name.
    memory
        Peak memory of its processes together [bytes].
    attempts
        How many times it was started.
    forecasts
        The forecasts that it recorded.
    left_out
        The questions that it does not answer, planned or found when it ran.
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
    inputs: dict[str, str] = field(default_factory=dict)
    observed: dict[str, dict[str, str]] = field(default_factory=dict)
    obstacles: tuple[str, ...] = ()
    reason: str = ""
    reused_from: str | None = None
    seeds: dict[str, Any] = field(default_factory=dict)
    memory: int | None = None
    attempts: int = 0
    forecasts: tuple[IssuedForecast, ...] = ()
    left_out: tuple[LeftOutSection, ...] = ()

    @property
    def file_stem(self) -> str:
        """Stem of the notebook's file name, without the case."""
        return Path(self.path).stem if self.path else self.notebook

    def _summary(self) -> Rows:
        return {
            "notebook": self.notebook,
            "state": self.state,
            "key figures": len(self.key_figures),
        }


@short_repr
@dataclass(frozen=True, repr=False)
class Manifest:
    """One run of one recipe.

    Attributes
    ----------
    data
        The recipe's data section: source, columns, currency.
    fingerprint
        Fingerprint of the data: rows, first and last day, hash.
    code
        Hash of the package's own code.
    command
        The command that repeats this run.
    before
        Id of the last good run, with which this run is compared.
    alerts
        One sentence for each alert that fired.
    ledger
        The forecasts of earlier runs of the recipe, removed ones included.
    notes
        What went wrong without stopping the run, such as an earlier run that cannot be read.
    packages
        Version of every installed package.
    customer_table
        The file with one row per customer: name, rows, ids, horizon, model and words, or why there
        is none (error); empty where the recipe asks for none.
    files
        SHA-256 of every published file, by its path in the run's folder.
    checksum
        SHA-256 of the manifest itself; empty until it is written, and in schema 1.
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
    ledger: tuple[IssuedForecast, ...] = ()
    notes: tuple[str, ...] = ()
    packages: dict[str, str] = field(default_factory=dict)
    customer_table: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA
    checksum: str = field(default="", compare=False)

    @property
    def succeeded(self) -> bool:
        """Whether every notebook that was not skipped is done."""
        requested = [run for run in self.notebooks if run.state != "skipped"]
        return bool(requested) and all(run.state == "done" for run in requested)

    @property
    def partial(self) -> bool:
        """Whether only part of the recipe was requested; a missing table does not count."""
        return any(run.state == "skipped" and not run.error for run in self.notebooks)

    def run_of(self, notebook: str) -> NotebookRun | None:
        """Return the run of the named notebook, or None."""
        return next((run for run in self.notebooks if run.notebook == notebook), None)

    def with_run(self, run: NotebookRun) -> "Manifest":
        """Return the manifest with ``run`` in place of the notebook of the same name."""
        runs = (run if old.notebook == run.notebook else old for old in self.notebooks)
        return replace(self, notebooks=tuple(runs))

    def to_json(self) -> str:
        """Return the manifest as JSON text with its checksum; NaN and infinity become null."""
        record = _json_value(asdict(self)) | {"schema": SCHEMA}
        record["checksum"] = _checksum(record)
        return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Return the manifest that `to_json` wrote.

        Raises
        ------
        ReportError
            The text is not the manifest of a run, a later version wrote it, or it was changed
            after it was written.
        """
        try:
            record = _checked_record(text)
            runs = tuple(_notebook_run(run) for run in record.pop("notebooks"))
            for name in ("alerts", "notes"):
                record[name] = tuple(record.get(name, ()))
            record["ledger"] = tuple(issued_forecast(each) for each in record.get("ledger", ()))
            return cls(notebooks=runs, **_fields_of(cls, record))
        except _MALFORMED as error:
            raise ReportError(
                f"expected the manifest of a run (schema {SCHEMA}); the text cannot be read as "
                f"one: {str(error)[:300]}. Give the manifest.json of a run folder."
            ) from None

    def write(self, folder: Path) -> Path:
        """Write ``manifest.json`` into ``folder`` atomically and return the path."""
        return write_atomically(folder / "manifest.json", self.to_json() + "\n")

    def _summary(self) -> Rows:
        requested = [run for run in self.notebooks if run.state != "skipped"]
        done = sum(run.state == "done" for run in requested)
        return {
            "recipe": self.recipe,
            "run": self.run_id,
            "done": f"{done} of {len(requested)} notebooks",
            "alerts": len(self.alerts),
        }


def read_manifest(run: Path) -> Manifest:
    """Return the manifest of a run folder.

    Raises
    ------
    ReportError
        The folder has no manifest, or it cannot be read.
    """
    path = run / "manifest.json"
    if not path.is_file():
        raise ReportError(f"no manifest.json in {run}. Give the folder of a finished run.")
    if path.stat().st_size > _MAX_BYTES:
        raise ReportError(f"expected a manifest of at most {_MAX_BYTES:,} bytes in {run}.")
    return Manifest.from_json(path.read_text(encoding="utf-8-sig"))


def further_questions(
    left_out: Iterable[tuple[LeftOutSection, ...]],
) -> list[tuple[str, list[str]]]:
    """Return each table that a run does not have, with the questions that it would answer."""
    found: dict[str, list[str]] = {}
    for each in chain.from_iterable(left_out):
        for table in each.tables:
            questions = found.setdefault(table, [])
            if each.question not in questions:
                questions.append(each.question)
    return sorted(found.items())


def write_atomically(path: Path, text: str, *, durable: bool = True) -> Path:
    """Write ``text`` to ``path`` so that a reader sees the old file or the new one, never a part.

    If ``durable``, the text is on the disk when this returns and survives a power failure.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        return temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def key_figure(record: dict[str, Any]) -> KeyFigure:
    """Return the KeyFigure of a record such as ``{"name": ..., "value": ...}``.

    Unknown keys are ignored; a value of None becomes NaN.
    """
    content = _fields_of(KeyFigure, record)
    value = content.get("value")
    limits = {
        name: float(content[name]) for name in ("low", "high") if content.get(name) is not None
    }
    value = math.nan if value is None else float(value)
    return KeyFigure(**{**content, **limits, "value": value})


def left_out_section(record: dict[str, Any]) -> LeftOutSection:
    """Return the LeftOutSection of a record; unknown keys are ignored."""
    content = _fields_of(LeftOutSection, record)
    return LeftOutSection(**{**content, "tables": tuple(content.get("tables", ()))})


def issued_forecast(record: dict[str, Any]) -> IssuedForecast:
    """Return the IssuedForecast of a record; unknown keys are ignored.

    Raises
    ------
    ReportError
        The record lacks a field, its days are no days in order, or its numbers are not finite or
        not in order.
    """
    try:
        content = _fields_of(IssuedForecast, record)
        names = ("expected", "low", "high", "level", "factor")
        content |= {name: float(content[name]) for name in names if name in content}
        found = IssuedForecast(**content)
        ordered = found.low <= found.high and found.horizon > 0
        finite = all(math.isfinite(getattr(found, name)) for name in names)
    except _MALFORMED as error:
        raise ReportError(
            f"expected the record of a forecast; found {record!r}: {error}."
        ) from None
    if not (ordered and finite):
        raise ReportError(
            f"expected a forecast with finite numbers, low <= high and origin < end; found {found}."
        )
    return found


def _checked_record(text: str) -> dict[str, Any]:
    """Return the record of a manifest after the checks of its version, its schema and checksum."""
    record = json.loads(text)
    if not isinstance(record, dict):
        raise ValueError(f"it holds {type(record).__name__} instead of names with values")
    version = record.get("schema")
    if isinstance(version, int) and version > SCHEMA:
        raise LaterVersionError(
            f"a later version of this package wrote the manifest (schema {version}; this version "
            f"reads up to {SCHEMA}). Install that version to read it."
        )
    validate_manifest(record)
    json.dumps(record, ensure_ascii=False).encode()  # no text that a page cannot hold
    written = record.get("checksum", "")
    if (written or record["schema"] > 1) and written != _checksum(record):
        raise ValueError("its checksum differs, so it was changed after it was written")
    return record


def validate_manifest(record: dict[str, Any]) -> None:
    """Check the record of a manifest against its JSON Schema.

    Raises
    ------
    ValueError
        Names the first place that differs.
    """
    _schema_check()(record)


@cache
def _schema_check() -> Callable[[dict[str, Any]], object]:
    import fastjsonschema

    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return fastjsonschema.compile(schema, use_default=False)


def _checksum(record: dict[str, Any]) -> str:
    """Return the SHA-256 of a manifest's record, in any layout, without its checksum."""
    rest = {name: value for name, value in record.items() if name != "checksum"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _notebook_run(record: dict[str, Any]) -> NotebookRun:
    record["obstacles"] = tuple(record.get("obstacles", ()))
    figures = tuple(key_figure(figure) for figure in record.pop("key_figures", ()))
    issued = tuple(issued_forecast(each) for each in record.pop("forecasts", ()))
    omitted = tuple(left_out_section(each) for each in record.pop("left_out", ()))
    rest = _fields_of(NotebookRun, record)
    return NotebookRun(key_figures=figures, forecasts=issued, left_out=omitted, **rest)


def _fields_of(result_class: type, record: dict[str, Any]) -> dict[str, Any]:
    """Return the items of a record that are fields of a dataclass."""
    names = {each.name for each in fields(result_class)}
    return {name: value for name, value in record.items() if name in names}


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    return str(value).encode(errors="replace").decode()  # half a character cannot be written

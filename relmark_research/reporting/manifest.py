"""What a run was asked, what it did, and what it found: the record beside every report."""

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["queued", "running", "done", "failed", "timed out", "killed", "skipped"]


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
    """One notebook of a run: what it was given and what became of it."""

    notebook: str
    state: State = "queued"
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    report: str | None = None
    answer: str = ""
    key_figures: tuple[KeyFigure, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Manifest:
    """One run of one recipe.

    Attributes
    ----------
    data
        What was asked of which data, as words for readers: source, columns, currency.
    fingerprint
        Of the data: rows, first and last day, hash.
    command
        The line that makes this run again.
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
    command: str = ""
    notebooks: tuple[NotebookRun, ...] = ()

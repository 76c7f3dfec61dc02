"""The title, the answer, the key figures and the forecasts of an executed notebook."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import (
    RECORD_MIME,
    NotebookRun,
    issued_forecast,
    key_figure,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
MOST_RECORDS = 2_000  # of one notebook
LONGEST_TEXT = 10_000  # characters of a text of a record
LARGEST_NUMBER = 10**300

_TEXTS = {  # kind of record -> its texts
    "answer": ("text",),
    "finding": ("text",),
    "say": ("text",),
    "left_out": ("text", "question", "reason"),
    "key_figure": ("name", "unit", "label", "meaning", "text"),
    "forecast": ("name", "measure", "origin", "end", "unit"),
}
_ERROR_NOTE = "papermill-error-cell-tag"


def read_executed(executed: Path, source: Path) -> "NotebookNode":
    """Return the executed notebook, or its source if no executed notebook was saved."""
    import nbformat

    path = executed if executed.is_file() else source
    return nbformat.read(path, as_version=4)


def correct_cell_states(notebook: "NotebookNode", run: NotebookRun, *, cell: int) -> "NotebookNode":
    """Return the notebook with the true state of each cell.

    Papermill marks every cell as completed when a kernel dies, and adds a note at the top of a
    notebook that failed; the report has its own.

    Parameters
    ----------
    cell
        Number of the last cell that started, from 1.
    """
    notebook.cells = [
        each for each in notebook.cells if _ERROR_NOTE not in each.metadata.get("tags", ())
    ]
    if run.state == "done":
        return notebook
    for number, each in enumerate(notebook.cells, start=1):
        status = each.metadata.get("papermill")
        if status and number >= cell:
            status["status"] = "failed" if number == cell else "pending"
            status["exception"] = True if number == cell else None
    return notebook


def with_recorded_results(run: NotebookRun, notebook: "NotebookNode") -> NotebookRun:
    """Return the run with the title, the answer, the key figures and forecasts of its notebook.

    The last value counts if a key figure or a forecast is recorded twice.

    Raises
    ------
    ReportError
        A record is malformed, or there are too many.
    """
    records = list(_records(notebook))
    if len(records) > MOST_RECORDS:
        raise ReportError(
            f"a notebook has at most {MOST_RECORDS:,} records; found {len(records):,}."
        )
    for each in records:
        _check_record(each)
    answers = [each["text"] for each in records if each["kind"] == "answer"]
    figures = {each["name"]: key_figure(each) for each in records if each["kind"] == "key_figure"}
    issued = {each["name"]: issued_forecast(each) for each in records if each["kind"] == "forecast"}
    return replace(
        run,
        forecasts=tuple(issued.values()),
        title=notebook_title(notebook) or run.notebook,
        answer=answers[-1] if answers else "",
        key_figures=tuple(figures.values()),
    )


def unfinished_reason(notebook: "NotebookNode") -> str:
    """Return why a notebook that seems done did not reach its end; an empty text if it did.

    ``sys.exit(0)`` in a cell ends a notebook without an error of papermill.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                where = f"cell {number} of {len(notebook.cells)}"
                return f"{output.ename}: {output.evalue} ({where}): the notebook ended early."
    return ""


def without_records(notebook: "NotebookNode") -> "NotebookNode":
    """Return the notebook without its records, for the page of one whose records are malformed."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(RECORD_MIME, None)
    return notebook


def notebook_title(notebook: "NotebookNode") -> str:
    """Return the first Markdown heading of a notebook; empty if it has none."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    matches = (_HEADING.search(text) for text in texts)
    return next((match[1] for match in matches if match), "")


def source_title(source: Path) -> str:
    """Return the first heading of a notebook that has not run, or the stem of its file name."""
    import nbformat

    return notebook_title(nbformat.read(source, as_version=4)) or source.stem


def _records(notebook: "NotebookNode") -> Iterator[dict[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            record = output.get("data", {}).get(RECORD_MIME)
            if record is not None:
                yield record


def _check_record(record: Any) -> None:
    """Raise ReportError for a record that `display.story` would not have made."""
    if not isinstance(record, dict) or record.get("kind") not in _TEXTS:
        raise ReportError(f"a record is malformed: its kind must be one of {', '.join(_TEXTS)}.")
    kind = record["kind"]
    for name in _TEXTS[kind]:
        text = record.get(name, "")
        if not isinstance(text, str) or len(text) > LONGEST_TEXT:
            raise ReportError(
                f"a record is malformed: {name} of a record {kind!r} must be text of at most "
                f"{LONGEST_TEXT:,} characters; found {type(text).__name__}"
                f"{f' of {len(text):,}' if isinstance(text, str) else ''}."
            )
    if kind in ("key_figure", "forecast") and not record.get("name"):
        raise ReportError(f"a record is malformed: a {kind} must have a name; found none.")
    for name in ("value", "low", "high") if kind == "key_figure" else ():
        value = record.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise ReportError(
                f"a record is malformed: {name} of a key figure must be a number or nothing; found "
                f"{type(value).__name__}."
            )
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise ReportError(f"a record is malformed: {name} of a key figure is too large.")

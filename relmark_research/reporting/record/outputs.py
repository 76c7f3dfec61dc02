"""The title, the answer, the key figures and the forecasts of an executed notebook."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.reporting.record.manifest import (
    RECORD_MIME,
    NotebookRun,
    issued_forecast,
    key_figure,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
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
        The record of a forecast is malformed.
    """
    records = list(_records(notebook))
    answers = [str(each["text"]) for each in records if each.get("kind") == "answer"]
    figures = {each["name"]: key_figure(each) for each in records if each["kind"] == "key_figure"}
    issued = {each["name"]: issued_forecast(each) for each in records if each["kind"] == "forecast"}
    return replace(
        run,
        forecasts=tuple(issued.values()),
        title=notebook_title(notebook) or run.notebook,
        answer=answers[-1] if answers else "",
        key_figures=tuple(figures.values()),
    )


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
            if isinstance(record, dict) and "kind" in record:
                yield record

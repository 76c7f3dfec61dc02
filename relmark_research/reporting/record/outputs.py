"""What is read out of an executed notebook: its title, its answer, its key figures."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.reporting.record.manifest import RECORD_MIME, NotebookRun, key_figure

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_ERROR_NOTE = "papermill-error-cell-tag"


def read_executed(executed: Path, source: Path) -> "NotebookNode":
    """Return what a notebook became, or the notebook as it was where nothing was saved."""
    import nbformat

    path = executed if executed.is_file() else source
    return nbformat.read(path, as_version=4)


def made_true(notebook: "NotebookNode", run: NotebookRun, *, cell: int) -> "NotebookNode":
    """Return the notebook with cell states that say what happened.

    Papermill marks every cell as completed when a kernel dies, and puts a note of its own above a
    notebook that failed; the report has a better one.

    Parameters
    ----------
    cell
        The last cell that began, from 1.
    """
    notebook.cells = [
        each for each in notebook.cells if _ERROR_NOTE not in each.metadata.get("tags", ())
    ]
    if run.state == "done":
        return notebook
    for number, each in enumerate(notebook.cells, start=1):
        note = each.metadata.get("papermill")
        if note and number >= cell:
            note["status"] = "failed" if number == cell else "pending"
            note["exception"] = True if number == cell else None
    return notebook


def with_findings(run: NotebookRun, notebook: "NotebookNode") -> NotebookRun:
    """Return the run with the title, the answer and the key figures of its notebook.

    A figure that is recorded twice has its last value.
    """
    records = list(_records(notebook))
    answers = [str(each["text"]) for each in records if each.get("kind") == "answer"]
    figures = {each["name"]: key_figure(each) for each in records if each["kind"] == "key_figure"}
    return replace(
        run,
        title=title(notebook) or run.notebook,
        answer=answers[-1] if answers else "",
        key_figures=tuple(figures.values()),
    )


def title(notebook: "NotebookNode") -> str:
    """Return the first Markdown heading of a notebook; empty where it has none."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = (_HEADING.search(text) for text in texts)
    return next((match[1] for match in found if match), "")


def source_title(source: Path) -> str:
    """Return the first heading of a notebook that has not run; its name where it has none."""
    import nbformat

    return title(nbformat.read(source, as_version=4)) or source.stem


def _records(notebook: "NotebookNode") -> Iterator[dict[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            record = output.get("data", {}).get(RECORD_MIME)
            if isinstance(record, dict) and "kind" in record:
                yield record

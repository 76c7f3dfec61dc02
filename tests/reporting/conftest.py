"""Executed notebooks without a kernel: the outputs of story functions are captured."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import matplotlib
import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.reporting import story
from relmark_research.reporting.pages._notebook_html import read_body
from relmark_research.reporting.record.manifest import Manifest, NotebookRun

matplotlib.use("agg")

Spoken = Callable[[Callable[[], None]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def spoken() -> Spoken:
    """Return what a function displays, one dictionary of MIME types for each display."""

    def listen(speak: Callable[[], None]) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("IPython.display.display", lambda data, raw: heard.append(data))
            speak()
        return heard

    return listen


@pytest.fixture(scope="session")
def code_cell(spoken: Spoken) -> Callable[..., nbformat.NotebookNode]:
    """Return a code cell with the outputs of a function that speaks."""

    def make(source: str, speak: Callable[[], None] | None = None) -> nbformat.NotebookNode:
        heard = spoken(speak) if speak else []
        outputs = [new_output("display_data", data=data) for data in heard]
        return new_code_cell(source, outputs=outputs)

    return make


def lay_open() -> None:
    story.answer("The customers will bring $1.2 million, between $1.1 and $1.3 million.")
    story.record("clv", 1234567, low=1112000, high=1321000, unit="USD", label="Value of all")
    story.record("alive", 0.3712, low=0.352, high=0.391, unit="share", label="Still active")
    story.record("size", 23570, unit="customers", label="People", meaning="in the first quarter")


def show_decline() -> None:
    from matplotlib import pyplot

    story.finding("Purchases settle at <400> a week")
    for name, width in (("decline", 6), ("again", 9)):
        _, ax = pyplot.subplots(figsize=(width, 3))
        ax.plot([0, 1, 2], [4, 2, 1], clip_on=True)
        story.figure(ax, alt=f"A falling line ({name}).", name=name)
    story.say("They start at **4,000** <script>alert(1)</script> and $35.")
    frame = pd.DataFrame({"week": range(30), "value": [1000.0] * 30, "note": ["=1+1"] * 30})
    frame = frame.assign(**{f"unbroken_{n}": "wide" * 6 for n in range(8)})
    story.table(frame, caption="Purchases by week", name="weekly", formats={"value": "money"})


@pytest.fixture
def notebook(drawn_notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An executed notebook with all that a report may hold."""
    return deepcopy(drawn_notebook)


@pytest.fixture(scope="session")
def drawn_notebook(code_cell: Callable[..., nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """The same for all tests, which change a copy: its figures are drawn once."""
    noisy = code_cell("import warnings\nwarnings.warn('noise')")
    noisy.outputs = [
        new_output("stream", name="stderr", text="UserWarning: noise\n"),
        new_output("stream", name="stdout", text="said <aloud>\n"),
        new_output("execute_result", data={"text/plain": "<Axes: >"}),
    ]
    return new_notebook(
        cells=[
            new_markdown_cell("# What are our customers *worth*?\n\nEach is valued."),
            code_cell("import relmark_research as rm  # first"),
            code_cell("rm.answer(...)", lay_open),
            code_cell("rm.finding(...)  # the decline", show_decline),
            new_markdown_cell(
                "## How far to trust this\n\n### Prices\n\n![far](https://a.b/c.png)"
            ),
            noisy,
        ]
    )


@pytest.fixture
def run(notebook: nbformat.NotebookNode) -> NotebookRun:
    body = read_body(notebook)
    return NotebookRun(
        "notebooks/03_lifetime_value.ipynb",
        state="done",
        title=body.title,
        parameters={"horizon": "39 weeks", "margin": 0.3, "source": "/home/me/sales.csv"},
        seconds=12.3,
        report="03_lifetime_value.html",
        answer=body.answer,
        key_figures=tuple(body.key_figures),
    )


@pytest.fixture
def manifest(run: NotebookRun) -> Manifest:
    failed = NotebookRun("notebooks/04.ipynb", "timed out", "Who stays?", error="after 3600 s")
    return Manifest(
        recipe="reports/recipes/own.yml",
        title="Sales <every> month",
        run_id="20251121T183310Z",
        started="2025-11-21T18:33:10+00:00",
        finished="2025-11-21T18:34:10+00:00",
        as_of="1998-06-30",
        data={"source": "/home/me/sales.csv", "currency": "USD", "customer": "client"},
        fingerprint={"rows_used": 67591, "first_day": "1997-01-01", "last_day": "1998-06-30"},
        versions={"python": "3.11.2"},
        command="relmark run reports/recipes/own.yml",
        notebooks=(run, failed),
    )

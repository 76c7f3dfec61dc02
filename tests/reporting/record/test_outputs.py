"""Title, answer and key figures of an executed notebook, and the states of its cells."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import RECORD_MIME, NotebookRun
from relmark_research.reporting.record.outputs import (
    correct_cell_states,
    key_figures,
    notebook_title,
    read_executed,
    source_title,
    unfinished_reason,
    with_recorded_results,
    without_records,
)
from tests.reporting.books import SPEAKS, write_notebook


def said(record):
    return new_output("display_data", data={RECORD_MIME: record})


def executed(*cells):
    """Return cells as papermill leaves them when a kernel dies: all completed."""
    book = new_notebook(cells=list(cells))
    for cell in book.cells:
        cell.metadata["papermill"] = {"status": "completed", "exception": False}
    return book


def states(book):
    return [
        (cell.metadata.papermill.status, cell.metadata.papermill.exception) for cell in book.cells
    ]


def test_the_source_is_read_where_nothing_was_executed(tmp_path):
    source, output = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Source")]), source)
    assert notebook_title(read_executed(output, source)) == "Source"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Executed")]), output)
    assert notebook_title(read_executed(output, source)) == "Executed"


def test_cells_from_the_failed_one_on_are_corrected():
    book = executed(*(new_code_cell(str(n)) for n in range(4)))
    found = correct_cell_states(book, NotebookRun("n", "killed"), cell=2)
    assert states(found) == [
        ("completed", False),
        ("failed", True),
        ("pending", None),
        ("pending", None),
    ]


def test_no_cell_has_started_before_the_first():
    book = correct_cell_states(executed(new_code_cell("1")), NotebookRun("n", "killed"), cell=0)
    assert states(book) == [("pending", None)]


def test_a_notebook_that_is_done_keeps_its_states():
    book = correct_cell_states(executed(new_code_cell("1")), NotebookRun("n", "done"), cell=1)
    assert states(book) == [("completed", False)]


def test_papermills_note_is_removed_and_not_counted():
    note = new_markdown_cell("An exception", metadata={"tags": ["papermill-error-cell-tag"]})
    for state in ("done", "failed"):
        book = executed(note, new_code_cell("1"), new_code_cell("2", metadata={"tags": ["x"]}))
        found = correct_cell_states(book, NotebookRun("n", state), cell=1)
        assert [cell.source for cell in found.cells] == ["1", "2"]
    assert states(found) == [("failed", True), ("pending", None)]


def test_a_cell_that_papermill_did_not_mark_is_left():
    book = new_notebook(cells=[new_code_cell("1")])
    found = correct_cell_states(book, NotebookRun("n", "failed"), cell=1)
    assert "papermill" not in found.cells[0].metadata


def test_records_become_title_answer_and_key_figures():
    figures = [
        {"kind": "key_figure", "name": "clv", "value": 1.0, "unit": "USD"},
        {"kind": "key_figure", "name": "share", "value": 0.5},
        {"kind": "key_figure", "name": "clv", "value": 2.0, "unit": "USD"},
    ]
    book = new_notebook(
        cells=[
            new_markdown_cell("Words.\n\n## What is it worth? ##"),
            new_code_cell("", outputs=[said({"kind": "answer", "text": "One."}), said(figures[0])]),
            new_code_cell("", outputs=[said(figures[1]), said({"kind": "answer", "text": "Two."})]),
            new_code_cell("", outputs=[said(figures[2])]),
            new_code_cell("", outputs=[new_output("stream", text="x"), said({"kind": "say"})]),
        ]
    )
    run = with_recorded_results(NotebookRun("n", "done", seconds=3.0), book)
    assert (run.title, run.answer, run.seconds) == ("What is it worth?", "Two.", 3.0)
    assert [(figure.name, figure.value) for figure in run.key_figures] == [
        ("clv", 2.0),
        ("share", 0.5),
    ]


FORECAST = {
    "kind": "forecast", "name": "purchases", "measure": "purchases", "origin": "2024-01-31",
    "end": "2024-02-29", "expected": 3.0, "low": 2.0, "high": 5.0, "level": 0.95, "customers": 2,
}  # fmt: skip


def test_forecasts_are_read_the_last_of_a_name_counts():
    again, other = FORECAST | {"expected": 4.0}, FORECAST | {"name": "value", "measure": "value"}
    outputs = [said(each) for each in (FORECAST, other, again)]
    book = new_notebook(cells=[new_code_cell("", outputs=outputs)])
    run = with_recorded_results(NotebookRun("n", "done"), book)
    assert [(each.name, each.expected) for each in run.forecasts] == [
        ("purchases", 4.0),
        ("value", 3.0),
    ]


def test_a_malformed_forecast_is_refused():
    book = new_notebook(cells=[new_code_cell("", outputs=[said(FORECAST | {"low": 9.0})])])
    with pytest.raises(ReportError, match="expected a forecast with finite numbers, low <= high"):
        with_recorded_results(NotebookRun("n", "done"), book)


def test_a_notebook_without_words_has_its_name_and_no_answer():
    run = with_recorded_results(NotebookRun("n"), new_notebook(cells=[new_code_cell("1")]))
    assert (run.title, run.answer, run.key_figures) == ("n", "", ())


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        (["# One", "# Two"], "One"),
        (["no heading", "###### Deep"], "Deep"),
        (["####### Too deep"], ""),
        (["#hashtag"], ""),
        ([], ""),
    ],
)
def test_the_title_is_the_first_heading(texts, title):
    cells = [new_code_cell("# a comment"), *map(new_markdown_cell, texts)]
    assert notebook_title(new_notebook(cells=cells)) == title


def test_a_notebook_that_has_not_run_is_named_by_heading_or_file(tmp_path):
    path = tmp_path / "03_value.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Value")]), path)
    assert source_title(path) == "Value"
    nbformat.write(new_notebook(), path)
    assert source_title(path) == "03_value"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ([1], "its kind must be one of"),
        ("text", "its kind must be one of"),
        ({"kind": "poem"}, "its kind must be one of"),
        ({"kind": "answer", "text": 3}, "text of a record 'answer' must be text"),
        ({"kind": "answer", "text": "x" * 10_001}, "found str of 10,001"),
        ({"kind": "key_figure", "value": 1}, "a key_figure must have a name"),
        ({"kind": "key_figure", "name": "n", "value": "1"}, "value of a key figure must be a num"),
        ({"kind": "key_figure", "name": "n", "value": True}, "value of a key figure must be a num"),
        ({"kind": "key_figure", "name": "n", "low": 10**400}, "low of a key figure is too large"),
        ({"kind": "key_figure", "name": "n", "unit": {}}, "unit of a record"),
        ({"kind": "forecast", "name": "n"}, "expected the record of a forecast"),
    ],
)
def test_a_malformed_record_is_refused_in_words(record, words):
    book = new_notebook(cells=[new_code_cell("", outputs=[said(record)])])
    with pytest.raises(ReportError, match=words):
        with_recorded_results(NotebookRun("n", "done"), book)
    run = with_recorded_results(NotebookRun("n", "done"), without_records(book))
    assert (run.answer, run.key_figures) == ("", ())


def test_too_many_records_are_refused():
    outputs = [said({"kind": "say", "text": "x"}) for _ in range(2_001)]
    with pytest.raises(ReportError, match=r"at most 2,000 records; found 2,001"):
        with_recorded_results(
            NotebookRun("n", "done"), new_notebook(cells=[new_code_cell("", outputs=outputs)])
        )


def test_an_error_that_papermill_forgives_is_the_reason():
    ended = new_output("error", ename="SystemExit", evalue="0", traceback=[])
    book = new_notebook(cells=[new_code_cell("1"), new_code_cell("exit", outputs=[ended])])
    assert unfinished_reason(book) == "SystemExit: 0 (cell 2 of 2): the notebook ended early."
    assert unfinished_reason(new_notebook(cells=[new_code_cell("1")])) == ""


def test_plain_papermill_gives_the_key_figures(tmp_path):
    import papermill

    source = write_notebook(tmp_path, "speaks", SPEAKS)
    output = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(source),
        str(output),
        {"margin": 0.4},
        kernel_name="python3",
        language="python",
        progress_bar=False,
    )
    figures = key_figures(output)
    assert figures.loc["margin", ["value", "low", "high", "unit"]].tolist() == [
        0.4,
        0.2,
        0.8,
        "share",
    ]


def test_a_notebook_that_recorded_nothing_has_no_key_figures(tmp_path):
    figures = key_figures(write_notebook(tmp_path, "silent", "1"))
    assert len(figures) == 0
    assert "value" in figures


def test_key_figures_of_another_file_are_refused(tmp_path):
    path = tmp_path / "out.ipynb"
    with pytest.raises(ReportError, match="expected an executed notebook"):
        key_figures(path)
    path.write_text("value: 1")
    with pytest.raises(ReportError, match="expected an executed notebook"):
        key_figures(path)

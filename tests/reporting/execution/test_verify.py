"""A stored run is repeated with its own parameters, and its figures are compared."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.errors import ReportError
from relmark_research.reporting.execution import verify
from relmark_research.reporting.execution.verify import verify_run
from relmark_research.reporting.record.forecast_ledger import LEDGER_FILE
from relmark_research.reporting.record.job import Outcome
from relmark_research.reporting.record.manifest import (
    RECORD_MIME,
    IssuedForecast,
    KeyFigure,
    Manifest,
    NotebookRun,
)


def executed(value):
    """Return an executed notebook that recorded one key figure."""
    record = {"kind": "key_figure", "name": "clv", "value": value, "unit": "USD"}
    shown = new_output("display_data", data={RECORD_MIME: record})
    injected = new_code_cell("margin = 0.3", metadata={"tags": ["injected-parameters"]})
    cells = [new_markdown_cell("# Worth?"), injected, new_code_cell("run()", outputs=[shown])]
    book = new_notebook(cells=cells)
    for cell in book.cells:
        cell.metadata["papermill"] = {"status": "completed"}
    book.cells[-1].execution_count = 7
    return book


class Repeated:
    """A process that writes an executed notebook at once; `outcome` takes one more look."""

    log: list = []  # noqa: RUF012
    value, state, error = 5.0, "done", None

    def __init__(self, job, folder, limits, secrets):
        self.job, self.waits, self.began = job, 1, False
        source = nbformat.read(job.notebook, as_version=4)
        self.log.append({"job": job, "folder": folder, "limits": limits, "secrets": secrets,
                         "source": source, "scratch": Path(job.scratch).is_dir(),
                         "forecasts": json.loads(Path(job.scratch, LEDGER_FILE).read_text()),
                         })  # fmt: skip

    @classmethod
    def prepare(cls, job, *, folder, limits, secrets=()):
        return cls(job, folder, limits, secrets)

    def begin(self):
        self.began = True
        nbformat.write(executed(self.value), self.job.output)
        return self

    def outcome(self):
        self.waits -= 1
        return None if self.waits >= 0 else Outcome(self.state, self.error)

    def end(self):
        self.log[-1]["ended"] = self.began


@pytest.fixture
def process(monkeypatch):
    """Return the class in place of a notebook's process, with a log of what was asked."""
    monkeypatch.setattr(Repeated, "log", [])
    monkeypatch.setattr(verify, "NotebookProcess", Repeated)
    return Repeated


@pytest.fixture
def run(tmp_path):
    """Return the folder of a stored run with one notebook that is done and one that failed."""
    source = tmp_path / "books" / "value.ipynb"
    source.parent.mkdir()
    source.write_text("{}")
    figure = KeyFigure("clv", 5.0, unit="USD")
    done = NotebookRun(
        "value", "done", parameters={"margin": 0.3}, key_figures=(figure,), path=str(source),
        source="old",
    )  # fmt: skip
    failed = NotebookRun("other", "failed", path=str(source))
    return stored(tmp_path, done, failed)


def stored(tmp_path, *books):
    folder = tmp_path / "runs" / "1"
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    nbformat.write(executed(5.0), folder / "notebooks" / "value.ipynb")
    Manifest("r", "t", "1", "2024-01-01", notebooks=books).write(folder)
    return folder


def test_equal_figures_are_reproduced(run, process):
    found = verify_run(run)
    assert found.reproduced
    assert [(change.name, change.changed) for change in found.comparison.changes] == [
        ("clv", False)
    ]
    repetition = found.repetition
    assert (repetition.run_id, repetition.fingerprint) == ("again", {})
    assert repetition.versions["python"]
    assert repetition.code
    assert [each.notebook for each in repetition.notebooks] == ["value"]
    assert (found.comparison.before, found.comparison.after) == ("1", "again")
    assert "reproduced" in repr(found)


def test_the_notebook_runs_as_it_was_stored(run, process):
    verify_run(run, time_limit=60)
    (asked,) = process.log
    assert [cell.source for cell in asked["source"].cells] == ["# Worth?", "run()"]
    code = asked["source"].cells[1]
    assert (code.outputs, code.execution_count) == ([], None)
    assert all("papermill" not in cell.metadata for cell in asked["source"].cells)
    assert asked["job"].parameters == {"margin": 0.3}
    assert asked["folder"] == run.parents[1] / "books"
    assert asked["limits"].time == 60
    assert asked["limits"].memory > 0
    assert asked["scratch"] is True
    assert asked["ended"] is True
    assert not Path(asked["job"].scratch).exists()
    assert not Path(asked["job"].output).exists()


def test_a_notebook_has_an_hour_by_default(run, process):
    verify_run(run)
    assert process.log[0]["limits"].time == 3600


def test_another_figure_is_not_reproduced(run, process, monkeypatch):
    monkeypatch.setattr(process, "value", 6.0)
    found = verify_run(run)
    assert not found.reproduced
    assert [change.changed for change in found.comparison.changes] == [True]


def test_a_notebook_that_fails_is_not_reproduced(run, process, monkeypatch):
    monkeypatch.setattr(process, "state", "failed")
    monkeypatch.setattr(process, "error", "ValueError: no")
    found = verify_run(run)
    assert not found.reproduced
    (repeated,) = found.repetition.notebooks
    assert (repeated.state, repeated.error) == ("failed", "ValueError: no")


def test_the_source_is_compared_as_it_is_now(run, process, tmp_path):
    found = verify_run(run).repetition.notebooks[0].source
    assert len(found) == 64
    old = Manifest.from_json((run / "manifest.json").read_text()).notebooks[0]
    stored(tmp_path, replace(old, path=str(tmp_path / "gone.ipynb")))
    assert verify_run(run).repetition.notebooks[0].source == "old"
    folder = process.log[-1]["folder"]
    assert folder == Path(process.log[-1]["job"].output).parent


def test_secrets_of_the_parameters_are_named_and_must_be_set(run, process, tmp_path, monkeypatch):
    old = Manifest.from_json((run / "manifest.json").read_text()).notebooks[0]
    stored(tmp_path, replace(old, parameters={"key": "${MY_VERY_OWN_KEY}"}))
    with pytest.raises(ReportError, match="MY_VERY_OWN_KEY"):
        verify_run(run)
    assert process.log == []
    monkeypatch.setenv("MY_VERY_OWN_KEY", "open sesame")
    verify_run(run)
    assert process.log[0]["secrets"]["MY_VERY_OWN_KEY"] == "open sesame"


def test_a_run_without_a_notebook_that_is_done_is_refused(tmp_path):
    folder = stored(tmp_path, NotebookRun("value", "failed"))
    with pytest.raises(ReportError, match=r"expected a run with a notebook that is done; found"):
        verify_run(folder)
    (folder / "manifest.json").write_text(json.dumps({}))
    with pytest.raises(ReportError, match="manifest"):
        verify_run(folder)


def test_a_repetition_gets_the_notebooks_earlier_forecasts_and_no_others(run, process):
    own = IssuedForecast(
        "total", "purchases", "2024-01-31", "2024-03-31", 10.0, 8.0, 12.0, 0.95, 3,
        notebook="value", run="0", issued="2024-02-01",
    )  # fmt: skip
    manifest = Manifest.from_json((run / "manifest.json").read_text())
    replace(manifest, ledger=(own, replace(own, notebook="other"))).write(run)
    verify_run(run)
    (asked,) = process.log
    assert asked["forecasts"] == [asdict(own)]

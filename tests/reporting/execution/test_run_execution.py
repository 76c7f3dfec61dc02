"""The execution of a run with processes that are only played: order, retries, reports, reuse."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.reporting.execution import run_execution
from relmark_research.reporting.execution.run_execution import (
    PreviousRun,
    Progress,
    RunExecution,
)
from relmark_research.reporting.execution.supervisor import Limits
from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.record.job import Outcome
from relmark_research.reporting.record.manifest import (
    RECORD_MIME,
    Manifest,
    NotebookRun,
    read_manifest,
)
from relmark_research.reporting.reuse.observations import OBSERVATIONS
from relmark_research.reporting.reuse.result_key import Fingerprints
from relmark_research.reporting.store.run_checks import file_checksums

LIMITS = Limits(time=60, memory=10**9)


class Played:
    """A process whose cells end one at each look; the stage knows how each notebook ends."""

    def __init__(self, stage, job, limits, secrets):
        self.stage, self.job, self.limits, self.secrets = stage, job, limits, secrets
        self.name = Path(job.notebook).stem
        self.scratch, self.seconds, self.began, self.looks = Path(job.scratch), 1.234, False, 0
        self.ending = stage.endings.get(self.name, [])
        self.end_state = self.ending.pop(0) if self.ending else Outcome("done", memory=7)
        assert self.scratch.is_dir()
        (self.scratch / OBSERVATIONS).write_text('{"kind": "begun", "name": ""}\n')

    def begin(self):
        self.began = True
        self.stage.log.append(f"begin {self.name}")
        return self

    def progress(self):
        return (min(self.looks, self.stage.cells.get(self.name, 2)), 2)

    def outcome(self):
        assert self.began
        self.looks += 1
        if self.looks < 3:
            return None
        self.stage.log.append(f"end {self.name}")
        return self.end_state

    def end(self):
        self.stage.ended.append(self.name)


@pytest.fixture
def stage(monkeypatch):
    """Return how notebooks end, and a log of what is done; no process is started."""
    stage = SimpleNamespace(endings={}, cells={}, log=[], ended=[], removed=[], made=[])

    def prepare(job, *, folder, limits, secrets):
        stage.log.append(f"prepare {Path(job.notebook).stem}")
        written = (Path(job.output).parents[1] / "manifest.json").is_file()
        asked = SimpleNamespace(job=job, folder=folder, secrets=secrets, manifest_exists=written)
        stage.made.append(asked)
        return Played(stage, job, limits, secrets)

    monkeypatch.setattr(run_execution, "NotebookProcess", SimpleNamespace(prepare=prepare))
    monkeypatch.setattr(run_execution, "_POLL_INTERVAL", 0.001)
    own = run_execution.remove_scratch
    monkeypatch.setattr(
        run_execution, "remove_scratch", lambda path: stage.removed.append(path) or own(path)
    )
    return stage


def recipe(**fields):
    made = {
        "alerts": (),
        "reuse": True,
        "secrets": dict,
        "notebook_secrets": dict,
        "customer_table": None,
    }
    return SimpleNamespace(**{**made, **fields})


@pytest.fixture
def execution(tmp_path, stage):
    """Return a function that makes the execution of notebooks by their names."""

    def make(*names, folder="run", **fields):
        books, target = tmp_path / "books", tmp_path / folder
        books.mkdir(exist_ok=True)
        (target / "notebooks").mkdir(parents=True)
        tasks = []
        for name in names:
            path = books / f"{name}.ipynb"
            cells = [new_markdown_cell(f"# {name}?"), new_code_cell("1")]
            nbformat.write(new_notebook(cells=cells), path)
            tasks.append(Task(path, {"margin": 0.3, "year": 1}, {"margin": 0.3}))
        seen = []
        made = {"recipe": recipe(), "on_progress": seen.append, "limits": LIMITS, **fields}
        run = RunExecution(tasks=tuple(tasks), folder=target, **made)
        queued = tuple(NotebookRun(name, key=f"key of {name}") for name in names)
        manifest = Manifest("r", "T", "9", "2024-01-01T00:00:00+00:00", notebooks=queued)
        return SimpleNamespace(run=run, manifest=manifest, seen=seen, folder=target)

    return make


def execute(made, *, jobs=1, fingerprints=None):
    return made.run.execute(made.manifest, fingerprints or Fingerprints(), jobs=jobs)


def states(manifest):
    return {run.notebook: run.state for run in manifest.notebooks}


def test_every_notebook_is_run_and_gets_a_report(execution, stage):
    made = execution("one", "two")
    manifest = execute(made)
    assert states(manifest) == {"one": "done", "two": "done"}
    assert [run.report for run in manifest.notebooks] == ["one.html", "two.html"]
    first = manifest.notebooks[0]
    assert (first.title, first.seconds, first.memory, first.attempts) == ("one?", 1.23, 7, 1)
    assert first.error is None
    assert read_manifest(made.folder) == manifest
    assert manifest.finished.startswith("2024-01-01T00:00")
    assert sorted(path.name for path in made.folder.glob("*.html")) == [
        "index.html", "one.html", "two.html",
    ]  # fmt: skip
    assert (made.folder / "notebooks" / "one.ipynb").is_file()
    assert len(stage.removed) == 2
    assert not any(path.exists() for path in stage.removed)
    assert (made.folder / ".scratch").read_text().split() == [str(path) for path in stage.removed]


def test_the_next_notebook_is_prepared_while_one_runs(execution, stage):
    execute(execution("one", "two", "three"))
    assert stage.log == [
        "prepare one", "begin one", "prepare two", "end one",
        "begin two", "prepare three", "end two", "begin three", "end three",
    ]  # fmt: skip


def test_nothing_is_prepared_before_the_first_cell(execution, stage):
    stage.cells["one"] = 0
    execute(execution("one", "two"))
    assert stage.log[:3] == ["prepare one", "begin one", "end one"]


def test_several_notebooks_run_at_the_same_time(execution, stage):
    execute(execution("one", "two", "three"), jobs=2)
    assert stage.log[:4] == ["prepare one", "begin one", "prepare two", "begin two"]
    assert stage.log.index("begin three") > stage.log.index("end one")


def test_progress_names_the_cell_and_the_end(execution):
    made = execution("one")
    execute(made)
    assert made.seen == [
        Progress("one", "running"),
        Progress("one", "running", 1, 2, 1.234),
        Progress("one", "running", 2, 2, 1.234),
        Progress("one", "done", seconds=1.23),
    ]


def test_the_job_has_its_files_and_no_limit_on_reserved_memory(execution, stage):
    made = execution("one", recipe=recipe(notebook_secrets=lambda: {"KEY": "open sesame"}))
    execute(made)
    (asked,) = stage.made
    assert asked.job.parameters == {"margin": 0.3}
    assert asked.job.files == str(made.folder / "files" / "one")
    assert asked.job.output == str(made.folder / "notebooks" / "one.ipynb")
    assert asked.job.memory is None
    assert (asked.folder.name, asked.secrets["KEY"]) == ("books", "open sesame")


def test_the_manifest_is_written_before_a_process_starts(execution, stage):
    execute(execution("one"))
    assert [asked.manifest_exists for asked in stage.made] == [True]


def test_processes_are_checked_at_intervals(execution, monkeypatch):
    pauses, own = [], run_execution.time
    clock = SimpleNamespace(
        monotonic=own.monotonic, sleep=lambda s: pauses.append(s) or own.sleep(s)
    )
    monkeypatch.setattr(run_execution, "time", clock)
    execute(execution("one"))
    assert len(pauses) >= 2  # while it runs
    assert set(pauses) == {run_execution._POLL_INTERVAL}


def test_a_limit_of_the_recipe_leaves_headroom_for_reserved_memory(execution, stage):
    limits = Limits(time=60, memory=10**9, limits_reservation=True)
    execute(execution("one", limits=limits))
    assert stage.made[0].job.memory == 10**9 + 2 * 2**30


def test_a_notebook_that_ends_before_its_first_cell_is_tried_once_more(execution, stage):
    stage.cells["one"] = 0
    stage.endings["one"] = [Outcome("killed", "it ended.")]
    manifest = execute(execution("one"))
    assert (manifest.notebooks[0].state, manifest.notebooks[0].attempts) == ("done", 2)
    assert stage.log.count("begin one") == 2
    assert len(stage.removed) == 2


def test_it_is_not_tried_a_third_time(execution, stage):
    stage.cells["one"] = 0
    stage.endings["one"] = [Outcome("failed", "no")] * 2
    manifest = execute(execution("one"))
    assert (manifest.notebooks[0].state, manifest.notebooks[0].attempts) == ("failed", 2)


@pytest.mark.parametrize(("state", "cell"), [("failed", 1), ("killed", 1), ("timed out", 0)])
def test_other_ends_are_final(execution, stage, state, cell):
    stage.cells["one"] = cell
    stage.endings["one"] = [Outcome(state, "no")]
    manifest = execute(execution("one", "two"))
    assert states(manifest) == {"one": state, "two": "done"}
    assert (manifest.notebooks[0].attempts, manifest.notebooks[0].error) == (1, "no")


def test_secrets_are_removed_from_errors(execution, stage):
    stage.endings["one"] = [Outcome("failed", "no door for open sesame")]
    found = execute(execution("one", recipe=recipe(secrets=lambda: {"WORD": "open sesame"})))
    assert found.notebooks[0].error == "no door for ${WORD}"
    assert "open sesame" not in (found.notebooks[0].report or "")


def test_a_report_that_cannot_be_written_fails_its_notebook_only(execution, monkeypatch):
    from relmark_research.reporting.pages import render

    own = render.render_report

    def broken(notebook, run, manifest, before):
        if run.notebook == "one":
            raise ValueError("no <page>")
        return own(notebook, run, manifest, before)

    monkeypatch.setattr(render, "render_report", broken)
    made = execution("one", "two")
    manifest = execute(made)
    assert states(manifest) == {"one": "failed", "two": "done"}
    assert manifest.notebooks[0].error.endswith("could not be written: ValueError: no <page>")
    assert manifest.notebooks[0].report is None
    assert not (made.folder / "one.html").exists()


ODD_OUTPUTS = {
    "it exits": new_output("error", ename="SystemExit", evalue="0", traceback=[]),
    "a record without a name": new_output(
        "display_data", data={RECORD_MIME: {"kind": "key_figure", "value": 1.0}}
    ),
    "a record that is a list": new_output("display_data", data={RECORD_MIME: [1]}),
    "a page cannot show it": new_output("display_data", data={"text/html": ["a", "b"]}),
}


@pytest.mark.parametrize("output", ODD_OUTPUTS)
def test_an_odd_output_fails_its_notebook_alone_with_a_page(execution, monkeypatch, output):
    def read(path, source):
        cells = [new_markdown_cell("# T"), new_code_cell("1")]
        cells[1].outputs = [ODD_OUTPUTS[output]] if source.stem == "one" else []
        return new_notebook(cells=cells)

    monkeypatch.setattr(run_execution, "read_executed", read)
    made = execution("one", "two")
    manifest = execute(made)
    assert states(manifest) == {"one": "failed", "two": "done"}
    assert manifest.notebooks[0].error
    assert "not-complete" in (made.folder / manifest.notebooks[0].report).read_text()
    assert "rm-failed" in (made.folder / "index.html").read_text()


def test_the_error_of_the_notebook_comes_before_that_of_its_report(execution, stage, monkeypatch):
    from relmark_research.reporting.pages import render

    def broken(*given):
        raise ValueError("no page")

    monkeypatch.setattr(render, "render_report", broken)
    stage.endings["one"] = [Outcome("failed", "its own")]
    assert execute(execution("one")).notebooks[0].error == "its own"


def test_a_full_disk_ends_the_run_and_every_process(execution, stage, monkeypatch):
    from relmark_research.reporting.pages import render

    def full(*given):
        raise OSError("disk full")

    monkeypatch.setattr(render, "render_report", full)
    with pytest.raises(OSError, match="disk full"):
        execute(execution("one", "two", "three"), jobs=2)
    assert stage.ended  # those that ran or were prepared


def test_data_that_change_during_the_run_fail_its_notebooks(execution, stage, tmp_path):
    sales = tmp_path / "sales.csv"
    sales.write_text("1")
    fingerprints = Fingerprints()
    fingerprints.get(str(sales))
    stage.endings["two"] = [Outcome("timed out", "slow")]
    sales.write_text("2")
    manifest = execute(execution("one", "two"), fingerprints=fingerprints)
    assert states(manifest) == {"one": "failed", "two": "timed out"}
    first, second = manifest.notebooks
    assert first.error == f"the data changed during the run ({sales}); run it again."
    assert first.report == "one.html"
    assert second.error == "slow"


@pytest.fixture
def previous(execution):
    """Return a good run of two notebooks."""
    made = execution("one", "two", folder="previous")
    manifest = execute(made)
    files = file_checksums(made.folder)
    return PreviousRun(made.folder, replace(manifest, run_id="8", files=files))


def test_an_unchanged_notebook_is_taken_from_the_last_good_run(execution, stage, previous):
    stage.log.clear()
    made = execution("one", "two", previous=previous)
    changed = replace(made.manifest.notebooks[1], key="changed")
    made.manifest = made.manifest.with_run(changed)
    manifest = execute(made)
    one, two = manifest.notebooks
    assert (one.state, one.reused_from, two.reused_from) == ("done", "8", None)
    assert (one.seconds, one.memory, one.attempts, one.title) == (1.23, 7, 1, "one?")
    assert [line for line in stage.log if "one" in line] == []
    assert (made.folder / "one.html").is_file()
    assert made.seen[0] == Progress("one", "done", seconds=1.23, reused=True)
    assert made.seen[-1].reused is False


def test_an_edited_result_is_not_taken(execution, stage, previous):
    (previous.folder / "notebooks" / "one.ipynb").write_text("{}")
    stage.log.clear()
    one, two = execute(execution("one", "two", previous=previous)).notebooks
    assert (one.reused_from, two.reused_from) == (None, "8")
    assert one.reason == "its result in run 8 is not as published: notebooks/one.ipynb"
    assert "begin one" in stage.log


def test_a_result_that_was_not_observed_is_not_taken(execution, previous):
    unseen = replace(previous.manifest.notebooks[0], obstacles=("what it read was not observed",))
    again = PreviousRun(previous.folder, previous.manifest.with_run(unseen))
    one = execute(execution("one", previous=again)).notebooks[0]
    assert one.reused_from is None
    assert one.reason == "its result cannot be reused: what it read was not observed"


def test_the_first_run_of_a_result_is_named(execution, previous):
    old = replace(previous.manifest.notebooks[0], reused_from="3")
    again = PreviousRun(previous.folder, previous.manifest.with_run(old))
    manifest = execute(execution("one", "two", previous=again))
    assert [run.reused_from for run in manifest.notebooks] == ["3", "8"]


@pytest.mark.parametrize("fields", [{"force": True}, {"recipe": recipe(reuse=False)}])
def test_reuse_can_be_refused(execution, previous, fields):
    manifest = execute(execution("one", previous=previous, **fields))
    assert manifest.notebooks[0].reused_from is None


def test_reused_results_are_not_failed_by_changed_data(execution, previous, tmp_path):
    sales = tmp_path / "sales.csv"
    sales.write_text("1")
    fingerprints = Fingerprints()
    fingerprints.get(str(sales))
    sales.write_text("2")
    manifest = execute(execution("one", previous=previous), fingerprints=fingerprints)
    assert states(manifest) == {"one": "done"}


def test_the_slowest_come_first_with_several_jobs(execution, stage, previous):
    slow = replace(previous.manifest.notebooks[1], seconds=99.0)
    unknown = PreviousRun(previous.folder, previous.manifest.with_run(slow))
    for jobs, order in ((1, ["one", "two", "new"]), (2, ["new", "two", "one"])):
        made = execution("one", "two", "new", folder=f"run{jobs}", previous=unknown, force=True)
        assert [task.name for task in made.run._ordered_tasks(jobs)] == order
    bare = execution("one", "two", folder="bare")
    assert [task.name for task in bare.run._ordered_tasks(2)] == ["one", "two"]


def test_alerts_compare_with_the_last_good_run(execution, previous, monkeypatch):
    seen = []
    monkeypatch.setattr(
        run_execution, "fired_alerts", lambda *given: seen.append(given) or ("it fell.",)
    )
    manifest = execute(execution("one", previous=previous, recipe=recipe(alerts=("a",))))
    assert manifest.alerts == ("it fell.",)
    (given,) = seen
    assert given[:2] == (("a",), previous.manifest)
    assert states(given[2]) == {"one": "done"}


def test_the_time_that_the_run_took_is_recorded(execution, monkeypatch):
    made = execution("one")
    monkeypatch.setattr(made.run, "started", made.run.started - 3725)
    assert execute(made).finished == "2024-01-01T01:02:05+00:00"


def test_the_manifest_has_the_present_state_of_each_notebook(execution):
    found = []

    def look(progress):
        if progress.cell is None or progress.cell == 0:
            found.append(states(read_manifest(made.folder)))

    made = execution("one", "two", on_progress=look)
    execute(made)
    assert found[0] == {"one": "running", "two": "queued"}
    assert found[-1] == {"one": "done", "two": "done"}

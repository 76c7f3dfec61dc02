import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from relmark_research.reporting.execution.runner import (
    RunOptions,
    command_line,
    run_recipe,
    runs_folder,
)
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.run_store import AlreadyRunningError
from tests.reporting.books import SPEAKS, write_notebook, write_recipe

MARK = f"runner-{os.getpid()}"
MONTHLY = (
    "title: Margins\nnotebooks: {}\n"
    "parameters: {{speaks: {{margin: 0.25, segment: '{{x}} \"y\" \\ <script>'}}}}"
)
ENDLESS = (
    "import subprocess, time\n"
    "subprocess.Popen(['sleep', '987'], start_new_session=True)\n"
    "time.sleep(987)"
)


@pytest.fixture(scope="module", autouse=True)
def own_mark():
    """Mark the processes of these tests; other runs may be active on the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELMARK_TEST", MARK)
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project in a folder with braces in its name."""
    folder = tmp_path_factory.mktemp("project") / "a {folder} of ours"
    books = folder / "notebooks"
    write_notebook(books, "speaks", SPEAKS)
    write_notebook(books, "fails", "before = 1", "1 / 0", "after = 1")
    write_notebook(books, "exits", "import os\nos._exit(3)", "after = 1")
    write_notebook(books, "endless", ENDLESS)
    write_recipe(folder, MONTHLY.format("[speaks]"))
    write_recipe(
        folder, "title: T\nnotebooks: [endless, speaks]\ntime_limit: 4 seconds", name="endless"
    )
    return folder


@pytest.fixture(scope="module")
def monthly(project) -> Path:
    return project / "reports" / "recipes" / "monthly.yml"


@pytest.fixture(scope="module")
def good(monthly) -> Path:
    return run_recipe(monthly, RunOptions(as_of="2024-05-31"))


@pytest.fixture(scope="module")
def seen() -> list:
    return []


@pytest.fixture(scope="module")
def bad(project, monthly, good, seen) -> Path:
    """A run after the good one, in which two of three notebooks fail."""
    write_recipe(project, MONTHLY.format("[speaks, fails, exits]"))
    return run_recipe(monthly, RunOptions(jobs=3), on_progress=seen.append)


def marked() -> list[psutil.Process]:
    """Return the running processes that a notebook started."""
    found = []
    for process in psutil.process_iter():
        try:
            marks = process.environ()
            ours = marks.get("RELMARK_TEST") == MARK and "RELMARK_PROCESS" in marks
            if ours and process.status() != "zombie":
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(condition, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_a_successful_run_is_published(good):
    assert sorted(entry.name for entry in good.iterdir()) == [
        "index.html",
        "manifest.json",
        "notebooks",
        "speaks.html",
    ]
    assert [book.name for book in (good / "notebooks").iterdir()] == ["speaks.ipynb"]
    assert (good / "speaks.html").read_text().startswith("<!DOCTYPE html>")


def test_the_manifest_has_inputs_and_results(good):
    manifest = read_manifest(good)
    run = manifest.notebooks[0]
    assert manifest.succeeded
    assert manifest.run_id == good.name
    assert manifest.finished >= manifest.started
    assert manifest.as_of == "2024-05-31"
    assert manifest.versions["python"].startswith("3.")
    assert run.title == "What is the margin?"
    assert run.answer == ('A margin of 0.25 for {x} "y" \\ <script>, seen to 2024-05-31.')
    assert [(f.name, f.value, f.low, f.high, f.unit) for f in run.key_figures] == [
        ("margin", 0.25, 0.125, 0.5, "share")
    ]
    assert run.parameters["margin"] == 0.25
    assert run.parameters["weeks"] == 52
    assert 0 < run.seconds < 120
    assert manifest.command.endswith("--as-of 2024-05-31")


def test_the_notebook_is_unchanged_and_uses_this_interpreter(good, project):
    before = nbformat.read(project / "notebooks" / "speaks.ipynb", as_version=4)
    assert [cell.get("outputs", []) for cell in before.cells] == [[], [], []]
    after = nbformat.read(good / "notebooks" / "speaks.ipynb", as_version=4)
    assert after.cells[2].metadata.tags == ["injected-parameters"]
    assert {cell.metadata.papermill.status for cell in after.cells} == {"completed"}


def test_a_failed_run_does_not_change_latest(bad, good):
    assert bad != good
    assert (bad.parent / "latest").resolve() == good.resolve()
    assert (bad.parent / "latest" / "index.html").is_file()


def test_every_notebook_has_its_own_state(bad):
    runs = {run.notebook: run for run in read_manifest(bad).notebooks}
    assert {name: run.state for name, run in runs.items()} == {
        "speaks": "done",
        "fails": "failed",
        "exits": "killed",
    }
    assert runs["fails"].error == "ZeroDivisionError: division by zero (cell 4 of 5)"
    assert runs["exits"].error == "the kernel's process ended in cell 3 of 4."
    assert all((bad / run.report).is_file() for run in runs.values())
    assert (bad / "index.html").is_file()


def test_the_failed_notebook_is_kept_with_its_error(bad):
    book = nbformat.read(bad / "notebooks" / "fails.ipynb", as_version=4)
    states = [cell.metadata.papermill.status for cell in book.cells]
    assert states == ["completed", "completed", "completed", "failed", "pending"]
    assert book.cells[3].outputs[0].ename == "ZeroDivisionError"


def test_a_dead_kernel_leaves_no_false_cell_state(bad):
    book = nbformat.read(bad / "notebooks" / "exits.ipynb", as_version=4)
    states = [cell.metadata.papermill.status for cell in book.cells]
    assert states == ["completed", "completed", "failed", "pending"]


def test_progress_is_reported_in_order(bad, seen):
    told = [p.state for p in seen if p.notebook == "fails" and not p.cell]
    assert told[0] == "running"
    assert told[-1] == "failed"
    cells = [p.cell for p in seen if p.notebook == "fails" and p.state == "running"]
    assert cells == sorted(cells)
    assert {p.cells for p in seen if p.cell and p.notebook == "fails"} <= {5}


def test_nothing_is_left_behind(bad, good):
    assert sorted(entry.name for entry in bad.parent.iterdir()) == sorted(
        [".lock", "index.html", "latest", bad.name, good.name]
    )
    assert marked() == []


def test_an_endless_cell_is_stopped_with_its_processes(project, good):
    recipe = project / "reports" / "recipes" / "endless.yml"
    run = run_recipe(recipe, RunOptions(only=("endless",), out=project / "elsewhere"))
    ended = read_manifest(run).notebooks[0]
    assert run.parent == project / "elsewhere" / "endless"
    assert ended.state == "timed out"
    assert ended.error.startswith("stopped after its time limit of 4 seconds")
    assert 4 < ended.seconds < 120  # of the 987 that it would take
    assert not (run.parent / "latest").exists()
    assert marked() == []


@pytest.mark.slow
def test_a_runner_that_is_killed_leaves_no_process_and_a_clean_next_run(project, monthly, good):
    write_recipe(project, "title: T\nnotebooks: [endless, speaks]", name="killed")
    recipe = project / "reports" / "recipes" / "killed.yml"
    home = runs_folder(read_recipe(recipe), None)
    runner = subprocess.Popen(
        [sys.executable, "-m", "relmark_research", "run", str(recipe)],
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )
    try:
        until(lambda: runner.poll() is not None or any(p.name() == "sleep" for p in marked()))
        assert runner.poll() is None
        making = next(home.glob(".making-*"))
        states = [run.state for run in read_manifest(making).notebooks]
        assert states == ["running", "queued"]
        assert read_manifest(making).finished is None
        with pytest.raises(AlreadyRunningError, match=f"process {runner.pid}"):
            run_recipe(recipe)
    finally:
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait()
    until(lambda: not marked())
    scratch = Path((making / ".scratch").read_text().splitlines()[0])
    assert scratch.is_dir()
    run = run_recipe(recipe, RunOptions(only=("speaks",)))
    assert not scratch.exists()
    kept = [".lock", run.name, "index.html"]
    assert sorted(entry.name for entry in home.iterdir()) == kept


def test_a_terminated_runner_cleans_up(project, good):
    recipe = write_recipe(project, "title: T\nnotebooks: [endless]", name="stopped")
    home = runs_folder(read_recipe(recipe), None)
    runner = subprocess.Popen(
        [sys.executable, "-m", "relmark_research", "run", str(recipe)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    until(lambda: runner.poll() is not None or list(home.glob(".making-*/.scratch")))
    runner.terminate()
    out, _ = runner.communicate(timeout=120)
    assert (runner.returncode, out) == (130, b"")
    assert [entry.name for entry in home.iterdir()] == [".lock"]
    assert marked() == []


def test_runs_are_stored_beside_the_recipes(project, monthly):
    recipe = read_recipe(monthly)
    assert runs_folder(recipe, None) == project / "reports" / "runs" / "monthly"
    assert runs_folder(recipe, Path("/x")) == Path("/x/monthly")


def test_the_command_can_be_pasted():
    asked = RunOptions(settings=("one.segment=a b",), only=("one",), as_of="2024-05-31")
    assert command_line("r.yml", asked) == (
        "relmark run r.yml --as-of 2024-05-31 --set 'one.segment=a b' --only one"
    )

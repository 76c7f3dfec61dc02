"""The process of a notebook: prepared, started, and ended with its descendants."""

import time
from pathlib import Path

import psutil
import pytest

from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.execution.supervisor import Limits, NotebookProcess
from relmark_research.reporting.record.job import Job
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.scratch import create_scratch, remove_scratch, scratch_path
from tests.reporting.books import write_notebook, write_recipe

PLENTY = Limits(time=60, memory=4 * 10**9)


@pytest.fixture
def scratch():
    folder = scratch_path()
    create_scratch(folder)
    yield folder
    remove_scratch(folder)


def start(book: Path, scratch: Path, limits: Limits = PLENTY) -> NotebookProcess:
    job = Job(str(book), str(book.with_suffix(".out.ipynb")), {}, str(scratch))
    return NotebookProcess.prepare(job, folder=book.parent, limits=limits)


def kernel_is_up(scratch: Path) -> bool:
    return any(scratch.glob("k-*"))


def wait_for(holds, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def test_a_prepared_notebook_waits_for_begin(tmp_path, scratch):
    book = write_notebook(tmp_path, "one", "open('ran', 'w').close()")
    process = start(book, scratch)
    try:
        wait_for(lambda: kernel_is_up(scratch))
        time.sleep(1.5)  # were it to run by itself, it would have by now
        assert process.outcome() is None
        assert process.progress() == (0, 0)
        assert not (tmp_path / "ran").exists()
        before = time.monotonic()
        process = process.begin()
        assert process.seconds <= time.monotonic() - before  # the wait is not counted
        wait_for(lambda: process.outcome() is not None)
        assert process.outcome().state == "done"
        assert (tmp_path / "ran").exists()
    finally:
        process.end()


@pytest.mark.slow
def test_the_time_limit_counts_from_begin(tmp_path, scratch):
    book = write_notebook(tmp_path, "one", "import time; time.sleep(60)")
    process = start(book, scratch, Limits(time=2, memory=4 * 10**9))
    try:
        wait_for(lambda: kernel_is_up(scratch))
        process = process.begin()
        wait_for(lambda: process.seconds > 2)
        ended = process.outcome()
        assert ended.state == "timed out"
        assert ended.error == "stopped after its time limit of 2 seconds, in cell 3 of 3."
    finally:
        process.end()


def test_a_prepared_process_can_be_ended(tmp_path, scratch):
    process = start(write_notebook(tmp_path, "one", "1"), scratch)
    wait_for(lambda: kernel_is_up(scratch))
    started = psutil.Process(process.process.pid).children(recursive=True)
    assert started
    process.end()
    assert not [each for each in started if each.is_running() and each.status() != "zombie"]


def test_a_process_that_ended_before_begin_has_an_outcome(tmp_path, scratch):
    process = start(tmp_path / "gone.ipynb", scratch)
    process.process.wait(timeout=60)
    assert process.begin().outcome().state == "failed"


@pytest.mark.slow
def test_notebooks_run_one_after_the_other(tmp_path):
    log = tmp_path / "log"
    for name in ("first", "second"):
        write_notebook(
            tmp_path / "notebooks",
            name,
            f"import time; log = open({str(log)!r}, 'a')",
            f"print('{name} begins', file=log, flush=True); time.sleep(1.5)",
            f"print('{name} ends', file=log, flush=True)",
        )
    recipe = write_recipe(tmp_path, "title: T\nnotebooks: [first, second]")
    seen = []

    def watch(progress) -> None:
        seen.append((progress.notebook, progress.state))

    run = run_recipe(recipe, RunOptions(jobs=1), on_progress=watch)
    assert read_manifest(run).succeeded
    names = [name for name in ("first", "second") for _ in range(2)]
    assert [line.split()[0] for line in log.read_text().splitlines()] == names
    ended = {name: seen.index((name, "done")) for name in names}
    assert sorted(ended, key=ended.get) == ["first", "second"]

"""A notebook's process: got ready ahead, let run when its turn comes, ended with all it started."""

import time
from pathlib import Path

import psutil
import pytest

from relmark_research.reporting.execution.runner import Asked, run_recipe
from relmark_research.reporting.execution.supervisor import Limits, NotebookProcess
from relmark_research.reporting.execution.worker import Job
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.record.scratch import make_scratch, new_scratch, remove_scratch
from tests.reporting.books import write_notebook, write_recipe

PLENTY = Limits(time=60, memory=4 * 10**9)


@pytest.fixture
def scratch():
    folder = new_scratch()
    make_scratch(folder)
    yield folder
    remove_scratch(folder)


def start(book: Path, scratch: Path, limits: Limits = PLENTY) -> NotebookProcess:
    job = Job(str(book), str(book.with_suffix(".out.ipynb")), {}, str(scratch))
    return NotebookProcess.start(job, folder=book.parent, limits=limits)


def kernel_is_up(scratch: Path) -> bool:
    return any(scratch.glob("k-*"))


def wait_for(holds, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def test_nothing_of_a_notebook_runs_before_its_turn(tmp_path, scratch):
    book = write_notebook(tmp_path, "one", "open('ran', 'w').close()")
    process = start(book, scratch)
    try:
        wait_for(lambda: kernel_is_up(scratch))
        time.sleep(1.5)  # were it to run by itself, it would have by now
        assert process.outcome() is None
        assert process.progress() == (0, 0)
        assert not (tmp_path / "ran").exists()
        process = process.begin()
        assert process.seconds < 1
        wait_for(lambda: process.outcome() is not None)
        assert process.outcome().state == "done"
        assert (tmp_path / "ran").exists()
    finally:
        process.end()


def test_the_limit_of_time_counts_from_its_turn(tmp_path, scratch):
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


def test_one_that_is_ready_ends_with_the_others(tmp_path, scratch):
    process = start(write_notebook(tmp_path, "one", "1"), scratch)
    wait_for(lambda: kernel_is_up(scratch))
    started = psutil.Process(process.child.pid).children(recursive=True)
    assert started
    process.end()
    assert not [each for each in started if each.is_running() and each.status() != "zombie"]


def test_one_that_ended_before_its_turn_says_how(tmp_path, scratch):
    process = start(tmp_path / "gone.ipynb", scratch)
    process.child.wait(timeout=60)
    assert process.begin().outcome().state == "failed"


def test_the_next_is_queued_until_the_one_before_has_run(tmp_path):
    log = tmp_path / "log"
    for name in ("first", "second", "third"):
        write_notebook(
            tmp_path / "notebooks",
            name,
            f"import time; log = open({str(log)!r}, 'a')",
            f"print('{name} begins', file=log, flush=True); time.sleep(1.5)",
            f"print('{name} ends', file=log, flush=True)",
        )
    recipe = write_recipe(tmp_path, "title: T\nnotebooks: [first, second, third]")
    seen = []

    def watch(progress) -> None:
        seen.append((progress.notebook, progress.state))

    run = run_recipe(recipe, Asked(jobs=1), watch=watch)
    assert read_manifest(run).good
    names = [name for name in ("first", "second", "third") for _ in range(2)]
    assert [line.split()[0] for line in log.read_text().splitlines()] == names
    ended = {name: seen.index((name, "done")) for name in names}
    assert sorted(ended, key=ended.get) == ["first", "second", "third"]

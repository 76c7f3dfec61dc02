"""The worker process of a notebook: what it gives papermill, and how an end is reported."""

import json
import os
import resource
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import papermill_io

from relmark_research.reporting.execution import worker
from relmark_research.reporting.record.job import PROCESS_MARK, Job, Outcome
from relmark_research.reporting.record.secrets import NAMES_VARIABLE, Scrubber
from relmark_research.reporting.reuse import kernel_observer


@pytest.fixture
def job(tmp_path):
    book = tmp_path / "a {book}.ipynb"
    book.write_text(json.dumps({"cells": [{}, {}]}))
    return Job(str(book), str(tmp_path / "out.ipynb"), {}, str(tmp_path))


@pytest.fixture(autouse=True)
def _nothing_blocked(monkeypatch):
    monkeypatch.setattr(worker, "block_papermill_extras", lambda: None)


def outcome_of(monkeypatch, job, error=None, *, at=(0, 0)):
    """Return the outcome where papermill ends, with an error, in a cell of so many."""

    def run(job, position, start_signal):
        position.cell, position.cells = at
        if error:
            raise error

    monkeypatch.setattr(worker, "_run_papermill", run)
    return worker.execute(job, threading.Event())


def cell_error(name, value):
    return PapermillExecutionError(2, 1, "1 / 0", name, value, [])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, Outcome("done")),
        (cell_error("ValueError", "no"), Outcome("failed", "ValueError: no (cell 3 of 5)")),
        (
            cell_error("KeyboardInterrupt", ""),
            Outcome("failed", "KeyboardInterrupt: (cell 3 of 5)"),
        ),
        (cell_error("MemoryError", ""), Outcome("out of memory", "MemoryError: (cell 3 of 5)")),
        (
            cell_error("_ArrayMemoryError", "8 GB"),
            Outcome("out of memory", "_ArrayMemoryError: 8 GB (cell 3 of 5)"),
        ),
        (
            DeadKernelError("died"),
            Outcome("killed", "the kernel's process ended in cell 3 of 5."),
        ),
        (OSError("disk full"), Outcome("failed", "OSError: disk full")),
        (RuntimeError(), Outcome("failed", "RuntimeError:")),
    ],
)
def test_every_end_has_a_state_and_its_reason(monkeypatch, job, error, expected):
    assert outcome_of(monkeypatch, job, error, at=(3, 5)) == expected


def test_a_position_starts_before_the_first_cell():
    assert str(worker.Position()) == "cell 0 of 0"
    assert str(worker.Position(2, 7)) == "cell 2 of 7"


def test_files_are_written_without_secrets(tmp_path):
    files = worker.AtomicFiles(Scrubber.from_secrets({"PASSWORD": "open sesame"}))
    path = str(tmp_path / "x.ipynb")
    files.write("the word is open sesame, é", path)
    assert files.read(path) == "the word is ${PASSWORD}, é"
    assert files.listdir(str(tmp_path)) == [path]
    assert files.pretty_path(path) == path


def test_this_interpreter_is_the_kernel(tmp_path):
    worker.write_kernel_spec(tmp_path)
    spec = json.loads((tmp_path / "kernels" / "relmark" / "kernel.json").read_text())
    assert spec["argv"][0] == sys.executable
    assert spec["argv"][1:3] == ["-c", kernel_observer.START]
    assert spec["argv"][3:5] == [str(tmp_path / "observed.jsonl"), "-f"]
    assert "--HistoryManager.enabled=False" in spec["argv"]
    assert spec["language"] == "python"


@pytest.fixture
def asked(monkeypatch):
    """Return what papermill is asked for; no notebook runs."""
    found = {}

    def execute_notebook(path, output, **options):
        found.update(options, path=path, output=output)

    monkeypatch.setattr(papermill, "execute_notebook", execute_notebook)
    monkeypatch.setattr(papermill_io, "_handlers", [])
    monkeypatch.setattr(papermill_engines, "_engines", {})
    return found


def test_papermill_gets_the_notebook_its_parameters_and_this_kernel(monkeypatch, job, asked):
    monkeypatch.setenv("MY_SECRET", "open sesame")
    monkeypatch.setenv(NAMES_VARIABLE, "MY_SECRET")
    position, start = worker.Position(), threading.Event()
    worker._run_papermill(
        Job(job.notebook, job.output, {"key": "${MY_SECRET}"}, job.scratch), position, start
    )
    assert asked["path"] == job.notebook.replace("{", "{{").replace("}", "}}")
    assert asked["output"] == job.output
    assert asked["parameters"] == {"key": "open sesame"}
    assert asked["engine_name"] == asked["kernel_name"] == "relmark"
    assert asked["progress_bar"] is False
    sockets = asked["config"].ConnectionFileMixin
    assert sockets.transport == "ipc"
    assert Path(sockets.ip).parent == Path(sockets.connection_file).parent == Path(job.scratch)
    assert position.cells == 3  # two, and papermill's for the parameters
    ((_, files),) = papermill_io._handlers
    assert files.scrub("open sesame") == "${MY_SECRET}"
    assert issubclass(papermill_engines._engines["relmark"], NBClientEngine)


def test_the_first_cell_waits_for_the_start_signal(job, asked):
    start = threading.Event()
    worker._run_papermill(job, worker.Position(), start)
    assert asked["parameters"] is None
    waiting = threading.Thread(target=asked["on_notebook_start"], args=(None,), daemon=True)
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    start.set()
    waiting.join(5)
    assert not waiting.is_alive()


def test_progress_is_written_at_the_start_of_each_cell(job, asked):
    position = worker.Position()
    worker._run_papermill(job, position, threading.Event())
    asked["on_cell_start"](cell=None, cell_index=1)
    assert (Path(job.scratch) / "progress").read_text() == "2 2"
    assert position.cell == 2


def test_the_notebook_is_saved_at_the_start_of_a_cell_only(monkeypatch):
    saved, completed = [], []

    class Manager:
        def save(self, **_):
            saved.append("start")

        def autosave_cell(self):
            raise AssertionError("no message has come")

        def cell_complete(self, cell, **options):
            completed.append((cell, options))
            self.save()
            if cell == "broken":
                raise ValueError(cell)

    def engine(cls, manager, kernel_name, **options):
        for cell in ("one", "broken"):
            manager.save()
            try:
                manager.cell_complete(cell, cell_index=1)
            except ValueError:
                manager.save()
        assert (kernel_name, options) == ("relmark", {"timeout": 3})

    monkeypatch.setattr(NBClientEngine, "execute_managed_notebook", classmethod(engine))
    worker._save_once_engine(worker.Position()).execute_managed_notebook(
        Manager(), "relmark", timeout=3
    )
    assert saved == ["start"] * 3
    assert completed == [("one", {"cell_index": 1}), ("broken", {"cell_index": 1})]


def test_the_runner_starts_the_notebook_and_its_end_ends_the_worker(monkeypatch):
    reader, writer = os.pipe()
    ended, killed, over = [], [], threading.Event()
    own_read = os.read
    monkeypatch.setattr(os, "read", lambda file, n: own_read({0: reader}[file], n))
    monkeypatch.setattr(os, "kill", lambda *given: killed.append(given) or over.set())
    monkeypatch.setattr(worker, "end_processes", ended.append)
    monkeypatch.setenv(PROCESS_MARK, "mine")
    start = worker._listen_to_runner()
    assert not start.wait(0.05)
    os.write(writer, b".")
    assert start.wait(5)
    assert killed == []
    os.close(writer)
    assert over.wait(5)
    assert (ended, killed) == (["mine"], [(os.getpid(), signal.SIGKILL)])
    os.close(reader)


@pytest.fixture
def limits(monkeypatch):
    """Return the limits that are set; none is, and no thread listens."""
    found = []
    monkeypatch.setattr(resource, "setrlimit", lambda *given: found.append(given))
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=who * -7))
    monkeypatch.setattr(worker, "_listen_to_runner", threading.Event)
    return found


@pytest.mark.parametrize("memory", [None, 10**9])
def test_the_job_of_a_file_is_run_and_its_outcome_written(monkeypatch, job, limits, memory):
    monkeypatch.setenv("MY_SECRET", "open sesame")
    monkeypatch.setenv(NAMES_VARIABLE, "MY_SECRET")
    error = "ValueError: open sesame" if memory else None
    monkeypatch.setattr(worker, "execute", lambda job, start: Outcome("failed", error))
    path = Job(job.notebook, job.output, {}, job.scratch, memory=memory).write()
    worker.main(str(path))
    found = json.loads((Path(job.scratch) / "outcome.json").read_text())
    peak = 7 * 1024  # kilobytes of the children, RUSAGE_CHILDREN is -1
    scrubbed = "ValueError: ${MY_SECRET}" if memory else None
    assert found == {"state": "failed", "error": scrubbed, "memory": peak}
    assert limits == ([(resource.RLIMIT_DATA, (memory, memory))] if memory else [])
    assert (Path(job.scratch) / "kernels").is_dir()


class TestOutputLimit:
    @pytest.fixture
    def ended(self, monkeypatch):
        found = []
        monkeypatch.setattr(worker, "end_processes", found.append)
        monkeypatch.setattr(worker, "LARGEST_OUTPUT", 100)
        monkeypatch.setattr(worker, "MOST_OUTPUTS", 5)
        monkeypatch.setenv(PROCESS_MARK, "mine")
        return found

    @staticmethod
    def printed(text):
        return {"output_type": "stream", "name": "stdout", "text": text}

    def test_what_is_within_the_limits_stays(self, ended):
        limit = worker.OutputLimit(worker.Position())
        cell = SimpleNamespace(outputs=[])
        for _ in range(3):
            cell.outputs.append(self.printed("x"))
            limit.check(cell)
        other = SimpleNamespace(outputs=[self.printed("y")])
        limit.check(other)
        assert (limit.count, len(cell.outputs), ended) == (4, 3, [])

    @pytest.mark.parametrize("outputs", [["x" * 200], ["x"] * 6])
    def test_what_is_beyond_is_replaced_and_ends_the_kernel(self, ended, outputs):
        position = worker.Position()
        limit = worker.OutputLimit(position)
        cell = SimpleNamespace(outputs=[self.printed(text) for text in outputs])
        with pytest.raises(RuntimeError, match="this one displays more"):
            limit.check(cell)
        assert ended == ["mine"]
        assert [each.output_type for each in cell.outputs] == ["error"]
        assert "displays more" in position.exceeded
        with pytest.raises(RuntimeError):
            limit.check(cell)
        assert ended == ["mine"]

    def test_an_output_that_grows_later_counts_too(self, ended):
        first = NotebookNode(outputs=[self.printed("x")])
        position = worker.Position()
        limit = worker.OutputLimit(position)
        notebook = NotebookNode(cells=[first, NotebookNode()])
        limit.check(first, notebook)
        limit.check(first, notebook)
        later = NotebookNode(outputs=[])
        first.outputs[0]["text"] = "x" * 200  # by display(..., display_id=...).update
        with pytest.raises(RuntimeError, match="this one displays more"):
            limit.check(later, notebook)
        assert ended == ["mine"]

    def test_it_fails_the_notebook_whatever_the_kernel_does(self, monkeypatch, job):
        def run(job, position, start_signal):
            position.exceeded, position.cell, position.cells = "too much", 2, 3
            raise DeadKernelError("gone")

        monkeypatch.setattr(worker, "_run_papermill", run)
        found = worker.execute(job, threading.Event())
        assert found == Outcome("failed", "too much (cell 2 of 3)")

"""A job travels as a file; processes with its mark are ended, and no others."""

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from relmark_research.reporting.record import job as job_module
from relmark_research.reporting.record.job import PROCESS_MARK, Job, Outcome, end_processes


def test_a_job_is_written_into_its_scratch_folder(tmp_path):
    job = Job("in.ipynb", "out.ipynb", {"margin": 0.3}, str(tmp_path), memory=10**9)
    path = job.write()
    assert path == tmp_path / "job.json"
    assert Job(**json.loads(path.read_text())) == job
    assert json.loads(path.read_text())["files"] == ""


def test_an_outcome_has_neither_error_nor_memory_by_default():
    assert (Outcome("done").error, Outcome("done").memory) == (None, None)


def sleeping(mark):
    environment = {**os.environ, PROCESS_MARK: mark}
    return subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"],
        env=environment,
        stdout=subprocess.PIPE,
    )


def test_every_process_with_the_mark_is_ended_and_no_other():
    mark = f"mark-{os.getpid()}"
    ours, other = [sleeping(mark), sleeping(mark)], sleeping(f"{mark}-other")
    try:
        for process in (*ours, other):
            process.stdout.read(1)
        end_processes(mark)
        assert [psutil.pid_exists(process.pid) for process in ours] == [False, False]
        assert other.poll() is None
    finally:
        for process in (*ours, other):
            process.kill()
            process.wait()
            process.stdout.close()


class Fake:
    """A process of psutil that dies at its n-th kill."""

    def __init__(self, pid, mark="m", *, kills=1, status="running", error=None):
        self.pid, self.mark, self.kills, self._status, self.error = pid, mark, kills, status, error
        self.killed = 0

    def status(self):
        return self._status

    def environ(self):
        if self.error:
            raise self.error
        return {PROCESS_MARK: self.mark}

    def kill(self):
        self.killed += 1
        if self.killed == self.kills:
            self._status = psutil.STATUS_ZOMBIE


@pytest.fixture
def machine(monkeypatch):
    """Return a list of fake processes, which are all that psutil finds."""
    processes, waits = [], []
    monkeypatch.setattr(psutil, "process_iter", lambda: list(processes))
    monkeypatch.setattr(psutil, "wait_procs", lambda procs, timeout: waits.append(timeout))
    return SimpleNamespace(processes=processes, waits=waits)


def test_this_process_zombies_and_unreadable_processes_are_left(machine):
    here = Fake(os.getpid())
    zombie = Fake(2, status=psutil.STATUS_ZOMBIE)
    denied, gone = Fake(3, error=psutil.AccessDenied()), Fake(4, error=OSError())
    stranger, ours = Fake(5, "n"), Fake(6)
    machine.processes[:] = [here, zombie, denied, gone, stranger, ours]
    end_processes("m")
    assert [process.killed for process in machine.processes] == [0, 0, 0, 0, 0, 1]
    assert machine.waits == [1]


def test_processes_that_remain_are_killed_again_at_most_twenty_times(machine):
    machine.processes[:] = [Fake(2, kills=3), Fake(3)]
    end_processes("m")
    assert [process.killed for process in machine.processes] == [3, 1]
    machine.processes[:] = [Fake(4, kills=99)]
    end_processes("m")
    assert machine.processes[0].killed == job_module._ATTEMPTS == 20


def test_a_process_that_ends_meanwhile_is_no_error(machine):
    class Vanishing(Fake):
        def kill(self):
            super().kill()
            raise psutil.NoSuchProcess(self.pid)

    machine.processes[:] = [Vanishing(2), Fake(3)]
    end_processes("m")
    assert [process.killed for process in machine.processes] == [1, 1]


def test_ending_nothing_is_quick():
    before = time.monotonic()
    end_processes(f"no-process-has-this-mark-{os.getpid()}")
    assert time.monotonic() - before < 10

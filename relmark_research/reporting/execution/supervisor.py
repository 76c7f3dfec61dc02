"""The supervisor: starts the worker of a notebook, enforces its limits, and ends its processes.

Every process that a notebook starts carries the mark `job.PROCESS_MARK` in its environment. All of
them can be found and ended, even if their session or parent has changed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from relmark_research.reporting.display._customer_rows import ID_VARIABLE
from relmark_research.reporting.privacy.redaction import IDS_FILE, IDS_VARIABLE
from relmark_research.reporting.record.forecast_ledger import LEDGER_FILE, LEDGER_VARIABLE
from relmark_research.reporting.record.job import PROCESS_MARK, Job, Outcome, end_processes
from relmark_research.reporting.record.manifest import State, write_atomically
from relmark_research.reporting.record.resource_units import format_memory_size
from relmark_research.reporting.record.secrets import (
    NAMES_VARIABLE,
    PRIVATE_VARIABLE,
    secrets_of_environment,
)

_REFRESH = 1.0  # seconds between two searches for new processes
_MEMORY_SHARE = 0.8  # of the machine's memory, if a recipe sets no limit
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_NEAR_LIMIT = 0.9  # a kernel killed above this share of its limit counts as out of memory


@dataclass(frozen=True)
class Limits:
    """Limits on the resources of one notebook.

    Attributes
    ----------
    time
        Wall-clock time [seconds].
    memory
        Memory of all its processes together [bytes].
    limits_reservation
        Whether each process is also limited in the memory that it reserves. This applies if the
        recipe sets the memory limit.
    """

    time: float
    memory: int
    limits_reservation: bool = False


@dataclass
class ProcessTree:
    """A process and its descendants.

    Attributes
    ----------
    root
        The id of the first process.
    peak
        The largest memory use that was measured [bytes].
    """

    root: int
    peak: int = 0
    refreshed: float = float("-inf")
    processes: list[Any] = field(default_factory=list)

    def measure_memory(self) -> int:
        """Return the resident memory of all processes [bytes], and update the peak."""
        import psutil

        if time.monotonic() - self.refreshed > _REFRESH:
            self.refreshed = time.monotonic()
            try:
                root = psutil.Process(self.root)
                self.processes = [root, *root.children(recursive=True)]
            except psutil.Error:
                self.processes = []
        memory = sum(_resident_memory(process) for process in self.processes)
        self.peak = max(self.peak, memory)
        return memory


@dataclass(frozen=True)
class NotebookProcess:
    """A worker process that runs one notebook.

    Attributes
    ----------
    process
        The worker process.
    scratch
        The private folder of the notebook's run.
    started
        When the notebook started, on the monotonic clock [seconds].
    limits
        For the whole notebook.
    tree
        The worker with its descendants, for the measurement of memory.
    """

    process: subprocess.Popen[bytes]
    scratch: Path
    started: float
    limits: Limits
    tree: ProcessTree

    @classmethod
    def prepare(
        cls, job: Job, *, folder: Path, limits: Limits, secrets: Mapping[str, str] | None = None
    ) -> Self:
        """Start a worker and its kernel; the notebook itself waits for `begin`.

        Parameters
        ----------
        job
            The notebook to run; its scratch folder exists.
        folder
            The working directory: the notebook's own folder.
        limits
            Limits on time and memory.
        secrets
            Values by name that the notebook may use, and that must not be written to files. They
            reach it in a private file, not in the environment.
        """
        scratch = Path(job.scratch)
        path = job.write()
        private = secrets_of_environment() | dict(secrets or {})
        write_atomically(scratch / "private.json", json.dumps(private), durable=False)
        with (scratch / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "relmark_research.reporting.execution.worker", str(path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_environment(scratch, job, tuple(private)),
                start_new_session=True,
            )
        return cls(process, scratch, time.monotonic(), limits, ProcessTree(process.pid))

    def begin(self) -> Self:
        """Start the notebook; its time counts from here."""
        if self.process.stdin:
            with suppress(BrokenPipeError):  # the worker has ended, and `outcome` says how
                os.write(self.process.stdin.fileno(), b".")
        return replace(self, started=time.monotonic())

    @property
    def seconds(self) -> float:
        """Time since the notebook started."""
        return time.monotonic() - self.started

    def progress(self) -> tuple[int, int]:
        """Return the current cell, from 1, and the number of cells; (0, 0) before the first."""
        try:
            cell, cells = (self.scratch / "progress").read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return 0, 0
        return int(cell), int(cells)

    def outcome(self) -> Outcome | None:
        """Return how the notebook ended, or None while it runs; end it if it exceeds a limit."""
        if self.process.poll() is not None:
            self.end()
            return self._with_peak_memory(self._read_outcome())
        memory = self.tree.measure_memory()
        if memory > self.limits.memory:
            used, limit = format_memory_size(memory), format_memory_size(self.limits.memory)
            return self._stop("out of memory", f"stopped at {used}, above its limit of {limit}")
        if self.seconds > self.limits.time:
            reason = f"stopped after its time limit of {self.limits.time:g} seconds"
            return self._stop("timed out", reason)
        return None

    def end(self) -> None:
        """End the worker, its kernel, and all processes that they started."""
        end_processes(self.scratch.name)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def _stop(self, state: State, reason: str) -> Outcome:
        cell, cells = self.progress()
        self.end()
        where = f"in cell {cell} of {cells}" if cell else "before its first cell"
        return self._with_peak_memory(Outcome(state, f"{reason}, {where}."))

    def _with_peak_memory(self, outcome: Outcome) -> Outcome:
        peak = max(self.tree.peak, outcome.memory or 0)
        if outcome.state == "killed" and peak > _NEAR_LIMIT * self.limits.memory:
            used, limit = format_memory_size(peak), format_memory_size(self.limits.memory)
            error = f"{outcome.error} It used {used}; the limit is {limit}."
            outcome = replace(outcome, state="out of memory", error=error)
        return replace(outcome, memory=peak or None)

    def _read_outcome(self) -> Outcome:
        path = self.scratch / "outcome.json"
        if path.is_file():
            return Outcome(**json.loads(path.read_text(encoding="utf-8")))
        code = self.process.returncode
        if code < 0:
            return Outcome("killed", f"its process was ended by signal {-code}.")
        log = (self.scratch / "log.txt").read_text(encoding="utf-8", errors="replace")
        last = (log.strip().splitlines() or ["it printed nothing"])[-1]
        return Outcome("failed", f"its process ended with code {code}: {last}")


def default_memory_limit() -> int:
    """Return 80% of the memory of this machine, or of its container [bytes]."""
    import psutil

    total = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):  # no control group, or "max"
        total = min(total, int(_CONTAINER_LIMIT.read_text(encoding="utf-8")))
    return int(total * _MEMORY_SHARE)


def _resident_memory(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _environment(scratch: Path, job: Job, secrets: tuple[str, ...]) -> dict[str, str]:
    """Return the runner's environment, with Jupyter's folders moved into the scratch folder."""
    package = Path(__file__).resolve().parents[3]
    path = os.environ.get("PYTHONPATH", "")
    if "site-packages" not in package.parts:  # a checkout that is not installed
        path = os.pathsep.join(filter(None, (str(package), path)))
    return {
        **{name: value for name, value in os.environ.items() if name not in secrets},
        PROCESS_MARK: scratch.name,
        NAMES_VARIABLE: " ".join(secrets),
        PRIVATE_VARIABLE: str(scratch / "private.json"),
        "RELMARK_FILES": job.files,
        IDS_VARIABLE: str(scratch / IDS_FILE),
        ID_VARIABLE: job.id_column,
        LEDGER_VARIABLE: str(scratch / LEDGER_FILE),
        "PYTHONPATH": path,
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(scratch / "tmp"),
        "JUPYTER_PATH": str(scratch),
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
    }

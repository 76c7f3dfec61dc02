"""The process of one notebook: started apart, watched, limited in time, ended with all it started.

Every process that a notebook starts carries the mark ``RELMARK_PROCESS`` in its environment, so
that all can be found and ended, whichever session or parent they have by then.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from relmark_research.reporting.execution.worker import Job, Outcome
from relmark_research.reporting.record.manifest import State
from relmark_research.reporting.record.secrets import LISTED
from relmark_research.reporting.record.size_units import in_words

# How much memory a notebook's processes hold, and how much they may.

_LOOK = 1.0  # seconds between two looks for new processes
_SHARE = 0.8  # of the machine's memory, where a recipe sets no limit
_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass
class Tree:
    """A process and all that descend from it.

    Attributes
    ----------
    root
        The id of the first process.
    peak
        The most that they were seen to hold at once [bytes].
    """

    root: int
    peak: int = 0
    looked: float = float("-inf")
    known: list[Any] = field(default_factory=list)

    def measure(self) -> int:
        """Return what they hold now, resident in memory [bytes]."""
        import psutil

        if time.monotonic() - self.looked > _LOOK:
            self.looked = time.monotonic()
            try:
                first = psutil.Process(self.root)
                self.known = [first, *first.children(recursive=True)]
            except psutil.Error:
                self.known = []
        held = sum(_resident(process) for process in self.known)
        self.peak = max(self.peak, held)
        return held


def machine_limit() -> int:
    """Return four fifths of the memory that this machine, or its container, has [bytes]."""
    import psutil

    total = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):  # no control group, or "max"
        total = min(total, int(_CGROUP.read_text(encoding="utf-8")))
    return int(total * _SHARE)


def _resident(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


_MARK = "RELMARK_PROCESS"
_FULL = 0.9  # a kernel that is killed above this share of its limit has run out of memory


@dataclass(frozen=True)
class Limits:
    """What one whole notebook may take.

    Attributes
    ----------
    time
        On the clock [seconds].
    memory
        Of all its processes together [bytes].
    hard
        Whether the memory limit was asked for; no process may then even reserve far more.
    """

    time: float
    memory: int
    hard: bool = False


@dataclass(frozen=True)
class NotebookProcess:
    """A child process that runs one notebook.

    Attributes
    ----------
    began
        When it was let run, on the monotonic clock, which no change of the wall clock moves
        [seconds].
    limits
        For the whole notebook.
    tree
        Its processes, as far as their memory goes.
    """

    child: subprocess.Popen[bytes]
    scratch: Path
    began: float
    limits: Limits
    tree: Tree

    @classmethod
    def start(
        cls, job: Job, *, folder: Path, limits: Limits, secrets: tuple[str, ...] = ()
    ) -> Self:
        """Start a process with this interpreter and get the notebook's kernel ready.

        Nothing of the notebook runs before `begin`.

        Parameters
        ----------
        job
            What to run; its scratch folder exists.
        folder
            The working directory: the notebook's own folder.
        limits
            What it may take.
        secrets
            The names of the environment variables whose values it must not write down.
        """
        scratch = Path(job.scratch)
        path = job.write()
        with (scratch / "log.txt").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "relmark_research.reporting.execution.worker", str(path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_environment(scratch, job.files, secrets),
                start_new_session=True,
            )
        return cls(child, scratch, time.monotonic(), limits, Tree(child.pid))

    def begin(self) -> Self:
        """Let the notebook run; its time counts from here, ready or not."""
        if self.child.stdin:
            with suppress(BrokenPipeError):  # it has ended already, and `outcome` says how
                os.write(self.child.stdin.fileno(), b".")
        return replace(self, began=time.monotonic())

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began

    def progress(self) -> tuple[int, int]:
        """Return the cell that is running, from 1, and how many there are; (0, 0) before that."""
        try:
            cell, cells = (self.scratch / "progress").read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return 0, 0
        return int(cell), int(cells)

    def outcome(self) -> Outcome | None:
        """Return how the notebook ended, or None while it runs; past a limit it is ended."""
        if self.child.poll() is not None:
            self.end()
            return self._with_memory(self._said())
        held = self.tree.measure()
        if held > self.limits.memory:
            said = f"stopped when it held {in_words(held)}, more than its limit of "
            return self._stopped("out of memory", said + in_words(self.limits.memory))
        if self.seconds > self.limits.time:
            said = f"stopped after its time limit of {self.limits.time:g} seconds"
            return self._stopped("timed out", said)
        return None

    def _stopped(self, state: State, said: str) -> Outcome:
        cell, cells = self.progress()
        self.end()
        where = f"in cell {cell} of {cells}" if cell else "before its first cell"
        return self._with_memory(Outcome(state, f"{said}, {where}."))

    def _with_memory(self, outcome: Outcome) -> Outcome:
        peak = max(self.tree.peak, outcome.memory or 0)
        if outcome.state == "killed" and peak > _FULL * self.limits.memory:
            said = f"{outcome.error} It held {in_words(peak)}; the limit is "
            said += f"{in_words(self.limits.memory)}."
            outcome = replace(outcome, state="out of memory", error=said)
        return replace(outcome, memory=peak or None)

    def end(self) -> None:
        """End the child, its kernel, and whatever they started."""
        end_all(self.scratch.name)
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        if self.child.stdin:
            self.child.stdin.close()

    def _said(self) -> Outcome:
        path = self.scratch / "outcome.json"
        if path.is_file():
            return Outcome(**json.loads(path.read_text(encoding="utf-8")))
        code = self.child.returncode
        if code < 0:
            return Outcome("killed", f"its process was ended by signal {-code}.")
        log = (self.scratch / "log.txt").read_text(encoding="utf-8", errors="replace")
        last = (log.strip().splitlines() or ["it said nothing"])[-1]
        return Outcome("failed", f"its process ended with code {code}: {last}")


def end_all(mark: str) -> None:
    """Kill every process that carries ``mark``, except this one."""
    import psutil

    for _ in range(20):  # a process may fork while it is looked for
        marked = [process for process in psutil.process_iter() if _carries(process, mark)]
        if not marked:
            return
        for process in marked:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(marked, timeout=1)


def _carries(process: Any, mark: str) -> bool:
    import psutil

    if process.pid == os.getpid():
        return False
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.environ().get(_MARK) == mark
    except (psutil.Error, OSError):
        return False


def _environment(scratch: Path, files: str, secrets: tuple[str, ...]) -> dict[str, str]:
    """The runner's environment, with what Jupyter keeps in a home folder made private."""
    package = Path(__file__).resolve().parents[3]
    path = os.environ.get("PYTHONPATH", "")
    if "site-packages" not in package.parts:  # run from a checkout that is not installed
        path = os.pathsep.join(filter(None, (str(package), path)))
    return {
        **os.environ,
        _MARK: scratch.name,
        LISTED: " ".join(secrets),
        "RELMARK_FILES": files,
        "PYTHONPATH": path,
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(scratch / "tmp"),
        "JUPYTER_PATH": str(scratch),
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
    }

"""The process of one notebook: started apart, watched, limited in time, ended with all it started.

Every process that a notebook starts carries the mark ``RELMARK_PROCESS`` in its environment, so
that all can be found and ended, whichever session or parent they have by then.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from relmark_research.reporting.child import Job, Outcome

_MARK = "RELMARK_PROCESS"
_PREFIX = "relmark-"


@dataclass(frozen=True)
class NotebookProcess:
    """A child process that runs one notebook.

    Attributes
    ----------
    started
        On the monotonic clock, which no change of the wall clock moves [seconds].
    time_limit
        For the whole notebook [seconds].
    """

    child: subprocess.Popen[bytes]
    scratch: Path
    started: float
    time_limit: float

    @classmethod
    def start(
        cls,
        notebook: Path,
        *,
        output: Path,
        parameters: dict[str, Any],
        scratch: Path,
        time_limit: float,
    ) -> Self:
        """Start a notebook with this interpreter, in the notebook's own folder."""
        job = Job(str(notebook), str(output), parameters, str(scratch)).write()
        with (scratch / "log.txt").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "relmark_research.reporting.child", str(job)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=notebook.parent,
                env=_environment(scratch),
                start_new_session=True,
            )
        return cls(child, scratch, time.monotonic(), time_limit)

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started

    def progress(self) -> tuple[int, int]:
        """Return the cell that is running, from 1, and how many there are; (0, 0) before that."""
        try:
            cell, cells = (self.scratch / "progress").read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return 0, 0
        return int(cell), int(cells)

    def outcome(self) -> Outcome | None:
        """Return how the notebook ended, or None while it runs; past its limit it is ended."""
        if self.child.poll() is not None:
            self.end()
            return self._said()
        if self.seconds <= self.time_limit:
            return None
        cell, cells = self.progress()
        self.end()
        where = f"in cell {cell} of {cells}" if cell else "before its first cell"
        return Outcome(
            "timed out", f"stopped after its time limit of {self.time_limit:g} seconds, {where}."
        )

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


def make_scratch() -> Path:
    """Make a private folder with a short path: a socket's path has room for about 100 bytes."""
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_scratch_home()))


def _scratch_home() -> Path:
    usual = Path(tempfile.gettempdir())
    return usual if len(os.fsencode(usual)) <= 60 else Path("/tmp")


def remove_scratch(folder: Path) -> None:
    """Remove a scratch folder of an earlier run, and end what may still run in it."""
    ours = folder.name.startswith(_PREFIX) and folder.parent == _scratch_home()
    if not ours or not folder.is_dir() or folder.stat().st_uid != os.getuid():
        return
    end_all(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


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


def _environment(scratch: Path) -> dict[str, str]:
    """The runner's environment, with what Jupyter keeps in a home folder made private."""
    package = Path(__file__).resolve().parents[2]
    path = os.environ.get("PYTHONPATH", "")
    if "site-packages" not in package.parts:  # run from a checkout that is not installed
        path = os.pathsep.join(filter(None, (str(package), path)))
    return {
        **os.environ,
        _MARK: scratch.name,
        "PYTHONPATH": path,
        "PYTHONHASHSEED": "0",
        "JUPYTER_PATH": str(scratch),
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
    }

"""What the supervisor hands to the worker process of a notebook, and what comes back.

A `Job` travels to the worker as a file, an `Outcome` travels back. All processes that a notebook
starts carry the mark of its job in their environment, so that either side can end all of them.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from relmark_research.reporting.record.manifest import State, write_atomically

PROCESS_MARK = "RELMARK_PROCESS"  # environment variable with the mark of a notebook's processes

_ATTEMPTS = 20  # a process may fork while the others are ended


@dataclass(frozen=True)
class Job:
    """A notebook to run, with its parameters and folders.

    Attributes
    ----------
    notebook, output
        Path of the notebook, and where the executed notebook is written.
    parameters
        Values to inject after the parameters cell.
    scratch
        Private folder of this notebook's run. Its path is short, because sockets live in it.
    files
        Folder for the figures and tables that the report links to; empty for none.
    memory
        Limit on the memory that each process may reserve [bytes], or None.
    id_column
        The data's column of customers, whose values are ids in any table.
    """

    notebook: str
    output: str
    parameters: dict[str, Any]
    scratch: str
    files: str = ""
    memory: int | None = None
    id_column: str = ""

    def write(self) -> Path:
        """Write the job into its scratch folder and return the path."""
        return write_atomically(Path(self.scratch) / "job.json", json.dumps(asdict(self)))


@dataclass(frozen=True)
class Outcome:
    """How a notebook ended: its state, the error message, and its peak memory [bytes]."""

    state: State
    error: str | None = None
    memory: int | None = None


def end_processes(mark: str) -> None:
    """Kill every process that carries ``mark``, except this one."""
    import psutil

    for _ in range(_ATTEMPTS):
        marked = [process for process in psutil.process_iter() if _has_mark(process, mark)]
        if not marked:
            return
        for process in marked:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(marked, timeout=1)


def _has_mark(process: Any, mark: str) -> bool:
    import psutil

    if process.pid == os.getpid():
        return False
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.environ().get(PROCESS_MARK) == mark
    except (psutil.Error, OSError):
        return False

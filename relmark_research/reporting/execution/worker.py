"""One notebook, executed by papermill in a process of its own.

``python -m relmark_research.reporting.execution.worker job.json`` reads what to do from a file and
leaves beside it ``progress`` (which cell it is at) and ``outcome.json`` (how it ended). The
notebook's kernel is this interpreter, reached over sockets in a private folder. It is started at
once; the first cell waits for a byte on standard input, so that a notebook can be got ready while
another runs. When the runner that started this process goes, its end of standard input closes, and
so do this process and its kernel.
"""

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from relmark_research.reporting.execution.import_blocklist import spare_papermill
from relmark_research.reporting.record.manifest import State, write_whole
from relmark_research.reporting.record.secrets import Scrubber, revealed

KERNEL = "relmark"


@dataclass(frozen=True)
class Job:
    """What the child is to do.

    Attributes
    ----------
    notebook, output
        The notebook's file, and where to put what it became.
    parameters
        Those to inject after its parameters cell.
    scratch
        The private folder of this notebook's run: short, since sockets live in it.
    files
        The folder for its figures and tables, for its report to link to; empty for none.
    memory
        The most that each of its processes may reserve [bytes], or None.
    """

    notebook: str
    output: str
    parameters: dict[str, Any]
    scratch: str
    files: str = ""
    memory: int | None = None

    def write(self) -> Path:
        """Write the job into its scratch folder."""
        return write_whole(Path(self.scratch) / "job.json", json.dumps(asdict(self)))


@dataclass(frozen=True)
class Outcome:
    """How a notebook ended, in the child's own words."""

    state: State
    error: str | None = None
    memory: int | None = None


@dataclass(frozen=True)
class WholeFiles:
    """Papermill's way to files, but nobody finds half a notebook, or a secret, in them."""

    scrub: Scrubber

    def read(self, path: str) -> str:
        """Return a file's text."""
        return Path(path).read_text(encoding="utf-8")

    def listdir(self, path: str) -> list[str]:
        """Return the paths in a folder."""
        return [str(entry) for entry in Path(path).iterdir()]

    def write(self, buf: str, path: str) -> None:
        """Write a file in one step."""
        write_whole(Path(path), self.scrub(buf), lasting=False)

    def pretty_path(self, path: str) -> str:
        """Return how to show a path."""
        return path


def execute(job: Job, may_begin: threading.Event) -> Outcome:
    """Run the notebook once it may begin, keep what it became, and say how it ended."""
    spare_papermill()
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    at = {"cell": 0, "cells": 0}
    try:
        _papermill(job, at, may_begin)
    except PapermillExecutionError as error:
        said = f"{error.ename}: {error.evalue}".strip()
        state: State = "out of memory" if error.ename.endswith("MemoryError") else "failed"
        return Outcome(state, f"{said} (cell {at['cell']} of {at['cells']})")
    except DeadKernelError:
        where = f"cell {at['cell']} of {at['cells']}"
        return Outcome("killed", f"the kernel's process ended in {where}.")
    except Exception as error:  # noqa: BLE001  (whatever it is, the manifest must say it)
        return Outcome("failed", f"{type(error).__name__}: {error}".strip())
    return Outcome("done")


def _papermill(job: Job, at: dict[str, int], may_begin: threading.Event) -> None:
    import papermill
    from papermill.engines import papermill_engines
    from papermill.iorw import papermill_io
    from traitlets.config import Config

    papermill_io.register("/", WholeFiles(Scrubber.in_force()))
    papermill_engines.register(KERNEL, _sparing_engine())
    scratch = Path(job.scratch)
    cells = len(json.loads(Path(job.notebook).read_text(encoding="utf-8"))["cells"])
    at["cells"] = cells + bool(job.parameters)  # papermill adds a cell for them
    connection = str(scratch / "connection.json")
    sockets = {"transport": "ipc", "ip": str(scratch / "k"), "connection_file": connection}
    papermill.execute_notebook(
        _literal(job.notebook),
        _literal(job.output),
        parameters=revealed(job.parameters) or None,
        engine_name=KERNEL,
        kernel_name=KERNEL,
        language="python",
        progress_bar=False,
        config=Config({"ConnectionFileMixin": sockets}),
        on_notebook_start=lambda notebook: may_begin.wait(),
        on_cell_start=_reporter(scratch / "progress", at),
    )


def _sparing_engine() -> type:
    """Papermill's engine, but a cell is saved where it begins, not once more where it ends."""
    from papermill.engines import NBClientEngine

    class Sparing(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            complete, save = nb_man.cell_complete, nb_man.save

            def completed(*given: Any, **named: Any) -> None:
                nb_man.save = lambda **_: None
                try:
                    complete(*given, **named)
                finally:
                    nb_man.save = save

            nb_man.cell_complete = completed
            super().execute_managed_notebook(nb_man, kernel_name, **options)

    return Sparing


def _literal(path: str) -> str:
    """Papermill fills in ``{name}`` in paths; a folder may be called so."""
    return path.replace("{", "{{").replace("}", "}}")


def _reporter(path: Path, at: dict[str, int]) -> Callable[..., None]:
    def report(cell: Any, cell_index: int) -> None:
        at["cell"] = cell_index + 1
        write_whole(path, f"{at['cell']} {at['cells']}", lasting=False)

    return report


def write_kernel(scratch: Path) -> None:
    """Describe this interpreter as a kernel, so that no installed kernel is needed."""
    folder = scratch / "kernels" / KERNEL
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    command += ["--HistoryManager.enabled=False"]  # it would keep the parameters
    spec = {"argv": command, "display_name": "relmark", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _listen_to_runner() -> threading.Event:
    """Return what is set when the runner lets the notebook begin; end this process when it goes."""
    may_begin = threading.Event()

    def watch() -> None:
        while os.read(0, 1):  # nothing is read when the runner's end of the pipe closes
            may_begin.set()
        from relmark_research.reporting.execution.supervisor import end_all

        end_all(os.environ["RELMARK_PROCESS"])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    return may_begin


def main(path: str) -> None:
    """Carry out the job in a file."""
    job = Job(**json.loads(Path(path).read_text(encoding="utf-8")))
    may_begin = _listen_to_runner()
    if job.memory:
        resource.setrlimit(resource.RLIMIT_DATA, (job.memory, job.memory))
    write_kernel(Path(job.scratch))
    outcome = execute(job, may_begin)
    held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    said = Scrubber.in_force()(outcome.error) if outcome.error else None
    outcome = replace(outcome, error=said, memory=held)
    write_whole(Path(job.scratch) / "outcome.json", json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main(sys.argv[1])

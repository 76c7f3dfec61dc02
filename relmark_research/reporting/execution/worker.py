"""The worker: a process that executes one notebook with papermill.

``python -m relmark_research.reporting.execution.worker job.json`` reads the job from a file and
writes two files beside it: ``progress`` (the current cell) and ``outcome.json`` (how it ended). The
kernel uses the same interpreter and communicates over sockets in a private folder. It starts at
once; the first cell waits for one byte on standard input, so that a notebook can be prepared while
another one runs. If the runner ends, its end of the pipe closes, and the worker and its kernel end.
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

from relmark_research.reporting.execution.import_blocklist import block_papermill_extras
from relmark_research.reporting.record.job import PROCESS_MARK, Job, Outcome, end_processes
from relmark_research.reporting.record.manifest import State, write_atomically
from relmark_research.reporting.record.secrets import Scrubber, fill_in_secrets
from relmark_research.reporting.reuse import kernel_observer
from relmark_research.reporting.reuse.observations import OBSERVATIONS

KERNEL = "relmark"
LARGEST_OUTPUT = 50_000_000  # characters that a notebook may display and print
MOST_OUTPUTS = 10_000  # that it may display

_OUTPUT_WAIT = 120  # seconds for the outputs that a cell has sent when it ends


@dataclass
class Position:
    """The cell that runs, from 1 (0: none yet), the number of cells, and a limit exceeded."""

    cell: int = 0
    cells: int = 0
    exceeded: str = ""

    def __str__(self) -> str:
        return f"cell {self.cell} of {self.cells}"


@dataclass(frozen=True)
class AtomicFiles:
    """File access for papermill: files are written atomically and without secrets."""

    scrub: Scrubber

    def read(self, path: str) -> str:
        """Return the text of a file."""
        return Path(path).read_text(encoding="utf-8")

    def listdir(self, path: str) -> list[str]:
        """Return the paths in a folder."""
        return [str(entry) for entry in Path(path).iterdir()]

    def write(self, buf: str, path: str) -> None:
        """Write a file atomically, with its secrets replaced."""
        write_atomically(Path(path), self.scrub(buf), durable=False)

    def pretty_path(self, path: str) -> str:
        """Return the path for messages."""
        return path


def execute(job: Job, start_signal: threading.Event) -> Outcome:
    """Run the notebook after the start signal, save the executed notebook, and return the outcome.

    Parameters
    ----------
    job
        The notebook with its parameters.
    start_signal
        Set when the first cell may run.
    """
    block_papermill_extras()
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    position = Position()
    try:
        _run_papermill(job, position, start_signal)
    except PapermillExecutionError as error:
        message = f"{error.ename}: {error.evalue}".strip()
        state: State = "out of memory" if error.ename.endswith("MemoryError") else "failed"
        return Outcome(state, f"{message} ({position})")
    except Exception as error:  # noqa: BLE001  (any error belongs in the manifest)
        if position.exceeded:
            return Outcome("failed", f"{position.exceeded} ({position})")
        if not isinstance(error, DeadKernelError):
            return Outcome("failed", f"{type(error).__name__}: {error}".strip())
        return Outcome("killed", f"the kernel's process ended in {position}.")
    if position.exceeded:
        return Outcome("failed", f"{position.exceeded} ({position})")
    return Outcome("done")


def write_kernel_spec(scratch: Path) -> None:
    """Describe this interpreter as a kernel, so that no installed kernel is needed."""
    folder = scratch / "kernels" / KERNEL
    folder.mkdir(parents=True)
    observations = str(scratch / OBSERVATIONS)
    command = [sys.executable, "-c", kernel_observer.START, observations, "-f", "{connection_file}"]
    command += ["--HistoryManager.enabled=False"]  # the history would store the parameters
    spec = {"argv": command, "display_name": "relmark", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _run_papermill(job: Job, position: Position, start_signal: threading.Event) -> None:
    import papermill
    from papermill.engines import papermill_engines
    from papermill.iorw import papermill_io
    from traitlets.config import Config

    papermill_io.register("/", AtomicFiles(Scrubber.from_environment()))
    papermill_engines.register(KERNEL, _save_once_engine(position))
    scratch = Path(job.scratch)
    cells = len(json.loads(Path(job.notebook).read_text(encoding="utf-8"))["cells"])
    position.cells = cells + bool(job.parameters)  # papermill adds a cell for the parameters
    connection = str(scratch / "connection.json")
    sockets = {"transport": "ipc", "ip": str(scratch / "k"), "connection_file": connection}
    papermill.execute_notebook(
        _escape_braces(job.notebook),
        _escape_braces(job.output),
        parameters=fill_in_secrets(job.parameters) or None,
        engine_name=KERNEL,
        kernel_name=KERNEL,
        language="python",
        progress_bar=False,
        iopub_timeout=_OUTPUT_WAIT,
        config=Config({"ConnectionFileMixin": sockets}),
        on_notebook_start=lambda notebook: start_signal.wait(),
        on_cell_start=_progress_writer(scratch / "progress", position),
    )


@dataclass
class OutputLimit:
    """Counts what a notebook displays, and ends its kernel when that is too much.

    Attributes
    ----------
    position
        Receives the words about the limit that was exceeded.
    size, count
        Characters and outputs so far.
    cell, seen
        The cell whose outputs are counted, and how many of them have been.
    """

    position: Position
    size: int = 0
    count: int = 0
    cell: Any = None
    seen: int = 0

    def check(self, cell: Any, notebook: Any = None) -> None:
        """Count the new outputs of a cell; beyond a limit, replace them and raise an error.

        A message that adds no output may have replaced one, so the whole notebook is counted then.
        """
        if cell is not self.cell:
            self.cell, self.seen = cell, 0
        added = cell.outputs[self.seen :]
        self.seen = len(cell.outputs)
        self.count += len(added)
        whole = notebook is not None and not added
        self.size = _size_of(notebook) if whole else self.size + _length(added)
        if self.size <= LARGEST_OUTPUT and self.count <= MOST_OUTPUTS:
            return
        if not self.position.exceeded:
            self.position.exceeded = (
                f"a notebook may display {LARGEST_OUTPUT // 10**6} MB in {MOST_OUTPUTS:,} outputs; "
                "this one displays more. Display a summary, or write a file"
            )
            end_processes(os.environ[PROCESS_MARK])
        from nbformat import NotebookNode

        words = {"ename": "OutputLimit", "evalue": self.position.exceeded, "traceback": []}
        cell.outputs = [NotebookNode(output_type="error", **words)]
        self.seen = 1
        raise RuntimeError(self.position.exceeded)  # ends the wait for further outputs


def _size_of(notebook: Any) -> int:
    """Return the characters of all outputs of a notebook."""
    return sum(_length(cell.get("outputs", [])) for cell in notebook.cells)


def _length(output: Any) -> int:
    """Return the number of characters of an output."""
    if isinstance(output, str):
        return len(output)
    if isinstance(output, dict):
        return sum(map(_length, output.values()))
    return sum(map(_length, output)) if isinstance(output, list) else 1


def _save_once_engine(position: Position) -> type:
    """Return papermill's engine, which saves the notebook only at the start of each cell."""
    from papermill.engines import NBClientEngine

    class SaveOnceEngine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            complete, save = nb_man.cell_complete, nb_man.save

            def complete_without_saving(*arguments: Any, **keywords: Any) -> None:
                nb_man.save = lambda **_: None
                try:
                    complete(*arguments, **keywords)
                finally:
                    nb_man.save = save

            limit, autosave = OutputLimit(position), nb_man.autosave_cell

            def count_outputs() -> None:  # after each message of the kernel
                limit.check(nb_man.nb.cells[position.cell - 1], nb_man.nb)
                autosave()

            nb_man.cell_complete = complete_without_saving
            nb_man.autosave_cell = count_outputs
            super().execute_managed_notebook(nb_man, kernel_name, **options)

    return SaveOnceEngine


def _escape_braces(path: str) -> str:
    """Return a path that papermill takes literally; it would fill in ``{name}``."""
    return path.replace("{", "{{").replace("}", "}}")


def _progress_writer(path: Path, position: Position) -> Callable[..., None]:
    def write(cell: Any, cell_index: int) -> None:
        position.cell = cell_index + 1
        write_atomically(path, f"{position.cell} {position.cells}", durable=False)

    return write


def _listen_to_runner() -> threading.Event:
    """Return the start signal, and end this process if the runner ends."""
    start_signal = threading.Event()

    def listen() -> None:
        while os.read(0, 1):  # empty when the runner's end of the pipe closes
            start_signal.set()
        end_processes(os.environ[PROCESS_MARK])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=listen, daemon=True).start()
    return start_signal


def main(path: str) -> None:
    """Run the job of a file and write its outcome."""
    job = Job(**json.loads(Path(path).read_text(encoding="utf-8")))
    start_signal = _listen_to_runner()
    if job.memory:
        resource.setrlimit(resource.RLIMIT_DATA, (job.memory, job.memory))
    write_kernel_spec(Path(job.scratch))
    outcome = execute(job, start_signal)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    error = Scrubber.from_environment()(outcome.error) if outcome.error else None
    outcome = replace(outcome, error=error, memory=peak)
    write_atomically(Path(job.scratch) / "outcome.json", json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main(sys.argv[1])

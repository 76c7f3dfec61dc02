"""A run while it is being made: its folder aside, its manifest, its processes.

While one notebook runs, the next one's process and kernel get ready, and the page of the one
before is written in a thread; neither keeps the others' limits from being watched.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from relmark_research.reporting.execution.reuse import Fingerprints, carry_over, reusable
from relmark_research.reporting.execution.supervisor import Limits, NotebookProcess
from relmark_research.reporting.execution.worker import Job, Outcome
from relmark_research.reporting.recipe.alerts import fired
from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.recipe.recipe_file import Recipe
from relmark_research.reporting.record.manifest import Manifest, NotebookRun, State, write_whole
from relmark_research.reporting.record.outputs import made_true, read_executed, with_findings
from relmark_research.reporting.record.run_store import note_scratch
from relmark_research.reporting.record.scratch import make_scratch, new_scratch, remove_scratch
from relmark_research.reporting.record.secrets import Scrubber

_PAUSE = 0.05  # seconds between two looks at the processes
_TRIES = 2  # for a notebook that ends before its first cell
_AFTER_ALL = 1_000_000  # a number that no cell has
_HEADROOM = 2 * 2**30  # what engines reserve and never touch [bytes]


@dataclass(frozen=True)
class Progress:
    """Where a notebook is: its state, and which of its cells is running (0: none yet)."""

    notebook: str
    state: State
    cell: int = 0
    cells: int = 0
    seconds: float = 0.0
    error: str | None = None
    reused: bool = False


Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Before:
    """The last good run: its folder and its manifest."""

    folder: Path
    manifest: Manifest


@dataclass
class Run:
    """A run that is being made.

    Attributes
    ----------
    limits
        For each notebook.
    before
        The last good run, or None.
    force
        Whether notebooks are run even where nothing has changed.
    """

    recipe: Recipe
    tasks: tuple[Task, ...]
    aside: Path
    watch: Watch
    limits: Limits
    before: Before | None = None
    force: bool = False
    manifest: Manifest = field(init=False)
    processes: dict[str, NotebookProcess] = field(default_factory=dict)
    ready: dict[str, NotebookProcess] = field(default_factory=dict)
    pages: dict[str, Future[NotebookRun]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def make(self, manifest: Manifest, prints: Fingerprints, *, jobs: int) -> Manifest:
        """Run every notebook, write every report, and return the manifest as it ended."""
        self.manifest = manifest
        manifest.write(self.aside)
        try:
            with ThreadPoolExecutor(1) as pool:
                waiting = [task for task in self._ordered(jobs) if not self._reused(task)]
                self._run_all(waiting, jobs, pool)
        finally:
            for process in (*self.processes.values(), *self.ready.values()):
                process.end()
        self._check_still(prints)
        elapsed = timedelta(seconds=round(time.monotonic() - self.began))
        finished = (datetime.fromisoformat(self.manifest.started) + elapsed).isoformat()
        alerts = fired(self.recipe.alerts, self._old(), self.manifest)
        self.manifest = replace(self.manifest, finished=finished, alerts=alerts)
        self._write_index()
        self.manifest.write(self.aside)
        return self.manifest

    def _ordered(self, jobs: int) -> list[Task]:
        """The tasks as the recipe has them; side by side, those that took longest go first."""
        if jobs == 1 or self.before is None:
            return list(self.tasks)
        took = {run.notebook: run.seconds or 0.0 for run in self.before.manifest.notebooks}
        return sorted(self.tasks, key=lambda task: -took.get(task.name, float("inf")))

    def _run_all(self, waiting: list[Task], jobs: int, pool: ThreadPoolExecutor) -> None:
        while waiting or self.processes or self.pages:
            while waiting and len(self.processes) < jobs:
                self._begin(waiting.pop(0))
            if waiting and not self.ready and self._at_work():
                self.ready[waiting[0].name] = self._start(waiting[0])
            for task in self.tasks:
                if task.name in self.processes:
                    self._look_at(task, pool)
            for name in [name for name, page in self.pages.items() if page.done()]:
                self._set(self.pages.pop(name).result())
            if self.processes or self.pages:
                time.sleep(_PAUSE)

    def _at_work(self) -> bool:
        """Whether each process has come to its first cell, and leaves a core to get more ready."""
        return all(process.progress()[0] for process in self.processes.values())

    def _reused(self, task: Task) -> bool:
        """Take a notebook from the last good run, where nothing has changed since."""
        if self.force or not self.recipe.reuse or self.before is None:
            return False
        run = self._run_of(task)
        old = reusable(run, self.before.manifest, self.before.folder)
        if old is None:
            return False
        carry_over(task.name, self.before.folder, self.aside)
        origin = old.reused_from or self.before.manifest.run_id
        run = replace(run, state="done", seconds=old.seconds, memory=old.memory)
        run = replace(run, reused_from=origin, attempts=old.attempts)
        self._set(self._reported(task, run, 0))
        return True

    def _start(self, task: Task) -> NotebookProcess:
        """Start a notebook's process and kernel; nothing of it runs yet."""
        scratch = new_scratch()
        note_scratch(self.aside, scratch)
        make_scratch(scratch)
        job = Job(
            str(task.notebook),
            str(self._executed(task)),
            task.given,
            str(scratch),
            str(self.aside / "files" / task.name),
            self.limits.memory + _HEADROOM if self.limits.hard else None,
        )
        secrets = tuple(self.recipe.secrets())
        folder = task.notebook.parent
        return NotebookProcess.start(job, folder=folder, limits=self.limits, secrets=secrets)

    def _begin(self, task: Task) -> None:
        process = self.ready.pop(task.name, None) or self._start(task)
        self.processes[task.name] = process
        run = self._run_of(task)
        self._set(replace(run, state="running", attempts=run.attempts + 1))
        self.processes[task.name] = process.begin()

    def _look_at(self, task: Task, pool: ThreadPoolExecutor) -> None:
        process = self.processes[task.name]
        outcome = process.outcome()
        cell, cells = process.progress()
        if outcome is None:
            self.watch(Progress(task.name, "running", cell, cells, process.seconds))
            return
        del self.processes[task.name]
        run = self._run_of(task)
        if cell == 0 and outcome.state in ("failed", "killed") and run.attempts < _TRIES:
            self._begin(task)
        else:
            run = self._ended(run, outcome, process.seconds)
            self.pages[task.name] = pool.submit(self._reported, task, run, cell)
        remove_scratch(process.scratch)

    def _ended(self, run: NotebookRun, outcome: Outcome, seconds: float) -> NotebookRun:
        error = Scrubber.of(self.recipe.secrets())(outcome.error) if outcome.error else None
        run = replace(run, seconds=round(seconds, 2), memory=outcome.memory)
        return replace(run, state=outcome.state, error=error)

    def _reported(self, task: Task, run: NotebookRun, cell: int) -> NotebookRun:
        """Read out what the notebook became, with cell states that are true, and report it."""
        import nbformat

        from relmark_research.reporting.pages.render import render_report

        path = self._executed(task)
        notebook = made_true(read_executed(path, task.notebook), run, cell=cell)
        if run.reused_from is None:
            write_whole(path, nbformat.writes(notebook))
        run = replace(with_findings(run, notebook), report=f"{task.name}.html")
        whole = self.manifest.with_run(run)
        try:
            page = render_report(notebook, run, whole, self._old())
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  (one report must not take the others along)
            reason = f"its report could not be made: {type(error).__name__}: {error}"
            return replace(run, state="failed", report=None, error=run.error or reason)
        write_whole(self.aside / f"{task.name}.html", page)
        return run

    def _check_still(self, prints: Fingerprints) -> None:
        """Fail what was made of data that changed meanwhile: its fingerprint would be a lie."""
        changed = prints.changed()
        if not changed:
            return
        said = f"the data changed while the run was being made ({changed[0]}); run it again."
        for task in self.tasks:
            run = self._run_of(task)
            if run.state == "done" and run.reused_from is None:
                run = replace(run, state="failed", error=said)
                self._set(self._reported(task, run, _AFTER_ALL))

    def _write_index(self) -> None:
        from relmark_research.reporting.pages.render import render_index

        page = render_index(self.manifest, self._old())
        write_whole(self.aside / "index.html", page)

    def _old(self) -> Manifest | None:
        return self.before.manifest if self.before else None

    def _executed(self, task: Task) -> Path:
        return self.aside / "notebooks" / f"{task.name}.ipynb"

    def _run_of(self, task: Task) -> NotebookRun:
        return next(run for run in self.manifest.notebooks if run.notebook == task.name)

    def _set(self, run: NotebookRun) -> None:
        self.manifest = self.manifest.with_run(run)
        self.manifest.write(self.aside)
        progress = Progress(run.notebook, run.state, seconds=run.seconds or 0.0, error=run.error)
        self.watch(replace(progress, reused=run.reused_from is not None))

"""A run while it is being made: its folder aside, its manifest, its processes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from relmark_research.reporting.alerts import fired
from relmark_research.reporting.child import Job, Outcome
from relmark_research.reporting.manifest import Manifest, NotebookRun, State, write_whole
from relmark_research.reporting.outputs import made_true, read_executed, with_findings
from relmark_research.reporting.plan import Task
from relmark_research.reporting.process import Limits, NotebookProcess
from relmark_research.reporting.publish import note_scratch
from relmark_research.reporting.recipe import Recipe
from relmark_research.reporting.reuse import Fingerprints, carry_over, reusable
from relmark_research.reporting.scratch import make_scratch, new_scratch, remove_scratch
from relmark_research.reporting.secrets import Scrubber

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
    began: float = field(default_factory=time.monotonic)

    def make(self, manifest: Manifest, prints: Fingerprints, *, jobs: int) -> Manifest:
        """Run every notebook, write every report, and return the manifest as it ended."""
        self.manifest = manifest
        manifest.write(self.aside)
        try:
            self._run_all([task for task in self._ordered(jobs) if not self._reused(task)], jobs)
        finally:
            for process in self.processes.values():
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

    def _run_all(self, waiting: list[Task], jobs: int) -> None:
        while waiting or self.processes:
            while waiting and len(self.processes) < jobs:
                self._start(waiting.pop(0))
            for task in self.tasks:
                if task.name in self.processes:
                    self._look_at(task)
            if self.processes:
                time.sleep(_PAUSE)

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
        self._finish(task, replace(run, reused_from=origin, attempts=old.attempts), cell=0)
        return True

    def _start(self, task: Task) -> None:
        scratch = new_scratch()
        note_scratch(self.aside, scratch)
        make_scratch(scratch)
        run = self._run_of(task)
        job = Job(
            str(task.notebook),
            str(self._executed(task)),
            task.given,
            str(scratch),
            str(self.aside / "files" / task.name),
            self.limits.memory + _HEADROOM if self.limits.hard else None,
        )
        self._set(replace(run, state="running", attempts=run.attempts + 1))
        self.processes[task.name] = NotebookProcess.start(
            job,
            folder=task.notebook.parent,
            limits=self.limits,
            secrets=tuple(self.recipe.secrets()),
        )
        import_module("relmark_research.reporting.render")  # meanwhile; it takes its time

    def _look_at(self, task: Task) -> None:
        process = self.processes[task.name]
        outcome = process.outcome()
        cell, cells = process.progress()
        if outcome is None:
            self.watch(Progress(task.name, "running", cell, cells, process.seconds))
            return
        del self.processes[task.name]
        run = self._run_of(task)
        if cell == 0 and outcome.state in ("failed", "killed") and run.attempts < _TRIES:
            self._start(task)
        else:
            self._finish(task, self._ended(run, outcome, process.seconds), cell=cell)
        remove_scratch(process.scratch)

    def _ended(self, run: NotebookRun, outcome: Outcome, seconds: float) -> NotebookRun:
        error = Scrubber.of(self.recipe.secrets())(outcome.error) if outcome.error else None
        run = replace(run, seconds=round(seconds, 2), memory=outcome.memory)
        return replace(run, state=outcome.state, error=error)

    def _finish(self, task: Task, run: NotebookRun, *, cell: int) -> None:
        """Read out what the notebook became, with cell states that are true, and report it."""
        import nbformat

        from relmark_research.reporting.render import render_report

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
            self._set(replace(run, state="failed", report=None, error=run.error or reason))
            return
        write_whole(self.aside / f"{task.name}.html", page)
        self._set(run)

    def _check_still(self, prints: Fingerprints) -> None:
        """Fail what was made of data that changed meanwhile: its fingerprint would be a lie."""
        changed = prints.changed()
        if not changed:
            return
        said = f"the data changed while the run was being made ({changed[0]}); run it again."
        for task in self.tasks:
            run = self._run_of(task)
            if run.state == "done" and run.reused_from is None:
                self._finish(task, replace(run, state="failed", error=said), cell=_AFTER_ALL)

    def _write_index(self) -> None:
        from relmark_research.reporting.render import render_index

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

"""The execution of a run: its processes, its reports, and its manifest in a temporary folder.

While one notebook runs, the process and the kernel of the next one are prepared, and the report of
the previous one is written in a thread. The limits of all notebooks are checked all the time.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from relmark_research.errors import ReportError, without_emails
from relmark_research.reporting.execution._customer_file import write_customer_file
from relmark_research.reporting.execution.supervisor import Limits, NotebookProcess
from relmark_research.reporting.privacy.redaction import Redactor
from relmark_research.reporting.recipe.alerts import fired_alerts
from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.recipe.recipe_file import Recipe
from relmark_research.reporting.record.forecast_ledger import forecasts_of, write_forecasts
from relmark_research.reporting.record.job import Job, Outcome
from relmark_research.reporting.record.manifest import (
    Manifest,
    NotebookRun,
    State,
    write_atomically,
)
from relmark_research.reporting.record.outputs import (
    correct_cell_states,
    read_executed,
    unfinished_reason,
    with_recorded_results,
    without_records,
)
from relmark_research.reporting.record.secrets import Scrubber, secrets_of_environment
from relmark_research.reporting.reuse.decisions import Decision, copy_results, decide
from relmark_research.reporting.reuse.observations import Seen, observe, read_seen
from relmark_research.reporting.reuse.result_key import Fingerprints, covered_sources
from relmark_research.reporting.store.run_store import register_scratch
from relmark_research.reporting.store.scratch import create_scratch, remove_scratch, scratch_path
from relmark_research.tables.pseudonyms import KEY_VARIABLE

if TYPE_CHECKING:
    from nbformat import NotebookNode

_POLL_INTERVAL = 0.05  # seconds between two checks of the processes
_MAX_ATTEMPTS = 2  # for a notebook that ends before its first cell
_AFTER_LAST_CELL = 1_000_000  # larger than the number of any cell
_HEADROOM = 2 * 2**30  # memory that database engines reserve but do not use [bytes]


@dataclass(frozen=True)
class Progress:
    """The progress of a notebook: its state, and the cell that is running (0: none yet)."""

    notebook: str
    state: State
    cell: int = 0
    cells: int = 0
    seconds: float = 0.0
    error: str | None = None
    reused: bool = False


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class PreviousRun:
    """The last good run: its folder and its manifest."""

    folder: Path
    manifest: Manifest


@dataclass
class RunExecution:
    """A run in progress.

    Attributes
    ----------
    recipe, tasks
        The recipe, and the notebooks to run.
    folder
        Temporary folder of the run.
    on_progress
        Called at every change of a notebook's progress.
    limits
        Limits for each notebook.
    previous
        The last good run, or None.
    force
        Whether notebooks are run even if nothing has changed.
    redactor
        Takes ids and addresses out of what is written, with the key of pseudonyms.
    manifest
        The current manifest.
    processes, prepared
        Processes of the notebooks that run, and of those that wait, by task name.
    reports
        Reports that are being written, by task name.
    started
        When the run started, on the monotonic clock [seconds].
    """

    recipe: Recipe
    tasks: tuple[Task, ...]
    folder: Path
    on_progress: ProgressCallback
    limits: Limits
    previous: PreviousRun | None = None
    force: bool = False
    redactor: Redactor = field(default_factory=Redactor)
    manifest: Manifest = field(init=False)
    processes: dict[str, NotebookProcess] = field(default_factory=dict)
    prepared: dict[str, NotebookProcess] = field(default_factory=dict)
    reports: dict[str, Future[NotebookRun]] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def execute(self, manifest: Manifest, fingerprints: Fingerprints, *, jobs: int) -> Manifest:
        """Run every notebook, write every report, and return the final manifest.

        Parameters
        ----------
        manifest
            The manifest of the run before it starts.
        fingerprints
            Of the sources, to detect data that change during the run.
        jobs
            Largest number of notebooks that run at the same time.
        """
        self.manifest = manifest
        manifest.write(self.folder)
        try:
            with ThreadPoolExecutor(1) as pool:
                waiting = [task for task in self._ordered_tasks(jobs) if not self._reuse(task)]
                self._run_all(waiting, jobs, pool)
        finally:
            for process in (*self.processes.values(), *self.prepared.values()):
                process.end()
        self._check_data_unchanged(fingerprints)
        elapsed = timedelta(seconds=round(time.monotonic() - self.started))
        finished = (datetime.fromisoformat(self.manifest.started) + elapsed).isoformat()
        alerts = fired_alerts(self.recipe.alerts, self._previous_manifest(), self.manifest)
        customers = write_customer_file(
            self.recipe, self.folder, self.redactor, as_of=manifest.as_of
        )
        self.manifest = replace(
            self.manifest, finished=finished, alerts=alerts, customer_table=customers
        )
        self._write_index()
        self.manifest.write(self.folder)
        return self.manifest

    def _ordered_tasks(self, jobs: int) -> list[Task]:
        """Return the tasks in the order of the recipe; with several jobs, the slowest first."""
        if jobs == 1 or self.previous is None:
            return list(self.tasks)
        seconds = {run.notebook: run.seconds or 0.0 for run in self.previous.manifest.notebooks}
        return sorted(self.tasks, key=lambda task: -seconds.get(task.name, float("inf")))

    def _run_all(self, waiting: list[Task], jobs: int, pool: ThreadPoolExecutor) -> None:
        while waiting or self.processes or self.reports:
            while waiting and len(self.processes) < jobs:
                self._begin(waiting.pop(0))
            if waiting and not self.prepared and self._all_have_started():
                self.prepared[waiting[0].name] = self._prepare(waiting[0])
            for task in self.tasks:
                if task.name in self.processes:
                    self._poll(task, pool)
            for name in [name for name, report in self.reports.items() if report.done()]:
                self._update(self.reports.pop(name).result())
            if self.processes or self.reports:
                time.sleep(_POLL_INTERVAL)

    def _all_have_started(self) -> bool:
        """Return whether each process has reached its first cell; a core is then free."""
        return all(process.progress()[0] for process in self.processes.values())

    def _reuse(self, task: Task) -> bool:
        """Take a notebook from the last good run if nothing has changed since."""
        run = self._run_of(task)
        decision = self._decision(run)
        run, old, previous = replace(run, reason=decision.reason), decision.earlier, self.previous
        if old is None or previous is None:
            self.manifest = self.manifest.with_run(run)
            return False
        if not copy_results(task.name, previous.manifest, previous.folder, self.folder):
            run = replace(run, reason="its earlier result changed while it was copied")
            self.manifest = self.manifest.with_run(run)
            return False
        origin = old.reused_from or previous.manifest.run_id
        run = replace(run, state="done", seconds=old.seconds, memory=old.memory)
        run = replace(run, reused_from=origin, attempts=old.attempts, observed=old.observed)
        self._update(self._write_report(task, run, 0))
        return True

    def _decision(self, run: NotebookRun) -> Decision:
        if self.force:
            return Decision(None, "run with --force")
        if not self.recipe.reuse:
            return Decision(None, "the recipe sets reuse: false")
        if self.previous is None:
            return decide(run, None, self.folder)
        return decide(run, self.previous.manifest, self.previous.folder)

    def _prepare(self, task: Task) -> NotebookProcess:
        """Start the process and the kernel of a notebook; no cell runs yet."""
        scratch = scratch_path()
        register_scratch(self.folder, scratch)
        create_scratch(scratch)
        self.redactor.ids.write(scratch)
        write_forecasts(scratch, forecasts_of(self.manifest.ledger, task.name))
        limits = self.limits
        job = Job(
            notebook=str(task.notebook),
            output=str(self._executed(task)),
            parameters=task.overrides,
            scratch=str(scratch),
            files=str(self.folder / "files" / task.name),
            memory=limits.memory + _HEADROOM if limits.limits_reservation else None,
            id_column=str(task.parameters.get("customer", "")),
        )
        secrets = self.recipe.notebook_secrets() | {KEY_VARIABLE: self.redactor.key}
        folder = task.notebook.parent
        return NotebookProcess.prepare(job, folder=folder, limits=limits, secrets=secrets)

    def _begin(self, task: Task) -> None:
        process = self.prepared.pop(task.name, None) or self._prepare(task)
        self.processes[task.name] = process
        run = self._run_of(task)
        self._update(replace(run, state="running", attempts=run.attempts + 1))
        self.processes[task.name] = process.begin()

    def _poll(self, task: Task, pool: ThreadPoolExecutor) -> None:
        process = self.processes[task.name]
        outcome = process.outcome()
        cell, cells = process.progress()
        if outcome is None:
            self.on_progress(Progress(task.name, "running", cell, cells, process.seconds))
            return
        del self.processes[task.name]
        run = self._run_of(task)
        if cell == 0 and outcome.state in ("failed", "killed") and run.attempts < _MAX_ATTEMPTS:
            self._begin(task)
        else:
            run = self._with_outcome(run, outcome, process.seconds)
            seen = read_seen(process.scratch)
            self.reports[task.name] = pool.submit(self._finish, task, run, cell, seen)
        remove_scratch(process.scratch)

    def _with_outcome(self, run: NotebookRun, outcome: Outcome, seconds: float) -> NotebookRun:
        scrub = Scrubber.from_secrets(secrets_of_environment() | self.recipe.secrets())
        error = self.redactor.text(scrub(outcome.error), error=True) if outcome.error else None
        run = replace(run, seconds=round(seconds, 2), memory=outcome.memory)
        return replace(run, state=outcome.state, error=error)

    def _finish(self, task: Task, run: NotebookRun, cell: int, seen: Seen) -> NotebookRun:
        """Record what a notebook read, and write its report."""
        if run.state == "done":
            observed, obstacles = observe(seen, task.notebook, declared=covered_sources(task))
            obstacles = tuple(dict.fromkeys((*run.obstacles, *obstacles)))
            run = replace(run, observed=observed, obstacles=obstacles)
        return self._write_report(task, run, cell)

    def _write_report(self, task: Task, run: NotebookRun, cell: int) -> NotebookRun:
        """Read the executed notebook, correct its cell states, and write its report."""
        path = self._executed(task)
        try:
            notebook, run = self._redacted_notebook(task, run, cell)
            run, notebook = _with_results(run, notebook)
            run, page = self._page(notebook, replace(run, report=f"{task.name}.html"))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  (other reports must still be written)
            path.unlink(missing_ok=True)  # it may hold what could not be taken out of it
            return replace(run, state="failed", report=None, error=run.error or _unwritten(error))
        write_atomically(self.folder / f"{task.name}.html", page)
        return run

    def _redacted_notebook(
        self, task: Task, run: NotebookRun, cell: int
    ) -> tuple["NotebookNode", NotebookRun]:
        """Return the executed notebook without ids and addresses, as it is stored, and its run."""
        import nbformat

        path = self._executed(task)
        read = read_executed(path, task.notebook)
        if run.state == "done" and (reason := unfinished_reason(read)):
            run = replace(run, state="failed", error=reason)
        notebook = self.redactor.notebook(correct_cell_states(read, run, cell=cell))
        if run.reused_from is None:
            write_atomically(path, nbformat.writes(notebook))
        return notebook, self.redactor.run(run)

    def _page(self, notebook: "NotebookNode", run: NotebookRun) -> tuple[NotebookRun, str]:
        """Return the page of a notebook; one that cannot be shown fails, with a page without it."""
        from relmark_research.reporting.pages.render import render_report

        before = self._previous_manifest()
        try:
            return run, render_report(notebook, run, self.manifest.with_run(run), before)
        except Exception as error:  # noqa: BLE001  (an output that no page can show)
            run = replace(run, state="failed", error=run.error or _unwritten(error))
            for cell in notebook.cells:
                cell.pop("outputs", None)
            return run, render_report(notebook, run, self.manifest.with_run(run), before)

    def _check_data_unchanged(self, fingerprints: Fingerprints) -> None:
        """Mark notebooks as failed if the data changed during the run."""
        changed = fingerprints.changed_sources()
        if not changed:
            return
        error = f"the data changed during the run ({changed[0]}); run it again."
        for task in self.tasks:
            run = self._run_of(task)
            if run.state == "done" and run.reused_from is None:
                run = replace(run, state="failed", error=error)
                self._update(self._write_report(task, run, _AFTER_LAST_CELL))

    def _write_index(self) -> None:
        from relmark_research.reporting.pages.render import render_index

        page = render_index(self.manifest, self._previous_manifest())
        write_atomically(self.folder / "index.html", page)

    def _previous_manifest(self) -> Manifest | None:
        return self.previous.manifest if self.previous else None

    def _executed(self, task: Task) -> Path:
        return self.folder / "notebooks" / f"{task.name}.ipynb"

    def _run_of(self, task: Task) -> NotebookRun:
        return next(run for run in self.manifest.notebooks if run.notebook == task.name)

    def _update(self, run: NotebookRun) -> None:
        """Write a new state of a notebook into the manifest, and report it as progress."""
        self.manifest = self.manifest.with_run(run)
        self.manifest.write(self.folder)
        progress = Progress(run.notebook, run.state, seconds=run.seconds or 0.0, error=run.error)
        self.on_progress(replace(progress, reused=run.reused_from is not None))


def _with_results(run: NotebookRun, notebook: "NotebookNode") -> tuple[NotebookRun, "NotebookNode"]:
    """Return the run with what its notebook recorded; a malformed record fails the notebook."""
    try:
        return with_recorded_results(run, notebook), notebook
    except ReportError as error:
        notebook = without_records(notebook)
        run = replace(run, state="failed", error=run.error or str(error))
        return with_recorded_results(run, notebook), notebook


def _unwritten(error: Exception) -> str:
    return f"its report could not be written: {type(error).__name__}: {without_emails(str(error))}"

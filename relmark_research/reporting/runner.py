"""From a recipe to a published run: each notebook in its own process, each state written down."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relmark_research.reporting.child import Outcome
from relmark_research.reporting.manifest import Manifest, NotebookRun, State, write_whole
from relmark_research.reporting.outputs import made_true, read_executed, with_findings
from relmark_research.reporting.plan import Task, plan
from relmark_research.reporting.process import NotebookProcess, make_scratch, remove_scratch
from relmark_research.reporting.provenance import check_data, git_state, versions
from relmark_research.reporting.publish import Home, note_scratch
from relmark_research.reporting.recipe import Recipe, read_recipe

_PAUSE = 0.1  # seconds between two looks at the processes


@dataclass(frozen=True)
class Asked:
    """What a person asks of a run beyond its recipe, as on the command line.

    Attributes
    ----------
    settings
        ``NOTEBOOK.NAME=VALUE`` and ``data.KEY=VALUE``.
    only
        The notebooks to run; empty runs all.
    as_of
        The last day that may be seen; None sees all.
    jobs
        How many notebooks may run at the same time, >= 1.
    keep
        How many runs to keep, in place of the recipe's number.
    out
        The folder in which each recipe has its folder of runs; None is ``runs`` beside ``recipes``.
    """

    settings: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    as_of: str | None = None
    jobs: int = 1
    keep: int | None = None
    out: Path | None = None


@dataclass(frozen=True)
class Progress:
    """Where a notebook is: its state, and which of its cells is running (0: none yet)."""

    notebook: str
    state: State
    cell: int = 0
    cells: int = 0
    seconds: float = 0.0
    error: str | None = None


Watch = Callable[[Progress], None]


def run_recipe(path: Path | str, asked: Asked | None = None, *, watch: Watch | None = None) -> Path:
    """Run a recipe and publish its reports; return the folder of the run.

    Everything that can be checked is checked before the first notebook runs. A notebook that
    fails does not stop the others, and the run is kept; ``latest`` stays with the last good run.

    Parameters
    ----------
    path
        The recipe, a YAML file.
    asked
        What is asked beyond the recipe.
    watch
        Called with a Progress at every change.

    Raises
    ------
    ReportError, DataError, ParameterError
        The recipe, a parameter or the data are refused; nothing has run.
    RunningError
        The same recipe is running.
    """
    asked = asked or Asked()
    recipe = read_recipe(path, settings=asked.settings)
    tasks = plan(recipe, as_of=asked.as_of, only=asked.only)
    home = Home(runs_folder(recipe, asked.out))
    home.refuse_if_running()  # before the data are read, which takes longer
    manifest = first_manifest(recipe, tasks, asked, command=command_line(path, asked))
    with home.locked():
        run_id, aside = home.new_run()
        try:
            run = Run(recipe, tasks, aside, watch or _unwatched)
            manifest = run.make(replace(manifest, run_id=run_id), jobs=asked.jobs)
            published = home.publish(aside, manifest)
        finally:
            home.clear()
        home.prune(asked.keep or recipe.keep)
    return published


@dataclass
class Run:
    """A run that is being made: its folder aside, its manifest, its processes."""

    recipe: Recipe
    tasks: tuple[Task, ...]
    aside: Path
    watch: Watch
    manifest: Manifest = field(init=False)
    processes: dict[str, NotebookProcess] = field(default_factory=dict)

    def make(self, manifest: Manifest, *, jobs: int) -> Manifest:
        """Run every notebook, write every report, and return the manifest as it ended."""
        self.manifest = manifest
        manifest.write(self.aside)
        try:
            self._run_all(jobs)
        finally:
            for process in self.processes.values():
                process.end()
        self.manifest = replace(self.manifest, finished=_now())
        self._render()
        self.manifest.write(self.aside)
        return self.manifest

    def _run_all(self, jobs: int) -> None:
        waiting = list(self.tasks)
        while waiting or self.processes:
            while waiting and len(self.processes) < jobs:
                self._start(waiting.pop(0))
            for task in self.tasks:
                if task.name in self.processes:
                    self._look_at(task)
            if self.processes:
                time.sleep(_PAUSE)

    def _start(self, task: Task) -> None:
        scratch = make_scratch()
        note_scratch(self.aside, scratch)
        self._set(replace(self._run_of(task), state="running"))
        self.processes[task.name] = NotebookProcess.start(
            task.notebook,
            output=self._executed(task),
            parameters=task.given,
            scratch=scratch,
            time_limit=self.recipe.time_limit,
        )

    def _look_at(self, task: Task) -> None:
        process = self.processes[task.name]
        outcome = process.outcome()
        cell, cells = process.progress()
        if outcome is None:
            self.watch(Progress(task.name, "running", cell, cells, process.seconds))
            return
        del self.processes[task.name]
        self._finish(task, outcome, cell=cell, seconds=process.seconds)
        remove_scratch(process.scratch)

    def _finish(self, task: Task, outcome: Outcome, *, cell: int, seconds: float) -> None:
        """Read out what the notebook became, and keep it with cell states that are true."""
        import nbformat

        run = replace(
            self._run_of(task),
            state=outcome.state,
            error=outcome.error,
            seconds=round(seconds, 2),
        )
        notebook = made_true(read_executed(self._executed(task), task.notebook), run, cell=cell)
        write_whole(self._executed(task), nbformat.writes(notebook))
        self._set(with_findings(run, notebook))

    def _render(self) -> None:
        """Write a report for every notebook, also for those that failed, and the index."""
        from relmark_research.reporting.render import render_index, render_report

        for task in self.tasks:
            run = replace(self._run_of(task), report=f"{task.name}.html")
            notebook = read_executed(self._executed(task), task.notebook)
            try:
                page = render_report(notebook, run, self.manifest.with_run(run))
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001  (one report must not take the others along)
                reason = f"its report could not be made: {type(error).__name__}: {error}"
                self._set(replace(run, state="failed", report=None, error=run.error or reason))
                continue
            write_whole(self.aside / f"{task.name}.html", page)
            self.manifest = self.manifest.with_run(run)
        write_whole(self.aside / "index.html", render_index(self.manifest))

    def _executed(self, task: Task) -> Path:
        return self.aside / "notebooks" / f"{task.name}.ipynb"

    def _run_of(self, task: Task) -> NotebookRun:
        return next(run for run in self.manifest.notebooks if run.notebook == task.name)

    def _set(self, run: NotebookRun) -> None:
        self.manifest = self.manifest.with_run(run)
        self.manifest.write(self.aside)
        self.watch(Progress(run.notebook, run.state, seconds=run.seconds or 0.0, error=run.error))


def first_manifest(
    recipe: Recipe, tasks: tuple[Task, ...], asked: Asked, *, command: str
) -> Manifest:
    """Return the manifest of a run that has not begun; reads the data, and so may refuse them."""
    return Manifest(
        recipe=recipe.name,
        title=recipe.title,
        run_id="",
        started=_now(),
        as_of=asked.as_of,
        data=dict(recipe.data),
        fingerprint=check_data(recipe.data, as_of=asked.as_of),
        versions=versions(),
        git=git_state(recipe.path.parent),
        command=command,
        notebooks=tuple(NotebookRun(task.name, parameters=task.parameters) for task in tasks),
    )


def runs_folder(recipe: Recipe, out: Path | None) -> Path:
    """Return the folder of a recipe's runs: in ``out``, or in ``runs`` beside ``recipes``."""
    beside = recipe.path.parent
    usual = beside.parent / "runs" if beside.name == "recipes" else beside / "runs"
    return (out.absolute() if out else usual) / recipe.name


def command_line(path: Path | str, asked: Asked) -> str:
    """Return the line that asks for the same reports again.

    Examples
    --------
    >>> command_line("monthly.yml", Asked(settings=("data.source=may 24.csv",), as_of="2024-05-31"))
    "relmark run monthly.yml --as-of 2024-05-31 --set 'data.source=may 24.csv'"
    """
    words: list[Any] = ["relmark", "run", path]
    words += ["--as-of", asked.as_of] if asked.as_of else []
    for setting in asked.settings:
        words += ["--set", setting]
    for name in asked.only:
        words += ["--only", name]
    return shlex.join(str(word) for word in words)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _unwatched(progress: Progress) -> None:
    """Watch nothing."""

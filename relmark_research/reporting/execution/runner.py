"""From a recipe to a published run: each notebook in its own process, each state written down."""

import re
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relmark_research.errors import RelmarkError, ReportError
from relmark_research.reporting.execution.reuse import Fingerprints, key_of
from relmark_research.reporting.execution.run_execution import Before, Progress, Run, Watch
from relmark_research.reporting.execution.supervisor import Limits, machine_limit
from relmark_research.reporting.pages.pdf import find_browser, print_pages
from relmark_research.reporting.recipe.hooks import End, News, notify
from relmark_research.reporting.recipe.plan import Task, plan, task_names
from relmark_research.reporting.recipe.recipe_file import Recipe, read_recipe
from relmark_research.reporting.record.manifest import Manifest, NotebookRun, read_manifest
from relmark_research.reporting.record.outputs import source_title
from relmark_research.reporting.record.provenance import (
    check_data,
    code_hash,
    file_hash,
    git_state,
    versions,
)
from relmark_research.reporting.record.run_store import LATEST, Home, RunningError, now
from relmark_research.reporting.record.secrets import Scrubber, scrubbed_errors

_SEED = re.compile(r"(^|_)seed$")


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
    force
        Whether notebooks are run even where nothing has changed since the last good run.
    pdf
        Whether each page is printed as PDF too.
    """

    settings: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    as_of: str | None = None
    jobs: int = 1
    keep: int | None = None
    out: Path | None = None
    force: bool = False
    pdf: bool = False


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
    with scrubbed_errors(Scrubber.of(recipe.secrets())):
        try:
            run = _run(recipe, asked, command_line(path, asked), watch or _unwatched)
        except RunningError:
            raise
        except RelmarkError as error:
            _tell(recipe, News(recipe.name, recipe.title, "refused", str(error)))
            raise
        manifest = read_manifest(run)
        end: End = "done" if manifest.good else "failed"
        end = "alert" if manifest.good and manifest.alerts else end
        _tell(recipe, News(recipe.name, recipe.title, end, run=run, manifest=manifest))
    return run


def _run(recipe: Recipe, asked: Asked, command: str, watch: Watch) -> Path:
    """Check everything, make the run aside, and publish it."""
    tasks = plan(recipe, as_of=asked.as_of, only=asked.only)
    able = _able(tasks)
    home = Home(runs_folder(recipe, asked.out))
    browser = find_browser() if asked.pdf else None
    home.refuse_if_running()  # before the data are read, which takes longer
    prints = Fingerprints()
    manifest = first_manifest(recipe, tasks, asked, prints, command=command)
    limits = Limits(
        recipe.time_limit, recipe.memory_limit or machine_limit(), recipe.memory_limit is not None
    )
    with home.locked():
        old = home.latest()
        before = Before((home.path / LATEST).resolve(), old) if old else None
        run_id, aside = home.new_run()
        try:
            run = Run(recipe, able, aside, watch, limits, before, asked.force)
            manifest = replace(manifest, run_id=run_id, before=old.run_id if old else None)
            manifest = run.make(manifest, prints, jobs=asked.jobs)
            if browser:
                print_pages(aside, browser)
            published = home.publish(aside, manifest)
        finally:
            home.clear()
        home.prune(asked.keep or recipe.keep)
        _write_overviews(home, recipe.title)
    return published


def _write_overviews(home: Home, title: str) -> None:
    from relmark_research.reporting.pages.overview import write_overviews

    write_overviews(home, title)


def first_manifest(
    recipe: Recipe,
    tasks: tuple[Task, ...],
    asked: Asked,
    prints: Fingerprints,
    *,
    command: str,
) -> Manifest:
    """Return the manifest of a run that has not begun; reads the data, and so may refuse them."""
    seen = _fingerprints(recipe, asked.as_of)
    names = {task.name for task in tasks}
    skipped = [NotebookRun(name, "skipped") for name in task_names(recipe) if name not in names]
    skipped += [_lacking(task) for task in tasks if task.lacks]
    return Manifest(
        recipe=recipe.name,
        title=recipe.title,
        run_id="",
        started=now().isoformat(timespec="seconds"),
        as_of=asked.as_of,
        data=dict(recipe.data),
        fingerprint=seen.get("", {}),
        versions=versions(),
        git=git_state(recipe.path.parent),
        code=code_hash(),
        command=command,
        notebooks=(
            *(_queued(task, prints, seen) for task in tasks if not task.lacks),
            *skipped,
        ),
    )


def _able(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Return the tasks that have their tables, refusing a run in which none has."""
    able = tuple(task for task in tasks if not task.lacks)
    if not able:
        reasons = "\n".join(f"notebook {task.name}: {task.lacks}" for task in tasks)
        raise ReportError(f"no notebook of this recipe can run.\n{reasons}")
    return able


def _lacking(task: Task) -> NotebookRun:
    return NotebookRun(
        task.name,
        "skipped",
        title=source_title(task.notebook),
        path=str(task.notebook),
        case=task.case,
        error=f"Skipped: {task.lacks}",
    )


def _fingerprints(recipe: Recipe, as_of: str | None) -> dict[str, dict[str, Any]]:
    """What is found in each source; the one of the whole recipe below an empty name."""
    if "source" not in recipe.matrix:
        return {"": check_data(recipe.data, as_of=as_of)}
    sources = recipe.matrix["source"]
    return {each: check_data({**recipe.data, "source": each}, as_of=as_of) for each in sources}


def _queued(task: Task, prints: Fingerprints, seen: dict[str, dict[str, Any]]) -> NotebookRun:
    return NotebookRun(
        task.name,
        parameters=task.parameters,
        path=str(task.notebook),
        source=file_hash(task.notebook),
        case=task.case,
        fingerprint=seen.get(str(task.case.get("source")), {}),
        key=key_of(task, prints),
        seeds={name: value for name, value in task.parameters.items() if _SEED.search(name)},
    )


def _tell(recipe: Recipe, news: News) -> None:
    for wrong in notify(recipe.hooks, news):
        print(f"relmark: {wrong}", file=sys.stderr, flush=True)


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


def _unwatched(progress: Progress) -> None:
    """Watch nothing."""

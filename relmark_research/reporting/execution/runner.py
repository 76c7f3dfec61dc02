"""The runner: from a recipe to a published run, with each notebook in its own process."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, values_hidden, without_emails
from relmark_research.reporting.execution._run_end import (
    RunEnd,
    tell,
    tell_of_unreadable_recipe,
    write_marker,
)
from relmark_research.reporting.execution.run_execution import (
    PreviousRun,
    Progress,
    ProgressCallback,
    RunExecution,
)
from relmark_research.reporting.execution.supervisor import Limits, default_memory_limit
from relmark_research.reporting.pages.pdf import find_browser, print_pages
from relmark_research.reporting.privacy.permissions import SHARED_FOLDER, set_access
from relmark_research.reporting.privacy.redaction import Redactor, check_names
from relmark_research.reporting.recipe.hooks import Notification, Result
from relmark_research.reporting.recipe.plan import Task, plan, task_names, with_known_data
from relmark_research.reporting.recipe.recipe_file import Recipe, read_recipe
from relmark_research.reporting.record.forecast_ledger import Ledger, forecasts_of, read_ledger
from relmark_research.reporting.record.manifest import Manifest, NotebookRun, read_manifest
from relmark_research.reporting.record.outputs import source_title
from relmark_research.reporting.record.provenance import (
    code_hash,
    git_state,
    installed_packages,
    versions,
)
from relmark_research.reporting.record.run_data import RunData, left_out_of, read_run_data
from relmark_research.reporting.record.secrets import Scrubber, scrubbed_errors
from relmark_research.reporting.reuse.result_key import Fingerprints, result_key
from relmark_research.reporting.store.run_checks import check_run, checksum
from relmark_research.reporting.store.run_store import RunStore, utc_now
from relmark_research.tables.pseudonyms import id_key

_SEED = re.compile(r"(^|_)seed$")


@dataclass(frozen=True)
class RunOptions:
    """The options of a run, as on the command line.

    Attributes
    ----------
    settings
        ``NOTEBOOK.NAME=VALUE`` and ``data.KEY=VALUE``.
    only
        The notebooks to run; empty runs all.
    as_of
        Last day of the data that is used; None uses all.
    jobs
        Largest number of notebooks that run at the same time, >= 1.
    keep
        Number of runs to keep, instead of the recipe's number.
    out
        The folder that holds the run folder of each recipe; None is ``runs`` beside ``recipes``.
    force
        Whether notebooks are run even if nothing has changed since the last good run.
    pdf
        Whether each page is also printed as PDF.
    """

    settings: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    as_of: str | None = None
    jobs: int = 1
    keep: int | None = None
    out: Path | None = None
    force: bool = False
    pdf: bool = False


def run_recipe(
    path: Path | str,
    options: RunOptions | None = None,
    *,
    on_progress: ProgressCallback | None = None,
) -> Path:
    """Run a recipe, publish its reports, and return the folder of the run.

    All checks are made before the first notebook runs. If a notebook fails, the others still run,
    and the run is kept; ``latest`` still points to the last good run.

    Parameters
    ----------
    path
        The recipe, a YAML file.
    options
        The options of the run.
    on_progress
        Called with a `Progress` at every change.

    Raises
    ------
    ReportError, DataError, ParameterError
        The recipe, a parameter or the data are invalid; nothing has run.
    AlreadyRunningError
        The recipe is already running.
    """
    options = options or RunOptions()
    with values_hidden():  # messages go to hooks, pages and logs
        try:
            recipe = read_recipe(path, settings=options.settings)
        except Exception as error:
            tell_of_unreadable_recipe(path, error)
            raise
        end = RunEnd(recipe, runs_folder(recipe, options.out))
        with scrubbed_errors(Scrubber.from_secrets(recipe.secrets())), end.reported():
            run = _run(end, options, command_line(path, options), on_progress or _ignore)
            manifest = read_manifest(run)
            result: Result = "done" if manifest.succeeded else "failed"
            result = "alert" if manifest.succeeded and manifest.alerts else result
            news = Notification(recipe.name, recipe.title, result, run=run, manifest=manifest)
            tell(recipe.hooks, news)
    return run


def _run(end: RunEnd, options: RunOptions, command: str, on_progress: ProgressCallback) -> Path:
    """Check everything, execute the run in a temporary folder, and publish it."""
    recipe = end.recipe
    tasks = plan(recipe, as_of=options.as_of, only=options.only)
    store, runnable = RunStore(end.store), _runnable(tasks)
    browser = find_browser() if options.pdf else None
    store.check_not_running()  # before the data are read, which takes longer
    died = end.tell_of_dead_runs()
    write_marker(store.path)
    fingerprints = Fingerprints(project=recipe.path.parent)
    data = read_run_data(recipe, options.as_of)
    tasks = with_known_data(tasks, recipe, data.known)
    runnable = _runnable(tasks)
    manifest = initial_manifest(
        recipe, tasks, data, fingerprints, command=command, ledger=_ledger(store)
    )
    redactor = Redactor(data.ids, id_key(recipe.path.parent))
    with store.locked() as repaired:
        write_marker(store.path)
        end.started = True
        previous, found = _previous_run(store)
        run_id, folder = store.new_run()
        try:
            terms = (_limits(recipe), previous, options.force, redactor)
            execution = RunExecution(recipe, runnable, folder, on_progress, *terms)
            notes = _printed((*manifest.notes, *repaired, *found))
            before = previous.manifest.run_id if previous else None
            manifest = replace(manifest, run_id=run_id, before=before, notes=(*notes, *died))
            manifest = redactor.manifest(manifest)
            manifest = execution.execute(manifest, fingerprints, jobs=options.jobs)
            if browser:
                print_pages(folder, browser)
            set_access(folder, share=recipe.share)
            published = store.publish(folder, manifest)
        finally:
            store.remove_interrupted()
        store.prune(options.keep or recipe.keep)
        _write_overviews(store, recipe)
    return published


def _printed(notes: tuple[str, ...]) -> tuple[str, ...]:
    for note in notes:
        print(f"relmark: {note}", file=sys.stderr, flush=True)
    return notes


def _ledger(store: RunStore) -> Ledger:
    return read_ledger(check.folder for check in store.check_runs() if check.is_own)


def _limits(recipe: Recipe) -> Limits:
    return Limits(
        time=recipe.time_limit,
        memory=recipe.memory_limit or default_memory_limit(),
        limits_reservation=recipe.memory_limit is not None,
    )


def _previous_run(store: RunStore) -> tuple[PreviousRun | None, tuple[str, ...]]:
    """Return the last good run, and what is wrong with it and with other runs of the store."""
    forecasts = {True: "", False: ", and its forecasts are left out of the ledger"}
    notes = [
        f"{check}; it is not compared or used again{forecasts[check.is_own]}"
        for check in store.check_runs()
        if not check.is_sound
    ]
    latest, folder = store.latest(), store.latest_run()
    if latest is None or folder is None:
        return None, tuple(notes)
    damage = check_run(folder, files=True).damage
    notes += [f"run {folder.name}: {each}; what it holds is not used again" for each in damage]
    return PreviousRun(folder.resolve(), latest), tuple(notes)


def _write_overviews(store: RunStore, recipe: Recipe) -> None:
    """Write the overview pages; the run is published already, whatever stands in their way."""
    from relmark_research.reporting.pages.overview import write_overviews

    try:
        write_overviews(store, without_emails(recipe.title))
    except OSError as error:
        print(f"relmark: the overview could not be written: {error}", file=sys.stderr, flush=True)
        return
    if recipe.share:
        for folder in (store.path.parent, store.path):
            with suppress(PermissionError):  # another user's folder
                folder.chmod(SHARED_FOLDER)
                set_access(folder / "index.html", share=True)


def initial_manifest(
    recipe: Recipe,
    tasks: tuple[Task, ...],
    data: RunData,
    fingerprints: Fingerprints,
    *,
    command: str,
    ledger: Ledger | None = None,
) -> Manifest:
    """Return the manifest of a run before it starts."""
    check_names([task.case for task in tasks], data.ids)
    ledger = ledger or Ledger()
    found = data.fingerprints
    names = {task.name for task in tasks}
    skipped = [NotebookRun(name, "skipped") for name in task_names(recipe) if name not in names]
    skipped += [_skipped_run(task) for task in tasks if task.missing_table]
    queued = [
        _queued_run(task, fingerprints, found, ledger) for task in tasks if not task.missing_table
    ]
    return Manifest(
        recipe=recipe.name,
        title=recipe.title,
        run_id="",
        started=utc_now().isoformat(timespec="seconds"),
        as_of=data.as_of,
        data=dict(recipe.data),
        fingerprint=found.get("", {}),
        versions=versions(),
        packages=installed_packages(),
        git=git_state(recipe.path.parent),
        code=code_hash(),
        command=command,
        notebooks=(*queued, *skipped),
        ledger=ledger.forecasts,
        notes=ledger.notes,
    )


def _runnable(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Return the tasks that have their tables; raise an error if there is none."""
    runnable = tuple(task for task in tasks if not task.missing_table)
    if not runnable:
        reasons = "\n".join(f"notebook {task.name}: {task.missing_table}" for task in tasks)
        raise ReportError(f"no notebook of this recipe can run.\n{reasons}")
    return runnable


def _skipped_run(task: Task) -> NotebookRun:
    return NotebookRun(
        task.name,
        "skipped",
        title=source_title(task.notebook),
        path=str(task.notebook),
        case=task.case,
        error=f"Skipped: {task.missing_table}",
        left_out=left_out_of(task),
    )


def _queued_run(
    task: Task, fingerprints: Fingerprints, data: dict[str, dict[str, Any]], ledger: Ledger
) -> NotebookRun:
    found = data.get(str(task.case.get("source")), {})
    last_day = (found or data.get("", {})).get("last_day")
    last_days = [str(day)[:10] for day in (last_day, task.parameters.get("as_of")) if day]
    before = max(last_days) if last_day else None
    earlier = forecasts_of(ledger.forecasts, task.name, before=before)
    key = result_key(task, fingerprints, earlier, facts=found or data.get(""))
    return NotebookRun(
        task.name,
        parameters=task.parameters,
        path=str(task.notebook),
        source=checksum(task.notebook),
        case=task.case,
        fingerprint=found,
        key=key.digest,
        inputs=key.inputs,
        obstacles=key.obstacles,
        left_out=left_out_of(task),
        seeds={name: value for name, value in task.parameters.items() if _SEED.search(name)},
    )


def runs_folder(recipe: Recipe, out: Path | None) -> Path:
    """Return the folder of a recipe's runs: in ``out``, or in ``runs`` beside ``recipes``."""
    folder = recipe.path.parent
    default = folder.parent / "runs" if folder.name == "recipes" else folder / "runs"
    return (out.absolute() if out else default) / recipe.name


def command_line(path: Path | str, options: RunOptions) -> str:
    """Return the command that produces the same reports again.

    Examples
    --------
    >>> options = RunOptions(settings=("data.source=may 24.csv",), as_of="2024-05-31")
    >>> command_line("monthly.yml", options)
    "relmark run monthly.yml --as-of 2024-05-31 --set 'data.source=may 24.csv'"
    """
    words: list[Any] = ["relmark", "run", path]
    words += ["--as-of", options.as_of] if options.as_of else []
    for setting in options.settings:
        words += ["--set", setting]
    for name in options.only:
        words += ["--only", name]
    return shlex.join(str(word) for word in words)


def _ignore(progress: Progress) -> None:
    """Ignore the progress."""

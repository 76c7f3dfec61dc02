"""Verification: a stored run is repeated, and its key figures are compared."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from relmark_research._repr import Rows, short_repr
from relmark_research.errors import ReportError, values_hidden
from relmark_research.reporting.execution.supervisor import (
    Limits,
    NotebookProcess,
    default_memory_limit,
)
from relmark_research.reporting.privacy.redaction import KnownIds, Redactor, check_repeatable
from relmark_research.reporting.record.forecast_ledger import forecasts_of, write_forecasts
from relmark_research.reporting.record.job import Job, Outcome
from relmark_research.reporting.record.manifest import (
    IssuedForecast,
    Manifest,
    NotebookRun,
    read_manifest,
)
from relmark_research.reporting.record.outputs import read_executed, with_recorded_results
from relmark_research.reporting.record.provenance import (
    check_data,
    code_hash,
    git_state,
    versions,
)
from relmark_research.reporting.record.run_comparison import Comparison, compare_runs
from relmark_research.reporting.record.secrets import read_secrets, secret_names
from relmark_research.reporting.store.run_checks import changed_files, checksum
from relmark_research.reporting.store.scratch import (
    create_scratch,
    remove_scratch,
    scratch_path,
    temporary_folder,
)
from relmark_research.tables.pseudonyms import KEY_VARIABLE, id_key

_POLL_INTERVAL = 0.05  # seconds between two checks of the process
_INJECTED = "injected-parameters"  # tag of the cell that papermill adds


@short_repr
@dataclass(frozen=True, repr=False)
class Verification:
    """The result of repeating a run.

    Attributes
    ----------
    comparison
        Comparison of the run with its repetition.
    repetition
        Manifest of the repetition.
    """

    comparison: Comparison
    repetition: Manifest

    @property
    def reproduced(self) -> bool:
        """Whether every notebook is done again and every key figure is equal."""
        changed = any(change.changed for change in self.comparison.changes)
        return self.repetition.succeeded and not changed

    def _summary(self) -> Rows:
        figures = len(self.comparison.changes)
        return {
            "run": self.comparison.before,
            "key figures": figures,
            "reproduced": self.reproduced,
        }


def verify_run(run: Path, *, time_limit: float = 3600.0) -> Verification:
    """Repeat the notebooks of a stored run and compare the key figures.

    The current code, versions and data are used; the comparison shows whether they have changed.

    Parameters
    ----------
    run
        The folder of the run, which is not changed.
    time_limit
        For one notebook [seconds].

    Raises
    ------
    ReportError
        There is no run, it has no notebook that is done, or its data no longer exist.
    """
    run = run.resolve()
    manifest = read_manifest(run)
    changed = changed_files(run, manifest)
    if changed:
        raise ReportError(
            f"expected {run} as it was published; changed or missing since then: "
            f"{', '.join(changed[:5])}. Choose another run, or repair the store: relmark doctor "
            f"{run.parent}"
        )
    done = [each for each in manifest.notebooks if each.state == "done"]
    if not done:
        raise ReportError(f"expected a run with a notebook that is done; found none in {run}.")
    read_secrets(secret_names([each.parameters for each in done]))
    check_repeatable(_stored_texts(run, done))
    ids: list[KnownIds] = []
    fingerprint = check_data(
        manifest.data, as_of=manifest.as_of, also=lambda log: ids.append(KnownIds().with_log(log))
    )
    redactor = Redactor(ids[0] if ids else KnownIds(), id_key(run))
    ledger = manifest.ledger
    with values_hidden(), temporary_folder() as folder:
        repeated = [
            _repeat(run, each, folder, time_limit, forecasts_of(ledger, each.notebook), redactor)
            for each in done
        ]
    runs = tuple(map(redactor.run, repeated))
    repetition = replace(
        manifest,
        run_id="again",
        fingerprint=fingerprint,
        versions=versions(),
        code=code_hash(),
        git=git_state(Path(__file__).parent),
        notebooks=runs,
    )
    comparison = compare_runs(replace(manifest, notebooks=tuple(done)), repetition)
    return Verification(comparison, repetition)


def _stored_texts(run: Path, done: list[NotebookRun]) -> Iterator[str]:
    """Yield the data, the parameters and the code that a repetition uses."""
    for each in done:
        yield str(each.parameters)
        notebook = read_executed(run / "notebooks" / f"{each.notebook}.ipynb", Path(each.path))
        yield from (cell.source for cell in notebook.cells if cell.cell_type == "code")


def _repeat(
    run: Path,
    old: NotebookRun,
    folder: Path,
    time_limit: float,
    forecasts: tuple[IssuedForecast, ...],
    redactor: Redactor,
) -> NotebookRun:
    """Run one notebook again with the same parameters and the same earlier forecasts."""
    notebook = _without_outputs(run / "notebooks" / f"{old.notebook}.ipynb", folder)
    output = folder / f"again-{old.notebook}.ipynb"
    scratch = scratch_path()
    create_scratch(scratch)
    redactor.ids.write(scratch)
    write_forecasts(scratch, forecasts)
    path = Path(old.path)
    try:
        column = str(old.parameters.get("customer", ""))
        job = Job(str(notebook), str(output), old.parameters, str(scratch), id_column=column)
        working_directory = path.parent if path.is_file() else folder
        limits = Limits(time_limit, default_memory_limit())
        secrets = read_secrets(secret_names(old.parameters)) | {KEY_VARIABLE: redactor.key}
        process = NotebookProcess.prepare(
            job, folder=working_directory, limits=limits, secrets=secrets
        )
        outcome = _wait(process.begin())
    finally:
        remove_scratch(scratch)
    source = checksum(path) if path.is_file() else old.source
    new = replace(old, state=outcome.state, error=outcome.error, source=source)
    return with_recorded_results(new, read_executed(output, notebook))


def _wait(process: NotebookProcess) -> Outcome:
    try:
        while (outcome := process.outcome()) is None:
            time.sleep(_POLL_INTERVAL)
        return outcome
    finally:
        process.end()


def _without_outputs(executed: Path, folder: Path) -> Path:
    """Write a copy of an executed notebook without outputs and injected parameters."""
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    notebook.cells = [
        cell for cell in notebook.cells if _INJECTED not in cell.metadata.get("tags", ())
    ]
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    copy = folder / executed.name
    nbformat.write(notebook, copy)
    return copy

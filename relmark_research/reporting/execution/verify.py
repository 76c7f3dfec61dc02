"""A run made again from what it left behind, to see whether the same figures come out."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.execution.supervisor import Limits, NotebookProcess, machine_limit
from relmark_research.reporting.execution.worker import Job, Outcome
from relmark_research.reporting.record.manifest import Manifest, NotebookRun, read_manifest
from relmark_research.reporting.record.outputs import read_executed, with_findings
from relmark_research.reporting.record.provenance import (
    check_data,
    code_hash,
    file_hash,
    git_state,
    versions,
)
from relmark_research.reporting.record.run_comparison import Comparison, compare_runs
from relmark_research.reporting.record.scratch import (
    make_scratch,
    new_scratch,
    remove_scratch,
    temporary_files,
)
from relmark_research.reporting.record.secrets import named, taken

_PAUSE = 0.05
_INJECTED = "injected-parameters"


@dataclass(frozen=True)
class Verification:
    """What came out when a run was made again.

    Attributes
    ----------
    comparison
        The run and its repetition.
    again
        The repetition.
    """

    comparison: Comparison
    again: Manifest

    @property
    def same(self) -> bool:
        """Whether every notebook was done again and every key figure is the same."""
        return self.again.good and not any(change.moved for change in self.comparison.changes)


def verify_run(run: Path, *, time_limit: float = 3600.0) -> Verification:
    """Run the notebooks of a run again, as it kept them, and compare the key figures.

    Code, versions and data are those of today; the comparison says whether they are the same.

    Parameters
    ----------
    run
        The folder of the run; nothing in it is changed.
    time_limit
        For one notebook [seconds].

    Raises
    ------
    ReportError
        There is no run, nothing in it was done, or its data are gone.
    """
    run = run.resolve()
    manifest = read_manifest(run)
    done = [each for each in manifest.notebooks if each.state == "done"]
    if not done:
        raise ReportError(f"{run} has no notebook that was done, so there is nothing to verify.")
    taken(named([each.parameters for each in done]))
    found = check_data(manifest.data, as_of=manifest.as_of)
    with temporary_files() as folder:
        runs = tuple(_again(run, each, folder, time_limit) for each in done)
    again = replace(
        manifest,
        run_id="again",
        fingerprint=found,
        versions=versions(),
        code=code_hash(),
        git=git_state(Path(__file__).parent),
        notebooks=runs,
    )
    return Verification(compare_runs(replace(manifest, notebooks=tuple(done)), again), again)


def _again(run: Path, old: NotebookRun, folder: Path, time_limit: float) -> NotebookRun:
    """Run one notebook again; what it was given then goes in once more."""
    notebook = _bare(run / "notebooks" / f"{old.notebook}.ipynb", folder)
    output = folder / f"again-{old.notebook}.ipynb"
    scratch = new_scratch()
    make_scratch(scratch)
    try:
        job = Job(str(notebook), str(output), old.parameters, str(scratch))
        beside = Path(old.path).parent if Path(old.path).is_file() else folder
        limits = Limits(time_limit, machine_limit())
        secrets = tuple(taken(named(old.parameters)))
        process = NotebookProcess.start(job, folder=beside, limits=limits, secrets=secrets)
        outcome = _waited(process.begin())
    finally:
        remove_scratch(scratch)
    source = file_hash(Path(old.path)) if Path(old.path).is_file() else old.source
    new = replace(old, state=outcome.state, error=outcome.error, source=source)
    return with_findings(new, read_executed(output, notebook))


def _waited(process: NotebookProcess) -> Outcome:
    try:
        while (outcome := process.outcome()) is None:
            time.sleep(_PAUSE)
        return outcome
    finally:
        process.end()


def _bare(executed: Path, folder: Path) -> Path:
    """The notebook as it was before it ran."""
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    notebook.cells = [
        cell for cell in notebook.cells if _INJECTED not in cell.metadata.get("tags", ())
    ]
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    bare = folder / executed.name
    nbformat.write(notebook, bare)
    return bare

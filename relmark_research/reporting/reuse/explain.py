"""Why a notebook was run or reused, what the key of its result covers, and what it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relmark_research._repr import Rows, short_repr
from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.record.manifest import NotebookRun, read_manifest
from relmark_research.reporting.reuse.observations import changed_since

NOT_COVERED = (
    "files that an engine opens without Python, unless a parameter, a declaration or the code "
    "names them",
    "what an installed package reads itself: its own settings, environment variables, a download",
    "whether a file exists that the notebook does not open",
    "connections that a compiled library opens without Python",
    "random numbers without a seed",
    "the machine: its processor, fonts, and number of threads",
)
"""What can change a result without a change of its key."""

_KINDS = {
    "files": "file {}",
    "folders": "the list of files in {}",
    "sources": "source {}",
    "environment": "environment variable {}",
    "clock": "the clock, so the day counts",
}


@short_repr
@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a notebook was run or reused.

    Attributes
    ----------
    run, notebook
        Id of the run, and name of the notebook in it.
    reused_from
        The run whose result was used again, or None.
    reason
        Why, in words.
    covered
        Parts of the key: what is declared.
    observed
        What it read without a declaration; it is compared before the result is used again.
    obstacles
        Why its result can never be used again.
    changed
        What it read without a declaration and has changed since.
    """

    run: str
    notebook: str
    reused_from: str | None
    reason: str
    covered: tuple[str, ...]
    observed: tuple[str, ...]
    obstacles: tuple[str, ...]
    changed: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield the explanation as lines of text."""
        what = "ran" if self.reused_from is None else f"was taken from run {self.reused_from}"
        yield f"{self.notebook} {what} in run {self.run}: {self.reason or 'no reason is recorded'}."
        for title, items in (
            ("Its key covers", self.covered),
            ("It was also seen to read", self.observed),
            ("Changed since then", self.changed),
            ("Its result cannot be used again, because", self.obstacles),
            ("Not covered", NOT_COVERED),
        ):
            if items:
                yield f"{title}:"
                yield from (f"  {item}" for item in items)

    def _summary(self) -> Rows:
        return {"notebook": self.notebook, "run": self.run, "reason": self.reason}


def explain(run: Path, notebook: str) -> Explanation:
    """Return why a notebook of a stored run was run or reused.

    Parameters
    ----------
    run
        The folder of the run, or of ``latest``.
    notebook
        Its name in the run.

    Raises
    ------
    ReportError
        There is no such run or notebook, or the run's manifest is damaged.
    """
    manifest = read_manifest(run)
    found = manifest.run_of(notebook.removesuffix(".ipynb"))
    if found is None:
        known = [each.notebook for each in manifest.notebooks]
        raise ReportError(f"run {manifest.run_id}: {unknown_name('notebook', notebook, known)}")
    if found.state == "skipped":
        raise ReportError(f"{found.notebook} was skipped in run {manifest.run_id}. {found.error}")
    return Explanation(
        manifest.run_id,
        found.notebook,
        found.reused_from,
        found.reason,
        tuple(found.inputs),
        tuple(_observed(found)),
        found.obstacles,
        tuple(changed_since(found.observed)),
    )


def _observed(run: NotebookRun) -> Iterator[str]:
    for kind, words in _KINDS.items():
        for name in run.observed.get(kind, {}):
            yield words.format(name)

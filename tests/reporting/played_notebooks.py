"""Runs of recipes whose one notebook is only played: cheap, with all of its inputs.

The notebook reads its data by a parameter, a module beside it, a file that nothing declares, and an
environment variable. Its key figure is made of all four, so that a stale one is seen.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.reporting.execution import run_execution, runner
from relmark_research.reporting.record import secrets
from relmark_research.reporting.record.job import Outcome
from relmark_research.reporting.record.manifest import RECORD_MIME
from relmark_research.reporting.reuse import result_key
from relmark_research.reporting.reuse.kernel_observer import file_state
from relmark_research.reporting.reuse.observations import OBSERVATIONS
from tests.reporting.books import write_notebook, write_recipe

VARIABLE = "PLAYED_REGION"
WEIGHTS = {"sales.csv": 1, "helper.py": 100, "hidden.txt": 10_000, VARIABLE: 1_000_000}
RECIPE = "title: Played\nnotebooks: [one]\nparameters: {path: ../../sales.csv}"
PARAMETERS = "path = 'none.csv'  # [file]"


@dataclass
class PlayedProject:
    """A project whose notebook is played; its inputs are small whole numbers."""

    folder: Path
    fails: bool = False
    played: int = 0
    inputs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WEIGHTS, 1))

    def create(self) -> "PlayedProject":
        write_notebook(self.folder / "notebooks", "one", "1", parameters=PARAMETERS)
        write_recipe(self.folder, RECIPE)
        for name in WEIGHTS:
            self.change(name, 1)
        return self

    @property
    def recipe(self) -> Path:
        return self.folder / "reports" / "recipes" / "monthly.yml"

    @property
    def home(self) -> Path:
        return self.folder / "reports" / "runs" / "monthly"

    @property
    def expected(self) -> float:
        """The key figure of the inputs of today."""
        return float(sum(weight * self.inputs[name] for name, weight in WEIGHTS.items()))

    def path(self, name: str) -> Path:
        return self.folder / ("notebooks" if name == "helper.py" else ".") / name

    def change(self, name: str, value: int) -> None:
        self.inputs[name] = value
        if name == VARIABLE:
            os.environ[name] = str(value)
        else:
            self.path(name).write_text(str(value))


@dataclass
class PlayedProcess:
    """A process that reads the inputs of a `PlayedProject` and writes the executed notebook."""

    project: PlayedProject
    output: Path
    scratch: Path
    seconds: float = 0.1

    def begin(self) -> "PlayedProcess":
        return self

    def progress(self) -> tuple[int, int]:
        return (2, 2)

    def end(self) -> None:
        """End nothing."""

    def outcome(self) -> Outcome:
        project = self.project
        project.played += 1
        if project.fails:
            return Outcome("failed", "ValueError: no")
        names = [name for name in WEIGHTS if name != VARIABLE]
        values = {name: int(project.path(name).read_text()) for name in names}
        values[VARIABLE] = int(os.environ[VARIABLE])
        total = sum(weight * values[name] for name, weight in WEIGHTS.items())
        paths = [str(project.path(name)) for name in ("helper.py", "hidden.txt")]
        lines = [{"kind": "begun", "name": ""}, {"kind": "environment", "name": VARIABLE}]
        lines += [{"kind": "file", "name": path, "state": file_state(path)} for path in paths]
        (self.scratch / OBSERVATIONS).write_text("\n".join(map(json.dumps, lines)))
        nbformat.write(executed(total), self.output)
        table = self.output.parents[1] / "files" / "one" / "table.csv"
        table.parent.mkdir(parents=True)
        table.write_text(f"total\n{total}\n")
        return Outcome("done", memory=1)


def executed(total: float) -> nbformat.NotebookNode:
    """Return an executed notebook that recorded a key figure."""
    record = {"kind": "key_figure", "name": "total", "value": total, "unit": "customers"}
    output = new_output("display_data", data={RECORD_MIME: record, "text/plain": ""})
    cells = [new_markdown_cell("# How many?"), new_code_cell("1", outputs=[output])]
    return new_notebook(cells=cells)


def play(project: PlayedProject, patch: pytest.MonkeyPatch) -> None:
    """Play the notebooks of a project instead of running them."""

    class Process:
        @staticmethod
        def prepare(job, **_) -> PlayedProcess:
            return PlayedProcess(project, Path(job.output), Path(job.scratch))

    fixed: dict[str, Callable[..., object]] = {
        "code_hash": lambda: "code", "installed_packages": lambda: {"python": "3"},
    }  # fmt: skip
    for name, instead in fixed.items():
        patch.setattr(result_key, name, instead)
        patch.setattr(runner, name, instead)
    patch.setattr(runner, "git_state", lambda _: {})
    patch.setattr(runner, "versions", lambda: {"python": "3"})
    patch.setattr(secrets, "_COST", 2)
    patch.setattr(run_execution, "NotebookProcess", Process)
    patch.setattr(run_execution, "_POLL_INTERVAL", 0.001)
    patch.setattr(run_execution, "remove_scratch", _remove)


def _remove(scratch: Path) -> None:
    """Remove a scratch folder without a search for its processes."""
    shutil.rmtree(scratch)

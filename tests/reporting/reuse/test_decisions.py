"""The reuse matrix: what makes a notebook run again, and what does not."""

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from relmark_research.reporting.recipe.declared_inputs import DeclaredInputs
from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.record import provenance, secrets
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.reuse import observations, result_key
from relmark_research.reporting.reuse.decisions import (
    Decision,
    changed_parts,
    copy_results,
    decide,
)
from relmark_research.reporting.reuse.kernel_observer import file_state
from relmark_research.reporting.reuse.observations import Seen, observe
from relmark_research.reporting.reuse.result_key import Fingerprints
from relmark_research.reporting.store.run_checks import file_checksums

FILES = {
    "books/value.ipynb": json.dumps(
        {
            "cells": [
                {"cell_type": "code", "source": ["from datetime import date\n", "date.today()"]}
            ]
        }
    ),
    "books/helpers.py": "one = 1\n",
    "books/pack/__init__.py": "",
    "books/pack/rules.yml": "rule: 1\n",
    "sales.csv": "a,2024-01-01,3\n",
    "parts/1.csv": "a\n",
    "rates.csv": "1\n",
    "maps/1.geojson": "{}",
    "package/__init__.py": "",
    "package/segments.yml": "scale: 5\n",
    "sample/contacts.csv": "a,1\n",
    "undeclared.txt": "1",
    "src/project.py": "x = 1\n",
    "listed/a.txt": "",
    "engine.parquet": "PAR1",
    "export.csv": "x",
}


@dataclass
class Project:
    """A notebook with one input of every kind, and its last good run."""

    folder: Path
    parameters: dict[str, Any]
    last: Manifest
    run: Path
    facts: dict[str, Any]

    def task(self) -> Task:
        rates, maps = str(self.folder / "rates.csv"), str(self.folder / "maps" / "*.geojson")
        declared = DeclaredInputs(files=(rates, maps), environment=("FISCAL_YEAR",), day=True)
        return Task(self.folder / "books" / "value.ipynb", self.parameters, {}, declared=declared)

    def queued(self) -> NotebookRun:
        key = result_key.result_key(self.task(), Fingerprints(), facts=self.facts)
        return NotebookRun(
            "value",
            parameters=dict(self.parameters),
            key=key.digest,
            inputs=key.inputs,
            obstacles=key.obstacles,
        )

    def decide(self) -> Decision:
        return decide(self.queued(), self.last, self.run)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("create table orders (id)")
    database.close()
    for name in ("FISCAL_YEAR", "REGION", "RELMARK_ID_KEY"):
        monkeypatch.setenv(name, "first value")
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path / "package")
    monkeypatch.setattr(provenance, "sample_folder", lambda: tmp_path / "sample")
    monkeypatch.setattr(provenance, "DATASETS", ())
    monkeypatch.setattr(secrets, "_COST", 2)  # cheap fingerprints
    parameters = {
        "margin": 0.3,
        "source": str(tmp_path / "sales.csv"),
        "parts": str(tmp_path / "parts" / "*.csv"),
        "crm": f"sqlite:///{tmp_path / 'crm.db'}#orders",
        "reading": {"decimal": "."},
    }
    made = Project(tmp_path, parameters, Manifest("r", "t", "7", "s"), tmp_path / "7", {"rows": 1})
    seen = Seen(
        files={
            str(tmp_path / name): file_state(str(tmp_path / name))
            for name in ("undeclared.txt", "src/project.py", "later.txt")
        },
        written={str(tmp_path / "export.csv")},
        folders={str(tmp_path / "listed")},
        sources={str(tmp_path / "engine.parquet"), "dataset:cdnow"},
        environment={"REGION"},
        day=observations.today(),
    )
    covered = result_key.covered_sources(made.task())
    observed, obstacles = observe(seen, made.task().notebook, declared=covered)
    assert obstacles == ()
    (made.run / "notebooks").mkdir(parents=True)
    (made.run / "notebooks" / "value.ipynb").write_text("{}")
    (made.run / "files" / "value").mkdir(parents=True)
    (made.run / "files" / "value" / "table.csv").write_text("1")
    old = replace(made.queued(), state="done", observed=observed)
    made.last = replace(made.last, notebooks=(old,), files=file_checksums(made.run))
    return made


def write(name: str, text: str = "changed\n") -> Callable[[Project, pytest.MonkeyPatch], object]:
    def change(project: Project, patch: pytest.MonkeyPatch) -> None:
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text(text)

    return change


def remove(name: str) -> Callable[[Project, pytest.MonkeyPatch], object]:
    return lambda project, patch: (project.folder / name).unlink()


def variable(name: str) -> Callable[[Project, pytest.MonkeyPatch], object]:
    return lambda project, patch: patch.setenv(name, "second value")


def database(project: Project, patch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(project.folder / "crm.db") as connection:
        connection.execute("insert into orders values (1)")
    connection.close()


def another_day(project: Project, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(result_key, "today", lambda: "2031-01-01")
    patch.setattr(observations, "today", lambda: "2031-01-01")


def another_day_undeclared(project: Project, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "today", lambda: "2031-01-01")


def edit(name: str) -> Callable[[Project, pytest.MonkeyPatch], object]:
    return lambda project, patch: (project.run / name).write_text("5,000,000")


CHANGES: dict[str, tuple[Callable[[Project, pytest.MonkeyPatch], object], str]] = {
    "notebook": (write("books/value.ipynb", "{}"), "notebook"),
    "parameter": (lambda p, _: p.parameters.update(margin=0.4), "parameters (margin)"),
    "package code": (write("package/__init__.py"), "package"),
    "package data": (write("package/segments.yml"), "package"),
    "bundled table": (write("sample/contacts.csv"), "package"),
    "installed version": (
        lambda p, patch: patch.setattr(result_key, "installed_packages", lambda: {"pandas": "9"}),
        "installed packages",
    ),
    "module beside the notebook": (write("books/helpers.py"), "helpers"),
    "package beside the notebook": (write("books/pack/deep.py"), "helpers"),
    "data of a package beside the notebook": (write("books/pack/rules.yml"), "helpers"),
    "data": (write("sales.csv"), "sales.csv"),
    "another file of a glob": (write("parts/2.csv"), "*.csv"),
    "database in a file": (database, "crm.db"),
    "declared file": (write("rates.csv"), "rates.csv"),
    "another file of a declared glob": (write("maps/2.geojson"), "maps"),
    "declared environment variable": (variable("FISCAL_YEAR"), "environment FISCAL_YEAR"),
    "declared day": (another_day, "day"),
    "key of pseudonyms": (variable("RELMARK_ID_KEY"), "id key"),
    "rows that are used": (lambda p, _: p.facts.update(rows=2), "rows that are used"),
    "undeclared file": (write("undeclared.txt"), "undeclared.txt"),
    "undeclared file that was absent": (write("later.txt"), "later.txt"),
    "module imported from the project": (write("src/project.py"), "src/project.py"),
    "undeclared source of an engine": (write("engine.parquet"), "engine.parquet"),
    "file in a folder that was listed": (write("listed/b.txt"), "the list of files in"),
    "undeclared environment variable": (variable("REGION"), "environment variable REGION"),
    "undeclared clock": (another_day_undeclared, "it reads the clock"),
    "export that was removed": (remove("export.csv"), "export.csv"),
    "edited executed notebook": (edit("notebooks/value.ipynb"), "is not as published"),
    "edited table": (edit("files/value/table.csv"), "is not as published"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_makes_the_notebook_run_again(project, monkeypatch, kind):
    assert project.decide().earlier is not None
    change, words = CHANGES[kind]
    change(project, monkeypatch)
    decision = project.decide()
    assert decision.earlier is None
    assert words in decision.reason


def touch(project: Project, patch: pytest.MonkeyPatch) -> None:
    for path in project.folder.rglob("*"):
        os.utime(path, (1, 1))


NO_CHANGES: dict[str, Callable[[Project, pytest.MonkeyPatch], object]] = {
    "nothing": lambda project, patch: None,
    "times of all files": touch,
    "the same content, written again": write("sales.csv", FILES["sales.csv"]),
    "the order of the parameters": lambda p, _: p.parameters.update(
        dict(reversed([(name, p.parameters.pop(name)) for name in list(p.parameters)]))
    ),
    "other files beside the notebook and in the project": write("books/README.md"),
    "another environment variable": variable("EDITOR"),
    "compiled modules": write("books/pack/__pycache__/deep.cpython-311.pyc"),
    "a file of another run": write("files/other/table.csv"),
}


@pytest.mark.parametrize("kind", NO_CHANGES)
def test_without_a_change_the_result_is_used_again(project, monkeypatch, kind):
    (project.folder / "files").mkdir()
    NO_CHANGES[kind](project, monkeypatch)
    decision = project.decide()
    assert decision.earlier == project.last.notebooks[0]
    assert decision.reason == "nothing that it depends on changed since run 7"


def test_there_is_nothing_to_reuse(project):
    new, old = project.queued(), project.last.notebooks[0]
    assert decide(new, None, project.run).reason == "there is no earlier good run"
    failed = project.last.with_run(replace(old, state="failed"))
    assert decide(new, failed, project.run).reason == "run 7 has no result of it"
    other = replace(new, notebook="other")
    assert decide(other, project.last, project.run).reason == "run 7 has no result of it"


def test_an_unknown_key_is_never_equal(project):
    old = replace(project.last.notebooks[0], key="")
    new = replace(project.queued(), key="")
    assert decide(new, project.last.with_run(old), project.run).earlier is None


def test_an_obstacle_prevents_reuse(project):
    old = replace(project.last.notebooks[0], obstacles=("it starts another program",))
    decision = decide(project.queued(), project.last.with_run(old), project.run)
    assert decision == Decision(None, "its result cannot be reused: it starts another program")


def test_a_run_without_checksums_is_not_used_again(project):
    decision = decide(project.queued(), replace(project.last, files={}), project.run)
    assert decision.reason.endswith("not as published: notebooks/value.ipynb was not published")


def test_parts_that_came_or_went_are_named():
    one, two = SimpleNamespace(inputs={"a": "1"}), SimpleNamespace(inputs={"b": "1"})
    one.parameters = two.parameters = {}
    assert changed_parts(one, two) == ["b", "a"]


def test_intact_results_are_copied(project, tmp_path):
    target = tmp_path / "new"
    assert copy_results("value", project.last, project.run, target)
    assert (target / "notebooks" / "value.ipynb").read_text() == "{}"
    assert (target / "files" / "value" / "table.csv").read_text() == "1"


@pytest.mark.parametrize("name", ["notebooks/value.ipynb", "files/value/table.csv"])
@pytest.mark.parametrize("damage", [lambda path: path.write_text("5"), lambda path: path.unlink()])
def test_damaged_results_leave_no_copy(project, tmp_path, name, damage):
    damage(project.run / name)
    target = tmp_path / "new"
    assert not copy_results("value", project.last, project.run, target)
    assert [path for path in target.rglob("*") if path.is_file()] == []

"""What a notebook was seen to read, as part of its record."""

import json
import os

import pytest

from relmark_research.reporting.record import secrets
from relmark_research.reporting.reuse import observations
from relmark_research.reporting.reuse.kernel_observer import file_state
from relmark_research.reporting.reuse.observations import (
    OBSERVATIONS,
    Seen,
    changed_since,
    observe,
    read_seen,
)


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "_COST", 2)
    return write_cells(tmp_path / "value.ipynb", "x = 1")


def write_cells(path, *cells):
    content = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    path.write_text(json.dumps(content))
    return path


def test_the_lines_of_the_kernel_are_read(tmp_path):
    records = [
        {"kind": "begun", "name": "2026-11-21"},
        {"kind": "file", "name": "/a", "state": [1, 2, 3]},
        {"kind": "file", "name": "/b", "state": None},
        {"kind": "written", "name": "/c"},
        {"kind": "folder", "name": "/d"},
        {"kind": "source", "name": "/e/*.csv"},
        {"kind": "environment", "name": "REGION"},
        {"kind": "unseen", "name": "it starts another program"},
    ]
    (tmp_path / OBSERVATIONS).write_text("\n".join(map(json.dumps, records)))
    assert read_seen(tmp_path) == Seen(
        {"/a": [1, 2, 3], "/b": None},
        {"/c"},
        {"/d"},
        {"/e/*.csv"},
        {"REGION"},
        {"it starts another program"},
        "2026-11-21",
    )


@pytest.mark.parametrize("content", [None, "", "{", '{"kind": "begun", "name": ""}\n{"ki'])
def test_without_observations_nothing_is_known(tmp_path, content):
    if content is not None:
        (tmp_path / OBSERVATIONS).write_text(content)
    assert read_seen(tmp_path) == Seen(unseen={"what it read was not observed"})


def test_what_was_read_gets_its_hash(notebook, tmp_path, monkeypatch):
    path = str(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_text("a")
    monkeypatch.setenv("REGION", "canary-1997")
    seen = Seen({path: file_state(path)}, environment={"REGION", "UNSET"}, folders={str(tmp_path)})
    observed, obstacles = observe(seen, notebook)
    assert obstacles == ()
    assert set(observed) == {"files", "environment", "folders"}
    assert len(observed["files"][path]) == 64
    assert observed["environment"]["UNSET"] == "not set"
    assert "canary" not in str(observed)
    assert changed_since(observed) == []
    (tmp_path / "a.txt").unlink()
    monkeypatch.setenv("UNSET", "")
    assert changed_since(observed) == [
        f"file {path}",
        f"the list of files in {tmp_path}",
        "environment variable UNSET",
    ]


def test_what_the_key_covers_is_not_recorded_twice(notebook, tmp_path):
    path = str(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("a")
    seen = Seen({path: file_state(path)}, sources={str(tmp_path / "*.csv")})
    assert observe(seen, notebook, declared=[str(tmp_path / "*.csv")]) == ({}, ())


def test_a_file_that_changes_while_it_is_read_cannot_be_checked(notebook, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a")
    seen = Seen({str(path): file_state(str(path))})
    path.write_text("ab")
    assert observe(seen, notebook)[1] == (f"{path} changed while it ran",)
    seen.written.add(str(path))  # by itself
    assert observe(seen, notebook)[1] == ()


def test_a_file_that_it_made_and_removed_does_not_count(notebook, tmp_path):
    assert observe(Seen(written={str(tmp_path / "gone.txt")}), notebook) == ({}, ())


def test_sources_elsewhere_and_the_whole_environment_cannot_be_checked(notebook):
    seen = Seen(sources={"postgresql://host/crm#sales"}, environment={"*"})
    observed, obstacles = observe(seen, notebook)
    assert obstacles == (
        "it reads postgresql://host/crm, which is not a file",
        "it reads the whole environment",
    )
    assert observed == {}


def test_too_many_files_are_not_followed(notebook, monkeypatch):
    monkeypatch.setattr(observations, "_MAX_FILES", 1)
    seen = Seen({"/a": None, "/b": None})
    assert observe(seen, notebook) == ({}, ("it reads more than 1 files",))


def test_files_that_its_code_names_are_inputs(notebook, tmp_path):
    (tmp_path / "lake.parquet").write_text("PAR1")
    write_cells(notebook, "duckdb.sql(\"select * from 'lake.parquet'\")", "open('none.txt')")
    observed, _ = observe(Seen(), notebook)
    assert list(observed["files"]) == [str(tmp_path / "lake.parquet")]


@pytest.mark.parametrize("where", ["cell", "module"])
def test_the_day_is_an_input_of_code_that_reads_the_clock(notebook, tmp_path, monkeypatch, where):
    code = "from datetime import date\nage = date.today()"
    (tmp_path / "helper.py").write_text(code if where == "module" else "")
    write_cells(notebook, code if where == "cell" else "import helper")
    path = str(tmp_path / "helper.py")
    day = observations.today()  # when it began
    observed, _ = observe(Seen({path: file_state(path)}, day=day), notebook)
    assert observed["clock"] == {"day": day}
    assert changed_since(observed) == []
    monkeypatch.setattr(observations, "today", lambda: "2031-01-01")
    assert changed_since(observed) == ["the day, since it reads the clock"]


def test_a_notebook_that_cannot_be_read_has_no_code(tmp_path):
    assert observe(Seen(), tmp_path / "none.ipynb") == ({}, ())


def test_long_names_of_files_are_absent(notebook):
    name = "/" + "x" * 5000
    observed, _ = observe(Seen({name: None}), notebook)
    assert observed["files"] == {name: "absent"}
    assert os.sep in observations.today() or "UTC" in observations.today()


@pytest.mark.parametrize(
    "cell",
    [
        "sql(\"select * from 'lake/*.parquet'\")",
        "pl.read_parquet('lake/*.parquet')",
        "pd.read_parquet('lake')",
        "pd.read_parquet('parts')",
        "lake = Path('lake')\npd.read_parquet(lake / 'a.parquet')",
    ],
)
def test_tables_that_code_names_but_an_engine_reads_unseen(tmp_path, cell):
    notebook = write_cells(tmp_path / "value.ipynb", cell)
    for folder in ("lake", "parts/year=2024", "lake/deeper.d"):
        (tmp_path / folder).mkdir(parents=True)
    for table in ("lake/a.parquet", "parts/year=2024/a.parquet"):
        (tmp_path / table).write_text("a")
    observed, _ = observe(Seen(), notebook)
    assert changed_since(observed) == []
    for table in ("lake/a.parquet", "parts/year=2024/a.parquet"):
        (tmp_path / table).write_text("b")
    assert changed_since(observed)


def test_a_text_that_only_looks_like_a_pattern_is_no_table(tmp_path):
    (tmp_path / "a.csv").write_text("a")
    notebook = write_cells(tmp_path / "value.ipynb", "x = '/*', '*', '..', '[a-z]+', '*/5 * * *'")
    assert observe(Seen(), notebook) == ({}, ())

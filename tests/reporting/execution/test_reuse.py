"""When the results of a notebook are reused, and when it is run again."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from relmark_research.reporting.execution import reuse
from relmark_research.reporting.execution.reuse import (
    Fingerprints,
    copy_results,
    reusable_run,
    reuse_key,
)
from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.record.manifest import (
    IssuedForecast,
    Manifest,
    NotebookRun,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "value.ipynb").write_text("{}")
    (tmp_path / "helpers.py").write_text("one = 1\n")
    (tmp_path / "sales.csv").write_text("a,2024-01-01,3\n")
    return tmp_path


LONG = "/".join(["x" * 99] * 10)


def key_of(folder: Path, **parameters) -> str:
    """Return the key with fingerprints that were not computed before."""
    return reuse_key(Task(folder / "value.ipynb", parameters, {}), Fingerprints())


def test_the_key_is_the_same_while_nothing_changes(folder):
    key = key_of(folder, margin=0.3, source="sales.csv")
    assert len(key) == 64
    assert key == key_of(folder, source="sales.csv", margin=0.3)


@pytest.mark.parametrize("name", ["value.ipynb", "helpers.py", "sales.csv"])
def test_the_key_changes_with_the_notebook_its_modules_and_its_data(folder, name):
    before = key_of(folder, source="sales.csv")
    (folder / name).write_text("changed\n")
    assert key_of(folder, source="sales.csv") != before


def test_the_key_changes_with_the_parameters_code_and_versions(folder, monkeypatch):
    before = key_of(folder, margin=0.3)
    assert key_of(folder, margin=0.4) != before
    with monkeypatch.context() as patch:
        patch.setattr(reuse, "code_hash", lambda: "other")
        assert key_of(folder, margin=0.3) != before
    monkeypatch.setattr(reuse, "versions", lambda: {"python": "4"})
    assert key_of(folder, margin=0.3) != before


def test_files_that_no_parameter_names_do_not_count(folder):
    before = key_of(folder, margin=0.3)
    (folder / "sales.csv").write_text("changed\n")
    assert key_of(folder, margin=0.3) == before


@pytest.mark.parametrize(
    "parameters",
    [
        {"source": "https://host/sales.csv"},
        {"source": "${SALES}"},
        {"tables": {"contacts": ["https://host/contacts.csv"]}},
    ],
)
def test_there_is_no_key_for_remote_data_and_secrets(folder, parameters):
    assert key_of(folder, **parameters) == ""


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("sales.csv", ["sales.csv"]),
        ("no such file", []),
        ("", []),
        ("dataset:cdnow", ["dataset:cdnow"]),
        ("cdnow", []),
        ("none/*.csv", ["none/*.csv"]),
        ("none/?.csv", ["none/?.csv"]),
        ("none/[ab].csv", ["none/[ab].csv"]),
        ("why *.csv", []),  # no slash: a text with a star
        ("none/x.csv", []),
        ("a\nb/*", []),
        ("a\0b/*", []),
        (f"{LONG}*", [f"{LONG}*"]),  # 1,000 characters
        (f"{LONG}**", []),
        ("word " * 60, []),  # longer than a file name can be
    ],
)
def test_the_data_are_the_texts_that_name_files(folder, monkeypatch, text, sources):
    seen = []
    monkeypatch.setattr(reuse, "fingerprint", lambda source: seen.append(source) or {})
    assert key_of(folder, deep={"list": [text]}) != ""
    assert [os.path.relpath(s, folder) if s.startswith(str(folder)) else s for s in seen] == sources


def test_fingerprints_are_computed_once(monkeypatch):
    seen = []
    monkeypatch.setattr(reuse, "fingerprint", lambda source: seen.append(source) or {"n": 1})
    found = Fingerprints()
    assert found.get("x") == found.get("x") == {"n": 1}
    assert seen == ["x"]
    assert Fingerprints().by_source == {}


def test_sources_that_change_are_named(folder):
    found, source = Fingerprints(), str(folder / "sales.csv")
    found.get(source)
    assert found.changed_sources() == []
    (folder / "sales.csv").write_text("changed\n")
    assert found.changed_sources() == [source]


@pytest.fixture
def previous(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "value.ipynb").write_text("{}")
    old = NotebookRun("value", "done", key="k", answer="Much.")
    return Manifest("r", "t", "1", "s", notebooks=(old,))


def test_a_notebook_with_the_same_key_is_reused(previous, tmp_path):
    new = NotebookRun("value", key="k")
    assert reusable_run(new, previous, tmp_path) == previous.notebooks[0]
    assert reusable_run(replace(new, key="other"), previous, tmp_path) is None
    assert reusable_run(replace(new, notebook="other"), previous, tmp_path) is None


def test_an_unknown_key_is_never_equal(previous, tmp_path):
    old = replace(previous.notebooks[0], key="")
    assert reusable_run(NotebookRun("value"), previous.with_run(old), tmp_path) is None


def test_a_notebook_that_failed_or_was_removed_is_run_again(previous, tmp_path):
    new, failed = NotebookRun("value", key="k"), replace(previous.notebooks[0], state="failed")
    assert reusable_run(new, previous.with_run(failed), tmp_path) is None
    (tmp_path / "notebooks" / "value.ipynb").unlink()
    assert reusable_run(new, previous, tmp_path) is None


def test_the_notebook_and_its_files_are_copied(previous, tmp_path):
    target = tmp_path / "new"
    (target / "notebooks").mkdir(parents=True)
    copy_results("value", tmp_path, target)
    assert (target / "notebooks" / "value.ipynb").read_text() == "{}"
    assert not (target / "files").exists()
    (tmp_path / "files" / "value").mkdir(parents=True)
    (tmp_path / "files" / "value" / "weekly.csv").write_text("1")
    (tmp_path / "files" / "other").mkdir()
    copy_results("value", tmp_path, target)
    assert (target / "files" / "value" / "weekly.csv").read_text() == "1"
    assert not (target / "files" / "other").exists()


FORECAST = IssuedForecast(
    "purchases",
    "purchases",
    "2024-01-31",
    "2024-02-29",
    3.0,
    2.0,
    5.0,
    0.95,
    2,
    issued="2024-02-01",
)


def ledger_key(folder: Path, *forecasts: IssuedForecast) -> str:
    return reuse_key(Task(folder / "value.ipynb", {}, {}), Fingerprints(), forecasts)


@pytest.mark.parametrize("name", ["value.ipynb", "helpers.py"])
def test_the_key_changes_with_the_ledger_of_a_notebook_that_scores_forecasts(folder, name):
    (folder / name).write_text("rm.reporting.scored_forecasts(log)")
    without, one = ledger_key(folder), ledger_key(folder, FORECAST)
    assert len({without, one, ledger_key(folder, replace(FORECAST, expected=4.0))}) == 3
    assert one == ledger_key(folder, replace(FORECAST))


def test_the_ledger_does_not_count_for_other_notebooks(folder):
    assert ledger_key(folder, FORECAST) == ledger_key(folder)

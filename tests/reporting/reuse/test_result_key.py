"""What the key of a result covers."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from relmark_research.reporting.recipe.declared_inputs import DeclaredInputs
from relmark_research.reporting.recipe.plan import Task
from relmark_research.reporting.record.manifest import IssuedForecast
from relmark_research.reporting.reuse import result_key as module
from relmark_research.reporting.reuse.result_key import (
    Fingerprints,
    covered_sources,
    helper_files,
    id_key_fingerprint,
    result_key,
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
    return result_key(Task(folder / "value.ipynb", parameters, {}), Fingerprints()).digest


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
        patch.setattr(module, "code_hash", lambda: "other")
        assert key_of(folder, margin=0.3) != before
    monkeypatch.setattr(module, "installed_packages", lambda: {"python": "4"})
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
        {"source": "postgresql://host/crm#sales"},
        {"source": "env:CRM#sales"},
        {"source": "sqlite:///no.db#sales"},  # there is no such file
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
        (".", []),
        ("/", []),
        ("..", []),
        ("sample:contacts", ["sample:contacts"]),
        ("sample:none", []),
        ("word " * 60, []),  # longer than a file name can be
    ],
)
@pytest.mark.every(2)
def test_the_data_are_the_texts_that_name_files(folder, monkeypatch, text, sources):
    seen = []
    monkeypatch.setattr(module, "fingerprint", lambda source: seen.append(source) or {})
    assert key_of(folder, deep={"list": [text]}) != ""
    assert [os.path.relpath(s, folder) if s.startswith(str(folder)) else s for s in seen] == sources


def test_fingerprints_are_computed_once(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "fingerprint", lambda source: seen.append(source) or {"n": 1})
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
    return result_key(Task(folder / "value.ipynb", {}, {}), Fingerprints(), forecasts).digest


@pytest.mark.parametrize("name", ["value.ipynb", "helpers.py", "pack/deep.py"])
@pytest.mark.every(3)
def test_the_key_changes_with_the_ledger_of_a_notebook_that_scores_forecasts(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("rm.reporting.scored_forecasts(log)")
    without, one = ledger_key(folder), ledger_key(folder, FORECAST)
    assert len({without, one, ledger_key(folder, replace(FORECAST, expected=4.0))}) == 3
    assert one == ledger_key(folder, replace(FORECAST))


def test_the_ledger_does_not_count_for_other_notebooks(folder):
    assert ledger_key(folder, FORECAST) == ledger_key(folder)


def test_the_facts_of_the_data_count_for_notebooks_with_data(folder):
    def key(facts, **parameters):
        task = Task(folder / "value.ipynb", parameters, {})
        return result_key(task, Fingerprints(), facts=facts).digest

    assert key({"rows_used": 1}, source="sales.csv") != key({"rows_used": 2}, source="sales.csv")
    assert key({"rows_used": 1}) == key({"rows_used": 2})


def test_a_key_tells_its_parts_and_never_a_secret(folder, monkeypatch):
    monkeypatch.setenv("RELMARK_ID_KEY", "open sesame")
    monkeypatch.setenv("FISCAL", "canary-1997")
    declared = DeclaredInputs(files=(str(folder / "sales.csv"),), environment=("FISCAL",), day=True)
    task = Task(folder / "value.ipynb", {"margin": 1, "s": "dataset:cdnow"}, {}, declared=declared)
    key = result_key(task, Fingerprints())
    assert list(key.inputs) == [
        "notebook", "parameters", "package", "installed packages", "helpers", "id key",
        "data dataset:cdnow", f"file {folder / 'sales.csv'}", "environment FISCAL", "day",
    ]  # fmt: skip
    assert "sesame" not in str(key)
    assert "canary" not in str(key)
    assert covered_sources(task) == ("dataset:cdnow", str(folder / "sales.csv"))


def test_the_key_of_pseudonyms_is_found_in_the_environment_or_a_folder_above(folder, monkeypatch):
    monkeypatch.delenv("RELMARK_ID_KEY", raising=False)
    none = id_key_fingerprint(folder)
    (folder / ".relmark").mkdir()
    (folder / ".relmark" / "id_key").write_text("abc\n")
    (folder / ".relmark" / "id_key").chmod(0o600)
    (folder / "below").mkdir()
    file = id_key_fingerprint(folder / "below")
    monkeypatch.setenv("RELMARK_ID_KEY", "other")
    assert len({none, file, id_key_fingerprint(folder)}) == 3
    monkeypatch.setenv("RELMARK_ID_KEY", "abc")
    assert id_key_fingerprint(folder) == file


def test_helpers_are_modules_and_packages_with_all_their_files(folder):
    for name in (
        "pack/__init__.py", "pack/rules.yml", "pack/data/rates.csv", "space/deeper/module.py",
        "data/sales.csv", ".hidden/a.py", "venv/pyvenv.cfg", "venv/lib/b.py", "other.ipynb",
        "pack/__pycache__/rules.cpython-311.pyc", "node_modules/c.py",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    found = [path.relative_to(folder).as_posix() for path in helper_files(folder)]
    assert found == [
        "helpers.py", "pack/__init__.py", "pack/data/rates.csv", "pack/rules.yml",
        "space/deeper/module.py",
    ]  # fmt: skip

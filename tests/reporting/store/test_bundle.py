"""The replication bundle of a run: complete, deterministic, without secrets and paths."""

import hashlib
import json
import zipfile

import nbformat
import pandas as pd
import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.store.bundle import CHECKSUMS, write_bundle
from tests.reporting.books import write_notebook

COUNTS = (
    "import relmark_research as rm\n"
    "log = rm.read_transactions(source).until(as_of)\n"
    "rm.record('rows', float(len(log.to_pandas()) * factor), unit='rows', label='Rows')\n"
    "print('key', 'topsecret99')"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundled")
    write_notebook(
        folder / "notebooks", "counts", COUNTS, parameters="source = ''\nas_of = None\nfactor = 1"
    )
    rows = pd.DataFrame({"customer_id": ["ann17", "bob18"] * 3, "value": 1})
    rows["date"] = pd.date_range("2024-01-01", periods=6).astype(str)
    rows.to_csv(folder / "sales.csv", index=False)
    (folder / "monthly.yml").write_text(
        "title: Rows\nnotebooks: [counts]\ndata: {source: sales.csv}\nparameters: {factor: 2}\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def run(project):
    return run_recipe(project / "monthly.yml", RunOptions(as_of="2024-01-05"))


@pytest.fixture
def unpacked(run, tmp_path):
    path = write_bundle(run, tmp_path / "b.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "b")
    return tmp_path / "b"


def test_every_file_has_its_checksum(unpacked):
    lines = (unpacked / CHECKSUMS).read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {
        path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()
    }
    assert set(sums) == files - {CHECKSUMS}
    for name, digest in sums.items():
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == digest, name
    assert {"recipe.yml", "README.md", "requirements.txt", "data.json", "results.json"} <= files
    assert {"notebooks/counts.ipynb", "executed/counts.ipynb"} <= files


def test_the_recipe_runs_again_with_the_same_key_figures(unpacked, run, project):
    (unpacked / "data").mkdir()
    (unpacked / "data" / "sales.csv").write_bytes((project / "sales.csv").read_bytes())
    recipe = read_recipe(unpacked / "recipe.yml")
    assert recipe.notebook_parameters["counts"]["factor"] == 2
    again = read_manifest(run_recipe(unpacked / "recipe.yml", RunOptions(as_of="2024-01-05")))
    before = read_manifest(run)
    assert again.notebooks[0].key_figures == before.notebooks[0].key_figures
    results = json.loads((unpacked / "results.json").read_text())
    assert results["counts"][0]["value"] == before.notebooks[0].key_figures[0].value
    assert json.loads((unpacked / "data.json").read_text())["fingerprint"][""]["rows_used"] == 5


def test_equal_runs_give_equal_bytes(run, tmp_path):
    one, other = (write_bundle(run, tmp_path / name) for name in ("1.zip", "2.zip"))
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_no_secret_no_id_and_no_path_of_the_machine(run, project, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_PASSWORD", "topsecret99")
    with zipfile.ZipFile(write_bundle(run, tmp_path / "b.zip")) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert b"topsecret99" not in content
    assert b"ann17" not in content
    assert str(project).encode() not in content
    assert b"data/sales.csv" in content


def test_the_notebooks_have_no_outputs_and_no_injected_cell(unpacked):
    clean = nbformat.read(unpacked / "notebooks" / "counts.ipynb", 4)
    nbformat.validate(clean)
    assert [cell.outputs for cell in clean.cells if cell.cell_type == "code"] == [[], []]
    executed = nbformat.read(unpacked / "executed" / "counts.ipynb", 4)
    assert len(executed.cells) == len(clean.cells) + 1
    assert "papermill" not in executed.metadata


def test_a_run_that_was_changed_or_did_nothing_is_refused(run, tmp_path):
    with pytest.raises(ReportError, match=r"manifest\.json"):
        write_bundle(tmp_path)
    with pytest.raises(ReportError, match="must exist"):
        write_bundle(run, tmp_path / "none" / "b.zip")
    page = run / "index.html"
    before = page.read_bytes()
    page.write_text("changed")
    try:
        with pytest.raises(ReportError, match="as it was published"):
            write_bundle(run, tmp_path / "b.zip")
    finally:
        page.write_bytes(before)

"""The nine reports on subsets of tables, and in plain papermill: nothing of the sample enters.

The firm is a part of the sample under other file names, so that it is data of one's own.
"""

from pathlib import Path

import pandas as pd
import pytest
import yaml

import relmark_research as rm
from relmark_research.reporting import key_figures
from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.recipe.test_sections_of_reports import NOTEBOOKS

pytestmark = pytest.mark.slow

TABLES = {  # parameter -> table of the sample
    "customers": "customers", "contacts": "contacts", "events": "events", "prospects": "prospects",
    "campaigns": "campaigns", "answers": "satisfaction", "partners": "partners",
    "survey": "partner_survey", "books": "books",
}  # fmt: skip
OWN = {"04": "books", "08": "survey", "09": "campaigns"}  # the table of a report's own
CUSTOMERS = 250  # twice


def known_people():
    """Some of the first customers, and some of those who were prospects."""
    first = rm.load_sample("customers")["customer_id"].head(CUSTOMERS)
    won = rm.load_sample("prospects")["customer_id"].dropna().head(CUSTOMERS)
    return {*first, *won}


@pytest.fixture(scope="module")
def firm(tmp_path_factory):
    """A folder with the files of a firm of its own."""
    folder = tmp_path_factory.mktemp("firm")
    people = known_people()
    for name in ("transactions", *TABLES.values()):
        table = rm.load_sample(name)
        table = table.to_pandas() if not isinstance(table, pd.DataFrame) else table
        if "customer_id" in table:
            table = table[table["customer_id"].isin(people) | table["customer_id"].isna()]
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def run(folder: Path, out: Path, *, tables=(), log=True, cost=True, notebooks=NOTEBOOKS):
    from relmark_research.reporting.recipe.parameters import read_parameters

    known = {each.name for notebook in notebooks for each in read_parameters(notebook)}
    log = log and "source" in known
    data = {"source": "transactions.csv" if log else "none", "currency": "EUR"}
    if log and not cost:
        data["cost"] = "none"
    recipe = {
        "title": "Own",
        "data": data,
        "tables": {name: f"{TABLES[name]}.csv" for name in tables},
        "notebooks": [str(path) for path in notebooks],
    }
    path = folder / "own.yml"
    path.write_text(yaml.safe_dump(recipe))
    return read_manifest(run_recipe(path, RunOptions(out=out, jobs=2)))


def states(manifest):
    return {each.notebook[:2]: each.state for each in manifest.notebooks}


def check(manifest):
    """No report fails, none is done without an answer, none reads the sample."""
    assert {run.notebook: run.error for run in manifest.notebooks if run.state == "failed"} == {}
    assert manifest.succeeded
    for done in (each for each in manifest.notebooks if each.state == "done"):
        assert done.answer, done.notebook
        assert "sample:" not in str(done.parameters), done.notebook


def test_all_reports_run_on_transactions_alone_but_those_of_partners_and_campaigns(firm, tmp_path):
    manifest = run(firm, tmp_path, cost=False)
    check(manifest)
    expected = {path.stem[:2]: "done" for path in NOTEBOOKS}
    assert states(manifest) == expected | {"08": "skipped", "09": "skipped"}


@pytest.mark.parametrize("number", OWN)
def test_a_report_runs_on_its_own_table_alone(firm, tmp_path, number):
    notebooks = [path for path in NOTEBOOKS if path.stem.startswith(number)]
    manifest = run(firm, tmp_path, tables=(OWN[number],), log=False, notebooks=notebooks)
    check(manifest)
    assert states(manifest) == {number: "done"}


def test_all_reports_run_on_all_tables(firm, tmp_path):
    manifest = run(firm, tmp_path, tables=TABLES)
    check(manifest)
    assert set(states(manifest).values()) == {"done"}


@pytest.mark.parametrize("absent", TABLES)
def test_all_reports_run_without_one_table(firm, tmp_path, absent):
    """Only the reports that know the table run; the others are as before."""
    from relmark_research.reporting.recipe.parameters import read_parameters

    taken = {path: {each.name for each in read_parameters(path)} for path in NOTEBOOKS}
    notebooks = [path for path in NOTEBOOKS if absent in taken[path]]
    tables = [name for name in TABLES if any(name in taken[path] for path in notebooks)]
    tables.remove(absent)
    manifest = run(firm, tmp_path, tables=tables, notebooks=notebooks)
    check(manifest)
    assert set(states(manifest).values()) == {"done"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_plain_papermill_gives_the_key_figures_of_a_run(tmp_path, path):
    import papermill

    output = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(path), str(output), kernel_name="python3", progress_bar=False, cwd=str(path.parent)
    )
    recipe = tmp_path / "defaults.yml"
    recipe.write_text(yaml.safe_dump({"title": "Defaults", "notebooks": [str(path)]}))
    manifest = read_manifest(run_recipe(recipe, RunOptions(out=tmp_path / "runs")))
    recorded = {each.name: each.value for each in manifest.notebooks[0].key_figures}
    found = key_figures(output)["value"].to_dict()
    assert recorded and found == pytest.approx(recorded, nan_ok=True)

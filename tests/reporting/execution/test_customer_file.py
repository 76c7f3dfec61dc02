"""The file with one row per customer in a run: its ids, its link, and why it is missing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from relmark_research.clv.families.nbd import NBD
from relmark_research.customer_tables import table_of_customers
from relmark_research.errors import ReportError
from relmark_research.reporting.execution._customer_file import write_customer_file
from relmark_research.reporting.pages.render import render_index
from relmark_research.reporting.privacy.redaction import Redactor
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.manifest import Manifest
from relmark_research.tables.pseudonyms import pseudonyms
from tests.reporting.books import SPEAKS, write_notebook

KEYED = Redactor(key="a secret")


@pytest.fixture(autouse=True)
def quick_choice(monkeypatch):
    """Fit one model; the choice among all is tested with the table."""
    monkeypatch.setattr(table_of_customers, "_chosen", lambda log, customers: NBD.fit(customers))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("customers")
    write_notebook(folder / "notebooks", "speaks", SPEAKS)
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        {
            "customer_id": [f"{n % 80:03d}" for n in range(400)],
            "date": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 700, 400), "D"),
            "value": rng.integers(5, 90, 400),
        }
    )
    rows.to_csv(folder / "sales.csv", index=False)
    return folder


def recipe_with(project, lines, name="monthly"):
    path = project / f"{name}.yml"
    head = "title: T\nnotebooks: [speaks]\ndata: {source: sales.csv, value: value}\n"
    path.write_text(head + lines, encoding="utf-8")
    return read_recipe(path)


@pytest.mark.parametrize(
    ("kind", "file"), [("parquet", "customers.parquet"), ("excel", "customers.xlsx")]
)
def test_the_short_form_writes_pseudonyms(project, tmp_path, kind, file):
    recipe = recipe_with(project, f"customer_table: {kind}")
    found = write_customer_file(recipe, tmp_path, KEYED, as_of=None)
    assert (found["file"], found["rows"], found["ids"]) == (file, 80, "pseudonym")
    read = pd.read_parquet if kind == "parquet" else _excel
    expected = sorted(pseudonyms([f"{n:03d}" for n in range(80)], key="a secret"))
    assert read(tmp_path / file)["customer_id"].to_list() == expected


def _excel(path):
    return pd.read_excel(path, engine="calamine", dtype=str)


def test_clear_ids_are_those_of_the_log(project, tmp_path):
    recipe = recipe_with(project, "customer_table: {format: csv, ids: clear, horizon: 26 weeks}")
    found = write_customer_file(recipe, tmp_path, Redactor(), as_of="2023-06-30")
    table = pd.read_csv(tmp_path / "customers.csv", dtype={"customer_id": str})
    assert set(table["customer_id"]) <= {f"{n:03d}" for n in range(80)}
    assert pd.to_datetime(table["last_purchase"]).max() <= pd.Timestamp("2023-06-30")
    assert table["segment"].notna().all()
    assert found["horizon"] == "26 weeks"
    assert "revenue" in found["words"]


def test_without_a_key_the_index_says_why_there_is_no_file(project, tmp_path, capsys):
    found = write_customer_file(
        recipe_with(project, "customer_table: csv"), tmp_path, Redactor(), as_of=None
    )
    assert "relmark key" in found["error"]
    assert list(tmp_path.iterdir()) == []
    assert "left out" in capsys.readouterr().err
    page = render_index(manifest(customer_table=found))
    assert "There is no key for pseudonyms" in page


def manifest(**fields):
    return replace(Manifest("r", "T", "20260101-000000", "2026-01-01T00:00:00"), **fields)


def test_the_index_links_the_file_and_a_run_without_one_says_nothing(project, tmp_path):
    found = write_customer_file(
        recipe_with(project, "customer_table: parquet"), tmp_path, KEYED, as_of=None
    )
    page = render_index(manifest(customer_table=found))
    assert '<a download href="customers.parquet">' in page
    assert "80 customers with pseudonyms" in page
    assert "One row per customer" not in render_index(manifest())


def test_an_error_has_no_ids_and_stops_no_report(project, tmp_path):
    (project / "short.csv").write_text("customer_id,date,value\na,2024-01-01,5\n")
    recipe = recipe_with(project, "customer_table: csv", name="short")
    recipe = replace(recipe, data={**recipe.data, "source": str(project / "short.csv")})
    found = write_customer_file(recipe, tmp_path, KEYED, as_of=None)
    assert found["error"].startswith("The table of customers is left out.")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("customer_table: pdf", "parquet"),
        ("customer_table: {format: csv, ids: hashed}", "pseudonym"),
        ("customer_table: {format: csv, id: clear}", "id"),
        ("customer_table: {format: csv, margin: 2}", "margin"),
        ("customer_table: csv\nmatrix: {source: [sales.csv]}", "one log"),
    ],
)
def test_a_recipe_with_another_setting_is_refused(project, lines, words):
    with pytest.raises(ReportError, match=words):
        recipe_with(project, lines, name="wrong")


def test_a_recipe_without_it_writes_nothing(project, tmp_path):
    assert write_customer_file(recipe_with(project, ""), tmp_path, KEYED, as_of=None) == {}
    assert list(tmp_path.iterdir()) == []

"""Books that companies publish, from one short recipe each to report 04.

The files are read from the folder named by RELMARK_DATA (`make studies DATA=DIR`), under
`disclosures`; without it the tests are skipped. Value and payback are computed here once more, in a
spreadsheet's way: one row per quarter, then one row per month.
"""

import csv
import json
import math
from pathlib import Path

import pytest

from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from tests.studies.logs import folder

FOLDER = folder() / "disclosures"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DISH = """
title: "DISH Network: what is a subscriber worth?"
tables:
  books:
    source: {source}
    columns: {{customers_won: ADD, customers_lost: LOSS, closing_customers: END, revenue: REV_kUSD}}
notebooks: [04_retention_vs_acquisition]
parameters: {{margin: 0.3, acquisition_cost: 800, currency: USD, annual_discount_rate: 0.1}}
"""
SIRIUS = """
title: "Sirius XM: what is a subscriber worth?"
tables:
  books:
    source: {source}
    columns: {{customers_won: ADD, customers_lost: LOSS, closing_customers: END}}
notebooks: [04_retention_vs_acquisition]
parameters:
  annual_margin: {{all: 90}}
  acquisition_cost: 120
  currency: USD
"""
OVERSTOCK = """
title: "Overstock: what is a customer worth?"
tables:
  books:
    source: {source}
    columns: {{customers_won: QADD, active_customers: QAU, revenue: QREV}}
notebooks: [04_retention_vs_acquisition]
parameters: {{margin: 0.18, acquisition_cost: 35, currency: USD}}
"""
FIRMS = {"dish": DISH, "sirius": SIRIUS, "overstock": OVERSTOCK}


def rows(name: str) -> list[dict[str, float]]:
    """The numbers of a file; blank cells are missing."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
        return [{key: float(cell) for key, cell in row.items() if key != "quarter" and cell}
                for row in csv.DictReader(file)]  # fmt: skip


def hazard(opening: float, won: float, lost: float) -> float:
    """Goal seek: the constant hazard whose losses are those of the books."""
    low, high = 0.0, 10.0
    for _ in range(200):
        h = (low + high) / 2
        share = (1 - math.exp(-h)) / h
        lost_at_h = opening * (1 - math.exp(-h)) + won * (1 - share)
        low, high = (h, high) if lost_at_h < lost else (low, h)
    return h


def subscription(table: list[dict[str, float]]) -> tuple[float, float]:
    """Annual retention, the product of the last four quarters, and mean customers."""
    retention, customers = 1.0, 0.0
    for before, now in zip(table[-5:-1], table[-4:], strict=True):
        retention *= math.exp(-hazard(before["END"], now["ADD"], now["LOSS"]))
        customers += (before["END"] + now["END"]) / 2 / 4
    return retention, customers


def spreadsheet(name: str) -> tuple[float, float, float]:
    """Annual retention, annual margin and acquisition cost of a firm."""
    table = rows(name)
    if name == "overstock":
        known = [place for place, row in enumerate(table) if "QADD" in row and "QAU" in row][-4:]
        retention = math.prod(
            (table[place]["QAU"] - table[place]["QADD"]) / table[place - 1]["QAU"]
            for place in known
        )
        revenue = sum(table[place]["QREV"] for place in known)
        return retention, 0.18 * 4 * revenue / sum(table[place]["QAU"] for place in known), 35.0
    retention, customers = subscription(table)
    if name == "dish":
        return retention, 0.3 * sum(row["REV_kUSD"] for row in table[-4:]) / customers, 800.0
    return retention, 90.0, 120.0


def value_and_payback(retention: float, margin: float, cost: float) -> tuple[float, int]:
    """One row per month: who is still there, what they pay, what it is worth today."""
    value = covered = 0.0
    payback = 0
    for month in range(3000):
        paid = margin / 12 * retention ** (month / 12)
        value += paid / 1.1 ** (month / 12)
        covered += paid / 1.1 ** ((month + 1) / 12)
        if covered < cost:
            payback = month + 2
    return value, payback


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """The key figures of report 04 by firm, from its recipe."""
    if not FOLDER.is_dir():
        pytest.skip("RELMARK_DATA names no folder with disclosures/")
    found = {}
    for name, recipe in FIRMS.items():
        project = tmp_path_factory.mktemp(name)
        (project / "notebooks").symlink_to(NOTEBOOKS)
        path = project / f"{name}.yml"
        path.write_text(recipe.format(source=FOLDER / f"{name}.csv").lstrip())
        assert len(path.read_text().splitlines()) < 15
        run_recipe(path, RunOptions(out=project / "out"))
        (manifest,) = (project / "out" / name).glob("2*/manifest.json")
        page = manifest.parent / "04_retention_vs_acquisition.html"
        (report,) = json.loads(manifest.read_text())["notebooks"]
        assert report["state"] == "done", report["error"]
        values = {each["name"]: each["value"] for each in report["key_figures"]}
        found[name] = values, page.read_text(encoding="utf-8")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", FIRMS)
def test_value_and_payback_are_those_of_a_spreadsheet(figures, name: str) -> None:
    retention, margin, cost = spreadsheet(name)
    value, payback = value_and_payback(retention, margin, cost)
    found, _ = figures[name]
    assert found["annual_retention"] == pytest.approx(retention, rel=1e-9)
    assert found["customer_value"] == pytest.approx(value, rel=1e-9)
    assert (found["acquisition_cost"], found["payback"]) == (cost, payback)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIRMS)
def test_a_page_about_books_alone_has_nothing_of_the_sample_firm(figures, name: str) -> None:
    _, page = figures[name]
    for words in ("sample", "referral", "16,414", "€"):
        assert words not in page.split("Versions")[0], words
    assert "because it needs transactions with money, and this run has none" in page
    assert "Which split of the budget is best? This report has no answer because the books" in page

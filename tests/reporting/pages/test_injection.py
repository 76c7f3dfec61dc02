"""Names that look like markup, formulas or SQL are text in pages, CSV and queries."""

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from relmark_research import cli
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.books import write_notebook, write_recipe

EVIL = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x.example","click")',
    "'; DROP TABLE rows; --",
    '"><img src=x onerror=alert(1)>',
    "+1+1",
    "@SUM(A1)",
    "${HOME}/{{ 7*7 }}",
    "\u202eevil",
]
COLUMN = 'id"; DROP TABLE x; --<b>'
PARAMETERS = "source = ''\ncustomer = ''\nas_of = None\nsegment = ''\nreading = {}"
SHOWS = """\
import relmark_research as rm
from relmark_research.reporting import story
log = rm.read_transactions(source, customer=customer, options=rm.ReadOptions(**reading))
table = log.customer_summary(unit='day').table
story.answer(f'{segment} has {len(table)} customers, the first is {table.index[0]}.')
rm.record('customers', len(table), unit=segment, label=segment, meaning=table.index[1])
story.finding(f'{segment}')
story.say(f'{segment}: {list(table.index)}')
story.table(table.rename_axis(customer), caption=segment, name='customers',
            clear_ids=True)
print(segment)
raise ValueError(segment)"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("evil")
    write_notebook(folder / "notebooks", "shows", SHOWS, parameters=PARAMETERS)
    rows = [(name, f"2024-01-{day:02}", 10.0) for day, name in enumerate(EVIL, start=1)]
    pd.DataFrame(rows, columns=[COLUMN, "date", "value"]).to_csv(
        folder / "<b>sales'; --.csv", index=False
    )
    recipe = write_recipe(
        folder,
        f"title: \"<script>alert('title')</script>\"\nnotebooks: [shows]\n"
        f"data:\n  source: \"../../<b>sales'; --.csv\"\n  customer: '{COLUMN}'\n"
        "matrix: {segment: ['<script>alert(2)</script>']}\n",
    )
    assert cli.exit_code(["run", str(recipe)]) == cli.FAILED
    home = folder / "reports" / "runs" / "monthly"
    return next(path for path in home.iterdir() if path.name.startswith("2"))


def test_nothing_in_a_page_is_executed(run):
    for page in [*run.glob("*.html"), run.parent / "index.html", run.parent.parent / "index.html"]:
        html = page.read_text()
        assert html.count("<script") == 1, page
        assert "<img src=x" not in html
        assert not re.search(r"<b>(?!sales)", html.partition("<body>")[2])
        assert "<b>sales" not in html
    assert "49" not in (run / "index.html").read_text().partition("answer")[2][:300]


def test_every_name_is_shown_literally(run):
    (shown,) = read_manifest(run).notebooks
    assert shown.state == "failed"
    assert shown.error.startswith("ValueError: <script>alert(2)</script> (cell")
    assert shown.answer.startswith("<script>alert(2)</script> has 8 customers")
    table = pd.read_parquet(run / "files" / shown.notebook / "customers.parquet")
    assert {cell.removeprefix("'") for cell in table[COLUMN]} == {
        name.removeprefix("'") for name in EVIL
    }


def test_no_csv_cell_is_a_formula(run):
    text = next(run.glob("files/*/customers.csv")).read_text("utf-8-sig")
    cells = [row[0] for row in csv.reader(io.StringIO(text))][1:]
    assert len(cells) == len(EVIL)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert {cell.removeprefix("'") for cell in cells} == {name.removeprefix("'") for name in EVIL}


def test_column_expressions_are_not_code(tmp_path, capsys):
    sales = tmp_path / "sales.csv"
    sales.write_text("customer_id,date,value\na,2024-01-01,3\n")
    for value in ("value); DROP TABLE rows; --", "(SELECT 1)", "value UNION SELECT 1", "read('x')"):
        assert cli.exit_code(["check", str(sales), "--value", value]) == cli.REFUSED
        assert "relmark: " in capsys.readouterr().err

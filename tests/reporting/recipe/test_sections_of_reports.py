"""The sections of the nine reports: what they declare agrees with their cells and parameters."""

import json
import re
from pathlib import Path

import pytest

from relmark_research.reporting.recipe.parameters import read_parameters
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.recipe.sections import TRANSACTIONS, read_sections
from relmark_research.tables.schemas import SAMPLE_NAMES, SCHEMAS
from tests.reporting.books import write_recipe

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
TABLES = {*SCHEMAS, *SAMPLE_NAMES} - {TRANSACTIONS}

each_report = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path):
    content = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (set(cell["metadata"].get("tags", ())), "".join(cell["source"]))
        for cell in content
        if cell["cell_type"] == "code"
    ]


def test_there_are_nine():
    assert len(NOTEBOOKS) == 9


@each_report
def test_tags_and_sections_agree(path):
    declared = {section.tag for section in read_sections(path)}
    tagged = {tag for tags, _ in cells(path) for tag in tags if tag.startswith("section:")}
    assert declared and tagged == declared


@each_report
def test_every_table_is_needed_or_used_by_a_section(path):
    known = {name for each in read_sections(path) for name in (*each.tables, *each.uses)}
    tables = {each.name for each in read_parameters(path) if each.takes_table} & TABLES
    assert tables - known == set()


@each_report
def test_every_table_and_every_column_that_a_section_needs_may_be_none(path):
    parameters = {each.name: each for each in read_parameters(path)}
    sections = read_sections(path)
    tables = {name for each in sections for name in (*each.tables, *each.uses)} - {TRANSACTIONS}
    if any(TRANSACTIONS not in needs for each in sections for needs in each.needs):
        tables |= {"source"} & set(parameters)
    if any("cost" in needs.get(TRANSACTIONS, ()) for each in sections for needs in each.needs):
        tables.add("cost")
    assert [name for name in sorted(tables) if not parameters[name].optional] == []


@each_report
def test_the_cells_of_a_section_that_may_be_left_out_are_guarded(path):
    code = cells(path)
    for section in read_sections(path):
        if section.needs == ({TRANSACTIONS: ()},) and not section.at_least:
            continue
        own = [source for tags, source in code if section.tag in tags]
        guarded = [bool(re.search(r"\b(if|for|attempt)\b", source)) for source in own]
        assert any(guarded), section.name


OWN = "title: Own\nnotebooks: [{}]\ndata: {{source: sales.csv}}\n"
RUNS = {  # on transactions without cost and without any other table
    "01_customer_base": {"base", "value", "cohorts"},
    "05_loyalty_ladder": {"ladder", "way", "values", "break_even"},
}


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS if path.stem[:2] < "08"])
def test_every_report_but_those_of_partners_and_campaigns_is_planned_on_transactions_alone(
    tmp_path, name
):
    recipe = write_recipe(tmp_path, OWN.format(ROOT / "notebooks" / f"{name}.ipynb"))
    (recipe.parent / "sales.csv").write_text("customer_id,date,value\na,2024-01-01,1\n")
    (task,) = plan(read_recipe(recipe, settings=("cost=none",) if has_cost(name) else ()))
    running = {each.section.name for each in task.sections if each.runs}
    assert running, task.missing_table
    assert running == RUNS.get(name, running)
    assert task.missing_table == ""
    assert not any(str(value).startswith("sample:") for value in task.parameters.values())


def has_cost(name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    return any(each.name == "cost" and each.optional for each in read_parameters(path))


@pytest.mark.parametrize(
    ("name", "table", "sections"),
    [
        ("04_retention_vs_acquisition", "books", {"value", "budget"}),
        ("08_partners", "survey", {"quality"}),
        ("08_partners", "partners", {"times"}),
        ("09_campaigns", "campaigns", {"arms", "targets"}),
        ("09_campaigns", "prospects", {"funnel", "trend", "funnel_cost"}),
        ("09_campaigns", "answers", {"satisfaction", "drivers", "score"}),
    ],
)
def test_an_own_table_alone_is_enough_for_its_sections(tmp_path, name, table, sections):
    notebook = ROOT / "notebooks" / f"{name}.ipynb"
    text = f"title: Own\nnotebooks: [{notebook}]\ntables: {{{table}: own.csv}}\n"
    recipe = write_recipe(tmp_path, text)
    (recipe.parent / "own.csv").write_text("customer_id\na\n")
    (task,) = plan(read_recipe(recipe))
    assert {each.section.name for each in task.sections if each.runs} == sections
    assert task.missing_table == ""


def test_the_sample_firm_has_tables_for_every_question():
    recipe = read_recipe(ROOT / "reports" / "recipes" / "crm.yml")
    left_out = {
        each.reason
        for task in plan(recipe)
        for each in task.sections
        if not each.runs and each.missing not in (("acquired",), ("stage_counts",), ("covariates",))
    }
    assert left_out <= {"no column is named for the parameter segment"}

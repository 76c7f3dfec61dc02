import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.execution.runner import run_recipe
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.books import write_notebook, write_recipe

NEEDS = 'contacts = "sample:contacts"  # what was said to whom'
MAY = "contacts = None  # what was said to whom"
RECIPE = "title: Own\ndata: {{source: sales.csv}}\ntables: {}\nnotebooks: [plain, needs]\n"


@pytest.fixture
def project(tmp_path):
    for name, parameters in (("plain", MAY), ("needs", NEEDS)):
        cell = "from relmark_research.reporting.display.story import answer\nanswer(f'saw {contacts}')"
        write_notebook(
            tmp_path / "notebooks", name, cell, parameters=f'source = ""  # data\n{parameters}'
        )
    sales = tmp_path / "reports" / "recipes" / "sales.csv"
    sales.parent.mkdir(parents=True)
    sales.write_text("customer_id,date,value\na,2024-01-01,1\na,2024-02-01,1\nb,2024-01-05,2\n")
    return tmp_path


def tasks(project, tables: str):
    return {
        task.name: task for task in plan(read_recipe(write_recipe(project, RECIPE.format(tables))))
    }


def test_a_table_that_is_there_reaches_every_notebook_that_takes_it(project):
    path = project / "reports" / "recipes" / "contacts.csv"
    path.write_text("customer_id,date,cost\na,2024-01-01,1\n")
    for task in tasks(project, "{contacts: contacts.csv}").values():
        assert (task.parameters["contacts"], task.lacks) == (str(path), "")


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ("{}", "it needs a table of contacts, and the recipe names none"),
        ("{contacts: }", "it needs a table of contacts, and the recipe names none"),
        ("{contacts: lost.csv}", "there is no file lost.csv"),
    ],
)
def test_a_notebook_without_its_table_is_left_out_and_never_shown_the_sample(
    project, tables, reason
):
    found = tasks(project, tables)
    assert reason in found["needs"].lacks
    assert (found["plain"].lacks, found["plain"].parameters["contacts"]) == ("", None)


def test_the_bundled_firm_has_all_its_tables(project):
    text = RECIPE.format("{}").replace("sales.csv", "dataset:sample")
    recipe = read_recipe(write_recipe(project, text))
    assert [task.lacks for task in plan(recipe)] == ["", ""]


def test_a_table_that_no_notebook_takes_is_refused(project):
    with pytest.raises(ReportError, match=r"tables: no parameter 'contcts'.*'contacts'"):
        tasks(project, "{contcts: contacts.csv}")


def test_the_run_is_good_and_says_what_was_skipped_and_why(project):
    run = run_recipe(write_recipe(project, RECIPE.format("{contacts: lost.csv}")))
    manifest = read_manifest(run)
    assert {each.notebook: each.state for each in manifest.notebooks} == {
        "plain": "done",
        "needs": "skipped",
    }
    assert manifest.good
    assert not manifest.partial
    assert (run.parent / "latest").resolve() == run
    assert "Skipped: it needs a table of contacts; there is no file lost.csv." in (
        run / "index.html"
    ).read_text(encoding="utf-8")


def test_a_run_of_nothing_is_refused(project):
    text = RECIPE.format("{}").replace("[plain, needs]", "[needs]")
    with pytest.raises(ReportError, match="no notebook of this recipe can run"):
        run_recipe(write_recipe(project, text))

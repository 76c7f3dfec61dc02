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
        cell = (
            "from relmark_research.reporting.display.story import answer\nanswer(f'saw {contacts}')"
        )
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


def test_an_existing_table_reaches_every_notebook_with_the_parameter(project):
    path = project / "reports" / "recipes" / "contacts.csv"
    path.write_text("customer_id,date,cost\na,2024-01-01,1\n")
    for task in tasks(project, "{contacts: contacts.csv}").values():
        assert (task.parameters["contacts"], task.missing_table) == (str(path), "")


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ("{}", "it needs a table of contacts, and the recipe names none"),
        ("{contacts: }", "it needs a table of contacts, and the recipe names none"),
        ("{contacts: lost.csv}", "there is no file lost.csv"),
    ],
)
def test_a_notebook_without_its_table_is_skipped(project, tables, reason):
    found = tasks(project, tables)
    assert reason in found["needs"].missing_table
    assert (found["plain"].missing_table, found["plain"].parameters["contacts"]) == ("", None)


def test_the_bundled_sample_has_all_tables(project):
    text = RECIPE.format("{}").replace("sales.csv", "dataset:sample")
    recipe = read_recipe(write_recipe(project, text))
    assert [task.missing_table for task in plan(recipe)] == ["", ""]


def test_a_table_without_a_parameter_is_refused(project):
    with pytest.raises(ReportError, match=r"tables: no parameter 'contcts'.*'contacts'"):
        tasks(project, "{contcts: contacts.csv}")


def test_the_run_succeeds_and_reports_what_was_skipped(project):
    run = run_recipe(write_recipe(project, RECIPE.format("{contacts: lost.csv}")))
    manifest = read_manifest(run)
    assert {each.notebook: each.state for each in manifest.notebooks} == {
        "plain": "done",
        "needs": "skipped",
    }
    assert manifest.succeeded
    assert not manifest.partial
    assert (run.parent / "latest").resolve() == run
    assert "Skipped: it needs a table of contacts; there is no file lost.csv." in (
        run / "index.html"
    ).read_text(encoding="utf-8")


def test_a_run_without_notebooks_is_refused(project):
    text = RECIPE.format("{}").replace("[plain, needs]", "[needs]")
    with pytest.raises(ReportError, match="no notebook of this recipe can run"):
        run_recipe(write_recipe(project, text))


BUNDLED = (
    'books = "sample:books"  # the books\n'
    'source: str | None = "dataset:sample"  # transactions; None: without\n'
    'contacts: str | None = "sample:contacts"  # contacts; None: without'
)


def planned(project, recipe: str, parameters: str):
    cell = "from relmark_research.reporting.display.story import answer\nanswer('done')"
    write_notebook(project / "notebooks", "books", cell, parameters=parameters)
    (project / "reports" / "recipes" / "books.csv").write_text("quarter,customers_won\n2024Q1,7\n")
    (task,) = plan(read_recipe(write_recipe(project, recipe)))
    return task


def test_bundled_data_never_enter_a_run_on_own_tables(project):
    own = "title: Own\ntables: {books: books.csv}\nnotebooks: [books]\n"
    task = planned(project, own, BUNDLED)
    assert task.missing_table == ""
    assert (task.parameters["source"], task.parameters["contacts"]) == (None, None)
    required = BUNDLED.replace("source: str | None", "source")
    assert "it needs transactions" in planned(project, own, required).missing_table
    sample = own.replace("books.csv", "sample:books")
    task = planned(project, sample, BUNDLED)
    assert (task.parameters["source"], task.missing_table) == ("dataset:sample", "")


def test_own_transactions_come_without_bundled_tables(project):
    own = "title: Own\ndata: {source: sales.csv}\ntables: {books: books.csv}\nnotebooks: [books]\n"
    task = planned(project, own, BUNDLED)
    assert task.parameters["contacts"] is None and task.missing_table == ""
    without = planned(project, own.replace("tables: {books: books.csv}\n", ""), BUNDLED)
    assert "it needs a table of books" in without.missing_table


def test_a_notebook_that_reads_none_of_the_own_tables_has_no_bundled_data_either(project):
    recipe = "title: Own\ntables: {books: books.csv}\nnotebooks: [books, needs]\n"
    cell = "from relmark_research.reporting.display.story import answer\nanswer('done')"
    write_notebook(project / "notebooks", "books", cell, parameters=BUNDLED)
    (project / "reports" / "recipes" / "books.csv").write_text("quarter,customers_won\n2024Q1,7\n")
    found = {task.name: task for task in plan(read_recipe(write_recipe(project, recipe)))}
    assert found["books"].missing_table == ""
    assert "it needs a table of contacts" in found["needs"].missing_table

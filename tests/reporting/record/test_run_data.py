"""Sections from the plan to the pages: what is left out is said before, during and after a run."""

import json

import pytest

from relmark_research import cli
from relmark_research.errors import ReportError
from relmark_research.reporting.execution.runner import run_recipe
from relmark_research.reporting.recipe.plan import plan, with_known_data
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.manifest import read_manifest
from relmark_research.reporting.record.run_data import read_run_data
from tests.reporting.books import write_notebook, write_recipe

PARAMETERS = """\
source: str | None = "dataset:sample"   # transactions
value: str | None = "value"             # column
cost: str | None = "cost"               # column
contacts: str | None = "sample:contacts"    # table
prospects: str | None = "sample:prospects"  # table
by: str | None = None                   # column of the prospects"""
SECTIONS = [
    {"name": "base", "question": "Who buys?", "needs": {"transactions": []},
     "at_least": {"transactions": 2}},
    {"name": "profit", "question": "Who pays?", "needs": {"transactions": ["value", "cost"]}},
    {"name": "many", "question": "Who differs?", "needs": {"transactions": []},
     "at_least": {"transactions": 100}},
    {"name": "funnel", "question": "Where are prospects lost?", "needs": {"prospects": ["won"]}},
    {"name": "origin", "question": "Whence do they come?", "needs": {"prospects": ["{by}"]}},
]  # fmt: skip
CELL = """\
from relmark_research.reporting.display import story
story.answer(f"saw {source is not None}, {cost}, {prospects is not None}")
if cost is None:
    story.left_out("Who pays?", "no cost is known")"""
SALES = "customer_id,date,value\na,2024-01-01,1\na,2024-02-01,1\nb,2024-01-05,2\n"
ALL = {
    "prospects.csv": "prospect_id,first_contact,won,channel\np,2024-01-02,2024-01-05,web\n",
    "contacts.csv": "customer_id,date,cost\na,2024-01-03,1\n",
    "sales.csv": SALES,
}
RECIPE = "title: Own\nnotebooks: [funnel]\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_notebook(tmp_path / "notebooks", "funnel", CELL, parameters=PARAMETERS)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metadata"]["relmark"] = {"sections": SECTIONS}
    path.write_text(json.dumps(content), encoding="utf-8")
    folder = tmp_path / "reports" / "recipes"
    folder.mkdir(parents=True)
    for name, text in ALL.items():
        (folder / name).write_text(text)
    return tmp_path


def task_of(project, text):
    recipe = read_recipe(write_recipe(project, RECIPE + text))
    (task,) = with_known_data(plan(recipe), recipe, read_run_data(recipe).known)
    return task


def running(task):
    return [each.section.name for each in task.sections if each.runs]


def reason(task, name):
    return next(each.reason for each in task.sections if each.section.name == name)


def test_own_transactions_alone_run_what_they_can(project):
    task = task_of(project, "data: {source: sales.csv}")
    assert (running(task), task.missing_table) == (["base"], "")
    assert reason(task, "profit") == "the transactions have no column cost"
    assert reason(task, "many") == "the transactions have 2 of the 100 customers that it needs"
    assert reason(task, "funnel") == "there is no table of prospects"
    assert (task.parameters["cost"], task.parameters["prospects"]) == (None, None)
    assert task.overrides["cost"] is None


def test_an_own_table_alone_runs_its_section(project):
    task = task_of(project, "tables: {prospects: prospects.csv}\nparameters: {by: channel}")
    assert running(task) == ["funnel", "origin"]
    assert task.parameters["source"] is None


def test_a_column_of_cost_under_its_usual_name_is_used_without_a_line_for_it(project):
    path = project / "reports" / "recipes" / "sales.csv"
    lines = [line + (",cost" if not n else ",1") for n, line in enumerate(SALES.splitlines())]
    path.write_text("\n".join(lines) + "\n")
    assert "profit" in running(task_of(project, "data: {source: sales.csv}"))


def test_none_is_none_of_the_sample_either(project):
    def task_of(project, text):  # without reading the data
        return plan(read_recipe(write_recipe(project, RECIPE + text)))[0]

    sample = "data: {source: 'dataset:sample', cost: cost}\n"
    assert running(task_of(project, sample)) == ["base", "profit", "many", "funnel"]
    for none in ("none", "None", "null", "''", "{source: none}"):
        task = task_of(project, f"{sample}tables: {{prospects: {none}}}")
        assert (running(task), task.parameters["prospects"]) == (["base", "profit", "many"], None)
    task = task_of(project, "data: {source: none}\ntables: {prospects: prospects.csv}")
    assert (running(task), task.parameters["source"]) == (["funnel"], None)
    task = task_of(project, "data: {source: 'dataset:sample', cost: none}")
    assert "profit" not in running(task)
    task = task_of(project, f"{sample}parameters: {{funnel: {{prospects: none}}}}")
    assert "funnel" not in running(task)


def test_a_notebook_is_skipped_only_where_no_section_can_run(project):
    task = task_of(project, "data: {source: none}\ntables: {contacts: contacts.csv}")
    assert running(task) == []
    assert "none of its sections can run: there are no transactions" in task.missing_table
    with pytest.raises(ReportError, match="no notebook of this recipe can run"):
        run_recipe(project / "reports" / "recipes" / "monthly.yml")


def test_a_named_file_that_is_not_there_is_named(project):
    task = task_of(project, "data: {source: sales.csv}\ntables: {prospects: lost.csv}")
    assert reason(task, "funnel") == "there is no file lost.csv"


def test_a_column_that_a_table_lacks_leaves_its_section_out(project):
    path = project / "reports" / "recipes" / "prospects.csv"
    path.write_text("prospect_id,first_contact\np,2024-01-02\n")
    task = task_of(project, "data: {source: sales.csv}\ntables: {prospects: prospects.csv}")
    assert reason(task, "funnel") == "the table prospects has no column won"
    assert reason(task, "origin") == "no column is named for the parameter by"


def test_a_notebook_without_sections_that_needs_transactions_is_skipped_without_them(project):
    write_notebook(project / "notebooks", "old", "1", parameters='source = "dataset:cdnow"')
    text = "title: Own\nnotebooks: [old, funnel]\ndata: {source: none}\n"
    recipe = read_recipe(write_recipe(project, text + "tables: {prospects: prospects.csv}"))
    tasks = {task.name: task for task in plan(recipe)}
    assert "it needs transactions" in tasks["old"].missing_table
    assert tasks["funnel"].missing_table == ""


def test_no_transactions_can_be_said_where_no_notebook_reads_them(project):
    write_notebook(project / "notebooks", "old", "1", parameters="prospects: str | None = None")
    text = "title: Own\nnotebooks: [old]\ndata: {source: none}\n"
    recipe = read_recipe(write_recipe(project, text + "tables: {prospects: prospects.csv}"))
    assert plan(recipe)[0].missing_table == ""


def test_check_prints_the_plan(project, capsys):
    recipe = write_recipe(project, RECIPE + "data: {source: sales.csv}")
    assert cli.exit_code(["check", str(recipe)]) == cli.DONE
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "funnel in part: 1 of 5 sections" in lines
    assert "runs Who buys?" in lines
    expected = "left out Who pays? No answer because the transactions have no column cost."
    assert expected in lines
    further = lines[lines.index("further tables would answer") + 1 :]
    assert further == ["prospects Where are prospects lost? Whence do they come?"]


def test_index_and_manifest_say_what_is_left_out(project):
    write_notebook(project / "notebooks", "old", "1", parameters='contacts = "sample:contacts"')
    text = "title: Own\nnotebooks: [funnel, old]\ndata: {source: sales.csv}"
    run = run_recipe(write_recipe(project, text))
    manifest = read_manifest(run)
    assert manifest.succeeded
    left_out = {each.question: each for each in manifest.run_of("funnel").left_out}
    assert list(left_out) == [each["question"] for each in SECTIONS[1:]]
    assert left_out["Who pays?"].reason == "no cost is known"  # what the notebook said counts
    assert left_out["Where are prospects lost?"].tables == ("prospects",)
    page = (run / "index.html").read_text(encoding="utf-8")
    sentence = "Where are prospects lost? No answer because there is no table of prospects."
    assert f"Left out: {sentence}" in page
    assert "What further tables would answer" in page
    assert manifest.run_of("funnel").answer == "saw True, None, False"
    report = (run / "funnel.html").read_text(encoding="utf-8")
    assert "Who pays? No answer because" not in report  # the notebook has said it
    assert report.count("there is no table of prospects") == 2  # two questions, said for it

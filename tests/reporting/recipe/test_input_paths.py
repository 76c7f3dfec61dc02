from pathlib import Path

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe
from tests.reporting.books import write_notebook, write_recipe

PARAMETERS = """\
source = "dataset:sample"    # a file
contacts = "sample:contacts" # a table
ladder = "loyalty"           # a name, or a YAML file [file]
pictures = []                # to lay beside [file]
export = None                # where the list goes [path]
folder = None                # where the prices are [folder]
note = "none.txt"            # just words
as_of = None"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_notebook(tmp_path / "notebooks", "one", parameters=PARAMETERS)
    for name in ("rungs.yml", "sales.csv", "contacts.csv"):
        (tmp_path / "reports" / "recipes").mkdir(parents=True, exist_ok=True)
        (tmp_path / "reports" / "recipes" / name).write_text("a,b\n1,2\n")
    return tmp_path


def given(project: Path, text: str, *settings: str) -> dict:
    recipe = write_recipe(project, f"title: T\nnotebooks: [one]\n{text}")
    (task,) = plan(read_recipe(recipe, settings=settings))
    return task.parameters


def test_paths_in_a_recipe_start_from_its_folder(project):
    folder = project / "reports" / "recipes"
    found = given(
        project,
        "parameters:\n  export: out/list.csv\n  one:\n    source: sales.csv\n"
        "    contacts: ./contacts.csv\n    ladder: rungs.yml\n    pictures: [rungs.yml]\n"
        "    folder: ../recipes/\n    note: rungs.yml",
    )
    assert found["source"] == str(folder / "sales.csv")
    assert Path(found["contacts"]) == folder / "contacts.csv"
    assert found["ladder"] == str(folder / "rungs.yml")
    assert found["pictures"] == [str(folder / "rungs.yml")]
    assert found["export"] == str(folder / "out" / "list.csv")  # made by the run
    assert Path(found["folder"]).resolve() == folder
    assert found["note"] == "rungs.yml"  # nothing says that this is a path


def test_paths_on_the_command_line_start_from_the_working_directory(project, monkeypatch):
    monkeypatch.chdir(project / "reports")
    found = given(project, "", "one.ladder=recipes/rungs.yml", "export=list.csv")
    assert found["ladder"] == str(project / "reports" / "recipes" / "rungs.yml")
    assert found["export"] == str(project / "reports" / "list.csv")


@pytest.mark.parametrize(
    "value", ["loyalty", "dataset:cdnow", "sample:events", "https://a.b/c.csv", "/abs/none.csv"]
)
def test_other_values_are_unchanged(project, value):
    assert given(project, f"parameters: {{export: '{value}'}}")["export"] == value


def test_a_default_path_starts_from_the_notebook(project):
    assert given(project, "")["source"] == "dataset:sample"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ladder: rung.yml", r"'ladder' must be a file; nothing found at .*recipes/rung\.yml"),
        ("pictures: [rungs.yml, b.png]", r"'pictures' must be a file; .*b\.png"),
        ("folder: ./rungs.yml", r"'folder' must be a folder"),
        ("source: sale*.csv.gz", r"'source' must be a source; nothing found at .*sale\*\.csv\.gz"),
    ],
)
def test_a_missing_file_is_refused_before_anything_runs(project, line, said):
    with pytest.raises(ReportError, match=f"notebook one: parameter {said}"):
        given(project, f"parameters: {{{line}}}")


def test_a_table_without_a_default_starts_from_the_recipe_and_must_exist(project):
    write_notebook(
        project / "notebooks", "one", parameters='prospects = ""   # those of a year [table]'
    )
    folder = project / "reports" / "recipes"
    found = given(project, "parameters: {prospects: sales.csv}")
    assert found["prospects"] == str(folder / "sales.csv")
    assert given(project, "")["prospects"] == ""
    with pytest.raises(ReportError, match="parameter 'prospects' must be a table; nothing found"):
        given(project, "parameters: {prospects: none.csv}")

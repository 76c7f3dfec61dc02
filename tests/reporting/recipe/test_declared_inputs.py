import json

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.declared_inputs import (
    DeclaredInputs,
    declared_in_notebook,
    read_declared,
)
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe
from tests.reporting.books import write_notebook, write_recipe


def test_files_are_relative_to_the_place_of_the_declaration(tmp_path):
    content = {"files": ["a.csv", "maps/*.json", "/b.csv"], "environment": ["YEAR"], "day": True}
    files = (f"{tmp_path}/a.csv", f"{tmp_path}/maps/*.json", "/b.csv")
    assert read_declared(content, tmp_path, place="x") == DeclaredInputs(files, ("YEAR",), True)
    assert read_declared(None, tmp_path, place="x") == DeclaredInputs()
    assert read_declared({"files": None}, tmp_path, place="x") == DeclaredInputs()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("all", "x must hold files, environment, day; found 'all'"),
        ({"file": ["a"]}, "x: no key 'file'; .*Did you mean 'files'"),
        ({"files": "a.csv"}, "x.files must be a list of texts; found 'a.csv'"),
        ({"environment": [1]}, "x.environment must be a list of texts"),
        ({"files": [""]}, "x.files must be a list of texts"),
        ({"day": "yes"}, "x.day must be true or false; found 'yes'"),
    ],
)
def test_other_forms_are_refused(tmp_path, content, words):
    with pytest.raises(ReportError, match=words):
        read_declared(content, tmp_path, place="x")


def declare(notebook, content):
    book = json.loads(notebook.read_text())
    book["metadata"]["relmark"] = content
    notebook.write_text(json.dumps(book))


def test_a_task_has_the_inputs_of_its_recipe_and_its_notebook(tmp_path):
    one = write_notebook(tmp_path / "notebooks", "one", "1")
    write_notebook(tmp_path / "notebooks", "two", "2")
    declare(one, {"inputs": {"files": ["rates.csv"], "environment": ["YEAR", "PLACE"]}})
    text = "title: T\nnotebooks: [one, two]\ninputs: {environment: [YEAR], day: true}"
    first, second = plan(read_recipe(write_recipe(tmp_path, text)))
    rates = str(tmp_path / "notebooks" / "rates.csv")
    assert first.declared == DeclaredInputs((rates,), ("YEAR", "PLACE"), True)
    assert second.declared == DeclaredInputs((), ("YEAR",), True)


def test_a_wrong_declaration_is_refused_before_anything_runs(tmp_path):
    one = write_notebook(tmp_path / "notebooks", "one", "1")
    declare(one, {"inputs": {"days": True}})
    with pytest.raises(ReportError, match=r"metadata\.relmark\.inputs: no key 'days'"):
        declared_in_notebook(one)
    declare(one, ["something else"])
    assert declared_in_notebook(one) == DeclaredInputs()
    text = "title: T\nnotebooks: [one]\ninputs: {day: 1}"
    with pytest.raises(ReportError, match=r"monthly\.yml: inputs\.day must be true or false"):
        read_recipe(write_recipe(tmp_path, text))

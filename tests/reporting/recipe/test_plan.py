from pathlib import Path
from urllib.parse import quote

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe
from tests.reporting.books import write_notebook, write_recipe

BASE = "title: Margins\nnotebooks: [one, two]\n"


def bound(project: Path, text: str, *settings: str, **options):
    recipe = read_recipe(write_recipe(project, BASE + text), settings=settings)
    return {task.name: task.parameters for task in plan(recipe, **options)}


def test_shared_parameters_reach_notebooks_that_have_them(project):
    found = bound(project, "parameters: {margin: 0.5, weeks: 4, two: {margin: 0.7}}")
    assert found["one"]["margin"] == 0.5
    assert found["one"]["weeks"] == 4
    assert found["two"]["margin"] == 0.7
    assert "weeks" not in found["two"]


def test_the_data_section_sets_parameters(project):
    data = "data: {source: ../../sales.csv, currency: EUR, options: {decimal: ','}}"
    found = bound(project, data)
    assert Path(found["two"]["source"]).resolve() == project / "sales.csv"
    assert Path(found["two"]["source"]).is_absolute()
    assert found["two"]["currency"] == "EUR"
    assert found["one"]["reading"] == found["two"]["reading"] == {"decimal": ","}
    assert "source" not in found["one"]


def test_the_engine_reaches_notebooks_with_the_reading_options(project):
    data = "data: {source: 'dataset:cdnow', engine: 'local[2]', options: {decimal: ','}}"
    found = bound(project, data)
    assert found["one"]["reading"] == found["two"]["reading"]
    assert found["one"]["reading"] == {"decimal": ",", "engine": "local[2]"}
    assert "engine" not in found["one"]
    alone = bound(project, "data: {source: 'dataset:cdnow'}", "data.engine=pyspark")
    assert alone["two"]["reading"] == {"engine": "pyspark"}


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_database_file_starts_from_the_recipes_folder(project, monkeypatch, scheme):
    def given(data, *settings):
        return bound(project, data, *settings)["two"]["source"]

    recipes, two = project / "reports" / "recipes", "parameters: {two: {source: '%s'}}"
    relative = f"{scheme}:///lake/crm.db#SELECT 1"
    absolute = f"{scheme}:////srv/crm.db#orders"
    for text in ("data: {source: '%s'}", two):
        assert given(text % relative) == f"{scheme}:///{quote(str(recipes))}/lake/crm.db#SELECT 1"
        assert given(text % absolute) == absolute
    monkeypatch.chdir(project)
    typed = given("data: {source: 'dataset:cdnow'}", f"data.source={relative}")
    assert typed == f"{scheme}:///{quote(str(project))}/lake/crm.db#SELECT 1"
    host = "postgresql://host/crm#orders"
    assert given(f"data: {{source: '{host}'}}") == host


def test_settings_override_the_recipe(project, monkeypatch):
    monkeypatch.chdir(project)
    found = bound(
        project,
        "data: {source: 'dataset:cdnow'}\nparameters: {margin: 0.5, one: {segment: x}}",
        "one.segment=007",
        "margin=0.6",
        "two.margin=0.9",
        "data.source=sales.csv",
        "data.options.decimal=,",
    )
    assert found["one"]["segment"] == "007"
    assert found["one"]["margin"] == 0.6
    assert found["two"]["margin"] == 0.9
    assert found["two"]["source"] == str(project / "sales.csv")
    assert found["two"]["reading"] == {"decimal": ","}


def test_a_value_may_hold_equals_signs_and_dots(project):
    assert bound(project, "", "one.segment=a.b=c")["one"]["segment"] == "a.b=c"


def test_as_of_overrides_everything(project):
    found = bound(project, "parameters: {as_of: 1996-01-01}", as_of="1997-09-30")
    assert found["one"]["as_of"] == found["two"]["as_of"] == "1997-09-30"


def test_dates_in_yaml_become_iso_text(project):
    found = bound(project, "parameters: {as_of: 1996-01-31, one: {segment: 2024-05-01}}")
    assert found["one"]["as_of"] == "1996-01-31"
    assert found["one"]["segment"] == "2024-05-01"


def test_as_of_needs_a_notebook_with_the_parameter(project):
    write_notebook(project / "notebooks", "two", parameters="margin = 0.1")
    with pytest.raises(ReportError, match="notebook two: it has no parameter 'as_of'"):
        bound(project, "", as_of="1997-09-30")
    assert list(bound(project, "", as_of="1997-09-30", only=("one",))) == ["one"]


def test_only_allows_parameters_of_the_other_notebooks(project):
    assert list(bound(project, "parameters: {currency: EUR}", only=("one",))) == ["one"]


def test_overrides_differ_from_the_defaults(project):
    recipe = read_recipe(write_recipe(project, BASE + "parameters: {margin: 0.3, weeks: 1}"))
    assert plan(recipe)[0].overrides == {"weeks": 1}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("one.margin", "--set takes NOTEBOOK.NAME=VALUE"),
        ("=3", "--set takes NOTEBOOK.NAME=VALUE"),
        ("three.margin=1", "no notebook 'three'; there are: one, two"),
        ("one.margn=1", "notebook one: no parameter 'margn'; .*Did you mean 'margin'"),
        ("margn=1", "--set: no parameter 'margn'; .*Did you mean 'margin'"),
        ("one.margin=much", "parameter 'margin' must be a number"),
        ("data.sauce=x", "no key in data 'sauce'; .*Did you mean 'source'"),
        ("data.option.decimal=x", "no key in data 'option.decimal'"),
        ("data.source=nowhere.csv", "data.source: nothing found at"),
        ("data.engine=ducdb", "data.engine: no engine 'ducdb'; .*Did you mean 'duckdb'"),
    ],
)
def test_a_setting_without_a_match_is_refused(project, setting, message):
    with pytest.raises(ReportError, match=message):
        bound(project, "", setting)


def test_only_takes_a_notebook_with_all_its_cases_or_one_case(project):
    matrix = "matrix: {margin: [0.1, 0.2]}"
    cases = [name for name in bound(project, matrix) if name.startswith("one-")]
    assert len(cases) == 2
    assert list(bound(project, matrix, only=("one",))) == cases
    assert list(bound(project, matrix, only=(cases[1],))) == cases[1:]


def test_only_and_as_of_are_checked(project):
    with pytest.raises(ReportError, match=r"--only: no notebook 'tow'; .*Did you mean 'two'"):
        bound(project, "", only=("tow",))
    with pytest.raises(ValueError, match="--as-of must be a day"):
        bound(project, "", as_of="30.9.1997")


def test_a_matrix_has_a_largest_size(project):
    values = "[" + ", ".join(f"s{n}" for n in range(30)) + "]"
    numbers = "[" + ", ".join(str(n) for n in range(30)) + "]"
    with pytest.raises(ReportError, match=r"at most 500 reports .* notebook one would have 900"):
        bound(project, f"matrix: {{segment: {values}, weeks: {numbers}}}")

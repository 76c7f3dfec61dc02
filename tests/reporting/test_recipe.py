from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import check_recipe, read_recipe
from relmark_research.reporting.record.size_units import seconds
from tests.reporting.books import write_notebook, write_recipe

BASE = "title: Margins\nnotebooks: [one, two]\n"
OTHER = "as_of = None\nsource = 'dataset:cdnow'\ncurrency = 'USD'\nmargin = 0.1\nreading = {}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_notebook(tmp_path / "notebooks", "one")
    write_notebook(tmp_path / "notebooks", "two", parameters=OTHER)
    (tmp_path / "sales.csv").write_text("customer_id,date,value\na,2024-01-01,3\n")
    return tmp_path


def bound(project: Path, text: str, *settings: str, **asked):
    recipe = read_recipe(write_recipe(project, BASE + text), settings=settings)
    return {task.name: task.parameters for task in plan(recipe, **asked)}


def test_notebooks_are_found_above_the_recipe(project):
    recipe = read_recipe(write_recipe(project, BASE))
    assert recipe.name == "monthly"
    assert recipe.notebooks == tuple(project / "notebooks" / f"{n}.ipynb" for n in ("one", "two"))


def test_a_notebook_may_be_named_by_its_path(project):
    write_notebook(project / "else", "three")
    path = write_recipe(project, "title: T\nnotebooks: [../../else/three.ipynb]\n")
    assert read_recipe(path).notebooks == (project / "else" / "three.ipynb",)


def test_shared_parameters_go_where_they_are_known(project):
    found = bound(project, "parameters: {margin: 0.5, weeks: 4, two: {margin: 0.7}}")
    assert found["one"]["margin"] == 0.5
    assert found["one"]["weeks"] == 4
    assert found["two"]["margin"] == 0.7
    assert "weeks" not in found["two"]


def test_the_data_section_fills_the_common_parameters(project):
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
def test_the_file_of_a_database_is_read_from_the_recipes_folder(project, monkeypatch, scheme):
    def given(data, *settings):
        return bound(project, data, *settings)["two"]["source"]

    recipes, two = project / "reports" / "recipes", "parameters: {two: {source: '%s'}}"
    relative = f"{scheme}:///lake/crm.db#SELECT 1"
    absolute = f"{scheme}:////srv/crm.db#orders"
    for text in ("data: {source: '%s'}", two):
        assert given(text % relative) == f"{scheme}:///{recipes}/lake/crm.db#SELECT 1"
        assert given(text % absolute) == absolute
    monkeypatch.chdir(project)
    typed = given("data: {source: 'dataset:cdnow'}", f"data.source={relative}")
    assert typed == f"{scheme}:///{project}/lake/crm.db#SELECT 1"
    host = "postgresql://host/crm#orders"
    assert given(f"data: {{source: '{host}'}}") == host


def test_settings_go_before_the_recipe(project, monkeypatch):
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


def test_as_of_goes_before_all(project):
    found = bound(project, "parameters: {as_of: 1996-01-01}", as_of="1997-09-30")
    assert found["one"]["as_of"] == found["two"]["as_of"] == "1997-09-30"


def test_dates_in_yaml_arrive_as_iso_text(project):
    found = bound(project, "parameters: {as_of: 1996-01-31, one: {segment: 2024-05-01}}")
    assert found["one"]["as_of"] == "1996-01-31"
    assert found["one"]["segment"] == "2024-05-01"


def test_as_of_needs_a_notebook_that_can_keep_to_it(project):
    write_notebook(project / "notebooks", "two", parameters="margin = 0.1")
    with pytest.raises(ReportError, match="notebook two: it has no parameter 'as_of'"):
        bound(project, "", as_of="1997-09-30")
    assert list(bound(project, "", as_of="1997-09-30", only=("one",))) == ["one"]


def test_only_keeps_parameters_of_the_others_lawful(project):
    assert list(bound(project, "parameters: {currency: EUR}", only=("one",))) == ["one"]


def test_given_are_only_those_that_differ(project):
    recipe = read_recipe(write_recipe(project, BASE + "parameters: {margin: 0.3, weeks: 1}"))
    assert plan(recipe)[0].given == {"weeks": 1}


MISTAKES = {
    "titel: T\nnotebooks: [one]": "no key 'titel'; .*Did you mean 'title'",
    "title: T\nnotebook: [one]": "no key 'notebook'; .*Did you mean 'notebooks'",
    "notebooks: [one]": "'title' is missing",
    "title: T": "'notebooks' is missing",
    "title: T\nnotebooks: []": "notebooks must not be empty",
    "title: ''\nnotebooks: [one]": "title must not be empty",
    "title: 3\nnotebooks: [one]": r"title must be text; found 3 \(a number\). Put it in quotes",
    "title: T\nnotebooks: one": r"notebooks must be a list; found 'one' \(text\)",
    "title: T\nnotebooks: [1]": "notebooks must be text; found 1",
    "title: T\nnotebooks: [ones]": "no notebook 'ones'; there are: one, two. Did you mean 'one'",
    "title: T\nnotebooks: [../x.ipynb]": "no notebook at .*x.ipynb",
    "title: T\nnotebooks: [one, one]": "two notebooks called 'one'",
    "title: T\ntitle: U\nnotebooks: [one]": r"'title' stands twice \(line 2\)",
    "title: [T\nnotebooks: [one]": "is not YAML at line",
    "title: T\n\tnotebooks: [one]": "is not YAML at line 2",
    "- one": "must hold names with values",
    "": "must hold names with values, such as title: ...; found nothing",
    "just words": "found text",
    BASE + "data: sales.csv": "data must be names with values",
    BASE + "data: {sauce: x}": "no key in data 'sauce'; .*Did you mean 'source'",
    BASE + "data: {source: 3}": "data.source must be text; found 3",
    BASE + "data: {source: ../../sale.csv}": "data.source: nothing at .*Did you mean 'sales.csv'",
    BASE + "data: {source: '../../*.parquet'}": "data.source: nothing at",
    BASE + "data: {source: 'dataset:cdnov'}": "no bundled data set 'cdnov'; .*Did you mean 'cdnow'",
    BASE + "data: {source: 'dataset:cdnow', engine: pysparc}": (
        "data.engine: no engine 'pysparc'; .*Did you mean 'pyspark'"
    ),
    BASE + "data: {source: 'dataset:cdnow', engine: 2}": "data.engine must be text; found 2",
    BASE + "data: {currency: USD}": "data.source is missing",
    BASE + "data: {source: 'dataset:cdnow', cost: c}": "data.cost is given, but no notebook",
    BASE + "parameters: {margn: 1}": "no parameter or notebook 'margn'; .*Did you mean 'margin'",
    BASE + "parameters: {on: {margin: 1}}": "parameter",
    BASE + "parameters: {one: {margn: 1}}": "notebook one: no parameter 'margn'",
    BASE + "parameters: {one: 3}": "parameters.one must be that notebook's names with values",
    BASE + "parameters: [1]": "parameters must be names with values",
    BASE + "parameters: {margin: much}": "notebook one: parameter 'margin' must be a number",
    BASE + "parameters: {one: {segment: 007}}": "must be text, .*; found 7. Put it in quotes",
    BASE + "parameters: {one: {weeks: 1.5}}": "parameter 'weeks' must be a whole number",
    BASE + "keep: 0": "keep must be at least 1; found 0",
    BASE + "keep: many": "keep must be a whole number; found 'many'",
    BASE + "time_limit: 20": "time_limit must be a length of time such as",
    BASE + "time_limit: 20 parsecs": "time_limit must be a length of time",
    BASE + "time_limit: 0 minutes": "time_limit must be a length of time",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_refused_in_words(project, text):
    path = write_recipe(project, text)
    with pytest.raises(ReportError, match=MISTAKES[text]) as caught:
        plan(read_recipe(path))
    assert "pydantic" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


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
        ("data.source=nowhere.csv", "data.source: nothing at"),
        ("data.engine=ducdb", "data.engine: no engine 'ducdb'; .*Did you mean 'duckdb'"),
    ],
)
def test_a_setting_that_names_nothing_is_refused(project, setting, message):
    with pytest.raises(ReportError, match=message):
        bound(project, "", setting)


def test_only_and_as_of_are_checked(project):
    with pytest.raises(ReportError, match=r"--only: no notebook 'tow'; .*Did you mean 'two'"):
        bound(project, "", only=("tow",))
    with pytest.raises(ValueError, match="--as-of must be a day"):
        bound(project, "", as_of="30.9.1997")


def test_a_recipe_misspelt_is_refused_with_the_nearest(project):
    path = write_recipe(project, "title: T\nnotebooks: [one]\n")
    with pytest.raises(ReportError, match=r"no recipe 'montly\.yml'.* Did you mean 'monthly\.yml'"):
        read_recipe(path.with_name("montly.yml"))
    with pytest.raises(ReportError, match=r"there are: monthly\.yml"):
        read_recipe(path.parent)


def test_a_notebook_is_no_recipe(project):
    with pytest.raises(ReportError, match=r"relmark run RECIPE --only one$"):
        read_recipe(project / "notebooks" / "one.ipynb")


def test_a_recipe_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no recipe at"):
        read_recipe(tmp_path / "none.yml")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
keys = st.sampled_from(["title", "data", "notebooks", "parameters", "keep", "time_limit", "x"])


@given(anything | st.dictionaries(keys | st.text() | st.integers(), anything))
def test_any_content_is_taken_or_refused_in_words(content):
    try:
        checked = check_recipe(content, name="any.yml")
    except ReportError as error:
        assert str(error).startswith("any.yml")
    else:
        assert isinstance(checked["title"], str)
        assert all(isinstance(name, str) for name in checked["notebooks"])


@pytest.mark.parametrize(
    ("text", "length"), [("90 seconds", 90), ("1 minute", 60), ("1.5 hours", 5400)]
)
def test_lengths_of_time(text, length):
    assert seconds(text) == length


@pytest.mark.parametrize("name", ["cdnow", "own"])
def test_the_recipes_that_come_with_the_project_are_well_formed(name):
    from relmark_research.reporting.recipe.recipe_file import read_yaml

    path = Path(__file__).parents[2] / "reports" / "recipes" / f"{name}.yml"
    assert check_recipe(read_yaml(path), name=path.name)["notebooks"]


def test_what_the_recipe_for_ones_own_data_offers_is_well_formed_too():
    import yaml

    text = (Path(__file__).parents[2] / "reports" / "recipes" / "own.yml").read_text()
    sections = ("matrix", "alerts", "hooks", "keep", "time_limit", "memory_limit", "reuse")
    offered = text[text.index("# matrix:") :].splitlines()
    plain = [line.removeprefix("# ") for line in offered if line.startswith("# ")]
    kept = [line for line in plain if line.startswith((" ", *(f"{name}:" for name in sections)))]
    content = yaml.safe_load("\n".join(kept))
    assert tuple(content) == sections
    checked = check_recipe({"title": "T", "notebooks": ["one"], **content}, name="own.yml")
    assert [bool(hook["mail"]) for hook in checked["hooks"]] == [True, False, False]
    assert checked["memory_limit"] == 4 * 10**9

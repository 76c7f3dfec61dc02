from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import check_recipe, read_recipe
from tests.reporting.books import write_notebook, write_recipe

BASE = "title: Margins\nnotebooks: [one, two]\n"


def test_notebooks_are_found_above_the_recipe(project):
    recipe = read_recipe(write_recipe(project, BASE))
    assert recipe.name == "monthly"
    assert recipe.notebooks == tuple(project / "notebooks" / f"{n}.ipynb" for n in ("one", "two"))


def test_a_notebook_may_be_named_by_its_path(project):
    write_notebook(project / "else", "three")
    path = write_recipe(project, "title: T\nnotebooks: [../../else/three.ipynb]\n")
    assert read_recipe(path).notebooks == (project / "else" / "three.ipynb",)


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
    "title: T\nnotebooks: [one, one]": "two notebooks with the name 'one'",
    "title: T\ntitle: U\nnotebooks: [one]": r"'title' stands twice \(line 2\)",
    "title: [T\nnotebooks: [one]": "is not YAML at line",
    "title: T\n\tnotebooks: [one]": "is not YAML at line 2",
    "- one": "must hold names with values",
    "": "must hold names with values, such as title: ...; found nothing",
    "just words": "found text",
    BASE + "data: sales.csv": "data must be names with values",
    BASE + "data: {sauce: x}": "no key in data 'sauce'; .*Did you mean 'source'",
    BASE + "data: {source: 3}": "data.source must be text; found 3",
    BASE
    + "data: {source: ../../sale.csv}": "data.source: nothing found at .*Did you mean 'sales.csv'",
    BASE + "data: {source: '../../*.parquet'}": "data.source: nothing found at",
    BASE + "data: {source: 'dataset:cdnov'}": "no bundled data set 'cdnov'; .*Did you mean 'cdnow'",
    BASE + "data: {source: 'dataset:cdnow', engine: pysparc}": (
        "data.engine: no engine 'pysparc'; .*Did you mean 'pyspark'"
    ),
    BASE + "data: {source: 'dataset:cdnow', engine: 2}": "data.engine must be text; found 2",
    BASE + "data: {currency: USD}": "the data section of the recipe has no source",
    BASE + "data: {source: 'dataset:cdnow', cost: c}": "data.cost is set, but no notebook",
    BASE + "parameters: {margn: 1}": "no parameter or notebook 'margn'; .*Did you mean 'margin'",
    BASE + "parameters: {on: {margin: 1}}": "parameter",
    BASE + "parameters: {one: {margn: 1}}": "notebook one: no parameter 'margn'",
    BASE + "parameters: {one: 3}": "parameters.one must be the parameters of that notebook",
    BASE + "parameters: [1]": "parameters must be names with values",
    BASE + "parameters: {margin: much}": "notebook one: parameter 'margin' must be a number",
    BASE + "parameters: {one: {segment: 007}}": "must be text, .*; found 7. Put it in quotes",
    BASE + "parameters: {one: {weeks: 1.5}}": "parameter 'weeks' must be a whole number",
    BASE + "keep: 0": "keep must be at least 1; found 0",
    BASE + "keep: many": "keep must be a whole number; found 'many'",
    BASE + "time_limit: 20": "time_limit must be a duration such as",
    BASE + "time_limit: 20 parsecs": "time_limit must be a duration",
    BASE + "time_limit: 0 minutes": "time_limit must be a duration",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_has_a_clear_message(project, text):
    path = write_recipe(project, text)
    with pytest.raises(ReportError, match=MISTAKES[text]) as caught:
        plan(read_recipe(path))
    assert "pydantic" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_misspelt_recipe_suggests_the_closest(project):
    path = write_recipe(project, "title: T\nnotebooks: [one]\n")
    with pytest.raises(ReportError, match=r"no recipe 'montly\.yml'.* Did you mean 'monthly\.yml'"):
        read_recipe(path.with_name("montly.yml"))
    with pytest.raises(ReportError, match=r"there are: monthly\.yml"):
        read_recipe(path.parent)


def test_a_notebook_is_not_a_recipe(project):
    with pytest.raises(ReportError, match=r"relmark run RECIPE --only one$"):
        read_recipe(project / "notebooks" / "one.ipynb")


def test_a_missing_recipe_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no recipe at"):
        read_recipe(tmp_path / "none.yml")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
keys = st.sampled_from(["title", "data", "notebooks", "parameters", "keep", "time_limit", "x"])


@given(anything | st.dictionaries(keys | st.text() | st.integers(), anything))
def test_any_content_is_accepted_or_refused_clearly(content):
    try:
        checked = check_recipe(content, name="any.yml")
    except ReportError as error:
        assert str(error).startswith("any.yml")
    else:
        assert isinstance(checked["title"], str)
        assert all(isinstance(name, str) for name in checked["notebooks"])


@pytest.mark.parametrize("name", ["cdnow", "own"])
def test_the_bundled_recipes_are_valid(name):
    from relmark_research.reporting.recipe.recipe_file import read_yaml

    path = Path(__file__).parents[3] / "reports" / "recipes" / f"{name}.yml"
    assert check_recipe(read_yaml(path), name=path.name)["notebooks"]


def test_the_commented_sections_of_own_yml_are_valid():
    import yaml

    text = (Path(__file__).parents[3] / "reports" / "recipes" / "own.yml").read_text()
    sections = ("matrix", "alerts", "hooks", "keep", "time_limit", "memory_limit", "reuse")
    offered = text[text.index("# matrix:") :].splitlines()
    plain = [line.removeprefix("# ") for line in offered if line.startswith("# ")]
    kept = [line for line in plain if line.startswith((" ", *(f"{name}:" for name in sections)))]
    content = yaml.safe_load("\n".join(kept))
    assert tuple(content) == sections
    checked = check_recipe({"title": "T", "notebooks": ["one"], **content}, name="own.yml")
    assert [bool(hook["mail"]) for hook in checked["hooks"]] == [True, False, False]
    assert checked["memory_limit"] == 4 * 10**9


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("margin", "--set takes NOTEBOOK.NAME=VALUE or data.KEY=VALUE; found 'margin'"),
        ("one.=3", "--set takes NOTEBOOK.NAME=VALUE"),
        ("ones.margin=3", "no notebook 'ones'.*Did you mean 'one'"),
        ("data.sauce=x", "--set data: no key in data 'sauce'"),
        ("data.options=x", "--set data: no key in data 'options'"),
        ("data.other.decimal=x", "--set data: no key in data 'other.decimal'"),
    ],
)
def test_a_setting_names_a_parameter_or_a_key_of_data(project, setting, said):
    path = write_recipe(project, BASE)
    with pytest.raises(ReportError, match=said):
        read_recipe(path, settings=(setting,))


def test_settings_are_added_in_their_order(project):
    path = write_recipe(project, BASE + "data: {source: 'dataset:cdnow', options: {decimal: ','}}")
    given = ("margin=0.2", "one.margin=0.4", "data.date=day", "data.value=none",
             "data.options.separator=;")  # fmt: skip
    recipe = read_recipe(path, settings=given)
    assert [(each.notebook, each.name, each.text) for each in recipe.settings] == [
        (None, "margin", "0.2"), ("one", "margin", "0.4"),
    ]  # fmt: skip
    assert recipe.data["date"] == "day"
    assert recipe.data["value"] is None
    assert recipe.data["options"] == {"decimal": ",", "separator": ";"}


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ("{margin: [0.2, 0.3, 0.2]}", "matrix.margin must have each value once; found 0.2 twice"),
        ("{margin: [[1]]}", "matrix.margin must hold texts, numbers or dates"),
    ],
)
def test_a_matrix_has_each_plain_value_once(project, matrix, said):
    with pytest.raises(ReportError, match=said):
        read_recipe(write_recipe(project, BASE + f"matrix: {matrix}"))

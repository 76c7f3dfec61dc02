import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.parameters import (
    Parameter,
    bind,
    parse_parameters,
    parse_text,
    read_parameters,
)
from tests.reporting.books import write_notebook

CELL = '''\
"""What can be asked."""
source = "dataset:cdnow"   # where the rows are # and more
as_of = None               # last day that is seen
horizon_weeks = 52         # how far ahead [weeks]
margin: float = -0.5       # profit per unit of revenue [share]
detailed = False
shown = [
    "a",  # not the help
    "b",
]  # segments to show
reading = {"separator": ";"}
'''
KNOWN = parse_parameters(CELL)


def test_a_cell_is_read_as_syntax():
    assert [(p.name, p.type, p.default) for p in KNOWN] == [
        ("source", "str", "dataset:cdnow"),
        ("as_of", "any", None),
        ("horizon_weeks", "int", 52),
        ("margin", "float", -0.5),
        ("detailed", "bool", False),
        ("shown", "list", ["a", "b"]),
        ("reading", "dict", {"separator": ";"}),
    ]


@pytest.mark.parametrize(
    ("line", "kind", "optional"),
    [
        ("x: str | None = 'all'", "str", True),
        ("x: None | str = 'all'", "str", True),
        ("x: Optional[str] = 'all'", "str", True),
        ("x: typing.Optional[str] = None", "str", True),
        ("x: Union[str, None] = 'all'", "str", True),
        ("x: 'str | None' = 'all'", "str", True),
        ("x: list[str | None] = []", "list", False),
        ("x: float = 1", "float", False),
        ("x: int | None = 3", "int", True),
        ("x: int | str = 3", "int", False),
        ("x: Money = 3", "int", False),
        ("x: 'a b' = 3", "int", False),
        ("x: Any = None", "any", False),
    ],
)
def test_an_annotation_allows_none(line, kind, optional):
    (parameter,) = parse_parameters(line)
    assert (parameter.type, parameter.optional) == (kind, optional)
    if optional or kind == "any":
        assert bind((parameter,), {"x": None}) == {"x": None}
        assert parse_text(parameter, "none") is None
    else:
        with pytest.raises(ReportError, match="found None"):
            bind((parameter,), {"x": None})


def test_an_annotation_that_contradicts_the_default_is_refused():
    with pytest.raises(ReportError, match=r"line 2 .* annotation is int, but the default 'a'"):
        parse_parameters("\nx: int = 'a'")


def test_help_and_unit_come_from_the_comment():
    said = {p.name: (p.help, p.unit) for p in KNOWN}
    assert said["horizon_weeks"] == ("how far ahead", "weeks")
    assert said["source"] == ("where the rows are # and more", "")
    assert said["shown"] == ("segments to show", "")
    assert said["detailed"] == ("", "")


def test_a_hash_inside_text_is_not_a_comment():
    assert parse_parameters('colour = "#fff"') == (Parameter("colour", "#fff", "str"),)


@pytest.mark.parametrize(
    "line",
    [
        "x = open('/etc/passwd')",
        "x = y",
        "a, b = 1, 2",
        "x = y = 1",
        "x.y = 1",
        "import os",
        "x = {1, 2}",
        "x = 1j",
        "x = f'{1}'",
        "x += 1",
        "x: int",
    ],
)
def test_code_is_refused_and_never_executed(line):
    with pytest.raises(ReportError, match=r"line 2 of the parameters cell must be name = literal"):
        parse_parameters(f"fine = 1\n{line}")


def test_a_cell_that_is_not_python_is_refused():
    with pytest.raises(ReportError, match="line 1 of the parameters cell is not Python"):
        parse_parameters("x = = 1")


def test_a_text_that_python_warns_of_is_read_without_a_warning():
    (pattern,) = parse_parameters(r"pattern = '\d+'")
    assert pattern.default == r"\d+"


def test_a_name_set_twice_is_refused():
    with pytest.raises(ReportError, match="sets 'x' twice"):
        parse_parameters("x = 1\nx = 2")


def test_the_first_tagged_cell_of_a_notebook_is_read(tmp_path):
    book = write_notebook(tmp_path, "one", "weeks = 7", parameters="weeks = 52  # ahead [weeks]")
    assert read_parameters(book) == (Parameter("weeks", 52, "int", "ahead", "weeks"),)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [1]}', "null"])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(ReportError, match=r"broken\.ipynb cannot be read as a notebook"):
        read_parameters(path)


def test_bind_gives_every_parameter_its_value():
    bound = bind(KNOWN, {"margin": 1, "as_of": datetime.date(1997, 9, 30)})
    assert bound["margin"] == 1.0
    assert isinstance(bound["margin"], float)
    assert bound["as_of"] == "1997-09-30"
    assert bound["horizon_weeks"] == 52


def test_a_date_for_text_becomes_iso_text():
    assert bind(KNOWN, {"source": datetime.date(1997, 1, 2)})["source"] == "1997-01-02"


def test_an_unknown_parameter_suggests_the_closest():
    with pytest.raises(
        ReportError, match=r"no parameter 'horizon_week'; .*Did you mean 'horizon_w"
    ):
        bind(KNOWN, {"horizon_week": 3})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", 7),
        ("source", None),
        ("source", True),
        ("horizon_weeks", 2.5),
        ("horizon_weeks", "52"),
        ("horizon_weeks", True),
        ("margin", "0.3"),
        ("margin", float("nan")),
        ("margin", float("inf")),
        ("margin", False),
        ("detailed", 1),
        ("detailed", "yes"),
        ("shown", "a"),
        ("reading", ["a"]),
        ("as_of", ["1997"]),
        ("as_of", {}),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name, value):
    with pytest.raises(ReportError, match=f"parameter '{name}' must be .*; found "):
        bind(KNOWN, {name: value})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("source", "007", "007"),
        ("source", "none", "none"),
        ("horizon_weeks", "26", 26),
        ("margin", "1", 1.0),
        ("margin", "-2.5e-1", -0.25),
        ("detailed", "yes", True),
        ("detailed", "False", False),
        ("shown", '["a", "007"]', ["a", "007"]),
        ("reading", '{"decimal": ","}', {"decimal": ","}),
        ("as_of", "none", None),
        ("as_of", "1997-09-30", "1997-09-30"),
        ("as_of", "26", 26),
        ("as_of", "0.5", 0.5),
        ("as_of", "007", "007"),
        ("as_of", "52 weeks", "52 weeks"),
    ],
)
def test_the_command_line_gives_the_type_of_the_default(name, text, value):
    parameter = next(p for p in KNOWN if p.name == name)
    found = parse_text(parameter, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("horizon_weeks", "2.5"),
        ("horizon_weeks", "007"),
        ("horizon_weeks", "many"),
        ("margin", "30%"),
        ("margin", "NaN"),
        ("margin", "Infinity"),
        ("detailed", "maybe"),
        ("shown", "a, b"),
        ("reading", "[1]"),
    ],
)
def test_the_command_line_refuses_another_type(name, text):
    parameter = next(p for p in KNOWN if p.name == name)
    with pytest.raises(ReportError, match=f"parameter '{name}' must be"):
        parse_text(parameter, text)


@given(st.text())
def test_text_is_taken_literally(text):
    assert parse_text(Parameter("segment", "", "str"), text) == text


literals = st.one_of(
    st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)


@given(literals)
def test_defaults_survive_a_round_trip(value):
    assert parse_parameters(f"x = {value!r}  # help")[0].default == value

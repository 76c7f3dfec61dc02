"""Two hundred malformed recipes and options: each has a clear error before anything runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relmark_research import cli
from tests.reporting.books import write_notebook, write_recipe

BASE = "title: T\nnotebooks: [one, two]\n"
DATA = "data: {source: ../../sales.csv}\n"
RECIPES = [
    "",
    "~",
    "3",
    "[]",
    "- title: T",
    "just words",
    "title",
    "title: T",
    "notebooks: [one]",
    "title: [T]\nnotebooks: [one]",
    "title: {a: b}\nnotebooks: [one]",
    "title: ''\nnotebooks: [one]",
    "title: true\nnotebooks: [one]",
    "title: 2024-01-01\nnotebooks: [one]",
    "title: T\nnotebooks: one",
    "title: T\nnotebooks: {one: two}",
    "title: T\nnotebooks: []",
    "title: T\nnotebooks: ['']",
    "title: T\nnotebooks: [[one]]",
    "title: T\nnotebooks: [~]",
    "title: T\nnotebooks: [one, one]",
    "title: T\nnotebooks: [../notebooks]",
    "title: T\nnotebooks: [../../sales.csv]",
    "title: T\nnotebooks: [../../broken.ipynb]",
    "title: T\nnotebooks: [../../computed.ipynb]",
    'title: T\nnotebooks: ["one\\0"]',
    "title: T\nnotebooks: ['*']",
    "title: T\ntitle: U\nnotebooks: [one]",
    "title: T\nnotebooks: [one\n",
    "title: T\n  notebooks: [one]",
    "title: T\n\tnotebooks: [one]",
    "title: 'T\nnotebooks: [one]",
    "title: !!python/object/apply:os.system ['touch hacked']\nnotebooks: [one]",
    "title: !!binary '!'\nnotebooks: [one]",
    "title: *unknown\nnotebooks: [one]",
    "? [a, b]\n: c\ntitle: T\nnotebooks: [one]",
    "&a [*a]",
    "title: T\nnotebooks: &n [one, *n]",
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c]\ntitle: [*d,*d,*d,*d,*d]\nnotebooks: [one]",
    "[" * 3000,
    "{a: " * 2000,
    "title: T\nnotebooks: [one]\n\0",
    "title: T\nnotebooks: [one]\n---\ntitle: U\nnotebooks: [one]",
    BASE + "notebook: [one]",
    BASE + "Title: U",
    BASE + "3: 4",
    BASE + "~: 4",
    BASE + "data: 3",
    BASE + "data: []",
    BASE + "data: {}\nkeep: none",
    BASE + "data: {customer: id}",
    BASE + "data: {source: ''}",
    BASE + "data: {source: [a.csv]}",
    BASE + "data: {source: ../../nowhere.csv}",
    BASE + "data: {source: '../../*.nothing'}",
    BASE + "data: {source: 'dataset:'}",
    BASE + "data: {source: 'dataset:cdnows'}",
    BASE + 'data: {source: "a\\0b"}',
    BASE + "data: {source: ../../empty.csv}",
    BASE + "data: {source: ../../sales.csv, customer: client}",
    BASE + "data: {source: ../../sales.csv, date: value}",
    BASE + "data: {source: ../../sales.csv, value: customer_id}",
    BASE + "data: {source: ../../sales.csv, value: 'value; DROP TABLE x'}",
    BASE + "data: {source: ../../sales.csv, value: '__import__(\"os\")'}",
    BASE + "data: {source: ../../sales.csv, value: 'value * '}",
    BASE + "data: {source: ../../sales.csv, returns: nett}",
    BASE + "data: {source: ../../sales.csv, options: [a]}",
    BASE + "data: {source: ../../sales.csv, options: {seperator: ';'}}",
    BASE + "data: {source: ../../sales.csv, options: {decimal: 3}}",
    BASE + "data: {source: ../../sales.csv, options: {date_format: x}}",
    BASE + "data: {source: ../../sales.csv, options: {time_zone: Mars/Olympus}}",
    BASE + "data: {source: ../../sales.csv, cost: [a]}",
    BASE + "data: {sources: ../../sales.csv}",
    BASE + "parameters: 3",
    BASE + "parameters: [margin]",
    BASE + "parameters: {margn: 1}",
    BASE + "parameters: {three: {margin: 1}}",
    BASE + "parameters: {one: 3}",
    BASE + "parameters: {one: [margin]}",
    BASE + "parameters: {one: {margn: 1}}",
    BASE + "parameters: {margin: much}",
    BASE + "parameters: {margin: '0.3'}",
    BASE + "parameters: {margin: true}",
    BASE + "parameters: {margin: .nan}",
    BASE + "parameters: {margin: .inf}",
    BASE + "parameters: {margin: ~}",
    BASE + "parameters: {margin: 2024-01-01}",
    BASE + "parameters: {weeks: 1.5}",
    BASE + "parameters: {weeks: '52'}",
    BASE + "parameters: {weeks: [52]}",
    BASE + "parameters: {segment: 007}",
    BASE + "parameters: {segment: ~}",
    BASE + "parameters: {segment: [a]}",
    BASE + 'parameters: {segment: "\\ud800"}',
    BASE + "parameters: {detailed: 1}",
    BASE + "parameters: {detailed: 'yes'}",
    BASE + "parameters: {reading: []}",
    BASE + "parameters: {reading: 3}",
    BASE + "parameters: {as_of: [2024-01-01]}",
    BASE + "parameters: {as_of: .nan}",
    BASE + "matrix: 3",
    BASE + "matrix: [segment]",
    BASE + "matrix: {segment: a}",
    BASE + "matrix: {segment: []}",
    BASE + "matrix: {segments: [a]}",
    BASE + "matrix: {segment: [a, a]}",
    BASE + "matrix: {segment: [a/b, a b, a_b]}",
    BASE + "matrix: {segment: [{a: b}]}",
    BASE + "matrix: {segment: [1]}",
    BASE + "matrix: {segment: [a]}\nparameters: {segment: b}",
    BASE + "matrix: {segment: [a]}\nparameters: {one: {segment: b}}",
    BASE + "matrix: {source: [nowhere.csv]}",
    BASE + "alerts: 3",
    BASE + "alerts: [margin]",
    BASE + "alerts: {margin: 3}",
    BASE + "alerts: {margin: {}}",
    BASE + "alerts: {margin: {drops_by: 10%}}",
    BASE + "alerts: {margin: {falls_by: ten}}",
    BASE + "alerts: {margin: {falls_by: -3}}",
    BASE + "alerts: {margin: {below: 10%}}",
    BASE + "alerts: {margin: {below: true}}",
    BASE + "alerts: {margin: {above: .nan}}",
    BASE + "hooks: 3",
    BASE + "hooks: [3]",
    BASE + "hooks: [{}]",
    BASE + "hooks: [{command: []}]",
    BASE + "hooks: [{command: 3}]",
    BASE + "hooks: [{command: x, webhook: {url: y}}]",
    BASE + "hooks: [{when: sometimes, command: x}]",
    BASE + "hooks: [{mail: {to: []}}]",
    BASE + "hooks: [{mail: {to: me}}]",
    BASE + "hooks: [{mail: {to: [me], port: '25'}}]",
    BASE + "hooks: [{webhook: {}}]",
    BASE + "hooks: [{webhook: {url: 'https://me:pw12345@host'}}]",
    BASE + "keep: 0",
    BASE + "keep: -1",
    BASE + "keep: 1.5",
    BASE + "keep: '3'",
    BASE + "keep: true",
    BASE + "keep: [3]",
    BASE + "time_limit: 20",
    BASE + "time_limit: soon",
    BASE + "time_limit: 0 minutes",
    BASE + "time_limit: -1 minutes",
    BASE + "time_limit: [1 minute]",
    BASE + "time_limit: " + "9" * 400 + " hours",
    BASE + "memory_limit: 2",
    BASE + "memory_limit: 2 XB",
    BASE + "memory_limit: 0 GB",
    BASE + "memory_limit: [2 GB]",
    BASE + "reuse: sometimes",
    BASE + "reuse: 1",
    BASE + "parameters: {segment: '${RELMARK_NOT_SET_ANYWHERE}'}",
    BASE + "parameters: {segment: '${RELMARK_SHORT}'}",
    BASE + "parameters: {one: {reading: {a: .nan}, margn: 1}}",
    BASE + "parameters: {one: {as_of: {a: b}}}",
    BASE + "parameters: {margin: [0.3]}",
    BASE + "parameters: {weeks: true}",
    BASE + "parameters: {weeks: 1e3}",
    BASE + "parameters: {two: {weeks: 3}}",
    BASE + "parameters: {margin: 1, margin: 2}",
    BASE + "matrix: {margin: [much]}",
    BASE + "matrix: {weeks: [1.5, 2.5]}",
    BASE + "alerts: {margin: {below: [1]}}",
    BASE + "alerts: {margin: {falls_by: ~}}",
    BASE + "hooks: [{command: 'unclosed \"quote'}]",
    BASE + "hooks: [{when: [], command: x}]",
    BASE + "data: {source: ../../sales.csv, currency: 978}",
]
OPTIONS = [
    ["--as-of", "yesterday"],
    ["--as-of", "30.9.1997"],
    ["--as-of", "2024-02-31"],
    ["--as-of", ""],
    ["--as-of", "1823-01-01"],
    ["--only", "three"],
    ["--only", ""],
    ["--set", "margin"],
    ["--set", "=1"],
    ["--set", ""],
    ["--set", "margn=1"],
    ["--set", "three.margin=1"],
    ["--set", "one.margn=1"],
    ["--set", "one.margin=much"],
    ["--set", "one.margin="],
    ["--set", "one.margin=NaN"],
    ["--set", "one.margin=Infinity"],
    ["--set", "one.margin=1e999"],
    ["--set", "one.weeks=1.5"],
    ["--set", "one.weeks=007"],
    ["--set", "one.detailed=maybe"],
    ["--set", "one.reading=[1]"],
    ["--set", "one.reading={"],
    ["--set", "one.reading=" + "[" * 100_000],
    ["--set", "data.sauce=x"],
    ["--set", "data.source=nowhere.csv"],
    ["--set", "data.source="],
    ["--set", "data.options.x.y=1"],
    ["--jobs", "0"],
    ["--jobs", "two"],
    ["--keep", "0"],
    ["--keep", "all"],
    ["--out", "/dev/null/runs"],
    ["--froce"],
    ["another"],
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("malformed")
    write_notebook(folder / "notebooks", "one")
    parameters = "as_of = None\nsource = ''\nmargin = 0.1\nreading = {}\ncustomer = ''\ndate = ''\n"
    parameters += "value = ''\nreturns = ''\nsegment = 'all'"
    write_notebook(folder / "notebooks", "two", parameters=parameters)
    write_notebook(folder, "computed", parameters="margin = 1 + open('x')")
    (folder / "broken.ipynb").write_text("{")
    (folder / "empty.csv").write_text("")
    (folder / "sales.csv").write_text("customer_id,date,value\na,2024-01-01,3\nb,2024-02-01,4\n")
    return folder


@pytest.fixture(scope="module", autouse=True)
def environment(project):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELMARK_SHORT", "abc")
        patch.chdir(project)
        yield


def check_refused(project: Path, capsys, text: str, *words: str) -> None:
    """The command ends with 2, one readable message, and nothing ran or was written."""
    recipe = write_recipe(project, text)
    before = sorted(path for path in project.rglob("*"))
    code = cli.exit_code(["run", str(recipe), *words])
    said = capsys.readouterr()
    assert code == cli.REFUSED, (text[:200], words, said.err[:300])
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err
    assert "pydantic" not in said.err
    assert len(said.err) < 3000
    if not words:
        assert said.err.startswith("relmark: ")
    assert sorted(path for path in project.rglob("*")) == before


def test_there_are_two_hundred_cases():
    assert len(RECIPES) + len(OPTIONS) >= 200


def test_malformed_recipes(project, capsys):
    for text in RECIPES:
        check_refused(project, capsys, text)


def test_malformed_options(project, capsys):
    for words in OPTIONS:
        check_refused(project, capsys, BASE + DATA, *words)


RIGHT: dict[str, Any] = {
    "title": "T",
    "notebooks": ["one", "two"],
    "parameters": {"margin": 0.3, "one": {"weeks": 4}},
    "matrix": {"segment": ["a", "b"]},
    "alerts": {"margin": {"below": 1}},
    "hooks": [{"command": ["true"]}],
    "keep": 3,
    "time_limit": "1 minute",
    "memory_limit": "1 GB",
    "reuse": True,
}
WRONG = {
    "title": st.integers() | st.lists(st.text()) | st.none() | st.just(""),
    "notebooks": st.text() | st.integers() | st.lists(st.integers(), min_size=1) | st.just([]),
    "parameters": st.text(min_size=1) | st.integers() | st.lists(st.text(), min_size=1),
    "matrix": st.text()
    | st.integers()
    | st.dictionaries(st.just("segment"), st.text(), min_size=1),
    "alerts": st.text() | st.integers() | st.dictionaries(st.text(), st.integers(), min_size=1),
    "hooks": st.text() | st.integers() | st.lists(st.text(), min_size=1),
    "keep": st.text() | st.integers(max_value=0) | st.floats(allow_nan=False) | st.booleans(),
    "time_limit": st.integers() | st.text(max_size=3) | st.lists(st.text()),
    "memory_limit": st.integers() | st.text(max_size=2) | st.lists(st.text()),
    "reuse": st.text() | st.integers(),
}


@st.composite
def spoilt(draw) -> str:
    """A good recipe with one thing wrong in it."""
    recipe = dict(RIGHT)
    if draw(st.booleans()):
        key = draw(st.sampled_from(sorted(WRONG)))
        recipe[key] = draw(WRONG[key])
    else:
        key = draw(st.text(min_size=1).filter(lambda name: name not in {*RIGHT, "data"}))
        recipe[key] = draw(st.text() | st.integers() | st.none())
    return yaml.safe_dump(recipe, allow_unicode=draw(st.booleans()))


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=spoilt())
def test_one_mistake_anywhere_is_refused(project, capsys, text):
    check_refused(project, capsys, text)

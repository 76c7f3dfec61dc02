"""Mutations parse, are made one at a time, and are judged by the tests that mirror the module."""

import ast

import pytest

from tests.mutants import run
from tests.mutants.mutate import Mutation, mutations
from tests.mutants.run import ROOT, Baseline, Copy, Report, golden_calls, mirroring_tests
from tests.mutants.sample import candidates, equivalents, sample, shares

MODULES = ["stats/intervals.py", "units.py", "economics/next_action/next_best_action.py"]
TOY = '''\
"""A toy."""


def difference(a, b):
    """Return a minus b."""
    return a - b


def count(n):
    """Count down."""
    while n > 0:
        n -= 1
    return n
'''
STRICT = "from relmark_research.stats.toy import count, difference\n\n\ndef test_it():\n    "
STRICT += "assert difference(3, 1) == 2\n    assert count(3) == 0\n"
WEAK = STRICT.replace("difference(3, 1) == 2", "difference(3, 0) == 3")
NOTHING = Baseline({}, {}, [])


def of(source: str) -> list[tuple[str, str]]:
    """Return kind and change of every mutation of a source."""
    found = mutations("relmark_research/x.py", source)
    return [(each.kind, f"{each.original} -> {each.replacement}") for each in found]


CHANGES = {
    "x = a < b": ("comparison", "a < b -> a <= b"),
    "x = a == b": ("comparison", "a == b -> a != b"),
    "x = a - b": ("arithmetic", "a - b -> a + b"),
    "x = a * b": ("arithmetic", "a * b -> a / b"),
    "x += a": ("arithmetic", "x += a -> x -= a"),
    "x = 0.5": ("constant", "0.5 -> 0.25"),
    "x = 1": ("constant", "1 -> 2"),
    "x = True": ("constant", "True -> False"),
    "x = a and b": ("logic", "a and b -> a or b"),
    "x = not a": ("drop", "not a -> a"),
    "if a:\n    x": ("negate", "a -> not a"),
    "x = [i for i in y if i]": ("negate", "i -> not i"),
    "while a:\n    x": ("negate", "a -> not a"),
    "def f(x):\n    return x": ("return", "return x -> return None"),
    "def f(x):\n    return x == 2": ("return", "return x == 2 -> return False"),
    "def f(x):\n    check(x)": ("delete", "check(x) -> pass"),
    "def f(x):\n    raise E(x)": ("delete", "raise E(x) -> pass"),
    "def f(x, n=100):\n    pass": ("default", "100 -> 50"),
    "x = d['clv_low']": ("swap", "'clv_low' -> 'clv_high'"),
    "x = i.low": ("swap", "i.low -> i.high"),
    "x = max(a, b)": ("swap", "max -> min"),
    "f(low=a, high=b)": ("swap", "f(low=a, high=b) -> f(low=b, high=a)"),
    "x = (1 + level) / 2": ("halve", "level -> level / 2"),
    "x = f(level=self.level)": ("halve", "self.level -> self.level / 2"),
    "half = z * se": ("halve", "half = z * se -> half = (z * se) / 2"),
    "low, high = f(x)": ("halve", "low, high = f(x) -> (low, high) = (lambda ends"),
}


@pytest.mark.parametrize("source", CHANGES)
def test_kinds_of_mutations(source: str):
    kind, change = CHANGES[source]
    assert [each for each in of(source) if each[0] == kind and each[1].startswith(change)]


def test_a_halved_pair_of_limits_is_half_as_wide_about_its_middle():
    source = "def f(x):\n    low, high = x\n    return low, high\n"
    halved = [each for each in mutations("relmark_research/x.py", source) if each.kind == "halve"]
    assert len(halved) == 2
    for mutation in halved:
        names: dict = {}
        exec(mutation.apply(source), names)
        assert names["f"]((1.0, 5.0)) == (2.0, 4.0)


@pytest.mark.parametrize(
    "source",
    [
        '"""1 + 1"""',
        "x: tuple[1 + 1]",
        "def f(x: 1 + 1) -> 1 + 1:\n    ...",
        'x = f"{a + 1}"',
        "x = isinstance(a, int | float)",
        "if TYPE_CHECKING:\n    x = 1",
        "def __repr__(self):\n    return 1 + 1",
        "def _repr_html_(self):\n    return 1 + 1",
        "class Fit:\n    def _summary(self):\n        return {'n': self.n + 1}",
        "x = 1e-9",
        "x = 100_000",
        "x = 'a' + b",
        "x = f(zip(a, b, strict=True))",
        "x = field(repr=False)",
        "_BLOCK = 1 << 18",
        "_POLL_INTERVAL = 0.05",
    ],
)
def test_wording_types_and_tolerances_are_left_alone(source: str):
    assert of(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = reader(a, strict=True)",
        "_LEAST = 2",
        "def f():\n    _BLOCK = 1",
        "def _summary(x):\n    return x",
    ],
)
def test_what_may_change_a_result_is_mutated(source: str):
    assert len(of(source)) == 1


def test_places_of_texts_in_plots_are_left_alone_and_not_what_they_are_about():
    source = "def f(ax):\n    ax.annotate(show(rows[2]), (1, at + 0.29), (10, 0))\n"
    source += "    ax.text(rows[3])\n"
    found = mutations("relmark_research/plots/x.py", source)
    assert [each.original for each in found if each.kind == "constant"] == ["2", "3"]


def test_the_text_of_an_error_is_left_alone():
    assert of("def f(x):\n    raise E('low', x + 1)") == [
        ("delete", "raise E('low', x + 1) -> pass")
    ]


@pytest.mark.parametrize("name", MODULES)
def test_mutations_of_the_package_parse_and_change_one_span(name: str):
    source = (ROOT / "relmark_research" / name).read_text(encoding="utf-8")
    found = mutations(f"relmark_research/{name}", source)
    assert len(found) > 50
    was, data = ast.dump(ast.parse(source)), source.encode()
    for mutation in found[:: len(found) // 20]:
        new = mutation.apply(source)
        assert ast.dump(ast.parse(new)) != was, mutation
        start, end = mutation.span
        assert new.encode().startswith(data[:start])
        assert new.encode().endswith(data[end:])
        assert mutation.text in source.splitlines()[mutation.line - 1]


@pytest.fixture(scope="module")
def of_stats() -> dict[str, list[Mutation]]:
    found = candidates(ROOT, "stats")
    return {"stats": found["stats"]}


def test_a_sample_is_fixed_by_its_seed(of_stats):
    one, again, other = (sample(of_stats, 20, seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert len({(each.path, each.line) for each in one}) == 20
    assert sample(of_stats, 10, 1) == one[:10]


def test_every_folder_has_its_share():
    lines = {"a": 1000, "b": 500, "c": 3}
    assert shares(lines, 30) == {"a": 19, "b": 10, "c": 1}
    assert shares(lines, 2) == {"a": 1, "b": 1, "c": 0}
    assert shares(lines, 10_000) == lines


def test_equivalents_exist_and_have_a_reason():
    argued = equivalents()
    paths = {path for path, *_ in argued}
    sources = {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}
    known = {each.key for path in paths for each in mutations(path, sources[path])}
    assert [key for key in argued if key not in known] == []
    assert all(len(reason) > 20 for reason in argued.values())


def test_tests_of_a_module_are_its_mirror_its_doctests_and_the_laws():
    found = mirroring_tests("relmark_research/clv/families/bg_nbd.py", ROOT)
    assert found[:2] == [
        "tests/clv/families/test_bg_nbd.py",
        "relmark_research/clv/families/bg_nbd.py",
    ]
    assert {"tests/clv/families/test_laws.py", "tests/laws/test_exact_clv.py"} <= set(found)
    assert found[-1] == "tests/golden/test_defaults.py::test_defaults_are_those_recorded[clv]"
    assert all((ROOT / each.partition("::")[0]).exists() for each in found)
    assert mirroring_tests("relmark_research/units.py", ROOT)[-1].endswith("[units]")
    without_mirror = mirroring_tests("relmark_research/stats/no_such_module.py", ROOT)
    assert without_mirror[0] == "tests/stats"
    assert set(golden_calls(["relmark_research/clv/x.py"], ROOT)) >= {"clv.tracking"}


@pytest.fixture
def toy(tmp_path) -> Copy:
    """A tree with a package of one module."""
    for folder in ("relmark_research/stats", "tests/stats", "tests/golden"):
        (tmp_path / folder).mkdir(parents=True)
    for package in ("relmark_research", "relmark_research/stats", "tests", "tests/stats"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "tests/golden/calls.json").write_text('{"groups": {}}')
    (tmp_path / "relmark_research/stats/toy.py").write_text(TOY)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\naddopts = --doctest-modules\n")
    return Copy(tmp_path)


def toy_mutation(change: str) -> Mutation:
    found = mutations("relmark_research/stats/toy.py", TOY)
    return next(each for each in found if f"{each.original} -> {each.replacement}" == change)


@pytest.mark.parametrize(("tests", "verdict"), [(STRICT, run.KILLED), (WEAK, run.SURVIVED)])
def test_a_flipped_sign_is_found_by_a_test_that_can_see_it(toy, tests, verdict):
    (toy.root / "tests/stats/test_toy.py").write_text(tests)
    mutation = toy_mutation("a - b -> a + b")
    baseline = toy.baseline([mutation.path])
    assert baseline.failures == []
    assert "tests/stats/test_toy.py" in baseline.seconds
    assert toy.judge(mutation, baseline) == verdict
    assert (toy.root / mutation.path).read_text() == TOY


def test_an_endless_loop_is_killed_by_the_time_limit(toy, monkeypatch):
    monkeypatch.setattr(run, "STARTING", 3.0)
    (toy.root / "tests/stats/test_toy.py").write_text(STRICT)
    assert toy.judge(toy_mutation("n -= 1 -> n += 1"), NOTHING) == run.TIMEOUT


def test_tests_that_fail_without_a_mutation_are_named(toy):
    (toy.root / "tests/stats/test_toy.py").write_text(STRICT.replace("== 2", "== 9"))
    baseline = toy.baseline(["relmark_research/stats/toy.py"])
    assert baseline.failures == ["tests/stats/test_toy.py::test_it"]


def test_the_report_counts_equivalents_out():
    report = Report(minimum=75.0)
    mutation = toy_mutation("a - b -> a + b")
    for verdict in (run.KILLED, run.TIMEOUT, run.SURVIVED, run.EQUIVALENT):
        report.add(mutation, verdict)
    assert not report.passes  # two of three
    report.add(mutation, run.KILLED)
    assert report.passes
    total = report.table().splitlines()[-1].split()
    assert total == ["total", "2", "1", "1", "1", "75.0"]
    assert "mutation: a - b -> a + b" in report.survivors()


def test_the_sample_can_be_listed(capsys):
    assert run.main(["--list", "--n", "3", "--folder", "stats", "--seed", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("relmark_research/stats/") for line in lines)

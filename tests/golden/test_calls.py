"""Every call of the public functions against version 0.1, and the comparison against mistakes."""

import copy

import pytest

from tests.golden import comparing
from tests.golden.calls import CALLS
from tests.golden.comparing import Renames, complaint, corrections, differences, recorded
from tests.golden.public import Renamed

RENAMES = Renames.read()
WAS = recorded("calls.json")


def _marks(name: str) -> list[pytest.MarkDecorator]:
    one = CALLS.get(RENAMES.group(name))
    return [pytest.mark.slow] if one and one.slow else []


@pytest.mark.parametrize("old", [pytest.param(name, marks=_marks(name)) for name in WAS])
def test_call_gives_what_it_gave(old: str):
    name = RENAMES.group(old)
    assert name in CALLS, f"the call {name} vanished"
    now = CALLS[name].function()
    lines = differences(RENAMES.apply(old, WAS[old]), now, corrections(name))
    assert not lines, complaint(name, lines)


def test_every_call_is_recorded():
    assert {RENAMES.group(name) for name in WAS} == set(CALLS)


def test_corrections_are_of_what_was_recorded_and_give_a_reason():
    known = {RENAMES.group(name) for name in [*WAS, *recorded("reports.json")]}
    for said in comparing.all_corrections():
        assert said["group"] in known, said
        assert said.get("reason"), said


def test_renames_are_of_what_was_recorded():
    known = {*WAS, *recorded("reports.json")}
    assert {*RENAMES.groups, *RENAMES.within} <= known


def test_a_number_that_moves_by_a_ten_billionth_is_reported():
    was = WAS["clv.tracking"]
    now = copy.deepcopy(was)
    assert differences(was, now) == []
    now["plain.expected"][3] *= 1 + 1e-10
    (line,) = differences(was, now)
    assert line.startswith("plain.expected[3]: was ")
    now["plain.expected"][3] = was["plain.expected"][3] * (1 + 1e-14)
    assert differences(was, now) == []


def test_what_vanished_and_what_is_new_is_reported_by_name():
    was = {"a": 1.0, "b": [1, 2], "c": "nan"}
    assert differences(was, {"b": [1], "c": 3, "d": 0}) == [
        "a: vanished, was 1.0",
        "b[1]: vanished, was 2",
        "c: was 'nan', is 3",
        "d: new, is 0",
    ]


def test_renames_count_at_once_and_by_parts():
    renames = Renames(
        figures={"total": "sum"}, columns={"low": "high", "high": "low"}, within={"g": {"T": "age"}}
    )
    was = {"t.low": 1, "t.high": 2, "t.low|q0.5": 3, "t.lowest": 4, "figures.total.low": 5, "T": 6}
    new = {"t.high": 1, "t.low": 2, "t.high|q0.5": 3, "t.lowest": 4, "figures.sum.low": 5, "age": 6}
    assert renames.apply("g", was) == new
    with pytest.raises(ValueError, match="one name"):
        Renames(columns={"a": "b"}).apply("g", {"a": 1, "b": 2})


def test_arguments_are_given_under_the_names_of_today():
    def now(amount, *, level=0.9):
        return amount, level

    assert Renamed(now, {"value": "amount"})(value=3, level=0.5) == (3, 0.5)
    assert Renamed(dict, {}).fromkeys("a") == {"a": None}


def test_corrections_hold_for_what_they_say_only():
    was = {"a": 1.0, "b": [0.5, 0.7, 2.0], "c": 1}
    now = {"a": 2.0, "b": [0.52, 0.7, 24.0], "d": 1}
    said = [
        {"figure": "a", "old": 1.0, "new": 2.0},
        {"figure": "b[*]", "monte_carlo_error": 0.01},
        {"figure": "b[*]", "factor": 12},
        {"figure": "c", "gone": True},
        {"figure": "d", "added": True},
    ]
    assert differences(was, now, said) == []
    assert len(differences(was, now | {"a": 2.1}, said)) == 2  # it differs, the correction is idle
    assert len(differences(was, now | {"b": [0.54, 0.7, 24.0]}, said)) == 2
    assert differences(was, was, said[:1]) == ["a: corrections.yml names it, and nothing differs"]

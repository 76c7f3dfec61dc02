"""Levels as data: the five of the textbook, and those of a YAML file."""

import math

import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.relationship_level import (
    checked_levels,
    level_names,
)
from relmark_research.errors import DataError, LadderError, ParameterError


def test_the_five_levels_are_data() -> None:
    levels = rm.economics.read_levels()
    assert [level.name for level in levels] == [
        "basic", "reactive", "accountable", "proactive", "partnership",
    ]  # fmt: skip
    assert all(level.description and level.cost is None for level in levels)


def test_levels_of_a_yaml_file(tmp_path) -> None:
    path = tmp_path / "levels.yml"
    path.write_text(
        "levels:\n  none:\n    cost: 0\n  calls:\n    description: someone calls\n"
        "    cost: {homes: 3, mills: 9}\n    retention: {effect: 0.2, sd: 0.1}\n"
    )
    none, calls = rm.economics.read_levels(path)
    assert none.cost == 0
    assert calls.cost_in("mills") == 9
    assert calls.retention == rm.economics.Effect(0.2, 0.1)
    with pytest.raises(DataError, match=r"no segment 'mill'.*Did you mean 'mills'"):
        calls.cost_in("mill")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("levels:\n  a: {}\n  b: {cost: 0}", "level 'b' costs nothing, yet it does more than 'a'"),
        ("levels:\n  a: {}\n  b: {cost: -3}", "level 'b' must cost 0 or more a year; found -3"),
        ("levels:\n  a: {}\n  b: {cost: {homes: 0}}", "level 'b' in segment 'homes' costs nothing"),
        ("levels:\n  a: {}", "at least two names"),
        ("levels:\n  a: {}\n  b: {costs: 3}", "no key 'costs'.*Did you mean 'cost'"),
        ("levels:\n  a: {}\n  b: {annual_margin: 3}", "an effect is written"),
        ("- a", "must hold names with values"),
        ("levels: [", "is not YAML at line 1"),
    ],
)
def test_invalid_levels_are_refused(tmp_path, text, words) -> None:
    path = tmp_path / "levels.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        rm.economics.read_levels(path)


def test_effects_are_odds_ratios_in_logarithms() -> None:
    effect = rm.economics.Effect.from_odds_ratio(1.5, 0.1)
    assert effect.odds_ratio == pytest.approx(1.5, rel=1e-15)
    assert effect.sd == 0.1
    with pytest.raises(ParameterError, match="an odds ratio is a number above 0"):
        rm.economics.Effect.from_odds_ratio(0)
    with pytest.raises(LadderError, match="no rung"):
        rm.economics.RelationshipLevel("x", cost={"rep": 1}).costs_by_rung(["repeat"])


def test_costs_are_one_number_or_by_name() -> None:
    level = rm.economics.RelationshipLevel
    assert level("calls", cost=3).cost_in("mills") == 3
    assert math.isnan(level("calls").cost_in("mills"))
    assert level("calls", cost=3).costs_by_rung(["x", "y"]).tolist() == [3, 3]
    assert level("calls").costs_by_rung(["x"]).tolist() == [0]
    assert level("calls", cost={"y": 2}).costs_by_rung(["x", "y"]).tolist() == [0, 2]
    with pytest.raises(LadderError, match="level 'calls': no rung 'z'"):
        level("calls", cost={"z": 2}).costs_by_rung(["x", "y"])
    with pytest.raises(DataError, match="every level must have its own name; found a, a"):
        checked_levels([level("a"), level("a", cost=1)])
    assert level_names()[0] == "basic"


@pytest.mark.parametrize("given", [(math.nan, 0.1), (0.1, -0.1), (0.1, math.inf)])
def test_an_effect_is_finite_with_a_deviation_of_0_or_more(given) -> None:
    with pytest.raises(ParameterError, match="an effect is a finite number with an sd of 0 or"):
        rm.economics.Effect(*given)
    assert rm.economics.Effect(0.0, 0.0).odds_ratio == 1
    for ratio in (0, math.inf):
        with pytest.raises(ParameterError, match="an odds ratio is a number above 0"):
            rm.economics.Effect.from_odds_ratio(ratio)

from dataclasses import replace

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.economics.next_action.actions import (
    action_gains,
    break_even_effects,
    check_grow_cost,
    draw_effects,
)
from relmark_research.economics.next_action.residual_value import ResidualDraws
from relmark_research.errors import ParameterError


def test_gains_by_hand() -> None:
    one = np.array([[100.0, -10.0]])
    future = ResidualDraws(
        one, 3 * np.abs(one), np.full((1, 2), 8.0), np.full((1, 2), 2.0), np.ones(1)
    )
    actions = rm.economics.Actions(grow_cost=4.0)
    effects = {name: np.full(2, value) for name, value in
               (("lift", 0.1), ("loss", 0.03), ("elasticity", 2.0))}  # fmt: skip
    found = action_gains(future, actions, effects)
    assert found["grow"].tolist() == [[2.0, -9.0]]
    assert found["serve more cheaply"][0].tolist() == pytest.approx([1.0, 4.3])
    assert found["reprice"][0].tolist() == pytest.approx([0.9 * 115 - 100, 0.9 * -8.5 + 10])
    assert found["end"].tolist() == [[-92.0, 18.0]]
    assert not found["keep"].any()


def test_gains_are_zero_at_break_even_effects() -> None:
    future = ResidualDraws(*(np.array([[value]]) for value in (60.0, 200.0, 9.0, 2.0)), np.ones(1))
    actions = rm.economics.Actions(grow_cost=4.0)
    even = break_even_effects(60.0, 200.0, 9.0, 8.0, actions)
    effects = {
        "lift": np.array([even["grow"]]),
        "loss": np.array([even["serve more cheaply"]]),
        "elasticity": np.array([even["reprice"]]),
    }
    found = action_gains(future, actions, effects)
    for name in even:
        assert found[name][0, 0] == pytest.approx(0, abs=1e-9), name


def test_effects_are_drawn_around_their_estimates() -> None:
    drawn = draw_effects(rm.economics.Actions(), 20_000, np.random.default_rng(0))
    assert drawn["lift"].mean() == pytest.approx(0.1, abs=0.002)
    assert drawn["elasticity"].std() == pytest.approx(0.75, abs=0.02)
    assert (drawn["loss"] >= 0).all()


def test_invalid_actions_and_terms_raise() -> None:
    for wrong, words in (
        ({"grow_cost": 0.0}, "grow_cost must be money above 0; found 0.0"),
        ({"service_saving": 1.5}, r"a share in \(0, 1\]; found 1.5"),
        ({"price_increase": 5}, "0.05 for 5%; found 5"),
        ({"end_certainty": 0.4}, r"a probability in \(0.5, 1\); found 0.4"),
        ({"min_gain": -1}, "money, 0 or more; found -1"),
    ):
        with pytest.raises(ParameterError, match=words):
            replace(rm.economics.Actions(), **wrong)
    with pytest.raises(ParameterError, match="detection_lag must be finite"):
        rm.economics.FutureTerms(detection_lag="for ever")
    with pytest.raises(ParameterError, match="draws must be at least 100; found 5"):
        rm.economics.FutureTerms(draws=5)
    with pytest.raises(ParameterError, match="an effect is a finite number"):
        rm.economics.Effect(0.1, -0.2)


def test_the_cost_of_growing_is_one_number_or_one_per_segment() -> None:
    assert rm.economics.Actions(grow_cost=4).grow_cost_in("homes") == 4
    by_segment = rm.economics.Actions(grow_cost={"homes": 3})
    assert by_segment.grow_cost_in("homes") == 3
    with pytest.raises(ParameterError, match=r"no segment 'mills'.*Set a cost for every segment"):
        by_segment.grow_cost_in("mills")
    for wrong in (0, np.inf):
        with pytest.raises(ParameterError, match=f"money above 0; found {wrong} for homes"):
            rm.economics.Actions(grow_cost={"homes": wrong})


def test_the_cost_of_all_is_that_of_segments_without_their_own() -> None:
    actions = rm.economics.Actions(grow_cost={"all": 12.0, "mills": 40.0})
    assert (actions.grow_cost_in("homes"), actions.grow_cost_in("mills")) == (12, 40)


def test_a_cost_of_a_segment_that_does_not_exist_is_refused() -> None:
    check_grow_cost({"all": 12.0}, [])
    check_grow_cost(5.0, [])
    check_grow_cost({"mills": 12.0}, ["mills", "homes"])
    with pytest.raises(ParameterError, match=r"no segment 'mill'; there are: homes, mills"):
        check_grow_cost({"mill": 12.0}, ["mills", "homes"])

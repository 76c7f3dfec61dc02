"""The best level on each rung, by policy iteration."""

import dataclasses
import itertools

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.level_policy import (
    policy_iteration,
    with_odds_ratios,
)
from relmark_research.errors import LadderError, ParameterError
from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import STATES, TRUE, true_chain

level, ratio = rm.economics.RelationshipLevel, rm.economics.Effect.from_odds_ratio
NO_EFFECT = rm.economics.Effect(0.0)

RECENCY = np.array([[.3, .7, 0, 0, 0], [.2, 0, .8, 0, 0], [.15, 0, 0, .85, 0],
                    [.05, 0, 0, 0, .95], [0, 0, 0, 0, 1]])  # fmt: skip


def test_policy_iteration_finds_where_to_stop_mailing():
    """Of mail (as they are) and leave (gone for good), leaving pays from recency 4 on."""
    leave = np.tile([0, 0, 0, 0, 1.0], (5, 1))
    reward = np.array([[36, -4, -4, -4, 0], [40, 0, 0, 0, 0]], float)
    action, worth = policy_iteration(np.stack([RECENCY, leave]), reward, 1 / 1.2)
    assert action.tolist() == [0, 0, 0, 1, 0]
    np.testing.assert_allclose(worth, [53.149, 6.621, 2.644, 0, 0], atol=5e-4)


def test_levels_multiply_the_odds_of_moving():
    rank = np.array([0, 1, 2, 3, -1])
    P = with_odds_ratios(TRUE, rank, 1.5, 0.5)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    odds = P[1, 2:] / P[1, 1] / (TRUE[1, 2:] / TRUE[1, 1])
    np.testing.assert_allclose(odds, [1.5, 1.5, 0.5])
    np.testing.assert_allclose(with_odds_ratios(TRUE, rank, 1.0, 1.0), TRUE)


def test_the_best_policy_beats_every_other_one(chain):
    levels = [
        level("basic"),
        level("reactive", cost=2.4, climb=ratio(1.1), fall=ratio(0.95)),
        level(
            "proactive",
            cost={"repeat": 12.0, "advocate": 12, "first-time": 12, "prospect": 12, "lost": 12},
            climb=ratio(1.3),
            fall=ratio(0.8),
        ),
    ]
    margin = {"prospect": 0, "first-time": 32, "repeat": 56, "advocate": 120, "lost": 0}
    terms = {"annual_margin_by_rung": margin, "annual_discount_rate": 0.1}
    found = rm.economics.best_levels(chain, levels, **terms)
    P, rank = chain.probabilities, chain.rank
    under = np.stack([with_odds_ratios(P, rank, *odds_ratios(one)) for one in levels])
    annual = [np.array(list(margin.values())) - one.costs_by_rung(STATES) for one in levels]
    reward = np.stack(annual) / 4
    best = max(
        markov.discounted_values(
            under[list(choice), range(5)], reward[list(choice), range(5)], 1.1**-0.25
        ).sum()
        for choice in itertools.product(range(3), repeat=5)
    )
    assert found.table["value"].sum() == pytest.approx(best)
    np.testing.assert_allclose(found.probability_best.sum(axis=1), 1)
    assert (found.table["gain"] >= -1e-9).all()
    assert found.table["probability_best"].between(0, 1).all()
    uncertain = [
        levels[0],
        level("reactive", cost=2.4, climb=ratio(1.1, 0.3), fall=ratio(0.95, 0.3)),
        levels[2],
    ]
    less = rm.economics.best_levels(chain, uncertain, **terms)
    assert less.table["probability_best"].mean() < found.table["probability_best"].mean()


@pytest.fixture(scope="module")
def chain() -> rm.ladder.TransitionEstimate:
    return true_chain()


def odds_ratios(one: rm.economics.RelationshipLevel) -> tuple[float, float]:
    return (one.climb or NO_EFFECT).odds_ratio, (one.fall or NO_EFFECT).odds_ratio


def test_a_choice_needs_two_levels_and_known_rungs(chain):
    terms = {"annual_margin_by_rung": dict.fromkeys(STATES, 1.0), "annual_discount_rate": 0.1}
    with pytest.raises(ParameterError, match="at least two levels"):
        rm.economics.best_levels(chain, [level("basic")], **terms)
    with pytest.raises(LadderError, match="no rung 'rep'"):
        rm.economics.best_levels(chain, [level("basic"), level("x", cost={"rep": 1})], **terms)
    bare = dataclasses.replace(chain, period=None)
    with pytest.raises(ParameterError, match="Give period="):
        rm.economics.best_levels(bare, [level("basic"), level("dear", cost=1.0)], **terms)
    found = rm.economics.best_levels(chain, [level("basic"), level("dear", cost=1.0)], **terms)
    assert repr(found).startswith("<LevelPolicy: prospect: basic, first-time: basic")
    assert found._repr_html_().count("<tr>") == 6


def test_a_level_at_its_break_even_is_worth_as_much_as_the_base(chain):
    margin = {"prospect": 0, "first-time": 32, "repeat": 56, "advocate": 120, "lost": 0}
    terms = {"annual_margin_by_rung": margin, "annual_discount_rate": 0.1}
    levels = [level("basic", cost=1.0), level("calls", cost=4.0), level("gold", cost=1e6)]
    found = rm.economics.break_even_climb(chain, levels, "first-time", **terms)
    assert found["annual_cost"].tolist() == [1.0, 4.0, 1e6]
    assert found.loc["basic", "climb_odds_ratio"] == 1.0
    assert np.isnan(found.loc["gold", "climb_odds_ratio"])
    enough = float(found.loc["calls", "climb_odds_ratio"])
    values = rm.economics.best_levels(
        chain, [level("basic", cost=1.0), level("calls", cost=4.0, climb=ratio(enough))], **terms
    ).values.loc["first-time"]
    assert enough > 1
    assert values["calls"] == pytest.approx(values["basic"], rel=1e-9)

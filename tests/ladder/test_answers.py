"""What follows from a matrix: times, chances, numbers, values, and the best level on each rung."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.ladder_policy import (
    applied,
    policy_iteration,
)
from relmark_research.errors import LadderError, ParameterError
from relmark_research.ladder.answers.rung_value import push_gains
from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import IMPOSSIBLE, STATES, TRUE, walk

RECENCY = np.array([[.3, .7, 0, 0, 0], [.2, 0, .8, 0, 0], [.15, 0, 0, .85, 0],
                    [.05, 0, 0, 0, .95], [0, 0, 0, 0, 1]])  # fmt: skip
MATRICES = arrays(float, (4, 4), elements=st.floats(0.01, 1)).map(
    lambda weights: weights / weights.sum(axis=1, keepdims=True)
)


@pytest.fixture(scope="module")
def chances() -> rm.ladder.TransitionEstimate:
    counts = pd.DataFrame(np.round(TRUE * 500), list(STATES), list(STATES))
    return rm.estimate_transitions(counts, beside=["lost"], impossible=IMPOSSIBLE, period="quarter")


def test_pfeifer_and_carraway_for_four_periods_for_ever_and_stopping():
    reward = np.array([36, -4, -4, -4, 0.0])
    four = markov.values_until(RECENCY, reward, 1 / 1.2, 4)
    np.testing.assert_allclose(four, [50.115, 4.220, 0.592, -1.980, 0], atol=5e-4)
    for_ever = markov.values(RECENCY, reward, 1 / 1.2)
    np.testing.assert_allclose(for_ever, [52.320, 5.554, 1.251, -1.820, 0], atol=5e-4)
    cut = RECENCY.copy()
    cut[2, [0, 3, 4]] = 0.15, 0, 0.85
    cut[3] = [0, 0, 0, 0, 1]
    stopped = markov.values(cut, np.array([36, -4, -4, 0, 0.0]), 1 / 1.2)
    np.testing.assert_allclose(stopped[:3], [53.149, 6.621, 2.644], atol=5e-4)


def test_policy_iteration_finds_where_to_stop_mailing():
    """Of mail (as they are) and leave (gone for good), leaving pays from recency 4 on."""
    leave = np.tile([0, 0, 0, 0, 1.0], (5, 1))
    reward = np.array([[36, -4, -4, -4, 0], [40, 0, 0, 0, 0]], float)
    action, worth = policy_iteration(np.stack([RECENCY, leave]), reward, 1 / 1.2)
    assert action.tolist() == [0, 0, 0, 1, 0]
    np.testing.assert_allclose(worth, [53.149, 6.621, 2.644, 0, 0], atol=5e-4)


def test_published_values_by_the_public_call():
    counts = pd.DataFrame(RECENCY * 1000, *[["1", "2", "3", "4", "lost"]] * 2)
    found = rm.estimate_transitions(counts, period="year").value(
        {"1": 36, "2": -4, "3": -4, "4": -4, "lost": 0}, 0.2
    )
    np.testing.assert_allclose(found.table["value"], [52.320, 5.554, 1.251, -1.820, 0], atol=5e-4)


@settings(max_examples=15, deadline=None)
@given(MATRICES, arrays(float, 4, elements=st.floats(-50, 50)), st.floats(0.1, 0.99))
def test_value_solves_its_own_equation(P, margin, discount):
    V = markov.values(P, margin, discount)
    np.testing.assert_allclose(V, margin + discount * P @ V, atol=1e-7)
    np.testing.assert_allclose(V, markov.values_until(P, margin, discount, 4000), atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(MATRICES, st.integers(0, 3))
def test_times_agree_with_the_distribution_summed_out(P, target):
    chance, mean, sd = markov.time_to(P, target)
    np.testing.assert_allclose(chance, 1)
    path = markov.reaching(P, target, 6000)
    hit = np.diff(path, axis=0)
    n = np.arange(1, 6001)[:, None]
    expected = np.delete((n * hit).sum(axis=0), target)
    np.testing.assert_allclose(np.delete(mean, target), expected, rtol=1e-6)
    second = np.delete((n**2 * hit).sum(axis=0), target)
    np.testing.assert_allclose(
        np.delete(sd, target) ** 2, second - expected**2, rtol=1e-5, atol=1e-8
    )


@settings(max_examples=10, deadline=None)
@given(MATRICES)
def test_stationary_shares_are_left_as_they_are(P):
    shares = markov.stationary(P)
    np.testing.assert_allclose(shares @ P, shares, atol=1e-9)
    assert shares.sum() == pytest.approx(1)


def test_resting_numbers_are_left_as_they_are_by_a_period():
    inflow, gone = np.array([100.0, 10, 0, 0, 0]), np.arange(5) == 4
    rest = markov.resting(TRUE, inflow, gone)[:4]
    np.testing.assert_allclose(inflow[:4] + rest @ TRUE[:4, :4], rest)


def test_chance_of_loss_first_is_counted_as_never(chances):
    ways = chances.time_to("advocate", before="lost").table
    Q = TRUE[:3, :3]
    expected = np.linalg.solve(np.eye(3) - Q, TRUE[:3, 3])
    np.testing.assert_allclose(ways["probability"][:3], expected)
    assert np.isnan(ways.loc["lost", "mean"])
    assert (ways["probability_low"] <= ways["probability"]).all()


@pytest.mark.parametrize("target", ["advocate", "lost"])
def test_times_and_chances_match_200000_simulated_customers(chances, target):
    rng = np.random.default_rng(11)
    n, periods, at = 200_000, 60, STATES.index(target)
    path = walk(TRUE, np.full(n, 1), periods, rng)
    there = path == at
    first = np.where(there.any(axis=1), there.argmax(axis=1), np.inf)
    soon = chances.probability_of_reaching(target, 12).loc["first-time", "probability"]
    assert abs((first <= 12).mean() - soon) < 4 * np.sqrt(soon * (1 - soon) / n)
    result = chances.time_to(target)
    cut = result.distribution["first-time"].iloc[-1]
    whole = markov.reaching(TRUE, at, periods - 1)[:, 1]
    mean = (np.arange(1, periods) * np.diff(whole)).sum() / whole[-1]
    seen = first[np.isfinite(first)]
    assert abs(seen.mean() - mean) < 4 * seen.std() / np.sqrt(len(seen))
    assert cut == pytest.approx(1, abs=2e-3)
    assert result.table.loc["first-time", "median"] == np.median(first)


def test_mean_and_spread_of_times_match_a_simulation_to_the_end(chances):
    """Followed until everybody is lost, no cut at all: 200,000 customers."""
    rng = np.random.default_rng(12)
    P = markov.ending(TRUE, 4)
    state, time = np.full(200_000, 2), np.zeros(200_000)
    edges = np.cumsum(P, axis=1)
    while (moving := state != 4).any():
        time[moving] += 1
        draw = rng.random(moving.sum())[:, None]
        state[moving] = (draw > edges[state[moving]]).sum(axis=1)
    row = chances.time_to("lost").table.loc["repeat"]
    assert abs(time.mean() - row["mean"]) < 4 * time.std() / np.sqrt(200_000)
    assert time.std() == pytest.approx(row["sd"], rel=0.02)
    assert np.median(time) == row["median"]


def test_a_projection_holds_what_simulated_people_do(chances):
    rng = np.random.default_rng(13)
    start = {"first-time": 400, "repeat": 300}
    ahead = chances.project(start, 6, inflow={"prospect": 50}, level=0.95)
    people = np.repeat([1, 2], [400, 300])
    path = walk(TRUE, people, 7, rng)
    new = [walk(TRUE, np.zeros(50, int), 7 - t, rng)[:, -1] for t in range(1, 7)]
    ends = np.bincount(np.r_[path[:, -1], np.concatenate(new)], minlength=5)
    last = ahead.table[ahead.table["ahead"] == 6]
    assert last["expected"].sum() == pytest.approx(1000)
    assert ((last["low"] <= ends + 1e-9) & (ends <= last["high"] + 1e-9)).sum() >= 4


def test_steady_state_needs_a_way_out(chances):
    rest = chances.steady_state({"prospect": 100})
    np.testing.assert_allclose(
        rest["expected"][:4], markov.resting(TRUE, np.array([100.0, 0, 0, 0, 0]),
                                             np.arange(5) == 4)[:4]
    )  # fmt: skip
    shares = chances.steady_state()
    assert shares["expected"].sum() == pytest.approx(1)
    endless = pd.DataFrame([[3, 1, 0], [0, 5, 0], [1, 0, 4]], *[["a", "b", "lost"]] * 2)
    found = rm.estimate_transitions(endless, beside=["lost"])
    with pytest.raises(LadderError, match="from a, b nobody is ever gone"):
        found.steady_state({"a": 10})


def test_a_push_is_worth_what_raising_the_chance_changes(chances):
    margin, discount = np.array([0, 10, 25, 60, 0.0]), 0.97
    V = markov.values(TRUE, margin, discount)
    gain, stays = push_gains(TRUE, V, discount)
    for i, j in ((1, 2), (2, 3), (3, 3), (4, 1)):
        step = 1e-6
        moved = TRUE.copy()
        moved[i] *= 1 - step / (1 - TRUE[i, j])
        moved[i, j] = TRUE[i, j] + step
        slope = (markov.values(moved, margin, discount) - V) / step * 0.01
        np.testing.assert_allclose(stays[:, i] * gain[i, j], slope, rtol=1e-3, atol=1e-6)


def test_value_steps_and_pushes_hang_together(chances):
    margin = {"prospect": 0, "first-time": 10, "repeat": 25, "advocate": 60, "lost": 0}
    found = chances.value(margin, 0.1)
    value = found.table["value"]
    assert found.discount == pytest.approx(1.1**-0.25)
    for row in found.steps.itertuples():
        assert row.worth == pytest.approx(value[row.destination] - value[row.origin])
    assert list(found.steps["origin"]) == ["prospect", "first-time", "repeat"]
    assert found.pushes["total"].is_monotonic_decreasing
    assert found.pushes["best"].sum() == pytest.approx(1)
    assert (found.table["low"] < value)[:4].all() and (value < found.table["high"])[:4].all()


def test_levels_change_odds_and_nothing_else():
    rank = np.array([0, 1, 2, 3, -1])
    P = applied(TRUE, rank, 1.5, 0.5)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    odds = P[1, 2:] / P[1, 1] / (TRUE[1, 2:] / TRUE[1, 1])
    np.testing.assert_allclose(odds, [1.5, 1.5, 0.5])
    np.testing.assert_allclose(applied(TRUE, rank, 1.0, 1.0), TRUE)


def test_the_best_policy_beats_every_other_one(chances):
    levels = [
        rm.economics.RelationshipLevel("basic"),
        rm.economics.RelationshipLevel("reactive", cost=0.6, climb=1.1, fall=0.95),
        rm.economics.RelationshipLevel(
            "proactive",
            cost={"repeat": 3.0, "advocate": 3, "first-time": 3, "prospect": 3, "lost": 3},
            climb=1.3,
            fall=0.8,
        ),
    ]
    margin = {"prospect": 0, "first-time": 8, "repeat": 14, "advocate": 30, "lost": 0}
    found = rm.economics.best_levels(
        chances, levels, margin_by_rung=margin, annual_discount_rate=0.1
    )
    P, rank = chances.probabilities, chances.rank
    under = np.stack([applied(P, rank, one.climb, one.fall) for one in levels])
    reward = np.stack([np.array(list(margin.values())) - one.costs(STATES) for one in levels])
    best = max(
        markov.values(
            under[list(choice), range(5)], reward[list(choice), range(5)], 1.1**-0.25
        ).sum()
        for choice in itertools.product(range(3), repeat=5)
    )
    assert found.table["value"].sum() == pytest.approx(best)
    np.testing.assert_allclose(found.chances.sum(axis=1), 1)
    assert (found.table["gain"] >= -1e-9).all()
    assert found.table["certainty"].between(0, 1).all()
    doubtful = [
        levels[0],
        rm.economics.RelationshipLevel("reactive", 0.6, 1.1, 0.95, 0.3, 0.3),
        levels[2],
    ]
    less = rm.economics.best_levels(
        chances, doubtful, margin_by_rung=margin, annual_discount_rate=0.1
    )
    assert less.table["certainty"].mean() < found.table["certainty"].mean()


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda c: c.time_to("advocat"), LadderError, "no rung 'advocat'.*Did you mean 'advocate'"),
        (lambda c: c.probability_of_reaching("lost", -1), ParameterError, "number of periods"),
        (lambda c: c.probability_of_reaching("lost", "for ever"), ParameterError, "must end"),
        (lambda c: c.project({"first": 3}, 2), LadderError, "start: no rung 'first'"),
        (lambda c: c.project({"repeat": -3}, 2), ParameterError, "0 or more; found -3"),
        (lambda c: c.project({"repeat": 3}, 0), ParameterError, "at least 1"),
        (lambda c: c.project(None, 2), ParameterError, "start must say"),
        (lambda c: c.value({"repeat": 3}, 0.1), ParameterError, "found none for prospect"),
        (lambda c: c.value(dict.fromkeys(STATES, 1) | {"x": 2}, 0.1), LadderError, "no rung 'x'"),
        (lambda c: c.value(dict.fromkeys(STATES, 1), 0), ParameterError, "rate above 0"),
        (lambda c: c.intervals(95), ParameterError, "a level is a probability"),
        (lambda c: c.intervals("0.95"), ParameterError, "found the text '0.95'"),
        (
            lambda c: rm.economics.best_levels(
                c,
                [rm.economics.RelationshipLevel("basic")],
                margin_by_rung={},
                annual_discount_rate=0.1,
            ),
            ParameterError,
            "at least two levels",
        ),
        (
            lambda c: rm.economics.RelationshipLevel("x", climb=0),
            ParameterError,
            "a factor on odds",
        ),
        (
            lambda c: rm.economics.RelationshipLevel("x", {"rep": 1}).costs(STATES),
            LadderError,
            "no rung",
        ),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(chances, ask, error, message):
    with pytest.raises(error, match=message):
        ask(chances)


def test_lengths_of_time_become_whole_periods(chances):
    year, four = (chances.probability_of_reaching("advocate", n) for n in ("12 months", 4))
    pd.testing.assert_frame_equal(year, four)

"""Projections against powers of the matrix and simulated people; the steady state."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import LadderError
from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import STATES, TRUE, estimate, walk


def test_two_steps_are_the_matrix_squared(history):
    found = estimate(history)
    start = dict.fromkeys(STATES, 100.0)
    ahead = found.project(start, 2).wide().iloc[-1].to_numpy()
    P = found.probabilities
    np.testing.assert_allclose(ahead, np.full(5, 100.0) @ np.linalg.matrix_power(P, 2))


def test_bare_numbers_may_be_quarters_long(history):
    found = estimate(history, period="quarter")
    assert found.history.occupancy().index.tolist() == [str(k) for k in range(9)]
    assert found.project(periods=1).table["period"].unique().tolist() == ["8", "9"]
    assert found.value(dict.fromkeys(STATES, 1.0), 0.1).discount_factor == pytest.approx(1.1**-0.25)


def test_projection_intervals_hold_simulated_numbers(chain):
    rng = np.random.default_rng(13)
    start = {"first-time": 400, "repeat": 300}
    ahead = chain.project(start, 6, inflow={"prospect": 50}, level=0.95)
    people = np.repeat([1, 2], [400, 300])
    path = walk(TRUE, people, 7, rng)
    new = [walk(TRUE, np.zeros(50, int), 7 - t, rng)[:, -1] for t in range(1, 7)]
    ends = np.bincount(np.r_[path[:, -1], np.concatenate(new)], minlength=5)
    last = ahead.table[ahead.table["periods_ahead"] == 6]
    assert last["expected"].sum() == pytest.approx(1000)
    assert ((last["low"] <= ends + 1e-9) & (ends <= last["high"] + 1e-9)).sum() >= 4


def test_a_steady_state_needs_an_accessible_absorbing_state(chain):
    steady = chain.steady_state({"prospect": 100})
    np.testing.assert_allclose(
        steady["expected"][:4], markov.steady_state_numbers(TRUE, np.array([100.0, 0, 0, 0, 0]),
                                             np.arange(5) == 4)[:4]
    )  # fmt: skip
    shares = chain.steady_state()
    assert shares["expected"].sum() == pytest.approx(1)
    endless = pd.DataFrame([[3, 1, 0], [0, 5, 0], [1, 0, 4]], *[["a", "b", "lost"]] * 2)
    found = rm.estimate_transitions(endless, off_ladder=["lost"])
    with pytest.raises(LadderError, match="people on a, b never reach"):
        found.steady_state({"a": 10})


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"periods": 0}, rm.ParameterError, "at least 1; found 0"),
        ({"periods": 1.5}, rm.ParameterError, "whole number of at least 1; found 1.5"),
        ({"start": None}, rm.ParameterError, "made from counts and does not know them"),
        ({"start": {"client": 1}}, LadderError, "start: no rung 'client'"),
        ({"start": {"repeat": -1}}, rm.ParameterError, "0 or more; found -1 on repeat"),
        ({"start": {"repeat": np.nan}}, rm.ParameterError, "0 or more; found nan on repeat"),
        ({"inflow": {"client": 1}}, LadderError, "inflow: no rung 'client'"),
    ],
)
def test_a_projection_needs_people_and_periods(chain, given, error, said):
    given = {"start": {"repeat": 100}, "periods": 2} | given
    with pytest.raises(error, match=said):
        chain.project(given.pop("start"), given.pop("periods"), **given)


def test_nobody_on_a_rung_and_one_period_are_enough(chain):
    found = chain.project({"repeat": 0}, 1, inflow={"prospect": 7}).table
    assert found.loc[found["periods_ahead"] == 1, "expected"].sum() == pytest.approx(7)


def test_a_steady_state_with_inflow_needs_a_way_out():
    counts = pd.DataFrame([[3, 1], [2, 4]], ["x", "y"], ["x", "y"])
    found = rm.estimate_transitions(counts)
    with pytest.raises(rm.ParameterError, match="a steady state only if people leave"):
        found.steady_state({"x": 5})

"""Formulas of the Markov chain: published values and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import TRUE

RECENCY = np.array([[.3, .7, 0, 0, 0], [.2, 0, .8, 0, 0], [.15, 0, 0, .85, 0],
                    [.05, 0, 0, 0, .95], [0, 0, 0, 0, 1]])  # fmt: skip


MATRICES = arrays(float, (4, 4), elements=st.floats(0.01, 1)).map(
    lambda weights: weights / weights.sum(axis=1, keepdims=True)
)


def test_published_values_of_pfeifer_and_carraway():
    reward = np.array([36, -4, -4, -4, 0.0])
    four = markov.finite_horizon_values(RECENCY, reward, 1 / 1.2, 4)
    np.testing.assert_allclose(four, [50.115, 4.220, 0.592, -1.980, 0], atol=5e-4)
    infinite = markov.discounted_values(RECENCY, reward, 1 / 1.2)
    np.testing.assert_allclose(infinite, [52.320, 5.554, 1.251, -1.820, 0], atol=5e-4)
    cut = RECENCY.copy()
    cut[2, [0, 3, 4]] = 0.15, 0, 0.85
    cut[3] = [0, 0, 0, 0, 1]
    stopped = markov.discounted_values(cut, np.array([36, -4, -4, 0, 0.0]), 1 / 1.2)
    np.testing.assert_allclose(stopped[:3], [53.149, 6.621, 2.644], atol=5e-4)


@settings(max_examples=15, deadline=None)
@given(MATRICES, arrays(float, 4, elements=st.floats(-50, 50)), st.floats(0.1, 0.99))
def test_value_solves_its_own_equation(P, margin, discount):
    V = markov.discounted_values(P, margin, discount)
    np.testing.assert_allclose(V, margin + discount * P @ V, atol=1e-7)
    np.testing.assert_allclose(
        V, markov.finite_horizon_values(P, margin, discount, 4000), atol=1e-5
    )


@settings(max_examples=15, deadline=None)
@given(MATRICES, st.integers(0, 3))
def test_times_agree_with_the_distribution_summed_out(P, target):
    probability, mean, sd = markov.first_passage_times(P, target)
    np.testing.assert_allclose(probability, 1)
    path = markov.first_passage_distribution(P, target, 6000)
    arrivals = np.diff(path, axis=0)
    n = np.arange(1, 6001)[:, None]
    expected = np.delete((n * arrivals).sum(axis=0), target)
    np.testing.assert_allclose(np.delete(mean, target), expected, rtol=1e-6)
    second = np.delete((n**2 * arrivals).sum(axis=0), target)
    np.testing.assert_allclose(
        np.delete(sd, target) ** 2, second - expected**2, rtol=1e-5, atol=1e-8
    )


@settings(max_examples=10, deadline=None)
@given(MATRICES)
def test_the_stationary_distribution_is_invariant(P):
    shares = markov.stationary_distribution(P)
    np.testing.assert_allclose(shares @ P, shares, atol=1e-9)
    assert shares.sum() == pytest.approx(1)


def test_steady_state_numbers_are_invariant():
    inflow, absorbing = np.array([100.0, 10, 0, 0, 0]), np.arange(5) == 4
    numbers = markov.steady_state_numbers(TRUE, inflow, absorbing)[:4]
    np.testing.assert_allclose(inflow[:4] + numbers @ TRUE[:4, :4], numbers)


def test_a_state_is_reached_by_as_many_steps_as_there_are_states():
    chain = np.diag([0.5] * 3, k=1) + np.diag([0.5, 0.5, 0.5, 1])
    assert markov.can_reach(chain, 3).tolist() == [True] * 4
    assert markov.can_reach(chain, 0).tolist() == [True, False, False, False]
    assert markov.can_reach(np.stack([np.eye(4), chain]), 3).all()  # in any draw


def test_a_quantile_is_the_first_period_that_reaches_it():
    path = np.array([[0.0, 0.0], [0.5, 0.1], [0.75, 0.2]])
    assert markov.first_passage_quantile(path, 0.5).tolist() == [1, np.inf]
    assert markov.first_passage_quantile(path, 0.75).tolist() == [2, np.inf]
    assert markov.first_passage_quantile(path, 0.1).tolist() == [1, 1]

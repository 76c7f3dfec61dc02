"""Renewals of k phases each: sums and integrals against direct sums, and against each other."""

import numpy as np
import pytest
from scipy import special, stats

from relmark_research.stats import renewals
from relmark_research.stats.renewals import mean_renewals


def directly(r, z, a, b, idle, k, survival):
    """Return the mean by the definition, term by term."""
    weights = np.array([special.poch(r, j) / special.factorial(j) * idle**j for j in range(k)])
    total, n = 0.0, np.arange(4000)
    stays = np.exp(special.betaln(a, b + n) - special.betaln(a, b))
    gained = np.concatenate([[0.0], np.cumsum(stays)[:-1]])
    for j, weight in enumerate(weights / weights.sum()):
        chance = stats.nbinom(r + j, 1 / (1 + z)).pmf(n)
        total += weight * chance @ (stays if survival else gained)[(j + n) // k]
    return total


@pytest.mark.parametrize("k", [1, 2, 5, 12])
@pytest.mark.parametrize("survival", [False, True])
@pytest.mark.every(2)
def test_it_is_the_definition(k, survival):
    rng = np.random.default_rng(k)
    columns = rng.uniform([0.1, 0.01, 0.2, 0.2, 0.0], [30, 9, 3, 9, 1], (40, 5)).T
    found = mean_renewals(*columns, k=k, survival=survival)
    expected = [directly(*row, k, survival) for row in columns.T]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3, 12])
@pytest.mark.parametrize("survival", [False, True])
def test_sums_and_integrals_agree(k, survival):
    rng = np.random.default_rng(k)
    low, high = [0.1, 0.3, 0.2, 0.2, 0.0], [30, 12, 3, 30, 1]
    columns = tuple(rng.uniform(low, high, (60, 5)).T)
    summed = renewals._by_phases(columns, k, survival)
    averaged = renewals._by_roots(columns, k, survival)
    np.testing.assert_allclose(averaged, summed, rtol=1e-10, atol=1e-14)


def test_long_times_and_many_phases_are_integrated():
    assert mean_renewals(2.0, 5000.0, 1.5, 3.0, 0.2, k=3) < 3.5 / 0.5  # (a + b - 1) / (a - 1)
    near, far = mean_renewals(900.0, np.array([0.4, 0.5]), 0.5, 40.0, 0.01, k=3)
    assert 60 < near < far < 150


def test_no_time_and_missing_times():
    found = mean_renewals(2.0, np.array([0.0, np.nan]), 1.0, 2.0, 0.3, k=2)
    assert found[0] == 0
    assert np.isnan(found[1])
    assert mean_renewals(2.0, 0.0, 1.0, 2.0, 0.3, k=2, survival=True) == pytest.approx(1.0)


def test_probabilities_of_a_negative_binomial():
    m = np.arange(-1, 60)
    found = renewals.negative_binomial_pmf(m, 2.5, 1.7)
    np.testing.assert_allclose(found, stats.nbinom(2.5, 1 / 2.7).pmf(m), rtol=1e-10)
    assert renewals.negative_binomial_pmf(0, 2.5, 0.0) == 1

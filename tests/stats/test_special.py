"""Differences of log-gamma functions against sums of logarithms and exact values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from relmark_research.stats.special import (
    digamma_difference,
    log_beta,
    log_beta_ratio,
    log_rising_factorial,
    trigamma,
    trigamma_difference,
)


@settings(max_examples=60, deadline=None)
@given(z=st.floats(0.01, 1e7), x=st.integers(0, 60))
def test_differences_are_sums_over_the_factors(z, x):
    steps = z + np.arange(x)
    assert log_rising_factorial(z, x) == pytest.approx(np.log(steps).sum(), rel=1e-12, abs=1e-12)
    assert digamma_difference(z, x) == pytest.approx((1 / steps).sum(), rel=1e-11, abs=1e-18)
    squares = (steps**-2.0).sum()
    assert trigamma_difference(z, x) == pytest.approx(-squares, rel=1e-10, abs=1e-25)
    assert trigamma(z) - trigamma(z + x) == pytest.approx(squares, rel=1e-5, abs=1e-12)


def test_small_and_large_arguments_are_mixed():
    z, x = np.array([0.5, 15.9, 16.0, 1e8]), np.array([2.5, 0.0, 7.3, 1.5])
    found = log_rising_factorial(z, x)
    np.testing.assert_allclose(found[:3], special.gammaln(z + x)[:3] - special.gammaln(z)[:3])
    assert found[3] == pytest.approx(1.5 * np.log(1e8), rel=1e-9)
    for each, expected in ((digamma_difference, special.digamma), (trigamma_difference, trigamma)):
        np.testing.assert_allclose(each(z, x)[:3], (expected(z + x) - expected(z))[:3], rtol=1e-10)


def test_trigamma_against_scipy():
    z = np.array([1e-3, 0.5, 1.0, 40.0])
    np.testing.assert_allclose(trigamma(z), special.polygamma(1, z), rtol=1e-14)


def test_log_beta_of_unlike_arguments():
    assert log_beta(1.0, 1e10) == pytest.approx(-np.log(1e10), rel=1e-14)
    assert log_beta(1e10, 2.0) == pytest.approx(-np.log(1e10) - np.log(1e10 + 1), rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(b=st.floats(1e-3, 1e12), u=st.floats(0.01, 1e6))
def test_log_beta_ratio_with_a_of_one_and_of_two(b, u):
    # B(1, b + u) / B(1, b) = b / (b + u)
    exact = -np.log1p(u / b)
    assert float(log_beta_ratio(1.0, b, u)) == pytest.approx(exact, rel=1e-11, abs=1e-16)
    exact -= np.log1p(u / (b + 1))
    assert float(log_beta_ratio(2.0, b, u)) == pytest.approx(exact, rel=1e-11, abs=1e-16)

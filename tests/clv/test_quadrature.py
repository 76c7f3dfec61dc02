"""Means and integrals whose value is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from relmark_research.clv.families import _beta_geometric
from relmark_research.stats.quadrature import beta_nodes, in_blocks, span_nodes
from relmark_research.stats.special import digamma_rise, log_beta, log_rising, trigamma

SHAPE = st.floats(0.02, 5000)


@settings(max_examples=60, deadline=None)
@given(a=SHAPE, b=SHAPE)
def test_beta_moments(a, b):
    nodes = beta_nodes(np.array(a), np.array(b))
    mean = a / (a + b)
    assert nodes.weights.sum() == pytest.approx(1, rel=1e-12)
    assert nodes.mean(nodes.p) == pytest.approx(mean, rel=1e-9)
    assert nodes.mean(nodes.p**2) == pytest.approx(mean * (a + 1) / (a + b + 1), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(a=st.floats(0.05, 800), b=st.floats(0.05, 5000), r=st.floats(0.05, 5000),
       alpha=st.floats(0.05, 1000), t=st.floats(0.1, 1500))  # fmt: skip
def test_slope_of_expected_purchases_is_discounted_back(a, b, r, alpha, t):
    """At no discount the value is the expectation; the value grows by exp(-delta t) dE."""
    at = (r, alpha, a, b)
    assert _beta_geometric.discounted_purchases(*at, 0.0, t) == pytest.approx(
        _beta_geometric.purchases(*at, t)
    )
    near, far = (_beta_geometric.discounted_purchases(*at, 0.01, t * way) for way in (1.0, 1.001))
    grown = _beta_geometric.purchases(*at, t * 1.001) - _beta_geometric.purchases(*at, t)
    low, high = np.exp(-0.01 * t * 1.001) * grown, np.exp(-0.01 * t) * grown
    slack = 1e-8 * far
    assert low - slack <= far - near <= high + slack


@pytest.mark.parametrize("horizon", [8.0, 500.0, np.inf])
def test_discounted_purchases_by_adaptive_quadrature(horizon):
    """(r / alpha) E (1 + p s / alpha)^-(r + 1) exp(-delta s), integrated over s by scipy."""
    r, alpha, a, b, delta = 3.2, 43.0, 0.8, 5.4, 0.01
    nodes = beta_nodes(np.array(a), np.array(b), 400)

    def rate(s):
        return r / alpha * nodes.mean((1 + nodes.p * s / alpha) ** -(r + 1)) * np.exp(-delta * s)

    ends = [0, *[e for e in (20, 200) if e < horizon], min(horizon, 4000)]
    exact = sum(
        integrate.quad(rate, low, high, epsabs=0, epsrel=1e-12)[0] for low, high in pairwise(ends)
    )
    found = _beta_geometric.discounted_purchases(r, alpha, a, b, delta, horizon)
    assert found == pytest.approx(exact, rel=1e-10)


def test_span_integrates_what_is_fast_and_slow():
    s, weights = span_nodes(np.array([1.0, 3000.0]), np.array([0.01, 0.5]))
    found = np.sum(weights * (1 + s) ** -2, axis=1)
    np.testing.assert_allclose(found, [0.5, 3000 / 3001], rtol=1e-11)


def test_blocks_change_nothing():
    one, other = np.arange(1000.0)[:, None], np.array([1.0, 2.0])
    found = in_blocks(lambda a, b: a * b, (one, other), width=1 << 17)
    np.testing.assert_array_equal(found, one * other)
    assert in_blocks(lambda a: a, (3.0,), width=1).shape == ()


@settings(max_examples=60, deadline=None)
@given(z=st.floats(0.01, 1e7), x=st.integers(0, 60))
def test_rising_factorials_are_sums_of_logs(z, x):
    steps = z + np.arange(x)
    assert log_rising(z, x) == pytest.approx(np.log(steps).sum(), rel=1e-12, abs=1e-12)
    assert digamma_rise(z, x) == pytest.approx((1 / steps).sum(), rel=1e-11, abs=1e-18)
    assert trigamma(z) - trigamma(z + x) == pytest.approx((steps**-2.0).sum(), rel=1e-5, abs=1e-12)


def test_log_beta_of_unlike_arguments():
    assert log_beta(1.0, 1e10) == pytest.approx(-np.log(1e10), rel=1e-14)
    assert log_beta(1e10, 2.0) == pytest.approx(-np.log(1e10) - np.log(1e10 + 1), rel=1e-14)

"""Means over the dropout probability against adaptive quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from relmark_research.clv.families import _beta_geometric
from relmark_research.stats.quadrature import beta_nodes


@settings(max_examples=40, deadline=None)
@given(a=st.floats(0.05, 800), b=st.floats(0.05, 5000), r=st.floats(0.05, 5000),
       alpha=st.floats(0.05, 1000), t=st.floats(0.1, 1500))  # fmt: skip
def test_slope_of_expected_purchases_is_discounted_back(a, b, r, alpha, t):
    """At no discount the value is the expectation; the value grows by exp(-delta t) dE."""
    at = (r, alpha, a, b)
    assert _beta_geometric.discounted_purchases(*at, 0.0, t) == pytest.approx(
        _beta_geometric.expected_purchases(*at, t)
    )
    near, far = (_beta_geometric.discounted_purchases(*at, 0.01, t * way) for way in (1.0, 1.001))
    grown = _beta_geometric.expected_purchases(*at, t * 1.001) - _beta_geometric.expected_purchases(
        *at, t
    )
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

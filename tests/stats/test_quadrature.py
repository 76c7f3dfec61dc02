"""Expectations and integrals whose value is known."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from relmark_research.stats.quadrature import (
    _bisect,
    beta_nodes,
    decay_nodes,
    discounted_survival,
    in_blocks,
    log_unimodal_integral,
    negligible_after,
)

SHAPE = st.floats(0.02, 5000)


@settings(max_examples=60, deadline=None)
@given(a=SHAPE, b=SHAPE)
def test_beta_moments(a, b):
    nodes = beta_nodes(np.array(a), np.array(b))
    mean = a / (a + b)
    assert nodes.weights.sum() == pytest.approx(1, rel=1e-12)
    assert nodes.mean(nodes.p) == pytest.approx(mean, rel=1e-9)
    assert nodes.mean(nodes.p**2) == pytest.approx(mean * (a + 1) / (a + b + 1), rel=1e-9)


@pytest.mark.parametrize(("a", "b", "z"), [(0.8, 5.4, 1e3), (2.0, 900.0, 50.0), (0.1, 0.1, 1e6)])
def test_an_expectation_with_a_knee_against_the_hypergeometric_function(a, b, z):
    # E (1 + p z)^-c = 2F1(c, a; a + b; -z)
    nodes = beta_nodes(np.array(a), np.array(b), knee=np.array(-np.log(z)))
    found = nodes.mean((1 + nodes.p * z) ** -3.2)
    assert found == pytest.approx(float(mpmath.hyp2f1(3.2, a, a + b, -z)), rel=1e-9)


def test_decaying_functions_fast_and_slow():
    t, weights = decay_nodes(np.array([0.01, 0.5]), np.array([1.0, 3000.0]))
    found = np.sum(weights * (1 + t) ** -2, axis=1)
    np.testing.assert_allclose(found, [0.5, 3000 / 3001], rtol=1e-12)
    t, weights = decay_nodes(np.array(0.5), np.array(700.0))
    assert float((weights * np.exp(-2 * t)).sum()) == pytest.approx(0.5, rel=1e-13)


def test_an_integral_over_nothing_is_zero():
    assert decay_nodes(np.array(1.0), np.array(0.0))[1].sum() == 0


def test_negligible_after_takes_the_first_power_to_vanish():
    slow, fast = (0.1, np.array(1.0)), (30.0, np.array(2.0))
    assert negligible_after((slow, fast)) == negligible_after((fast,)) == 2 * np.expm1(2)


@pytest.mark.parametrize("horizon", [3.0, 200.0, np.inf])
@pytest.mark.parametrize(("s", "beta", "delta"), [(0.6, 11.0, 0.01), (3.0, 0.2, 0.0)])
def test_discounted_survival_by_adaptive_quadrature(s, beta, delta, horizon):
    exact = integrate.quad(
        lambda t: np.exp(-delta * t) * (beta / (beta + t)) ** s, 0, horizon, epsrel=1e-12, limit=500
    )[0]
    found = discounted_survival(np.array(s), np.array(beta), delta, horizon)
    assert float(found) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("rise", "rate"), [(0.0, 0.5), (3.0, 1.5), (5000.0, 0.2)])
def test_unimodal_integrals_meet_their_beta_functions(rise, rate):
    powers = ((np.array(rise + 1 + rate), np.array(2.0)),)
    found = log_unimodal_integral(rise=np.array(rise), powers=powers, end=np.array(1e300))
    exact = special.betaln(rise + 1, rate) + (rise + 1) * np.log(2)
    assert float(found) == pytest.approx(exact, rel=1e-11)


def test_unimodal_integrals_end_before_the_mode():
    one = np.array(1.0)
    found = log_unimodal_integral(4 * one, ((6 * one, 100 * one),), one)
    exact = integrate.quad(lambda t: t**4 * (1 + t / 100) ** -6, 0, 1, epsrel=1e-12)[0]
    assert float(found) == pytest.approx(np.log(exact), rel=1e-11)


def test_blocks_change_nothing():
    one, other = np.arange(1000.0)[:, None], np.array([1.0, 2.0])
    found = in_blocks(lambda a, b: a * b, (one, other), width=1 << 17)
    np.testing.assert_array_equal(found, one * other)
    assert in_blocks(lambda a: a, (3.0,), width=1).shape == ()


def test_bisection_halves_the_interval_each_time():
    """60 halvings reach full precision from any width; every midpoint is within the interval."""
    seen = []

    def below(middle):
        seen.append(middle)
        return middle < np.array([0.3, 7.0, 11.0])

    low, high = np.array([-800.0, 6.0, 1.0]), np.array([1.0, 8.0, 10.0])
    found = _bisect(below, low, high)
    np.testing.assert_allclose(found, [0.3, 7.0, 10.0], rtol=1e-14)  # 10: it holds throughout
    np.testing.assert_array_equal(seen[0], (low + high) / 2)
    assert all(((low <= middle) & (middle <= high)).all() for middle in seen)
    assert len(seen) == 60


def test_bisection_returns_the_start_where_the_condition_never_holds():
    found = _bisect(lambda middle: middle < 0, np.array([2.0]), np.array([10.0]))
    np.testing.assert_allclose(found, [2.0], rtol=1e-15)

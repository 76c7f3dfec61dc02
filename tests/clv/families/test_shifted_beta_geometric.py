"""Shifted beta-geometric against sums term by term and published results."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm

MODEL = rm.ShiftedBetaGeometric(0.668, 3.806)
BASE = rm.ShiftedBetaGeometric(3.80, 15.20)


def test_shares_leaving_follow_the_published_recursion():
    """P(T = t) = P(T = t - 1) (beta + t - 2) / (alpha + beta + t - 1)."""
    share = MODEL.alpha / (MODEL.alpha + MODEL.beta)
    for t in range(1, 30):
        if t > 1:
            share *= (MODEL.beta + t - 2) / (MODEL.alpha + MODEL.beta + t - 1)
        assert np.exp(MODEL.log_likelihood(t, 1)) == pytest.approx(share, rel=1e-12)


def test_retention_rises_though_nobody_changes():
    rates = MODEL.retention_rate(np.arange(1, 20))
    exact = (MODEL.beta + np.arange(19)) / (MODEL.alpha + MODEL.beta + np.arange(19))
    np.testing.assert_allclose(rates, exact, rtol=1e-13)
    assert (np.diff(rates) > 0).all()


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize(("d", "period"), [(0.1, "year"), (0.02, "year"), (0.15, "month")])
def test_residual_lifetime_is_gausss_function(n, d, period):
    rate = np.log1p(d) / {"year": 1, "month": 12}[period]
    alpha, beta = BASE.values
    z = mp.exp(-mp.mpf(rate))
    later = mp.hyp2f1(1, beta + n, alpha + beta + n, z)
    pending = (beta + n - 1) / (alpha + beta + n - 1) * later
    terms = {"annual_discount_rate": d, "period": period}
    found = BASE.expected_residual_lifetime(n, **terms)
    assert float(found) == pytest.approx(float(pending), rel=1e-12)
    renewed = BASE.expected_residual_lifetime(n, renewed=True, **terms)
    assert float(renewed) == pytest.approx(float(later), rel=1e-12)


def test_new_customers_lifetime_starts_with_a_payment():
    t = np.arange(3000)
    exact = (BASE.survival(t) / 1.1**t).sum()
    found = BASE.expected_residual_lifetime(0, annual_discount_rate=0.1, renewed=True)
    assert found == pytest.approx(exact, rel=1e-12)


def test_one_retention_rate_for_all_undervalues_the_base():
    """Fader & Hardie 2010: by 12 percent for chances to leave like these."""
    cohorts = np.arange(1, 6)
    base = 10_000 * BASE.survival(np.arange(4, -1, -1))[::-1]  # under contract n = 1 to 5
    value = base @ BASE.expected_residual_lifetime(cohorts, annual_discount_rate=0.1)
    rate = base[1:].sum() / base[:-1].sum()
    naive = base.sum() * rate * 1.1 / (1.1 - rate)
    assert naive < 0.95 * value


def test_a_common_churn_probability_gives_no_precise_heterogeneity():
    tenure, churned = rm.ShiftedBetaGeometric(2000, 8000).simulate(np.full(5000, 8.0), seed=3)
    fit = rm.ShiftedBetaGeometric.fit(pd.DataFrame({"tenure": tenure, "churned": churned}))
    assert fit.diagnosis.status in {"flat", "at infinity"}
    assert "alpha" in fit.diagnosis.message

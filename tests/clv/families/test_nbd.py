"""NBD: the benchmark without dropout."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from relmark_research.clv.families.nbd import NBD

MODEL = NBD(r=0.4, alpha=4.3)


def test_pmf_is_the_negative_binomial():
    n = np.arange(40)
    expected = stats.nbinom.pmf(n, 0.4, 4.3 / (4.3 + 39))
    np.testing.assert_allclose(MODEL.purchase_pmf(n, 39.0), expected, rtol=1e-12)
    assert MODEL.expected_purchases(39.0) == pytest.approx(0.4 * 39 / 4.3)


def test_likelihood_is_that_of_the_history():
    """Gamma-mixed Poisson moments: int lambda^x exp(-lambda T) dGamma(lambda; r, alpha)."""
    from scipy import integrate

    value, _ = integrate.quad(
        lambda rate: rate**3 * np.exp(-rate * 20) * stats.gamma.pdf(rate, 0.4, scale=1 / 4.3),
        0,
        np.inf,
    )
    assert MODEL.log_likelihood(3, 15.0, 20.0) == pytest.approx(np.log(value), rel=1e-8)


def test_score_is_the_slope_of_the_likelihood():
    data = np.array([0.0, 3.0]), np.array([0.0, 9.0]), np.array([5.0, 30.0])
    for at, row in enumerate(MODEL.score(*data).T):
        own = [column[at] for column in data]
        slope = optimize.approx_fprime(
            MODEL.values, lambda p, own=own: float(NBD(*p).log_likelihood(*own)), 1e-7
        )
        np.testing.assert_allclose(row, slope, rtol=1e-4)


def test_fit_finds_its_parameters():
    x, t_x, T = NBD(0.8, 6.0).simulate(np.full(20_000, 40.0), seed=2)
    fit = NBD.fit(pd.DataFrame({"frequency": x, "recency": t_x, "T": T}))
    assert fit.diagnosis.status == "converged"
    off = np.abs(fit.model.values - [0.8, 6.0]) / fit.standard_errors
    assert (off < 4).all()


def test_no_dropout_and_a_discounted_value():
    assert (MODEL.p_alive(np.arange(3), 0.0, 50.0) == 1).all()
    found = MODEL.discounted_expected_purchases(0.01, 2, 3.0, 10.0)
    assert found == pytest.approx(2.4 / 14.3 / 0.01)
    ahead = MODEL.discounted_expected_purchases(1e-9, 2, 3.0, 10.0, horizon=30)
    assert ahead == pytest.approx(2.4 / 14.3 * 30)

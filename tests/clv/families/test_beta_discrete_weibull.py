"""BdW: the sBG with a chance to leave that changes with tenure."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm

REGULAR = pd.Series([1000, 631, 468, 382, 326, 289, 262, 241])


def test_survival_is_the_mean_over_customers():
    """Against a million simulated chances to leave."""
    model = rm.BetaDiscreteWeibull(0.7, 2.0, 1.4)
    chance = np.random.default_rng(1).beta(0.7, 2.0, 200_000)
    for t in (1, 3, 10):
        own = (1 - chance) ** (t**1.4)
        error = own.std() / np.sqrt(len(own))
        assert abs(own.mean() - model.survival(t)) < 4 * error


@pytest.mark.parametrize(("c", "rises"), [(0.6, True), (1.0, True), (4.0, False)])
def test_c_decides_whether_retention_rises(c, rises):
    rates = rm.BetaDiscreteWeibull(5.0, 40.0, c).retention_rate(np.arange(1, 9))
    assert (np.diff(rates) > 0).all() == rises


def test_fit_is_no_worse_than_sbg_and_equal_where_c_is_one():
    contracts = rm.clv.contract_tenures(REGULAR)
    free, plain = rm.BetaDiscreteWeibull.fit(contracts), rm.ShiftedBetaGeometric.fit(contracts)
    assert free.log_likelihood >= plain.log_likelihood
    same = rm.BetaDiscreteWeibull(*plain.model.values, 1.0)
    tenure, churned = contracts["tenure"].to_numpy(), contracts["churned"].to_numpy()
    total = same.log_likelihood(tenure, churned) @ contracts["n_customers"]
    assert total == pytest.approx(plain.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("horizon", [np.inf, 3])
def test_residual_lifetime_is_the_sum_of_payments(horizon):
    model, d = rm.BetaDiscreteWeibull(0.7, 2.0, 1.4), 0.1
    for n in (1, 4):
        t = np.arange(n, n + min(horizon, 2000))
        exact = (model.survival(t) / model.survival(n - 1) / (1 + d) ** (t - n)).sum()
        found = model.expected_residual_lifetime(n, annual_discount_rate=d, horizon=horizon)
        assert found == pytest.approx(exact, rel=1e-12)


def test_months_are_discounted_by_the_month():
    model = rm.BetaDiscreteWeibull(0.7, 2.0, 1.4)
    t = np.arange(5000)
    exact = (model.survival(t) * 1.1 ** (-t / 12)).sum()
    found = model.expected_residual_lifetime(
        0, annual_discount_rate=0.1, period="month", renewed=True
    )
    assert found == pytest.approx(exact, rel=1e-12)


def test_small_chances_keep_their_digits():
    """One in ten million leaves at each renewal; survival curves differ in the last digits only."""
    model = rm.BetaDiscreteWeibull(1.0, 1e7, 1.0)
    leaving = np.exp(model.log_likelihood(np.array([1, 2, 3]), np.ones(3)))
    t = np.array([1, 2, 3])
    exact = 1e7 / ((1e7 + t - 1) * (1e7 + t))
    np.testing.assert_allclose(leaving, exact, rtol=1e-12)

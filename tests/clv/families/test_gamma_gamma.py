"""Gamma-Gamma against Fader & Hardie's note 025 and CLVTools."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.estimation.uncertainty import slopes
from relmark_research.clv.families.gamma_gamma import GammaGammaLikelihood
from relmark_research.errors import DataError, ParameterError
from tests.clv.families.test_published import printed

NOTE = rm.GammaGamma(6.249349, 3.744256, 15.444307)
HEAVY = rm.GammaGamma(6.25, 0.9, 15.44)


def test_cdnow_parameters_and_likelihood(paid):
    assert printed(paid.model.values, 2) == "6.25 3.74 15.44"
    np.testing.assert_allclose(paid.model.values, NOTE.values, rtol=1e-4)
    assert paid.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert paid.n_customers == 946


def test_cdnow_standard_errors(paid):
    expected = [1.189974, 0.290136, 4.159534]  # CLVTools
    np.testing.assert_allclose(paid.standard_errors, expected, rtol=1e-3)


def test_spend_of_the_note():
    assert printed(NOTE.expected_spend(), 2) == "35.17"
    assert printed(NOTE.conditional_expected_spend(2, 30), 2) == "30.93"
    assert NOTE.conditional_expected_spend(0, np.nan) == NOTE.expected_spend()


def test_repeaters_of_cdnow(cdnow):
    repeat = cdnow.table[cdnow.frequency > 0]
    spend = repeat["monetary_value"]
    assert printed([len(spend), spend.mean(), spend.std(), spend.median()], 0) == "946 35 30 27"
    assert printed([spend.min(), spend.max()], 0) == "3 300"
    assert printed(spend.corr(repeat["frequency"]), 2) == "0.11"


@pytest.mark.parametrize("ask", [lambda m: m.expected_spend(),
                                 lambda m: m.conditional_expected_spend(3, 20.0)])  # fmt: skip
def test_an_undefined_mean_is_rejected_and_the_median_suggested(ask):
    with pytest.raises(ParameterError, match=r"only for q > 1; found q = 0\.9.*median_spend"):
        ask(HEAVY)


def test_no_mean_stops_a_valuation(cdnow, bought):
    with pytest.raises(ParameterError, match="SpendAverage"):
        rm.lifetime_value(bought, HEAVY, cdnow, margin=0.3, annual_discount_rate=0.1)


@pytest.mark.parametrize("model", [NOTE, HEAVY])
def test_half_of_the_customers_spend_more_than_the_median(model):
    rate = np.random.default_rng(1).gamma(model.q, 1 / model.v, 200_000)
    share = (model.p / rate > model.median_spend()).mean()
    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / 200_000)
    posterior = stats.gamma(model.p * 2 + model.q, scale=1 / (model.v + 60))
    half = posterior.cdf(model.p / model.conditional_median_spend(2, 30))
    assert half == pytest.approx(0.5, rel=1e-9)


def test_derivatives_of_the_summed_likelihood():
    x = np.arange(300.0) % 6 + 1
    sums = GammaGammaLikelihood.from_rows((x, NOTE.simulate(x, seed=1)), np.arange(300.0) % 3 + 1)
    at, steps = np.array([5.0, 3.0, 14.0]), np.eye(3) * 1e-5
    for rank in (0, 1):
        moved = [(sums(at + step)[rank] - sums(at - step)[rank]) / 2e-5 for step in steps]
        np.testing.assert_allclose(sums(at)[rank + 1], moved, rtol=1e-6, atol=1e-6)


def test_slopes_of_log_spend():
    x, m = np.array([0.0, 1, 7]), np.array([np.nan, 20, 60])
    steps = np.eye(3) * 1e-6
    moved = [
        np.log(rm.GammaGamma(*NOTE.values * np.exp(way)).conditional_expected_spend(x, m))
        for step in steps
        for way in (step, -step)
    ]
    slopes = (np.array(moved[::2]) - np.array(moved[1::2])) / 2e-6
    np.testing.assert_allclose(NOTE.log_spend_slopes(x, m), slopes, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("model", [NOTE, HEAVY])
def test_slopes_of_the_median(model):
    x, m = np.array([0.0, 1, 7]), np.array([np.nan, 20, 60])
    found = slopes(lambda one: np.log(one.conditional_median_spend(x, m)), model)
    np.testing.assert_allclose(model.log_median_slopes(x, m), found, rtol=1e-6, atol=1e-8)


def test_customers_with_zero_spend_are_left_out_and_named():
    table = pd.DataFrame(
        {"frequency": [1, 2, 3, 0], "recency": [1.0, 2, 3, 0], "T": 9.0,
         "monetary_value": [20.0, 0.0, 35.0, np.nan]}, index=list("abcd"))  # fmt: skip
    fit = rm.GammaGamma.fit(table)
    assert fit.n_customers == 2
    assert "1 repeat customers with a spend of 0" in fit.note
    assert "'b'" in fit.note


def test_zero_spend_of_all_customers_is_rejected():
    table = pd.DataFrame(
        {"frequency": [2, 1, 0], "recency": [3.0, 4, 0], "T": 9.0, "monetary_value": 0.0}
    )
    with pytest.raises(DataError, match="all 2 of them have a monetary_value of 0"):
        rm.GammaGamma.fit(table)


@pytest.fixture(scope="module")
def constant_spend():
    """Eighty customers, each with the same spend at every purchase."""
    rng = np.random.default_rng(4)
    m = 100 / rng.gamma(3.5, 1, 80)
    table = pd.DataFrame({"frequency": rng.geometric(0.2, 80), "recency": 9.0, "T": 10.0})
    return rm.CustomerSummary(table.assign(monetary_value=m).astype(float), unit="week")


def test_constant_spend_per_customer_leaves_the_shape_unbounded(constant_spend):
    """p diverges: only p v is identified, and there is no interval."""
    fit = rm.GammaGamma.fit(constant_spend)
    p, q, v = fit.model.values
    assert p > 1e6
    assert fit.diagnosis.status == "at infinity"
    assert fit.diagnosis.message in (
        "p diverges to infinity: the data give no upper bound",
        "v diverges to 0: the data give no lower bound",
    )
    assert "the data do not identify the parameters of GammaGamma" in fit.no_interval
    m = constant_spend.monetary_value
    limit = stats.invgamma.fit(m, floc=0)  # of each customer's mean spend itself
    assert (q, p * v) == pytest.approx((limit[0], limit[2]), rel=1e-4)
    spent = fit.model.conditional_expected_spend(constant_spend.frequency, m)
    np.testing.assert_allclose(spent, m, rtol=1e-4)
    with pytest.warns(UserWarning, match="GammaGamma: results are unreliable"):
        bought = rm.BGNBD(0.5, 10, 0.6, 2)
        terms = {"margin": 1, "annual_discount_rate": 0.1, "horizon": "52 weeks"}
        rm.total_value(bought, fit, constant_spend, **terms, level=None)


@pytest.mark.parametrize("v", [1e-12, 1e-6, 1e9, 1e15])
def test_likelihood_keeps_its_digits_for_extreme_parameters(v):
    """p v = 300, or q / v = 1 / 300: against mpmath at 50 digits."""
    import mpmath as mp

    x, m = np.array([1.0, 4.0, 30.0]), np.array([50.0, 90.0, 70.0])
    p, q = (300 / v, 4.0) if v < 1 else (4.0, v / 300)
    value, gradient, hessian = rm.GammaGamma.summed((x, m), np.ones(3))(np.array([p, q, v]))

    def exact(*at):
        p, q, v = at
        return sum(
            mp.loggamma(p * k + q) - mp.loggamma(p * k) - mp.loggamma(q) + q * mp.log(v)
            + (p * k - 1) * mp.log(n) + p * k * mp.log(k) - (p * k + q) * mp.log(v + k * n)
            for k, n in zip(map(mp.mpf, x), map(mp.mpf, m), strict=True)
        )  # fmt: skip

    with mp.workdps(80):
        at = tuple(mp.mpf(each) for each in (p, q, v))
        assert value == pytest.approx(float(exact(*at)), rel=1e-12)
        for k, own in enumerate((p, q, v)):
            order = tuple(int(i == k) for i in range(3))
            slope = float(mp.diff(exact, at, order)) * own
            assert gradient[k] * own == pytest.approx(slope, rel=1e-6, abs=1e-4)
    assert np.isfinite(hessian).all()


def test_draws_of_spend_have_the_expectation_given_the_history():
    model, rng = rm.GammaGamma(p=6.0, q=4.0, v=15.0), np.random.default_rng(2)
    x, m = np.repeat([[0.0], [4.0]], 60_000, axis=1), np.repeat([[0.0], [30.0]], 60_000, axis=1)
    expected = model.conditional_expected_spend(x[:, 0], m[:, 0])
    np.testing.assert_allclose(model.draw_mean_spend(x, m, rng).mean(axis=1), expected, rtol=0.02)
    total = model.draw_total_spend(np.full(x.shape, 3.0), x, m, rng)
    np.testing.assert_allclose(total.mean(axis=1), 3 * expected, rtol=0.02)
    assert (model.draw_total_spend(np.zeros(x.shape), x, m, rng) == 0).all()
    assert rm.GammaGamma(p=6.0, q=0.9, v=15.0).mean_condition.endswith("; a mean needs more than 1")


@pytest.mark.parametrize("average", ["mean", "median"])
def test_the_variance_of_spend_is_that_of_its_slopes(average):
    model = rm.GammaGamma(p=6.0, q=4.0, v=15.0)
    covariance = np.array([[0.04, 0.01, 0.0], [0.01, 0.03, -0.01], [0.0, -0.01, 0.05]])
    x, m = np.array([0.0, 1.0, 7.0]), np.array([np.nan, 20.0, 35.0])
    found = model.log_variance(covariance, x, m, average=average)
    default = SpendModel.log_variance(model, covariance, x, m, average=average)
    np.testing.assert_allclose(found, default, rtol=1e-5)


def test_the_value_of_further_purchases_has_the_distribution_of_draws():
    model = rm.GammaGamma(p=6.25, q=3.74, v=15.44)
    rng = np.random.default_rng(4)
    for n, x, m in ((1, 0, 0.0), (3, 2, 30.0), (12, 9, 8.0)):
        ones = np.ones(40_000)
        drawn = model.draw_total_spend(n * ones, x * ones, m * ones, rng)
        scale = model.spend_scale(np.array(float(x)), np.array(m))
        for probability in (0.1, 0.5, 0.9):
            at = model.total_spend_quantile(probability, np.array(n), np.array(x))
            assert np.isclose(model.total_spend_cdf(at, np.array(n), np.array(x)), probability)
            assert abs((drawn <= at * scale).mean() - probability) < 0.01

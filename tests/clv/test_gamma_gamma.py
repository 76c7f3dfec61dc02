"""Gamma-Gamma against Fader & Hardie's note 025 and CLVTools."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.clv.spend_sums import SpendSums
from relmark_research.errors import DataError, ParameterError
from tests.clv.test_published import printed

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
def test_no_mean_is_refused_and_the_median_offered(ask):
    with pytest.raises(ParameterError, match=r"does not exist for q <= 1.*0\.9.*median_spend"):
        ask(HEAVY)


def test_no_mean_stops_a_valuation(cdnow, bought):
    with pytest.raises(ParameterError, match="median_spend"):
        rm.lifetime_value(bought, HEAVY, cdnow, margin=0.3, annual_discount_rate=0.1)


@pytest.mark.parametrize("model", [NOTE, HEAVY])
def test_half_of_the_customers_spend_more_than_the_median(model):
    rate = np.random.default_rng(1).gamma(model.q, 1 / model.v, 200_000)
    share = (model.p / rate > model.median_spend()).mean()
    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / 200_000)
    posterior = stats.gamma(model.p * 2 + model.q, scale=1 / (model.v + 60))
    half = posterior.cdf(model.p / model.conditional_median_spend(2, 30))
    assert half == pytest.approx(0.5, rel=1e-9)


def test_sums_have_the_slopes_they_say():
    x = np.arange(300.0) % 6 + 1
    sums = SpendSums.of((x, NOTE.simulate(x, seed=1)), np.arange(300.0) % 3 + 1)
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


def test_who_spent_nothing_is_left_out_and_named():
    table = pd.DataFrame(
        {"frequency": [1, 2, 3, 0], "recency": [1.0, 2, 3, 0], "T": 9.0,
         "monetary_value": [20.0, 0.0, 35.0, np.nan]}, index=list("abcd"))  # fmt: skip
    fit = rm.GammaGamma.fit(table)
    assert fit.n_customers == 2
    assert "1 repeat customers spent nothing" in fit.note
    assert "'b'" in fit.note


def test_spend_of_nothing_says_why_it_cannot_be_fitted():
    table = pd.DataFrame(
        {"frequency": [2, 1, 0], "recency": [3.0, 4, 0], "T": 9.0, "monetary_value": 0.0}
    )
    with pytest.raises(DataError, match="all 2 of them have a monetary_value of 0"):
        rm.GammaGamma.fit(table)

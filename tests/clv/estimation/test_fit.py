"""Fits to ordinary and to difficult data, and their diagnosis."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from tests.clv.models import simulated


def test_search_from_a_sample_ends_at_the_same_maximum():
    table = simulated(rm.BGNBD(0.243, 4.414, 0.793, 2.426), 15_000, 39)
    fit = rm.BGNBD.fit(table)
    assert len(fit.likelihood.weights) > 2000
    slope = np.abs(fit.likelihood.evaluate(np.log(fit.model.values)).gradient).max()
    assert slope < 1e-6
    other = optimize.minimize(
        lambda logs: -fit.likelihood.evaluate(logs).value,
        np.log(fit.model.values) + 0.3,
        jac=lambda logs: -fit.likelihood.evaluate(logs).gradient,
        method="BFGS",
    )
    np.testing.assert_allclose(np.exp(other.x), fit.model.values, rtol=1e-4)


def test_a_common_dropout_probability_is_at_infinity_and_its_mean_identified(homogeneous):
    diagnosis = homogeneous.diagnosis
    assert diagnosis.status == "at infinity"
    assert diagnosis.unidentified == ("a", "b")
    assert "a and b diverge to infinity together" in diagnosis.message
    assert "only a / (a + b) is identified" in diagnosis.message
    table = homogeneous.summary()
    assert np.isnan(table.loc[["a", "b"], "standard_error"]).all()
    assert np.isinf(table.loc[["a", "b"], "high"]).all()
    assert (table.loc[["a", "b"], "basis"] == "profile").all()
    ratio = table.loc["a / (a + b)"]
    assert ratio["low"] < 0.25 < ratio["high"]
    assert 0 < ratio["standard_error"] < 0.02
    assert table.loc["r", "standard_error"] < 0.03


def test_a_common_purchase_rate_is_at_infinity():
    fit = rm.BGNBD.fit(simulated(rm.BGNBD(1e4, 4e4, 0.8, 2.4), 2000, 40, seed=2))
    assert fit.diagnosis.status == "at infinity"
    assert "only r / alpha" in fit.diagnosis.message
    ratio = fit.ratios().loc["r / alpha"]
    assert ratio["low"] < 0.25 < ratio["high"]


def test_forecast_of_a_fit_at_infinity_has_a_narrow_interval(homogeneous):
    table = simulated(rm.BGNBD(0.5, 4.0, 1e5, 3e5), 3000, 40)
    customers = rm.CustomerSummary(table, unit="week")
    with pytest.warns(UserWarning, match=r"BGNBD: intervals depend on a / \(a \+ b\) alone"):
        ahead = rm.forecast(homogeneous, customers, horizon="9 weeks", level=0.95)
    width = ahead["expected_purchases_high"] / ahead["expected_purchases_low"]
    assert 1 < width.median() < 1.3


def test_flat_parameters_get_profile_intervals(few):
    assert few.diagnosis.status == "flat"
    assert "intervals come from the profile likelihood" in few.diagnosis.message
    interval = few.interval()
    profile = few.profile("a")
    assert (interval.loc["a"] == [profile.low, profile.high]).all()
    assert profile.low < few.model.a < profile.high


def test_diagnosis_never_suggests_a_penalty(homogeneous, few):
    for fit in (homogeneous, few):
        assert "penal" not in fit.diagnosis.message


def test_penalty_is_scale_free_and_not_in_the_likelihood():
    weeks = simulated(rm.BGNBD(0.5, 4.0, 0.8, 2.4), 60, 10, seed=2)
    weeks = weeks.assign(recency=np.ceil(weeks["recency"] * 7) / 7)
    days = weeks.assign(recency=weeks["recency"] * 7, T=weeks["T"] * 7)
    by_week, by_day = (rm.BGNBD.fit(table, penalty=0.5) for table in (weeks, days))
    longer = np.array([1, 7, 1, 1])
    np.testing.assert_allclose(by_day.model.values, by_week.model.values * longer, rtol=1e-8)
    at_best = by_week.model.log_likelihood(*weeks.to_numpy().T).sum()
    assert by_week.log_likelihood == pytest.approx(at_best, rel=1e-12)
    plain = rm.BGNBD.fit(weeks)
    assert by_week.log_likelihood < plain.log_likelihood
    with pytest.raises(ParameterError, match="found -1"):
        rm.BGNBD.fit(weeks, penalty=-1)
    for penalty, said in {"1": "found the text '1'", np.inf: "found inf", None: "None"}.items():
        with pytest.raises(ParameterError, match=f"a penalty's weight is a finite .*{said}"):
            rm.BGNBD.fit(weeks, penalty=penalty)
    with pytest.raises(ParameterError, match=r"a level is a probability .*found the text '0.95'"):
        plain.interval("0.95")


def test_one_customer_and_no_repeats_are_rejected():
    one = pd.DataFrame({"frequency": [2], "recency": [3.0], "T": [9.0]})
    with pytest.raises(DataError, match=r"BGNBD.*needs at least 2; found 1"):
        rm.BGNBD.fit(one)
    silent = pd.DataFrame({"frequency": [0, 0], "recency": [0.0, 0.0], "T": [9.0, 8.0]})
    with pytest.raises(DataError, match="none of 2 customers has one"):
        rm.BGNBD.fit(silent)


class Stuck(rm.BGNBD, registered=False):
    """A likelihood that falls in all directions from a start where its gradient is not 0."""

    @classmethod
    def summed(cls, data, weights):
        start = cls.start(*data, weights=weights).values

        def at(values):
            off = np.log(values / start)
            return -float(np.abs(off).sum()), np.ones(4) / values, np.zeros((4, 4))

        return at


def test_a_search_that_does_not_move_says_so(cdnow):
    fit = Stuck.fit(cdnow)
    assert fit.diagnosis.status == "did not move"
    assert "no step from the starting values increased" in fit.diagnosis.message


class UndefinedAtStart(rm.BGNBD, registered=False):
    """A likelihood that is NaN at the starting values and finite around them."""

    @classmethod
    def summed(cls, data, weights):
        plain = super().summed(data, weights)
        start = cls.start(*data, weights=weights).values
        broken = (np.nan, np.full(4, np.nan), np.full((4, 4), np.nan))
        return lambda values: broken if np.allclose(values, start) else plain(values)


def test_other_starting_values_are_tried_if_the_first_fail(cdnow, bought):
    fit = UndefinedAtStart.fit(cdnow)
    np.testing.assert_allclose(fit.model.values, bought.model.values, rtol=1e-7)
    assert fit.diagnosis.status == "converged"


def test_criteria(bought):
    assert bought.aic == pytest.approx(2 * 9582.4292 + 8, abs=1e-3)
    assert bought.bic == pytest.approx(2 * 9582.4292 + 4 * np.log(2357), abs=1e-3)


def test_draws_have_the_covariance_of_the_fit(bought):
    logs = np.log([model.values for model in bought.draws(4000, seed=3)])
    np.testing.assert_allclose(np.cov(logs.T), bought.log_covariance, atol=0.01)
    again = bought.draws(2, seed=3)
    assert again == bought.draws(2, seed=3)
    for n in (-1, 0, 2.5, "9"):
        with pytest.raises(ParameterError, match="number of draws must be a whole number, 1 or"):
            bought.draws(n, seed=3)

"""Values by the median of spend, for a model whose mean does not exist."""

from dataclasses import replace

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from tests.clv.calendar.simulated_spend import Spend, spend_log

TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "52 weeks"}
HEAVY = rm.GammaGamma(6.25, 0.9, 15.44)


@pytest.fixture(scope="module")
def heavy(paid):
    return replace(paid, model=HEAVY)


def test_default_is_the_median_if_the_mean_does_not_exist(paid, heavy):
    averages = [rm.clv.SpendAverage.default_for(spend).average for spend in (paid, heavy, HEAVY)]
    assert averages == ["mean", "median", "median"]


def test_value_by_the_mean_is_the_value_of_the_fit(bought, paid, cdnow):
    mean = rm.clv.SpendAverage(paid)
    assert rm.total_value(bought, mean, cdnow, **TERMS) == rm.total_value(
        bought, paid, cdnow, **TERMS
    )


def test_value_by_the_median(bought, heavy, cdnow):
    typical = rm.clv.SpendAverage(heavy, "median")
    values = rm.lifetime_value(bought, typical, cdnow, **TERMS, level=0.95)
    median = HEAVY.conditional_median_spend(cdnow.frequency, cdnow.monetary_value)
    np.testing.assert_allclose(values["expected_spend"], median)
    np.testing.assert_allclose(values["clv"], 0.3 * median * values["discounted_purchases"])
    assert (values["clv_low"] < values["clv"]).all()
    assert (values["clv"] < values["clv_high"]).all()
    total = rm.total_value(bought, typical, cdnow, **TERMS)
    assert total.expected == pytest.approx(values["clv"].sum())
    assert total.low < total.expected < total.high


def test_interval_by_the_median_agrees_with_draws_of_the_parameters(bought, heavy, cdnow):
    total = rm.total_value(bought, rm.clv.SpendAverage(heavy, "median"), cdnow, **TERMS)
    typical = [rm.clv.SpendAverage(model, "median") for model in heavy.draws(120, seed=4)]
    drawn = [
        rm.total_value(*pair, cdnow, **TERMS, level=None).expected
        for pair in zip(bought.draws(120, seed=3), typical, strict=True)
    ]
    deviation = np.log(total.high / total.low) / (2 * 1.959964)
    assert np.std(np.log(drawn)) == pytest.approx(deviation, rel=0.25)


def test_unknown_average_is_refused(paid):
    with pytest.raises(ParameterError, match=r"'mean' or 'median'.*found 'mode'"):
        rm.clv.SpendAverage(paid, "mode")


def test_models_are_compared_if_the_mean_does_not_exist(heavy):
    split = rm.load_cdnow().split(at="1997-09-30")
    table = rm.compare_models(split, models=["BGNBD"], spend=heavy).table
    assert table[["value_bias", "value_mean_absolute_error"]].isna().all(axis=None)
    assert table.loc["BGNBD", "bias"] < 0


@pytest.fixture(scope="module")
def moving():
    """A log whose customers' spend rises, with its calendar, restated customers and fits."""
    log = spend_log(Spend(trend=0.1, season=0.15), customers=300, seed=3)
    calendar = rm.clv.SpendCalendar.fit(log)
    customers = calendar.customer_summary(log)
    return log, calendar, customers, rm.clv.NBD.fit(customers), rm.GammaGamma.fit(customers)


def test_a_value_is_multiplied_by_season_and_trend_over_its_horizon(moving):
    _, calendar, customers, bought, paid = moving
    plain = rm.lifetime_value(bought, paid, customers, **TERMS)
    found = rm.lifetime_value(
        bought, rm.clv.SpendAverage(paid, calendar=calendar), customers, **TERMS
    )
    ratio = found["clv"] / plain["clv"]
    assert np.ptp(ratio) < 1e-9  # one factor for all
    year = calendar.mean_over(calendar.until, 364)
    assert ratio.iloc[0] == pytest.approx(year, rel=0.01)
    assert ratio.iloc[0] != pytest.approx(1, abs=1e-3)


def test_intervals_hold_the_uncertainty_of_the_calendar(moving):
    _, calendar, customers, bought, paid = moving
    plain = rm.total_value(bought, paid, customers, **TERMS)
    found = rm.total_value(bought, rm.clv.SpendAverage(paid, calendar=calendar), customers, **TERMS)
    width = [np.log(total.high / total.low) / (2 * 1.959964) for total in (plain, found)]
    shared = calendar.log_variance_over(calendar.until, 364)
    assert width[1] ** 2 - width[0] ** 2 == pytest.approx(shared, rel=0.05)


def test_predictions_are_multiplied_too(moving):
    _, calendar, customers, bought, paid = moving
    spend = rm.clv.SpendAverage(paid, calendar=calendar)
    draws = rm.clv.PredictionDraws(draws=60, seed=0)
    values = [
        rm.lifetime_value(bought, each, customers, **TERMS, level=0.8, kind=draws)
        for each in (paid, spend)
    ]
    factor = values[1]["clv"].iloc[0] / values[0]["clv"].iloc[0]
    np.testing.assert_allclose(values[1]["clv_high"], factor * values[0]["clv_high"])


def test_an_infinite_horizon_has_the_mean_of_all_seasons(moving):
    _, calendar, customers, bought, paid = moving
    terms = {"margin": 0.3, "annual_discount_rate": 0.05, "level": None}
    spend = rm.clv.SpendAverage(paid, calendar=calendar)
    ratio = (
        rm.total_value(bought, spend, customers, **terms).expected
        / rm.total_value(bought, paid, customers, **terms).expected
    )
    assert ratio == pytest.approx(calendar.mean_over(calendar.until, 1820), rel=0.02)


def test_dependence_on_the_rate_is_used():
    log = spend_log(Spend(dependence=0.6, shape=8.0), customers=300, seed=4)
    customers = log.customer_summary()
    bought = rm.clv.NBD.fit(customers)
    found = rm.clv.SpendDependence.fit(customers, bought, rm.GammaGamma)
    assert found.coefficient > 0.2
    spend = rm.clv.SpendAverage(found.spend, dependence=found)
    values = rm.lifetime_value(bought, spend, customers, **TERMS, level=0.95)
    expected = found.conditional_expected_spend(customers)
    np.testing.assert_allclose(values["expected_spend"], expected)
    assert (values["clv_low"] < values["clv"]).all()


def test_a_calendar_of_another_day_is_refused(moving):
    log, calendar, _, bought, paid = moving
    earlier = log.until("2023-06-30").customer_summary()
    with pytest.raises(ParameterError, match="a calendar until 2024-01-01 and customers until"):
        rm.lifetime_value(bought, rm.clv.SpendAverage(paid, calendar=calendar), earlier, **TERMS)

"""Values made of the median of spend, where a mean does not exist."""

from dataclasses import replace

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError

TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "52 weeks"}
HEAVY = rm.GammaGamma(6.25, 0.9, 15.44)


@pytest.fixture(scope="module")
def heavy(paid):
    return replace(paid, model=HEAVY)


def test_the_average_that_exists_is_told(paid, heavy):
    told = [rm.clv.SpendAverage.existing(spend).average for spend in (paid, heavy, HEAVY)]
    assert told == ["mean", "median", "median"]


def test_by_the_mean_a_value_is_as_without(bought, paid, cdnow):
    mean = rm.clv.SpendAverage(paid)
    assert rm.total_value(bought, mean, cdnow, **TERMS) == rm.total_value(
        bought, paid, cdnow, **TERMS
    )


def test_values_are_made_of_the_median(bought, heavy, cdnow):
    typical = rm.clv.SpendAverage(heavy, "median")
    values = rm.lifetime_value(bought, typical, cdnow, **TERMS, level=0.95)
    median = HEAVY.conditional_median_spend(cdnow.frequency, cdnow.monetary_value)
    np.testing.assert_allclose(values["expected_spend"], median)
    np.testing.assert_allclose(values["clv"], 0.3 * median * values["discounted_purchases"])
    assert (values["clv_low"] < values["clv"]).all()
    assert (values["clv"] < values["clv_high"]).all()
    total = rm.total_value(bought, typical, cdnow, **TERMS)
    assert total.value == pytest.approx(values["clv"].sum())
    assert total.low < total.value < total.high


def test_their_interval_is_what_draws_of_the_parameters_say(bought, heavy, cdnow):
    total = rm.total_value(bought, rm.clv.SpendAverage(heavy, "median"), cdnow, **TERMS)
    typical = [rm.clv.SpendAverage(model, "median") for model in heavy.draws(120, seed=4)]
    drawn = [
        rm.total_value(*pair, cdnow, **TERMS, level=None).value
        for pair in zip(bought.draws(120, seed=3), typical, strict=True)
    ]
    deviation = np.log(total.high / total.low) / (2 * 1.959964)
    assert np.std(np.log(drawn)) == pytest.approx(deviation, rel=0.25)


def test_another_average_is_refused(paid):
    with pytest.raises(ParameterError, match=r"'mean' or 'median'.*found 'mode'"):
        rm.clv.SpendAverage(paid, "mode")


def test_models_are_compared_without_a_mean(heavy):
    split = rm.load_cdnow().split(at="1997-09-30")
    table = rm.compare_models(split, models=["BGNBD"], spend=heavy).table
    assert table[["value_bias", "value_mean_absolute_error"]].isna().all(axis=None)
    assert table.loc["BGNBD", "bias"] < 0

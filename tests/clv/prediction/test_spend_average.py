"""Values by the median of spend, for a model whose mean does not exist."""

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

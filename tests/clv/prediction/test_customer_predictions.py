"""Predictions for each customer agree with forecast, lifetime_value and simulation."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction.customer_predictions import ValueTerms, predict_customers
from relmark_research.clv.prediction.predictive_intervals import PredictionDraws
from relmark_research.errors import ParameterError

TABLE = pd.DataFrame(
    {
        "frequency": [0, 1, 3, 25, 0, 12],
        "recency": [0, 10, 40, 70, 0, 20],
        "T": [10.0, 52, 60, 72, 80, 75],
        "monetary_value": [np.nan, 20, 55, 30, np.nan, 80],
    }
)
CUSTOMERS = rm.CustomerSummary(TABLE, unit="week", observed_until="2024-01-31")
PURCHASES = [
    rm.BGNBD(r=0.5, alpha=6, a=0.6, b=2.5),
    rm.ParetoNBD(r=0.5, alpha=6, s=0.4, beta=9),
    rm.BGCNBD(r=0.5, alpha=6, a=0.6, b=2.5, k=2),
]
SPEND = rm.GammaGamma(p=5.0, q=4.0, v=20.0)


@pytest.mark.parametrize("model", PURCHASES, ids=lambda model: type(model).__name__)
def test_purchases_and_their_ranges_are_those_of_forecast(model):
    found = predict_customers(model, CUSTOMERS, horizon="40 weeks", level=0.9)
    expected = rm.forecast(model, CUSTOMERS, horizon="40 weeks", level=0.9, kind="prediction")
    for name in expected:
        assert np.allclose(found[name], expected[name], rtol=1e-9), name


def test_the_range_holds_the_uncertainty_of_a_fit():
    customers = rm.load_cdnow().until("1997-09-30").customer_summary()
    fit = rm.BGNBD.fit(customers)
    found = predict_customers(fit, customers, horizon="39 weeks")
    expected = rm.forecast(fit, customers, horizon="39 weeks", level=0.95, kind="prediction")
    assert (found["purchases_high"] == expected["purchases_high"]).all()


@pytest.mark.parametrize("model", PURCHASES[:2], ids=lambda model: type(model).__name__)
def test_the_range_of_value_is_that_of_simulation(model):
    terms = ValueTerms(SPEND, margin=0.3, annual_discount_rate=0.1)
    found = predict_customers(model, CUSTOMERS, horizon="52 weeks", level=0.8, value=terms)
    simulated = rm.lifetime_value(
        model, SPEND, CUSTOMERS, margin=0.3, annual_discount_rate=0.1, horizon="52 weeks",
        level=0.8, kind=PredictionDraws(8000, seed=1),
    )  # fmt: skip
    assert np.allclose(found["expected_value"], simulated["clv"], rtol=1e-9)
    assert np.allclose(found["value_high"], simulated["clv_high"], rtol=0.06, atol=0.2)
    assert np.allclose(found["value_low"], simulated["clv_low"], rtol=0.12, atol=0.2)


def test_equal_histories_have_equal_predictions_and_scale_with_money():
    twice = rm.CustomerSummary(
        pd.concat([TABLE, TABLE.assign(monetary_value=2 * TABLE["monetary_value"])]), unit="week"
    )
    heavy = rm.GammaGamma(p=5.0, q=4.0, v=1e-9)  # the scale is x m
    found = predict_customers(PURCHASES[0], twice, horizon="52 weeks", value=ValueTerms(heavy))
    one, other = found.iloc[[1, 2, 3, 5]], found.iloc[[7, 8, 9, 11]]
    assert np.array_equal(one["p_alive"], other["p_alive"])
    assert np.allclose(2 * one["value_high"], other["value_high"], rtol=1e-6)


def test_a_spend_without_a_mean_uses_the_median():
    heavy = rm.GammaGamma(p=5.0, q=0.9, v=20.0)
    assert ValueTerms(heavy).average.average == "median"
    found = predict_customers(PURCHASES[0], CUSTOMERS, horizon="52 weeks", value=ValueTerms(heavy))
    mean = predict_customers(
        PURCHASES[0], CUSTOMERS, horizon="52 weeks", value=ValueTerms(rm.GammaGamma(5.0, 1.1, 20.0))
    )
    active = mean["value_high"] > 0
    ratio = (found["value_high"] / mean["value_high"])[active]
    assert active.sum() == 5
    assert ratio.between(1, 2.5).all()  # the heavier tail, without a jump where the mean ends


def test_models_and_horizons_that_cannot_be_used_are_refused():
    per_customer = rm.BGNBD(r=np.full(6, 0.5), alpha=6, a=0.6, b=2.5)
    with pytest.raises(ParameterError, match="parameters per customer"):
        predict_customers(per_customer, CUSTOMERS, horizon="52 weeks")
    with pytest.raises(ParameterError, match="finite horizon"):
        predict_customers(PURCHASES[0], CUSTOMERS, horizon=None)

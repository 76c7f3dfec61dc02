"""Prediction intervals of purchases: quantiles of the pmf, coverage, and the sigma points."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.clv.prediction import predictive_intervals
from relmark_research.clv.prediction.predictive_intervals import sigma_point_models
from tests.clv.prediction.test_conditional import MODEL, base


@settings(max_examples=20, deadline=None)
@given(level=st.floats(0.02, 0.98), x=st.integers(0, 12), silent=st.floats(0, 20))
def test_interval_of_a_model_is_the_quantiles_of_its_pmf(level, x, silent):
    history = pd.DataFrame({"frequency": [x], "recency": [30.0 * (x > 0)], "T": [30.0 + silent]})
    customers = rm.CustomerSummary(history, unit="week")
    found = rm.forecast(MODEL, customers, horizon="26 weeks", level=level, kind="prediction").iloc[
        0
    ]
    pmf = MODEL.conditional_purchase_pmf(np.arange(400), 26, *history.iloc[0])
    cumulative = np.cumsum(pmf) + 1e-12
    assert found["purchases_low"] == np.argmax(cumulative >= 0.5 - level / 2)
    assert found["purchases_high"] == np.argmax(cumulative >= 0.5 + level / 2)


def test_interval_covers_simulated_purchases(bought):
    T = np.full(20_000, 39.0)
    rng = np.random.default_rng(4)
    x, t_x, T = MODEL.simulate(T, seed=6)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    forecast = rm.forecast(
        bought, rm.CustomerSummary(table, unit="week"), horizon="26 weeks", level=0.9,
        kind="prediction",
    )  # fmt: skip
    alive = rng.random(len(x)) < MODEL.p_alive(x, t_x, T)
    if_alive = MODEL.living(x, t_x, T).simulate(np.full(len(x), 26.0), seed=7)[0]
    purchases = np.where(alive, if_alive, 0)
    above = (purchases > forecast["purchases_high"]).mean()
    below = (purchases < forecast["purchases_low"]).mean()
    assert above < 0.055
    assert below < 0.055


def test_interval_is_wider_with_uncertain_parameters():
    table = base(n=80, longest=300).table
    fit = rm.BGNBD.fit(rm.CustomerSummary(table, unit="week"))
    terms = {"horizon": "52 weeks", "level": 0.98, "kind": "prediction"}
    known = rm.forecast(fit.model, rm.CustomerSummary(table, unit="week"), **terms)
    estimated = rm.forecast(fit, rm.CustomerSummary(table, unit="week"), **terms)
    assert estimated["purchases_high"].sum() > known["purchases_high"].sum()


def test_sigma_points_have_the_mean_and_the_covariance_of_the_fit(bought):
    logs = np.log([model.values for model in sigma_point_models(bought)])
    np.testing.assert_allclose(logs.mean(axis=0), np.log(bought.model.values), rtol=1e-12)
    np.testing.assert_allclose(np.cov(logs.T, bias=True), bought.log_covariance, rtol=1e-9)
    assert sigma_point_models(MODEL) == [MODEL]


def test_one_draw_is_refused():
    with pytest.raises(rm.ParameterError, match="at least 2 draws; found 1"):
        rm.clv.PredictionDraws(draws=1)


def test_kinds_of_intervals_and_blocks_of_customers(monkeypatch):
    given = rm.clv.PredictionDraws(draws=2, seed=3)
    assert predictive_intervals.prediction_draws(given) is given
    assert predictive_intervals.prediction_draws("estimate") is None
    assert predictive_intervals.prediction_draws("prediction") == rm.clv.PredictionDraws()
    with pytest.raises(rm.ParameterError, match=r"kind is 'estimate' .*; found 'mean'"):
        predictive_intervals.prediction_draws("mean")
    monkeypatch.setattr(predictive_intervals, "_BLOCK", 20)
    found = predictive_intervals._blocks(5, 10)
    assert [list(range(5))[block] for block in found] == [[0, 1], [2, 3], [4]]
    assert len(predictive_intervals._blocks(3, 100)) == 3

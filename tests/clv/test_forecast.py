"""Forecasts of purchases: their intervals, their ranges, and how they are computed quickly."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.prediction._conditional import (
    Outlook,
    _Pairs,
    _Points,
    discounted_purchases_by,
    purchases_by,
)
from relmark_research.clv.prediction.forecast import log_slopes
from relmark_research.clv.prediction.predictive_intervals import sigma_models
from relmark_research.errors import ParameterError

MODEL = rm.BGNBD(0.243, 4.414, 0.793, 2.426)


def base(n=4000, longest=500, seed=1):
    """Return customers first seen over a long time, whose T differ much."""
    days = np.random.default_rng(seed).integers(1, longest, n)
    x, t_x, T = MODEL.simulate(days / 7, seed=seed)
    table = pd.DataFrame({"frequency": x, "recency": np.ceil(t_x * 7) / 7, "T": T})
    return rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")


@pytest.mark.parametrize(
    "future",
    [
        purchases_by(52.0),
        discounted_purchases_by(52.0, 0.002),
        discounted_purchases_by(np.inf, 0.002),
    ],
)
@pytest.mark.parametrize("model", [MODEL, rm.ParetoNBD(0.553, 10.578, 0.606, 11.669)])
def test_interpolation_is_as_good_as_computing_every_pair(model, future):
    outlook = Outlook.of(base())
    points = outlook._points(model, future, 1e-10)
    assert isinstance(points, _Points)
    exact = _Pairs(outlook).at(model, future)
    np.testing.assert_allclose(outlook.living(model, future), exact, rtol=1e-9)
    plain = uncertainty.slopes(lambda at: np.log(_Pairs(outlook).at(at, future)), model)
    np.testing.assert_allclose(outlook.log_living_slopes(model, future), plain, atol=1e-6)


def test_few_pairs_are_computed_one_by_one():
    assert isinstance(Outlook.of(base(n=30))._points(MODEL, purchases_by(9.0), 1e-10), _Pairs)


def test_forecast_is_the_models_customer_by_customer(bought, cdnow):
    ahead = rm.forecast(bought, cdnow, horizon="39 weeks")
    history = cdnow.frequency, cdnow.recency, cdnow.T
    np.testing.assert_allclose(ahead["p_alive"], bought.model.p_alive(*history), rtol=1e-12)
    plain = bought.model.conditional_expected_purchases(39, *history)
    np.testing.assert_allclose(ahead["expected_purchases"], plain, rtol=1e-9)
    assert ahead.index.equals(cdnow.table.index)


def test_slopes_are_those_of_the_whole_forecast(bought, cdnow):
    outlook, future = Outlook.of(cdnow), purchases_by(39.0)

    def log_forecast(model):
        return np.log(outlook.p_alive(model) * outlook.living(model, future))

    plain = uncertainty.slopes(log_forecast, bought.model)
    np.testing.assert_allclose(log_slopes(outlook, future, bought.model), plain, atol=1e-5)


def test_interval_is_what_draws_of_the_parameters_say(bought, cdnow):
    some = rm.CustomerSummary(cdnow.table.iloc[::80], unit="week", observed_until="1997-09-30")
    ahead = rm.forecast(bought, some, horizon="39 weeks", level=0.8)
    drawn = np.array(
        [
            rm.forecast(model, some, horizon="39 weeks")["expected_purchases"]
            for model in bought.draws(250, seed=1)
        ]
    )
    low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
    width = high - low
    assert (np.abs(ahead["expected_purchases_low"] - low) < 0.25 * width).all()
    assert (np.abs(ahead["expected_purchases_high"] - high) < 0.25 * width).all()
    assert (ahead["p_alive_low"] <= ahead["p_alive"]).all()
    assert (ahead["p_alive"] <= ahead["p_alive_high"]).all()


@settings(max_examples=20, deadline=None)
@given(level=st.floats(0.02, 0.98), x=st.integers(0, 12), silent=st.floats(0, 20))
def test_range_of_a_models_prediction_is_the_quantiles_of_its_pmf(level, x, silent):
    history = pd.DataFrame({"frequency": [x], "recency": [30.0 * (x > 0)], "T": [30.0 + silent]})
    customers = rm.CustomerSummary(history, unit="week")
    found = rm.forecast(MODEL, customers, horizon="26 weeks", level=level, kind="prediction").iloc[
        0
    ]
    pmf = MODEL.conditional_purchase_pmf(np.arange(400), 26, *history.iloc[0])
    below = np.cumsum(pmf) + 1e-12
    assert found["purchases_low"] == np.argmax(below >= 0.5 - level / 2)
    assert found["purchases_high"] == np.argmax(below >= 0.5 + level / 2)


def test_prediction_covers_what_customers_do(bought):
    T = np.full(20_000, 39.0)
    rng = np.random.default_rng(4)
    x, t_x, T = MODEL.simulate(T, seed=6)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    ahead = rm.forecast(
        bought, rm.CustomerSummary(table, unit="week"), horizon="26 weeks", level=0.9,
        kind="prediction",
    )  # fmt: skip
    alive = rng.random(len(x)) < MODEL.p_alive(x, t_x, T)
    living = MODEL.living(x, T).simulate(np.full(len(x), 26.0), seed=7)[0]
    did = np.where(alive, living, 0)
    above = (did > ahead["purchases_high"]).mean()
    below = (did < ahead["purchases_low"]).mean()
    assert above < 0.055
    assert below < 0.055


def test_prediction_is_wider_where_the_model_is_in_doubt():
    table = base(n=80, longest=300).table
    few = rm.BGNBD.fit(rm.CustomerSummary(table, unit="week"))
    terms = {"horizon": "52 weeks", "level": 0.98, "kind": "prediction"}
    sure = rm.forecast(few.model, rm.CustomerSummary(table, unit="week"), **terms)
    unsure = rm.forecast(few, rm.CustomerSummary(table, unit="week"), **terms)
    assert unsure["purchases_high"].sum() > sure["purchases_high"].sum()


def test_sigma_points_have_the_fits_mean_and_covariance(bought):
    logs = np.log([model.values for model in sigma_models(bought)])
    np.testing.assert_allclose(logs.mean(axis=0), np.log(bought.model.values), rtol=1e-12)
    np.testing.assert_allclose(np.cov(logs.T, bias=True), bought.log_covariance, rtol=1e-9)
    assert sigma_models(MODEL) == [MODEL]


def test_what_cannot_be_forecast_is_refused(bought, cdnow, paid):
    for text, call in {
        "needs a fit": lambda: rm.forecast(MODEL, cdnow, horizon="9 weeks", level=0.9),
        "finite horizon": lambda: rm.forecast(bought, cdnow, horizon=None),
        "model of purchases such as BGNBD; found GammaGamma": lambda: rm.forecast(
            paid, cdnow, horizon="9 weeks"
        ),
        "unit of recency and T is not known": lambda: rm.forecast(
            MODEL, cdnow.table, horizon="9 weeks"
        ),
        "fitted on times in weeks": lambda: rm.forecast(
            bought, rm.CustomerSummary(cdnow.table, unit="day"), horizon="9 weeks"
        ),
        "'estimate'": lambda: rm.forecast(bought, cdnow, horizon="9 weeks", level=0.9, kind="mean"),
        "level is a probability": lambda: rm.forecast(
            bought, cdnow, horizon="9 weeks", level=95, kind="prediction"
        ),
    }.items():
        with pytest.raises(ParameterError, match=text):
            call()

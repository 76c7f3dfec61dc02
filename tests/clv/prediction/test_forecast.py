"""Forecasts of purchases, their estimate intervals, and what is refused."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from tests.clv.covariates.test_covariate_fit import simulated

MODEL = rm.BGNBD(0.243, 4.414, 0.793, 2.426)


def test_forecast_agrees_with_the_model_per_customer(bought, cdnow):
    forecast = rm.forecast(bought, cdnow, horizon="39 weeks")
    history = cdnow.frequency, cdnow.recency, cdnow.T
    np.testing.assert_allclose(forecast["p_alive"], bought.model.p_alive(*history), rtol=1e-12)
    expected = bought.model.conditional_expected_purchases(39, *history)
    np.testing.assert_allclose(forecast["expected_purchases"], expected, rtol=1e-9)
    assert forecast.index.equals(cdnow.table.index)


def test_interval_agrees_with_draws_of_the_parameters(bought, cdnow):
    some = rm.CustomerSummary(cdnow.table.iloc[::80], unit="week", observed_until="1997-09-30")
    forecast = rm.forecast(bought, some, horizon="39 weeks", level=0.8)
    drawn = np.array(
        [
            rm.forecast(model, some, horizon="39 weeks")["expected_purchases"]
            for model in bought.draws(250, seed=1)
        ]
    )
    low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
    width = high - low
    assert (np.abs(forecast["expected_purchases_low"] - low) < 0.25 * width).all()
    assert (np.abs(forecast["expected_purchases_high"] - high) < 0.25 * width).all()
    assert (forecast["p_alive_low"] <= forecast["p_alive"]).all()
    assert (forecast["p_alive"] <= forecast["p_alive_high"]).all()


def test_interval_of_a_fit_with_covariates_has_the_width_of_its_slopes():
    """The slopes are differences of the forecast's logarithm by each estimate."""
    table = simulated(rm.BGNBD, n=300)
    fit = rm.clv.fit_covariates(rm.BGNBD, table, rate="size", dropout="channel")
    few = rm.CustomerSummary(table.iloc[:5], unit="week")
    found = rm.forecast(fit, few, horizon="26 weeks", level=0.9)
    center = np.concatenate([np.log(fit.base.values), fit.coefficients])
    k, step = len(fit.base.values), 1e-5

    def logs(values):
        base = type(fit.base)(*np.exp(values[:k]))
        own = rm.clv.CovariateFit(**vars(fit) | {"base": base, "coefficients": values[k:]})
        return np.log(rm.forecast(own, few, horizon="26 weeks")["expected_purchases"].to_numpy())

    moves = step * np.eye(len(center))
    slopes = np.array([(logs(center + by) - logs(center - by)) / (2 * step) for by in moves])
    spread = np.sqrt(np.einsum("ij,ik,kj->j", slopes, fit.covariance, slopes))
    high = np.log(found["expected_purchases_high"] / found["expected_purchases"])
    np.testing.assert_allclose(high, 1.6448536 * spread, rtol=1e-4)


def test_invalid_forecasts_are_refused(bought, cdnow, paid):
    for message, call in {
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
        with pytest.raises(ParameterError, match=message):
            call()

"""Inputs of forecasts and values that are refused, and the error messages."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction._inputs import (
    common_purchase_model,
    common_unit,
    model_unit,
    purchase_model,
    require_fit,
)
from relmark_research.clv.prediction.forecast import total_purchases
from relmark_research.errors import ParameterError

TERMS = {"annual_discount_rate": 0.1, "horizon": "12 months"}


@pytest.fixture(scope="module")
def some(cdnow):
    table = cdnow.table.iloc[:400].assign(kind=["a", "b"] * 200)
    return rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")


@pytest.fixture(scope="module")
def with_covariates(some):
    return rm.clv.fit_covariates(rm.BGNBD, some, rate="kind")


@pytest.mark.parametrize("function", [rm.lifetime_value, rm.total_value])
def test_wrong_type_of_fit_is_named(function, some, bought, paid):
    def value(purchases, spend):
        return function(purchases, spend, some, margin=0.3, **TERMS)

    for message, (purchases, spend) in {
        "found GammaGamma. Give purchases first, then spend": (paid, bought),
        "found None": (None, paid),
        r"found the class BGNBD. Fit it: BGNBD.fit\(customers\)": (rm.BGNBD, paid),
        "found BGNBD. Give purchases first": (bought, bought),
        "a model of spend such as GammaGamma; found None": (bought, None),
        r"found the class GammaGamma. Fit it": (bought, rm.GammaGamma),
    }.items():
        with pytest.raises(ParameterError, match=message):
            value(purchases, spend)


def test_forecast_with_covariates_is_that_of_the_models_per_customer(some, with_covariates):
    model = with_covariates.model_for(some)
    history = some.frequency, some.recency, some.T
    expected = model.conditional_expected_purchases(9.0, *history)
    for fit in (with_covariates, model):
        forecast = rm.forecast(fit, some, horizon="9 weeks")
        np.testing.assert_allclose(forecast["p_alive"], model.p_alive(*history), rtol=1e-9)
        np.testing.assert_allclose(forecast["expected_purchases"], expected, rtol=1e-9)
        total = total_purchases(fit, some, horizon="9 weeks", level=None)
        assert total.expected == pytest.approx(expected.sum())


def test_interval_with_covariates_is_that_of_differences_in_the_estimates(some, with_covariates):
    """The delta method, with the gradient by central differences in all estimates at once."""
    fit, step = with_covariates, 1e-4
    history = some.frequency, some.recency, some.T
    shifts = np.eye(len(fit.estimates)) * step

    def log_expected(estimates):
        models = fit.models_for(some, estimates)
        return np.log([m.conditional_expected_purchases(9.0, *history) for m in models])

    gradient = log_expected(fit.estimates + shifts) - log_expected(fit.estimates - shifts)
    gradient /= 2 * step
    variance = np.einsum("ci,cd,di->i", gradient, fit.covariance, gradient)
    found = rm.forecast(fit, some, horizon="9 weeks", level=0.9)
    ratio = found["expected_purchases_high"] / found["expected_purchases"]
    np.testing.assert_allclose(np.log(ratio) / 1.644854, np.sqrt(variance), rtol=1e-5)


def test_a_fit_with_covariates_has_no_single_model(some, with_covariates):
    with pytest.raises(ParameterError, match=r"CovariateFit.model_for\(customers\)"):
        purchase_model(with_covariates)


def test_covariates_may_be_a_separate_table(some, with_covariates):
    plain = rm.CustomerSummary(some.table.drop(columns="kind"), unit="week")
    kinds = some.table[["kind"]].sample(frac=1, random_state=1)
    separate = with_covariates.model_for(plain, covariates=kinds)
    joined = with_covariates.model_for(some)
    np.testing.assert_array_equal(separate.alpha, joined.alpha)
    np.testing.assert_array_equal(separate.r, joined.r)
    with pytest.raises(rm.DataError, match="399 of 400 have none"):
        with_covariates.model_for(plain, covariates=kinds.iloc[:1])


def test_invalid_margins_are_refused(some, bought, paid):
    table = some.table.assign(text="a third", share=0.3, unknown=np.nan)
    customers = rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")
    twice = pd.Series([0.3, 0.4], index=table.index[[0, 0]])
    for message, margin in {
        r"1 ids occur more than once, first: row 401 \('00\d+'\)": pd.concat(
            [table["share"], twice.iloc[1:]]
        ),
        "must have one per customer, 400; found 2": [0.3, 0.4],
        "the column 'text' must hold numbers, .*found 'a third'": "text",
        "a Series of margins must hold numbers": table["text"],
        "a list of margins must hold numbers": table["text"].to_list(),
        r"no column '0.3'; .*a number, unquoted": "0.3",
        "a margin is a share of value .*found None": None,
        r"a margin is a share .*found nan \(400 of 400": "unknown",
        r"a margin is a share .*found 30 \(400 of 400": 30,
    }.items():
        with pytest.raises(ParameterError, match=message):
            rm.lifetime_value(bought, paid, customers, margin=margin, **TERMS)
    one = rm.lifetime_value(bought, paid, customers, margin=0.3, **TERMS)
    listed = rm.lifetime_value(bought, paid, customers, margin=[0.3] * 400, **TERMS)
    pd.testing.assert_frame_equal(one, listed)


def test_numbers_as_text_and_unknown_kinds_are_refused(some, bought, paid):
    terms = {"margin": 0.3, **TERMS}
    for message, changed in {
        "found the text '0.1'": {"annual_discount_rate": "0.1"},
        "a level is a probability .*found the text '0.95'": {"level": "0.95"},
        "by the year 9999; found 100000 months": {"horizon": "100000 months"},
    }.items():
        with pytest.raises(ParameterError, match=message):
            rm.lifetime_value(bought, paid, some, **terms | changed)
    for call in (rm.lifetime_value, rm.total_value):
        with pytest.raises(ParameterError, match="found 'x'"):
            call(bought, paid, some, level=None, kind="x", **terms)
    for kind in ("estimate", "prediction"):
        with pytest.raises(ParameterError, match=r"found the text '0\.95'"):
            rm.forecast(bought, some, horizon="9 weeks", level="0.95", kind=kind)
        with pytest.raises(ParameterError, match=r"found the text '0\.95'"):
            rm.lifetime_value(bought, paid, some, level="0.95", kind=kind, **terms)


HISTORY = pd.DataFrame({"frequency": [2.0, 0.0], "recency": [3.0, 0.0], "T": [9.0, 9.0]})


def test_one_model_for_all_customers_and_its_unit_are_asked_for():
    model, each = rm.BGNBD(0.5, 10.0, 0.6, 2.0), rm.BGNBD(np.array([0.5, 0.6]), 10.0, 0.6, 2.0)
    assert common_purchase_model(model, reason="why") is model
    with pytest.raises(ParameterError, match="this BGNBD has parameters per customer; why"):
        common_purchase_model(each, reason="why")
    with pytest.raises(ParameterError, match="needs a fit; found BGNBD with given parameters"):
        require_fit(model)
    assert str(model_unit(model, "week", function="f")) == "week"
    with pytest.raises(ParameterError, match=r"State it: f\(..., unit='week'\)"):
        model_unit(model, None, function="f")
    with pytest.raises(ParameterError, match="the unit of recency and T is not known"):
        common_unit(model, rm.CustomerSummary(HISTORY))
    assert str(common_unit(model, rm.CustomerSummary(HISTORY, unit="day"))) == "day"


def test_customers_on_another_calendar_than_that_of_the_fit_are_refused():
    log = rm.load_cdnow()
    days = pd.date_range("1996-01-01", "1999-12-31")
    rates = pd.Series(1.0, index=days), pd.Series(np.where(days.month < 6, 2.0, 1.0), index=days)
    flat, early = (rm.CalendarEffects.of_index(index, until="1998-06-30") for index in rates)
    fit = rm.BGNBD.fit(log.customer_summary(calendar=flat))
    with pytest.raises(ParameterError, match="another calendar"):
        rm.forecast(fit, log.customer_summary(calendar=early), horizon="13 weeks")
    sale = rates[0].where(days < "1998-07-01", 2.0)  # only what comes differs: a plan
    planned = rm.CalendarEffects.of_index(sale, until="1998-06-30")
    plain, more = (
        rm.forecast(fit, log.customer_summary(calendar=calendar), horizon="13 weeks")
        for calendar in (flat, planned)
    )
    assert more["expected_purchases"].sum() > 1.5 * plain["expected_purchases"].sum()
    with pytest.raises(ParameterError, match="in plain time"):
        rm.clv.SpendDependence.fit(log.customer_summary(), fit, rm.GammaGamma)

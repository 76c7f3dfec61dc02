"""What is refused where a forecast or a value is asked of the wrong thing, and in which words."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction._inputs import purchase_model
from relmark_research.clv.prediction.forecast import total_purchases
from relmark_research.errors import ParameterError

TERMS = {"annual_discount_rate": 0.1, "horizon": "12 months"}


@pytest.fixture(scope="module")
def some(cdnow):
    table = cdnow.table.iloc[:400].assign(kind=["a", "b"] * 200)
    return rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")


@pytest.fixture(scope="module")
def moved(some):
    return rm.clv.fit_covariates(rm.BGNBD, some, rate="kind")


@pytest.mark.parametrize("function", [rm.lifetime_value, rm.total_value])
def test_a_fit_that_is_of_something_else_is_named(function, some, bought, paid):
    def value(purchases, spend):
        return function(purchases, spend, some, margin=0.3, **TERMS)

    for said, (purchases, spend) in {
        "found GammaGamma. Give purchases first, then spend": (paid, bought),
        "found None": (None, paid),
        r"found the class BGNBD. Fit it: BGNBD.fit\(customers\)": (rm.BGNBD, paid),
        "found BGNBD. Give purchases first": (bought, bought),
        "model of spend, GammaGamma; found None": (bought, None),
        r"found the class GammaGamma. Fit it": (bought, rm.GammaGamma),
    }.items():
        with pytest.raises(ParameterError, match=said):
            value(purchases, spend)


def test_a_forecast_of_a_fit_with_covariates_is_that_of_each_customers_model(some, moved):
    own = moved.forecast(some, length=9.0)
    for fit in (moved, moved.model_for(some)):
        ahead = rm.forecast(fit, some, horizon="9 weeks")
        pd.testing.assert_frame_equal(ahead, own, rtol=1e-9)
        total = total_purchases(fit, some, horizon="9 weeks", level=None)
        assert total.value == pytest.approx(own["expected_purchases"].sum())
    sure = rm.forecast(moved, some, horizon="9 weeks", level=0.9)
    pd.testing.assert_frame_equal(
        sure.drop(columns=["p_alive_low", "p_alive_high"]),
        moved.forecast(some, length=9.0, level=0.9),
        rtol=1e-6,
    )


def test_a_fit_with_covariates_has_no_one_model(some, moved):
    with pytest.raises(ParameterError, match=r"Give CovariateFit.model_for\(customers\)"):
        purchase_model(moved)


def test_covariates_are_taken_beside_the_histories(cdnow, some, moved):
    plain = rm.CustomerSummary(some.table.drop(columns="kind"), unit="week")
    kinds = some.table[["kind"]].sample(frac=1, random_state=1)
    beside, within = moved.model_for(plain, covariates=kinds), moved.model_for(some)
    np.testing.assert_array_equal(beside.alpha, within.alpha)
    np.testing.assert_array_equal(beside.r, within.r)
    pd.testing.assert_frame_equal(
        moved.forecast(plain, length=9.0, level=0.9, covariates=kinds),
        moved.forecast(some, length=9.0, level=0.9),
    )
    with pytest.raises(rm.DataError, match="399 of 400 have none"):
        moved.model_for(plain, covariates=kinds.iloc[:1])


def test_margins_that_cannot_be_are_refused(some, bought, paid):
    table = some.table.assign(text="a third", share=0.3, gone=np.nan)
    customers = rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")
    twice = pd.Series([0.3, 0.4], index=table.index[[0, 0]])
    for said, margin in {
        r"1 ids come more than once, first: '00\d+'": pd.concat([table["share"], twice.iloc[1:]]),
        "must have one per customer, 400; found 2": [0.3, 0.4],
        "the column 'text' must hold numbers, .*found 'a third'": "text",
        "a Series of margins must hold numbers": table["text"],
        "a list of margins must hold numbers": table["text"].to_list(),
        r"no column '0.3'; .*number without quotes": "0.3",
        "a margin is a share of value .*found None": None,
        r"a margin is a share .*found nan \(400 of 400": "gone",
        r"a margin is a share .*found 30 \(400 of 400": 30,
    }.items():
        with pytest.raises(ParameterError, match=said):
            rm.lifetime_value(bought, paid, customers, margin=margin, **TERMS)
    one = rm.lifetime_value(bought, paid, customers, margin=0.3, **TERMS)
    listed = rm.lifetime_value(bought, paid, customers, margin=[0.3] * 400, **TERMS)
    pd.testing.assert_frame_equal(one, listed)


def test_numbers_as_text_and_unknown_kinds_are_refused(some, bought, paid):
    asked = {"margin": 0.3, **TERMS}
    for said, changed in {
        "found the text '0.1'": {"annual_discount_rate": "0.1"},
        "a level is a probability .*found the text '0.95'": {"level": "0.95"},
        "by the year 9999; found 100000 months": {"horizon": "100000 months"},
    }.items():
        with pytest.raises(ParameterError, match=said):
            rm.lifetime_value(bought, paid, some, **asked | changed)
    for call in (rm.lifetime_value, rm.total_value):
        with pytest.raises(ParameterError, match="found 'x'"):
            call(bought, paid, some, level=None, kind="x", **asked)
    for kind in ("estimate", "prediction"):
        with pytest.raises(ParameterError, match=r"found the text '0\.95'"):
            rm.forecast(bought, some, horizon="9 weeks", level="0.95", kind=kind)
        with pytest.raises(ParameterError, match=r"found the text '0\.95'"):
            rm.lifetime_value(bought, paid, some, level="0.95", kind=kind, **asked)

"""A model whose parameters have other names gives BGNBD's results, its dropout included."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from tests.clv.models import staying
from tests.foreign.bg_nbd_by_other_names import BGNBDByOtherNames

MODEL = BGNBDByOtherNames(0.5, 4.0, 0.8, 2.4)
TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "26 weeks"}


def first_dropouts(model, n, seed):
    """Return when simulated customers drop out, purchase by purchase; infinity after 400 weeks."""
    rng = np.random.default_rng(seed)
    rate, p = rng.gamma(model.g, 1 / model.h, n), rng.beta(model.u, model.w, n)
    last = rng.geometric(np.maximum(p, 1e-12))
    return rng.gamma(np.minimum(last, 1e9)) / rate


def test_survival_and_traits_are_those_of_simulated_customers():
    dropout = first_dropouts(MODEL, 400_000, seed=1)
    _, mu = MODEL.draw_traits((400_000,), np.random.default_rng(2))
    for t in (2.0, 20.0, 200.0):
        share = (dropout > t).mean()
        assert MODEL.survival(np.array(t)) == pytest.approx(share, abs=4e-3)
        assert np.exp(-mu * t).mean() == pytest.approx(share, abs=5e-3)


def test_predicted_lifetimes_end():
    table = pd.DataFrame({"frequency": [3, 0], "recency": [20.0, 0.0], "T": [30.0, 30.0]})
    found = rm.economics.predicted_lifetime(MODEL, rm.CustomerSummary(table, unit="week"))
    other = rm.economics.predicted_lifetime(
        rm.BGNBD(0.5, 4.0, 0.8, 2.4), rm.CustomerSummary(table, unit="week")
    )
    pd.testing.assert_series_equal(found, other)
    assert (found < 260).all()


def test_every_figure_is_bg_nbds(renamed, some, split, spend):
    known = rm.BGNBD.fit(split.calibration)
    np.testing.assert_allclose(renamed.model.values, known.model.values, rtol=1e-7)
    np.testing.assert_allclose(renamed.standard_errors, known.standard_errors, rtol=1e-5)
    for kind in ("estimate", "prediction"):
        terms = {"level": 0.9, "kind": kind}
        found, expected = (
            rm.forecast(fit, some, horizon="26 weeks", **terms) for fit in (renamed, known)
        )
        pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    found, expected = (
        rm.lifetime_value(fit, spend, some, level=0.9, **TERMS) for fit in (renamed, known)
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    same = BGNBDByOtherNames(*known.model.values), known.model
    found, expected = (
        rm.lifetime_value(model, spend.model, some, level=0.9, kind="prediction", **TERMS)
        for model in same
    )
    pd.testing.assert_frame_equal(found, expected)


def test_advice_is_bg_nbds():
    log = rm.read_transactions("dataset:sample", cost="cost").until("2022-12-31")
    customers = log.customer_summary()
    known = rm.BGNBD.fit(customers).model
    advice = [
        rm.recommend(log, purchases=model, terms=rm.economics.FutureTerms(draws=100))
        for model in (known, BGNBDByOtherNames(*known.values))
    ]
    pd.testing.assert_frame_equal(advice[0].table, advice[1].table)
    endless = rm.recommend(
        log, purchases=rm.clv.NBD.fit(customers), terms=rm.economics.FutureTerms(draws=100)
    )
    residual = [one.table["residual_value"].sum() for one in (advice[1], endless)]
    assert residual[0] < 0.95 * residual[1]  # its dropout is not 0


def test_covariates_act_on_the_same_quantities(split):
    table = split.calibration.table.assign(kind=["a", "b", "c"] * 785 + ["a", "b"])
    known = rm.CustomerSummary(table, unit="week")
    one, other = (
        rm.clv.fit_covariates(model, known, rate="kind", dropout="kind")
        for model in (rm.BGNBD, BGNBDByOtherNames)
    )
    pd.testing.assert_frame_equal(other.effects(), one.effects(), rtol=1e-4, atol=1e-6)
    assert other.likelihood_ratio_test(BGNBDByOtherNames.fit(known)).degrees_of_freedom == 6
    only_odds = rm.clv.fit_covariates(BGNBDByOtherNames, known, dropout="kind", dropout_on="odds")
    assert len(only_odds.coefficients) == 4  # it has no other link for the odds


@pytest.mark.slow
def test_the_upper_bound_on_dropout_needs_no_names():
    known = staying(n=100)
    bounds = [
        rm.clv.dropout_upper_bound(model.fit(known)) for model in (rm.BGNBD, BGNBDByOtherNames)
    ]
    for one, other in zip(*bounds, strict=True):
        assert other.survival(52.0) == pytest.approx(one.survival(52.0), rel=1e-3)

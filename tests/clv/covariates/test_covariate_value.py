"""Forecasts and values of a fit with covariates, and their intervals."""

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.clv.prediction.predictive_intervals import PredictionDraws
from tests.clv.covariates.test_covariate_fit import PLAIN, simulated

KINDS = pytest.mark.parametrize("kind", list(PLAIN), ids=lambda kind: kind.__name__)
# BG/NBD and MBG/NBD have the same covariate links
FEW_KINDS = pytest.mark.parametrize(
    "kind",
    [rm.BGNBD, rm.ParetoNBD, pytest.param(rm.MBGNBD, marks=pytest.mark.slow)],
    ids=lambda kind: kind.__name__,
)
SPEND = rm.GammaGamma(6.25, 3.74, 15.44)
TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "52 weeks"}
RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "400"))


def customers(kind, *, n=1500, seed=1, **effects):
    """Return customers with their covariates and with what they spent, in whole days."""
    table = simulated(kind, n=n, seed=seed, **effects)
    spent = SPEND.simulate(table["frequency"].to_numpy(), seed=seed + 2)
    table = table.assign(recency=np.ceil(7 * table["recency"]) / 7, monetary_value=spent)
    return rm.CustomerSummary(table, unit="week")


def fits(kind, of):
    """Return fits of purchases by covariates, and of spend."""
    on = {} if kind is rm.ParetoNBD else {"dropout_on": "odds"}
    bought = rm.clv.fit_covariates(kind, of, rate="size", dropout="channel", **on)
    return bought, rm.GammaGamma.fit(of)


def true_model(kind, of):
    """Return each customer's model, which `simulated` drew them from."""
    own = dict(zip(kind.names(), np.array(PLAIN[kind].values)[:, None], strict=True))
    size, shop = of.table["size"].to_numpy(), (of.table["channel"] == "shop").to_numpy(float)
    own["alpha"] = own["alpha"] * np.exp(-0.4 * size)
    if kind is rm.ParetoNBD:
        own["beta"] = own["beta"] * np.exp(-0.9 * shop)
    else:
        own["a"], own["b"] = own["a"] * np.exp(0.45 * shop), own["b"] * np.exp(-0.45 * shop)
    return kind(*(np.broadcast_to(value, size.shape) for value in own.values()))


def ends(answer):
    return np.array([answer.expected, answer.low, answer.high])


@FEW_KINDS
def test_effects_of_nothing_give_the_plain_intervals(kind):
    of = customers(kind, n=600)
    plain, paid = kind.fit(of), rm.GammaGamma.fit(of)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = of.table.assign(same=1.0)
        none = rm.clv.fit_covariates(kind, rm.CustomerSummary(table, unit="week"), rate="same")
    of = rm.CustomerSummary(table, unit="week")
    pairs = [
        [rm.lifetime_value(fit, paid, of, **TERMS, level=0.9) for fit in (none, plain)],
        [rm.forecast(fit, of, horizon="26 weeks", level=0.9) for fit in (none, plain)],
        [ends(rm.total_value(fit, paid, of, **TERMS)) for fit in (none, plain)],
        [ends(rm.clv.total_purchases(fit, of, horizon="26 weeks")) for fit in (none, plain)],
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-3)


@FEW_KINDS
def test_intervals_are_those_of_draws_of_the_estimates(kind):
    """Estimates drawn from their covariances, all of it valued again each time."""
    of = customers(kind)
    bought, paid = fits(kind, of)
    few = rm.CustomerSummary(of.table.iloc[:40], unit="week")
    found = rm.lifetime_value(bought, paid, few, **TERMS, level=0.95)
    total = rm.total_value(bought, paid, few, **TERMS, level=0.95)
    rng, logs, sums = np.random.default_rng(5), [], []
    drawn = rng.multivariate_normal(bought.estimates, bought.checked_covariance(), size=200)
    for model, spend in zip(bought.models_for(few, drawn), paid.draws(200, seed=6), strict=True):
        values = rm.lifetime_value(model, spend, few, **TERMS)["clv"].to_numpy()
        logs.append(np.log(values))
        sums.append(np.log(values.sum()))
    width = np.log(found["clv_high"] / found["clv_low"]) / (2 * stats.norm.ppf(0.975))
    np.testing.assert_allclose(np.std(logs, axis=0), width, rtol=0.2)
    of_total = np.log(total.high / total.low) / (2 * stats.norm.ppf(0.975))
    assert np.std(sums) == pytest.approx(of_total, rel=0.15)
    assert total.expected == pytest.approx(found["clv"].sum())
    assert found["clv_low"].sum() < total.low < total.high < found["clv_high"].sum()


def test_value_is_that_of_each_customers_model_in_any_order():
    of = customers(rm.BGNBD, n=500)
    bought, paid = fits(rm.BGNBD, of)
    found = rm.lifetime_value(bought, paid, of, **TERMS, level=0.9)
    own = rm.lifetime_value(bought.model_for(of), paid, of, **TERMS)
    np.testing.assert_allclose(found["clv"], own["clv"], rtol=1e-12)
    order = np.random.default_rng(2).permutation(len(of))
    mixed = rm.CustomerSummary(of.table.iloc[order], unit="week")
    again = rm.lifetime_value(bought, paid, mixed, **TERMS, level=0.9)
    pd.testing.assert_frame_equal(again.sort_index(), found.sort_index(), rtol=1e-9)


def test_weighted_rows_are_expanded_rows():
    of = customers(rm.BGNBD, n=300)
    bought, paid = fits(rm.BGNBD, of)
    n = np.random.default_rng(3).integers(1, 4, len(of))
    weighted = rm.CustomerSummary(of.table.assign(n_customers=n), unit="week")
    table = of.table.loc[np.repeat(of.table.index, n)].reset_index(drop=True)
    expanded = rm.CustomerSummary(table, unit="week")
    found, expected = (ends(rm.total_value(bought, paid, c, **TERMS)) for c in (weighted, expanded))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_predictions_by_a_model_per_customer_are_those_of_each_alone():
    of = customers(rm.BGNBD, n=300)
    few = rm.CustomerSummary(of.table.iloc[:12], unit="week")
    own = fits(rm.BGNBD, of)[0].model_for(few)
    found = rm.forecast(own, few, horizon="26 weeks", level=0.9, kind="prediction")
    for row in range(len(few)):
        alone = rm.BGNBD(*(float(value) for value in own.values[:, row]))
        one = rm.CustomerSummary(few.table.iloc[[row]], unit="week")
        expected = rm.forecast(alone, one, horizon="26 weeks", level=0.9, kind="prediction")
        np.testing.assert_allclose(found.iloc[[row]], expected, rtol=1e-9)


def test_predicted_values_hold_what_customers_then_bring():
    """Futures drawn by the true models lie in the ranges as often as the level says."""
    kind, n = rm.BGNBD, 3000
    of = customers(kind, n=n)
    bought, paid = fits(kind, of)
    own = true_model(kind, of)
    x, t_x, T = of.frequency, of.recency, of.T
    alive = np.random.default_rng(8).random(n) < own.p_alive(x, t_x, T)
    then = alive * own.living(x, t_x, T).simulate(np.full(n, 52.0), seed=9)[0]
    draws = PredictionDraws(draws=200, seed=1)
    counts = rm.forecast(bought, of, horizon="52 weeks", level=0.9, kind="prediction")
    inside = (counts["purchases_low"] <= then) & (then <= counts["purchases_high"])
    assert 0.9 < inside.mean() < 0.98  # whole numbers: no less than was asked for
    terms = TERMS | {"margin": 1.0, "annual_discount_rate": 0.0}
    ranges = rm.lifetime_value(bought, paid, of, **terms, level=0.9, kind=draws)
    rate = np.random.default_rng(10).gamma(SPEND.p * x + SPEND.q)
    rate = rate / (SPEND.v + np.where(x > 0, x * of.monetary_value, 0.0))
    paid_then = np.random.default_rng(11).gamma(np.maximum(SPEND.p * then, 1e-9)) / rate
    brought = np.where(then > 0, paid_then, 0.0)
    inside = (ranges["clv_low"] <= brought) & (brought <= ranges["clv_high"])
    assert 0.88 < inside.mean() < 0.98
    total = rm.total_value(bought, paid, of, **terms, level=0.99, kind=draws)
    assert total.low < brought.sum() < total.high


def test_diverging_effects_give_values_without_intervals():
    of = customers(rm.BGNBD, n=600)
    odd = (of.table.index == of.table.index[of.frequency == 0][0]).astype(float)
    of = rm.CustomerSummary(of.table.assign(odd=odd), unit="week")
    with pytest.warns(UserWarning, match="do not identify the effect"):
        fit = rm.clv.fit_covariates(rm.BGNBD, of, rate="odd")
    assert (rm.lifetime_value(fit, SPEND, of, **TERMS)["clv"] > 0).sum() >= len(of) - 1
    paid, said = rm.GammaGamma.fit(of), r"do not identify the effect of rate: odd \(at inf"
    with pytest.raises(rm.ParameterError, match=said):
        rm.total_value(fit, paid, of, **TERMS)
    with pytest.raises(rm.ParameterError, match=said):
        rm.forecast(fit, of, horizon="26 weeks", level=0.95)
    with pytest.raises(rm.ParameterError, match="needs fits of purchases and of spend"):
        rm.total_value(fit, SPEND, of, **TERMS)


def test_covariates_of_the_valued_customers_are_needed():
    of = customers(rm.BGNBD, n=300)
    bought, paid = fits(rm.BGNBD, of)
    bare = rm.CustomerSummary(of.table.drop(columns="size"), unit="week")
    with pytest.raises(rm.RelmarkError, match="size"):
        rm.lifetime_value(bought, paid, bare, **TERMS, level=0.9)
    days = rm.CustomerSummary(of.table, unit="day")
    with pytest.raises(rm.ParameterError, match="fitted on times in weeks"):
        rm.lifetime_value(bought, paid, days, **TERMS)


@pytest.mark.slow
@KINDS
def test_intervals_cover_the_true_totals(kind):
    """Of what is expected of these very customers, by the models that they were drawn from."""
    inside = np.zeros((RUNS, 2), bool)
    for run in range(RUNS):
        of = customers(kind, seed=5000 + 7 * run)
        bought, paid = fits(kind, of)
        own = true_model(kind, of)
        ahead = {"horizon": "52 weeks"}
        truth = (
            rm.clv.total_purchases(own, of, **ahead, level=None).expected,
            rm.total_value(own, SPEND, of, **TERMS, level=None).expected,
        )
        found = (
            rm.clv.total_purchases(bought, of, **ahead),
            rm.total_value(bought, paid, of, **TERMS),
        )
        inside[run] = [f.low < t < f.high for f, t in zip(found, truth, strict=True)]
    share = inside.mean(axis=0)
    least, most = stats.binom.ppf([0.0005, 0.9995], RUNS, 0.95) / RUNS
    print(kind.__name__, share)
    assert ((least <= share) & (share <= most)).all(), share

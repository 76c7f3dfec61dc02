"""Draws of residual values by hand; slow: coverage and accuracy over many simulated firms.

RELMARK_SLOW_RUNS sets the number of firms.
"""

import os

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.next_action.residual_value import (
    _DRAWS_PER_MODEL,
    CustomerBlock,
    _annuity,
    _draw_models,
    _draw_spend,
    draw_residuals,
)
from relmark_research.simulation.sample_firm import simulate_firm
from tests.economics.firm import known_customers, log_of, true_residual

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))


@pytest.mark.slow
def test_residual_values_cover_the_truth() -> None:
    """Customers simulated from the model: intervals cover 95%, and p_negative is calibrated."""
    covered, predicted, actual, ended = [], [], [], []
    for seed in range(max(4, RUNS // 30)):
        known = known_customers(1200, seed=seed)
        terms = rm.economics.FutureTerms(draws=400, seed=seed)
        advice = rm.recommend(log_of(known.transactions), contacts=known.contacts, terms=terms)
        table = advice.table
        truth = true_residual(known.truth, d=0.1, years=5, lag=0.5).reindex(table.index)
        covered.append((table["residual_low"] <= truth) & (truth <= table["residual_high"]))
        predicted.append(table["p_negative"])
        actual.append(truth < 0)
        ended.append(truth[table["action"] == "end"] < 0)
    coverage = np.concatenate(covered).mean()
    predicted, actual = np.concatenate(predicted), np.concatenate(actual)
    bins = pd.cut(predicted, [-0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0])
    rates = pd.DataFrame({"predicted": predicted, "actual": actual})
    rates = rates.groupby(bins, observed=True).mean()
    ended = np.concatenate(ended)
    print("residual", coverage, rates, "ended", len(ended), ended.mean())
    assert 0.925 < coverage < 0.975
    assert (rates["predicted"] - rates["actual"]).abs().max() < 0.06
    assert ended.mean() > 0.9


@pytest.mark.slow
def test_predicted_values_agree_with_actual_values_of_simulated_firms() -> None:
    """The firm differs from the model: customers may leave once a year only."""
    ratios, ended = [], []
    for seed in range(max(6, RUNS // 12)):
        tables = simulate_firm(seed=9000 + seed).tables
        segments = tables["customers"].set_index("customer_id")["segment"]
        backtest = rm.economics.advice_backtest(
            log_of(tables["transactions"]), contacts=tables["contacts"], segments=segments,
            terms=rm.economics.FutureTerms(draws=150),
        )  # fmt: skip
        total = backtest[["expected", "actual"]].mul(backtest["customers"], axis=0).sum()
        ratios.append(total["expected"] / total["actual"])
        end = backtest[backtest["action"] == "end"]
        ended.extend(end[["customers", "actual"]].to_numpy().tolist())
    print("expected / actual", np.mean(ratios), np.std(ratios), np.array(ended).sum(axis=0))
    assert abs(np.mean(ratios) - 1) < 0.1
    people, actual = np.array(ended).T
    assert (people * actual).sum() / people.sum() < 5


MODEL, SPEND = rm.BGNBD(0.5, 10.0, 0.6, 2.0), rm.GammaGamma(p=6.0, q=4.0, v=15.0)


def block(**traits):
    table = pd.DataFrame({
        "frequency": [4.0, 0.0], "recency": [30.0, 0.0], "T": [40.0, 40.0],
        "monetary_value": [30.0, 0.0],
    })  # fmt: skip
    given = {"margin": 0.5, "margin_sd": 0.0, "shape": 1e8, "rate": 1e8 / 12.0} | traits
    return CustomerBlock(rm.CustomerSummary(table, unit="week"), pd.DataFrame([given, given]))


def drawn(terms, **traits):
    return draw_residuals((MODEL, SPEND), block(**traits), terms, np.random.default_rng(3))


def test_draws_agree_with_the_model() -> None:
    terms = rm.economics.FutureTerms(
        annual_discount_rate=0.0, horizon="1 week", detection_lag="26 weeks", draws=40_000
    )
    found = drawn(terms)
    assert found.contribution.shape == (2, 40_000)
    x, t_x, T = (np.array(values) for values in ([4.0, 0.0], [30.0, 0.0], [40.0, 40.0]))
    alive = MODEL.p_alive(x, t_x, T)
    np.testing.assert_allclose(found.p_alive, alive)
    np.testing.assert_allclose(found.contribution, 0.5 * found.revenue)
    np.testing.assert_allclose(found.residual_value, found.contribution - found.cost)
    year = 365.2425 / 7
    lost = np.isclose(found.years, 26 / year)
    np.testing.assert_allclose(1 - lost.mean(axis=1), alive, atol=0.01)
    assert (found.revenue[lost] == 0).all()
    np.testing.assert_allclose(found.cost, 12 * found.years, rtol=1e-3)
    spend = SPEND.conditional_expected_spend(x, np.array([30.0, 0.0]))
    expected = spend * MODEL.conditional_expected_purchases(1.0, x, t_x, T)
    np.testing.assert_allclose(found.revenue.mean(axis=1), expected, rtol=0.05)


def test_margins_vary_and_the_discount_rate_counts() -> None:
    plain, terms = rm.economics.FutureTerms(draws=400), rm.economics.FutureTerms
    found = drawn(plain, margin_sd=0.2)
    share = found.contribution[found.revenue > 0] / found.revenue[found.revenue > 0]
    assert share.std() == pytest.approx(0.2, rel=0.15)
    more = drawn(terms(draws=400, annual_discount_rate=0.5))
    assert more.years.max() < drawn(plain).years.max() <= 5
    assert repr(found).startswith("<ResidualDraws: customers 2, draws 400")
    assert _annuity(0.0, 7.0) == 7
    assert _annuity(0.1, 7.0) == pytest.approx((1 - np.exp(-0.7)) / 0.1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"horizon": "for ever"}, "horizon must be finite"),
        ({"detection_lag": "for ever"}, "detection_lag must be finite"),
        ({"draws": 99}, "draws must be at least 100; found 99"),
        ({"annual_discount_rate": 1.0}, "rate"),
    ],
)
def test_terms_are_finite_with_enough_draws(given, said) -> None:
    with pytest.raises(rm.ParameterError, match=said):
        rm.economics.FutureTerms(**given)
    assert rm.economics.FutureTerms(draws=100).draws == 100


class Told:
    """A model of spend that returns what it is asked with."""

    def draw_mean_spend(self, n, mean, rng):
        return np.stack([n, mean])


def test_spend_is_drawn_given_purchases_with_money_only() -> None:
    x, m = np.array([3.0, 2.0, 0.0, 0.0, 1.0]), np.array([20.0, 0.0, 5.0, np.nan, 0.5])
    n, mean = _draw_spend(Told(), x, m, (5, 4), np.random.default_rng(1))
    assert n.tolist() == [[each] * 4 for each in (3, 0, 0, 0, 1)]
    assert mean.tolist() == [[each] * 4 for each in (20, 0, 0, 0, 0.5)]


def test_parameters_are_drawn_once_for_so_many_draws_and_never_fewer_than_once() -> None:
    log = rm.load_cdnow()
    summary = log.split(at="1997-09-30").calibration
    fits = (rm.BGNBD.fit(summary), rm.GammaGamma(6.25, 3.74, 15.44))
    for draws, models in ((100, 100 // _DRAWS_PER_MODEL), (100 * _DRAWS_PER_MODEL, 100)):
        terms = rm.economics.FutureTerms(draws=draws)
        purchases, spend = _draw_models(fits, terms, np.random.default_rng(1))
        assert len(purchases) == len(spend) == max(models, 1)
    assert len({model.r for model in purchases}) == 100  # the fit is uncertain
    assert set(spend) == {fits[1]}  # a model is taken as it is

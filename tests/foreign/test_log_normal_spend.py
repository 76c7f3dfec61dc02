"""A user's model of spend: its formulas, and all that the package does with it."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import relmark_research as rm
from tests.foreign.log_normal_spend import LogNormalSpend

MODEL = LogNormalSpend(25.0, 0.5, 0.6)
TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "26 weeks"}


def test_the_likelihood_is_the_definition_for_one_purchase():
    m = 31.0
    level, noise = stats.norm(np.log(MODEL.median), MODEL.between), MODEL.within
    density = integrate.quad(
        lambda theta: stats.norm(theta, noise).pdf(np.log(m)) / m * level.pdf(theta), -10, 10,
        points=[np.log(m)],
    )[0]  # fmt: skip
    assert np.exp(MODEL.log_likelihood(1.0, m)) == pytest.approx(density, rel=1e-9)


def test_the_conditional_mean_and_median_are_those_of_the_posterior():
    m = 60.0
    prior = stats.norm(np.log(MODEL.median), MODEL.between)

    def weight(theta):
        return stats.norm(theta, MODEL.within).pdf(np.log(m)) * prior.pdf(theta)

    def mean_below(theta):
        return np.exp(theta + MODEL.within**2 / 2)

    whole = integrate.quad(weight, 0, 8)[0]
    mean = integrate.quad(lambda theta: weight(theta) * mean_below(theta), 0, 8)[0] / whole
    assert MODEL.conditional_expected_spend(1.0, m) == pytest.approx(mean, rel=1e-8)
    median = MODEL.conditional_median_spend(1.0, m)
    end = np.log(median) - MODEL.within**2 / 2
    assert integrate.quad(weight, 0, end)[0] / whole == pytest.approx(0.5, abs=1e-8)


def test_draws_have_the_mean_of_the_formula():
    x, m = np.full(200_000, 3.0), np.full(200_000, 40.0)
    own = MODEL.draw_mean_spend(x, m, np.random.default_rng(1))
    total = MODEL.draw_total_spend(np.full(len(x), 4.0), x, m, np.random.default_rng(2))
    expected = MODEL.conditional_expected_spend(3.0, 40.0)
    assert own.mean() == pytest.approx(expected, rel=5e-3)
    assert np.median(own) == pytest.approx(MODEL.conditional_median_spend(3.0, 40.0), rel=5e-3)
    assert total.mean() / 4 == pytest.approx(expected, rel=5e-3)
    new = MODEL.simulate(np.full(200_000, 2.0), seed=3)
    assert new.mean() == pytest.approx(MODEL.expected_spend(), rel=1e-2)
    assert np.isnan(MODEL.simulate(np.zeros(3), seed=3)).all()


@pytest.mark.parametrize("average", ["mean", "median"])
def test_the_interval_of_a_value_is_that_of_drawn_parameters(spend, some, average):
    model = rm.MBGNBD(0.525, 6.183, 0.891, 1.614)
    x, m = some.frequency, some.monetary_value
    fit = rm.clv.SpendAverage(spend, average)
    sd = np.sqrt(fit.log_variance(spend, x, m))
    drawn = [
        np.log(rm.clv.SpendAverage(one, average).conditional_spend(x, m))
        for one in spend.draws(2000, seed=4)
    ]
    np.testing.assert_allclose(np.std(drawn, axis=0), sd, rtol=0.15)
    values = rm.lifetime_value(model, fit, some, **TERMS)
    spent = values["clv"] / values["discounted_purchases"] / 0.3
    np.testing.assert_allclose(spent, fit.conditional_spend(x, m))


def test_it_enters_a_comparison_and_advice(split, spend):
    for given in (LogNormalSpend, spend, spend.model):
        compared = rm.compare_models(split, models=["MBGNBD"], spend=given)
        assert -0.4 < compared.table.loc["MBGNBD", "value_bias"] < 0.1
    log = rm.read_transactions("dataset:sample", cost="cost").until("2022-12-31")
    segments = rm.load_sample("customers").set_index("customer_id")["segment"]
    terms = rm.economics.FutureTerms(draws=100)
    gamma, normal = (
        rm.recommend(log, segments=segments, spend=model, terms=terms)
        for model in (rm.GammaGamma, LogNormalSpend)
    )
    ratio = normal.table["residual_value"].sum() / gamma.table["residual_value"].sum()
    assert ratio == pytest.approx(1, abs=0.2)
    rescaled = [note for note in normal.notes if "multiplied by" in note]
    assert rescaled  # a small segment uses the model of all customers


def test_money_scales_the_median_only(spend):
    np.testing.assert_array_equal(spend.model.money_factors(100), [100, 1, 1])


def test_purchases_and_spend_are_not_exchanged(spend, some):
    with pytest.raises(rm.ParameterError, match=r"found LogNormalSpend\. Give purchases first"):
        rm.lifetime_value(spend, spend, some, **TERMS)
    with pytest.raises(rm.ParameterError, match=r"the class LogNormalSpend. Fit it"):
        rm.lifetime_value(rm.BGNBD(0.2, 4.0, 0.8, 2.4), LogNormalSpend, some, **TERMS)


def test_spends_of_zero_are_left_out_and_named():
    table = pd.DataFrame({"frequency": [2.0, 1.0, 3.0], "recency": 1.0, "T": 2.0})
    table["monetary_value"] = [10.0, 0.0, 30.0]
    fit = LogNormalSpend.fit(rm.CustomerSummary(table, unit="week"))
    assert fit.note == "1 repeat customers with a spend of 0 are left out: row 2 (1)"
    with pytest.raises(rm.DataError, match="LogNormalSpend is estimated from the spend"):
        LogNormalSpend.fit(table.assign(monetary_value=0.0))

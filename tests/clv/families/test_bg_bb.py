"""BG/BB against all that can happen at a few opportunities, and its published closed forms."""

from itertools import product

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln

import relmark_research as rm
from relmark_research.clv.families.shifted_beta_geometric import infinite_survival_sum

DONORS = rm.BGBB(1.204, 0.750, 0.657, 2.783)
SURE = rm.BGBB(3.0, 2.0, 1.0, 5.0)  # gamma = 1: the published expectation is 0 / 0


def beta_ratio(a, b, more_a, more_b):
    return np.exp(betaln(a + more_a, b + more_b) - betaln(a, b))


def outcomes(model, n):
    """Yield every (sequence of purchases, alive at the end, probability) of n opportunities."""
    al, be, ga, de = model.values
    for stay in range(n + 1):  # opportunities that the customer lives to see
        leaves = beta_ratio(ga, de, stay < n, stay)
        for bought in product((0, 1), repeat=stay):
            buys = beta_ratio(al, be, sum(bought), stay - sum(bought))
            yield bought + (0,) * (n - stay), stay == n, buys * leaves


def history_of(bought):
    return sum(bought), max((i for i, b in enumerate(bought, start=1) if b), default=0)


@pytest.mark.parametrize("model", [DONORS, SURE])
def test_likelihood_is_the_sum_of_what_could_have_happened(model):
    n, chance = 4, {}
    for bought, _, probability in outcomes(model, n):
        chance[bought] = chance.get(bought, 0) + probability
    for bought, probability in chance.items():
        found = model.log_likelihood(*history_of(bought), n)
        assert found == pytest.approx(np.log(probability), rel=1e-11)


@pytest.mark.parametrize("model", [DONORS, SURE])
@pytest.mark.parametrize("history", [(0, 0), (1, 1), (2, 3), (3, 3)])
def test_forecast_is_the_sum_of_what_can_happen(model, history):
    n, ahead = 3, 3
    whole = further = next_alive = 0.0
    chance = np.zeros(ahead + 1)
    for bought, _, probability in outcomes(model, n + ahead):
        if history_of(bought[:n]) == history:
            more = sum(bought[n:])
            whole, further = whole + probability, further + more * probability
            chance[more] += probability
    for bought, alive, probability in outcomes(model, n + 1):
        if history_of(bought[:n]) == history and alive:
            next_alive += probability
    x, t_x = history
    assert model.p_alive(x, t_x, n) == pytest.approx(next_alive / whole, rel=1e-11)
    expected = model.conditional_expected_purchases(ahead, x, t_x, n)
    assert expected == pytest.approx(further / whole, rel=1e-11)
    pmf = model.conditional_purchase_pmf(np.arange(ahead + 1), ahead, x, t_x, n)
    np.testing.assert_allclose(pmf, chance / whole, rtol=1e-11)


def test_new_customers_pmf_is_the_sum_of_what_can_happen():
    chance = np.zeros(6)
    for bought, _, probability in outcomes(DONORS, 5):
        chance[sum(bought)] += probability
    np.testing.assert_allclose(DONORS.purchase_pmf(np.arange(6), 5), chance, rtol=1e-11)


def test_value_over_an_infinite_horizon_is_the_published_one():
    """Fader, Hardie & Shang 2010: with 2F1, discounted from the next opportunity on."""
    al, be, ga, de = DONORS.values
    x, t_x, n, d = 3, 5, 6, 0.1
    ways = np.exp(betaln(al + x + 1, be + n - x) - betaln(al, be))
    lives = np.exp(betaln(ga, de + n + 1) - betaln(ga, de))
    series = float(mp.hyp2f1(1, de + n + 1, ga + de + n + 1, 1 / (1 + d)))
    likelihood = np.exp(DONORS.log_likelihood(x, t_x, n))
    exact = ways * lives * series / ((1 + d) * likelihood)
    found = DONORS.discounted_expected_purchases(np.log1p(d), x, t_x, n)
    assert found == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("rate", [1e-6, 0.0027, 0.1, 3.0])
@pytest.mark.parametrize("shapes", [(0.7, 2.8), (1000, 0.01), (0.01, 1000), (1.0, 1.0)])
def test_infinite_survival_sum_is_gausss_function(rate, shapes):
    gamma, delta = shapes
    with mp.workdps(30):
        exact = mp.hyp2f1(1, delta, mp.mpf(gamma) + delta, mp.exp(-mp.mpf(rate))) - 1
    found = infinite_survival_sum(gamma, delta, rate)
    assert float(found) == pytest.approx(float(exact), rel=1e-9)


def test_expected_purchases_are_the_published_ones():
    al, be, ga, de = DONORS.values
    for n in (1, 6, 100):
        lost = mp.gammaprod([ga + de, 1 + de + n], [ga + de + n, 1 + de])
        exact = al / (al + be) * de / (ga - 1) * (1 - float(lost))
        assert DONORS.expected_purchases(n) == pytest.approx(exact, rel=1e-10)


def test_calendar_lengths_count_as_whole_opportunities():
    years = np.array([1096, 1095, 2191]) / 365.2425
    np.testing.assert_array_equal(
        DONORS.expected_purchases(years), DONORS.expected_purchases(np.array([3, 3, 6]))
    )


def test_fractions_of_an_opportunity_are_rejected():
    with pytest.raises(rm.ParameterError, match=r"whole numbers; found 2\.5"):
        DONORS.expected_purchases(2.5)


def test_forecast_and_value_of_donors_in_a_table():
    donors = rm.CustomerSummary(rm.load_donations(), unit="year")
    table = rm.forecast(DONORS, donors, horizon="2 years")
    x, t_x, T = donors.frequency, donors.recency, donors.T
    expected = DONORS.conditional_expected_purchases(2, x, t_x, T)
    np.testing.assert_allclose(table["expected_purchases"], expected, rtol=1e-12)


@pytest.mark.parametrize("row", [(2, 1.5, 6), (3, 2, 6), (1, 1, 6.4)])
def test_histories_that_are_no_counts_of_opportunities_are_rejected(row):
    table = pd.DataFrame([(1, 2, 6), (0, 0, 6), row], columns=["frequency", "recency", "T"])
    with pytest.raises(rm.DataError, match=r"1 of 3 rows .* that are not: \(.*\)\. For purchases"):
        rm.BGBB.fit(table)


def test_a_common_dropout_probability_gives_no_precise_heterogeneity():
    """As with the cruise customers of Fader & Hardie, whose gamma may be 1 or 10,000."""
    x, t_x, T = rm.BGBB(0.66, 5.19, 1000, 10850).simulate(np.full(6094, 4.0), seed=2)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    fit = rm.BGBB.fit(rm.CustomerSummary(table, unit="year"))
    assert fit.diagnosis.status in {"flat", "at infinity"}
    assert {"gamma", "delta"} <= set(fit.diagnosis.unidentified)

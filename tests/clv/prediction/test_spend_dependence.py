"""Spend that follows the purchase rate: recovered, not seen where there is none, and used."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv import SpendDependence
from relmark_research.clv.prediction.spend_dependence import purchase_rate

BOUGHT = rm.BGNBD(r=1.2, alpha=10.0, a=0.6, b=4.0)
PAID = rm.GammaGamma(p=4.0, q=4.0, v=60.0)


def customers(coefficient, *, seed, n=3000):
    """Return customers whose own level is a power of their purchase rate."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(30, 100, n)
    rate, dropout = rng.gamma(1.2, 1 / 10.0, n), rng.beta(0.6, 4.0, n)
    x, last = np.zeros(n), np.zeros(n)
    now, alive = rng.exponential(1 / rate), np.ones(n, bool)
    while (alive := alive & (now < T)).any():
        x, last = x + alive, np.where(alive, now, last)
        alive &= rng.random(n) >= dropout
        now = now + rng.exponential(1 / rate)
    own = PAID.simulate(x, seed=seed + 1) * (rate / 0.12) ** coefficient
    table = pd.DataFrame({"frequency": x, "recency": last, "T": T, "monetary_value": own})
    return rm.CustomerSummary(table, unit="week")


@pytest.fixture(scope="module")
def dependent():
    return customers(0.5, seed=1)


@pytest.fixture(scope="module")
def found(dependent):
    return SpendDependence.fit(dependent, rm.BGNBD.fit(dependent), rm.GammaGamma)


def test_the_coefficient_is_recovered(found):
    """The rate is known with error, which the expectation given the history allows for."""
    assert found.low < 0.5 < found.high
    assert found.coefficient == pytest.approx(0.5, abs=0.12)
    assert "twice as often spend" in found.words


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_independence_is_left_alone(seed):
    summary = customers(0.0, seed=seed)
    found = SpendDependence.fit(summary, BOUGHT, rm.GammaGamma)
    assert found.coefficient == 0
    plain = rm.GammaGamma.fit(summary).model
    repeat = summary.frequency > 0
    own = np.where(repeat, summary.monetary_value, 0)
    expected = plain.conditional_expected_spend(summary.frequency, own)
    assert found.conditional_expected_spend(summary) == pytest.approx(expected, rel=1e-6)
    assert "No dependence" in found.words


def test_expected_spend_of_rare_buyers_is_lower_and_of_frequent_ones_their_own(dependent, found):
    plain = rm.GammaGamma.fit(dependent).model
    x = dependent.frequency
    own = np.where(x > 0, dependent.monetary_value, 0)
    ratio = found.conditional_expected_spend(dependent) / plain.conditional_expected_spend(x, own)
    assert ratio[x == 0].mean() < 0.95
    assert ratio[x >= 15] == pytest.approx(1, abs=0.1)


def test_the_unit_of_money_and_of_time_change_nothing(dependent, found):
    dollars = dependent.table.assign(monetary_value=100 * dependent.table["monetary_value"])
    summary = rm.CustomerSummary(dollars, unit="week")
    again = SpendDependence.fit(summary, rm.BGNBD.fit(dependent), rm.GammaGamma)
    assert again.coefficient == pytest.approx(found.coefficient, abs=1e-4)
    days = dependent.table.assign(
        recency=7 * dependent.table["recency"], T=7 * dependent.table["T"]
    )
    summary = rm.CustomerSummary(days, unit="day")
    again = SpendDependence.fit(summary, rm.BGNBD.fit(summary), rm.GammaGamma)
    assert again.coefficient == pytest.approx(found.coefficient, abs=0.02)


def test_the_rate_is_that_of_the_time_alive(dependent):
    """BG/NBD: (r + x) (P / (alpha + T) + (1 - P) / (alpha + t_x)), up to dropout in one week."""
    x, t_x, T = dependent.frequency, dependent.recency, dependent.T
    alive = BOUGHT.p_alive(x, t_x, T)
    exact = (1.2 + x) * (alive / (10 + T) + (1 - alive) / (10 + t_x))
    assert purchase_rate(BOUGHT, dependent) == pytest.approx(exact, rel=0.06)

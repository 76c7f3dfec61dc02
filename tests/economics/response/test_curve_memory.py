"""What trend, season and carry-over leave of a response curve's slope."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.response.curve_memory import curve_memory, tilted
from relmark_research.economics.response.response_curves import ResponseCurve

INDEX = pd.period_range("2010Q1", periods=45, freq="Q")


def books(seed: int, growth: float, periods: int = 45):
    """A curve in a market that grows (or does not), with spend that grows alike."""
    rng = np.random.default_rng([seed, 4])
    spend = 2 * np.exp(
        0.3 * rng.standard_normal(periods) + growth * (np.arange(periods) - periods + 1)
    )
    market = np.exp(growth * (np.arange(periods) - periods + 1))
    won = rng.binomial(20_000, 0.05 * -np.expm1(-0.5 * spend) * market)
    fit = ResponseCurve.fit(spend, won, np.full(periods, 20_000), today=spend[-4:].mean())
    return fit, 0.05 * 0.5 * np.exp(-0.5 * spend[-4:].mean())


def test_a_curve_that_is_the_whole_story_stays_as_it_is() -> None:
    for seed in range(5):
        found = curve_memory(books(seed, 0.0)[0], INDEX)
        assert found.probability < 0.3
        assert found.slope == pytest.approx(1, abs=0.05)
        slope, lift = found.draws(1000, seed=1)
        assert ((slope == 1) & (lift == 1)).mean() == pytest.approx(1 - found.probability, abs=0.05)


@pytest.mark.parametrize("firms", [4, pytest.param(8, marks=pytest.mark.slow)])
def test_growth_of_the_market_is_taken_out_of_the_slope(firms) -> None:
    wrong = held = 0
    for seed in range(firms):
        fit, truth = books(seed, 0.02)
        found = curve_memory(fit, INDEX)
        assert found.probability > 0.99
        spend = np.full(2000, fit.curve.spend)
        slopes = []
        for memory in (found.draws(2000, seed=2), (np.ones(2000), np.ones(2000))):
            c, k = tilted(*fit.draws(2000, seed=1).to_numpy().T, spend, *memory)
            slopes.append(np.quantile(c * k * np.exp(-k * spend), [0.025, 0.975]))
        held += slopes[0][0] < truth < slopes[0][1]
        wrong += not slopes[1][0] < truth < slopes[1][1]
    assert held >= 0.6 * firms
    assert wrong >= 0.5 * firms  # the curve alone


def test_too_few_periods_leave_the_curve_alone() -> None:
    fit, _ = books(1, 0.0, periods=5)
    found = curve_memory(fit, INDEX[:5])
    assert found.slope == pytest.approx(1, abs=0.2)
    gaps = curve_memory(fit, INDEX[[0, 1, 2, 5, 9]])
    assert (len(gaps.models), gaps.probability, gaps.slope) == (1, 0.0, 1.0)
    assert [each.tolist() for each in gaps.draws(7, seed=1)] == [[1.0] * 7] * 2


@pytest.mark.parametrize("lift", [1.0, 0.7, 1.1])
@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0, 1.4, 50.0])
def test_a_tilted_curve_has_the_rate_and_the_elasticity_asked_for(slope, lift) -> None:
    ceiling, steepness, spend = np.array([0.1, 0.8]), np.array([0.5, 0.1]), np.array([2.0, 15.0])
    c, k = tilted(ceiling, steepness, spend, np.full(2, slope), np.full(2, lift))
    rate = ceiling * -np.expm1(-steepness * spend) * lift
    assert c * -np.expm1(-k * spend) == pytest.approx(rate, rel=1e-9)
    assert (c <= 1).all() and (k > 0).all()
    u = steepness * spend
    most = -np.log1p(-rate)  # k s with a ceiling of 1
    wanted = np.minimum(slope * u / np.expm1(u), most / np.expm1(most))
    assert k * spend / np.expm1(k * spend) == pytest.approx(wanted, abs=1e-7)
    if slope == lift == 1:
        assert (c == ceiling).all() and (k == steepness).all()

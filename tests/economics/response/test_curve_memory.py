"""What trend, season and carry-over leave of a response curve's slope."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from relmark_research.economics.response.curve_memory import curve_memory, tilted
from relmark_research.economics.response.response_curves import ResponseCurve

INDEX = pd.period_range("2010Q1", periods=45, freq="Q")
RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "200"))
MARKETS = {  # growth a quarter of the market and of spend, sd of noise, size of the season
    "constant": (0.0, 0.0, 0.0, 0.0),
    "growing by 1%": (0.01, 0.01, 0.0, 0.0),
    "growing by 2%": (0.02, 0.02, 0.0, 0.0),
    "growing by 3%": (0.03, 0.03, 0.0, 0.0),
    "growing, spend does not": (0.02, 0.0, 0.0, 0.0),
    "constant, spend grows": (0.0, 0.02, 0.0, 0.0),
    "shrinking, spend grows": (-0.01, 0.01, 0.0, 0.0),
    "growing, noisy": (0.02, 0.02, 0.03, 0.0),
    "growing, seasonal": (0.01, 0.01, 0.0, 0.1),
}


def books(seed: int, market: str, periods: int = 45):
    """A fitted curve with the true slope and rate of the last year, the mean of its quarters."""
    growth, spend_growth, noise, season = MARKETS[market]
    rng = np.random.default_rng([seed, 4])
    ago = np.arange(periods) - periods + 1
    spend = 2 * np.exp(0.3 * rng.standard_normal(periods) + spend_growth * ago)
    path = growth * ago + season * np.resize([1, -0.5, -1, 0.5], periods)
    rate = 0.05 * -np.expm1(-0.5 * spend) * np.exp(path + noise * rng.standard_normal(periods))
    won, today = rng.binomial(20_000, rate), spend[-4:].mean()
    fit = ResponseCurve.fit(spend, won, np.full(periods, 20_000), today=today)
    level = np.exp(path[-4:]).mean()
    slope = level * 0.05 * 0.5 * np.exp(-0.5 * today)
    return fit, slope, level * 0.05 * -np.expm1(-0.5 * today)


def ends(fit, today) -> np.ndarray:
    """The 95% intervals of slope and rate, of draws tilted to elasticities and rates of today."""
    spend = np.full(2000, fit.curve.spend)
    c, k = tilted(*fit.draws(2000, seed=1).to_numpy().T, spend, *today)
    both = np.array([c * k * np.exp(-k * spend), c * -np.expm1(-k * spend)])
    return np.quantile(both, [0.025, 0.975], axis=1).T


def test_a_curve_that_is_the_whole_story_stays_as_it_is() -> None:
    for seed in range(5):
        found = curve_memory(books(seed, "constant")[0], INDEX)
        assert found.probability < 0.3
        assert found.slope == pytest.approx(1, abs=0.05)
        elasticity, rate = found.draws(1000, seed=1)
        alone = np.isnan(elasticity)
        assert alone.mean() == pytest.approx(1 - found.probability, abs=0.05)
        assert (np.isnan(rate) == alone).all()


def test_growth_of_the_market_is_taken_out_of_the_slope() -> None:
    nothing = np.full((2, 2000), np.nan)
    held, alone = 0, 0
    for seed in range(8):
        fit, *truth = books(seed, "growing by 2%")
        found = curve_memory(fit, INDEX)
        assert found.probability > 0.99
        low, high = ends(fit, found.draws(2000, seed=2))[0]
        held += low < truth[0] < high
        low, high = ends(fit, nothing)[0]
        alone += low < truth[0] < high
    assert held >= 7
    assert alone <= 4


def test_spend_that_follows_the_trend_hardly_identifies_the_elasticity() -> None:
    widths = []
    for varied in (0.02, 0.3):
        rng = np.random.default_rng(6)
        spend = 2 * np.exp(0.02 * (np.arange(45) - 44) + varied * rng.standard_normal(45))
        won = rng.binomial(20_000, 0.05 * -np.expm1(-0.5 * spend))
        fit = ResponseCurve.fit(spend, won, np.full(45, 20_000), today=spend[-4:].mean())
        found = curve_memory(fit, INDEX)
        grid = found.grids[found.models.query("trend and not season and not carry_over").index[0]]
        widths.append(np.ptp(np.quantile(grid.draws(4000, seed=1)[0], [0.025, 0.975])))
    assert widths[0] > max(0.3, 2.5 * widths[1])


def test_a_grid_is_a_regression_at_each_steepness() -> None:
    """The mean elasticity, level and weight of the model with a trend only, by least squares."""
    fit, _, _ = books(3, "growing by 1%", 20)
    found = curve_memory(fit, INDEX[:20])
    place = found.models.query("trend and not season and not carry_over").index[0]
    grid = found.grids[place]
    cells = len(grid.weight) // 8
    own = slice(4 * cells, 5 * cells)  # the same noise in all periods, without a random walk
    design = np.column_stack([np.ones(20), np.arange(20)])
    logs, levels = [], []
    for wanted in grid.elasticity[own]:
        k = optimize.brentq(lambda u, e=wanted: u / np.expm1(u) - e, 1e-9, 60) / fit.curve.spend
        rest = np.log(fit.data.successes / 20_000) - np.log(-np.expm1(-k * fit.data.spend))
        b, squares, *_ = np.linalg.lstsq(design, rest, rcond=None)
        logs.append(-9 * np.log(squares[0]))
        levels.append((design @ b)[-4:].mean() + np.log(-np.expm1(-k * fit.curve.spend)))
    weight = np.exp(np.array(logs) - max(logs))
    found = grid.weight[own] / grid.weight[own].sum()
    assert found == pytest.approx(weight / weight.sum(), abs=1e-9)
    assert grid.log_rate[own] == pytest.approx(levels)


@pytest.mark.slow
@pytest.mark.parametrize("periods", [20, 45])
@pytest.mark.parametrize("market", MARKETS)
def test_intervals_of_slope_and_rate_cover_the_truth(market: str, periods: int) -> None:
    held = np.zeros(2)
    for seed in range(RUNS):
        fit, *truth = books(seed + 100, market, periods)
        found = ends(fit, curve_memory(fit, INDEX[:periods]).draws(2000, seed=2))
        held += (found[:, 0] < truth) & (truth < found[:, 1])
    print(f"{market}, {periods} quarters: slope {held[0] / RUNS:.3f}, rate {held[1] / RUNS:.3f}")
    reach = 3.3 * np.sqrt(0.95 * 0.05 / RUNS)
    assert min(held) >= min(0.92, 0.95 - reach) * RUNS
    assert held[0] <= max(0.98, 0.95 + reach) * RUNS


def test_too_few_periods_leave_the_curve_alone() -> None:
    fit, *_ = books(1, "constant", 5)
    found = curve_memory(fit, INDEX[:5])
    assert found.slope == pytest.approx(1, abs=0.2)
    gaps = curve_memory(fit, INDEX[[0, 1, 2, 5, 9]])
    assert (len(gaps.models), gaps.probability, gaps.slope) == (1, 0.0, 1.0)
    assert np.isnan(gaps.draws(7, seed=1)).all()


@pytest.mark.parametrize("lift", [1.0, 0.7, 1.1])
@pytest.mark.parametrize("wanted", [0.0, 0.3, 0.99, 5.0])
def test_a_tilted_curve_has_the_rate_and_the_elasticity_asked_for(wanted, lift) -> None:
    ceiling, steepness, spend = np.array([0.1, 0.8]), np.array([0.5, 0.1]), np.array([2.0, 15.0])
    rate = ceiling * -np.expm1(-steepness * spend) * lift
    c, k = tilted(ceiling, steepness, spend, np.full(2, wanted), rate)
    assert c * -np.expm1(-k * spend) == pytest.approx(rate, rel=1e-9)
    assert (c <= 1).all() and (k > 0).all()
    most = -np.log1p(-rate)  # k s with a ceiling of 1
    reached = np.minimum(wanted, most / np.expm1(most))
    assert k * spend / np.expm1(k * spend) == pytest.approx(reached, abs=1e-7)


def test_a_curve_without_a_memory_is_not_tilted() -> None:
    ceiling, steepness = np.array([0.1, 0.8]), np.array([0.5, 0.1])
    today = np.array([np.nan, 0.4]), np.array([np.nan, 0.5])
    c, k = tilted(ceiling, steepness, np.array([2.0, 15.0]), *today)
    assert (c[0], k[0]) == (0.1, 0.5)
    assert c[1] != 0.8 and k[1] != 0.1

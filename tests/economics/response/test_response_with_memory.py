"""Response over time: adstock by hand, known truths, and what cannot be told apart."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from relmark_research.economics.response.response_curves import ResponseCurve
from relmark_research.economics.response.response_with_memory import (
    Memory,
    adstock,
    experiment_periods,
    response_with_memory,
    small_sample_penalty,
)
from relmark_research.errors import DataError, ParameterError

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "400"))


def firm(seed: int, periods: int = 45, *, freq: str = "Q", history: int = 20):
    """Customers, spend and truth: trend, season, carry-over, saturation and noise."""
    rng = np.random.default_rng([seed, 19])
    n = periods + history
    elasticity, carry_over = rng.uniform(0.15, 0.6), rng.uniform(0, 0.8)
    drift = np.cumsum(0.05 * rng.standard_normal(n))
    spend = 1000 * np.exp(drift + 0.3 * rng.standard_normal(n))
    level = np.cumsum(0.02 * rng.standard_normal(n)) + 0.01 * np.arange(n)
    season = np.resize([0.1, -0.05, -0.1, 0.05], n)
    noise = 0.05 * rng.standard_normal(n)
    customers = 5 * np.exp(elasticity * np.log(adstock(spend, carry_over)) + level + season + noise)
    index = pd.period_range("2000-01", periods=n, freq=freq)
    won, spent = pd.Series(customers, index)[history:], pd.Series(spend, index)[history:]
    return won, spent, elasticity, carry_over


def test_adstock_is_a_weighted_sum_of_all_spends() -> None:
    spend = np.array([3.0, 0.0, 5.0, 1.0])
    weights = 0.4 * 0.6 ** np.arange(4)
    expected = [weights[: t + 1][::-1] @ spend[: t + 1] + 0.6 ** (t + 1) * 7 for t in range(4)]
    assert adstock(spend, 0.6, before=7).tolist() == pytest.approx(expected)
    assert adstock(spend, 0.0).tolist() == spend.tolist()
    assert adstock(np.full(5, 2.0), 0.9).tolist() == pytest.approx([2.0] * 5)
    with pytest.raises(ParameterError, match=r"carry_over must be in \[0, 1\); found 1"):
        adstock(spend, 1)


@pytest.mark.parametrize("freq", ["Q", "M", "Y"])
def test_a_long_history_shows_elasticity_and_carry_over(freq) -> None:
    won, spend, elasticity, carry_over = firm(2, 120, freq=freq)
    found = response_with_memory(won, spend)
    table = found.summary()
    for name, truth in (("elasticity", elasticity), ("carry-over", carry_over)):
        assert table.loc[name, "low"] <= truth <= table.loc[name, "high"]
    assert found.grade == "identified"
    cost, low, high = found.marginal_cost()
    last = {"Q": 4, "M": 12, "Y": 1}[freq]
    average = spend.iloc[-last:].sum() / won.iloc[-last:].sum()
    assert (found.average_cost, cost) == pytest.approx((average, average / found.elasticity))
    assert low < cost < high


def test_growth_for_other_reasons_is_not_counted_as_a_response() -> None:
    """Spend and customers both grow by 4% a quarter, and spend does nothing."""
    rng = np.random.default_rng(8)
    index = pd.period_range("2012Q1", periods=40, freq="Q")
    growth = 0.04 * np.arange(40)
    spend = pd.Series(1000 * np.exp(growth + 0.2 * rng.standard_normal(40)), index)
    won = pd.Series(50 * np.exp(growth + 0.03 * rng.standard_normal(40)), index)
    plain = response_with_memory(won, spend, memory=Memory(False, False, False))
    found = response_with_memory(won, spend)
    assert plain.elasticity > 0.5  # the wrong way
    assert plain.bic > found.bic + 20
    low, high = found.elasticity_interval()
    assert low <= 0 <= high < 0.3
    assert (found.marginal_cost()[2], found.grade) == (np.inf, "not identified")


def test_spend_that_follows_the_season_is_said_to_carry_little_information() -> None:
    index = pd.period_range("2012Q1", periods=40, freq="Q")
    rng = np.random.default_rng(3)
    season = np.resize([0.8, -0.2, -0.4, -0.2], 40)
    noise = rng.standard_normal(40)
    won = pd.Series(50 * np.exp(0.3 * season + 0.05 * rng.standard_normal(40)), index)
    spends = [pd.Series(1000 * np.exp(season + size * noise), index) for size in (0.02, 0.4)]
    tied, free = (response_with_memory(won, spend) for spend in spends)
    assert tied.spend_variation < 0.02 < 0.2 < free.spend_variation
    widths = [np.ptp(found.elasticity_interval()) for found in (tied, free)]
    assert widths[0] > 5 * widths[1]


def test_price_is_told_apart_from_spend() -> None:
    won, spend, elasticity, _ = firm(5, 60)
    rng = np.random.default_rng(1)
    price = pd.Series(
        np.exp(0.2 * np.sin(np.arange(60)) + 0.05 * rng.standard_normal(60)), won.index
    )
    dearer = won * price**-1.5
    found = response_with_memory(dearer, spend, price=price)
    row = found.summary().loc["price"]
    assert row["low"] <= -1.5 <= row["high"] < -1
    low, high = found.elasticity_interval()
    assert low <= elasticity <= high
    assert found.residual < 0.5 * response_with_memory(dearer, spend).residual


def test_fewer_lost_is_the_same_response_with_the_other_sign() -> None:
    won, spend, _, _ = firm(4)
    hazard = 1 / won
    more, fewer = (
        response_with_memory(won, spend),
        response_with_memory(hazard, spend, response="fewer"),
    )
    assert fewer.elasticity == pytest.approx(more.elasticity)
    trend = [found.effects.loc["trend a year", "estimate"] for found in (more, fewer)]
    assert trend[0] == pytest.approx(-trend[1])
    assert fewer.table["expected"].to_numpy() == pytest.approx(1 / more.table["expected"])


def test_an_experiment_is_sized_by_noise_and_elasticity() -> None:
    won, spend, _, _ = firm(6)
    found = response_with_memory(won, spend)
    few, many = experiment_periods(found, change=0.4), experiment_periods(found, change=0.1)
    assert many / few == pytest.approx((np.arctanh(0.4) / np.arctanh(0.1)) ** 2, rel=0.1)
    assert experiment_periods(found, precision=0.1) > 5 * experiment_periods(found, precision=0.25)
    with pytest.raises(ParameterError, match="change"):
        experiment_periods(found, change=2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda won, spend: (won.drop(won.index[5]), spend),
            "1 of 45 are missing or blank",
        ),
        (lambda won, spend: (won * 0, spend), "customers must be above 0 in every period; found 0"),
        (lambda won, spend: (won, spend * 0 + 5), "spend that varies; found 5 in all 45 periods"),
        (lambda won, spend: (won[:9], spend[:9]), "at least 10 periods for its trend"),
        (lambda won, spend: (won.to_numpy(), spend), "a Series with an index of periods"),
    ],
)
def test_books_without_a_response_raise(change, words) -> None:
    won, spend, _, _ = firm(1)
    with pytest.raises(DataError, match=words):
        response_with_memory(*change(won, spend))


def test_the_penalty_grows_where_periods_are_few() -> None:
    assert small_sample_penalty(3, 10_000) == pytest.approx(3 * np.log(10_000), rel=1e-3)
    assert small_sample_penalty(8, 12) > 4 * 8 * np.log(12)


def share_bounds(runs: int) -> tuple[float, float]:
    """92 to 98%, wider by the binomial where fewer are simulated."""
    reach = 3.3 * np.sqrt(0.95 * 0.05 / runs)
    return min(0.92, 0.95 - reach), max(0.98, 0.95 + reach)


@pytest.mark.slow
def test_intervals_of_20_and_of_45_quarters_hold_the_truth_and_agree() -> None:
    """Elasticity, carry-over and so marginal cost; the curve without a memory does not."""
    covered = {(name, n): 0 for name in ("elasticity", "carry-over") for n in (20, 45)}
    agree = plain = 0
    for seed in range(RUNS):
        won, spend, elasticity, carry_over = firm(seed)
        costs = {}
        for n in (20, 45):
            found = response_with_memory(won[-n:], spend[-n:])
            low, high = found.elasticity_interval()
            covered["elasticity", n] += low <= elasticity <= high
            low, high = found.carry_over_interval()
            covered["carry-over", n] += low - 0.025 <= carry_over <= high + 0.025  # the grid
            costs[n] = found.marginal_cost()[1:]
        agree += costs[20][0] <= costs[45][1] and costs[45][0] <= costs[20][1]
        simple = response_with_memory(won, spend, memory=Memory(False, False, False))
        plain += simple.elasticity_interval()[0] <= elasticity <= simple.elasticity_interval()[1]
    shares = {key: hits / RUNS for key, hits in covered.items()}
    print(shares, agree / RUNS, "without a memory:", plain / RUNS)
    low, high = share_bounds(RUNS)
    assert all(low <= share <= max(high, 1.0 * (name == "carry-over"))
               for (name, _), share in shares.items()), shares  # fmt: skip
    assert agree >= stats.binom.ppf(0.001, RUNS, 0.97)
    assert plain / RUNS < 0.8


def test_a_curve_alone_disagrees_with_itself_where_the_market_grows() -> None:
    """The fault: intervals from 20 and from 45 quarters of one firm exclude each other."""
    rng = np.random.default_rng(2)
    n, reached = 45, 20_000
    spend = 2 * np.exp(0.3 * rng.standard_normal(n) + 0.03 * np.arange(n))
    market = np.exp(0.02 * (np.arange(n) - n + 1))
    won = rng.binomial(reached, 0.05 * -np.expm1(-0.5 * spend) * market)
    index = pd.period_range("2010Q1", periods=n, freq="Q")
    curves, memories = [], []
    for k in (20, 45):
        fit = ResponseCurve.fit(spend[-k:], won[-k:], np.full(k, reached), today=spend[-4:].mean())
        curves.append(fit.marginal_cost(spend[-4:].mean())[1:])
        per_head = pd.Series(spend[-k:], index[-k:])
        memories.append(
            response_with_memory(pd.Series(won[-k:], index[-k:]), per_head).marginal_cost()
        )
    assert curves[0][1] < curves[1][0] or curves[1][1] < curves[0][0]
    assert memories[0][1] <= memories[1][2] and memories[1][1] <= memories[0][2]

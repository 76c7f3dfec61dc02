"""Intervals against published values, scipy and statsmodels."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import multinomial_proportions_confint

from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import (
    dirichlet_intervals,
    goodman_intervals,
    normal_interval,
    normal_quantile,
    percentile_interval,
    t_quantile,
    tail_probabilities,
    wilson_interval,
)

# Newcombe (1998), Two-sided confidence intervals for the single proportion, Statistics in Medicine
# 17, 857-872, table I, method 3
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), NEWCOMBE)
def test_wilson_interval_against_newcombe(successes, trials, low, high):
    assert np.round(wilson_interval(successes, trials), 4).tolist() == [low, high]


@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_wilson_interval_contains_the_proportions_that_the_score_test_accepts(level):
    rng = np.random.default_rng(1)
    n = rng.integers(1, 500, 200)
    x = rng.binomial(n, rng.random(200))
    z = stats.norm.ppf((1 + level) / 2)
    for end, inside in zip(wilson_interval(x, n, level), (x > 0, x < n), strict=True):
        score = (x / n - end) ** 2 * n / (end * (1 - end) + ~inside)
        np.testing.assert_allclose(score[inside], z**2, rtol=1e-9)


def test_wilson_interval_is_exact_at_the_edges():
    low, high = wilson_interval(np.array([0, 100, 0, 1, 10**9 - 1]), [100, 100, 0, 10**9, 10**9])
    assert low[0] == 0
    assert high[1] == 1
    assert (low[2], high[2]) == (0, 1)
    assert 0 < low[3] < 1e-9 < high[3] < 1e-8
    assert high[4] < 1
    assert low[4] == pytest.approx(1 - high[3], abs=1e-15)


def test_wilson_intervals_broadcast():
    low, high = wilson_interval(np.array([[1], [2]]), np.array([5, 10, 20]))
    assert low.shape == high.shape == (2, 3)
    assert (low < high).all()


def test_goodman_intervals_against_statsmodels():
    counts = np.array([23, 12, 44])
    expected = multinomial_proportions_confint(counts, 0.1, method="goodman")
    found = goodman_intervals(counts, counts.sum(), 0.9, categories=3)
    np.testing.assert_allclose(np.column_stack(found), expected, atol=1e-14)


def test_goodman_intervals_take_the_number_of_categories_of_each_row():
    counts, categories = np.array([[5, 5, 0], [2, 3, 5]]), np.array([[2], [3]])
    low, high = goodman_intervals(counts, 10, 0.95, categories=categories)
    for row, k in enumerate((2, 3)):
        alone = wilson_interval(counts[row], 10, 1 - 0.05 / k)
        np.testing.assert_allclose((low[row], high[row]), alone, atol=1e-15)


def test_a_multinomial_of_one_category_has_wilsons_interval():
    np.testing.assert_allclose(
        goodman_intervals(np.array([3]), 9, 0.8, categories=1),
        wilson_interval(np.array([3]), 9, 0.8),
        atol=1e-15,
    )


def test_dirichlet_intervals_are_beta_quantiles():
    weights = np.array([[0.5, 3, 10], [0, 4, 2]])
    low, high = dirichlet_intervals(weights, 0.9)
    rest = weights.sum(axis=1, keepdims=True) - weights
    inside = weights > 0
    np.testing.assert_allclose(low[inside], stats.beta.ppf(0.05, weights, rest)[inside])
    np.testing.assert_allclose(high[inside], stats.beta.ppf(0.95, weights, rest)[inside])
    assert low[1, 0] == high[1, 0] == 0
    assert dirichlet_intervals(np.array([[0.0, 2.0]]))[0].tolist() == [[0, 1]]


def test_quantiles_against_scipy():
    levels = (1e-6, 0.5, 0.95, 1 - 1e-9)
    assert [normal_quantile(each) for each in levels] == pytest.approx(
        [stats.norm.interval(each)[1] for each in levels]
    )
    np.testing.assert_allclose(t_quantile(0.9, np.array([1, 7.5])), stats.t.ppf(0.95, [1, 7.5]))


def test_normal_interval_is_symmetric():
    low, high = normal_interval(np.array([1.0, -2.0]), np.array([0.5, 0.0]), 0.9)
    np.testing.assert_allclose(low, [stats.norm(1, 0.5).ppf(0.05), -2])
    np.testing.assert_allclose(high, [stats.norm(1, 0.5).ppf(0.95), -2])


def test_percentile_interval_leaves_half_of_the_rest_on_each_side():
    draws = np.random.default_rng(0).normal(size=(999, 2, 3))
    low, high = percentile_interval(draws, 0.8)
    assert low.shape == (2, 3)
    np.testing.assert_allclose((draws < low).mean(axis=0), 0.1, atol=1e-3)
    np.testing.assert_allclose((draws > high).mean(axis=0), 0.1, atol=1e-3)
    np.testing.assert_array_equal(percentile_interval(draws[:, 0].T, 0.8, axis=1)[0], low[0])


def test_percentile_interval_leaves_out_missing_draws_on_request():
    draws = np.array([1.0, 2.0, 3.0, np.nan])
    assert np.isnan(percentile_interval(draws, 0.5)).all()
    assert percentile_interval(draws, 0.5, skip_missing=True) == (1.5, 2.5)


@pytest.mark.parametrize("level", [0, 1, 95, "0.95", None, np.nan])
def test_a_level_is_a_probability(level):
    for interval in (
        tail_probabilities,
        normal_quantile,
        lambda level: t_quantile(level, 3),
        lambda level: percentile_interval(np.ones(3), level),
        lambda level: wilson_interval(1, 2, level),
        lambda level: goodman_intervals(np.ones(2), 2, level, categories=2),
        lambda level: dirichlet_intervals(np.ones(2), level),
    ):
        with pytest.raises(ParameterError, match="a level is a probability"):
            interval(level)

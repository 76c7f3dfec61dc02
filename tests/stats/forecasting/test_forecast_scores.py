"""Scores against their definitions: by hand, by numerical integration, and in closed form."""

import numpy as np
import pytest
from scipy import integrate, stats

from relmark_research.errors import ParameterError
from relmark_research.stats.forecasting import forecast_scores

NODES = (np.arange(999) + 0.5) / 999


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (9.0, 4.0),  # inside: the width
        (8.0, 4.0),  # on the end
        (13.0, 4.0 + 2 / 0.2 * 1.0),  # above by 1, at 80%
        (5.5, 4.0 + 2 / 0.2 * 2.5),  # below by 2.5
    ],
)
def test_interval_score_by_hand(actual, expected):
    found = forecast_scores.interval_score([8.0], [12.0], [actual], 0.8)
    assert found == pytest.approx([expected])


def test_the_quantiles_have_the_smallest_expected_interval_score():
    draws = np.random.default_rng(3).normal(size=20_000)
    scores = {
        half: float(np.mean(forecast_scores.interval_score(-half, half, draws, 0.9)))
        for half in (1.2, 1.645, 2.2)
    }
    assert min(scores, key=scores.get) == 1.645


def crps_of_a_normal(mean, sd, actual):
    """Gneiting and Raftery (2007), equation 21, with the sign of a loss."""
    z = (actual - mean) / sd
    normal = stats.norm
    return sd * (z * (2 * normal.cdf(z) - 1) + 2 * normal.pdf(z) - 1 / np.sqrt(np.pi))


def crps_by_integration(distribution, actual):
    below = integrate.quad(lambda y: distribution.cdf(y) ** 2, -np.inf, actual)[0]
    above = integrate.quad(lambda y: distribution.sf(y) ** 2, actual, np.inf)[0]
    return below + above


@pytest.mark.parametrize("actual", [-2.0, 10.0, 13.7, 40.0])
def test_crps_of_a_normal(actual):
    normal = stats.norm(10.0, 4.0)
    found = forecast_scores.continuous_ranked_probability_score(
        normal.ppf(NODES)[None, :], np.array([actual])
    )
    assert found[0] == pytest.approx(crps_of_a_normal(10.0, 4.0, actual), rel=0.003)
    assert crps_by_integration(normal, actual) == pytest.approx(
        crps_of_a_normal(10.0, 4.0, actual), rel=1e-6
    )


def test_crps_of_a_skewed_distribution_by_integration():
    gamma = stats.gamma(2.0, scale=5.0)
    actual = np.array([1.0, 9.0, 30.0])
    found = forecast_scores.continuous_ranked_probability_score(
        np.tile(gamma.ppf(NODES), (3, 1)), actual
    )
    expected = [crps_by_integration(gamma, each) for each in actual]
    assert found == pytest.approx(expected, rel=0.005)


def test_coverage_counts_ends_and_leaves_out_unknown_ranges():
    low, high = [1.0, 1.0, np.nan, 1.0], [2.0, 2.0, 2.0, 2.0]
    assert forecast_scores.coverage(low, high, [2.0, 3.0, 1.5, 1.0]) == pytest.approx(2 / 3)
    assert np.isnan(forecast_scores.coverage([np.nan], [1.0], [0.5]))


def test_bias_is_that_of_the_sums():
    assert forecast_scores.bias([90.0, 30.0], [100.0, 50.0]) == pytest.approx(-0.2)
    assert np.isnan(forecast_scores.bias([3.0], [0.0]))


def test_percentage_errors_are_of_actuals_above_zero():
    found = forecast_scores.mean_absolute_percentage_error([90.0, 5.0, 60.0], [100.0, 0.0, 50.0])
    assert found == pytest.approx(0.15)
    assert np.isnan(forecast_scores.mean_absolute_percentage_error([5.0], [0.0]))


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_outside_zero_to_one_is_refused(level):
    with pytest.raises(ParameterError, match="level"):
        forecast_scores.interval_score([1.0], [2.0], [1.5], level)

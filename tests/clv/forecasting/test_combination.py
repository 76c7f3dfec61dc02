"""Weights: prior odds without errors, the best candidate with many, and never the missing one."""

import numpy as np
import pytest

from relmark_research.clv.forecasting.benchmarks import LAST_PERIOD, LAST_YEAR
from relmark_research.clv.forecasting.combination import (
    candidate_weights,
    combined,
    filled_errors,
)
from relmark_research.clv.forecasting.forecast_errors import PRIORS
from relmark_research.stats.forecasting.error_scale import PastErrors, fit_scale

PRIOR = PRIORS["purchases"]
NAMES = ["BGNBD", "ParetoNBD", LAST_PERIOD, LAST_YEAR]


def past(count, variance=0.001):
    return PastErrors(
        np.zeros(count), np.full(count, 182.0), np.full(count, variance), np.ones(count)
    )


def test_without_errors_a_model_has_odds_of_seven_to_one_against_a_benchmark():
    weights = candidate_weights(NAMES, np.zeros((0, 4)), past(0), PRIOR)
    assert weights.sum() == pytest.approx(1)
    assert weights / weights[2] == pytest.approx([np.e**2, np.e**2, 1, 1])


def test_a_model_on_a_calendar_has_to_show_that_it_is_better():
    names = ["BGNBD", "BGNBD, calendar", LAST_PERIOD]
    weights = candidate_weights(names, np.zeros((0, 3)), past(0), PRIOR)
    assert weights / weights[2] == pytest.approx([np.e**2, np.e, 1])
    better = np.tile([0.3, 0.03, 0.5], (8, 1)) * np.tile([[1], [-1]], (4, 1))
    assert candidate_weights(names, better, past(8), PRIOR)[1] > 0.9


def test_weights_are_in_proportion_to_odds_and_evidence():
    errors = np.random.default_rng(2).normal(0, [0.1, 0.15, 0.12, 0.3], (3, 4))
    weights = candidate_weights(NAMES, errors, past(3), PRIOR)
    evidence = []
    for column in errors.T:
        one = PastErrors(column, past(3).horizons, past(3).variances, np.ones(3))
        evidence.append(fit_scale(one, PRIOR).log_evidence)
    expected = np.exp(np.array(evidence)) * np.exp([2, 2, 0, 0])
    assert weights == pytest.approx(expected / expected.sum())


def test_a_benchmark_with_the_smallest_errors_wins_in_time():
    errors = np.tile([0.4, 0.5, 0.02, 0.4], (12, 1)) * np.tile([[1], [-1]], (6, 1))
    weights = candidate_weights(NAMES, errors, past(12), PRIOR)
    assert weights[2] > 0.99


def test_two_candidates_with_the_same_errors_have_the_same_weight():
    errors = np.tile([0.1, 0.1, 0.3, 0.3], (5, 1))
    weights = candidate_weights(NAMES, errors, past(5), PRIOR)
    assert weights[0] == pytest.approx(weights[1])
    assert weights[2] == pytest.approx(weights[3])


def test_a_missing_forecast_is_given_the_largest_error_of_its_origin():
    errors = np.array([[0.1, np.nan, -0.3], [np.nan, 0.2, np.nan]])
    assert filled_errors(errors).tolist() == [[0.1, -0.3, -0.3], [0.2, 0.2, 0.2]]


def test_an_origin_without_any_forecast_says_nothing():
    assert filled_errors(np.full((1, 3), np.nan)).tolist() == [[0, 0, 0]]


def test_a_combination_is_the_weighted_geometric_mean():
    assert combined(np.array([100.0, 400.0]), np.array([0.5, 0.5])) == pytest.approx(200.0)
    assert combined(np.array([100.0, 400.0]), np.array([1.0, 0.0])) == pytest.approx(100.0)
    assert combined(np.array([[10.0, 20.0], [8.0, 8.0]]), np.array([0.3, 0.7])) == pytest.approx(
        [10**0.3 * 20**0.7, 8]
    )

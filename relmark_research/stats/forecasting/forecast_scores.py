"""Scores of forecasts: errors, intervals and whole distributions.

Lower is better for all but the log score.

interval score   (high - low) + 2 / alpha x (how far the actual lies outside), alpha = 1 - level
CRPS             integral of (F(y) - 1[actual <= y])^2 dy = 2 x integral of the pinball loss over
                 the probabilities (in the unit of the total)

References
----------
Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, Journal of
the American Statistical Association 102(477), 359-378.
"""

from __future__ import annotations

import numpy as np

from relmark_research.errors import check_level

Array = np.ndarray


def interval_score(low: Array, high: Array, actual: Array, level: float) -> Array:
    """Return the interval score of central intervals.

    Examples
    --------
    >>> interval_score(np.array([8.0]), np.array([12.0]), np.array([13.0]), 0.95)
    array([44.])
    """
    alpha = 1 - check_level(level)
    low, high, actual = (np.asarray(values, float) for values in (low, high, actual))
    outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    result: Array = high - low + 2 / alpha * outside
    return result


def coverage(low: Array, high: Array, actual: Array) -> float:
    """Return the share of actuals within their intervals, ends included; NaN if there are none."""
    low, high, actual = (np.asarray(values, float) for values in (low, high, actual))
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return float("nan")
    return float(((low <= actual) & (actual <= high))[known].mean())


def continuous_ranked_probability_score(quantiles: Array, actual: Array) -> Array:
    """Return the CRPS of forecasts given by quantiles at (k - 1/2) / K, k = 1, ..., K.

    Parameters
    ----------
    quantiles
        Shape (forecasts, K).
    actual
        Shape (forecasts,).

    Examples
    --------
    The score of a sure forecast is its absolute error.

    >>> continuous_ranked_probability_score(np.full((1, 99), 10.0), np.array([12.0])).round(6)
    array([2.])
    """
    quantiles = np.asarray(quantiles, float)
    count = quantiles.shape[-1]
    probability = (np.arange(count) + 0.5) / count
    error = np.asarray(actual, float)[..., None] - quantiles
    result: Array = 2 * np.mean(np.maximum(probability * error, (probability - 1) * error), axis=-1)
    return result


def bias(expected: Array, actual: Array) -> float:
    """Return (sum of expected - sum of actual) / sum of actual; NaN if nothing happened."""
    total = float(np.sum(actual))
    return float(np.sum(expected)) / total - 1 if total else float("nan")


def mean_absolute_percentage_error(expected: Array, actual: Array) -> float:
    """Return the mean of |expected - actual| / actual over the actuals above 0."""
    expected, actual = np.asarray(expected, float), np.asarray(actual, float)
    known = (actual > 0) & np.isfinite(expected)
    if not known.any():
        return float("nan")
    return float(np.mean(np.abs(expected[known] - actual[known]) / actual[known]))

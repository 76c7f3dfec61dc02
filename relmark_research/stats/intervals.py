"""Confidence intervals: quantiles of the normal, of draws, and intervals of proportions.

x    successes, or units in a category     n    trials            p    x / n
z    standard normal quantile              k    categories
alpha = 1 - level, and an interval is equal-tailed: alpha / 2 lies on each side.

Every function takes ``level``, a probability strictly between 0 and 1, and refuses another one
with a ParameterError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from relmark_research.errors import check_level

Array = np.ndarray


def tail_probabilities(level: float) -> tuple[float, float]:
    """Return the probabilities below the two ends of an equal-tailed interval.

    Returns
    -------
    tuple of float
        (1 - level) / 2 and (1 + level) / 2.

    Examples
    --------
    >>> tail_probabilities(0.5)
    (0.25, 0.75)
    """
    half = check_level(level) / 2
    return 0.5 - half, 0.5 + half


def normal_quantile(level: float) -> float:
    """Return z with P(-z < Z < z) = level for a standard normal Z.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return float(special.ndtri(0.5 + check_level(level) / 2))


def t_quantile(level: float, degrees: float | Array) -> float | Array:
    """Return t with P(-t < T < t) = level for Student's T.

    Parameters
    ----------
    level
        Probability, in (0, 1).
    degrees
        Degrees of freedom, > 0, any shape.

    Examples
    --------
    >>> round(float(t_quantile(0.95, 10)), 3)
    2.228
    """
    result: float | Array = special.stdtrit(degrees, 0.5 + check_level(level) / 2)
    return result


def normal_interval(value: Any, error: Any, level: float = 0.95) -> tuple[Any, Any]:
    """Return the ends of Wald's interval, value -+ z error.

    Parameters
    ----------
    value, error
        Estimates and their standard errors: numbers, arrays or Series that broadcast.
    level
        Probability of each interval, in (0, 1).

    Examples
    --------
    >>> low, high = normal_interval(10.0, 2.0)
    >>> round(low, 2), round(high, 2)
    (6.08, 13.92)
    """
    reach = normal_quantile(level) * error
    return value - reach, value + reach


def percentile_interval(
    draws: Array, level: float, *, axis: int = 0, skip_missing: bool = False
) -> tuple[Array, Array]:
    """Return the ends between which a share ``level`` of the draws lies.

    Parameters
    ----------
    draws
        Draws of one or of several quantities, at least one along ``axis``.
    level
        Probability, in (0, 1).
    axis
        The axis of the draws.
    skip_missing
        Whether draws that are missing (NaN) are left out; otherwise they make the ends missing.

    Returns
    -------
    tuple of ndarray
        The quantiles at (1 - level) / 2 and (1 + level) / 2, linear between draws, with the shape
        of ``draws`` without ``axis``.

    References
    ----------
    Efron and Tibshirani (1993), An introduction to the bootstrap, section 13.3.

    Examples
    --------
    >>> low, high = percentile_interval(np.arange(101.0), 0.9)
    >>> round(float(low), 6), round(float(high), 6)
    (5.0, 95.0)
    """
    quantile = np.nanquantile if skip_missing else np.quantile
    low, high = quantile(draws, tail_probabilities(level), axis=axis)
    return low, high


def wilson_interval(
    successes: float | Array, trials: float | Array, level: float = 0.95
) -> tuple[Array, Array]:
    """Return Wilson's score interval of a proportion.

    Parameters
    ----------
    successes, trials
        Counts with 0 <= successes <= trials, of shapes that broadcast.
    level
        Probability of each interval, in (0, 1).

    Returns
    -------
    tuple of ndarray
        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n). The low end is exactly
        0 without a success, the high end exactly 1 without a failure; without trials the interval
        is 0 to 1.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22(158), 209-212.

    Examples
    --------
    >>> low, high = wilson_interval(81, 263)  # Newcombe (1998), table I
    >>> round(float(low), 4), round(float(high), 4)
    (0.2553, 0.3662)
    """
    return _score_interval(successes, trials, 1 - check_level(level))


def goodman_intervals(
    counts: Array, totals: float | Array, level: float = 0.95, *, categories: int | Array
) -> tuple[Array, Array]:
    """Return simultaneous intervals of the proportions of a multinomial.

    Parameters
    ----------
    counts, totals
        Units in each category and in all, of shapes that broadcast.
    level
        Probability, at least, that all intervals of one multinomial cover; in (0, 1).
    categories
        Number of categories of the multinomial, >= 1.

    Returns
    -------
    tuple of ndarray
        Wilson's intervals at 1 - (1 - level) / categories (Bonferroni).

    References
    ----------
    Goodman (1965), On simultaneous confidence intervals for multinomial proportions, Technometrics
    7(2), 247-254, section 3.

    Examples
    --------
    >>> low, high = goodman_intervals(np.array([23, 12, 44]), 79, categories=3)
    >>> low.round(6).tolist(), high.round(6).tolist()
    ([0.186276, 0.079173, 0.423861], [0.424257, 0.271715, 0.682358])
    """
    alpha = (1 - check_level(level)) / np.maximum(categories, 1)
    return _score_interval(counts, totals, alpha)


def dirichlet_intervals(weights: Array, level: float = 0.95) -> tuple[Array, Array]:
    """Return equal-tailed intervals of the shares of a Dirichlet distribution.

    Parameters
    ----------
    weights
        Parameters of the distribution, >= 0, along the last axis; a category of weight 0 has the
        share 0.
    level
        Probability of each interval, in (0, 1).

    Returns
    -------
    tuple of ndarray
        Quantiles of Beta(weight, sum of the other weights), shape of ``weights``.

    Examples
    --------
    >>> low, high = dirichlet_intervals(np.array([1.0, 1.0]), 0.9)
    >>> low.round(6).tolist(), high.round(6).tolist()
    ([0.05, 0.05], [0.95, 0.95])
    """
    weights = np.asarray(weights, dtype=float)
    others = weights.sum(axis=-1, keepdims=True) - weights
    ends = []
    for probability in tail_probabilities(level):
        value = special.betaincinv(np.maximum(weights, 1e-9), np.maximum(others, 1e-9), probability)
        ends.append(np.where(weights <= 0, 0.0, np.where(others <= 0, 1.0, value)))
    return ends[0], ends[1]


def _score_interval(
    successes: float | Array, trials: float | Array, alpha: float | Array
) -> tuple[Array, Array]:
    """Return Wilson's interval with an error probability per interval."""
    from statsmodels.stats.proportion import proportion_confint

    x, n, alpha = np.broadcast_arrays(
        np.asarray(successes, float), np.asarray(trials, float), np.asarray(alpha, float)
    )
    known = n > 0
    low, high = proportion_confint(
        np.where(known, x, 0), np.where(known, n, 1), alpha=alpha, method="wilson"
    )
    low = np.where(known & (x > 0), low, 0.0)
    return low, np.where(known & (x < n), high, 1.0)

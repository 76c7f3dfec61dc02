"""The delta method: from the covariance of parameters to intervals of what is computed from them.

theta    estimates, shape (k,), with covariance C, shape (k, k)
g        quantities computed from theta, any shape
G        gradient d g / d theta, shape (k, ...)

    Var g = G' C G

Intervals of a positive quantity are symmetric in its logarithm, those of a share in its logit, so
that the variance wanted is that of ln g or of logit g.

References
----------
Oehlert (1992), A note on the delta method, The American Statistician 46(1), 27-29.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray

_STEP = 1e-4  # the error of a central difference is of order step^2


def gradient(
    quantity: Callable[[Array], Array | float], at: Array, *, step: float = _STEP
) -> Array:
    """Return the gradient of a quantity by central differences.

    Parameters
    ----------
    quantity
        A function of parameters, shape (k,), that returns an array of any shape.
    at
        Where the gradient is taken, shape (k,).
    step
        Half the distance between the two evaluations, in units of the parameters.

    Returns
    -------
    ndarray
        (g(theta + step) - g(theta - step)) / (2 step), shape (k, ...).

    Examples
    --------
    >>> gradient(lambda theta: theta[0] * theta[1], np.array([2.0, 3.0])).round(6)
    array([3., 2.])
    """
    at = np.asarray(at, dtype=float)
    moved = [
        np.asarray(quantity(at + each)) - np.asarray(quantity(at - each))
        for each in np.eye(len(at)) * step
    ]
    return np.array(moved) / (2 * step)


def variance(gradient: Array, covariance: Array) -> Array:
    """Return the variance of quantities, G' C G.

    Parameters
    ----------
    gradient
        Shape (k, ...).
    covariance
        Of the parameters, shape (k, k).

    Examples
    --------
    >>> covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    >>> round(float(variance(np.array([3.0, 2.0]), covariance)), 6)
    0.84
    """
    product = np.einsum("ij,j...->i...", covariance, gradient)
    result: Array = np.einsum("i...,i...->...", gradient, product)
    return result


def positive_interval(
    value: float | Array, log_variance: float | Array, level: float = 0.95
) -> tuple[Array, Array]:
    """Return low and high of a positive quantity, symmetric in its logarithm.

    Parameters
    ----------
    value
        Estimates, > 0; 0 stays 0.
    log_variance
        Variance of their logarithms, >= 0.
    level
        Probability of each interval, in (0, 1).

    Returns
    -------
    tuple of ndarray
        value exp(-+ z sd), sd the root of ``log_variance``.

    Examples
    --------
    >>> low, high = positive_interval(100.0, 0.01)
    >>> round(float(low), 2), round(float(high), 2)
    (82.2, 121.65)
    """
    with np.errstate(over="ignore"):  # beyond all numbers: from 0 to infinity
        spread = np.exp(normal_quantile(level) * np.sqrt(log_variance))
    return value / spread, value * spread


def share_interval(
    share: float | Array, logit_variance: float | Array, level: float = 0.95
) -> tuple[Array, Array]:
    """Return low and high of a share, symmetric in its logit.

    Parameters
    ----------
    share
        Estimates, in [0, 1]; 0 and 1 stay.
    logit_variance
        Variance of ln(share / (1 - share)), >= 0.
    level
        Probability of each interval, in (0, 1).

    Returns
    -------
    tuple of ndarray
        o / (o + exp(+- z sd)), o = share / (1 - share), sd the root of ``logit_variance``.

    Examples
    --------
    >>> low, high = share_interval(0.8, 0.25)
    >>> round(float(low), 3), round(float(high), 3)
    (0.6, 0.914)
    """
    share = np.asarray(share, dtype=float)
    reach = normal_quantile(level) * np.sqrt(logit_variance)
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    odds = safe / (1 - safe)
    with np.errstate(over="ignore"):
        low, high = odds / (odds + np.exp(reach)), odds / (odds + np.exp(-reach))
    return np.where(inside, low, share), np.where(inside, high, share)

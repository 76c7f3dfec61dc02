"""Slow and plain computations that the exact values are compared with.

Nothing here calls the package's statistics: quantiles are read off sorted draws, normal quantiles
are scipy's, derivatives are differences of the function itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats

Array = np.ndarray

LEVEL = 0.8  # not the default, so that a level that is ignored fails
TAIL = 0.1
Z = float(stats.norm.ppf(0.9))

EXACT: dict[str, Any] = {}


def exact_value_of(*names: str) -> Callable[[Any], Any]:
    """Note which functions a test compares with an independent computation."""

    def note(test: Any) -> Any:
        EXACT.update(dict.fromkeys(names, test))
        return test

    return note


def percentiles(draws: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Return the two equal-tailed percentiles of draws along the first axis, linear between."""
    ordered = np.sort(np.asarray(draws, float), axis=0)
    ends = []
    for share in ((1 - level) / 2, 1 - (1 - level) / 2):
        place = share * (len(ordered) - 1)
        below = int(np.floor(place))
        above = min(below + 1, len(ordered) - 1)
        ends.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return ends[0], ends[1]


def differences(quantity: Callable[[Array], Any], at: Array, step: float = 1e-4) -> Array:
    """Return the gradient by central differences, whose error is of order step^2."""
    rows = [
        np.asarray(quantity(at + each), float) - np.asarray(quantity(at - each), float)
        for each in np.eye(len(at)) * step
    ]
    return np.array(rows) / (2 * step)


def curvature(quantity: Callable[[Array], float], at: Array, step: float = 2e-3) -> Array:
    """Return the matrix of second derivatives by central differences."""
    k, moves = len(at), np.eye(len(at)) * step
    found = np.zeros((k, k))
    for i in range(k):
        for j in range(i + 1):
            corners = [
                s * t * quantity(at + s * moves[i] + t * moves[j]) for s in (-1, 1) for t in (-1, 1)
            ]
            found[i, j] = found[j, i] = sum(corners) / (2 * step) ** 2
    return found


def covariance(log_likelihood: Callable[[Array], float], at: Array) -> Array:
    """Return the inverse of the observed information."""
    return np.linalg.inv(-curvature(log_likelihood, at))


def delta_error(quantity: Callable[[Array], Any], at: Array, covariance: Array) -> Array:
    """Return the standard error of a quantity by the delta method."""
    gradient = differences(quantity, at)
    return np.sqrt(np.einsum("i...,ij,j...->...", gradient, covariance, gradient))


def bg_log_likelihood(logs: Array, x: Array, t_x: Array, T: Array, z: Array | float = 0.0) -> float:
    """Return BG/NBD's log-likelihood (Fader, Hardie & Lee 2005), with a covariate of the rate.

    ``logs`` are ln r, ln alpha, ln a, ln b and, if there is a covariate z, its effect g, with
    alpha_i = alpha exp(-z g).
    """
    r, alpha, a, b = np.exp(logs[:4])
    alpha = alpha * np.exp(-z * logs[4]) if len(logs) > 4 else alpha
    start = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    start = start + special.betaln(a, b + x) - special.betaln(a, b)
    stays = -(r + x) * np.log(alpha + T)
    left = np.log(a / (b + np.maximum(x, 1) - 1)) - (r + x) * np.log(alpha + t_x)
    return float((start + np.logaddexp(stays, np.where(x > 0, left, -np.inf))).sum())


def wilson(x: Array | float, n: Array | float, z: float = Z) -> tuple[Array, Array]:
    """Return the two roots of (p - x / n)^2 = z^2 p (1 - p) / n."""
    x, n = np.asarray(x, float), np.asarray(n, float)
    a, b, c = 1 + z**2 / n, -(2 * x / n + z**2 / n), (x / n) ** 2
    root = np.sqrt(np.maximum(b**2 - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def kaplan_meier(time: Array, event: Array, z: float = Z) -> tuple[Array, Array, Array, Array]:
    """Return the times of events, S, low and high by a loop; symmetric in ln(-ln S)."""
    rows, survival, greenwood = [], 1.0, 0.0
    for at in np.unique(time[event > 0]):
        n, d = (time >= at).sum(), ((time == at) & (event > 0)).sum()
        survival, greenwood = survival * (1 - d / n), greenwood + d / (n * (n - d))
        centre = np.log(-np.log(survival))
        reach = z * np.sqrt(greenwood) / abs(np.log(survival))
        ends = (np.exp(-np.exp(centre + sign * reach)) for sign in (1, -1))
        rows.append((at, survival, *ends))
    return tuple(np.array(column) for column in zip(*rows, strict=True))  # type: ignore[return-value]

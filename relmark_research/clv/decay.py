"""Integrals over time of what dies away, to nearly full precision.

What falls from its start on, as exp(-t) or as a power, is smooth in y = ln(1 + t / scale); a
Gauss-Legendre rule in y therefore needs few points, and its positive terms cannot cancel. What
first rises as a power and then falls is smooth in ln t, seen from its top.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

Array = np.ndarray
Number = float | Array

_NEGLIGIBLE = 60.0  # exp(-60) of the start or the top, and less, is left out


@lru_cache(maxsize=32)
def _legendre(count: int) -> tuple[Array, Array]:
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


def falling_nodes(scale: Array, length: Array, count: int | None = None) -> tuple[Array, Array]:
    """Return points and weights of an integral from 0 to ``length`` of something that falls.

    Parameters
    ----------
    scale
        Time within which it falls noticeably at the start, > 0.
    length
        End of the integral, >= 0; broadcasts with ``scale``.
    count
        Number of points; as many as the widest range of ln(1 + length / scale) needs by default.

    Returns
    -------
    tuple of ndarray
        Both of the arguments' shape, with the points as last axis.

    Examples
    --------
    >>> t, w = falling_nodes(np.array(1.0), np.array(60.0))
    >>> float((w * np.exp(-t)).sum().round(12))
    1.0
    """
    reach = np.log1p(np.asarray(length, float) / scale)
    if count is None:
        count = int(16 + 5 * reach.max(initial=0.0))
    share, weight = _legendre(count)
    y = reach[..., None] * share
    grown = np.expm1(y)
    scale = np.asarray(scale, float)[..., None]
    return scale * grown, (grown + 1) * (scale * reach[..., None] * weight)


def fall_length(rate_and_start: tuple[tuple[Number, Array], ...]) -> Array:
    """Return the time after which a product of powers (start / (start + t))^rate is negligible."""
    with np.errstate(over="ignore"):
        ends = [start * np.expm1(_NEGLIGIBLE / rate) for rate, start in rate_and_start]
    return np.minimum.reduce(ends)


def discounted_survival(s: Array, beta: Array, delta: float, horizon: float) -> Array:
    """Return int_0^horizon exp(-delta t) (beta / (beta + t))^s dt.

    Examples
    --------
    >>> print(f"{discounted_survival(np.array(2.0), np.array(1.0), 0.0, np.inf):.12f}")
    1.000000000000
    """
    s, beta = np.asarray(s, float), np.asarray(beta, float)
    end = np.minimum(horizon, fall_length(((np.maximum(s - 1, 1e-9), beta),)))
    if delta > 0:
        end = np.minimum(end, _NEGLIGIBLE / delta)
    t, weights = falling_nodes(1 / ((s + 1) / beta + delta), end)
    return np.sum(weights * np.exp(-delta * t - s[..., None] * np.log1p(t / beta[..., None])), -1)


def log_hump(rise: Array, falls: tuple[tuple[Array, Array], ...], end: Array) -> Array:
    """Return ln int_0^end t^rise prod (1 + t / start)^-rate dt, rise >= 0, over (rate, start).

    In y = ln t the integrand is log-concave: it is summed on both sides of its top, each as far as
    it matters.

    Examples
    --------
    >>> one = np.array(1.0)
    >>> print(f"{log_hump(rise=one, falls=((3 * one, one),), end=1e30 * one):.12f}")  # ln 1/2
    -0.693147180560
    """

    def height(y: Array) -> Array:
        t = np.exp(y)
        return (rise + 1) * y - sum(rate * np.log1p(t / start) for rate, start in falls)

    def slope(y: Array) -> Array:
        t = np.exp(y)
        return (rise + 1) - sum(rate * t / (start + t) for rate, start in falls)

    last = np.log(np.maximum(end, 1e-300))
    lowest = np.minimum(last, min(float(np.log(start).min()) for _, start in falls)) - 800.0
    top = _where_changes(lambda y: slope(y) > 0, lowest, last)
    peak = height(top)
    matters = peak - _NEGLIGIBLE
    left = _where_changes(lambda y: height(y) < matters, lowest, top)
    right = _where_changes(lambda y: height(y) > matters, top, last)
    share, weight = _legendre(64)
    total = 0.0
    for low, high in ((left, top), (top, right)):
        width = (high - low)[..., None]
        y = np.moveaxis(low[..., None] + width * share, -1, 0)
        total = total + np.sum(width * weight * np.moveaxis(np.exp(height(y) - peak), 0, -1), -1)
    return peak + np.log(total)


def _where_changes(true: object, low: Array, high: Array) -> Array:
    """Return by bisection where a condition that holds at low ceases to hold, high where never."""
    low, high = np.array(low, float), np.array(high, float)
    for _ in range(60):
        middle = (low + high) / 2
        holds = true(middle)  # type: ignore[operator]
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return high

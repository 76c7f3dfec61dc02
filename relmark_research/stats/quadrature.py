"""Means over a beta distribution and integrals over a span of time, to nearly full precision.

Means use the trapezoid rule after a change of variable that makes the integrand fall off fast on
both sides, where that rule converges exponentially (Takahasi & Mori 1974); spans use Gauss's rule
in the logarithm of time. Both keep their precision where hypergeometric closed forms cancel or
overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

Array = np.ndarray

_REACH = 32.0  # exp(-32) is below what is asked of a mean
_LEAST = 64  # points of a mean; enough where the function turns near the mode
_BLOCK = 1 << 18  # numbers computed at once: they stay in the processor's cache


@dataclass(frozen=True)
class BetaNodes:
    """Points and weights of a mean over p ~ Beta(a, b); the last axis runs over the points."""

    p: Array
    weights: Array

    def mean(self, values: Array) -> Array:
        """Return the mean of ``values``, a function at the points."""
        return np.sum(self.weights * values, axis=-1)


def beta_nodes(
    a: Array, b: Array, count: int | None = None, *, knee: Array | None = None, fine: float = 1.0
) -> BetaNodes:
    """Return points and weights such that sum(weights * f(p)) = E f(p), p ~ Beta(a, b).

    Parameters
    ----------
    a, b
        > 0, broadcast together; the nodes' shape is theirs with the points appended.
    count
        How many points; as many as full precision takes if None.
    knee
        ln(p / (1 - p)) about which f turns, where that may be far from the mode a / (a + b).
    fine
        Factor on the number of points, for functions that turn in more than one place.

    Notes
    -----
    In u = logit(p) the density is proportional to p^a (1 - p)^b, with exponential tails of rates a
    and b; u = middle + scale sinh(v) makes them double exponential, dense from mode to knee.

    Examples
    --------
    >>> nodes = beta_nodes(np.array(2.0), np.array(3.0))
    >>> float(round(nodes.mean(nodes.p), 12))
    0.4
    """
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    mode, deviation = np.log(a / b), np.sqrt(1 / a + 1 / b)
    first, last = _ends(a, b, mode, deviation)
    turn = mode if knee is None else np.where(_bell(a, b), np.clip(knee, first, last), knee)
    low, high = np.minimum(mode, turn), np.maximum(mode, turn)
    middle, scale = (low + high) / 2, (high - low) / 2 + np.minimum(deviation, 1.0)
    if knee is not None:  # f may rise as 1 / p down to the knee
        fallen = np.clip(_REACH - (a - 1) * (mode - low), 0, _REACH)
        first = np.minimum(first, low - fallen / a)
    left = np.arcsinh((middle - np.minimum(first, low)) / scale)
    right = np.arcsinh((np.maximum(last, high) - middle) / scale)
    if count is None:
        reach = left + right
        detail = np.maximum(16 * reach, 48 + 3 * reach * scale / np.minimum(deviation, 1.0))
        count = max(_LEAST, int(fine * np.max(detail, initial=0.0)))
    v = -left[..., None] + (left + right)[..., None] * np.linspace(0, 1, count)
    u = middle[..., None] + scale[..., None] * np.sinh(v)
    log_p, log_q = special.log_expit(u), special.log_expit(-u)
    log_weight = a[..., None] * log_p + b[..., None] * log_q + np.log(np.cosh(v))
    weights = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return BetaNodes(p=np.exp(log_p), weights=weights)


def _ends(a: Array, b: Array, mode: Array, deviation: Array) -> tuple[Array, Array]:
    """Return the log-odds outside which the density is below exp(-32) of its mode."""
    fallen = _REACH + a * np.log1p(b / a) + b * np.log1p(a / b)
    first, last = -_log_expm1(fallen / a), _log_expm1(fallen / b)
    bell = _bell(a, b)  # there 10 standard deviations do, and are nearer
    first = np.where(bell, np.maximum(first, mode - 10 * deviation), first)
    return first, np.where(bell, np.minimum(last, mode + 10 * deviation), last)


def _bell(a: Array, b: Array) -> Array:
    """Return where the density is so narrow that nothing outside the bell matters."""
    return np.minimum(a, b) > 20


def _log_expm1(y: Array) -> Array:
    return np.where(y > 30, y, np.log(np.expm1(np.minimum(y, 30))))


def span_nodes(end: Array, fastest: Array) -> tuple[Array, Array]:
    """Return points and weights of an integral over time from 0 to ``end`` (> 0, finite).

    Parameters
    ----------
    end
        Where the span ends, any shape; the points are appended as last axis.
    fastest
        The shortest time in which the integrand changes, > 0; points crowd from there to 0.

    Notes
    -----
    Gauss's rule in y = ln(1 + s / fastest).

    Examples
    --------
    >>> s, w = span_nodes(np.array(2.0), np.array(1.0))
    >>> float(round((w * s**2).sum(), 12))
    2.666666666667
    """
    end, fastest = np.broadcast_arrays(np.asarray(end, float), np.asarray(fastest, float))
    reach = np.log1p(end / fastest)
    points, weights = _gauss(int(10 + 2.5 * np.max(reach, initial=0.0)))
    y = reach[..., None] * points
    return fastest[..., None] * np.expm1(y), (reach * fastest)[..., None] * weights * np.exp(y)


@lru_cache(maxsize=64)
def _gauss(count: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre points and weights on (0, 1)."""
    points, weights = special.roots_legendre(count)
    return (points + 1) / 2, weights / 2


def in_blocks(
    function: Callable[..., Array], arrays: tuple[Array | float, ...], width: int
) -> Array:
    """Apply an elementwise function to arrays that broadcast, some rows at a time.

    Parameters
    ----------
    function
        Takes 1-d arrays and returns one number per element.
    arrays
        Its arguments, broadcast together.
    width
        How many numbers the function holds per element.
    """
    columns = np.broadcast_arrays(*(np.asarray(array, float) for array in arrays))
    shape, size = columns[0].shape, columns[0].size
    flat = [column.reshape(-1) for column in columns]
    step = max(1, _BLOCK // width)
    parts = [function(*(c[start : start + step] for c in flat)) for start in range(0, size, step)]
    return np.concatenate(parts).reshape(shape) if parts else np.zeros(shape)


# Integrals over time of what dies away, to nearly full precision. What falls from its start on,
# as exp(-t) or as a power, is smooth in y = ln(1 + t / scale); a Gauss-Legendre rule in y
# therefore needs few points, and its positive terms cannot cancel. What first rises as a power
# and then falls is smooth in ln t, seen from its top.

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

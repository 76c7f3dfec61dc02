"""Expectations over a beta distribution and integrals over time, to nearly full precision.

Expectations use the trapezoidal rule after a change of variable that makes the integrand decay
double exponentially on both sides, where that rule converges exponentially. Integrals of decaying
functions use Gauss-Legendre in y = ln(1 + t / scale), in which exponentials and powers are smooth;
integrals of unimodal functions use it in ln t on both sides of the mode. All terms are positive, so
that nothing cancels where hypergeometric closed forms cancel or overflow.

References
----------
Takahasi and Mori (1974), Double exponential formulas for numerical integration, Publications of the
Research Institute for Mathematical Sciences 9(3), 721-741. Trefethen and Weideman (2014), The
exponentially convergent trapezoidal rule, SIAM Review 56(3), 385-458.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

Array = np.ndarray
Number = float | Array

_TAIL = 32.0  # exp(-32) of the density at the mode, and less, is left out of an expectation
_LEAST = 64  # points of an expectation
_NEGLIGIBLE = 60.0  # exp(-60) of the start or the mode, and less, is left out of an integral
_MODE_POINTS = 64  # points on each side of the mode of a unimodal function
_BLOCK = 1 << 18  # numbers computed at once: they stay in the processor's cache


@dataclass(frozen=True)
class BetaNodes:
    """Points and weights of an expectation over p ~ Beta(a, b), along the last axis."""

    p: Array
    weights: Array

    def mean(self, values: Array) -> Array:
        """Return the expectation of ``values``, a function at the points."""
        result: Array = np.sum(self.weights * values, axis=-1)
        return result


def beta_nodes(
    a: Array,
    b: Array,
    count: int | None = None,
    *,
    knee: Array | None = None,
    refinement: float = 1.0,
) -> BetaNodes:
    """Return points and weights such that sum(weights * f(p)) = E f(p), p ~ Beta(a, b).

    Parameters
    ----------
    a, b
        > 0, broadcast together; the points are appended as last axis.
    count
        Number of points; as many as full precision takes by default.
    knee
        ln(p / (1 - p)) about which f bends, where that may be far from the mode a / (a + b).
    refinement
        Factor on the number of points, for functions that bend in more than one place.

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
        fallen = np.clip(_TAIL - (a - 1) * (mode - low), 0, _TAIL)
        first = np.minimum(first, low - fallen / a)
    left = np.arcsinh((middle - np.minimum(first, low)) / scale)
    right = np.arcsinh((np.maximum(last, high) - middle) / scale)
    if count is None:
        reach = left + right
        detail = np.maximum(16 * reach, 48 + 3 * reach * scale / np.minimum(deviation, 1.0))
        count = max(_LEAST, int(refinement * np.max(detail, initial=0.0)))
    v = -left[..., None] + (left + right)[..., None] * np.linspace(0, 1, count)
    u = middle[..., None] + scale[..., None] * np.sinh(v)
    log_p, log_q = special.log_expit(u), special.log_expit(-u)
    log_weight = a[..., None] * log_p + b[..., None] * log_q + np.log(np.cosh(v))
    weights = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return BetaNodes(p=np.exp(log_p), weights=weights)


def _ends(a: Array, b: Array, mode: Array, deviation: Array) -> tuple[Array, Array]:
    """Return the log-odds outside which the density is below exp(-32) of its mode."""
    fallen = _TAIL + a * np.log1p(b / a) + b * np.log1p(a / b)
    first, last = -_log_expm1(fallen / a), _log_expm1(fallen / b)
    bell = _bell(a, b)  # there 10 standard deviations do, and are nearer
    first = np.where(bell, np.maximum(first, mode - 10 * deviation), first)
    return first, np.where(bell, np.minimum(last, mode + 10 * deviation), last)


def _bell(a: Array, b: Array) -> Array:
    """Return where the density is so narrow that nothing outside the bell matters."""
    result: Array = np.minimum(a, b) > 20
    return result


def _log_expm1(y: Array) -> Array:
    return np.where(y > 30, y, np.log(np.expm1(np.minimum(y, 30))))


def decay_nodes(scale: Array, end: Array, count: int | None = None) -> tuple[Array, Array]:
    """Return points and weights of an integral from 0 to ``end`` of a decaying function.

    Parameters
    ----------
    scale
        Shortest time in which the function changes noticeably, > 0; the points crowd below it.
    end
        End of the integral, >= 0 and finite; broadcasts with ``scale``.
    count
        Number of points; as many as the widest range of ln(1 + end / scale) needs by default.

    Returns
    -------
    tuple of ndarray
        Points t and weights, both of the arguments' shape with the points as last axis:
        Gauss-Legendre in y = ln(1 + t / scale).

    Examples
    --------
    >>> t, weights = decay_nodes(np.array(1.0), np.array(60.0))
    >>> float((weights * np.exp(-t)).sum().round(12))
    1.0
    """
    range_ = np.log1p(np.asarray(end, float) / scale)
    if count is None:
        count = int(16 + 5 * range_.max(initial=0.0))
    points, weights = _legendre(count)
    growth = np.expm1(range_[..., None] * points)
    scale = np.asarray(scale, float)[..., None]
    return scale * growth, (growth + 1) * (scale * range_[..., None] * weights)


def negligible_after(powers: tuple[tuple[Number, Array], ...]) -> Array:
    """Return the time after which a product of powers (start / (start + t))^rate is negligible.

    Parameters
    ----------
    powers
        Pairs of rate and start, > 0, that broadcast together.

    Examples
    --------
    >>> end = negligible_after(((20.0, np.array(2.0)),))
    >>> float(np.round((2 / (2 + end)) ** 20 / np.exp(-60), 9))
    1.0
    """
    with np.errstate(over="ignore"):
        ends = [start * np.expm1(_NEGLIGIBLE / rate) for rate, start in powers]
    result: Array = np.minimum.reduce(ends)
    return result


def discounted_survival(s: Array, beta: Array, delta: float, horizon: float) -> Array:
    """Return the integral from 0 to ``horizon`` of exp(-delta t) (beta / (beta + t))^s dt.

    It is the discounted life expectancy under a Pareto distribution of the second kind (Lomax).

    Parameters
    ----------
    s, beta
        Shape and scale of the distribution, > 0, that broadcast together.
    delta
        Continuous discount rate per unit of time, >= 0.
    horizon
        > 0, may be infinite.

    Examples
    --------
    >>> print(f"{discounted_survival(np.array(2.0), np.array(1.0), 0.0, np.inf):.12f}")
    1.000000000000
    """
    s, beta = np.asarray(s, float), np.asarray(beta, float)
    end = np.minimum(horizon, negligible_after(((np.maximum(s - 1, 1e-9), beta),)))
    if delta > 0:
        end = np.minimum(end, _NEGLIGIBLE / delta)
    t, weights = decay_nodes(1 / ((s + 1) / beta + delta), end)
    result: Array = np.sum(
        weights * np.exp(-delta * t - s[..., None] * np.log1p(t / beta[..., None])), -1
    )
    return result


def log_unimodal_integral(
    rise: Array, powers: tuple[tuple[Array, Array], ...], end: Array
) -> Array:
    """Return ln of the integral from 0 to ``end`` of t^rise prod (1 + t / start)^-rate dt.

    Parameters
    ----------
    rise
        Exponent of t, >= 0.
    powers
        Pairs of rate and start, > 0.
    end
        End of the integral, > 0. All broadcast together.

    Notes
    -----
    In y = ln t the integrand is log-concave: it is integrated on both sides of its mode, as far as
    it matters.

    Examples
    --------
    >>> one = np.array(1.0)
    >>> found = log_unimodal_integral(rise=one, powers=((3 * one, one),), end=1e30 * one)
    >>> print(f"{found:.12f}")  # ln 1/2
    -0.693147180560
    """

    def height(y: Array) -> Array:
        t = np.exp(y)
        result: Array = (rise + 1) * y - sum(rate * np.log1p(t / start) for rate, start in powers)
        return result

    def slope(y: Array) -> Array:
        t = np.exp(y)
        result: Array = (rise + 1) - sum(rate * t / (start + t) for rate, start in powers)
        return result

    last = np.log(np.maximum(end, 1e-300))
    lowest = np.minimum(last, min(float(np.log(start).min()) for _, start in powers)) - 800.0
    mode = _bisect(lambda y: slope(y) > 0, lowest, last)
    peak = height(mode)
    matters = peak - _NEGLIGIBLE
    left = _bisect(lambda y: height(y) < matters, lowest, mode)
    right = _bisect(lambda y: height(y) > matters, mode, last)
    points, weights = _legendre(_MODE_POINTS)
    total = 0.0
    for low, high in ((left, mode), (mode, right)):
        width = (high - low)[..., None]
        y = np.moveaxis(low[..., None] + width * points, -1, 0)
        total = total + np.sum(width * weights * np.moveaxis(np.exp(height(y) - peak), 0, -1), -1)
    result: Array = peak + np.log(total)
    return result


def in_blocks(
    function: Callable[..., Array], arrays: tuple[Array | float, ...], width: int
) -> Array:
    """Apply an elementwise function to arrays that broadcast, a block of elements at a time.

    Parameters
    ----------
    function
        Takes 1-d arrays and returns one number per element.
    arrays
        Its arguments, broadcast together.
    width
        Numbers that the function holds in memory per element.

    Examples
    --------
    >>> in_blocks(np.hypot, (np.array([3.0, 5.0]), np.array([4.0, 12.0])), width=1).tolist()
    [5.0, 13.0]
    """
    columns = np.broadcast_arrays(*(np.asarray(array, float) for array in arrays))
    shape, size = columns[0].shape, columns[0].size
    flat = [column.reshape(-1) for column in columns]
    step = max(1, _BLOCK // width)
    parts = [function(*(c[start : start + step] for c in flat)) for start in range(0, size, step)]
    return np.concatenate(parts).reshape(shape) if parts else np.zeros(shape)


@lru_cache(maxsize=64)
def _legendre(count: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre points and weights on (0, 1)."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


def _bisect(holds: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Return where a condition that holds at ``low`` ceases to hold, ``high`` where it does not."""
    low, high = np.array(low, float), np.array(high, float)
    for _ in range(60):
        middle = (low + high) / 2
        inside = holds(middle)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high

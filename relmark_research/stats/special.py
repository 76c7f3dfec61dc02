"""Logarithms of gamma and beta functions that keep their digits at large arguments.

ln G(z + x) - ln G(z) loses what ln G(z) ~ z ln z rounds away; Stirling's series gives the
difference itself (Abramowitz & Stegun 6.1.40).
"""

import numpy as np
from scipy import special

Array = np.ndarray
Number = float | Array

_LARGE = 16.0  # from here on six terms of the series give full precision
_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)


def log_rising(z: Number, x: Number) -> Array:
    """Return ln(G(z + x) / G(z)) for z > 0, x >= 0.

    Examples
    --------
    >>> print(f"{np.exp(log_rising(1.0, 4.0)):.9f}")  # 4!
    24.000000000
    >>> print(f"{log_rising(1e12, 2.0) / np.log(1e12):.12f}")
    2.000000000000
    """
    z, x = np.broadcast_arrays(np.asarray(z, float), np.asarray(x, float))
    large = z >= _LARGE
    if not large.any():
        return special.gammaln(z + x) - special.gammaln(z)
    far = np.where(large, z, _LARGE)
    series = (far - 0.5) * np.log1p(x / far) + x * (np.log(far + x) - 1)
    series = series + _tail(far + x) - _tail(far)
    if large.all():
        return series
    near = np.where(large, 1.0, z)
    return np.where(large, series, special.gammaln(near + x) - special.gammaln(near))


def log_beta(a: Number, b: Number) -> Array:
    """Return ln B(a, b) for a, b > 0."""
    small, big = np.minimum(a, b), np.maximum(a, b)
    return special.gammaln(small) - log_rising(big, small)


def log_beta_ratio(a: Number, b: Number, u: Number) -> Array:
    """Return ln(B(a, b + u) / B(a, b)) for a, b > 0, u >= 0, to its own last digits.

    It is a second difference of ln G, which Stirling's series gives without cancelling; the first
    b are led there by the recurrence of G.

    Examples
    --------
    >>> print(f"{log_beta_ratio(1.0, 1e9, 2.0):.10e} {-np.log1p(2e-9):.10e}")
    -1.9999999980e-09 -1.9999999980e-09
    """
    a, b, u = np.broadcast_arrays(*(np.asarray(part, float) for part in (a, b, u)))
    steps = 0.0
    for k in range(int(_LARGE)):
        steps = steps + np.log1p(a * u / ((b + k) * (b + k + a + u)))
    b = b + _LARGE
    curved = (b - 0.5) * np.log1p(a * u / (b * (b + a + u)))
    curved = curved - u * np.log1p(a / (b + u)) - a * np.log1p(u / (b + a))
    tails = (_tail(b + u) - _tail(b)) - (_tail(a + b + u) - _tail(a + b))
    return curved + tails - steps


def digamma_rise(z: Number, x: Number) -> Array:
    """Return psi(z + x) - psi(z) for z > 0, x >= 0, the slope of `log_rising` by z.

    Examples
    --------
    >>> print(f"{1e9 * digamma_rise(1e9, 3.0):.9f}")
    2.999999997
    """
    z, x = np.broadcast_arrays(np.asarray(z, float), np.asarray(x, float))
    far = np.maximum(z, _LARGE)
    series = np.log1p(x / far) + 0.5 * x / (far * (far + x)) + _slope(far + x) - _slope(far)
    if (z >= _LARGE).all():
        return series
    near = np.where(z >= _LARGE, 1.0, z)
    return np.where(z >= _LARGE, series, special.digamma(near + x) - special.digamma(near))


def trigamma(z: Number) -> Array:
    """Return the second derivative of ln G at z > 0."""
    return special.zeta(2.0, z)


def trigamma_rise(z: Number, x: Number) -> Array:
    """Return the second derivative by z of ln(G(z + x) / G(z)), for z > 0, x >= 0.

    Examples
    --------
    >>> print(f"{1e18 * trigamma_rise(1e9, 3.0):.9f}")
    -2.999999994
    """
    z, x = np.broadcast_arrays(np.asarray(z, float), np.asarray(x, float))
    far = np.maximum(z, _LARGE)
    end = far + x
    series = -x / (far * end) * (1 + 0.5 * (1 / far + 1 / end)) + _curve(end) - _curve(far)
    if (z >= _LARGE).all():
        return series
    near = np.where(z >= _LARGE, 1.0, z)
    return np.where(z >= _LARGE, series, trigamma(near + x) - trigamma(near))


def _tail(z: Array) -> Array:
    """Return what Stirling's leading terms leave of ln G(z)."""
    square = 1 / (z * z)
    value = np.zeros_like(z)
    for term in reversed(_SERIES):
        value = value * square + term
    return value / z


def _slope(z: Array) -> Array:
    """Return the derivative of `_tail`."""
    square = 1 / (z * z)
    value = np.zeros_like(z)
    for n, term in reversed(list(enumerate(_SERIES))):
        value = value * square - (2 * n + 1) * term
    return value * square


def _curve(z: Array) -> Array:
    """Return the second derivative of `_tail`."""
    square = 1 / (z * z)
    value = np.zeros_like(z)
    for n, term in reversed(list(enumerate(_SERIES))):
        value = value * square + (2 * n + 1) * (2 * n + 2) * term
    return value * square / z

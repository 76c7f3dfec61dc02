"""Differences of log-gamma and log-beta functions that keep full precision at large arguments.

G is the gamma function, psi its logarithmic derivative (digamma). ln G(z + x) - ln G(z) cancels the
digits in which z ln z dominates; Stirling's series gives the difference itself.

References
----------
Abramowitz and Stegun (1964), Handbook of mathematical functions, 6.1.40 (ln G), 6.3.18 (digamma)
and 6.4.12 (trigamma).
"""

from __future__ import annotations

import numpy as np
from scipy import special

Array = np.ndarray
Number = float | Array

_LARGE = 16.0  # from this argument on, six terms of the series give full precision
_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)


def log_rising_factorial(z: Number, x: Number) -> Array:
    """Return ln(G(z + x) / G(z)), for whole x the logarithm of z (z + 1) ... (z + x - 1).

    Parameters
    ----------
    z
        > 0.
    x
        >= 0; broadcasts with ``z``.

    Examples
    --------
    >>> print(f"{np.exp(log_rising_factorial(1.0, 4.0)):.9f}")  # 4!
    24.000000000
    >>> print(f"{log_rising_factorial(1e12, 2.0) / np.log(1e12):.12f}")
    2.000000000000
    """
    z, x = np.broadcast_arrays(np.asarray(z, float), np.asarray(x, float))
    large = z >= _LARGE
    if not large.any():
        direct: Array = special.gammaln(z + x) - special.gammaln(z)
        return direct
    far = np.where(large, z, _LARGE)
    series: Array = (far - 0.5) * np.log1p(x / far) + x * (np.log(far + x) - 1)
    series = series + _remainder(far + x) - _remainder(far)
    if large.all():
        return series
    near = np.where(large, 1.0, z)
    result: Array = np.where(large, series, special.gammaln(near + x) - special.gammaln(near))
    return result


def log_beta(a: Number, b: Number) -> Array:
    """Return ln B(a, b) for a, b > 0, that broadcast together.

    Examples
    --------
    >>> print(f"{log_beta(1.0, 1e10) / -np.log(1e10):.14f}")  # B(1, b) = 1 / b
    1.00000000000000
    """
    small, big = np.minimum(a, b), np.maximum(a, b)
    result: Array = special.gammaln(small) - log_rising_factorial(big, small)
    return result


def log_beta_ratio(a: Number, b: Number, u: Number) -> Array:
    """Return ln(B(a, b + u) / B(a, b)), to the last digits of the result.

    Parameters
    ----------
    a, b
        > 0.
    u
        >= 0. All broadcast together.

    Notes
    -----
    It is a second difference of ln G, which Stirling's series gives without cancellation; small b
    are raised to where the series holds by the recurrence of G.

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
    main = (b - 0.5) * np.log1p(a * u / (b * (b + a + u)))
    main = main - u * np.log1p(a / (b + u)) - a * np.log1p(u / (b + a))
    remainders = (_remainder(b + u) - _remainder(b)) - (_remainder(a + b + u) - _remainder(a + b))
    result: Array = main + remainders - steps
    return result


def digamma_difference(z: Number, x: Number) -> Array:
    """Return psi(z + x) - psi(z), the derivative of `log_rising_factorial` with respect to z.

    Parameters
    ----------
    z
        > 0.
    x
        >= 0; broadcasts with ``z``.

    Examples
    --------
    >>> print(f"{1e9 * digamma_difference(1e9, 3.0):.9f}")
    2.999999997
    """
    z, x = np.broadcast_arrays(np.asarray(z, float), np.asarray(x, float))
    far = np.maximum(z, _LARGE)
    series: Array = (
        np.log1p(x / far)
        + 0.5 * x / (far * (far + x))
        + _remainder_slope(far + x)
        - _remainder_slope(far)
    )
    if (z >= _LARGE).all():
        return series
    near = np.where(z >= _LARGE, 1.0, z)
    result: Array = np.where(z >= _LARGE, series, special.digamma(near + x) - special.digamma(near))
    return result


def trigamma(z: Number) -> Array:
    """Return the second derivative of ln G at z > 0.

    Examples
    --------
    >>> print(f"{trigamma(1.0):.9f}")  # pi^2 / 6
    1.644934067
    """
    result: Array = special.zeta(2.0, z)
    return result


def trigamma_difference(z: Number, x: Number) -> Array:
    """Return the second derivative of `log_rising_factorial` with respect to z.

    Parameters
    ----------
    z
        > 0.
    x
        >= 0; broadcasts with ``z``.

    Examples
    --------
    >>> print(f"{1e18 * trigamma_difference(1e9, 3.0):.9f}")
    -2.999999994
    """
    z, x = np.broadcast_arrays(np.asarray(z, float), np.asarray(x, float))
    far = np.maximum(z, _LARGE)
    end = far + x
    series: Array = (
        -x / (far * end) * (1 + 0.5 * (1 / far + 1 / end))
        + _remainder_curvature(end)
        - _remainder_curvature(far)
    )
    if (z >= _LARGE).all():
        return series
    near = np.where(z >= _LARGE, 1.0, z)
    result: Array = np.where(z >= _LARGE, series, trigamma(near + x) - trigamma(near))
    return result


def _remainder(z: Array) -> Array:
    """Return ln G(z) less (z - 1/2) ln z - z + ln(2 pi) / 2."""
    square = 1 / (z * z)
    value = np.zeros_like(z)
    for term in reversed(_SERIES):
        value = value * square + term
    result: Array = value / z
    return result


def _remainder_slope(z: Array) -> Array:
    """Return the derivative of `_remainder`."""
    square = 1 / (z * z)
    value = np.zeros_like(z)
    for n, term in reversed(list(enumerate(_SERIES))):
        value = value * square - (2 * n + 1) * term
    result: Array = value * square
    return result


def _remainder_curvature(z: Array) -> Array:
    """Return the second derivative of `_remainder`."""
    square = 1 / (z * z)
    value = np.zeros_like(z)
    for n, term in reversed(list(enumerate(_SERIES))):
        value = value * square + (2 * n + 1) * (2 * n + 2) * term
    result: Array = value * square / z
    return result

"""Sums over a row of renewals or opportunities, each of which ends the relation with some chance.

    S_i = P(still there at i) = prod_{j=1}^i (delta + j - 1) / (gamma + delta + j - 1),

where the chance to leave is theta ~ Beta(gamma, delta).
"""

import numpy as np

Array = np.ndarray
Number = float | Array


def survivals(gamma: Number, delta: Number, n: Number, discount: float = 1.0) -> Array:
    """Return sum_{i=1}^n discount^i S_i, by the ratios of its terms.

    Examples
    --------
    >>> float(survivals(np.array(1.0), np.array(1.0), np.array(3.0)))  # 1/2 + 1/3 + 1/4
    1.0833333333333333
    """
    gamma, delta, n = np.broadcast_arrays(np.asarray(gamma, float), np.asarray(delta, float), n)
    term, total = np.ones(n.shape), np.zeros(n.shape)
    for i in range(int(n.max(initial=0))):
        term = term * (discount * (delta + i) / (gamma + delta + i))
        total = total + np.where(i < n, term, 0.0)
    return total


def endless_survivals(gamma: Number, delta: Number, rate: float) -> Array:
    """Return sum_{i>=1} e^(-rate i) S_i = 2F1(1, delta; gamma + delta; e^-rate) - 1.

    Gauss's continued fraction is evaluated from its end; its terms shrink by a fixed factor that
    the rate sets, whatever gamma and delta are.

    Examples
    --------
    >>> print(f"{endless_survivals(np.array(1.0), np.array(1.0), np.log(2)):.12f}")  # 2 ln 2 - 1
    0.386294361120
    """
    gamma, delta = np.asarray(gamma, float), np.asarray(delta, float)
    z, b, c = np.exp(-rate), delta + 1, gamma + delta + 1
    depth = int(12 / np.sqrt(-np.expm1(-rate))) + 50
    tail = np.ones(np.broadcast(gamma, delta).shape)
    for m in range(depth, -1, -1):
        even = (m + 1) * (c - b + m) / ((c + 2 * m) * (c + 2 * m + 1))
        odd = (b + m) * (c - 1 + m) / ((c + 2 * m - 1) * (c + 2 * m))
        tail = 1 - odd * z / (1 - even * z / tail)
    return z * delta / (gamma + delta) / tail

"""Renewals whose gaps take k phases each, with rates and dropout that differ between customers.

    r, z      phases in the future: N ~ negative binomial with shape r + j and mean (r + j) z
    idle, j   phases since the last renewal, j < k, with weight (r)_j / j! idle^j
    a, b      probability p ~ Beta(a, b) that a renewal is the last
    k         phases per renewal; floor((j + N) / k) renewals fall due

The mean over N and j is a sum of positive terms, cut off where the rest is below rounding error.
Where it would be long, N is averaged first, given p: with c = 1 - p and the k-th roots of unity w,
the generating function of N at c^(1/k) w gives the sum in closed form; p is integrated numerically.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research.stats.quadrature import beta_nodes
from relmark_research.stats.special import (
    digamma_difference,
    log_rising_factorial,
    trigamma_difference,
)

Array = np.ndarray
Number = float | Array

_ROUNDING = 1e-16  # share of a sum that is left out
_LONGEST = 400.0  # phases that are summed one by one
_ROWS, _FEWER = 1 << 12, 1 << 8  # rows computed at once, by sums and by integrals
_SHORT = 6  # terms of a power series in 1 - p
_NEAR_ONE = 1e-3  # 1 - p below which that series is used
_SMALLEST = 1e-290


def phase_terms(n: Array, idle: Array, k: int) -> list[Array]:
    """Return (n)_j / j! idle^j for j < k."""
    terms = [np.ones(np.broadcast_shapes(np.shape(n), np.shape(idle)))]
    for j in range(1, k):
        terms.append(terms[-1] * (n + j - 1) * idle / j)
    return terms


def log_phases(n: Array, idle: Array, k: int) -> Array:
    """Return the logarithm of the sum over phases."""
    result: Array = np.log(np.sum(phase_terms(n, idle, k), axis=0))
    return result


def phase_shares(n: Array, idle: Array, k: int) -> list[Array]:
    """Return the probability of each phase of a customer who is alive."""
    terms = phase_terms(n, idle, k)
    total = np.sum(terms, axis=0)
    return [term / total for term in terms]


@dataclass(frozen=True)
class PhaseDerivatives:
    """ln S, S the sum of `phase_terms`, and its derivatives by n and u.

    Attributes
    ----------
    u
        The second argument.
    log
        ln S.
    by_n, by_u
        First derivatives.
    nn, nu, uu
        Second derivatives.
    """

    u: Array
    log: Array
    by_n: Array
    by_u: Array
    nn: Array
    nu: Array
    uu: Array


def phase_derivatives(n: Array, u: Array, k: int) -> PhaseDerivatives:
    """Return ln sum_{j<k} (n)_j / j! u^j with its derivatives, of equal shape."""
    over = np.ones_like(u)  # (n)_j / j! u^(j - 1) for j >= 1
    total, sums = np.ones_like(u), np.zeros((5, *u.shape))
    twice = np.zeros_like(u)  # of (n)_j / j! u^(j - 2), for j >= 2
    for j in range(1, k):
        twice = over * (n + j - 1) / j if j > 1 else twice
        over = n if j == 1 else over * (n + j - 1) / j * u
        rise, curve = digamma_difference(n, float(j)), trigamma_difference(n, float(j))
        term = over * u
        total = total + term
        factors = term * rise, over * j, term * (rise**2 + curve), over * j * rise
        for row, value in zip(sums, (*factors, twice * j * (j - 1)), strict=True):
            row += value
    by_n, by_u, nn, nu, uu = sums / total
    return PhaseDerivatives(
        u, np.log(total), by_n, by_u, nn - by_n**2, nu - by_n * by_u, uu - by_u**2
    )


def negative_binomial_pmf(m: Array, r: Array, z: Array) -> Array:
    """Return P(N = m) of a negative binomial with shape r and mean r z; 0 for m < 0."""
    some, z = np.maximum(m, 0), np.asarray(z, float)
    ways = log_rising_factorial(r, some) - special.gammaln(some + 1)
    with np.errstate(divide="ignore"):
        log = ways - r * np.log1p(z) - special.xlogy(some, 1 + 1 / z)
    return np.where(m < 0, 0.0, np.exp(log))


def mean_renewals(
    r: Number, z: Number, a: Number, b: Number, idle: Number, *, k: int, survival: bool = False
) -> Array:
    """Return the expected renewals within a time, or the probability of not having left by then.

    Parameters
    ----------
    r, z, a, b, idle
        As above, > 0 (z, idle >= 0); they broadcast together.
    k
        Phases per renewal, >= 1.
    survival
        Whether the mean of (1 - p)^renewals is returned instead of that of the renewals made.

    Examples
    --------
    Without other phases and almost without dropout, a renewal per phase:

    >>> print(f"{mean_renewals(2.0, 3.0, 1e-9, 1.0, 0.0, k=1):.6f}")
    6.000000
    """
    columns = np.broadcast_arrays(*(np.asarray(c, float) for c in (r, z, a, b, idle)))
    rows = [np.ravel(column) for column in columns]
    length = _phases_needed(rows[0] + k, rows[1])
    result = np.full(length.shape, np.nan)
    summed, averaged = length <= _LONGEST, length > _LONGEST
    for chosen, function, size in ((summed, _by_phases, _ROWS), (averaged, _by_roots, _FEWER)):
        places = np.flatnonzero(chosen)
        places = places[np.argsort(length[places], kind="stable")]
        for first in range(0, len(places), size):
            block = places[first : first + size]
            result[block] = function(tuple(row[block] for row in rows), k, survival)
    return result.reshape(columns[0].shape)


def _phases_needed(r: Array, z: Array) -> Array:
    """Return about how many phases matter, infinite where P(N = 0) underflows."""
    spread = np.sqrt(r * z * (1 + z))
    length: Array = r * z + 9 * spread + 40 * z + 20
    return np.where(r * np.log1p(z) > 600, np.inf, length)


def _by_phases(columns: tuple[Array, ...], k: int, survival: bool) -> Array:
    """Sum over the number of phases q since the last renewal."""
    r, z, a, b, idle = columns
    share, phase = z / (1 + z), np.arange(k)[:, None]
    shape = r + phase
    chance = np.exp(-shape * np.log1p(z)) * np.stack(phase_shares(r, idle, k))
    stays, gained, total = np.ones_like(r), np.zeros_like(r), np.zeros_like(r)
    for q in range(100_000):
        if q and q % k == 0:
            i = q // k
            gained, stays = gained + stays, stays * (b + i - 1) / (a + b + i - 1)
        begun = min(q + 1, k)
        now = chance[:begun].sum(axis=0)
        total += now * (stays if survival else gained)
        if q % 8 == 7 and q > k:
            ratio = share * (r + q) / (q - k + 1)
            rest = np.where(ratio < 1, now * (gained + 1) / np.maximum(1 - ratio, 1e-300), np.inf)
            if np.all(rest <= _ROUNDING * total):
                break
        m = q - phase[:begun]
        chance[:begun] *= share * (shape[:begun] + m) / (m + 1)
    return total


def _by_roots(columns: tuple[Array, ...], k: int, survival: bool) -> Array:
    """Average the closed form given p over p ~ Beta(a, b)."""
    r, z, a, b, idle = columns
    knee = np.minimum(-np.log(np.maximum(z * np.maximum(r, 1) / k, 1e-300)), 0.0)
    nodes = beta_nodes(a, b, knee=knee, refinement=1.4)
    shares = phase_shares(r, idle, k)
    mean = sum(
        shares[j][:, None] * _purchases_given_p(nodes.p, (r + j)[:, None], z[:, None], j, k)
        for j in range(k)
    )
    return nodes.mean(np.asarray(1 - nodes.p * mean if survival else mean))


def _purchases_given_p(p: Array, r: Array, z: Array, j: int, k: int) -> Array:
    """Return the expected purchases given p and the phase j: sum_n (1-p)^(n-1) P(N >= n k - j)."""
    with np.errstate(divide="ignore"):
        log_q = np.log1p(-np.minimum(p, 1 - 1e-16)) / k
    q, total = np.exp(log_q), np.zeros(np.broadcast_shapes(p.shape, r.shape))
    for root in range(k // 2 + 1):
        turn = np.exp(2j * np.pi * root / k)
        left = np.maximum(-np.expm1(log_q), _SMALLEST) if root == 0 else 1 - q * turn
        value = -np.expm1(-r * np.log1p(left * z)) / left * turn ** (j + 1)
        total += np.real(value) * (1 if root in (0, k / 2) else 2)
    result: Array = total * np.exp((j + 1 - k) * log_q) / k
    near = p > 1 - _NEAR_ONE
    if near.any():
        tails = [special.betainc(n * k - j, r, z / (1 + z)) for n in range(1, _SHORT + 1)]
        series = sum((1 - p) ** n * tail for n, tail in enumerate(tails))
        result = np.where(near, series, result)
    return result

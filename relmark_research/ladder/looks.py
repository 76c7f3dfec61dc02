"""The likelihood of looks at irregular times, and its slopes.

Q     rates per unit of time; P(t) = expm(Q t)
L     product of P(t)[a, b]; where b was entered exactly at the second look, of
      sum over s != b of P(t)[a, s] q_sb

References
----------
Kalbfleisch and Lawless 1985, Journal of the American Statistical Association 80, section 3. Van
Loan 1978, IEEE Transactions on Automatic Control 23.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Looks:
    """Successive looks at the same person, equal ones together.

    Attributes
    ----------
    times
        Distinct times between two looks, rising, shape (times,).
    place, origin, destination
        Per kind of pair: which time, the state before and after.
    exact
        Whether the state after was entered exactly at the second look.
    n
        How many pairs there are of the kind.
    """

    times: Array
    place: Array
    origin: Array
    destination: Array
    exact: Array
    n: Array


def log_likelihood(rates: Array, looks: Looks) -> float:
    """Return the logarithm of the panel likelihood.

    Parameters
    ----------
    rates
        Q, shape (states, states).
    looks
        Pairs of successive looks.

    Examples
    --------
    >>> from scipy.linalg import expm
    >>> Q = np.array([[-0.5, 0.5], [0.2, -0.2]])
    >>> one = Looks(np.array([2.0]), *(np.array([k]) for k in (0, 0, 1)), np.array([False]),
    ...             np.array([3]))
    >>> bool(np.isclose(log_likelihood(Q, one), 3 * np.log(expm(2 * Q)[0, 1])))
    True
    """
    return likelihood(rates, looks, ())[0]


def likelihood(rates: Array, looks: Looks, cells: Sequence[tuple[int, int]]) -> tuple[float, Array]:
    """Return the log-likelihood and its slopes by the rates of ``cells``."""
    entry = rates - np.diag(np.diag(rates))
    P, slope_of = _exponentials(rates, looks.times)
    chance = _chances(P, entry, looks)
    with np.errstate(divide="ignore"):
        total = float(looks.n @ np.log(np.maximum(chance, 0)))
    slopes = np.zeros(len(cells))
    for at, (a, b) in enumerate(cells):
        way = np.zeros_like(rates)
        way[a, a], way[a, b] = -1.0, 1.0
        slope = _chances(slope_of(way), entry, looks)
        hit = looks.exact & (looks.destination == b)
        slope = slope + np.where(hit, P[looks.place, looks.origin, a], 0.0)
        slopes[at] = looks.n @ (slope / np.maximum(chance, 1e-300))
    return total, slopes


def _exponentials(rates: Array, times: Array) -> tuple[Array, Callable[[Array], Array]]:
    """P at all times, and its slope in a direction G.

    From the eigenvalues d of Q = U d U^-1: U ((U^-1 G U) * v) U^-1 with
    v_ij = (e^(d_i t) - e^(d_j t)) / (d_i - d_j), or t e^(d_i t) where the two are one. Where the
    eigenvectors hardly differ, by the exponential of [[Q, G], [0, Q]] (Van Loan 1978).
    """
    d, U = np.linalg.eig(rates)
    if np.linalg.cond(U) > 1e7:
        return _by_blocks(rates, times)
    inverse = np.linalg.inv(U)
    powers = np.exp(d * times[:, None])
    gap = d[:, None] - d[None, :]
    near = np.abs(gap) < 1e-7
    v = np.where(
        near,
        times[:, None, None] * powers[:, :, None],
        (powers[:, :, None] - powers[:, None, :]) / np.where(near, 1, gap),
    )

    def slope(way: Array) -> Array:
        return (U @ ((inverse @ way @ U) * v) @ inverse).real

    return ((U * powers[:, None, :]) @ inverse).real, slope


def _by_blocks(rates: Array, times: Array) -> tuple[Array, Callable[[Array], Array]]:
    from scipy.linalg import expm

    k, t = len(rates), times[:, None, None]

    def slope(way: Array) -> Array:
        block = np.zeros((len(times), 2 * k, 2 * k))
        block[:, :k, :k] = block[:, k:, k:] = rates * t
        block[:, :k, k:] = way * t
        return np.asarray(expm(block)[:, :k, k:])

    return np.asarray(expm(rates * t)), slope


def _chances(P: Array, entry: Array, looks: Looks) -> Array:
    plain = P[looks.place, looks.origin, looks.destination]
    if not looks.exact.any():
        return plain
    entered = np.einsum("ns,sn->n", P[looks.place, looks.origin], entry[:, looks.destination])
    return np.where(looks.exact, entered, plain)

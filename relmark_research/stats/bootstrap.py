"""The bootstrap: whole units are resampled by drawing how often each one counts.

A sample of n units with replacement is a vector of n counts that sum to n, Multinomial(n, 1/n), so
that statistics of sums are products of matrices and no row is copied. The Bayesian bootstrap takes
Exponential(1) weights in place of counts. Rows that belong to one unit (a customer, a partner) stay
together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research.stats.intervals import percentile_interval

Array = np.ndarray

_CELLS = 2_000_000  # weights held in memory at once


def resampling_counts(n: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Give how often each of n units counts in bootstrap samples, a block of samples at a time.

    Parameters
    ----------
    n
        Number of units, > 0.
    draws
        Number of samples.
    rng
        Source of the draws; the samples do not depend on the size of the blocks.

    Yields
    ------
    ndarray
        Whole numbers, shape (samples of the block, n), each row with the sum n.

    References
    ----------
    Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7(1), 1-26.

    Examples
    --------
    >>> (counts,) = resampling_counts(5, 2, np.random.default_rng(0))
    >>> counts.sum(axis=1).tolist()
    [5, 5]
    """
    for size in _block_sizes(n, draws):
        yield rng.multinomial(n, np.full(n, 1 / n), size=size)


def bayesian_bootstrap_sums(
    rows: Array, units: Array, draws: int, rng: np.random.Generator
) -> Array:
    """Return weighted sums of rows under the Bayesian bootstrap.

    Parameters
    ----------
    rows
        What one unit adds to the sums, shape (n, p).
    units
        Number of units with these rows, >= 0, shape (n,).
    draws
        Number of draws.
    rng
        Source of the draws.

    Returns
    -------
    ndarray
        Sums of w_i rows_i with w_i ~ Gamma(units_i), the sum of as many Exponential(1) weights;
        shape (draws, p). Divided by their total, sums of one-hot rows are Dirichlet(counts).

    References
    ----------
    Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9(1), 130-134.

    Examples
    --------
    >>> sums = bayesian_bootstrap_sums(np.eye(2), np.array([3, 1]), 9_999, np.random.default_rng(0))
    >>> round(float((sums[:, 0] / sums.sum(axis=1)).mean()), 2)
    0.75
    """
    blocks = [
        rng.standard_gamma(units, size=(size, len(rows))) @ rows
        for size in _block_sizes(len(rows), draws)
    ]
    return np.concatenate([np.empty((0, rows.shape[1])), *blocks])


@dataclass(frozen=True)
class Scale:
    """A scale on which a quantity is unbounded.

    Attributes
    ----------
    transform, inverse
        To the scale and back.
    slope
        Derivative of ``transform``.
    """

    transform: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    inverse: Callable[[Array], Array]


LOG = Scale(np.log, lambda value: 1 / value, np.exp)
LOGIT = Scale(special.logit, lambda value: 1 / (value * (1 - value)), special.expit)


def bootstrap_t_interval(
    estimate: tuple[float, float],
    draws: tuple[Array, Array],
    level: float = 0.95,
    *,
    scale: Scale = LOG,
) -> tuple[float, float]:
    """Return the studentised bootstrap interval of a quantity.

    Parameters
    ----------
    estimate
        The quantity and its standard error.
    draws
        The quantity and its standard error in each bootstrap sample, two arrays of shape (draws,).
    level
        Probability of the interval, in (0, 1).
    scale
        Scale on which distances from the estimate are measured.

    Returns
    -------
    tuple of float
        inverse(f - q s), f the estimate on the scale, s its standard error there, and q the upper
        and the lower quantile of (f* - f) / s* over the samples. Samples whose standard error is
        0 are left out; if all are, both ends are the estimate.

    References
    ----------
    Hall (1992), The bootstrap and Edgeworth expansion, section 3.2.

    Examples
    --------
    >>> samples = np.array([1.0, 2.0, 4.0]), np.array([0.5, 1.0, 2.0])
    >>> low, high = bootstrap_t_interval((2.0, 1.0), samples, 0.999999)
    >>> round(low, 3), round(high, 3)  # 2 exp(-+ ln 2), for equal relative errors
    (1.0, 4.0)
    """
    value, error = estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, slope = scale.transform(np.asarray(value)), scale.slope(np.asarray(value))
        distance = (scale.transform(draws[0]) - centre) / (draws[1] * scale.slope(draws[0]))
    distance = distance[np.isfinite(distance)]
    if not distance.size:
        return value, value
    last, first = percentile_interval(distance, level)
    with np.errstate(over="ignore"):  # with a handful of units the high end may be infinite
        low, high = (float(scale.inverse(centre - end * error * slope)) for end in (first, last))
    return low, high


def cluster_covariances(items: Array, clusters: Array, *, draws: int, seed: int) -> Array:
    """Return covariance matrices of bootstrap samples of clusters.

    Parameters
    ----------
    items
        Answers, shape (n, p), none missing.
    clusters
        The cluster of each row, whole numbers from 0, shape (n,).
    draws
        Number of samples, > 0.
    seed
        Seed of the draws.

    Returns
    -------
    ndarray
        Shape (draws, p, p). Each sample draws as many clusters as there are, with replacement.

    Examples
    --------
    >>> items = np.array([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]])
    >>> found = cluster_covariances(items, np.array([0, 1, 2]), draws=5, seed=0)
    >>> bool(np.allclose(found[:, 0, 1], 2 * found[:, 0, 0]))
    True
    """
    centred = items - items.mean(axis=0)
    p, groups = items.shape[1], int(clusters.max()) + 1
    squares = np.einsum("ni,nj->nij", centred, centred).reshape(len(items), p * p)
    rows = np.column_stack([np.ones(len(items)), centred, squares])
    sums = np.zeros((groups, rows.shape[1]))
    np.add.at(sums, clusters, rows)
    rng = np.random.default_rng(seed)
    found = np.concatenate([counts @ sums for counts in resampling_counts(groups, draws, rng)])
    n, means, products = np.split(found, [1, 1 + p], axis=1)
    means, products = means / n, products.reshape(draws, p, p)
    outer = means[:, :, None] * means[:, None, :] * n[:, :, None]
    result: Array = (products - outer) / (n[:, :, None] - 1)
    return result


def correlations(covariances: Array) -> Array:
    """Return the correlation matrices of covariance matrices, shape (..., p, p).

    Examples
    --------
    >>> correlations(np.array([[4.0, 3.0], [3.0, 9.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    sd = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    result: Array = covariances / (sd[..., :, None] * sd[..., None, :])
    return result


def _block_sizes(n: int, draws: int) -> Iterator[int]:
    rows = max(1, _CELLS // max(1, n))
    for start in range(0, draws, rows):
        yield min(rows, draws - start)

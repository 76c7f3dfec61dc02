"""Resampling whole partners: answers of one partner resemble each other, so they go together."""

from __future__ import annotations

import numpy as np


def cluster_covariances(
    items: np.ndarray, clusters: np.ndarray, *, draws: int, seed: int
) -> np.ndarray:
    """Return covariance matrices of bootstrap samples of clusters.

    Parameters
    ----------
    items
        Answers, shape (n, p), none missing.
    clusters
        The partner of each row, whole numbers from 0, shape (n,).
    draws
        Number of samples, > 0.
    seed
        Seed of the draws.

    Returns
    -------
    ndarray
        Shape (draws, p, p). Each sample draws as many partners as there are, with replacement;
        sums per partner are formed once, so that a draw costs one product of matrices.
    """
    centred = items - items.mean(axis=0)
    p, groups = items.shape[1], int(clusters.max()) + 1
    squares = np.einsum("ni,nj->nij", centred, centred).reshape(len(items), p * p)
    rows = np.column_stack([np.ones(len(items)), centred, squares])
    sums = np.zeros((groups, rows.shape[1]))
    np.add.at(sums, clusters, rows)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), size=draws)
    n, means, products = np.split(weights @ sums, [1, 1 + p], axis=1)
    means, products = means / n, products.reshape(draws, p, p)
    outer = means[:, :, None] * means[:, None, :] * n[:, :, None]
    return (products - outer) / (n[:, :, None] - 1)


def correlations_of(covariances: np.ndarray) -> np.ndarray:
    """Return correlation matrices of covariance matrices, shape (..., p, p)."""
    sd = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    return covariances / (sd[..., :, None] * sd[..., None, :])


def percentiles(draws: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends between which a share ``level`` of the draws lies, along the first axis."""
    low, high = np.nanquantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high

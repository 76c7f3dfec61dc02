"""How sure is a share of moves: intervals from the moves alone, or by redrawing customers.

n     departures from a state        x     moves to one destination     k    destinations
Wilson 1927: centre (x + z^2/2)/(n + z^2), half width z/(n + z^2) sqrt(x (n - x)/n + z^2/4)
Goodman 1965: Wilson's with z^2 the quantile of chi-square (1 df) at 1 - (1 - level)/k
Bayesian bootstrap (Rubin 1981): customer c counts with an Exponential(1) weight; if every customer
made one move, the shares of a row would be Dirichlet(moves) exactly
"""

from __future__ import annotations

import numpy as np

from relmark_research.ladder.history.memory_spells import Clusters

Array = np.ndarray


def dirichlet_draws(weights: Array, n: int, seed: int) -> Array:
    """Draw matrices with Dirichlet rows, shape (n, states, states); empty rows are NaN."""
    rng = np.random.default_rng(seed)
    return _shares(rng.standard_gamma(weights, size=(n, *weights.shape)))


def customer_draws(clusters: Clusters, prior: Array, n: int, seed: int) -> Array:
    """Draw matrices by weighting customers anew, shape (n, states, states).

    Parameters
    ----------
    clusters
        Moves by customer, equal customers together.
    prior
        Dirichlet weights that are added, shape (states, states).
    n, seed
        How many, and the seed.

    References
    ----------
    Rubin 1981, "The Bayesian bootstrap", Annals of Statistics 9.
    """
    rng = np.random.default_rng(seed)
    k = prior.shape[-1]
    cells = clusters.counts.reshape(len(clusters.counts), k * k)
    drawn = np.empty((n, k * k))
    step = max(1, 4_000_000 // max(1, len(cells)))
    for start in range(0, n, step):
        size = min(step, n - start)
        weights = rng.standard_gamma(clusters.people, size=(size, len(cells)))
        drawn[start : start + size] = weights @ cells
    extra = rng.standard_gamma(prior, size=(n, k, k)) if prior.any() else 0.0
    return _shares(drawn.reshape(n, k, k) + extra)


def _shares(weights: Array) -> Array:
    total = weights.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, weights / total, np.nan)

"""How sure is a share of moves: intervals from the moves alone, or by redrawing customers.

n     departures from a state        x     moves to one destination     k    destinations
Wilson 1927: centre (x + z^2/2)/(n + z^2), half width z/(n + z^2) sqrt(x (n - x)/n + z^2/4)
Goodman 1965: Wilson's with z^2 the quantile of chi-square (1 df) at 1 - (1 - level)/k
Bayesian bootstrap (Rubin 1981): customer c counts with an Exponential(1) weight; if every customer
made one move, the shares of a row would be Dirichlet(moves) exactly
"""

from __future__ import annotations

import numpy as np

from relmark_research.errors import check_number
from relmark_research.ladder.history.memory_spells import Clusters

Array = np.ndarray


def check_level(level: float) -> None:
    """Raise ParameterError unless ``level`` is a probability that an interval can have."""
    rule = "is in (0, 1), such as 0.95"
    check_number("the level of an interval", level, low=0, high=1, between=True, rule=rule)


def wilson(moves: Array, departures: Array, level: float) -> tuple[Array, Array]:
    """Return Wilson's interval of each share.

    Parameters
    ----------
    moves, departures
        Counts of equal shape; without departures the interval is 0 to 1.
    level
        Probability of each interval, in (0, 1).

    Examples
    --------
    >>> low, high = wilson(np.array([10]), np.array([100]), 0.95)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0552, 0.1744)
    """
    from scipy import stats

    return _score(moves, departures, float(stats.chi2.ppf(level, 1)))


def goodman(
    moves: Array, departures: Array, level: float, cells: Array | int
) -> tuple[Array, Array]:
    """Return intervals of the shares of a row that hold all at once.

    Parameters
    ----------
    moves, departures
        Counts of equal shape.
    level
        Probability that all intervals of a row hold, at least.
    cells
        Number of possible destinations of the row.

    References
    ----------
    Goodman 1965, "On simultaneous confidence intervals for multinomial proportions",
    Technometrics 7, section 3.

    Examples
    --------
    >>> low, high = goodman(np.array([23, 12, 44]), np.full(3, 79), 0.95, 3)
    >>> low.round(6).tolist(), high.round(6).tolist()
    ([0.186276, 0.079173, 0.423861], [0.424257, 0.271715, 0.682358])
    """
    from scipy import stats

    return _score(moves, departures, stats.chi2.ppf(1 - (1 - level) / np.maximum(cells, 1), 1))


def _score(moves: Array, departures: Array, square: Array | float) -> tuple[Array, Array]:
    n = np.maximum(departures, 1e-300)
    x = np.where(departures > 0, moves, 0)
    centre = (x + square / 2) / (n + square)
    half = np.sqrt(square) / (n + square) * np.sqrt(x * (n - x) / n + square / 4)
    empty = departures <= 0
    low, high = np.where(x <= 0, 0.0, centre - half), np.where(x >= n, 1.0, centre + half)
    return np.where(empty, 0.0, low), np.where(empty, 1.0, high)


def beta(weights: Array, level: float) -> tuple[Array, Array]:
    """Return the equal-tailed interval of each share under a Dirichlet of these weights."""
    from scipy import special

    rest = weights.sum(axis=-1, keepdims=True) - weights
    tail = (1 - level) / 2
    ends = []
    for share in (tail, 1 - tail):
        value = special.betaincinv(np.maximum(weights, 1e-9), np.maximum(rest, 1e-9), share)
        ends.append(np.where(weights <= 0, 0.0, np.where(rest <= 0, 1.0, value)))
    return ends[0], ends[1]


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


def band(draws: Array, level: float) -> tuple[Array, Array]:
    """Return the equal-tailed interval of draws along the first axis."""
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    return low, high

"""Concentration: how much of a total the largest units hold, with standard errors.

y_i      value of unit i; some may be negative        n        number of units
w_i      how often unit i counts, 1 by default        mean     sum of w_i y_i / n, > 0
p        share of units at the top, the largest       q        the smallest value among them
S        share of the total that they hold            G        Gini coefficient

Every measure is a ratio theta of means. Its standard error comes from the influence of each unit,

    sd(theta) = sqrt(sum of w_i influence_i^2 / (n (n - 1)))

    share of the top        (max(y_i - q, 0) + p q - S y_i) / mean
    share of the gains      (max(y_i, 0) - theta y_i) / mean
    Gini                    (2 (d_i - D) - 2 G (|y_i| - A)) / (2 A)

with d_i the mean distance |y_i - y_j| of unit i to the others, D = mean of d_i and A = mean |y_i|.

Given ``weights`` of shape (draws, n), such as the counts of bootstrap samples, the measures and
their standard errors are arrays of shape (draws,); without weights they are scalars.
"""

from __future__ import annotations

import numpy as np

from relmark_research.errors import DataError

Array = np.ndarray


def concentration_curve(values: Array, shares: Array) -> Array:
    """Return the cumulative share of the total over units, from the largest to the smallest.

    It is the Lorenz curve turned around: L(p) = 1 - C(1 - p). Where some values are negative it
    rises above 1 and falls back.

    Parameters
    ----------
    values
        Shape (n,), with a sum above 0.
    shares
        Shares of the units, in [0, 1].

    Returns
    -------
    ndarray
        C, linear between units, with the shape of ``shares``.

    References
    ----------
    Lorenz (1905), Methods of measuring the concentration of wealth, Publications of the American
    Statistical Association 9(70), 209-219.

    Examples
    --------
    >>> concentration_curve(np.array([60.0, 70.0, -30.0, 0.0]), np.array([0, 0.25, 0.5, 1]))
    array([0. , 0.7, 1.3, 1. ])
    """
    check_total(values)
    ordered = np.sort(values)[::-1]
    cumulative = np.concatenate([[0.0], np.cumsum(ordered)]) / ordered.sum()
    result: Array = np.interp(
        np.asarray(shares) * len(values), np.arange(len(values) + 1), cumulative
    )
    return result


def top_share(values: Array, top: float, weights: Array | None = None) -> tuple[Array, Array]:
    """Return the share of the total that the largest units hold, and its standard error.

    Parameters
    ----------
    values
        Shape (n,), with a sum above 0; where some are negative the share may exceed 1.
    top
        Share of the units, p, in (0, 1).
    weights
        Shape (draws, n).

    Returns
    -------
    tuple
        S = C(p) of `concentration_curve`, and its standard error.

    References
    ----------
    Beach and Davidson (1983), Distribution-free statistical inference with Lorenz curves and income
    shares, Review of Economic Studies 50(4), 723-735.

    Examples
    --------
    >>> share, error = top_share(np.arange(1.0, 1001), 0.2)
    >>> round(float(share), 3), round(float(error), 4)
    (0.36, 0.0052)
    """
    y, w, n = _descending(values, weights)
    mean = (w @ y)[:, None] / n
    count, number = np.cumsum(w, axis=1), top * n
    inside = np.clip(number - (count - w), 0, w)
    edge = y[(count >= number - 1e-9).argmax(axis=1)][:, None]
    share = (inside @ y)[:, None] / n / mean
    influence = (np.maximum(y - edge, 0) + top * edge - share * y) / mean
    return _result(share, influence, w, weights is None)


def concentration_share(values: Array, ranking: Array, top: float) -> tuple[float, float]:
    """Return the share of the total held by the units that rank highest on another variable.

    Parameters
    ----------
    values
        Shape (n,), with a sum above 0.
    ranking
        The variable that ranks the units, shape (n,); ties are broken by order.
    top
        Share of the units, in (0, 1), rounded to whole units.

    Returns
    -------
    tuple of float
        Sum of the values of the top units over the total, S, and its standard error from the
        influence (y_i (b_i - S) - e (b_i - mean(b))) / mean(y): b_i is 1 for the top units and 0
        for others, e the mean value of the units that rank next to the edge, of which another
        sample would include more or fewer.

    References
    ----------
    Kakwani (1977), Applications of Lorenz curves in economic analysis, Econometrica 45(3), 719-727
    (concentration curves).

    Examples
    --------
    >>> later, earlier = np.array([5.0, 1.0, 2.0, 2.0]), np.array([1.0, 9.0, 3.0, 2.0])
    >>> round(concentration_share(later, earlier, 0.5)[0], 3)
    0.3
    """
    mean = check_total(values) / len(values)
    order, number = np.argsort(-ranking, kind="stable"), max(1, round(top * len(values)))
    best = np.zeros(len(values), bool)
    best[order[:number]] = True
    share = float(values[best].sum() / values.sum())
    near = max(5, round(len(values) ** 0.5))
    edge = values[order[max(0, number - near) : number + near]].mean()
    influence = (values * (best - share) - edge * (best - best.mean())) / mean
    return share, float(influence.std(ddof=1) / np.sqrt(len(influence)))


def gains_share(values: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Return the positive values over the total, and its standard error.

    It is the highest point of `concentration_curve`, and 1 where no value is negative.

    Parameters
    ----------
    values
        Shape (n,), with a sum above 0.
    weights
        Shape (draws, n).

    Examples
    --------
    >>> float(gains_share(np.array([60.0, 70.0, -30.0, 0.0]))[0])
    1.3
    """
    y, w, n = _descending(values, weights)
    mean, gains = (w @ y)[:, None] / n, np.maximum(y, 0)
    ratio = (w @ gains)[:, None] / n / mean
    return _result(ratio, (gains - ratio * y) / mean, w, weights is None)


def gini(values: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Return the Gini coefficient, and its standard error.

    Parameters
    ----------
    values
        Shape (n,), with a sum above 0.
    weights
        Shape (draws, n).

    Returns
    -------
    tuple
        G = sum over i and j of |y_i - y_j| / (2 n sum of |y_i|), which stays in [0, 1) where some
        values are negative, and its standard error.

    References
    ----------
    Gini (1912), Variabilita e mutabilita. Raffinetti, Siletti and Vernizzi (2015), On the Gini
    coefficient normalization when attributes with negative values are considered, Statistical
    Methods & Applications 24, 507-521.

    Examples
    --------
    >>> round(float(gini(np.arange(1.0, 101))[0]), 4)  # (n - 1) / (3 n)
    0.33
    """
    y, w, n = _descending(values, weights)
    above = np.cumsum(w, axis=1) / n
    rank = above - w / n / 2
    total = (w @ y)[:, None] / n
    larger = (np.cumsum(w * y, axis=1) - w * y / 2) / n
    distance = larger - rank * y - (total - larger) + (1 - rank) * y
    spread = (w * distance).sum(axis=1, keepdims=True) / n
    sizes = np.abs(y)
    size = (w @ sizes)[:, None] / n
    coefficient = spread / (2 * size)
    influence = ((distance - spread) - coefficient * (sizes - size)) / size
    return _result(coefficient, influence, w, weights is None)


def check_total(values: Array) -> float:
    """Return the sum of the values, refusing one of which shares have no meaning.

    Raises
    ------
    DataError
        If the sum is not above 0.
    """
    total = float(np.sum(values))
    if not total > 0:
        raise DataError(
            f"shares of a total need a total above 0; found {total:,.2f} over {len(values):,} "
            "units."
        )
    return total


def _descending(values: Array, weights: Array | None) -> tuple[Array, Array, Array]:
    """Return values from the largest on, weights (draws, n) in that order, and their sums."""
    values = np.asarray(values, dtype=float)
    check_total(values)
    order = np.argsort(-values, kind="stable")
    if weights is None:
        w = np.ones((1, len(values)))
    elif (np.diff(order) == 1).all():
        w = np.asarray(weights, dtype=float)
    else:
        w = np.asarray(weights, dtype=float)[:, order]
    return values[order], w, w.sum(axis=1, keepdims=True)


def _result(value: Array, influence: Array, weights: Array, single: bool) -> tuple[Array, Array]:
    n = weights.sum(axis=1)
    error = np.sqrt((weights * influence**2).sum(axis=1) / (n * (n - 1)))
    return (value[0, 0], error[0]) if single else (value[:, 0], error)

"""What follows from a matrix of transition probabilities, on arrays.

P     probabilities by origin and destination, shape (..., states, states); a stack of draws is
      worked through at once
j     a state; Q: P without the row and column of j; r: P's column j without its own row
h     chance ever to reach j: (I - Q) h = r
E T   sum of n Q^(n-1) r = (I - Q)^-1 h;  E T^2 = (I + Q)(I - Q)^-2 h, on the event of reaching j

References
----------
Kemeny and Snell 1960, Finite Markov Chains, chapter 3.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def reaching(P: Array, target: int, periods: int) -> Array:
    """Return the chance to have reached a state within 0, 1, ..., ``periods`` periods.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    target
        The state.
    periods
        How far to look, >= 0.

    Returns
    -------
    ndarray
        Shape (periods + 1, ..., states): F(0) is 1 in the state itself and 0 elsewhere, then
        F(n) = P F(n - 1) with 1 in the state itself.
    """
    stopped = ending(P, target)
    now = np.zeros(P.shape[:-1])
    now[..., target] = 1
    path = [now]
    for _ in range(periods):
        path.append((stopped @ path[-1][..., None])[..., 0])
    return np.stack(path)


def ending(P: Array, state: int) -> Array:
    """Return the chances if nobody ever left a state."""
    stopped = P.copy()
    stopped[..., state, :] = 0
    stopped[..., state, state] = 1
    return stopped


def can_reach(P: Array, target: int) -> Array:
    """Return per state whether the target can be reached from it at all (any draw)."""
    linked = (P > 0).reshape(-1, *P.shape[-2:]).max(axis=0)
    able = np.arange(P.shape[-1]) == target
    for _ in range(P.shape[-1]):
        able = able | linked[:, able].any(axis=1)
    return able


def ever(P: Array, target: int) -> Array:
    """Return the chance ever to reach a state, shape (..., states)."""
    return _moments(P, target)[0]


def time_to(P: Array, target: int) -> tuple[Array, Array, Array]:
    """Return the chance of reaching a state, and mean and sd of the time of those who do.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    target
        The state.

    Returns
    -------
    tuple of ndarray
        Each of shape (..., states), times in periods; 0 from the state itself, NaN from where it
        cannot be reached.

    Examples
    --------
    >>> chance, mean, sd = time_to(np.array([[0.75, 0.25], [0.0, 1.0]]), 1)
    >>> [round(float(value[0]), 3) for value in (chance, mean, sd)]
    [1.0, 4.0, 3.464]
    """
    h, first, second = _moments(P, target)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, square = first / h, second / h
    return h, mean, np.sqrt(np.maximum(square - mean**2, 0))


def _moments(P: Array, target: int) -> tuple[Array, Array, Array]:
    """h, E[T; reached], E[T^2; reached], solved where the target can be reached."""
    able = can_reach(P, target)
    inner = np.flatnonzero(able & (np.arange(len(able)) != target))
    h, first, second = (np.zeros(P.shape[:-1]) for _ in range(3))
    h[..., target] = 1
    if len(inner):
        Q = P[..., inner[:, None], inner]
        r = P[..., inner, target]
        rest = np.eye(len(inner)) - Q
        reach = np.linalg.solve(rest, r[..., None])
        once = np.linalg.solve(rest, reach)
        twice = np.linalg.solve(rest, once)
        h[..., inner] = reach[..., 0]
        first[..., inner] = once[..., 0]
        second[..., inner] = (twice + Q @ twice)[..., 0]
    return h, first, second


def quantile(path: Array, share: float) -> Array:
    """Return the first period in which a share of those who ever reach the state has done so.

    Parameters
    ----------
    path
        As `reaching` returns it, divided by the chance ever to reach the state.
    share
        In (0, 1).

    Returns
    -------
    ndarray
        Shape of ``path`` without its first axis; infinite where the path ends before.
    """
    there = path >= share - 1e-12
    return np.where(there.any(axis=0), there.argmax(axis=0), np.inf)


def values(P: Array, margin: Array, discount: float) -> Array:
    """Return the discounted margin of who stands on each state now, for ever.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    margin
        Margin of a period spent in each state, shape (states,) or (..., states).
    discount
        Worth now of one unit a period later, in (0, 1).

    Returns
    -------
    ndarray
        V = margin + discount P V, the margin of the present period included; shape (..., states).

    References
    ----------
    Pfeifer and Carraway 2000, "Modeling customer relationships as Markov chains", Journal of
    Interactive Marketing 14, equation for the infinite horizon.

    Examples
    --------
    >>> P = np.array([[.3, .7, 0, 0, 0], [.2, 0, .8, 0, 0], [.15, 0, 0, .85, 0],
    ...               [.05, 0, 0, 0, .95], [0, 0, 0, 0, 1]])
    >>> values(P, np.array([36, -4, -4, -4, 0]), 1 / 1.2).round(3).tolist()
    [52.32, 5.554, 1.251, -1.82, 0.0]
    """
    rest = np.eye(P.shape[-1]) - discount * P
    right = np.broadcast_to(margin, P.shape[:-1])[..., None]
    return np.linalg.solve(rest, right)[..., 0]


def values_until(P: Array, margin: Array, discount: float, periods: int) -> Array:
    """Return the discounted margin of the present and so many more periods.

    Returns
    -------
    ndarray
        sum over t = 0 ... periods of discount^t P^t margin.
    """
    total = np.broadcast_to(margin, P.shape[:-1]).astype(float)
    for _ in range(periods):
        total = margin + discount * (P @ total[..., None])[..., 0]
    return total


def resting(P: Array, inflow: Array, gone: Array) -> Array:
    """Return the numbers that stay the same when so many enter each period.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    inflow
        People who enter each state per period, shape (states,).
    gone
        Whether who gets to the state is gone for good, shape (states,).

    Returns
    -------
    ndarray
        n = inflow + n P over the states that are not gone; NaN in those that are.
    """
    stay = np.flatnonzero(~gone)
    Q = P[..., stay[:, None], stay]
    rest = np.eye(len(stay)) - np.swapaxes(Q, -1, -2)
    right = np.broadcast_to(inflow[stay], Q.shape[:-1])[..., None]
    numbers = np.full(P.shape[:-1], np.nan)
    numbers[..., stay] = np.linalg.solve(rest, right)[..., 0]
    return numbers


def stationary(P: Array) -> Array:
    """Return the shares that stay the same without inflow, shape (..., states).

    Where there are several, those that a base spread evenly over all states comes to.
    """
    k = P.shape[-1]
    lazy = (P + np.eye(k)) / 2  # the same shares, without periodic circling
    power = np.linalg.matrix_power(lazy, 2**20)
    shares = power.mean(axis=-2)
    return shares / shares.sum(axis=-1, keepdims=True)

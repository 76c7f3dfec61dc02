"""A Markov chain on arrays: first passage, stationary distribution, discounted value.

P     transition probabilities by origin and destination, shape (..., states, states): one matrix or
      a stack of draws
j     the target state; Q: P without the row and column of j; r: column j of P without its own row
h     probability of ever reaching j: (I - Q) h = r
E T   sum of n Q^(n-1) r = (I - Q)^-1 h;  E T^2 = (I + Q)(I - Q)^-2 h, on the event of reaching j

References
----------
Kemeny and Snell 1960, Finite Markov Chains, chapter 3.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def first_passage_distribution(P: Array, target: int, periods: int) -> Array:
    """Return the probability of reaching a state within 0, 1, ..., ``periods`` periods.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    target
        Index of the state.
    periods
        Number of periods, >= 0.

    Returns
    -------
    ndarray
        Shape (periods + 1, ..., states): F(0) is 1 in the state itself and 0 elsewhere, then
        F(n) = P F(n - 1) with 1 in the state itself.
    """
    absorbed = make_absorbing(P, target)
    initial = np.zeros(P.shape[:-1])
    initial[..., target] = 1
    path = [initial]
    for _ in range(periods):
        path.append((absorbed @ path[-1][..., None])[..., 0])
    return np.stack(path)


def make_absorbing(P: Array, state: int) -> Array:
    """Return the matrix with a state made absorbing: it is never left."""
    absorbed = P.copy()
    absorbed[..., state, :] = 0
    absorbed[..., state, state] = 1
    return absorbed


def can_reach(P: Array, target: int) -> Array:
    """Return per state whether the target is accessible from it (in any draw)."""
    linked = (P > 0).reshape(-1, *P.shape[-2:]).max(axis=0)
    able = np.arange(P.shape[-1]) == target
    for _ in range(P.shape[-1]):
        able = able | linked[:, able].any(axis=1)
    return able


def first_passage_times(P: Array, target: int) -> tuple[Array, Array, Array]:
    """Return the probability of ever reaching a state, and mean and sd of the first passage time.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    target
        Index of the state.

    Returns
    -------
    tuple of ndarray
        Each of shape (..., states). Times are in periods and given that the state is reached; 0
        from the state itself, NaN from states that cannot reach it.

    Examples
    --------
    >>> probability, mean, sd = first_passage_times(np.array([[0.75, 0.25], [0.0, 1.0]]), 1)
    >>> [round(float(value[0]), 3) for value in (probability, mean, sd)]
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


def first_passage_quantile(path: Array, share: float) -> Array:
    """Return the first period by which a share of those who ever reach the state have reached it.

    Parameters
    ----------
    path
        From `first_passage_distribution`, divided by the probability of ever reaching the state.
    share
        In (0, 1).

    Returns
    -------
    ndarray
        Shape of ``path`` without its first axis; infinite if the path ends before.
    """
    reached = path >= share - 1e-12
    return np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)


def discounted_values(P: Array, margin: Array, discount: float) -> Array:
    """Return the expected discounted margin from each state over an infinite horizon.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    margin
        Money per period in each state, shape (states,) or (..., states).
    discount
        Discount factor of one period, in (0, 1).

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
    >>> discounted_values(P, np.array([36, -4, -4, -4, 0]), 1 / 1.2).round(3).tolist()
    [52.32, 5.554, 1.251, -1.82, 0.0]
    """
    rest = np.eye(P.shape[-1]) - discount * P
    right = np.broadcast_to(margin, P.shape[:-1])[..., None]
    return np.linalg.solve(rest, right)[..., 0]


def finite_horizon_values(P: Array, margin: Array, discount: float, periods: int) -> Array:
    """Return the expected discounted margin of the present and the next ``periods`` periods.

    Returns
    -------
    ndarray
        sum over t = 0 ... periods of discount^t P^t margin.
    """
    total = np.broadcast_to(margin, P.shape[:-1]).astype(float)
    for _ in range(periods):
        total = margin + discount * (P @ total[..., None])[..., 0]
    return total


def steady_state_numbers(P: Array, inflow: Array, absorbing: Array) -> Array:
    """Return the numbers in each state that a constant inflow leads to.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    inflow
        People who enter each state per period, shape (states,).
    absorbing
        Whether people who enter the state leave the base for good, shape (states,).

    Returns
    -------
    ndarray
        n = inflow + n P over the other states; NaN in the absorbing ones.
    """
    stay = np.flatnonzero(~absorbing)
    Q = P[..., stay[:, None], stay]
    rest = np.eye(len(stay)) - np.swapaxes(Q, -1, -2)
    right = np.broadcast_to(inflow[stay], Q.shape[:-1])[..., None]
    numbers = np.full(P.shape[:-1], np.nan)
    numbers[..., stay] = np.linalg.solve(rest, right)[..., 0]
    return numbers


def stationary_distribution(P: Array) -> Array:
    """Return the stationary distribution s = s P, shape (..., states).

    If there are several: the limit from a base spread evenly over all states.
    """
    k = P.shape[-1]
    lazy = (P + np.eye(k)) / 2  # the same distribution, without periodicity
    power = np.linalg.matrix_power(lazy, 2**20)
    shares = power.mean(axis=-2)
    return shares / shares.sum(axis=-1, keepdims=True)

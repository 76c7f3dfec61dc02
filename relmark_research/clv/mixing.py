"""Purchases of customers who buy at a mixed rate and leave at a mixed chance: BG/NBD and MBG/NBD.

    lambda ~ Gamma(r, rate alpha), p ~ Beta(a, b); given p, a customer who may leave after each
    purchase buys E[X(t) | p] = E[1 - exp(-lambda p t)] / p = (1 - (1 + p t / alpha)^-r) / p

What is asked is its mean over p: a positive integrand, so nothing cancels.
"""

from __future__ import annotations

import numpy as np

from relmark_research.clv.quadrature import beta_nodes, in_blocks, span_nodes

Array = np.ndarray
Values = Array | float

_WIDTH = 128  # points held per customer and moment, about
_END = 42.0  # exp(-42) is nothing beside a sum of doubles


def purchases(r: Values, alpha: Values, a: Values, b: Values, t: Values) -> Array:
    """Return E[X(t)], all arguments broadcast together."""

    def mean(r: Array, z: Array, a: Array, b: Array) -> Array:
        return _purchases(r, z[:, None], a, b)[:, 0]

    return in_blocks(mean, (r, np.asarray(t, float) / alpha, a, b), _WIDTH)


def discounted_purchases(
    r: Values, alpha: Values, a: Values, b: Values, delta: float, horizon: float
) -> Array:
    """Return the integral to the horizon of exp(-delta s) dE[X(s)], integrated by parts.

    Returns
    -------
    ndarray
        exp(-delta h) E[X(h)] + delta x integral of exp(-delta s) E[X(s)] over (0, h), where E[X(s)]
        is smooth.
    """
    if delta == 0:
        return purchases(r, alpha, a, b, np.asarray(horizon))
    end = min(horizon, _END / delta)

    def mean(r: Array, alpha: Array, a: Array, b: Array) -> Array:
        fastest = np.minimum(alpha / np.maximum(r, 1), 1 / delta)
        s, weights = span_nodes(np.full_like(alpha, end), fastest)
        moments = np.concatenate([s, np.full((len(s), 1), end)], axis=1)
        bought = _purchases(r, moments / alpha[:, None], a, b)
        weights = np.concatenate([delta * weights, np.ones((len(s), 1))], axis=1)
        return np.sum(weights * np.exp(-delta * moments) * bought, axis=1)

    return in_blocks(mean, (r, alpha, a, b), 24 * _WIDTH)


def simulate(
    r: Values, alpha: Values, a: Values, b: Values, T: Values, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Draw x, t_x, T of customers observed for T, following each until gone or the end."""
    columns = np.broadcast_arrays(r, alpha, a, b, np.atleast_1d(np.asarray(T, float)))
    shape = columns[0].shape
    r, alpha, a, b, T = (np.array(column, float).reshape(-1) for column in columns)
    rate, chance = rng.gamma(r, 1 / alpha), rng.beta(a, b)
    x, t_x, now = np.zeros(len(T)), np.zeros(len(T)), np.zeros(len(T))
    active = np.arange(len(T))
    while len(active):
        with np.errstate(divide="ignore"):
            now[active] += rng.standard_exponential(len(active)) / rate[active]
        active = active[now[active] <= T[active]]
        x[active] += 1
        t_x[active] = now[active]
        active = active[rng.random(len(active)) >= chance[active]]
    return x.reshape(shape), t_x.reshape(shape), T.reshape(shape)


def _purchases(r: Array, z: Array, a: Array, b: Array) -> Array:
    """Return E[X] at times z (in units of alpha), shape (customers, times), from shared points."""
    knee = -np.log(np.maximum(z.max(axis=1) * np.maximum(r, 1), 1e-300))
    fine = 1.4 if np.any(z.max(axis=1) > 300 * z.min(axis=1)) else 1.0
    nodes = beta_nodes(a, b, knee=np.minimum(knee, 0.0), fine=fine)
    p, r = nodes.p[:, None, :], r[:, None, None]
    bought = -np.expm1(-r * np.log1p(p * z[:, :, None]))
    early = p < 1e-290
    mean = np.einsum("ckp,cp->ck", bought, nodes.weights / np.where(early, 1, p)[:, 0])
    if early.any():
        mean += r[:, :, 0] * z * np.sum(nodes.weights * early[:, 0], axis=1)[:, None]
    return mean

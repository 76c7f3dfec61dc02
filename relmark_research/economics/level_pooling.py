"""Effects of levels, drawn towards a steady rise from the lightest level to the deepest.

Each level's effect is estimated from its own account years, so the level that looks best owes part
of its lead to luck, and a probability of being best that trusts the estimates promises too much.
Levels are ordered, so their effects lend each other strength:

    b_l = l gamma + u_l,  u_l ~ Normal(0, tau^2),  l = 1, 2, ... levels beyond the first

gamma is free; tau, how far levels stray from a steady rise, is learned from the estimates
(restricted likelihood, averaged over tau with an even prior).
"""

from __future__ import annotations

import numpy as np

from relmark_research.economics.effect_sizes import Estimates

Array = np.ndarray

_FEWEST = 3  # levels beyond the first, below which a line takes up all that there is
_TAUS = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 60)])


def pooled(estimates: Estimates, segments: int) -> Estimates:
    """Return the estimates with the effects of levels pooled.

    Parameters
    ----------
    estimates
        Coefficients of the segments, then of the levels beyond the first, lightest first.
    segments
        How many of the coefficients are segments'.

    Returns
    -------
    Estimates
        Posterior mean and covariance of all coefficients (a normal with the moments of the average
        over tau); the estimates as they are where levels are fewer than four or effects unknown.

    References
    ----------
    Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
    Analysis 1(3), 515-534.

    Examples
    --------
    >>> raw = Estimates(np.array([0.4, 0.0, 0.5, 0.3, 0.9]), np.diag([0.01] + [0.04] * 4))
    >>> pooled(raw, segments=1).values.round(2)
    array([0.4 , 0.1 , 0.43, 0.43, 0.81])
    """
    effects = estimates.values[segments:]
    if len(effects) < _FEWEST or not np.isfinite(estimates.values).all():
        return estimates
    weights = _weights(effects, estimates.covariance[segments:, segments:])
    parts = [_posterior(estimates, segments, tau) for tau in _TAUS]
    means = np.array([mean for mean, _ in parts])
    mean = weights @ means
    within = np.einsum("t,tij->ij", weights, np.array([spread for _, spread in parts]))
    off = means - mean
    return Estimates(mean, within + np.einsum("t,ti,tj->ij", weights, off, off))


def _weights(effects: Array, covariance: Array) -> Array:
    """Return the posterior weight of each tau, an even prior on tau times the likelihood."""
    logs = np.array([_restricted(effects, covariance, tau) for tau in _TAUS])
    weights = np.exp(logs - logs.max()) * np.gradient(_TAUS)
    return weights / weights.sum()


def _restricted(effects: Array, covariance: Array, tau: float) -> float:
    """Return the restricted log-likelihood of tau, gamma integrated out."""
    step = np.arange(1.0, len(effects) + 1)
    total = covariance + tau**2 * np.eye(len(effects))
    solved = np.linalg.solve(total, np.column_stack([step, effects]))
    information = step @ solved[:, 0]
    off = effects - step * (step @ solved[:, 1]) / information
    fit = off @ np.linalg.solve(total, off)
    return float(-0.5 * (np.linalg.slogdet(total)[1] + np.log(information) + fit))


def _posterior(estimates: Estimates, segments: int, tau: float) -> tuple[Array, Array]:
    """Return mean and covariance of all coefficients, given tau; gamma is the last unknown."""
    n = len(estimates.values)
    precision = np.zeros((n + 1, n + 1))
    precision[:n, :n] = np.linalg.inv(estimates.covariance)
    strays = np.zeros((n - segments, n + 1))
    strays[:, segments:n] = np.eye(n - segments)
    strays[:, n] = -np.arange(1.0, n - segments + 1)
    known = precision[:, :n] @ estimates.values
    spread = np.linalg.inv(precision + strays.T @ strays / max(tau, 1e-3) ** 2)
    return (spread @ known)[:n], spread[:n, :n]

"""Partial pooling of the effects of levels towards a steady rise from the lightest to the deepest.

Each level's effect is estimated from its own account years, so the largest estimate is partly
chance, and a probability of being best from raw estimates is too high. Levels are ordered, so their
effects are pooled:

    b_l = l gamma + u_l,  u_l ~ Normal(0, tau^2),  l = 1, 2, ... levels beyond the first

gamma has a flat prior; tau, the deviation from a steady rise, is estimated by restricted likelihood
and averaged over a flat prior.

References
----------
Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
Analysis 1(3), 515-534.
"""

from __future__ import annotations

import numpy as np

from relmark_research.economics.levels_of_relationship.level_effects import Coefficients

Array = np.ndarray

_MIN_LEVELS = 3  # beyond the first; fewer leave nothing to estimate tau from
_TAUS = (0.0, *np.geomspace(0.01, 1.0, 60))


def pooled(coefficients: Coefficients, segments: int) -> Coefficients:
    """Return the coefficients with the effects of levels pooled.

    Parameters
    ----------
    coefficients
        Of the segments, then of the levels beyond the first, lightest first.
    segments
        Number of segments.

    Returns
    -------
    Coefficients
        Posterior mean and covariance of all coefficients (averaged over tau); unchanged with fewer
        than four levels or unknown effects.

    Examples
    --------
    >>> raw = Coefficients(np.array([0.4, 0.0, 0.5, 0.3, 0.9]), np.diag([0.01] + [0.04] * 4))
    >>> pooled(raw, segments=1).values.round(2)
    array([0.4 , 0.1 , 0.43, 0.43, 0.81])
    """
    effects = coefficients.values[segments:]
    if len(effects) < _MIN_LEVELS or not np.isfinite(coefficients.values).all():
        return coefficients
    weights = _tau_weights(effects, coefficients.covariance[segments:, segments:])
    parts = [_posterior(coefficients, segments, tau) for tau in _TAUS]
    means = np.array([mean for mean, _ in parts])
    mean = weights @ means
    within = np.einsum("t,tij->ij", weights, np.array([spread for _, spread in parts]))
    off = means - mean
    return Coefficients(mean, within + np.einsum("t,ti,tj->ij", weights, off, off))


def _tau_weights(effects: Array, covariance: Array) -> Array:
    """Return the posterior weight of each tau: a flat prior on tau times the likelihood."""
    logs = np.array([_restricted_likelihood(effects, covariance, tau) for tau in _TAUS])
    weights = np.exp(logs - logs.max()) * np.gradient(np.array(_TAUS))
    return weights / weights.sum()


def _restricted_likelihood(effects: Array, covariance: Array, tau: float) -> float:
    """Return the restricted log-likelihood of tau, gamma integrated out."""
    step = np.arange(1.0, len(effects) + 1)
    total = covariance + tau**2 * np.eye(len(effects))
    solved = np.linalg.solve(total, np.column_stack([step, effects]))
    information = step @ solved[:, 0]
    residual = effects - step * (step @ solved[:, 1]) / information
    fit = residual @ np.linalg.solve(total, residual)
    return float(-0.5 * (np.linalg.slogdet(total)[1] + np.log(information) + fit))


def _posterior(coefficients: Coefficients, segments: int, tau: float) -> tuple[Array, Array]:
    """Return mean and covariance of all coefficients given tau; gamma is the last unknown."""
    n = len(coefficients.values)
    precision = np.zeros((n + 1, n + 1))
    precision[:n, :n] = np.linalg.inv(coefficients.covariance)
    deviations = np.zeros((n - segments, n + 1))
    deviations[:, segments:n] = np.eye(n - segments)
    deviations[:, n] = -np.arange(1.0, n - segments + 1)
    known = precision[:, :n] @ coefficients.values
    spread = np.linalg.inv(precision + deviations.T @ deviations / max(tau, 1e-3) ** 2)
    return (spread @ known)[:n], spread[:n, :n]

"""Shrinkage: by the scale that the data show, averaged over a grid."""

import numpy as np
import pytest
from scipy import stats

from relmark_research.clv.calendar._shrunk_effects import scale_grid, shrunk_effects

GROUPS = ("season",) * 5 + ("trend",)
SCALES = {"season": (0.0, 0.1, 0.3), "trend": (0.0, 0.1)}


def made(effects, *, noise=0.05, seed=1):
    """Return information, observed and variance of effects seen with a standard error."""
    rng = np.random.default_rng(seed)
    information = np.diag(np.full(6, noise**-2))
    observed = information @ (effects + noise * rng.normal(size=6))
    return information, observed, information


def test_one_scale_is_ridge_regression():
    A, b, V = made(np.array([0.3, -0.2, 0.1, 0, -0.2, 0.1]))
    found = shrunk_effects(A, b, V, GROUPS, [(0.1, 0.2)])
    prior = np.array([0.1] * 5 + [0.2]) ** 2
    assert found.mean == pytest.approx(np.linalg.solve(A + np.diag(1 / prior), b))
    assert found.covariance == pytest.approx(np.linalg.inv(A + np.diag(1 / prior)))


def test_the_weights_are_the_marginal_likelihoods():
    A, b, V = made(np.array([0.3, -0.2, 0.1, 0, -0.2, 0.1]))
    grid = scale_grid(GROUPS, SCALES)
    found = shrunk_effects(A, b, V, GROUPS, grid)
    logs = []
    for season, trend in found.grid:
        prior = np.diag([season**2] * 5 + [trend**2])
        logs.append(stats.multivariate_normal(cov=A @ prior @ A + V).logpdf(b))
    weights = np.exp(np.array(logs) - max(logs))
    assert found.weights == pytest.approx(weights / weights.sum(), rel=1e-6)


def test_noise_is_shrunk_and_effects_are_not():
    nothing = shrunk_effects(*made(np.zeros(6)), GROUPS, scale_grid(GROUPS, SCALES))
    assert np.abs(nothing.mean).max() < 0.03
    truth = np.array([0.5, -0.4, 0.3, -0.5, 0.1, 0.0])
    found = shrunk_effects(*made(truth), GROUPS, scale_grid(GROUPS, SCALES))
    assert found.mean[:5] == pytest.approx(truth[:5], abs=0.12)
    assert found.scales["season"] > 0.25


def test_directions_of_which_nothing_is_known_keep_their_prior():
    A, b, V = made(np.zeros(6))
    A[0], A[:, 0], b[0], V[0], V[:, 0] = 0, 0, 0, 0, 0
    found = shrunk_effects(A, b, V, GROUPS, [(0.3, 0.1)])
    assert found.mean[0] == 0
    assert found.covariance[0, 0] == pytest.approx(0.09)

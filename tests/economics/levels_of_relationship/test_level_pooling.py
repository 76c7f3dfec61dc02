"""Partial pooling of the effects of levels."""

import numpy as np
import pytest

from relmark_research.economics.levels_of_relationship._level_pooling import pooled
from relmark_research.economics.levels_of_relationship.level_effects import Coefficients


def test_pooling_is_the_posterior_of_a_mixed_model() -> None:
    """Against plain sums over a fine grid of tau and gamma."""
    effects, variance = np.array([0.1, 0.5, 0.4, 1.0]), np.array([0.04, 0.02, 0.05, 0.09])
    found = pooled(Coefficients(np.r_[2.0, effects], np.diag(np.r_[0.01, variance])), 1)
    step, tau = np.arange(1.0, 5), np.linspace(1e-3, 1, 400)[:, None, None]
    gamma = np.linspace(-1, 1.5, 1501)[None, :, None]
    total = tau**2 + variance
    weight = np.exp(-0.5 * (np.log(total) + (effects - gamma * step) ** 2 / total).sum(axis=-1))
    weight /= weight.sum()
    center = (effects * tau**2 + gamma * step * variance) / total
    mean = (weight[:, :, None] * center).sum(axis=(0, 1))
    spread = (weight[:, :, None] * (center**2 + tau**2 * variance / total)).sum(axis=(0, 1))
    np.testing.assert_allclose(found.values[1:], mean, atol=0.005)
    np.testing.assert_allclose(np.diag(found.covariance)[1:], spread - mean**2, rtol=0.03)
    assert found.values[0] == pytest.approx(2.0)


def test_certain_estimates_and_few_levels_are_not_pooled() -> None:
    certain = Coefficients(np.array([1.0, 0.9, 0.1, 0.8]), 1e-8 * np.eye(4))
    np.testing.assert_allclose(pooled(certain, 1).values, certain.values, atol=1e-3)
    few = Coefficients(np.array([1.0, 0.9, 0.1]), np.eye(3))
    assert pooled(few, 1) is few

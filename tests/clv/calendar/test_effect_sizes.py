"""Penalised effects: the maximum, the sizes of the effects, and their shrinkage."""

import numpy as np
import pytest

from relmark_research.clv.calendar._effect_sizes import SizePrior, penalised_fit
from relmark_research.stats.newton import Point

VAGUE = {"group": SizePrior(0.3, 3.0)}


def gaussian(observed, variance):
    """Return the log-likelihood of a mean m and of effects b: observed_j ~ N(m + b_j, variance)."""
    k = len(observed)
    columns = np.column_stack([np.ones(k), np.eye(k)])

    def evaluate(at):
        residual = observed - columns @ at
        return Point(
            at,
            -0.5 * float(residual @ residual) / variance,
            columns.T @ residual / variance,
            -columns.T @ columns / variance,
        )

    return evaluate


def test_the_size_is_that_of_the_marginal_likelihood():
    """With normal data the size is known: the variance of the effects less that of the noise."""
    observed = np.random.default_rng(4).normal(0, 0.5, 400)
    found = penalised_fit(gaussian(observed, 0.09), np.zeros(401), ["group"] * 400, VAGUE)
    assert found.sizes["group"] ** 2 == pytest.approx(observed.var(ddof=1) - 0.09, rel=0.02)
    assert found.converged
    shrunk = (observed - observed.mean()) * (1 - 0.09 / observed.var(ddof=1))
    assert found.estimates[1:] == pytest.approx(shrunk, abs=0.01)


def test_noise_alone_is_shrunk_to_flat():
    observed = np.random.default_rng(5).normal(0, 0.3, 60)
    found = penalised_fit(gaussian(observed, 0.2), np.zeros(61), ["group"] * 60, VAGUE)
    assert found.sizes["group"] < 0.1
    assert np.abs(found.estimates[1:]).max() < 0.1


def test_a_known_size_is_kept():
    observed = np.array([1.0, -1.0])
    prior = {"group": SizePrior(0.5)}
    found = penalised_fit(gaussian(observed, 0.25), np.zeros(3), ["group"] * 2, prior)
    assert found.sizes == {"group": pytest.approx(0.5)}
    assert found.estimates[1:] == pytest.approx([0.5, -0.5])
    assert found.covariance[1, 1] == pytest.approx(0.1875)  # by hand, the mean estimated too


def test_the_log_likelihood_is_without_the_penalty():
    observed = np.array([1.0, -1.0])
    evaluate = gaussian(observed, 0.25)
    found = penalised_fit(evaluate, np.zeros(3), ["group"] * 2, {"group": SizePrior(0.5)})
    assert found.log_likelihood == pytest.approx(evaluate(found.estimates).value)


def test_without_effects_it_is_the_plain_maximum():
    def parabola(at):
        return Point(at, -float((at - 2) @ (at - 2)), -2 * (at - 2), -2 * np.eye(1))

    found = penalised_fit(parabola, np.zeros(1), [], {})
    assert found.estimates == pytest.approx([2.0])
    assert found.converged

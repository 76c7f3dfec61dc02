"""The summed likelihood: sample, penalty and derivatives."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.estimation.likelihood import Likelihood


def test_a_sample_is_representative(bought):
    sample = bought.likelihood.sample(500)
    assert sample.n_customers == 500
    whole = bought.likelihood.evaluate(np.log(bought.model.values)).value / 2357
    part = sample.evaluate(np.log(bought.model.values)).value / 500
    assert part == pytest.approx(whole, rel=0.01)


def test_derivatives_of_the_penalised_likelihood(cdnow):
    history = cdnow.frequency, cdnow.recency, cdnow.T
    surface = Likelihood(rm.BGNBD, history, cdnow.weights, penalty=3.0)
    at, steps = np.log([0.3, 5, 0.7, 2.0]), np.eye(4) * 1e-5
    point = surface.evaluate(at)
    slope = [
        (surface.evaluate(at + s).value - surface.evaluate(at - s).value) / 2e-5 for s in steps
    ]
    bend = [
        (surface.evaluate(at + s).gradient - surface.evaluate(at - s).gradient) / 2e-5
        for s in steps
    ]
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(point.hessian, bend, rtol=1e-6, atol=1e-4)

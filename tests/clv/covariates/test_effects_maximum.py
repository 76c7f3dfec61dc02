"""Where a search for effects ends: what is identified, what diverges, what leaves no trace."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.covariates import _effects_maximum as ends
from relmark_research.clv.covariates._effects_maximum import (
    Maximum,
    ScaledLikelihood,
    diagnosis_of,
    diverging_effects,
)
from relmark_research.clv.estimation.convergence import Diagnosis
from relmark_research.stats.newton import Point, maximise

GOOD = Diagnosis("converged", "the likelihood is at its maximum (gradient 1e-09)", 1e-9, 10.0)


def quadratic(centre, information):
    """Return a log-likelihood with its maximum at a point."""

    def evaluate(at):
        gap = np.asarray(at) - centre
        slope = -information @ gap
        return Point(np.asarray(at, float), float(slope @ gap) / 2, slope, -information)

    return evaluate


def likelihood(evaluate, centre=0.5, scale=2.0, model=rm.ParetoNBD):
    """Return a likelihood with one effect, of a column with this mean and deviation, on alpha."""
    back = np.diag([1.0, 1, 1, 1, 1 / scale])
    back[1, 4] = centre / scale
    return ScaledLikelihood(model, ("rate: size",), evaluate, evaluate, np.zeros(5), 100.0, back)


def maximum(of):
    return of.maximum(maximise(of.evaluate, of.reference), of.evaluate(of.reference))


def test_the_maximum_is_mapped_back():
    information = np.diag([50.0, 40, 30, 20, 80])
    found = maximum(likelihood(quadratic(np.array([0.1, 0.2, 0.3, 0.4, 1.0]), information)))
    np.testing.assert_allclose(found.logs, [0.1, 0.2 + 0.25, 0.3, 0.4, 0.5])
    assert found.covariance[4, 4] == pytest.approx(1 / 80 / 4)
    assert found.covariance[1, 1] == pytest.approx(1 / 40 + 1 / 80 / 16)
    assert found.diagnosis.status == "converged"
    assert found.weak == {}
    assert found.curvature_share == pytest.approx([1.0])


def test_parameters_that_diverge_together_leave_the_rest_its_covariance():
    """A likelihood of s / beta alone: both diverge, and only their ratio has a variance."""
    information = np.diag([50.0, 40, 0, 0, 80]) + 30 * np.outer([0, 0, 1, -1, 0], [0, 0, 1, -1, 0])
    found = maximum(likelihood(quadratic(np.array([0.1, 0.2, 5.0, 5.3, 1.0]), information)))
    assert found.diagnosis.status == "at infinity"
    assert found.diagnosis.identified_ratios == ("s / beta",)
    assert set(found.diagnosis.unidentified) == {"s", "beta"}
    ratio = np.array([0, 0, 1, -1, 0.0])
    assert ratio @ found.covariance @ ratio == pytest.approx(1 / 30)
    assert found.covariance[4, 4] == pytest.approx(1 / 80 / 4)
    assert np.abs(found.covariance).max() < 1


def test_an_effect_that_diverges_keeps_its_variance_and_is_named():
    def evaluate(at):
        """Fall towards a multiplier of 0: log-likelihood -exp(g)."""
        base = quadratic(np.zeros(4), np.diag([50.0, 40, 30, 20]))(at[:4])
        rate = 5 * np.exp(at[4])
        hessian = np.zeros((5, 5))
        hessian[:4, :4], hessian[4, 4] = base.hessian, -rate
        return Point(np.asarray(at, float), base.value - rate, np.append(base.gradient, -rate),
                     hessian)  # fmt: skip

    found = maximum(likelihood(evaluate, centre=0.0, scale=1.0))
    assert found.diagnosis.status == "at infinity"
    assert "the multiplier of rate: size diverges to 0" in found.diagnosis.message
    assert found.covariance[4, 4] > 100
    reasons = diverging_effects(found, ("rate: size",), lambda effect: "no customer bought with it")
    assert reasons == {"rate: size": "it diverges to minus infinity; no customer bought with it"}


def test_a_share_of_no_curvature_is_missing():
    found = ends._ratio(np.array([2.0, 0.0, -4.0]), np.array([1.0, 1.0, 1.0]))
    np.testing.assert_array_equal(found, [0.5, np.nan, -0.25])
    assert ends._ratio(np.array([]), np.array([])).tolist() == []
    np.testing.assert_array_equal(ends._ratio(np.array([1.0, 1e-11]), np.ones(2)), [1.0, 1 / 1e-11])


def found_at(logs, shares, diagnosis=GOOD):
    return Maximum(np.array(logs), np.eye(len(logs)), -1.0, diagnosis, np.array(shares), {})


def test_an_effect_without_curvature_diverges():
    labels, rows = ("rate: size", "rate: odd", "dropout: shop"), ("of 6", "of 5", "of 9")
    evidence = rows.__getitem__
    logs = [0.0] * 4 + [0.5, -9.0, 30.0]
    reasons = diverging_effects(found_at(logs, [0.9, 1e-5, np.nan]), labels, evidence)
    assert reasons == {
        "rate: odd": "it diverges to minus infinity; of 5",
        "dropout: shop": "the likelihood is flat; of 9",
    }
    up = diverging_effects(found_at(logs, [0.9, 0.9, 1e-4]), labels, evidence)
    assert up == {"dropout: shop": "it diverges to infinity; of 9"}
    assert diverging_effects(found_at(logs, [2e-4] * 3), labels, evidence) == {}


def test_diagnoses():
    good = found_at([0.0], [])
    assert diagnosis_of(good, {}) == GOOD
    infinite = {"rate: x": "it diverges to infinity; of 3", "rate: y": "the likelihood is flat"}
    found = diagnosis_of(good, infinite)
    assert (found.status, "rate: x" in found.message) == ("at infinity", True)
    assert "rate: y" not in found.message
    assert diagnosis_of(good, {"rate: y": "the likelihood is flat"}).status == "converged"
    failed = Diagnosis("not converged", "the search stopped", 1.0, 10.0)
    assert diagnosis_of(found_at([0.0], [], failed), infinite) == failed

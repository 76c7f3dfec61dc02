"""CDNOW split into calibration and holdout, and the models compared on it."""

from dataclasses import replace

import pytest

import relmark_research as rm


@pytest.fixture(scope="session")
def split():
    return rm.load_cdnow().split(at="1997-09-30")


@pytest.fixture(scope="session")
def compared(split):
    return rm.compare_models(split, spend=rm.GammaGamma)


def fail_search(model, monkeypatch):
    """Let no search of a model converge."""
    fit = model.fit

    def not_converged(customers, **options):
        found = fit(customers, **options)
        diagnosis = replace(found.diagnosis, status="not converged", message="a slope is left")
        return replace(found, diagnosis=diagnosis)

    monkeypatch.setattr(model, "fit", not_converged)


@pytest.fixture
def failed_pareto(monkeypatch):
    fail_search(rm.ParetoNBD, monkeypatch)

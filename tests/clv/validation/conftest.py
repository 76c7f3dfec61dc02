"""CDNOW split into calibration and holdout, and the models compared on it."""

from dataclasses import replace

import pytest

import relmark_research as rm


@pytest.fixture(scope="session")
def split():
    return rm.load_cdnow().split(at="1997-09-30")


@pytest.fixture(scope="session")
def with_kind(split):
    """The split with a column for formulas in the calibration."""
    table = split.calibration.table.assign(kind=["a", "b", "c"] * 785 + ["a", "b"])
    customers = rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")
    return replace(split, calibration=customers)


@pytest.fixture(scope="session")
def with_covariates(with_kind):
    return rm.clv.fit_covariates(rm.BGNBD, with_kind.calibration, rate="kind")


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

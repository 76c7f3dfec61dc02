"""Diagnosis of fits to customers who never drop out."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.estimation import convergence
from relmark_research.clv.estimation.convergence import _is_unidentified
from relmark_research.clv.estimation.likelihood import Likelihood
from relmark_research.errors import ParameterError
from relmark_research.stats.newton import SearchResult
from tests.clv.models import customers, staying

WITH_DROPOUT = (rm.BGNBD, rm.MBGNBD, rm.ParetoNBD)


@pytest.fixture(scope="module")
def stayers():
    return staying()


@pytest.mark.parametrize("model", WITH_DROPOUT)
def test_without_dropout_a_fit_is_the_nbd_and_says_so(model, stayers):
    fit, nbd = model.fit(stayers), rm.clv.NBD.fit(stayers)
    diagnosis = fit.diagnosis
    assert diagnosis.status == "at infinity"
    assert diagnosis.at_boundary == ({rm.ParetoNBD: "s / beta"}.get(model, "a / (a + b)"),)
    assert diagnosis.message.startswith("the likelihood is as high with no dropout: ")
    assert not diagnosis.failed
    assert fit.log_likelihood == pytest.approx(nbd.log_likelihood, abs=1e-5)
    np.testing.assert_allclose(fit.model.values[:2], nbd.model.values, rtol=1e-4)
    with pytest.warns(UserWarning, match=f"^{model.__name__}: .*no dropout"):
        ahead = rm.forecast(fit, stayers, horizon="26 weeks")
    known = rm.forecast(nbd, stayers, horizon="26 weeks")
    np.testing.assert_allclose(ahead, known, rtol=1e-4)


@pytest.mark.parametrize("model", WITH_DROPOUT)
def test_it_gives_neither_intervals_nor_draws_and_names_the_nbd(model, stayers):
    fit = model.fit(stayers)
    with pytest.raises(ParameterError, match="Fit NBD, which has no dropout"):
        rm.forecast(fit, stayers, horizon="26 weeks", level=0.95)
    with pytest.raises(ParameterError, match="Fit NBD, which has no dropout"):
        fit.draws(5, seed=1)
    assert model.fit(customers(rm.clv.MODELS[model.__name__](0.5, 10, 0.6, 2))).no_interval == ""


def test_it_is_saved_to_json(stayers):
    fit = rm.BGNBD.fit(stayers)
    again = rm.Fit.from_json(fit.to_json())
    assert again.diagnosis == fit.diagnosis
    assert again.no_interval == fit.no_interval


@pytest.mark.parametrize("model", WITH_DROPOUT)
def test_observed_or_unidentified_dropout_is_not_at_the_boundary(model):
    observed = model.fit(customers(rm.BGNBD(0.5, 10, 0.6, 2)))
    silent = customers(rm.BGNBD(0.5, 10, 0.6, 2)).head(51).assign(frequency=0.0, recency=0.0)
    silent.loc[0, ["frequency", "recency"]] = 1.0, 10.0
    unknown = model.fit(rm.CustomerSummary(silent, unit="week"))
    assert observed.diagnosis.at_boundary == unknown.diagnosis.at_boundary == ()
    assert "no dropout" not in unknown.diagnosis.message


def test_the_unit_of_time_does_not_matter(stayers):
    table = stayers.table.assign(recency=stayers.table["recency"] * 7, T=stayers.table["T"] * 7)
    days = rm.ParetoNBD.fit(rm.CustomerSummary(table, unit="day"))
    assert days.diagnosis.at_boundary == ("s / beta",)


def test_a_direction_is_unidentified_by_its_deviation_or_by_rounding():
    def unidentified(*eigenvalues):
        return _is_unidentified(np.array(eigenvalues)).tolist()

    assert unidentified(0.5, 10.0) == [True, False]  # a standard deviation above 1
    assert unidentified(1.0, 10.0) == [False, False]
    assert unidentified(50.0, 1e10) == [True, False]  # lost in the rounding of the largest


def test_a_ratio_that_the_data_identify_is_not_searched_again_at_zero(monkeypatch):
    model = rm.BGNBD(0.5, 10, 0.6, 2)
    data = tuple(customers(model, n=200)[name].to_numpy() for name in ("frequency", "recency", "T"))
    likelihood = Likelihood(rm.BGNBD, data, np.ones(200))
    found = SearchResult(likelihood.evaluate(np.log(model.values)), 1, "converged")
    (mixture,) = [each for each in rm.BGNBD.mixtures if each.zero_limit]
    searched = []
    monkeypatch.setattr(convergence, "maximise", lambda *_, **__: searched.append(1))
    assert convergence._is_zero(likelihood, found, mixture, ()) is False
    assert convergence._is_zero(likelihood, found, mixture, ("r", "alpha")) is False
    assert searched == []

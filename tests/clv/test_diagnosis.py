"""How a fit ended, where the best share of leavers may be none."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from tests.clv.models import customers, staying

LEAVING = (rm.BGNBD, rm.MBGNBD, rm.ParetoNBD)


@pytest.fixture(scope="module")
def stayers():
    return staying()


@pytest.mark.parametrize("model", LEAVING)
def test_where_nobody_leaves_a_fit_is_the_nbd_and_says_so(model, stayers):
    fit, nobody = model.fit(stayers), rm.clv.NBD.fit(stayers)
    said = fit.diagnosis
    assert said.grade == "at infinity"
    assert said.vanishing == ({rm.ParetoNBD: "s / beta"}.get(model, "a / (a + b)"),)
    assert said.words.startswith("it is as likely that nobody leaves: ")
    assert not said.lost
    assert fit.log_likelihood == pytest.approx(nobody.log_likelihood, abs=1e-5)
    np.testing.assert_allclose(fit.model.values[:2], nobody.model.values, rtol=1e-4)
    ahead = rm.forecast(fit, stayers, horizon="26 weeks")
    known = rm.forecast(nobody, stayers, horizon="26 weeks")
    np.testing.assert_allclose(ahead, known, rtol=1e-4)


@pytest.mark.parametrize("model", LEAVING)
def test_it_gives_neither_intervals_nor_draws_and_names_what_does(model, stayers):
    fit = model.fit(stayers)
    with pytest.raises(ParameterError, match="Fit NBD, in which nobody leaves"):
        rm.forecast(fit, stayers, horizon="26 weeks", level=0.95)
    with pytest.raises(ParameterError, match="Fit NBD, in which nobody leaves"):
        fit.draws(5, seed=1)
    assert model.fit(customers(rm.clv.MODELS[model.__name__](0.5, 10, 0.6, 2))).no_interval == ""


def test_it_is_kept_in_a_file(stayers):
    fit = rm.BGNBD.fit(stayers)
    again = rm.Fit.from_json(fit.to_json())
    assert again.diagnosis == fit.diagnosis
    assert again.no_interval == fit.no_interval


@pytest.mark.parametrize("model", LEAVING)
def test_leaving_that_is_seen_or_untold_does_not_vanish(model):
    seen = model.fit(customers(rm.BGNBD(0.5, 10, 0.6, 2)))
    silent = customers(rm.BGNBD(0.5, 10, 0.6, 2)).head(51).assign(frequency=0.0, recency=0.0)
    silent.loc[0, ["frequency", "recency"]] = 1.0, 10.0
    untold = model.fit(rm.CustomerSummary(silent, unit="week"))
    assert seen.diagnosis.vanishing == untold.diagnosis.vanishing == ()
    assert "nobody leaves" not in untold.diagnosis.words


def test_shifting_the_unit_of_time_changes_nothing(stayers):
    table = stayers.table.assign(recency=stayers.table["recency"] * 7, T=stayers.table["T"] * 7)
    days = rm.ParetoNBD.fit(rm.CustomerSummary(table, unit="day"))
    assert days.diagnosis.vanishing == ("s / beta",)

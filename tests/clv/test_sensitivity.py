"""Where an interval can be had from a fit, by how the fit ended."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.estimation import uncertainty
from relmark_research.errors import ParameterError

ASKED = {"horizon": "52 weeks", "level": 0.95}
TERMS = {**ASKED, "margin": 0.3, "annual_discount_rate": 0.1}


def summed(x, t_x, T, m):
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": m})
    return rm.CustomerSummary(table.astype(float), unit="week")


@pytest.fixture(scope="module")
def silent():
    """Fifty who never came again and one who did: nothing is told of leaving."""
    return summed([0] * 50 + [1], [0] * 50 + [10], [40] * 51, [0] * 50 + [30])


@pytest.mark.parametrize("model", [rm.BGNBD, rm.ParetoNBD])
@pytest.mark.parametrize("kind", ["estimate", "prediction"])
def test_a_degenerate_fit_gives_no_interval_but_says_why(model, kind, silent, paid):
    fit = model.fit(silent)
    assert fit.diagnosis.grade == "at infinity"
    for call in (
        lambda: rm.forecast(fit, silent, kind=kind, **ASKED),
        lambda: rm.clv.total_purchases(fit, silent, **ASKED),
        lambda: rm.lifetime_value(fit, paid, silent, kind=kind, **TERMS),
        lambda: rm.total_value(fit, paid, silent, kind=kind, **TERMS),
    ):
        with pytest.raises(ParameterError, match=r"not determined \(at infinity: .*not even"):
            call()
    assert len(rm.forecast(fit, silent, horizon="52 weeks")) == 51


@pytest.mark.parametrize("kind", ["estimate", "prediction"])
def test_doubt_about_spend_refuses_a_value_too(kind, cdnow, bought, paid):
    lost = replace(paid.diagnosis, grade="not converged", words="the search ended on a slope")
    spend = replace(paid, diagnosis=lost)
    for value in (rm.lifetime_value, rm.total_value):
        with pytest.raises(ParameterError, match="GammaGamma's parameters are not determined"):
            value(bought, spend, cdnow, kind=kind, **TERMS)


@pytest.mark.parametrize("grade", ["not converged", "did not move"])
def test_no_interval_where_no_maximum_was_found(grade, bought):
    said = replace(bought.diagnosis, grade=grade, words="a slope is left")
    with pytest.raises(ParameterError, match=f"{grade}: a slope is left"):
        uncertainty.doubt(replace(bought, diagnosis=said))


@pytest.mark.parametrize(
    ("grade", "told", "said"),
    [
        ("at infinity", ("a / (a + b)",), r"rest on a / \(a \+ b\) alone \(at infinity: "),
        ("flat", (), r"rough, since a and b may be far off \(flat: "),
    ],
)
def test_an_interval_that_rests_on_part_of_the_parameters_comes_with_a_warning(
    grade, told, said, bought
):
    diagnosis = replace(bought.diagnosis, grade=grade, loose=("a", "b"), told=told)
    fit = replace(bought, diagnosis=diagnosis)
    with pytest.warns(UserWarning, match=said):
        found = uncertainty.doubt(fit)
    np.testing.assert_array_equal(found, bought.log_covariance)


def test_nothing_is_said_of_what_is_determined(bought):
    flat = replace(bought.diagnosis, grade="flat", loose=("a", "b"), told=("a / (a + b)",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for diagnosis in (bought.diagnosis, flat):
            uncertainty.doubt(replace(bought, diagnosis=diagnosis))


def test_one_ratio_told_does_not_vouch_for_other_parameters(bought):
    half = replace(
        bought.diagnosis, grade="at infinity", loose=("r", "alpha", "a", "b"), told=("r / alpha",)
    )
    with pytest.raises(ParameterError, match="not determined"):
        uncertainty.doubt(replace(bought, diagnosis=half))


def test_numbers_without_intervals_carry_the_word_of_a_fit_without_them(bought, paid, cdnow):
    said = replace(bought.diagnosis, grade="not converged", words="a slope is left")
    lost, terms = replace(bought, diagnosis=said), TERMS | {"level": None}
    told = r"BGNBD's numbers are not to be relied on \(not converged: a slope is left\)"
    for call in (
        lambda: rm.forecast(lost, cdnow, horizon="9 weeks"),
        lambda: rm.clv.total_purchases(lost, cdnow, horizon="9 weeks", level=None),
        lambda: rm.lifetime_value(lost, paid, cdnow, **terms),
        lambda: rm.total_value(lost, paid, cdnow, **terms),
    ):
        with pytest.warns(UserWarning, match=told):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rm.lifetime_value(bought, paid, cdnow, **terms)
        rm.forecast(bought.model, cdnow, horizon="9 weeks")


def test_a_level_is_for_fits_that_can_all_give_intervals(bought, paid):
    assert uncertainty.level_for(0.9, bought, paid) == 0.9
    lost = replace(paid, diagnosis=replace(paid.diagnosis, grade="did not move", words="no step"))
    assert uncertainty.level_for(0.9, bought, lost) is None
    assert "no interval: GammaGamma's parameters are not determined (did not" in lost.no_interval

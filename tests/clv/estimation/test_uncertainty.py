"""Intervals and warnings by the diagnosis of a fit."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.estimation.uncertainty import warn_if_unreliable
from relmark_research.errors import ParameterError

ASKED = {"horizon": "52 weeks", "level": 0.95}
TERMS = {**ASKED, "margin": 0.3, "annual_discount_rate": 0.1}


def summary(x, t_x, T, m):
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": m})
    return rm.CustomerSummary(table.astype(float), unit="week")


@pytest.fixture(scope="module")
def silent():
    """Fifty customers without repeats and one with: the data do not identify dropout."""
    return summary([0] * 50 + [1], [0] * 50 + [10], [40] * 51, [0] * 50 + [30])


@pytest.mark.parametrize("model", [rm.BGNBD, rm.ParetoNBD])
@pytest.mark.parametrize("kind", ["estimate", "prediction"])
def test_a_degenerate_fit_has_no_interval_and_says_why(model, kind, silent, paid):
    fit = model.fit(silent)
    assert fit.diagnosis.status == "at infinity"
    for call in (
        lambda: rm.forecast(fit, silent, kind=kind, **ASKED),
        lambda: rm.clv.total_purchases(fit, silent, **ASKED),
        lambda: rm.lifetime_value(fit, paid, silent, kind=kind, **TERMS),
        lambda: rm.total_value(fit, paid, silent, kind=kind, **TERMS),
    ):
        with pytest.raises(
            ParameterError, match=r"do not identify the parameters of .* \(at infinity: .*not even"
        ):
            call()
    with pytest.warns(UserWarning, match=f"^{model.__name__}: .*at infinity"):
        assert len(rm.forecast(fit, silent, horizon="52 weeks")) == 51


@pytest.mark.parametrize("kind", ["estimate", "prediction"])
def test_a_failed_fit_of_spend_has_no_interval_of_value(kind, cdnow, bought, paid):
    failed = replace(paid.diagnosis, status="not converged", message="the search stopped")
    spend = replace(paid, diagnosis=failed)
    for value in (rm.lifetime_value, rm.total_value):
        with pytest.raises(ParameterError, match="do not identify the parameters of GammaGamma"):
            value(bought, spend, cdnow, kind=kind, **TERMS)


@pytest.mark.parametrize("status", ["not converged", "did not move"])
def test_there_is_no_interval_without_a_maximum(status, bought):
    failed = replace(bought.diagnosis, status=status, message="no maximum")
    with pytest.raises(ParameterError, match=f"{status}: no maximum"):
        replace(bought, diagnosis=failed).checked_covariance()


@pytest.mark.parametrize(
    ("status", "ratios", "message"),
    [
        ("at infinity", ("a / (a + b)",), r"depend on a / \(a \+ b\) alone \(at infinity: "),
        ("flat", (), r"intervals are approximate \(flat: "),
    ],
)
def test_an_interval_that_depends_on_part_of_the_parameters_comes_with_a_warning(
    status, ratios, message, bought
):
    diagnosis = replace(
        bought.diagnosis, status=status, unidentified=("a", "b"), identified_ratios=ratios
    )
    fit = replace(bought, diagnosis=diagnosis)
    with pytest.warns(UserWarning, match=message):
        found = fit.checked_covariance()
    np.testing.assert_array_equal(found, bought.log_covariance)


def test_there_is_no_warning_for_identified_quantities(bought):
    flat = replace(
        bought.diagnosis,
        status="flat",
        unidentified=("a", "b"),
        identified_ratios=("a / (a + b)",),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for diagnosis in (bought.diagnosis, flat):
            replace(bought, diagnosis=diagnosis).checked_covariance()


def test_an_identified_ratio_does_not_identify_other_parameters(bought):
    half = replace(
        bought.diagnosis,
        status="at infinity",
        unidentified=("r", "alpha", "a", "b"),
        identified_ratios=("r / alpha",),
    )
    with pytest.raises(ParameterError, match="do not identify"):
        replace(bought, diagnosis=half).checked_covariance()


def test_results_of_a_fit_without_intervals_come_with_a_warning(bought, paid, cdnow):
    diagnosis = replace(bought.diagnosis, status="not converged", message="no maximum")
    failed, terms = replace(bought, diagnosis=diagnosis), TERMS | {"level": None}
    message = r"BGNBD: results are unreliable \(not converged: no maximum\)"
    for call in (
        lambda: rm.forecast(failed, cdnow, horizon="9 weeks"),
        lambda: rm.clv.total_purchases(failed, cdnow, horizon="9 weeks", level=None),
        lambda: rm.lifetime_value(failed, paid, cdnow, **terms),
        lambda: rm.total_value(failed, paid, cdnow, **terms),
    ):
        with pytest.warns(UserWarning, match=message):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rm.lifetime_value(bought, paid, cdnow, **terms)
        rm.forecast(bought.model, cdnow, horizon="9 weeks")


def test_a_level_is_supported_if_all_fits_have_intervals(bought, paid):
    assert rm.clv.supported_level(0.9, bought, paid) == 0.9
    diagnosis = replace(paid.diagnosis, status="did not move", message="no step")
    failed = replace(paid, diagnosis=diagnosis)
    assert rm.clv.supported_level(0.9, bought, failed) is None
    assert "do not identify the parameters of GammaGamma (did not" in failed.no_interval


@pytest.mark.parametrize(
    ("status", "said"),
    [("at infinity", "results assume no dropout"), ("not converged", "results are unreliable")],
)
def test_a_warning_says_what_results_of_a_fit_at_the_boundary_assume(bought, status, said):
    diagnosis = replace(bought.diagnosis, status=status, at_boundary=("a / (a + b)",))
    diagnosis = replace(diagnosis, unidentified=("a", "b"))
    with pytest.warns(UserWarning, match=f"^BGNBD: {said}"):
        warn_if_unreliable(replace(bought, diagnosis=diagnosis))

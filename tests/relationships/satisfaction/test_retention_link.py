"""The satisfaction-retention link: against statsmodels, recovery, fit, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from relmark_research.errors import ConvergenceError, DataError, ParameterError
from relmark_research.relationships.satisfaction.retention_link import (
    isotonic_rates,
    lack_of_fit_test,
    retention_by_score,
    retention_link,
)


def test_slopes_recover_the_sample(link) -> None:
    found = link.summary()  # the truth: 0.55 below 7, 0.25 above
    assert found.loc["below", "low"] < 0.55 < found.loc["below", "high"]
    assert found.loc["above", "low"] < 0.25 < found.loc["above", "high"]
    asymmetry = link.asymmetry()
    assert asymmetry["low"] < 0.3 < asymmetry["high"]
    assert asymmetry["probability"] > 0.9
    assert link.answers + link.censored_answers == 1580


def test_a_large_sample_recovers_the_slopes_and_tests_the_fit() -> None:
    rng = np.random.default_rng(2)
    scores = np.clip(np.rint(rng.normal(7.6, 2.2, 30_000)), 0, 10)
    logit = 0.5 + 0.55 * np.minimum(scores - 7, 0) + 0.25 * np.maximum(scores - 7, 0)
    table = pd.DataFrame(
        {"customer_id": np.arange(30_000), "nps": scores,
         "retained": (rng.random(30_000) < expit(logit)).astype(float)}
    )  # fmt: skip
    found = retention_link(table)
    np.testing.assert_allclose(found.coefficients, [0.5, 0.55, 0.25], atol=0.05)
    assert lack_of_fit_test(found)["p_value"] > 0.001
    step = table.assign(retained=(rng.random(30_000) < np.where(scores >= 9, 0.9, 0.3)) * 1.0)
    assert lack_of_fit_test(retention_link(step))["p_value"] < 1e-10


def test_the_link_is_the_logit_of_statsmodels() -> None:
    from statsmodels.discrete.discrete_model import Logit

    rng = np.random.default_rng(4)
    scores = rng.integers(0, 11, 900)
    stayed = (rng.random(900) < expit(0.3 * (scores - 5))).astype(float)
    table = pd.DataFrame({"customer_id": np.arange(900), "nps": scores, "retained": stayed})
    ours = retention_link(table, knot=5)
    rows = np.column_stack([np.ones(900), np.minimum(scores - 5, 0), np.maximum(scores - 5, 0)])
    theirs = Logit(stayed, rows).fit(disp=False)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.covariance)), theirs.bse, rtol=0.1)


def test_isotonic_agrees_with_the_link(link) -> None:
    table = retention_by_score(link)
    known = table[table["answers"] > 30]
    assert (known["isotonic"] - known["modelled"]).abs().max() < 0.1
    assert table["isotonic"].dropna().is_monotonic_increasing
    assert table["modelled"].is_monotonic_increasing
    kept = (table["isotonic"] * table["answers"]).sum()
    assert kept == pytest.approx(link.retained.sum())
    assert isotonic_rates(pd.Series([np.nan, 0.4, 0.2]), pd.Series([0, 1, 1])).isna().sum() == 1


def test_invalid_answers_are_refused(answers) -> None:
    with pytest.raises(DataError, match="nps: expected whole numbers from 0 to 10; found 12"):
        retention_link(answers.assign(nps=12))
    with pytest.raises(DataError, match="expected 1 or 0 in retained"):
        retention_link(answers.assign(retained=3))
    with pytest.raises(DataError, match="expected more customers retained and more customers lost"):
        retention_link(answers.assign(retained=1.0))
    with pytest.raises(ParameterError, match="knot must lie inside the scale"):
        retention_link(answers, knot=10)
    separated = answers.assign(retained=(answers["nps"] > 6).astype(float))
    with pytest.raises(ConvergenceError, match="separate the outcomes"):
        retention_link(separated)


def test_a_blank_control_is_a_group_of_its_own(answers) -> None:
    some = answers["segment"].where(answers["segment"] != "private", " ")
    found = retention_link(answers.assign(segment=some), controls=("segment",))
    assert "segment_not known" in found.controls.columns


def test_the_link_shows_itself_in_short(link) -> None:
    assert repr(link).startswith("<RetentionLink: answers ")
    assert link._repr_html_().count("<tr>") == 6

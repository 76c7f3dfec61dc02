"""Calibration by frequency: means in the holdout, counts in the calibration."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.plots import clv as plots


@pytest.fixture(scope="module")
def fit(split):
    return rm.BGNBD.fit(split.calibration)


def test_calibration_is_a_mean_per_group(fit, split):
    table = rm.calibration(fit, split, max_count=7, level=0.95)
    assert table["frequency"].to_list() == [*"0123456", "7+"]
    assert table["customers"].sum() == 2357
    bought = split.holdout["purchases"].to_numpy()
    twice = split.calibration.frequency == 2
    assert table.loc[2, "actual"] == pytest.approx(bought[twice].mean())
    error = bought[twice].std(ddof=1) / np.sqrt(twice.sum())
    assert table.loc[2, "actual_high"] == pytest.approx(bought[twice].mean() + 1.959964 * error)
    total = (table["expected"] * table["customers"]).sum()
    assert total == pytest.approx(rm.clv.holdout_score(fit, split).expected)
    assert (table["expected_low"] < table["expected"]).all()


def test_frequency_fit_is_the_summed_pmf(fit, split):
    table = rm.clv.frequency_fit(fit, split.calibration, max_count=3)
    probabilitys = fit.model.purchase_pmf(np.arange(3)[:, None], split.calibration.T[None, :])
    np.testing.assert_allclose(table["expected"].iloc[:3], probabilitys.sum(axis=1))
    assert table["expected"].sum() == pytest.approx(2357)
    assert table["actual"].to_list() == [1411, 439, 214, 293]
    collapsed = rm.clv.frequency_fit(fit, split.calibration.distinct_histories(), max_count=3)
    np.testing.assert_allclose(collapsed["expected"], table["expected"])


def test_a_model_without_a_fit_has_no_interval(fit, split):
    with pytest.raises(rm.ParameterError, match="needs a fit; found BGNBD with given parameters"):
        rm.calibration(fit.model, split, level=0.9)


def test_spend_models_and_wrong_counts_are_refused(fit, split):
    spend = rm.GammaGamma.fit(split.calibration)
    for call in (
        lambda: rm.calibration(spend, split),
        lambda: rm.clv.frequency_fit(spend, split.calibration),
    ):
        with pytest.raises(rm.ParameterError, match="model of purchases such as BGNBD; found Gam"):
            call()
    for max_count in (-1, 0, 1.5):
        with pytest.raises(rm.ParameterError, match="whole number, 1 or more; found"):
            rm.calibration(fit, split, max_count=max_count)
        with pytest.raises(rm.ParameterError, match="whole number, 1 or more; found"):
            rm.clv.frequency_fit(fit, split.calibration, max_count=max_count)


def test_a_fit_with_covariates_is_calibrated_by_its_models_per_customer(split):
    few = rm.CustomerSummary(
        split.calibration.table.iloc[:400].assign(kind=["a", "b"] * 200),
        unit="week", observed_until="1997-09-30",
    )  # fmt: skip
    small = rm.Split(few, split.holdout.iloc[:400], split.length, 0, split.observed_until)
    fit = rm.clv.fit_covariates(rm.BGNBD, few, rate="kind")
    table = rm.calibration(fit, small, level=0.9)
    assert (table["expected"] * table["customers"]).sum() == pytest.approx(
        rm.clv.total_purchases(fit, few, horizon="39 weeks", level=None).expected
    )
    assert (table["expected_low"] < table["expected"]).all()
    assert (table["expected"] < table["expected_high"]).all()
    assert np.isfinite(rm.clv.holdout_score(fit, small).log_score)


def test_plots_accept_the_tables(fit, split):
    for draw, describe, table in (
        (plots.calibration, plots.describe_calibration, rm.calibration(fit, split, level=0.9)),
        (
            plots.frequency_fit,
            plots.describe_frequency_fit,
            rm.clv.frequency_fit(fit, split.calibration),
        ),
    ):
        draw(table).figure.clear()
        assert describe(table).endswith(".")


def test_a_fit_with_covariates_is_calibrated_by_customer(with_covariates, with_kind):
    known = with_kind.calibration
    table = rm.clv.frequency_fit(with_covariates, known, max_count=3)
    own = with_covariates.model_for(known)
    expected = [own.purchase_pmf(n, known.T).sum() for n in range(3)]
    np.testing.assert_allclose(table["expected"][:3], expected)
    assert table["expected"].sum() == pytest.approx(2357)
    pd.testing.assert_frame_equal(rm.clv.frequency_fit(own, known, max_count=3), table)
    assert rm.calibration(with_covariates, with_kind, level=0.9)["expected_low"].gt(0).all()
    with pytest.raises(rm.ParameterError, match="found 2,357 values for 9 rows"):
        rm.clv.frequency_fit(own, known.table.head(9))

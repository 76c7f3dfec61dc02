"""Weekly tracking: counts, expectations, intervals, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.plots import clv as plots

CUT = "1997-09-30"


@pytest.fixture(scope="module")
def log():
    return rm.load_cdnow()


@pytest.fixture(scope="module")
def fit(split):
    return rm.BGNBD.fit(split.calibration)


@pytest.fixture(scope="module")
def tracked(fit, log):
    return rm.tracking(fit, log, at=CUT, level=0.95)


def test_tracking_counts_repeat_purchases(tracked, split):
    assert len(tracked) == 78
    assert tracked["cumulative_actual"].iloc[-1] == 2457 + 1882
    before = tracked[tracked["phase"] == "calibration"]
    assert before["time"].max() == pd.Timestamp(CUT)
    assert before["cumulative_actual"].iloc[-1] == split.calibration.frequency.sum() == 2457


def test_tracking_expects_purchases_from_each_customers_first_day(tracked, fit, split):
    model, until = fit.model, split.calibration.T
    row = tracked[tracked["phase"] == "calibration"].iloc[-1]
    assert row["cumulative_expected"] == pytest.approx(model.expected_purchases(until).sum())
    assert tracked["expected"].sum() == pytest.approx(tracked["cumulative_expected"].iloc[-1])


def test_interval_of_tracking_agrees_with_draws(tracked, fit, log):
    """The delta method agrees with draws of the parameters, as far as a few can tell."""
    row = tracked.iloc[-1]
    sums = [
        rm.tracking(model, log, at=CUT, unit="week")["cumulative_expected"].iloc[-1]
        for model in fit.draws(25, seed=3)
    ]
    width = np.log(row["cumulative_expected_high"] / row["cumulative_expected_low"]) / (2 * 1.96)
    assert np.std(np.log(sums)) == pytest.approx(width, rel=0.4)
    assert (tracked["expected_low"] <= tracked["expected"]).all()
    assert (tracked["expected"] <= tracked["expected_high"]).all()


def test_a_model_without_a_fit_needs_a_unit(fit, log):
    with pytest.raises(rm.ParameterError, match="unit='week'"):
        rm.tracking(fit.model, log)


def test_spend_models_and_days_before_the_log_are_refused(fit, log, split):
    spend = rm.GammaGamma.fit(split.calibration)
    with pytest.raises(rm.ParameterError, match="model of purchases such as BGNBD; found Gam"):
        rm.tracking(spend, log)
    with pytest.raises(rm.ParameterError, match=r"must end within the log .1997-01-01 to"):
        rm.tracking(fit, log, at="1990-01-01")


def test_plots_accept_the_table(tracked):
    plots.tracking(tracked).figure.clear()
    assert plots.describe_tracking(tracked).endswith(".")
    weekly = plots.tracking(tracked, kind="incremental", unit="week")
    (band,) = weekly.collections
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(tracked["expected_high"].max())


def test_a_fit_with_covariates_is_tracked_by_customer(with_covariates, with_kind, log):
    known = with_kind.calibration
    found = rm.tracking(with_covariates, log, at=CUT, customers=known, level=0.9)
    row = found[found["phase"] == "calibration"].iloc[-1]
    own = with_covariates.model_for(known)
    assert row["cumulative_expected"] == pytest.approx(own.expected_purchases(known.T).sum())
    assert (found["expected_low"] < found["expected"]).all()
    assert (found["expected"] < found["expected_high"]).all()
    same = rm.BGNBD(*(np.full(len(known), value) for value in with_covariates.base.values))
    by_customer = rm.tracking(same, log, at=CUT, customers=known, unit="week")
    by_age = rm.tracking(with_covariates.base, log, at=CUT, unit="week")
    pd.testing.assert_frame_equal(by_customer, by_age, rtol=1e-9)


def test_tracking_by_customer_needs_the_customers_of_the_calibration(
    with_covariates, with_kind, log, split
):
    with pytest.raises(rm.ParameterError, match="with covariates has a model per customer; give"):
        rm.tracking(with_covariates, log, at=CUT)
    own = with_covariates.model_for(with_kind.calibration)
    with pytest.raises(rm.ParameterError, match="this BGNBD has parameters per customer; give"):
        rm.tracking(own, log, at=CUT, unit="week")
    later = with_kind.calibration.table.assign(T=with_kind.calibration.T + 30)
    few = with_kind.calibration.table.head(9)
    for table, said in ((later, "found 2,357 customers, 0 of"), (few, "found 9 customers, 9 of")):
        customers = rm.CustomerSummary(table, unit="week", observed_until=CUT)
        with pytest.raises(rm.DataError, match=f"the 2,357 acquired .*{said} them with a day"):
            rm.tracking(with_covariates, log, at=CUT, customers=customers)

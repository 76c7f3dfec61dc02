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

"""What a model expects beside what happened: against print, and against a slow reference."""

from datetime import date, timedelta

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
def split(log):
    return log.split(at=CUT)


@pytest.fixture(scope="module")
def fit(split):
    return rm.BGNBD.fit(split.calibration)


@pytest.fixture(scope="module")
def tracked(fit, log):
    return rm.tracking(fit, log, at=CUT, level=0.95)


def test_score_of_cdnow(fit, split):
    """CLVTools expects 1,653.41 in the holdout; 1,882 purchase-days were made."""
    score = rm.clv.holdout_score(fit, split)
    assert f"{score.expected:.2f} {score.actual:.0f}" == "1653.41 1882"
    assert score.bias == pytest.approx(1653.41 / 1882 - 1, abs=1e-5)
    assert score.verdict == "12.1% too low"


def test_score_agrees_with_a_loop_over_customers(fit, split):
    few = split.calibration.table.iloc[:60]
    small = rm.Split(
        calibration=rm.CustomerSummary(few, unit="week", observed_until=CUT),
        holdout=split.holdout.loc[few.index],
        length=split.length,
        newcomers=0,
        observed_until=split.observed_until,
    )
    score = rm.clv.holdout_score(fit, small)
    made = small.holdout["purchases"].to_numpy()
    logs, expected = [], []
    for n, row in zip(made, few.itertuples(), strict=True):
        history = row.frequency, row.recency, row.T
        chance = fit.model.conditional_purchase_pmf(n, split.length, *history)
        logs.append(np.log(float(chance)))
        expected.append(float(fit.model.conditional_expected_purchases(split.length, *history)))
    assert score.log_score == pytest.approx(np.mean(logs), rel=1e-10)
    assert score.mean_absolute_error == pytest.approx(np.abs(np.array(expected) - made).mean())
    assert score.root_mean_squared_error == pytest.approx(
        np.sqrt(np.mean((np.array(expected) - made) ** 2))
    )


@pytest.mark.parametrize(
    ("bias", "words"),
    [(0.004, "right to within half a percent"), (0.2, "20.0% too high"), (-0.143, "14.3% too low")],
)
def test_verdict(bias, words):
    assert rm.clv.validation.HoldoutScore(1, 1, bias, 0, 0, 0, 0).verdict == words


def test_tracking_counts_what_was_bought(tracked, split):
    assert len(tracked) == 78
    assert tracked["cumulative_actual"].iloc[-1] == 2457 + 1882
    before = tracked[tracked["phase"] == "calibration"]
    assert before["time"].max() == pd.Timestamp(CUT)
    assert before["cumulative_actual"].iloc[-1] == split.calibration.frequency.sum() == 2457


def test_tracking_expects_each_customer_from_the_own_first_day(tracked, fit, split):
    model, until = fit.model, split.calibration.T
    row = tracked[tracked["phase"] == "calibration"].iloc[-1]
    assert row["cumulative_expected"] == pytest.approx(model.expected_purchases(until).sum())
    assert tracked["expected"].sum() == pytest.approx(tracked["cumulative_expected"].iloc[-1])


def test_interval_of_tracking_is_that_of_draws(tracked, fit, log):
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


def test_calibration_is_a_mean_per_group(fit, split):
    table = rm.calibration(fit, split, most=7, level=0.95)
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
    table = rm.clv.frequency_fit(fit, split.calibration, most=3)
    chances = fit.model.purchase_pmf(np.arange(3)[:, None], split.calibration.T[None, :])
    np.testing.assert_allclose(table["expected"].iloc[:3], chances.sum(axis=1))
    assert table["expected"].sum() == pytest.approx(2357)
    assert table["actual"].to_list() == [1411, 439, 214, 293]
    collapsed = rm.clv.frequency_fit(fit, split.calibration.distinct_histories(), most=3)
    np.testing.assert_allclose(collapsed["expected"], table["expected"])


def test_models_without_a_fit_need_a_unit_and_have_no_interval(fit, log, split):
    with pytest.raises(rm.ParameterError, match="unit='week'"):
        rm.tracking(fit.model, log)
    with pytest.raises(rm.ParameterError, match="given parameters is certain"):
        rm.calibration(fit.model, split, level=0.9)


def test_a_silent_holdout_is_refused():
    days = [date(2024, 1, 1) + timedelta(days=i) for i in (0, 3, 0, 9)]
    rows = pd.DataFrame({"customer_id": [*"aabb"], "date": days, "value": 1.0})
    later = pd.DataFrame({"customer_id": ["c"], "date": [date(2024, 3, 1)], "value": 1.0})
    cut = rm.read_transactions(pd.concat([rows, later])).split(at="2024-01-20")
    with pytest.raises(rm.DataError, match="nobody bought in the holdout"):
        rm.clv.holdout_score(rm.BGNBD(0.5, 4, 1, 2), cut)


def test_pictures_take_the_tables(tracked, fit, split, log):
    path = rm.clv.customer_history(fit, log, customer_id="00004")
    for draw, describe, table in (
        (plots.tracking, plots.describe_tracking, tracked),
        (plots.calibration, plots.describe_calibration, rm.calibration(fit, split, level=0.9)),
        (
            plots.frequency_fit,
            plots.describe_frequency_fit,
            rm.clv.frequency_fit(fit, split.calibration),
        ),
        (plots.p_alive_matrix, plots.describe_p_alive_matrix, rm.clv.p_alive_matrix(fit, T=39)),
        (plots.customer_history, plots.describe_customer_history, path),
    ):
        draw(table).figure.clear()
        assert describe(table).endswith(".")
    weekly = plots.tracking(tracked, kind="incremental", unit="week")
    (band,) = weekly.collections
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(tracked["expected_high"].max())


def test_what_cannot_be_compared_is_refused(fit, log, split):
    spend = rm.GammaGamma.fit(split.calibration)
    for ask in (
        lambda: rm.tracking(spend, log),
        lambda: rm.calibration(spend, split),
        lambda: rm.clv.frequency_fit(spend, split.calibration),
        lambda: rm.clv.holdout_score(spend, split),
    ):
        with pytest.raises(rm.ParameterError, match="model of purchases such as BGNBD; found Gam"):
            ask()
    with pytest.raises(rm.ParameterError, match=r"must end within the log .1997-01-01 to"):
        rm.tracking(fit, log, at="1990-01-01")
    for most in (-1, 0, 1.5):
        with pytest.raises(rm.ParameterError, match="at least 1; found"):
            rm.calibration(fit, split, most=most)
        with pytest.raises(rm.ParameterError, match="at least 1; found"):
            rm.clv.frequency_fit(fit, split.calibration, most=most)

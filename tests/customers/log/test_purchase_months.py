"""unit="month": a purchase is a purchase-month in the calibration, the holdout and the value."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.next_action.segment_models import fit_segments
from relmark_research.errors import DataError, ParameterError
from relmark_research.units import Horizon, TimeUnit

MONTH = TimeUnit("month")


@pytest.fixture(scope="module")
def cdnow():
    return rm.load_cdnow()


@pytest.fixture(scope="module")
def split(cdnow):
    return cdnow.split(at="1997-09-30", unit="month")


@pytest.fixture(scope="module")
def fit(split):
    return rm.MBGNBD.fit(split.calibration)


def test_the_holdout_counts_purchase_months_and_the_whole_value(cdnow, split):
    rows = cdnow.to_pandas().assign(month=lambda t: pd.to_datetime(t["date"]).dt.to_period("M"))
    later = rows[rows["month"] > pd.Period("1997-09")]
    own = later.groupby("customer_id").agg(purchases=("month", "nunique"), value=("value", "sum"))
    expected = own.reindex(split.holdout.index).fillna(0)
    assert (split.holdout["purchases"] == expected["purchases"]).all()
    np.testing.assert_allclose(split.holdout["value"], expected["value"], atol=1e-9)
    assert split.length == 9


def test_a_bias_told_as_five_percent_is_34_percent(split, fit):
    # against the 1,882 purchase-days of the holdout the forecast would be 5% too high
    score = rm.clv.holdout_score(fit, split)
    assert score.actual == 1478
    assert score.bias == pytest.approx(0.34, abs=0.005)
    assert score.expected / 1882 - 1 == pytest.approx(0.05, abs=0.005)


def test_calibration_and_comparison_use_the_same_purchases(split, fit):
    table = rm.calibration(fit, split)
    assert (table["actual"] * table["customers"]).sum() == pytest.approx(1478)
    compared = rm.compare_models(split, models=["MBGNBD"], spend=rm.GammaGamma)
    row = compared.table.loc["MBGNBD"]
    assert row["actual"] == 1478
    assert row["value_bias"] == pytest.approx(0.29, abs=0.01)  # the spend of a purchase-month


def test_tracking_counts_purchase_months_month_by_month(cdnow, split, fit):
    table = rm.tracking(fit, cdnow, at="1997-09-30")
    assert len(table) == 18
    assert (table["time"] == pd.date_range("1997-01-31", "1998-06-30", freq="ME")).all()
    assert (table["phase"] == "calibration").sum() == 9
    holdout = table[table["phase"] == "holdout"]
    assert holdout["actual"].sum() == split.holdout["purchases"].sum() == 1478
    calibration = table.loc[table["phase"] == "calibration", "actual"].sum()
    assert calibration == split.calibration.frequency.sum()
    T = split.calibration.T
    assert table["cumulative_expected"][8] == pytest.approx(fit.model.expected_purchases(T).sum())
    by_customer = rm.tracking(fit, cdnow, at="1997-09-30", customers=split.calibration)
    np.testing.assert_allclose(by_customer["expected"], table["expected"])


def test_tracking_refuses_a_calibration_that_ends_within_a_month(cdnow, fit):
    with pytest.raises(ParameterError, match="last day of a month; found at='1997-09-15'"):
        rm.tracking(fit, cdnow, at="1997-09-15")


def test_a_split_without_a_day_ends_a_month_and_a_partial_month_is_refused(cdnow):
    assert str(cdnow.split(unit="month").calibration.observed_until) == "1997-11-30"
    with pytest.raises(DataError, match=r"ends on 1997-09-15. Cut it: log.until\('1997-08-31'\)"):
        cdnow.split(at="1997-09-15", unit="month")
    with pytest.raises(DataError, match=r"ends on 1998-06-29. Cut it: log.until\('1998-05-31'\)"):
        cdnow.until("1998-06-29").split(at="1997-09-30", unit="month")


def test_spend_per_purchase_day_and_purchase_months_are_not_multiplied(cdnow, split, fit):
    weeks = cdnow.split(at="1997-09-30").calibration
    spend_day, spend_month = rm.GammaGamma.fit(weeks), rm.GammaGamma.fit(split.calibration)
    terms = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "12 months", "level": None}
    assert rm.total_value(fit, spend_month, split.calibration, **terms).expected > 0
    with pytest.raises(ParameterError, match=r"value of a purchase-day.*in purchase-months"):
        rm.lifetime_value(fit, spend_day, split.calibration, **terms)
    with pytest.raises(ParameterError, match=r"value of a purchase-month.*in purchase-days"):
        rm.total_value(rm.BGNBD.fit(weeks), spend_month, weeks, **terms)
    with pytest.raises(ParameterError, match="Fit both models to the same customers"):
        rm.compare_models(split, models=["BGNBD"], spend=spend_day)
    everyone = pd.Series("all", split.calibration.table.index)
    with pytest.raises(ParameterError, match="Fit both models to the same customers"):
        fit_segments(split.calibration, everyone, purchases=fit, spend=spend_day)
    days = cdnow.split(at="1997-09-30", unit="day").calibration  # a purchase-day in any unit
    assert rm.total_value(rm.BGNBD.fit(days), spend_day, days, **terms).expected > 0


def test_months_from_month_end_to_month_end_are_whole():
    assert MONTH.between(date(1997, 9, 30), date(1998, 6, 30)) == 9
    assert MONTH.between(date(2024, 2, 29), date(2024, 3, 31)) == 1
    assert MONTH.between(date(2024, 3, 1), date(2024, 3, 31)) == pytest.approx(30 / MONTH.days)
    for start in (date(1997, 4, 30), date(1997, 4, 15), None):
        assert Horizon.parse("1 month").length(MONTH, start) == 1
        assert Horizon.parse("2 years").length(MONTH, start) == 24

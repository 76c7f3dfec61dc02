"""Bias of expected spend, with the purchases that customers then made."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from tests.clv.calendar.simulated_spend import START, Spend, purchases, spend_log

TRUTH, SIZE = Spend(trend=0.4), {"customers": 500, "seed": 1}
HOW = {"horizon": "26 weeks", "origins": ["2022-07-01", "2023-01-01", "2023-06-01"]}


@pytest.fixture(scope="module")
def log():
    return spend_log(TRUTH, **SIZE)


@pytest.fixture(scope="module")
def constant(log):
    return rm.clv.value_bias(log, calendar=False, **HOW)


def test_drift_of_spend_biases_a_value_without_it_and_hardly_one_with_it(log, constant):
    moving = rm.clv.value_bias(log, **HOW)
    assert constant.bias < -0.15
    assert abs(moving.bias) < 0.08
    assert "below the actual value on average over 3 origins" in constant.words


def test_actual_purchases_and_value_are_those_of_the_known_customers(constant):
    rows = pd.DataFrame(
        dict(zip(("customer", "day", "value"), purchases(TRUTH, **SIZE), strict=True))
    )
    for row, origin in zip(constant.table.itertuples(), HOW["origins"], strict=True):
        last = (pd.Timestamp(origin).date() - START).days
        known = rows.loc[rows["day"] <= last, "customer"].unique()
        after = rows[(rows["day"] > last) & (rows["day"] <= last + 182)]
        after = after[after["customer"].isin(known)]
        assert row.purchases == len(after)
        assert row.actual == pytest.approx(after["value"].sum(), rel=1e-3)
        assert row.bias == pytest.approx(row.expected / row.actual - 1)
        assert 0 < row.se < 0.2
        assert row.end == row.origin + pd.Timedelta(days=182)


def test_what_cannot_be_estimated_is_listed():
    table = pd.DataFrame({
        "customer_id": np.arange(40) % 20,
        "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(40) * 5, unit="D"),
        "value": np.where(np.arange(40) % 20 == 3, 1e6, 10.0),
    })  # fmt: skip
    found = rm.clv.value_bias(rm.read_transactions(table), horizon="4 weeks", origins=2)
    assert found.failures["model"].isin(["GammaGamma", "SpendCalendar"]).all()
    assert len(found.failures)


def test_a_log_shorter_than_the_horizon_has_no_origins():
    log = spend_log(Spend(), customers=50, days=120, seed=2)
    found = rm.clv.value_bias(log, horizon="52 weeks")
    assert not len(found.table)
    assert found.words == "The log is too short to test expected spend."
    assert np.isnan(found.bias)


def test_a_log_without_money_is_refused():
    table = pd.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01", "2024-02-01"]})
    with pytest.raises(DataError, match="a test of expected spend"):
        rm.clv.value_bias(rm.read_transactions(table, value=None))

"""Days weighed by the purchases on them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log._purchase_days import PurchaseDays
from relmark_research.customers.operational_time import elapsed, operational_days
from relmark_research.errors import ParameterError


class DayOfMonth:
    """A calendar whose relative rate is the day of the month divided by ten."""

    def relative_rates(self, first, last):
        days = (last - first).days + 1
        return np.array([(first + timedelta(days=day)).day for day in range(days)]) / 10


def test_the_length_is_the_sum_of_the_rates_after_a_day():
    found = operational_days(DayOfMonth(), date(2024, 1, 30), date(2024, 2, 2))
    assert found == pytest.approx((31 + 1 + 2) / 10)
    assert operational_days(None, date(2024, 1, 30), date(2024, 2, 2)) == 3


def test_elapsed_is_the_difference_of_cumulative_rates():
    starts, ends = np.array([3, 2, 0]), np.array([0, 1, 0])
    found = elapsed(DayOfMonth(), starts, ends, date(2024, 1, 10))
    assert found == pytest.approx([(8 + 9 + 10) / 10, 9 / 10, 0])


@pytest.fixture(scope="module")
def log():
    days = ["2024-01-02", "2024-01-05", "2024-01-09", "2024-01-10"]
    rows = {"customer_id": ["a", "a", "a", "b"], "value": 1.0, "date": pd.to_datetime(days)}
    return rm.read_transactions(pd.DataFrame(rows))


def test_recency_and_T_are_operational_time(log):
    table = log.customer_summary(unit="day", calendar=DayOfMonth()).table
    assert table.loc["a", ["recency", "T"]].tolist() == pytest.approx(
        [sum(range(3, 10)) / 10, sum(range(3, 11)) / 10]
    )
    assert table.loc["b", ["recency", "T"]].tolist() == [0, 0]


def test_distinct_histories_are_those_of_the_summary(log):
    one = log.customer_summary(calendar=DayOfMonth()).distinct_histories().table
    other = log.distinct_histories(calendar=DayOfMonth()).table
    pd.testing.assert_frame_equal(one, other[one.columns], check_dtype=False)


def test_the_summary_carries_its_calendar(log):
    customers = log.customer_summary(unit="day", calendar=DayOfMonth())
    part = customers.with_rows(customers.table.head(1))
    length = part.length(rm.Horizon.parse("2024-01-12"), rm.TimeUnit("day"))
    assert length == pytest.approx((11 + 12) / 10)
    assert "operational time" in repr(customers)


def test_a_calendar_needs_a_unit_and_a_last_day():
    table = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [3.0]})
    with pytest.raises(ParameterError, match="observed_until"):
        rm.CustomerSummary(table, calendar=DayOfMonth())
    with pytest.raises(ParameterError, match="CalendarEffects"):
        rm.CustomerSummary(table, unit="week", observed_until="2024-01-01", calendar="month")


def test_what_the_engine_aggregates_is_on_the_clock_too(log, monkeypatch):
    """A log that is not sorted in memory is aggregated by the engine's own query."""
    expected = [
        log.customer_summary(calendar=DayOfMonth()).table,
        log.distinct_histories(calendar=DayOfMonth()).table,
    ]
    monkeypatch.setattr(PurchaseDays, "_packed", property(lambda self: None))
    found = [
        log.customer_summary(calendar=DayOfMonth()).table,
        log.distinct_histories(calendar=DayOfMonth()).table,
    ]
    for one, other in zip(expected, found, strict=True):
        pd.testing.assert_frame_equal(one, other, check_dtype=False)

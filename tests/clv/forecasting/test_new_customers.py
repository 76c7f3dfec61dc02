"""New customers: what those acquired within the last period did, and how that varied."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting._new_customers import new_customer_total
from relmark_research.clv.forecasting.forecast_errors import PRIORS
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import DataError
from relmark_research.stats.forecasting.error_scale import fit_scale

START = date(2021, 1, 4)
DAYS, HORIZON = 300, 40


def arrivals(per_day, *, seed=5, days=DAYS):
    """A Poisson number of customers a day, who buy again 10 days later with probability 0.4."""
    rng = np.random.default_rng(seed)
    rows, number = [], 0
    for day in range(days):
        for _ in range(rng.poisson(per_day(day))):
            number += 1
            bought = [day, day + 10] if rng.random() < 0.4 and day + 10 < days else [day]
            rows += [(f"c{number:05d}", each, 5.0 + number % 7) for each in bought]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "value"])
    frame["date"] = pd.Timestamp(START) + pd.to_timedelta(frame["day"], unit="D")
    return frame


@pytest.fixture(scope="module")
def rows():
    return arrivals(lambda _: 3.0)


@pytest.fixture(scope="module")
def log(rows):
    return rm.read_transactions(rows.drop(columns="day"))


def total(log, *, measure="purchases", horizon=HORIZON):
    history = PurchaseHistory.of(log)
    return new_customer_total(history, log.observed_until, horizon, measure=measure, level=0.9)


@pytest.mark.parametrize("measure", ["purchases", "value"])
def test_the_forecast_is_what_the_last_periods_new_customers_did(rows, log, measure):
    found = total(log, measure=measure)
    first = rows.groupby("customer_id")["day"].transform("min")
    new = rows[first > rows["day"].max() - HORIZON]
    expected = len(new) if measure == "purchases" else new["value"].sum()
    assert found.expected == pytest.approx(expected)
    assert found.n_customers == new["customer_id"].nunique()
    assert found.low < expected < found.high
    assert (found.kind, found.measure, found.level) == ("prediction", measure, 0.9)
    assert found.end == found.origin + timedelta(days=HORIZON)


def test_a_steady_log_has_small_errors_and_a_growing_one_large(log):
    growing = rm.read_transactions(arrivals(lambda day: 3.0 * np.exp(day / 60)).drop(columns="day"))
    assert total(log).errors.sigma < 0.15 < 0.3 < total(growing).errors.sigma


def test_every_whole_period_of_the_log_is_used(log):
    """Periods begin a quarter of the horizon apart, and compare with that one horizon later."""
    ends = range(DAYS - 1, HORIZON - 2, -HORIZON // 4)
    assert total(log).errors.n_origins == len(ends) - 4


def test_a_window_begins_where_it_begins(rows):
    """Days before the window are no periods without customers."""
    whole = rm.read_transactions(rows.drop(columns="day"))
    start = START + timedelta(days=120)
    window = whole.window(observed_from=start, earlier="leave out")
    apart = rm.read_transactions(window.to_pandas())
    found, expected = total(window), total(apart)
    assert found.errors.n_origins == expected.errors.n_origins
    assert (found.expected, found.low, found.high) == (
        expected.expected, expected.low, expected.high
    )  # fmt: skip


def test_a_log_of_one_period_has_the_errors_of_other_logs(log):
    found = total(log.until(START + timedelta(days=HORIZON - 1)))
    assert found.errors.n_origins == 0
    assert found.errors.sigma == pytest.approx(fit_scale(None, PRIORS["purchases"]).sigma)


def test_a_shorter_log_is_refused(log):
    with pytest.raises(DataError, match="over 40 days needs a log of that length; found 39 days"):
        total(log.until(START + timedelta(days=HORIZON - 2)))
    window = log.window(observed_from=START + timedelta(days=DAYS - 20), earlier="leave out")
    with pytest.raises(DataError, match="found 20 days"):
        total(window)

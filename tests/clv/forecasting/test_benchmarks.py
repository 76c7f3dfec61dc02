"""Benchmarks by their definitions, in a loop over a tiny log."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting.benchmarks import (
    BENCHMARKS,
    LAST_PERIOD,
    LAST_YEAR,
    RATE,
    benchmark_total,
)
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import ParameterError

START = date(2022, 1, 3)
ORIGIN = 500  # days after the start
RNG = np.random.default_rng(4)
ROWS = sorted({
    (f"c{who}", int(day), int(cents))
    for who, day, cents in zip(
        RNG.integers(0, 12, 90), RNG.integers(0, 560, 90), RNG.integers(100, 900, 90), strict=True
    )
})  # fmt: skip


def bought(rows):
    """Customer -> day -> value, one purchase a day."""
    days: dict[str, dict[int, float]] = {}
    for who, day, cents in rows:
        if day <= ORIGIN:
            own = days.setdefault(who, {})
            own[day] = own.get(day, 0.0) + cents / 100
    return days


def slow_period(rows, horizon, begin):
    """Purchases and value per customer known at a day, in the days after it, x customers now."""
    customers = bought(rows)
    known = [days for days in customers.values() if min(days) <= begin]
    within = [
        value
        for days in known
        for day, value in days.items()
        if begin < day <= begin + horizon
    ]  # fmt: skip
    growth = len(customers) / len(known)
    return len(within) * growth, sum(within) * growth


def slow_rate(rows, horizon):
    customers = bought(rows)
    repeats = sum(len(days) - 1 for days in customers.values())
    lived = sum(ORIGIN - min(days) for days in customers.values())
    values = [value for days in customers.values() for value in days.values()]
    purchases = repeats / lived * horizon * len(customers)
    return purchases, purchases * sum(values) / len(values)


def known_customers(rows, origin=ORIGIN):
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "value"])
    frame["date"] = [START + timedelta(days=day) for day in frame.pop("day")]
    history = PurchaseHistory.of(rm.read_transactions(frame.assign(value=frame["value"] / 100)))
    return history.known_at(history.days.first + timedelta(days=origin - rows_first(rows)))


def rows_first(rows):
    return min(day for _, day, _ in rows)


@pytest.fixture(scope="module")
def known():
    return known_customers(ROWS)


@pytest.mark.parametrize("horizon", [7, 91, 200])
def test_same_as_last_period(known, horizon):
    found = benchmark_total(LAST_PERIOD, known, horizon)
    assert (found.purchases, found.value) == pytest.approx(
        slow_period(ROWS, horizon, ORIGIN - horizon)
    )


@pytest.mark.parametrize("horizon", [7, 91, 364])
def test_same_period_last_year_is_per_customer_known_then_times_those_known_now(known, horizon):
    found = benchmark_total(LAST_YEAR, known, horizon)
    assert (found.purchases, found.value) == pytest.approx(slow_period(ROWS, horizon, ORIGIN - 364))


def test_the_years_days_are_those_of_the_same_weekdays(known):
    """Of one day a year ago: 52 weeks earlier, whatever the date."""
    totals = [benchmark_total(LAST_YEAR, known, h).purchases for h in range(1, 30)]
    steps = np.flatnonzero(np.diff(totals) > 0) + 2  # horizons that added a day with purchases
    assert len(steps)
    days = [day for own in bought(ROWS).values() for day in own]
    assert all(ORIGIN - 364 + step in days for step in steps)


@pytest.mark.parametrize("horizon", [7, 91])
def test_rate_times_horizon(known, horizon):
    found = benchmark_total(RATE, known, horizon)
    assert (found.purchases, found.value) == pytest.approx(slow_rate(ROWS, horizon))


def test_a_year_is_too_short_for_a_longer_horizon(known):
    assert benchmark_total(LAST_YEAR, known, 365) is None


def test_without_customers_before_the_period_there_is_no_forecast():
    late = [row for row in ROWS if row[1] >= 450]
    known = known_customers(late)
    assert benchmark_total(LAST_YEAR, known, 30) is None
    assert benchmark_total(LAST_PERIOD, known, 60) is None
    assert benchmark_total(LAST_PERIOD, known, 20) is not None


def test_there_is_no_rate_where_all_came_on_the_last_day():
    known = known_customers([("a", ORIGIN, 500), ("b", ORIGIN, 300)])
    assert benchmark_total(RATE, known, 30) is None


def test_one_time_buyers_have_a_rate_of_zero():
    known = known_customers([("a", 400, 500), ("b", 450, 300)])
    assert benchmark_total(RATE, known, 30).purchases == 0


def test_an_unknown_benchmark_is_refused(known):
    with pytest.raises(
        ParameterError, match=r"no benchmark 'same month'; there are: same as last period"
    ):
        benchmark_total("same month", known, 30)
    assert len(BENCHMARKS) == 3

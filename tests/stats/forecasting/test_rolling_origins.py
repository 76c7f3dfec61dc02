"""Origins are evenly spaced and finished; overlapping forecasts count by their own days."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.forecasting.rolling_origins import (
    checked_origins,
    finished,
    overlap_weights,
    rolling_origins,
)

FIRST = date(2020, 1, 1)
LAST = FIRST + timedelta(days=400)


def slow_origins(length, horizon, count):
    """The origins by the definition, as day numbers: the last is fixed, the first is earliest."""
    begin = max(56, int(0.15 * length))
    end = length - horizon
    if end < begin:
        return []
    if count == 1:
        return [end]
    exact = [end - i * (end - begin) / (count - 1) for i in range(count)]
    return exact[::-1]


@given(st.integers(1, 1500), st.integers(1, 600), st.integers(1, 40))
def test_origins_are_evenly_spaced_up_to_a_days_rounding(length, horizon, count):
    last = FIRST + timedelta(days=length)
    found = [
        (day - FIRST).days for day in rolling_origins(FIRST, last, horizon=horizon, count=count)
    ]
    assert found == sorted(set(found))
    expected = slow_origins(length, horizon, count)
    if len(found) == len(expected):
        assert np.abs(np.subtract(found, expected)).max(initial=0) <= 0.5
    else:  # closer than a day: every day is an origin
        assert found == list(range(round(expected[0]), round(expected[-1]) + 1))
    if found:
        assert found[-1] + horizon == length


def test_the_first_origin_may_be_given():
    early = FIRST + timedelta(days=10)
    found = rolling_origins(FIRST, LAST, horizon=100, count=4, earliest=early)
    assert found[0] == early and found[-1] == LAST - timedelta(days=100)


@pytest.mark.parametrize("given", [{"horizon": 0}, {"horizon": 30, "count": 0}])
def test_a_horizon_or_a_number_of_origins_of_zero_is_refused(given):
    with pytest.raises(ParameterError, match="0"):
        rolling_origins(FIRST, LAST, **given)


def test_given_origins_are_sorted():
    later, earlier = FIRST + timedelta(days=20), FIRST + timedelta(days=3)
    assert checked_origins([later, earlier], FIRST, LAST) == [earlier, later]


@pytest.mark.parametrize(
    ("origins", "error", "words"),
    [
        ([], ParameterError, "found none"),
        ([FIRST, FIRST], ParameterError, "found 2 with repetitions"),
        ([LAST], DataError, f"found 1 outside, first {LAST}"),
        ([FIRST - timedelta(days=1), FIRST], DataError, "found 1 outside, first 2019-12-31"),
    ],
)
def test_origins_outside_the_log_or_given_twice_are_refused(origins, error, words):
    with pytest.raises(error, match=words):
        checked_origins(origins, FIRST, LAST)


def test_a_forecast_is_finished_on_the_last_day_of_its_horizon():
    origins, horizons = np.array([0, 10, 20]), np.array([30, 30, 10])
    assert finished(origins, horizons, 30).tolist() == [True, False, True]
    assert finished(origins, horizons, 29).tolist() == [False, False, False]


def test_the_first_forecast_has_all_its_days_and_the_next_only_those_not_shared():
    """Origins s days apart: the union of the days of n forecasts is h + (n - 1) s."""
    horizon, step, n = 90, 18, 11
    weights = overlap_weights(np.arange(n) * step, np.full(n, horizon))
    assert weights == pytest.approx(step / horizon)
    days = set().union(*[range(step * i + 1, step * i + horizon + 1) for i in range(n)])
    assert len(days) / horizon - 1 <= weights.sum() <= len(days) / horizon


def test_forecasts_that_do_not_overlap_and_single_ones_count_in_full():
    assert overlap_weights(np.array([0, 50, 100]), np.full(3, 50)).tolist() == [1, 1, 1]
    assert overlap_weights(np.array([0, 500]), np.full(2, 50)).tolist() == [1, 1]
    assert overlap_weights(np.array([7]), np.array([50])).tolist() == [1]


def test_horizons_are_weighed_apart():
    origins = np.array([0, 10, 0, 10])
    assert overlap_weights(origins, np.array([20, 20, 40, 40])).tolist() == [0.5, 0.5, 0.25, 0.25]

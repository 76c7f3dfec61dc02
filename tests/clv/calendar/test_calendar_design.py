"""Days as rows of seasons, events and trend."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from relmark_research.clv.calendar.calendar_design import (
    CalendarDesign,
    day_numbers,
    season_codes,
    season_labels,
)
from relmark_research.errors import DataError, ParameterError
from relmark_research.units import DAYS_PER_YEAR


def numbers(first, last):
    return np.arange(
        date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1
    )


def test_a_day_has_one_month_and_one_day_of_the_week():
    design = CalendarDesign.of(season=["month", "day_of_week"])
    rows = design.matrix(numbers("2023-01-01", "2024-12-31"))
    assert (rows[:, :12].sum(axis=1) == 1).all()
    assert (rows[:, 12:].sum(axis=1) == 1).all()
    assert rows[:, 0].sum() == 62
    assert design.groups.count("month") == 12


@pytest.mark.parametrize("season", ["month", "week", "day_of_week"])
def test_season_codes_follow_the_dates_themselves(season):
    days = pd.date_range("2019-12-20", "2021-01-12")
    expected = {
        "month": [day.month - 1 for day in days],
        "week": [min((day.day_of_year - 1) // 7, 51) for day in days],
        "day_of_week": [day.weekday() for day in days],
    }[season]
    assert season_codes(season, days).tolist() == expected
    assert max(expected) < len(season_labels(season))


def strengths(days, values=None):
    return pd.Series(values or [1.0] * len(days), index=days)


def test_strengths_by_moment_count_on_the_day_of_their_own_time_zone():
    at = pd.to_datetime(["2024-03-01 23:30"]).tz_localize("America/New_York")
    (event,) = CalendarDesign.of(events={"sale": strengths(at)}).events
    assert event.days == (date(2024, 3, 1).toordinal(),)


def test_days_of_events_come_in_any_form():
    expected = (date(2024, 3, 1).toordinal(),)
    periods = strengths(pd.period_range("2024-03-01", periods=1, freq="D"))
    for days in (np.datetime64("2024-03-01"), "2024-03-01", date(2024, 3, 1), periods):
        assert CalendarDesign.of(events={"sale": days}).events[0].days == expected


def test_seasons_repeat_in_future_years():
    design = CalendarDesign.of(season="month")
    past, future = (design.matrix(pd.DatetimeIndex([f"{y}-05-17"])) for y in (2020, 2031))
    assert np.array_equal(past, future)


def test_events_stand_on_their_days_only():
    events = {"sale": ["2024-03-01", ("2024-11-20", "2024-11-22")]}
    column = CalendarDesign.of(events=events).matrix(numbers("2024-01-01", "2024-12-31"))[:, 0]
    assert column.sum() == 4
    assert column[date(2024, 3, 1).timetuple().tm_yday - 1] == 1
    assert column[date(2024, 11, 19).timetuple().tm_yday - 1] == 0


def test_events_come_from_a_table_or_with_strengths():
    table = pd.DataFrame(
        {"event": ["a", "a", "b"], "start": ["2024-01-02", "2024-02-01", "2024-01-01"],
         "end": ["2024-01-03", None, "2024-01-01"], "strength": [1.0, 1.0, 0.5]}
    )  # fmt: skip
    share = pd.Series([0.25, 0.75], index=pd.to_datetime(["2024-01-01", "2024-01-02"]))
    rows = CalendarDesign.of(events=table).matrix(numbers("2024-01-01", "2024-02-02"))
    assert rows.sum(axis=0).tolist() == [3, 0.5]
    given = CalendarDesign.of(events={"share": share}).matrix(numbers("2024-01-01", "2024-01-03"))
    assert given[:, 0].tolist() == [0.25, 0.75, 0]


def test_the_trend_counts_years_and_levels_off():
    design = CalendarDesign.of(trend_until="2024-06-30", damping=100)
    at = date(2024, 6, 30).toordinal() + np.array([-1461, 0, 1, 100, 100_000])
    column = design.matrix(at)[:, 0] * DAYS_PER_YEAR
    assert column == pytest.approx([-1461, 0, 100 * (1 - np.exp(-0.01)), 63.212, 100], abs=1e-3)


def test_day_numbers_are_ordinals_from_any_form():
    days = [date(1969, 12, 31), date(2024, 2, 29)]
    expected = [day.toordinal() for day in days]
    assert day_numbers(days).tolist() == expected
    assert day_numbers(pd.DatetimeIndex(days)).tolist() == expected
    assert day_numbers(np.array(expected)).tolist() == expected


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"season": "fortnight"}, ParameterError, "day_of_week"),
        ({"season": ["month", "month"]}, ParameterError, "once"),
        ({"events": {"": ["2024-01-01"]}}, ParameterError, "name"),
        ({"events": {"sale": []}}, ParameterError, "at least one day"),
        ({"events": {"sale": ["1/3/2024"]}}, ParameterError, "year first"),
        ({"events": {"sale": [("2024-03-02", "2024-03-01")]}}, DataError, "before its start"),
        ({"events": pd.DataFrame({"event": ["a"]})}, DataError, "start"),
        ({"season": 3}, ParameterError, "day_of_week"),
        ({"events": {"sale": None}}, ParameterError, "found None"),
        ({"events": {"sale": 5}}, ParameterError, "found 5"),
        ({"events": {"sale": ("2024-03-01", "2024-03-30")}}, ParameterError, "period or two days"),
        ({"events": {"sale": [("2024-03-01", "2024-03-02", "x")]}}, ParameterError, "2 of 2 days"),
        ({"events": {"sale": [pd.NaT]}}, ParameterError, "found NaT"),
        ({"events": {"sale": strengths(["2024-03-01", "soon"])}}, DataError, "'sale'"),
        ({"events": {"sale": strengths(["2024-03-01", None])}}, DataError, "1 of 2 have none"),
        ({"events": {"sale": strengths(["2024-03-01"] * 2)}}, DataError, "one strength"),
        ({"events": {"sale": strengths([0, 1])}}, DataError, "index of numbers"),
        ({"events": {"sale": strengths(["2024-03-01"], ["x"])}}, ParameterError, "1 of 1 days"),
        ({"season": "month", "events": {"Jan": ["2024-03-01"]}}, ParameterError, "another name"),
        ({"events": {"trend": ["2024-03-01"]}}, ParameterError, "another name"),
        ({"events": {"first purchase": ["2024-03-01"]}}, ParameterError, "another name"),
        ({"events": ["2024-01-01"]}, ParameterError, "mapping"),
        ({"trend_until": "2024-01-01", "damping": 0}, ParameterError, "> 0"),
    ],
)
def test_wrong_designs_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        CalendarDesign.of(**options)

"""Periods of a history: which labels are read, and as which calendar period."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.ladder.history._period_numbers import (
    is_calendar,
    period_label,
    read_periods,
)
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.units import Period

FISCAL = Period("quarter", first_month=7)
QUARTERS = ["2024Q1", "2024Q2", "2024Q4"]


def history(labels, **given) -> LadderHistory:
    rows = {"customer_id": [7] * len(labels), "period": labels, "rung": list("xyx")[: len(labels)]}
    return LadderHistory.from_table(pd.DataFrame(rows), **given)


@pytest.mark.parametrize(
    ("labels", "frequency", "first", "last"),
    [
        (QUARTERS, "Q", "2024-01-01", "2024-10-01"),
        (["2024-Q1", "2024-Q2", "2024-Q4"], "Q", "2024-01-01", "2024-10-01"),
        (pd.PeriodIndex(QUARTERS, freq="Q"), "Q", "2024-01-01", "2024-10-01"),
        (pd.Categorical(QUARTERS), "Q", "2024-01-01", "2024-10-01"),
        (pd.PeriodIndex(QUARTERS, freq="Q-JUN"), "Q-JUN", "2023-07-01", "2024-04-01"),
        (["2024-03", "2024-04", "2024-06"], "M", "2024-03-01", "2024-06-01"),
        (["2024-W01", "2024-W02", "2024-W04"], "W", "2024-01-01", "2024-01-22"),
        ([date(2024, 1, 1), date(2024, 4, 1), date(2024, 10, 1)], "Q", "2024-01-01", "2024-10-01"),
        (["2021", "2022", "2024"], "Y", "2021-01-01", "2024-01-01"),
    ],
)
def test_the_calendar_is_read_from_the_labels(labels, frequency, first, last):
    found = history(labels)
    assert found.period.frequency == frequency
    assert np.diff(found.to_pandas()["period"]).tolist() == [1, 2]  # a gap stays a gap
    assert found.source.moves()["n"].sum() == 1
    assert found.period.start(found.first_period) == pd.Timestamp(first)
    assert found.period.start(found.last_period) == pd.Timestamp(last)


def test_whole_numbers_stay_a_bare_count():
    arrow = pd.array([1.0, 2.0, 4.0], "double[pyarrow]")
    for labels in ([1, 2, 4], [1.0, 2.0, 4.0], pd.array([1, 2, 4], "Int64"), arrow):
        found = history(labels)
        assert (found.period, found.to_pandas()["period"].tolist()) == (None, [1, 2, 4])
    counted = history([1, 2, 4], period="quarter")
    assert (counted.period, counted.occupancy().index[0]) == (Period("quarter"), "1")
    assert period_label(FISCAL.number(date(2024, 5, 17)), FISCAL) == "2024Q4"


def test_other_text_is_refused():
    with pytest.raises(DataError, match=r"found '03/04/2024'.*Whole numbers are taken"):
        history(["2024-03-04", "03/04/2024"])
    with pytest.raises(DataError, match="in one way"):
        history(["2024Q1", "2024-04"])
    with pytest.raises(DataError, match="found pandas Periods of frequency 'D'"):
        history(pd.PeriodIndex(["2024-01-01", "2024-01-02"], freq="D"))
    with pytest.raises(DataError, match=r"must be a week or more apart.*period='month'"):
        history(pd.date_range("2024-01-01", periods=3))
    with pytest.raises(DataError, match="period must have a value; 1 of 2 rows"):
        history(["2024Q1", None])
    with pytest.raises(DataError, match=r"found fractions, first 1\.5"):
        history([1.0, 1.5])


def test_a_given_period_agrees_with_the_labels():
    months = history(pd.to_datetime(["2024-03-01", "2024-04-01", "2024-05-01"]))
    assert months.occupancy().index.tolist() == ["2024-03", "2024-04", "2024-05"]
    days = history(["2024-07-01", "2024-10-01", "2025-01-01"], period=FISCAL)
    assert days.occupancy().index.tolist() == ["2025Q1", "2025Q2", "2025Q3"]
    text = history(QUARTERS, period="Q-JUN")
    assert (text.period, text.occupancy().index[0]) == (FISCAL, "2024Q1")
    with pytest.raises(ParameterError, match=r"the history has quarters; found period='M'"):
        history(QUARTERS, period="month")
    with pytest.raises(ParameterError, match="the history has quarters; found period='Q-JUN'"):
        history(pd.PeriodIndex(QUARTERS, freq="Q"), period=FISCAL)
    known = history([1, 2, 4])
    assert LadderHistory.from_table(known) is known
    assert rm.estimate_transitions(known, prior=1, period="month").period == Period("month")
    with pytest.raises(ParameterError, match="the history has fiscal quarters"):
        rm.estimate_transitions(text, period="year")


def test_labels_are_read_once_for_each_period():
    labels = pd.Series(np.repeat(QUARTERS, 3))
    numbers, period = read_periods(labels, None)
    assert period == Period("quarter")
    assert numbers.tolist() == [8096] * 3 + [8097] * 3 + [8099] * 3


def test_every_row_has_a_period():
    with pytest.raises(DataError, match="every row needs a period; found 2 rows without"):
        read_periods(pd.Series(["2024Q1", None, None]), None)
    with pytest.raises(DataError, match=r"found fractions, first 1\.5"):
        read_periods(pd.Series([1.0, 1.5]), None)


def test_whole_numbers_in_text_are_a_count_and_years_are_a_calendar():
    numbers, period = read_periods(pd.Series(["-1", " 2.0"]), None)
    assert (numbers.tolist(), period) == ([-1, 2], None)
    years, period = read_periods(pd.Series(["2023", "2024"]), None)
    assert period == Period("year")
    assert np.diff(years).tolist() == [1]


def test_a_number_may_be_that_of_a_calendar_period():
    quarter = Period("quarter")
    assert is_calendar(quarter.number(date(2024, 1, 1)), quarter)
    assert is_calendar(quarter.number(date(1800, 6, 1)), quarter)
    assert is_calendar(quarter.number(date(2500, 6, 1)), quarter)
    assert not is_calendar(0, quarter)
    assert not is_calendar(2024, None)

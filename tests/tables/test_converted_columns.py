"""Columns that need no engine are converted exactly, and all others are left to it."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from relmark_research.tables._converted_columns import converted
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.read_table import group_values
from relmark_research.tables.schemas import Column

ID, DAY = Column("id", "id", "an id"), Column("day", "date", "a day")
NUMBER, FLAG = Column("n", "number", "a number"), Column("f", "flag", "a flag")


def result(values, column, **options):
    return converted(pd.Series(values), column, ReadOptions(**options))


@pytest.mark.parametrize("values", [["007", "a"], ["NA", None]])
def test_clean_text_is_the_same_object(values):
    series = pd.Series(values, dtype="str")
    assert converted(series, ID, ReadOptions()) is series


@pytest.mark.parametrize("values", [[" 7"], ["7.0"], ["Ångström"], [7.0], [""], [7, "8"]])
def test_other_ids_are_left_to_the_engine(values):
    assert result(values, ID) is None


def test_iso_days_are_converted_and_other_dates_are_not():
    assert result(["2024-01-31", None], DAY).iloc[0] == pd.Timestamp(2024, 1, 31)
    for values in (["2024-02-31"], ["31.01.2024"], [20240131], ["2024-01-31T10:00Z"]):
        assert result(values, DAY) is None
    assert result(["2024-01-31"], DAY, date_format="%d.%m.%Y") is None
    assert result(pd.to_datetime(["2024-01-31"]), DAY, time_zone="Europe/Sofia") is None


def test_plain_numbers_are_converted_where_the_point_is_no_other_sign():
    assert result(["1.5", "2"], NUMBER).to_list() == [1.5, 2.0]
    assert result(["1", "0"], FLAG).dtype == "int64"
    for values in (["1.500"], ["1,5"], ["1 000"], ["x"]):
        assert result(values, NUMBER) is None
    assert result(["1.500"], NUMBER, separator=",").to_list() == [1.5]
    assert result(["1.5"], NUMBER, decimal=",") is None


def test_columns_of_the_type_are_returned_as_they_are_and_others_converted():
    options, number = ReadOptions(), Column("n", "number", "a number")
    whole, real = pd.Series([1, 2]), pd.Series([0.5])
    assert converted(whole, number, options) is whole
    assert converted(real, number, options) is real
    assert converted(pd.Series([0.5], dtype="float32"), number, options).dtype == "float64"
    assert converted(pd.Series([1], dtype="uint64"), number, options).dtype == "float64"
    assert converted(pd.Series([1], dtype="int8"), number, options).dtype == "int64"
    assert converted(pd.Series([True]), number, options) is None
    flag = converted(pd.Series([True, False]), Column("f", "flag", "a flag"), options)
    assert (flag.tolist(), flag.dtype) == ([1, 0], "int64")
    ids = converted(pd.Series([7, 8]), Column("id", "id", "an id"), options)
    assert ids.tolist() == ["7", "8"]
    period = pd.Series(["2024Q1"])
    assert converted(period, Column("p", "period", "a period"), options) is period


def test_days_are_without_a_time_of_day():
    day, options = Column("d", "date", "a day"), ReadOptions()
    days = pd.Series(pd.to_datetime(["2024-01-31"]))
    assert converted(days, day, options) is days
    assert converted(days + pd.Timedelta(hours=3), day, options).equals(days)
    dates = pd.Series([date(2024, 1, 31), None], dtype=object)
    assert converted(dates, day, options)[0] == days[0]
    moments = pd.Series([datetime(2024, 1, 31, 5)], dtype=object)
    assert converted(moments, day, options) is None
    assert converted(days.dt.tz_localize("UTC"), day, options) is None
    assert converted(days, day, ReadOptions(time_zone="Europe/Sofia")) is None


def test_groups_of_whole_numbers_are_the_same_in_any_type():
    values = pd.Series([1, "1", 1.0, np.float32(1), "a"], dtype=object, name="group")
    assert group_values(values).to_list() == ["1", "1", "1", "1", "a"]
    assert group_values(pd.Series([2.0, 2.5], dtype=object)).to_list() == ["2", "2.5"]

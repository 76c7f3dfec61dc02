"""Columns that need no engine are converted exactly, and all others are left to it."""

import pandas as pd
import pytest

from relmark_research.tables._converted_columns import converted
from relmark_research.tables.options import ReadOptions
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

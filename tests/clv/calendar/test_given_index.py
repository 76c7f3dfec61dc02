"""Known relative rates by date, repeated over the years."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from relmark_research.clv.calendar._given_index import DailyIndex
from relmark_research.errors import DataError


def test_a_rate_holds_until_the_next_date():
    index = DailyIndex.of(pd.Series([1.0, 2.0], index=pd.to_datetime(["2024-01-01", "2024-07-01"])))
    days = [date(2024, 1, 1), date(2024, 6, 30), date(2024, 7, 1), date(2024, 12, 29)]
    found = index.log_rates(np.array([day.toordinal() for day in days]))
    assert np.exp(found).tolist() == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("year", [1999, 2023, 2025, 2028, 2060])
def test_other_years_have_the_rates_of_the_same_days(year):
    """To within a day, by which leap years shift."""
    months = pd.Series(np.arange(1.0, 13), index=pd.date_range("2024-01-01", periods=12, freq="MS"))
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    found = np.exp(DailyIndex.of(months).log_rates(np.array([day.toordinal() for day in days])))
    inside = (days.day > 2) & (days.day < 28)
    assert found[inside] == pytest.approx(days.month[inside].to_numpy(float))


def test_periods_are_taken_as_dates():
    index = pd.Series([1.0, 3.0], index=pd.period_range("2024-01", periods=2, freq="M"))
    february = np.array([date(2024, 2, 10).toordinal()])
    assert np.exp(DailyIndex.of(index).log_rates(february)) == pytest.approx([3.0])


def test_days_that_no_year_covers_are_named():
    index = DailyIndex.of(pd.Series([1.0, 2.0], index=pd.to_datetime(["2024-01-01", "2024-02-01"])))
    with pytest.raises(DataError, match="2024-08-01"):
        index.log_rates(np.array([date(2024, 8, 1).toordinal()]))

"""What is taken as a calendar, and what is not."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.calendar.calendar_options import CalendarOptions, calendar_options
from relmark_research.errors import DataError, ParameterError
from tests.clv.calendar.simulated import seasonal_log


def test_none_is_a_season_by_month_and_false_is_no_calendar():
    assert calendar_options(None).season == "month"
    assert calendar_options(False) is None


def test_fitted_effects_stand_for_their_options():
    effects = rm.CalendarEffects.fit(
        seasonal_log(days=400, customers=40, acquired=100), season="week"
    )
    assert calendar_options(effects) is effects.options
    assert effects.options.season == "week"


def test_only_a_season_needs_a_year():
    assert CalendarOptions().needs_a_year
    assert not CalendarOptions(events={"sale": ["2024-01-01"]}).needs_a_year


@pytest.mark.parametrize("calendar", [True, "month", 12])
def test_anything_else_is_refused(calendar):
    with pytest.raises(ParameterError, match="CalendarOptions"):
        calendar_options(calendar)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (CalendarOptions(season="moon"), ParameterError, "day_of_week"),
        (CalendarOptions(events={"sale": [("2024-03-02", "2024-03-01")]}), DataError, "before"),
        (CalendarOptions(index=[1.0, 2.0]), DataError, "Series"),
    ],
)
def test_options_that_no_origin_could_use_are_refused_before_any_fit(options, error, words):
    with pytest.raises(error, match=words):
        calendar_options(options)
    with pytest.raises(error, match=words):
        rm.forecast_total(rm.load_cdnow(), horizon="13 weeks", calendar=options)


def test_an_index_that_does_not_cover_the_log_is_refused():
    index = pd.Series(1.0, index=pd.date_range("1997-01-01", periods=50))
    with pytest.raises(DataError, match="covers 50 days"):
        rm.backtest(rm.load_cdnow(), horizon="13 weeks", calendar=CalendarOptions(index=index))

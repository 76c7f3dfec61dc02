"""What is taken as a calendar, and what is not."""

import pytest

import relmark_research as rm
from relmark_research.clv.calendar.calendar_options import CalendarOptions, calendar_options
from relmark_research.errors import ParameterError
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

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import DataError, ParameterError
from relmark_research.units import AnnualRate, Horizon, Period, TimeUnit, as_date

days = st.dates(date(1950, 1, 1), date(2100, 1, 1))


def test_twelve_months_are_a_calendar_year_not_360_days():
    start = date(1997, 9, 30)
    assert Horizon.parse("12 months").length(TimeUnit("day"), start) == 365
    assert Horizon.parse("12 months").length(TimeUnit("day"), date(2023, 9, 30)) == 366
    assert Horizon.parse("1 year").end(start) == date(1998, 9, 30)


@given(days, st.integers(1, 600))
def test_a_length_in_weeks_is_the_same_from_any_day(start, count):
    horizon = Horizon.parse(f"{count} weeks")
    assert horizon.length(TimeUnit("week"), start) == count
    assert horizon.length(TimeUnit("day"), start) == 7 * count


@given(days, st.integers(1, 4000))
def test_a_last_day_is_as_far_as_it_is(start, ahead):
    end = date.fromordinal(start.toordinal() + ahead)
    assert Horizon.parse(str(end)).length(TimeUnit("day"), start) == ahead


def test_months_without_a_start_are_mean_gregorian():
    assert math.isclose(Horizon.parse("12 months").length(TimeUnit("day")), 365.2425)


@pytest.mark.parametrize("text", [None, "for ever", "inf"])
def test_for_ever(text):
    assert Horizon.parse(text).endless
    assert math.isinf(Horizon.parse(text).length(TimeUnit("week")))


@pytest.mark.parametrize(
    ("horizon", "said"),
    [
        ("52", "Name the unit"),
        ("soon", "found 'soon'"),
        ("0 weeks", "longer than 0"),
        ("3 fortnights", "no time unit 'fortnight'"),
    ],
)
def test_a_horizon_that_cannot_be_read_is_refused(horizon, said):
    with pytest.raises(ParameterError, match=said):
        Horizon.parse(horizon)


def test_a_horizon_beyond_the_calendar_is_refused():
    for text in ("100000 months", "100000 years", "99999999 weeks", "9" * 20 + " days"):
        with pytest.raises(ParameterError, match="by the year 9999; found"):
            Horizon.parse(text).length(TimeUnit("week"), date(1997, 9, 30))


def test_numbers_as_text_are_refused():
    with pytest.raises(ParameterError, match=r"found the text '0.1'\. Write it without quotes"):
        AnnualRate("0.1")
    with pytest.raises(ParameterError, match="found the text '52'"):
        Horizon(count="52")


def test_a_last_day_needs_to_know_where_the_data_end():
    with pytest.raises(ParameterError, match="observed_until"):
        Horizon.parse("1999-12-31").length(TimeUnit("week"))
    with pytest.raises(ParameterError, match="must end after the data do"):
        Horizon.parse("1999-12-31").length(TimeUnit("week"), date(2000, 1, 1))


def test_the_published_weekly_rate():
    """Fader, Hardie & Lee 2005: 15% a year is .0027 a week."""
    assert round(AnnualRate(0.15).continuous(TimeUnit("week")), 4) == 0.0027


@given(st.floats(1e-9, 0.99))
def test_a_year_of_any_unit_discounts_alike(rate):
    for name in ("day", "week", "month", "year"):
        unit = TimeUnit(name)
        assert math.isclose(AnnualRate(rate).continuous(unit) * unit.per_year, math.log1p(rate))


@pytest.mark.parametrize(("rate", "said"), [(10, "Did you mean 0.1?"), (-0.1, "-0.1")])
def test_a_rate_that_is_no_share_is_refused(rate, said):
    with pytest.raises(ParameterError, match=said):
        AnnualRate(rate)


def test_days_are_read_year_first_only():
    assert as_date("1997-09-30") == as_date(date(1997, 9, 30)) == date(1997, 9, 30)
    with pytest.raises(ParameterError, match="year first"):
        as_date("30/09/1997")


def test_units_are_named_in_singular_or_plural():
    assert TimeUnit("Weeks") == TimeUnit("week")
    with pytest.raises(ParameterError, match="there are: day, week, month, year"):
        TimeUnit("hour")


@pytest.mark.parametrize("first_month", range(1, 13))
@pytest.mark.parametrize("name", ["quarter", "year"])
def test_fiscal_periods_agree_with_pandas(name, first_month):
    period = Period(name, first_month=first_month)
    assert Period.of(period.frequency) == period
    for day in pd.date_range("1999-12-30", "2001-02-02", freq="13D"):
        expected = day.to_period(period.frequency)
        number = period.number(day.date())
        assert period.label(number) == str(expected)
        assert period.start(number) == expected.start_time
        assert period.number(period.start(number + 1).date() - timedelta(days=1)) == number


@pytest.mark.parametrize(("name", "code"), [("week", "W"), ("month", "M"), ("quarter", "Q")])
def test_calendar_periods_follow_one_another_without_gaps(name, code):
    period = Period.of(code)
    assert period == Period(name)
    days = pd.date_range("2023-12-20", "2025-01-10")
    numbers = [period.number(day.date()) for day in days]
    assert np.diff(numbers).min() == 0
    assert np.diff(numbers).max() == 1
    assert [str(day.to_period(code)).split("/")[0] for day in days] == list(
        map(period.label, numbers)
    )


def test_the_last_complete_period_ends_with_the_day():
    quarter = Period("quarter")
    assert quarter.label(quarter.last_complete(date(2024, 3, 31))) == "2024Q1"
    assert quarter.label(quarter.last_complete(date(2024, 3, 30))) == "2023Q4"


@pytest.mark.parametrize(
    ("labels", "frequency", "first"),
    [
        (["2023", "2024"], "Y-DEC", "2023"),
        (["2024-q1", "2024Q2"], "Q-DEC", "2024Q1"),
        (["2024-03", "2024-05"], "M", "2024-03"),
        (["2024-W01", "2024W52"], "W-SUN", "2024-01-01/2024-01-07"),
        (["2024-01-01", "2024-04-01", "2024-07-01"], "Q-DEC", "2024Q1"),
        ([pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")], "M", "2024-01"),
        ([date(2023, 1, 1), date(2024, 1, 1)], "Y-DEC", "2023"),
        (pd.period_range("2024Q1", periods=2, freq="Q-JUN"), "Q-JUN", "2024Q1"),
    ],
)
def test_periods_are_read_from_iso_labels(labels, frequency, first):
    found = Period.parse(pd.Series(labels))
    assert found.freqstr == frequency
    assert str(found[0]) == first


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["03/04/2024"], "'03/04/2024'"),
        (["2024Q1", "2024-02"], "'2024Q1', '2024-02'"),
        (["2024-13"], "'2024-13'"),
        (["2024Q1", None], "'missing'"),
        (["2024-02-30"], "'2024-02-30'"),
        (["2023-W53"], "'2023-W53'"),
        (["Q5 2024"], "'Q5 2024'"),
    ],
)
def test_other_labels_are_refused_with_the_first_of_them(labels, shown):
    with pytest.raises(DataError, match="periods must be") as error:
        Period.parse(pd.Series(labels))
    assert f"found {shown}." in str(error.value)


@pytest.mark.parametrize("wrong", ["fortnight", "Q-XYZ", "W-MON", ""])
def test_an_unknown_period_is_refused(wrong):
    with pytest.raises(ParameterError):
        Period.of(wrong)


@pytest.mark.parametrize(("name", "month"), [("month", 7), ("quarter", 13), ("year", True)])
def test_a_fiscal_calendar_begins_in_a_month(name, month):
    with pytest.raises(ParameterError, match="fiscal"):
        Period(name, first_month=month)


def test_discount_factors_of_the_periods_of_a_year_multiply_to_one_years():
    for name, count in [("quarter", 4), ("month", 12)]:
        assert Period(name).discount_factor(0.1) ** count == pytest.approx(1 / 1.1, rel=1e-14)


@pytest.mark.parametrize(
    "style",
    ["{y}Q{q}", "{y}-Q{q}", "{y} Q{q}", "{y}/q{q}", "Q{q} {y}", "Q{q}/{s}", "Q{q}'{s}", "Q{q}-{y}",
     "{q}Q{s}", "{q}Q {y}", "{y}q{q}"],
)  # fmt: skip
def test_quarters_are_read_as_people_write_them(style) -> None:
    labels = [style.format(y=y, s=y % 100, q=q) for y in (1998, 2024) for q in (1, 2, 3, 4)]
    expected = [f"{y}Q{q}" for y in (1998, 2024) for q in (1, 2, 3, 4)]
    assert Period.parse(pd.Series(labels)).astype(str).to_list() == expected


def test_months_a_quarter_apart_are_quarters() -> None:
    ends = pd.Series(["2024-03", "2024-06", "2024-12", "2025-03"])
    expected = ["2024Q1", "2024Q2", "2024Q4", "2025Q1"]
    assert Period.parse(ends).astype(str).to_list() == expected
    for months in (["2024-03", "2024-06"], ["2024-03", "2024-04", "2024-07"],
                   ["2023-12", "2024-12", "2025-12"]):  # fmt: skip
        assert Period.parse(pd.Series(months)).freqstr == "M"


@pytest.mark.parametrize("label", ["Q5 2024", "2024Q0", "Q1", "Q1 124", "5Q24", "Mar 2024"])
def test_other_labels_are_no_quarters(label) -> None:
    with pytest.raises(DataError, match="Q1 2024"):
        Period.parse(pd.Series([label, "2024Q2"]))

"""Calendar periods as whole numbers, in Python and in the engine, so that the next is plus one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import pandas as pd

from relmark_research.errors import check_choice
from relmark_research.units import DAYS_PER_YEAR, AnnualRate

if TYPE_CHECKING:
    import ibis.expr.types as ir

PeriodName = Literal["week", "month", "quarter", "year"]
YEARS = {"week": 7 / DAYS_PER_YEAR, "month": 1 / 12, "quarter": 0.25, "year": 1.0}

_MONDAY = date(1, 1, 1)  # a Monday, so that no week has a small number
_FREQUENCY = {"week": "W", "month": "M", "quarter": "Q", "year": "Y"}


def check_period(period: str) -> None:
    """Raise ParameterError unless ``period`` names a calendar period."""
    check_choice("period", period, YEARS)


def index_of(day: date, period: str) -> int:
    """Return the number of the period that holds ``day``.

    Examples
    --------
    >>> index_of(date(2024, 4, 1), "quarter") - index_of(date(2024, 3, 31), "quarter")
    1
    """
    if period == "week":
        return (day - _MONDAY).days // 7
    per_year = {"month": 12, "quarter": 4, "year": 1}[period]
    return day.year * per_year + (day.month - 1) * per_year // 12


def last_whole(until: date, period: str) -> int:
    """Return the number of the last period that had ended on the evening of ``until``."""
    return index_of(until + timedelta(days=1), period) - 1


def start_of(index: int, period: str) -> pd.Timestamp:
    """Return the first day of a period.

    Examples
    --------
    >>> start_of(index_of(date(2024, 5, 17), "quarter"), "quarter").date()
    datetime.date(2024, 4, 1)
    """
    if period == "week":
        return pd.Timestamp(_MONDAY + timedelta(days=7 * int(index)))
    per_year = {"month": 12, "quarter": 4, "year": 1}[period]
    year, part = divmod(int(index), per_year)
    return pd.Timestamp(year=year, month=1 + part * 12 // per_year, day=1)


def is_calendar(index: int, period: str | None) -> bool:
    """Return whether a number is that of a calendar period of the years 1800 to 2500.

    A history may count its periods 0, 1, 2, ... and still say that each is a quarter long.
    """
    if period is None:
        return False
    first, last = (index_of(date(year, 6, 1), period) for year in (1800, 2500))
    return first <= index <= last


def label_of(index: int, period: str | None) -> str:
    """Return what to call a period: 2024Q2, 2024-05, or the bare number without a calendar.

    Examples
    --------
    >>> label_of(8097, "quarter"), label_of(3, "quarter")
    ('2024Q2', '3')
    """
    if period is None or not is_calendar(index, period):
        return str(index)
    return str(start_of(index, period).to_period(_FREQUENCY[period])).split("/")[0]


def index_expression(day: ir.DateValue, period: str) -> ir.IntegerValue:
    """Return `index_of` as an expression of the engine."""
    import ibis

    if period == "week":
        days = day.delta(ibis.literal(_MONDAY), unit="day").cast("int64")
        return (days.cast("float64") / 7).floor().cast("int32")
    year = day.year().cast("int32")
    if period == "year":
        return year
    return year * 12 + day.month() - 1 if period == "month" else year * 4 + day.quarter() - 1


def discount_factor(annual_discount_rate: float, period: str) -> float:
    """Return what one unit of money is worth a period earlier, (1 + d)^(-years per period)."""
    import math

    check_period(period)
    return math.exp(-AnnualRate(annual_discount_rate).force * YEARS[period])

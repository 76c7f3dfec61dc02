"""Periods of a history as whole numbers: those of a calendar `Period`, or a bare count."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError
from relmark_research.units import Period, as_date

_CALENDAR_YEARS = (1800, 2500)  # a number outside is a bare count
_DAY = r"\d{4}-\d{2}-\d{2}"


def optional_period(period: str | Period | None) -> Period | None:
    """Return the Period of a word, or None for None."""
    return None if period is None else Period.of(period)


def agreed_period(known: Period | None, given: Period | None) -> Period | None:
    """Return the period of a history, refusing a given one that is another."""
    if known is not None and given is not None and known != given:
        raise ParameterError(
            f"the history has {known}s; found period={given.frequency!r}. Leave period out, or "
            "give the table in the periods that are meant."
        )
    return known or given


def is_calendar(number: int, period: Period | None) -> bool:
    """Return whether a number is that of a calendar period of the years 1800 to 2500.

    A history may count its periods 0, 1, 2, ... and still state that each is a quarter long.
    """
    if period is None:
        return False
    first, last = (period.number(date(year, 6, 1)) for year in _CALENDAR_YEARS)
    return first <= number <= last


def period_label(number: int, period: Period | None) -> str:
    """Return the name of a period, or the bare number of a history without a calendar.

    Examples
    --------
    >>> period_label(8097, Period("quarter")), period_label(3, Period("quarter"))
    ('2024Q2', '3')
    """
    if period is None or not is_calendar(number, period):
        return str(number)
    return period.label(number)


def read_periods(labels: pd.Series, period: Period | None) -> tuple[np.ndarray, Period | None]:
    """Return the number of each row's period, and the calendar period.

    Parameters
    ----------
    labels
        Whole numbers, which stay as they are, also as text (from 1800 to 2500: years); or what
        `Period.parse` reads: pandas Periods, ISO text, or the first day of each period.
    period
        What the user says of them; None takes it from the labels (None for whole numbers). Days
        are counted in it, and text such as ``2024Q1`` may name quarters of its fiscal calendar.

    Raises
    ------
    DataError
        If a label is missing or is none of these.
    ParameterError
        If the labels are of another period than the given one.

    Examples
    --------
    >>> numbers, period = read_periods(pd.Series(["2024Q1", "2024Q3"]), None)
    >>> numbers.tolist(), period.name
    ([8096, 8098], 'quarter')
    """
    if labels.isna().any():
        raise DataError(
            f"every row needs a period; found {int(labels.isna().sum()):,} rows without."
        )
    if pd.api.types.is_float_dtype(labels):
        labels = labels.astype("float64")
    if pd.api.types.is_float_dtype(labels) and (labels % 1).any():
        raise DataError(
            "periods are whole numbers, days or pandas Periods; found fractions, first "
            f"{labels[labels % 1 != 0].iloc[0]}. For irregular times use fit_generator."
        )
    if pd.api.types.is_float_dtype(labels) or pd.api.types.infer_dtype(labels) == "integer":
        return labels.to_numpy(np.int64), period
    counted = _whole_numbers(labels)
    if counted is not None:
        return counted, period
    codes, distinct = pd.factorize(labels)
    numbers, period = _calendar_numbers(pd.Index(distinct), period)
    return numbers[codes], period


def _whole_numbers(labels: pd.Series) -> np.ndarray | None:
    """Return whole numbers written as text; None for other text, and for years of four digits."""
    if isinstance(labels.dtype, pd.PeriodDtype) or labels.dtype.kind in "mM":
        return None
    texts = labels.astype("str").str.strip()
    first, last = map(str, _CALENDAR_YEARS)
    years = texts.str.fullmatch(r"\d{4}").all() and texts.between(first, last).all()
    if years or not texts.str.fullmatch(r"[+-]?\d{1,9}(\.0+)?").all():
        return None
    return texts.astype("float64").to_numpy(np.int64)


def _calendar_numbers(labels: pd.Index, period: Period | None) -> tuple[np.ndarray, Period]:
    """Return the number of each distinct label and the period that it is a number of."""
    labels = labels.infer_objects()
    try:
        parsed = Period.parse(labels)
    except DataError as error:
        raise DataError(f"history: {error} Whole numbers are taken as they are.") from None
    own = _period_of(parsed)
    text = not isinstance(labels.dtype, pd.PeriodDtype)
    if text and re.match(_DAY, str(labels[0])):
        return _numbers_of_days(labels, own, period)
    if text and period is not None and own == Period(period.name):
        return _numbers(parsed.start_time, own), period  # fiscal years have the same numbers
    agreed_period(own, period)
    return _numbers(parsed.start_time, own), own


def _numbers_of_days(
    days: pd.Index, spaced: Period, period: Period | None
) -> tuple[np.ndarray, Period]:
    """Count days in the given period, or in the one that their spacing suggests."""
    numbers = _numbers(days, period or spaced)
    if period is None and len(set(numbers)) < len({as_date(day) for day in days}):
        raise DataError(
            f"days that begin periods must be a {spaced} or more apart; found several in one "
            f"{spaced}. Give the first day of each period, or name it, as in period='month'."
        )
    return numbers, period or spaced


def _period_of(parsed: pd.PeriodIndex) -> Period:
    try:
        return Period.of(parsed.freqstr)
    except ParameterError:
        raise DataError(
            "periods are weeks (Monday to Sunday), months, quarters or years; found pandas Periods "
            f"of frequency {parsed.freqstr!r}. Convert them with asfreq, or give whole numbers."
        ) from None


def _numbers(days: pd.Index, period: Period) -> np.ndarray:
    return np.array([period.number(as_date(day)) for day in days], np.int64)

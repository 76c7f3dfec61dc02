"""Time and discounting: the only place that converts either.

A model knows time as a number in some unit. People know dates, "12 months" and a rate per year.
`TimeUnit` names the unit, `Horizon` measures a calendar length in it from a given day, `Period` is
a calendar period (a month, a fiscal quarter) that tables are counted by, and `AnnualRate` turns a
yearly discount rate into the continuous rate per unit or period.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_choice, check_number

DAYS_PER_YEAR = 365.2425  # mean Gregorian year

_DAYS = {"day": 1.0, "week": 7.0, "month": DAYS_PER_YEAR / 12, "year": DAYS_PER_YEAR}

Day = str | date | pd.Timestamp


@dataclass(frozen=True)
class TimeUnit:
    """The unit in which recency, T and a model's rates are counted.

    Parameters
    ----------
    name
        ``"day"``, ``"week"``, ``"month"`` or ``"year"``; plurals are taken too.

    Examples
    --------
    >>> TimeUnit("weeks").days
    7.0
    """

    name: str

    def __post_init__(self) -> None:
        name = str(self.name).strip().lower().removesuffix("s")
        check_choice("time unit", name, _DAYS)
        object.__setattr__(self, "name", name)

    @property
    def days(self) -> float:
        """Length in days; month and year are mean Gregorian ones (365.2425 days a year)."""
        return _DAYS[self.name]

    @property
    def per_year(self) -> float:
        """How many of this unit make a mean Gregorian year."""
        return DAYS_PER_YEAR / self.days

    @classmethod
    def of(cls, unit: "str | TimeUnit") -> "TimeUnit":
        """Return ``unit`` as a TimeUnit, whether it came as one or as a word."""
        return unit if isinstance(unit, TimeUnit) else cls(unit)

    def between(self, start: date, end: date) -> float:
        """Return the time from ``start`` to ``end`` in this unit: whole days / days per unit.

        From the last day of a month to the last day of another, months are counted.
        """
        if self.name == "month" and _ends_month(start) and _ends_month(end):
            return float(12 * (end.year - start.year) + end.month - start.month)
        return (end - start).days / self.days

    def __str__(self) -> str:
        return self.name


def _ends_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def as_date(value: Day, *, name: str = "date") -> date:
    """Return a calendar day, refusing what cannot be read as one.

    Text is read as ISO (``1997-09-30``) only, since ``03/04`` means different days to different
    readers.
    """
    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, date) and value is not pd.NaT:
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise ParameterError(
            f"{name} must be a day such as '1997-09-30'; found {value!r}. Write it year first."
        ) from None


@dataclass(frozen=True)
class Horizon:
    """How far ahead to look: a count of calendar units, a last day, or for ever.

    Parameters
    ----------
    count
        Number of units, > 0; ``math.inf`` for an endless horizon.
    unit
        The calendar unit that is counted.
    until
        The last day, for a horizon given as a date; then ``count`` and ``unit`` do not matter.

    Examples
    --------
    >>> year = Horizon.parse("12 months")
    >>> year.length(TimeUnit("week"), start=date(1997, 9, 30)) * 7  # to 1998-09-30
    365.0
    >>> Horizon.parse("52 weeks").length(TimeUnit("day"))
    364.0
    """

    count: float = math.inf
    unit: TimeUnit = TimeUnit("week")
    until: date | None = None

    def __post_init__(self) -> None:
        rule = "must be longer than 0"
        check_number("a horizon", self.count, low=0, high=math.inf, rule=rule)
        if not self.count > 0:
            raise ParameterError(f"a horizon {rule}; found {self.count:g}.")

    @classmethod
    def parse(cls, text: "str | date | Horizon | None") -> "Horizon":
        """Read ``"52 weeks"``, ``"12 months"``, ``"1999-12-31"``, a date, or None (for ever)."""
        if text is None or isinstance(text, Horizon):
            return text or cls()
        if isinstance(text, date):
            return cls(until=as_date(text))
        phrase = str(text).strip().lower()
        if phrase in {"for ever", "forever", "inf"}:
            return cls()
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", phrase):
            return cls(until=as_date(phrase))
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", phrase)
        if match is None:
            raise ParameterError(
                "a horizon must be a length such as '52 weeks' or '12 months', a last day such as "
                f"'1999-12-31', or None for ever; found {text!r}. Name the unit beside the number."
            )
        return cls(count=float(match[1]), unit=TimeUnit(match[2]))

    @property
    def endless(self) -> bool:
        """Whether there is no last day."""
        return self.until is None and math.isinf(self.count)

    def end(self, start: date) -> date:
        """Return the last day of the horizon that begins after ``start``."""
        if self.until is not None:
            return self.until
        try:
            if self.unit.name in {"month", "year"} and self.count == int(self.count):
                months = int(self.count) * (12 if self.unit.name == "year" else 1)
                return (pd.Timestamp(start) + pd.DateOffset(months=months)).date()
            return start + timedelta(days=round(self.count * self.unit.days))
        except (ValueError, OverflowError):
            raise ParameterError(
                f"a horizon must end within the calendar, by the year 9999; found {self} from "
                f"{start}. Give None for ever, or a shorter one."
            ) from None

    def length(self, unit: TimeUnit, start: date | None = None) -> float:
        """Return the length in ``unit``, in whole days from ``start`` where that is known.

        Without ``start`` a month is 30.436875 days and a year 365.2425, and a horizon given as a
        last day is refused. Months and years are whole numbers of months.
        """
        if self.endless:
            return math.inf
        if self.until is None and unit.name == "month" and self.unit.name in {"month", "year"}:
            return self.count * (12 if self.unit.name == "year" else 1)
        if start is None and self.until is not None:
            raise ParameterError(
                f"the horizon ends on {self.until}, but the data do not say on which day they end. "
                "Give the observation's last day: CustomerSummary(..., observed_until=...)."
            )
        if start is None:
            return self.count * self.unit.days / unit.days
        if self.until is not None and self.until <= start:
            raise ParameterError(
                f"the horizon must end after the data do ({start}); found {self.until}."
            )
        return unit.between(start, self.end(start))

    def __str__(self) -> str:
        if self.endless:
            return "for ever"
        if self.until is not None:
            return f"until {self.until}"
        return f"{self.count:g} {self.unit}{'' if self.count == 1 else 's'}"


@dataclass(frozen=True)
class AnnualRate:
    """A discount rate per year, and what it is per unit of time.

    Parameters
    ----------
    value
        Effective rate per year as a share, in [0, 1): 0.10 is ten percent.

    Examples
    --------
    >>> round(AnnualRate(0.15).continuous(TimeUnit("week")), 4)  # Fader, Hardie & Lee 2005
    0.0027
    """

    value: float

    def __post_init__(self) -> None:
        check_number("an annual discount rate", self.value)
        if 1 <= self.value <= 100:
            raise ParameterError(
                f"an annual discount rate is a share in [0, 1); found {self.value:g}. "
                f"Did you mean {self.value / 100:g}?"
            )
        if not 0 <= self.value < 1:
            raise ParameterError(
                f"an annual discount rate is a share in [0, 1), 0.10 for ten percent; "
                f"found {self.value!r}."
            )

    @property
    def force(self) -> float:
        """Continuous rate per year, ln(1 + d)."""
        return math.log1p(self.value)

    def continuous(self, unit: TimeUnit) -> float:
        """Return the continuous rate per ``unit``, ln(1 + d) / units per year."""
        return self.force / unit.per_year


_PERIODS = {"week": "W", "month": "M", "quarter": "Q", "year": "Y"}  # pandas' codes
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONDAY = date(1, 1, 1)  # a Monday, so that week numbers are positive


@dataclass(frozen=True)
class Period:
    """A calendar period: week, month, quarter or year, or a quarter or year of a fiscal calendar.

    Periods are numbered so that the next one is plus one: a year by its own number, a quarter by
    4 x year + quarter - 1, a month by 12 x year + month - 1, a week by the Mondays since year 1.
    A fiscal year bears the number of the calendar year in which it ends.

    Parameters
    ----------
    name
        ``"week"`` (Monday to Sunday), ``"month"``, ``"quarter"`` or ``"year"``.
    first_month
        Month in which the fiscal year begins, 1 to 12; 1 is the calendar year.

    Examples
    --------
    >>> quarter = Period.of("quarter")
    >>> quarter.label(quarter.number(date(2024, 5, 17)))
    '2024Q2'
    >>> fiscal = Period("quarter", first_month=7)
    >>> fiscal.label(fiscal.number(date(2024, 5, 17)))
    '2024Q4'
    """

    name: str
    first_month: int = 1

    def __post_init__(self) -> None:
        name = str(self.name).strip().lower()
        name = name.removesuffix("s")
        check_choice("period", name, _PERIODS)
        object.__setattr__(self, "name", name)
        if isinstance(self.first_month, bool) or self.first_month not in range(1, 13):
            raise ParameterError(
                "the first month of a fiscal year is a number from 1 (January) to 12; found "
                f"{self.first_month!r}."
            )
        if self.first_month > 1 and name not in {"quarter", "year"}:
            raise ParameterError(
                f"a fiscal calendar has quarters and years of its own; found a {name} with "
                f"first_month={self.first_month}. Leave first_month out."
            )

    @classmethod
    def of(cls, period: "str | Period") -> "Period":
        """Return a Period given as one, as a word or as pandas' code (``"M"``, ``"Q-JUN"``)."""
        if isinstance(period, Period):
            return period
        code, _, anchor = str(period).strip().upper().partition("-")
        names = {code: name for name, code in _PERIODS.items()} | {"A": "year"}
        if code not in names or (code == "W" and anchor not in {"", "SUN"}):
            return cls(period)
        if code in {"W", "M"} or not anchor:
            return cls(names[code])
        if anchor not in _MONTHS:
            raise ParameterError(
                f"a fiscal period ends in a month such as 'Q-JUN'; found {period!r}."
            )
        return cls(names[code], first_month=(_MONTHS.index(anchor) + 1) % 12 + 1)

    @property
    def frequency(self) -> str:
        """pandas' code of the period: ``"M"``, ``"Q"``, ``"Q-JUN"``."""
        last = "" if self.first_month == 1 else f"-{_MONTHS[self.first_month - 2]}"
        return _PERIODS[self.name] + last

    @property
    def years(self) -> float:
        """Length in years: 1/4 for a quarter, 7 / 365.2425 for a week."""
        return 7 / DAYS_PER_YEAR if self.name == "week" else 1 / self._in_a_year

    @property
    def per_year(self) -> float:
        """How many periods make a year."""
        return DAYS_PER_YEAR / 7 if self.name == "week" else float(self._in_a_year)

    @property
    def _in_a_year(self) -> int:
        return {"month": 12, "quarter": 4, "year": 1}[self.name]

    def number(self, day: date) -> int:
        """Return the number of the period that holds ``day``."""
        if self.name == "week":
            return (day - _MONDAY).days // 7
        months = day.year * 12 + day.month - self.first_month + 12 * (self.first_month > 1)
        return months * self._in_a_year // 12

    def start(self, number: int) -> pd.Timestamp:
        """Return the first day of a period."""
        if self.name == "week":
            return pd.Timestamp(_MONDAY + timedelta(days=7 * int(number)))
        months = int(number) * 12 // self._in_a_year
        months += self.first_month - 1 - 12 * (self.first_month > 1)
        return pd.Timestamp(year=months // 12, month=months % 12 + 1, day=1)

    def last_complete(self, until: date) -> int:
        """Return the number of the last period that had ended by the evening of ``until``."""
        return self.number(until + timedelta(days=1)) - 1

    def label(self, number: int) -> str:
        """Return the name of a period: 2024Q2, 2024-05, 2024, or the Monday of a week."""
        return str(self.start(number).to_period(self.frequency)).split("/")[0]

    def discount_factor(self, annual_discount_rate: float) -> float:
        """Return the value of one unit of money a period earlier, (1 + d)^(-years per period)."""
        return math.exp(-AnnualRate(annual_discount_rate).force * self.years)

    @staticmethod
    def parse(labels: "pd.Series | pd.Index") -> pd.PeriodIndex:
        """Read a column of periods, all of one kind.

        Parameters
        ----------
        labels
            pandas Periods, or text: ``2024``, ``2024-03``, ``2024Q1`` (also ``2024-Q1``,
            ``Q1 2024``, ``1Q24`` and the like), ``2024-W05``, or the first or last day of each
            period (``2024-01-01``), whose smallest spacing then tells months from quarters and
            years. Months that are all a quarter apart are quarters.

        Raises
        ------
        DataError
            Where a label is none of these, or they are of several kinds.

        Examples
        --------
        >>> Period.parse(pd.Series(["2024Q1", "2024-Q2", "Q3 2024", "4Q24"])).astype(str).to_list()
        ['2024Q1', '2024Q2', '2024Q3', '2024Q4']
        """
        if isinstance(labels.dtype, pd.PeriodDtype):
            return pd.PeriodIndex(labels)
        texts = pd.Series(labels).map(_iso_text).reset_index(drop=True).map(_quarter_text)
        for pattern, code in _LABELS.items():
            if texts.str.fullmatch(pattern).all():
                return _read_labels(texts, code)
        raise DataError(_wrong_labels(texts))

    def __str__(self) -> str:
        return self.name if self.first_month == 1 else f"fiscal {self.name}"


_LABELS = {
    r"\d{4}": "Y",
    r"\d{4}Q[1-4]": "Q",
    r"\d{4}-(0[1-9]|1[0-2])": "M",
    r"\d{4}-?[Ww](0[1-9]|[1-4]\d|5[0-3])": "W",
    r"\d{4}-\d{2}-\d{2}": "",
}


def _iso_text(value: object) -> str:
    """Return a label as text; a date, or the midnight of one, as its ISO day."""
    if isinstance(value, date):
        return as_date(value).isoformat()
    if pd.isna(value):  # type: ignore[call-overload]
        return "missing"
    return str(value).strip().removesuffix("T00:00:00").removesuffix(" 00:00:00")


_QUARTERS = (  # as people write them: year and quarter, or quarter and year
    r"(?P<year>\d{4})[ /.-]?[Qq](?P<quarter>[1-4])",
    r"[Qq](?P<quarter>[1-4])[ /.'-]{0,2}(?P<year>\d{4}|\d{2})",
    r"(?P<quarter>[1-4])[Qq][ /.'-]{0,2}(?P<year>\d{4}|\d{2})",
)


def _quarter_text(text: str) -> str:
    """Return a quarter as 2024Q1; a year of two digits is one of 1970 to 2069."""
    for pattern in _QUARTERS:
        if found := re.fullmatch(pattern, text):
            year = int(found["year"])
            year += 0 if year > 99 else 1900 if year > 69 else 2000
            return f"{year}Q{found['quarter']}"
    return text


def _read_labels(texts: pd.Series, code: str) -> pd.PeriodIndex:
    try:
        if code == "W":
            mondays = [date.fromisocalendar(int(t[:4]), int(t[-2:]), 1) for t in texts]
            return pd.DatetimeIndex(mondays).to_period("W")
        if code:
            read = pd.PeriodIndex(texts, freq=code)
            return read.asfreq("Q") if code == "M" and _quarters_apart(read) else read
        days = pd.DatetimeIndex([date.fromisoformat(text) for text in texts])
    except ValueError:
        raise DataError(_wrong_labels(texts)) from None
    gaps = (pd.Series(days.unique().sort_values()).diff() / pd.Timedelta(days=1)).dropna()
    gap = float(gaps.min()) if len(gaps) else DAYS_PER_YEAR
    return days.to_period("W" if gap < 20 else "M" if gap < 45 else "Q" if gap < 200 else "Y")


def _quarters_apart(months: pd.PeriodIndex) -> bool:
    """Whether there are 3 months or more, each a quarter or several after the one before."""
    steps = np.diff(np.unique(months.asi8.astype(float)))
    return len(steps) > 1 and steps.min() == 3 and bool((steps % 3 == 0).all())


def _wrong_labels(texts: pd.Series) -> str:
    kinds = list(_LABELS)
    wrong = [text for text in texts if not any(re.fullmatch(kind, text) for kind in kinds)]
    shown = ", ".join(map(repr, (wrong or texts.drop_duplicates().to_list())[:3]))
    return (
        "periods must be years (2024), quarters (2024Q1 or Q1 2024), months (2024-03), weeks "
        "(2024-W05) or the first or last day of each (2024-01-01), all of one kind; found "
        f"{shown}. Write all of them in one way."
    )

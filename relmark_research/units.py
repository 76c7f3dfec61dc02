"""Time and discounting: the only place that converts either.

A model knows time as a bare number in some unit. People know dates, "12 months" and a rate per
year. `TimeUnit` names the unit, `Horizon` measures a calendar length in it from a given day, and
`AnnualRate` turns a yearly discount rate into the continuous rate per unit.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from relmark_research.errors import ParameterError, check_choice, check_number

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
        """Return the time from ``start`` to ``end`` in this unit: whole days / days per unit."""
        return (end - start).days / self.days

    def __str__(self) -> str:
        return self.name


def as_date(value: Day, *, name: str = "date") -> date:
    """Return a calendar day, refusing what cannot be read as one.

    Text is read as ISO (``1997-09-30``) only, since ``03/04`` means different days to different
    readers.
    """
    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, date):
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
        last day is refused.
        """
        if self.endless:
            return math.inf
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

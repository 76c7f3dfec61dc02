"""The design of calendar effects: what each day is, as a row of numbers.

z(d)        row of day d: columns of the seasons, of the events and of the trend
season      one column per month, week of the year or day of the week: 1 on its days, otherwise 0
event       one column per event: its strength on its days (1 unless said otherwise), otherwise 0
trend       years from the last day known, negative before it; after it the trend is damped to
            flat: with scale L, (L / year) (1 - exp(-(d - last day) / L))

Rows exist for every day, future ones too: seasons repeat, events are as declared, and the trend
levels off. An effect is a number per column; log s(d) = z(d)'effects is a day's log relative rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_choice
from relmark_research.tables.read_table import Table, read_columns, read_values
from relmark_research.tables.schemas import Column, ColumnType
from relmark_research.units import DAYS_PER_YEAR, Day, as_date

Array = np.ndarray
Season = Literal["month", "week", "day_of_week"]
Seasons = Season | Sequence[Season] | None
Events = Mapping[str, Any] | pd.DataFrame | Table | str | Path | None
"""Events by name: days, (first day, last day) pairs, or a Series of strengths by day; or a table
(a DataFrame or a file) with the columns event, start and optionally end and strength."""

SEASONS: tuple[Season, ...] = get_args(Season)
TREND, FIRST_PURCHASE = "trend", "first purchase"
DAMPING = DAYS_PER_YEAR / 2  # days after which a trend has lost 63% of its slope
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LABELS: dict[Season, tuple[str, ...]] = {
    "month": _MONTHS,
    "week": tuple(f"week {week}" for week in range(1, 53)),
    "day_of_week": _WEEKDAYS,
}


def day_numbers(days: Iterable[Any] | pd.DatetimeIndex) -> Array:
    """Return days as whole numbers, proleptic ordinals as of `datetime.date.toordinal`.

    Parameters
    ----------
    days
        A DatetimeIndex, a sequence of dates, or day numbers, which are returned as they are.

    Examples
    --------
    >>> day_numbers([date(1970, 1, 2)])
    array([719164])
    """
    if isinstance(days, np.ndarray) and days.dtype.kind in "iu":
        return days
    stamps = pd.DatetimeIndex(list(days) if not isinstance(days, pd.DatetimeIndex) else days)
    counted: Array = stamps.values.astype("datetime64[D]").astype(np.int64) + _EPOCH
    return counted


def dates_of(numbers: Array) -> pd.DatetimeIndex:
    """Return day numbers as a DatetimeIndex."""
    return pd.DatetimeIndex((np.asarray(numbers) - _EPOCH).astype("datetime64[D]"))


@dataclass(frozen=True)
class Event:
    """A declared event: its name, and its strength by day.

    Attributes
    ----------
    name
        Name of the event.
    days
        Day numbers on which it has a strength, ascending, shape (days,).
    strength
        Strength on those days; 0 on all others.
    """

    name: str
    days: tuple[int, ...]
    strength: tuple[float, ...]

    def column(self, numbers: Array) -> Array:
        """Return the event's strength on each day."""
        days = np.asarray(self.days)
        place = np.minimum(np.searchsorted(days, numbers), len(days) - 1)
        return np.where(days[place] == numbers, np.asarray(self.strength)[place], 0.0)


@dataclass(frozen=True)
class CalendarDesign:
    """What z(d) consists of.

    Parameters
    ----------
    seasons
        Seasons: ``"month"``, ``"week"`` (of the year), ``"day_of_week"``.
    events
        Declared events.
    trend_until
        Last day known, from which the trend is damped; None for no trend.
    damping
        Scale L of the damping, in days, > 0.

    Examples
    --------
    >>> design = CalendarDesign.of(season="month", events={"sale": ["2024-03-01"]})
    >>> design.names[-2:]
    ('Dec', 'sale')
    >>> design.matrix(np.array([date(2024, 3, 1).toordinal()]))[0, [2, 12]]
    array([1., 1.])
    """

    seasons: tuple[Season, ...] = ()
    events: tuple[Event, ...] = ()
    trend_until: date | None = None
    damping: float = DAMPING

    @classmethod
    def of(
        cls,
        *,
        season: Seasons = None,
        events: Events = None,
        trend_until: Day | None = None,
        damping: float = DAMPING,
    ) -> CalendarDesign:
        """Return a design from what a user says; see `Events` for the forms of events.

        Raises
        ------
        ParameterError
            If a season is unknown, or an event has no name or no days, or the name of another part.
        DataError
            If a day of an event cannot be read, or a period ends before it starts.
        """
        if not (season is None or isinstance(season, str | Iterable)):
            raise ParameterError(
                f"season is one of {', '.join(SEASONS)}, or None; found {season!r}."
            )
        given = () if season is None else (season,) if isinstance(season, str) else tuple(season)
        for name in given:
            check_choice("season", name, SEASONS)
        if len(set(given)) < len(given):
            raise ParameterError(f"each season may be given once; found {', '.join(given)}.")
        if not (np.isfinite(damping) and damping > 0):
            raise ParameterError(f"damping is a number of days > 0; found {damping}.")
        until = None if trend_until is None else as_date(trend_until, name="trend_until")
        declared = declared_events(events)
        _refuse_taken_names(declared)
        return cls(given, declared, until, float(damping))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        seasonal = [label for season in self.seasons for label in _LABELS[season]]
        return (*seasonal, *(event.name for event in self.events), *self._trend_name)

    @property
    def groups(self) -> tuple[str, ...]:
        """For each column what it belongs to: a season, ``"event"`` or ``"trend"``."""
        seasonal = [season for season in self.seasons for _ in _LABELS[season]]
        return (*seasonal, *("event" for _ in self.events), *self._trend_name)

    def __len__(self) -> int:
        return len(self.names)

    def matrix(self, days: Array | pd.DatetimeIndex | Sequence[date]) -> Array:
        """Return z of each day, shape (days, columns)."""
        numbers = day_numbers(days)
        parts = [_season_columns(season, numbers) for season in self.seasons]
        parts += [event.column(numbers)[:, None] for event in self.events]
        if self.trend_until is not None:
            parts.append(_trend(numbers - self.trend_until.toordinal(), self.damping)[:, None])
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(numbers), 0))

    def log_rates(self, days: Array | pd.DatetimeIndex, effects: Array) -> Array:
        """Return z(d)'effects of each day, shape (days,)."""
        result: Array = self.matrix(days) @ np.asarray(effects, float)
        return result

    @property
    def _trend_name(self) -> tuple[str, ...]:
        return () if self.trend_until is None else (TREND,)


def season_codes(season: Season, days: Array | pd.DatetimeIndex) -> Array:
    """Return the number of each day's month (0 to 11), week (0 to 51) or day of the week (0 to 6).

    Weeks are counted from 1 January in steps of seven days; the last has eight or nine.
    """
    numbers = day_numbers(days)
    codes: Array = (numbers + 6) % 7  # day 1 was a Monday
    if season == "month":
        codes = dates_of(numbers).month.to_numpy() - 1
    elif season == "week":
        codes = np.minimum((dates_of(numbers).day_of_year.to_numpy() - 1) // 7, 51)
    return codes


def season_labels(season: Season) -> tuple[str, ...]:
    """Return the names of a season's parts, in order."""
    return _LABELS[season]


def declared_events(events: Events) -> tuple[Event, ...]:
    """Return events from a mapping or a table; see `Events`."""
    if events is None:
        return ()
    given = _from_table(events) if _is_table(events) else events
    if not isinstance(given, Mapping):
        raise ParameterError(
            "events are a mapping of names to days, such as {'sale': [('2024-11-20', "
            f"'2024-12-24')]}}, or a table of event, start and end; found {type(events).__name__}."
        )
    return tuple(_event(name, days) for name, days in given.items())


def _is_table(events: Any) -> bool:
    return isinstance(events, str | Path) or (
        not isinstance(events, Mapping) and hasattr(type(events), "columns")
    )


def _from_table(table: Any) -> dict[str, list[tuple[Any, Any, float]]]:
    """Return the periods of each event of a table with event, start[, end][, strength]."""
    types: dict[str, ColumnType] = {"event": "text", "start": "date"}
    optional: dict[str, ColumnType] = {"end": "date", "strength": "number"}
    read = read_columns(table, types, name="events", optional=optional)
    blank = read["event"].isna() | read["start"].isna()
    if blank.any():
        raise DataError(
            f"events: each row needs an event and a start; {blank.sum():,} of {len(read):,} have "
            f"none, first row {int(np.argmax(blank)) + 1:,}."
        )
    ends = read["end"].fillna(read["start"]) if "end" in read else read["start"]
    strengths = read["strength"] if "strength" in read else pd.Series(1.0, index=read.index)
    found: dict[str, list[tuple[Any, Any, float]]] = {}
    for name, start, end, strength in zip(
        read["event"], read["start"], ends, strengths, strict=True
    ):
        found.setdefault(str(name), []).append((start, end, float(strength)))
    return found


def _refuse_taken_names(events: tuple[Event, ...]) -> None:
    """Raise ParameterError for an event that has the name of a part of a season or of the trend."""
    taken = {label for labels in _LABELS.values() for label in labels} | {TREND, FIRST_PURCHASE}
    same = [event.name for event in events if event.name in taken]
    if same:
        raise ParameterError(
            f"an event cannot have the name of a part of the calendar; found {same[0]!r}. Give it "
            "another name."
        )


def _event(name: Any, days: Any) -> Event:
    """Return an event from its days, periods or strengths."""
    if not isinstance(name, str) or not name.strip():
        raise ParameterError(f"an event needs a name; found {name!r}.")
    strengths: dict[int, float] = {}
    if isinstance(days, pd.Series):
        strengths = _by_day(name, days)
    else:
        for entry in _entries(name, days):
            strengths |= _period(name, entry)
    if not strengths:
        raise ParameterError(f"the event {name!r} needs at least one day; found none.")
    wrong = sum(not np.isfinite(strength) for strength in strengths.values())
    if wrong:
        raise ParameterError(
            f"the strengths of the event {name!r} must be finite numbers; found {wrong:,} of "
            f"{len(strengths):,} days without one."
        )
    ordered = sorted(strengths)
    return Event(name, tuple(ordered), tuple(strengths[day] for day in ordered))


def _by_day(name: str, strengths: pd.Series) -> dict[int, float]:
    """Return a Series of strengths by day, or raise DataError where it is none."""
    index = strengths.index
    if pd.api.types.is_numeric_dtype(index.dtype):
        raise DataError(
            f"the strengths of the event {name!r} are a Series by date; found an index of numbers."
        )
    dates = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
    if isinstance(dates, pd.DatetimeIndex) and dates.tz is not None:
        dates = dates.tz_localize(None)  # the day where the event takes place
    column = Column("date", "date", f"a day of the event {name}")
    try:
        read = pd.DatetimeIndex(read_values(pd.Series(dates), column))
    except DataError as error:
        raise DataError(f"the event {name!r}: {error}") from None
    missing = int(np.sum(read.isna()))
    if missing:
        raise DataError(
            f"each strength of the event {name!r} needs a day; {missing:,} of {len(read):,} have "
            "none."
        )
    days = day_numbers(read)
    if len(np.unique(days)) < len(days):
        raise DataError(
            f"each day of the event {name!r} has one strength; found {len(days):,} strengths of "
            f"{len(np.unique(days)):,} days."
        )
    numbers = pd.to_numeric(strengths, errors="coerce").astype(float)
    return {int(day): float(value) for day, value in zip(days, numbers, strict=True)}


def _entries(name: str, days: Any) -> Iterable[Any]:
    """Return the days and periods of an event, or raise ParameterError where there are none."""
    if isinstance(days, tuple) and len(days) == 2 and not any(_is_period(day) for day in days):
        raise ParameterError(
            f"the event {name!r} is given as one pair, which may be a period or two days; write "
            f"[{days!r}] for the period, or {list(days)!r} for the two days."
        )
    if isinstance(days, str | date | np.datetime64):
        return [days]
    if not isinstance(days, Iterable):
        raise ParameterError(
            f"the event {name!r} needs days, (first day, last day) pairs, or a Series of strengths "
            f"by day; found {days!r}."
        )
    return days


def _is_period(entry: Any) -> bool:
    return isinstance(entry, tuple | list)


def _period(name: str, entry: Any) -> dict[int, float]:
    """Return the strength by day of a day, or of (first day, last day[, strength])."""
    parts: tuple[Any, ...] = tuple(entry) if _is_period(entry) else (entry, entry)
    if len(parts) not in (2, 3):
        raise ParameterError(
            f"a period of the event {name!r} is (first day, last day); found {entry!r}."
        )
    first, last = (as_date(day, name=f"a day of {name!r}") for day in parts[:2])
    if last < first:
        raise DataError(f"a period of the event {name!r} ends on {last}, before its start {first}.")
    strength = pd.to_numeric(parts[2], errors="coerce") if len(parts) == 3 else 1.0
    return dict.fromkeys(range(first.toordinal(), last.toordinal() + 1), float(strength))


def _season_columns(season: Season, numbers: Array) -> Array:
    columns: Array = np.eye(len(_LABELS[season]))[season_codes(season, numbers)]
    return columns


def _trend(days: Array, damping: float) -> Array:
    """Return the trend's column at days counted from the last day known."""
    after = damping * -np.expm1(-np.maximum(days, 0) / damping)
    result: Array = (np.minimum(days, 0) + after) / DAYS_PER_YEAR
    return result

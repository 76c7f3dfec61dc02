"""What a calendar consists of, before it is fitted: seasons, events, trend and known rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from relmark_research.clv.calendar._given_index import DailyIndex
from relmark_research.clv.calendar.calendar_design import CalendarDesign, Events, Seasons
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd


CALENDAR = ", calendar"  # ends the name of a model on the clock of a calendar


class HasOptions(Protocol):
    """A fitted calendar, which knows what it consists of."""

    @property
    def options(self) -> CalendarOptions:
        """What it consists of."""


@dataclass(frozen=True, eq=False)
class CalendarOptions:
    """What a calendar consists of. A backtest fits it anew at each origin.

    Parameters
    ----------
    season
        ``"month"``, ``"week"`` (of the year), ``"day_of_week"``, several of them, or None.
    events
        Declared events by name: days, (first day, last day) pairs or a Series of strengths by day,
        past and future ones; or a table with the columns event, start[, end][, strength].
    trend
        Whether purchases may drift; the drift is damped to flat after the log.
    index
        Known relative rates, a Series by date, for logs that are too short to show a season.

    Examples
    --------
    >>> CalendarOptions(events={"sale": [("2024-11-20", "2024-12-24")]}).season
    'month'
    """

    season: Seasons = "month"
    events: Events = None
    trend: bool = False
    index: pd.Series | None = None

    def check_days(self, first: date, last: date) -> None:
        """Raise DataError if the index covers some days neither itself nor by another year."""
        if self.index is not None:
            DailyIndex.of(self.index).log_rates(np.arange(first.toordinal(), last.toordinal() + 1))

    @property
    def needs_a_year(self) -> bool:
        """Whether there is nothing to estimate but a season, which a year shows."""
        return self.events is None and self.index is None


CalendarChoice = CalendarOptions | Literal[False] | HasOptions | None
"""None for a season by month, False for no calendar, or what the calendar consists of."""


def calendar_options(calendar: CalendarChoice) -> CalendarOptions | None:
    """Return the options of a calendar that is to be fitted; None where there is to be none.

    Parameters
    ----------
    calendar
        None for a season by month, False for no calendar, `CalendarOptions`, or
        `CalendarEffects`, whose options are used.

    Raises
    ------
    ParameterError
        If it is anything else, or a season or an event cannot be used.
    DataError
        If the index is no Series of relative rates by date.
    """
    options = getattr(calendar, "options", calendar)
    if options is None:
        return CalendarOptions()
    if options is False:
        return None
    if isinstance(options, CalendarOptions):
        CalendarDesign.of(season=options.season, events=options.events)  # refuses before any fit
        if options.index is not None:
            DailyIndex.of(options.index)
        return options
    raise ParameterError(
        "calendar is None (a season by month), False (no calendar), CalendarOptions or "
        f"CalendarEffects; found {calendar!r}. For example: "
        "rm.clv.CalendarOptions(season='month', events={'sale': ['2024-11-29']})."
    )

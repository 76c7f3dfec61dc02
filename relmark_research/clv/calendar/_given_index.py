"""A calendar that a user gives: relative rates by date, repeated every year."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from relmark_research.clv.calendar.calendar_design import dates_of, day_numbers
from relmark_research.errors import DataError, cell_text
from relmark_research.tables.read_table import read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import DAYS_PER_YEAR

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class DailyIndex:
    """Relative rates by date; each holds until the next date.

    Attributes
    ----------
    starts
        Day numbers from which a rate holds, ascending, shape (rates,).
    rates
        The rates, > 0.
    end
        Day number from which the last rate no longer holds: as long after it as the dates are
        apart. Later and earlier days have the rate of the same day of another year.
    """

    starts: Array = field(repr=False)
    rates: Array = field(repr=False)
    end: int

    @classmethod
    def of(cls, index: pd.Series) -> DailyIndex:
        """Return the index of a Series of dates to relative rates.

        Raises
        ------
        DataError
            If it is no Series by date, or a rate is not > 0, or a date comes twice.
        """
        if not isinstance(index, pd.Series) or len(index) == 0:
            raise DataError(
                "index must be a Series of relative rates by date; found "
                f"{type(index).__name__} with {len(index) if hasattr(index, '__len__') else 0} "
                "values."
            )
        dates = index.index
        if isinstance(dates, pd.PeriodIndex):
            dates = dates.to_timestamp()
        days = read_values(pd.Series(dates), Column("date", "date", "a day"))
        values = read_values(index.reset_index(drop=True), Column("index", "number", "a rate"))
        given = pd.Series(values.to_numpy(float), index=pd.DatetimeIndex(days)).sort_index()
        starts, rates = day_numbers(pd.DatetimeIndex(given.index)), given.to_numpy(float)
        wrong = ~(np.isfinite(rates) & (rates > 0))
        if wrong.any():
            raise DataError(
                f"relative rates must be > 0; {wrong.sum():,} of {len(rates):,} are not, first "
                f"{cell_text(rates[wrong][0])} on {given.index[wrong][0].date()}. Closed "
                "days get a small rate."
            )
        if len(np.unique(starts)) < len(starts):
            raise DataError(
                f"each date of an index comes once; found {len(starts):,} with repeats."
            )
        spacing = int(np.median(np.diff(starts))) if len(starts) > 1 else 1
        return cls(starts, rates, int(starts[-1]) + spacing)

    def log_rates(self, numbers: Array) -> Array:
        """Return the log rate of each day, or raise DataError where no year covers it."""
        years = np.where(
            numbers >= self.end, np.ceil((numbers - self.end + 1) / DAYS_PER_YEAR), 0.0
        )
        early = numbers < self.starts[0]
        years = np.where(early, -np.ceil((self.starts[0] - numbers) / DAYS_PER_YEAR), years)
        at = np.rint(numbers - years * DAYS_PER_YEAR).astype(int)
        at = np.where(at == self.end, at - 1, at)  # a day lost by rounding and leap years
        at = np.where(at == self.starts[0] - 1, at + 1, at)
        missing = (at < self.starts[0]) | (at >= self.end)
        if missing.any():
            first: date = dates_of(numbers[missing][:1])[0].date()
            raise DataError(
                f"the index covers {self.end - int(self.starts[0])} days, and no year of it the "
                f"day {first}. Give an index of a whole year or of all days asked for."
            )
        result: Array = np.log(self.rates[np.searchsorted(self.starts, at, side="right") - 1])
        return result

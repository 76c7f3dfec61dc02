"""The spend ledger: acquisition and retention spend, and the number of customers reached and won.

One row per period, and per segment or channel if there are several. `SpendLedger` checks the
ledger once; `unit_costs` and `spending_position` use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.response.binomial_data import BinomialData
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.read_table import read_table
from relmark_research.tables.schemas import BOOKS, Column
from relmark_research.units import Day, Period, as_date

Purpose = Literal["acquisition", "retention"]
PURPOSES: tuple[Purpose, Purpose] = ("acquisition", "retention")

COLUMNS: dict[Purpose, tuple[str, str, str]] = {
    "acquisition": ("acquisition_spend", "prospects_reached", "customers_won"),
    "retention": ("retention_spend", "customers_at_risk", "customers_kept"),
}
"""Spend (money of the period), number of people it was spent on, and successes, by purpose."""

NUMBERS = [name for names in COLUMNS.values() for name in names]
ALL = "all"


@short_repr
@dataclass(frozen=True, repr=False)
class SpendLedger:
    """A checked spend ledger.

    Attributes
    ----------
    table
        period, segment and the six columns of numbers, sorted by segment and period.
    periods_per_year
        Number of periods in a year.
    """

    table: pd.DataFrame
    periods_per_year: int

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        by: str | None = None,
        period: str = "quarter",
        names: Mapping[str, str] | None = None,
    ) -> SpendLedger:
        """Check a table and return it as a spend ledger.

        Parameters
        ----------
        table
            Columns acquisition_spend, prospects_reached, customers_won, retention_spend,
            customers_at_risk, customers_kept: money and number of people in the period; or the path
            of a CSV or Parquet file, or ``"sample:books"``.
        by
            Column of the segment or channel; None if there is none.
        period
            Column of the period: ``2024Q1``, ``2024-03``, ``2024``, or the first day of each,
            as ISO text; pandas Periods for a fiscal calendar (``Q-JUN``).
        names
            Mapping of our column names to the table's own, for columns with other names.

        Raises
        ------
        DataError
            If a column or a period is missing, a period is duplicated, a spend is negative, or
            successes exceed the number of people.
        """
        if isinstance(table, SpendLedger):
            return table
        schema = BOOKS.with_columns(_period_and_segment(period, by))
        renamed = read_table(table, schema=schema, columns=names).frame
        if len(renamed) == 0:
            raise DataError("the spend ledger must have at least one period; found no rows.")
        segment = _segments(renamed[by]) if by else pd.Series(ALL, index=renamed.index)
        plain = pd.DataFrame({"period": Period.parse(renamed[period]), "segment": segment})
        for name in NUMBERS:
            plain[name] = renamed[name].astype(float)
        plain = plain.sort_values(["segment", "period"], ignore_index=True)
        _check_counts(plain)
        _check_periods(plain)
        return cls(plain, _per_year(plain["period"]))

    @property
    def segments(self) -> list[str]:
        """Names of the segments, in order."""
        return list(self.table["segment"].unique())

    def until(self, day: Day | None) -> SpendLedger:
        """Return the periods completed by ``day``; None returns all."""
        if day is None:
            return self
        last = pd.Timestamp(as_date(day, name="until"))
        complete = self.table["period"].dt.end_time.dt.normalize() <= last
        if not complete.any():
            raise DataError(
                f"no period of the ledger is complete by {last:%Y-%m-%d}; the first period is "
                f"{self.table['period'].min()}. Use a later day."
            )
        return SpendLedger(self.table[complete].reset_index(drop=True), self.periods_per_year)

    def recent(self, periods: int | None) -> SpendLedger:
        """Return the most recent periods, this many; None returns all."""
        last = self.table["period"].drop_duplicates().sort_values()
        if periods is None:
            return self
        if periods not in range(1, len(last) + 1):
            raise ParameterError(
                f"recent must be a number of periods from 1 to the {len(last)} of the ledger; "
                f"found {periods!r}."
            )
        chosen = self.table["period"].isin(last.iloc[-int(periods) :])
        return SpendLedger(self.table[chosen].reset_index(drop=True), self.periods_per_year)

    def totals(self) -> pd.DataFrame:
        """Return the sums over all periods by segment, with the total as the last row."""
        sums = self.table.groupby("segment", sort=False)[NUMBERS].sum()
        if list(sums.index) == [ALL]:
            return sums
        return pd.concat([sums, sums.sum().to_frame(ALL).T.rename_axis("segment")])

    def binomial_data(self, segment: str, purpose: Purpose) -> BinomialData:
        """Return spend per head, successes and trials of one segment, for periods with trials."""
        spend, people, successes = COLUMNS[purpose]
        rows = self.table[(self.table["segment"] == segment) & (self.table[people] > 0)]
        per_head = rows[spend] / rows[people]
        return BinomialData(per_head, rows[successes], rows[people])  # type: ignore[arg-type]

    def _summary(self) -> dict[str, object]:
        period = self.table["period"]
        return {
            "segments": len(self.segments),
            "periods": period.nunique(),
            "first": str(period.min()),
            "last": str(period.max()),
            "acquisition spend": self.table["acquisition_spend"].sum(),
            "retention spend": self.table["retention_spend"].sum(),
        }


def _period_and_segment(period: str, by: str | None) -> list[Column]:
    """Return the columns of the period and of the segment under the user's names."""
    columns = [Column(period, "period", "the period", required=True)]
    return columns + ([Column(by, "choice", "channel or segment", required=True)] if by else [])


def _segments(column: pd.Series) -> pd.Series:
    """Return segments as text; raise DataError for the name of the total."""
    texts = column.astype(str)
    if (texts == ALL).any():
        raise DataError(
            f"no segment may be named {ALL!r}, which is reserved for the total; found "
            f"{int((texts == ALL).sum())} such rows. Remove totals, or rename the segment."
        )
    return texts


def _per_year(periods: pd.Series) -> int:
    """Return how many of the periods make a year, refusing weeks and days."""
    frequency = pd.PeriodIndex(periods).freqstr
    if frequency[0] not in "MQY":
        raise DataError(f"periods must be months, quarters or years; found {periods.dtype}.")
    return round(Period.of(frequency).per_year)


def _check_counts(table: pd.DataFrame) -> None:
    for name in NUMBERS:
        _refuse(table, table[name] < 0, f"{name} must be 0 or more", [name])
    for spend, people, successes in COLUMNS.values():
        over = table[successes] > table[people]
        _refuse(table, over, f"{successes} must not exceed {people}", [successes, people])
        idle = (table[people] == 0) & (table[spend] > 0)
        _refuse(table, idle, f"{spend} needs {people} above 0", [spend, people])


def _check_periods(table: pd.DataFrame) -> None:
    twice = table.duplicated(["segment", "period"], keep=False)
    _refuse(table, twice, "each period must occur once per segment", [])
    periods = pd.period_range(table["period"].min(), table["period"].max())
    for segment, rows in table.groupby("segment"):
        missing = periods.difference(pd.PeriodIndex(rows["period"]))
        if len(missing):
            where = "" if segment == ALL else f" in segment {segment!r}"
            raise DataError(
                f"the spend ledger must have every period from {periods[0]} to {periods[-1]}; "
                f"{len(missing)} missing{where}, first: {', '.join(map(str, missing[:3]))}. "
                "Add them, with 0 if nothing was spent."
            )


def _refuse(table: pd.DataFrame, wrong: pd.Series, rule: str, shown: list[str]) -> None:
    """Raise DataError with the first wrong row."""
    if wrong.any():
        first = table[wrong].iloc[0]
        numbers = ", ".join(f"{name} {first[name]:,.10g}" for name in shown)
        where = str(first["period"]) + ("" if first["segment"] == ALL else f", {first['segment']}")
        raise DataError(
            f"{rule}; {int(wrong.sum())} of {len(table)} rows break this, first: {where}"
            f"{': ' + numbers if numbers else ''}. Correct the ledger."
        )

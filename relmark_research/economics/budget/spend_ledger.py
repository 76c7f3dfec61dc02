"""The books of acquisition and retention: who was reached, won, at risk and kept, for what money.

One row per period, and per segment or channel where there are several. `Books` checks them once;
what is computed from them is in `acquisition` and `position`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from relmark_research.customers.log.open_table import opened
from relmark_research.economics.response.response_fit import Counts
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.units import Day, as_date

Purpose = Literal["acquisition", "retention"]
PURPOSES: tuple[Purpose, Purpose] = ("acquisition", "retention")

COLUMNS: dict[Purpose, tuple[str, str, str]] = {
    "acquisition": ("acquisition_spend", "prospects_reached", "customers_won"),
    "retention": ("retention_spend", "customers_at_risk", "customers_kept"),
}
"""Spend (money of the period), heads (how many it was spent on) and successes, by purpose."""

NUMBERS = [name for names in COLUMNS.values() for name in names]
ALL = "all"


@dataclass(frozen=True)
class Books:
    """Checked books.

    Attributes
    ----------
    table
        period, segment and the six columns of numbers, by segment and rising period.
    periods_per_year
        How many of its periods make a year.
    """

    table: pd.DataFrame
    periods_per_year: int

    @classmethod
    def of(
        cls,
        table: pd.DataFrame | str | Books,
        *,
        by: str | None = None,
        period: str = "quarter",
        names: Mapping[str, str] | None = None,
    ) -> Books:
        """Check a table and return it as Books.

        Parameters
        ----------
        table
            Columns acquisition_spend, prospects_reached, customers_won, retention_spend,
            customers_at_risk, customers_kept: money and heads of the period; or the path of a CSV
            or Parquet file, or ``"sample:books"``.
        by
            Column of the segment or channel; None where there is none.
        period
            Column of the period: ``2024Q1``, ``2024-03``, ``2024``, or days that begin one.
        names
            Our name to the table's own, for columns that are called otherwise.

        Raises
        ------
        DataError
            Where a column is missing, a period is missing or stands twice, a spend is negative, or
            more are won than reached or kept than at risk.
        """
        if isinstance(table, Books):
            return table
        renamed = _renamed(opened(table), names or {})
        for name in [*NUMBERS, period, *([by] if by else [])]:
            if name not in renamed.columns:
                raise DataError(
                    unknown_name("column", name, renamed.columns)
                    + f" Rename it, or say names={{{name!r}: 'your column'}}."
                )
        if len(renamed) == 0:
            raise DataError("expected at least one period; the books have no rows.")
        segment = _segments(renamed[by]) if by else pd.Series(ALL, index=renamed.index)
        plain = pd.DataFrame({"period": _periods(renamed[period]), "segment": segment})
        for name in NUMBERS:
            plain[name] = _numbers(renamed[name])
        plain = plain.sort_values(["segment", "period"], ignore_index=True)
        _check_counts(plain)
        _check_periods(plain)
        return cls(plain, _per_year(plain["period"]))

    @property
    def segments(self) -> list[str]:
        """Names of the segments, in their order."""
        return list(self.table["segment"].unique())

    def until(self, day: Day | None) -> Books:
        """Return the periods that were over on ``day``; None returns all."""
        if day is None:
            return self
        last = pd.Timestamp(as_date(day, name="until"))
        kept = self.table["period"].dt.end_time.dt.normalize() <= last
        if not kept.any():
            raise DataError(
                f"no period of the books was over on {last:%Y-%m-%d}; the first is "
                f"{self.table['period'].min()}. Choose a later day."
            )
        return Books(self.table[kept].reset_index(drop=True), self.periods_per_year)

    def recent(self, periods: int | None) -> Books:
        """Return the last so many periods; None returns all."""
        last = self.table["period"].drop_duplicates().sort_values()
        if periods is None:
            return self
        if periods not in range(1, len(last) + 1):
            raise ParameterError(
                f"recent is a number of periods from 1 to the {len(last)} of the books; "
                f"found {periods!r}."
            )
        kept = self.table["period"].isin(last.iloc[-int(periods) :])
        return Books(self.table[kept].reset_index(drop=True), self.periods_per_year)

    def totals(self) -> pd.DataFrame:
        """Return the sums of all periods by segment, with a last row of all together."""
        sums = self.table.groupby("segment", sort=False)[NUMBERS].sum()
        if list(sums.index) == [ALL]:
            return sums
        return pd.concat([sums, sums.sum().to_frame(ALL).T.rename_axis("segment")])

    def counts(self, segment: str, purpose: Purpose) -> Counts:
        """Return spend per head, successes and heads of one segment, periods with heads only."""
        spend, heads, successes = COLUMNS[purpose]
        rows = self.table[(self.table["segment"] == segment) & (self.table[heads] > 0)]
        return Counts(rows[spend] / rows[heads], rows[successes], rows[heads])  # type: ignore[arg-type]


def _renamed(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the table under our names, refusing names that it does not have or has twice."""
    for own in names.values():
        if own not in table.columns:
            raise DataError(f"names: {unknown_name('column', own, table.columns)}")
    renamed = table.rename(columns={own: ours for ours, own in names.items()})
    twice = sorted(set(renamed.columns[renamed.columns.duplicated()].astype(str)))
    if twice:
        raise DataError(
            "names gives a column the name of another; twice found: "
            f"{', '.join(map(repr, twice))}. Take out the column that is not meant."
        )
    return renamed


def _segments(column: pd.Series) -> pd.Series:
    """Return segments as text, refusing rows of none and the name of the total."""
    blank = column.isna() | (column.astype(str).str.strip() == "")
    if blank.any():
        raise DataError(
            f"every row of the books must belong to a segment; {int(blank.sum())} of {len(column)} "
            f"have no {column.name}, first in row {column.index[blank][0]}. Name one, say 'other'."
        )
    texts = column.astype(str)
    if (texts == ALL).any():
        raise DataError(
            f"no segment may be called {ALL!r}, which is all of them together; found "
            f"{int((texts == ALL).sum())} such rows. Take totals out, or rename the segment."
        )
    return texts


def _periods(column: pd.Series) -> pd.Series:
    """Return periods of one length, read from quarters, months, years or days."""
    texts = column.astype(str).str.strip()
    try:
        if isinstance(column.dtype, pd.PeriodDtype):
            return column
        return pd.Series(pd.PeriodIndex(texts, freq=_frequency(texts)), index=column.index)
    except (ValueError, TypeError):
        raise DataError(
            "periods must be quarters (2024Q1), months (2024-03), years (2024) or the days that "
            f"begin one; found {texts.head(3).tolist()}. Write all of them in one way."
        ) from None


def _frequency(texts: pd.Series) -> str:
    if texts.str.fullmatch(r"\d{4}").all():
        return "Y"
    if texts.str.fullmatch(r"\d{4}-?[Qq][1-4]").all():
        return "Q"
    if texts.str.fullmatch(r"\d{4}-\d{2}").all():
        return "M"
    days = pd.DatetimeIndex(pd.to_datetime(texts)).unique().sort_values()
    gap = (
        np.median(np.diff(days.to_numpy()).astype("timedelta64[D]").astype(int))
        if len(days) > 1
        else 365
    )
    return "M" if gap < 45 else "Q" if gap < 200 else "Y"


def _per_year(periods: pd.Series) -> int:
    letter = periods.dtype.freq.freqstr[0]  # type: ignore[union-attr]
    if letter not in "MQYA":
        raise DataError(f"periods must be months, quarters or years; found {periods.dtype}.")
    return {"M": 12, "Q": 4}.get(letter, 1)


def _numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() | ~np.isfinite(numbers)
    if wrong.any():
        raise DataError(
            f"{column.name} must be numbers without gaps; found {wrong.sum()} that are none, first "
            f"in row {column.index[wrong][0]}: {column[wrong].iloc[0]!r}. Fill in what was spent "
            "or counted; 0 where it was nothing."
        )
    return numbers.astype(float)


def _check_counts(table: pd.DataFrame) -> None:
    for name in NUMBERS:
        _refuse(table, table[name] < 0, f"{name} must be 0 or more", [name])
    for spend, heads, successes in COLUMNS.values():
        over = table[successes] > table[heads]
        _refuse(table, over, f"{successes} cannot be more than {heads}", [successes, heads])
        idle = (table[heads] == 0) & (table[spend] > 0)
        _refuse(table, idle, f"{spend} needs {heads} above 0", [spend, heads])


def _check_periods(table: pd.DataFrame) -> None:
    twice = table.duplicated(["segment", "period"], keep=False)
    _refuse(table, twice, "each period may stand once per segment", [])
    whole = pd.period_range(table["period"].min(), table["period"].max())
    for segment, rows in table.groupby("segment"):
        missing = whole.difference(pd.PeriodIndex(rows["period"]))
        if len(missing):
            of = "" if segment == ALL else f" of {segment!r}"
            raise DataError(
                f"the books must have every period from {whole[0]} to {whole[-1]}; {len(missing)}"
                f"{of} missing, first: {', '.join(map(str, missing[:3]))}. "
                "Add them, with 0 where nothing was done, or cut the books to whole years."
            )


def _refuse(table: pd.DataFrame, wrong: pd.Series, rule: str, shown: list[str]) -> None:
    if wrong.any():
        first = table[wrong].iloc[0]
        numbers = ", ".join(f"{name} {first[name]:,.10g}" for name in shown)
        place = str(first["period"]) + ("" if first["segment"] == ALL else f", {first['segment']}")
        raise DataError(
            f"{rule}; found {int(wrong.sum())} rows of {len(table)} otherwise, first: {place}"
            f"{': ' + numbers if numbers else ''}. Mend the books."
        )

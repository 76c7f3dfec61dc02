"""The stages of prospects: their days, in order, as they stood on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, unknown_name
from relmark_research.relationships.incidence import LOST, ON_THE_WAY, REACHED
from relmark_research.units import Day, as_date

STAGES = ("contacted", "qualified", "offer", "won")
Array = np.ndarray


@dataclass(frozen=True)
class Prospects:
    """Prospects with the days of their stages, checked, and seen until a day.

    Parameters
    ----------
    table
        The rows whose first contact was not after ``observed_until``; later days are empty.
    start
        Column of the first contact.
    stages
        Columns of the stages, in order; the last one is the goal.
    lost
        Column of the day on which a prospect was given up, or None where that is not kept.
    observed_until
        Last day that was seen.
    """

    table: pd.DataFrame
    start: str
    stages: tuple[str, ...]
    lost: str | None
    observed_until: date

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        *,
        start: str = "first_contact",
        stages: tuple[str, ...] = STAGES,
        lost: str | None = None,
        observed_until: Day | None = None,
    ) -> Prospects:
        """Return the prospects of a table, checked.

        Raises
        ------
        DataError
            If a column is missing or no date, a first contact is missing, a stage lies before the
            one ahead of it or was reached without it, or a prospect was lost before he was met or
            after he was won.
        """
        stages = tuple(stages)
        table = _dated(table, [start, *stages, *([lost] if lost else [])])
        _check_order(table, [start, *stages], lost)
        days = [start, *stages, *([lost] if lost else [])]
        last = table[days].max().max().date() if observed_until is None else as_date(observed_until)
        end = pd.Timestamp(last)
        seen = table[table[start] <= end]
        if seen.empty:
            raise DataError(
                f"expected prospects met by {last}; found none of {len(table):,}, the first on "
                f"{table[start].min():%Y-%m-%d}. Look at a later day."
            )
        cut = {name: seen[name].where(seen[name] <= end) for name in days[1:]}
        return cls(seen.assign(**cut).reset_index(drop=True), start, stages, lost, last)

    def timed(self, origin: str, goal: str) -> tuple[Array, Array]:
        """Return days and outcome of those who came to ``origin``, on the way to ``goal``."""
        begun = self.table[self.table[origin].notna()]
        reached = begun[goal].notna()
        end = begun[goal].fillna(pd.Timestamp(self.observed_until))
        outcome = np.where(reached, REACHED, ON_THE_WAY)
        if self.lost is not None:
            given_up = begun[self.lost].notna() & ~reached
            end = end.where(~given_up, begun[self.lost])
            outcome = np.where(given_up, LOST, outcome)
        return (end - begun[origin]).dt.days.to_numpy(), outcome

    def by(self, column: str | None) -> dict[str, Prospects]:
        """Return the prospects apart by the values of a column; None keeps them together."""
        if column is None:
            return {"all": self}
        if column not in self.table.columns:
            raise DataError(f"prospects: {unknown_name('column', column, self.table.columns)}")
        named = self.table[column].astype(object).where(self.table[column].notna(), "not known")
        return {
            str(name): Prospects(
                rows.reset_index(drop=True), self.start, self.stages, self.lost, self.observed_until
            )
            for name, rows in self.table.groupby(named, sort=True)
        }


def _dated(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    for name in names:
        if name not in table.columns:
            raise DataError(f"prospects: {unknown_name('column', name, table.columns)}")
    try:
        dated = table.assign(**{name: pd.to_datetime(table[name]).dt.normalize() for name in names})
    except (ValueError, TypeError) as error:
        raise DataError(
            f"expected days in {', '.join(names)}; found what is none: {error}. Write year first."
        ) from None
    missing = dated[names[0]].isna()
    if missing.any() or dated.empty:
        raise DataError(
            f"every prospect needs a day of first contact ({names[0]}); {missing.sum():,} of "
            f"{len(dated):,} have none. Fill it in, or leave these rows out."
        )
    return dated


def _check_order(table: pd.DataFrame, names: list[str], lost: str | None) -> None:
    key = next((name for name in ("prospect_id", "customer_id") if name in table), None)
    for place in range(2, len(names)):
        skipped = table[names[place]].notna() & table[names[place - 1]].isna()
        _refuse(table, skipped, f"{names[place]} without {names[place - 1]}", key)
    for earlier, later in pairwise(names):
        _refuse(table, table[later] < table[earlier], f"{later} before {earlier}", key)
    if lost is not None:
        _refuse(table, table[lost] < table[names[0]], f"{lost} before {names[0]}", key)
        both = table[lost].notna() & table[names[-1]].notna()
        _refuse(table, both, f"both {lost} and {names[-1]}", key)


def _refuse(table: pd.DataFrame, wrong: pd.Series, what: str, key: str | None) -> None:
    if wrong.any():
        first = table[key] if key else table.index.to_series()
        raise DataError(
            f"stages out of order: expected each stage after the one before it; found {what} in "
            f"{wrong.sum():,} of {len(table):,} prospects, first "
            f"{', '.join(map(str, first[wrong].head(3)))}. Mend these days, or name the stages in "
            "the order in which they happen."
        )

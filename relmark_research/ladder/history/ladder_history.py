"""Who stood on which rung when: the table from which everything is estimated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, LadderError, unknown_name
from relmark_research.ladder.history.ladder import Move, parse_moves, rank
from relmark_research.ladder.history.memory_spells import Clusters, FrameSpells
from relmark_research.ladder.history.periods import label_of


class Spells(Protocol):
    """What a history is counted from, in memory or in an engine."""

    def moves(self) -> pd.DataFrame: ...  # noqa: D102
    def triples(self) -> pd.DataFrame: ...  # noqa: D102
    def occupancy(self) -> pd.DataFrame: ...  # noqa: D102
    def customers(self) -> int: ...  # noqa: D102
    def clusters(self) -> Clusters: ...  # noqa: D102
    def entries(self) -> pd.DataFrame: ...  # noqa: D102
    def firsts(self, start: int, target: int) -> pd.DataFrame: ...  # noqa: D102
    def rows(self) -> pd.DataFrame: ...  # noqa: D102
    def joined(self, people: pd.DataFrame, column: str) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class LadderHistory:
    """A table of customer_id, period, rung, counted where it lies.

    Attributes
    ----------
    states
        Rungs, lowest first, then what is beside the ladder.
    beside
        Which of them are beside it.
    period
        Calendar period; None where the table came with bare numbers.
    first_period, last_period
        Numbers of the first and the last period observed.
    impossible
        Moves that cannot happen.
    notes
        What a reader must know of the data.
    """

    states: tuple[str, ...]
    beside: tuple[str, ...]
    source: Spells = field(repr=False)
    period: str | None
    first_period: int
    last_period: int
    impossible: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    people: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        table: LadderHistory | pd.DataFrame,
        *,
        rungs: Sequence[str] | None = None,
        beside: Sequence[str] = (),
        impossible: Iterable[Any] = (),
        period: str | None = None,
    ) -> LadderHistory:
        """Read a table of customer_id, period and rung.

        Parameters
        ----------
        table
            One row per person and period. Periods are whole numbers, days or pandas Periods; of
            days and Periods the distinct ones are taken as successive.
        rungs
            States in order, lowest first, ``beside`` last; None takes the categories of a
            categorical column, else the order in which rungs first appear.
        beside
            States that are off the ladder.
        impossible
            Moves that cannot happen.
        period
            Calendar length of a period, for discounting.

        Raises
        ------
        LadderError
            For an unknown rung, a rung that nobody reaches, or a single period.
        DataError
            Where a column is missing, or a person stands on two rungs in one period.
        """
        if isinstance(table, LadderHistory):
            return table
        for column in ("customer_id", "period", "rung"):
            if column not in table.columns:
                raise DataError(f"history: {unknown_name('column', column, table.columns)}")
        if len(table) == 0:
            raise DataError("a history needs people on rungs; the table has no rows.")
        states = _states(table["rung"], rungs)
        spells = _spells(table, states)
        first, last = int(spells.period.min()), int(spells.period.max())
        if first == last:
            raise LadderError(
                "a move needs two periods; the history has a single one "
                f"({table['period'].iloc[0]}). Take shorter periods or longer data."
            )
        notes = (f"{spells.gaps:,} gaps in people's periods, over which no move is counted",)
        return cls(
            states=states,
            beside=tuple(beside),
            source=spells,
            period=period,
            first_period=first,
            last_period=last,
            impossible=parse_moves(impossible, states),
            notes=notes if spells.gaps else (),
            people=table.drop(columns=["period", "rung"]).drop_duplicates("customer_id"),
        )

    @property
    def rank(self) -> np.ndarray:
        """Height of each state: rungs 0, 1, ...; beside the ladder -1, -2, ..."""
        return rank(self.states, self.beside)

    def customers(self) -> int:
        """Return how many people there are."""
        return self.source.customers()

    def occupancy(self) -> pd.DataFrame:
        """Return how many people stood on each rung at the end of each period.

        Returns
        -------
        DataFrame
            Index: the period's name; a column per state.
        """
        found = self.source.occupancy()
        table = found.pivot(index="period", columns="state", values="n")
        span = range(self.first_period, self.last_period + 1)
        table = table.reindex(index=span, columns=range(len(self.states))).fillna(0).astype(int)
        table.columns = pd.Index(self.states, name="rung")
        return table.set_axis(
            pd.Index([label_of(i, self.period) for i in table.index], name="period")
        )

    def latest(self) -> pd.Series:
        """Return how many stand on each rung at the end of the last period."""
        return self.occupancy().iloc[-1].rename("customers")

    def to_pandas(self) -> pd.DataFrame:
        """Return customer_id, period, rung of everybody in memory, sorted."""
        rows = self.source.rows()
        rung = pd.Categorical.from_codes(rows["state"].to_numpy(int), pd.Index(self.states))
        return rows.drop(columns="state").assign(rung=rung)

    def with_customers(self, people: pd.DataFrame) -> LadderHistory:
        """Return the history with a table of what is known of each customer.

        Raises
        ------
        DataError
            Where it has no customer_id, or one of them twice.
        """
        if "customer_id" not in people.columns:
            raise DataError(f"customers: {unknown_name('column', 'customer_id', people.columns)}")
        if self.period is not None:  # ids of a log are text
            people = people.assign(customer_id=people["customer_id"].astype(str))
        twice = people["customer_id"][people["customer_id"].duplicated()]
        if len(twice):
            raise DataError(
                f"customers must have one row per customer_id; found {len(twice):,} repeated, "
                f"first {twice.head(3).tolist()}. Keep one row each."
            )
        return replace(self, people=people)

    def split(self, column: str) -> dict[str, LadderHistory]:
        """Return the history of each segment; people without one are in none."""
        if self.people is None:
            raise LadderError(
                f"to tell segments apart by {column!r} the history needs to know its customers: "
                "history.with_customers(table)."
            )
        if column not in self.people.columns:
            raise DataError(f"customers: {unknown_name('column', column, self.people.columns)}")
        parts = self.source.joined(self.people, column).parts(column)
        return {name: replace(self, source=part, people=None) for name, part in parts.items()}


def _states(found: pd.Series, rungs: Sequence[str] | None) -> tuple[str, ...]:
    if found.isna().any():
        raise LadderError(
            f"every row of a history needs a rung; found {int(found.isna().sum()):,} without, "
            f"first in row {int(np.argmax(found.isna()))}."
        )
    categories = isinstance(found.dtype, pd.CategoricalDtype)
    known = [str(name) for name in (found.cat.categories if categories else found.unique())]
    if rungs is None:
        return tuple(known)
    used = [str(name) for name in found.unique()]
    for name in used:
        if name not in rungs:
            raise LadderError(unknown_name("rung", name, rungs))
    return tuple(map(str, rungs))


def _spells(table: pd.DataFrame, states: Sequence[str]) -> FrameSpells:
    person, ids = pd.factorize(table["customer_id"].to_numpy(), sort=True)
    period = _numbers(table["period"])
    codes = {name: k for k, name in enumerate(states)}
    state = table["rung"].astype(str).map(codes).to_numpy(np.int64)
    order = np.lexsort((period, person))
    person, period, state = person[order], period[order], state[order]
    twice = (person[1:] == person[:-1]) & (period[1:] == period[:-1])
    if twice.any():
        at = int(np.argmax(twice))
        raise DataError(
            f"a person stands on one rung per period; found {int(twice.sum()):,} repeated, first "
            f"{ids[person[at]]!r} in period {table['period'].iloc[order[at]]}."
        )
    return FrameSpells(person, period, state, len(states), np.asarray(ids))


def _numbers(period: pd.Series) -> np.ndarray:
    if period.isna().any():
        raise DataError(
            f"every row needs a period; found {int(period.isna().sum()):,} rows without."
        )
    if pd.api.types.is_integer_dtype(period):
        return period.to_numpy(np.int64)
    if pd.api.types.is_float_dtype(period) and not (period % 1).any():
        return period.to_numpy(np.int64)
    if pd.api.types.is_float_dtype(period):
        raise DataError(
            "periods are whole numbers, days or pandas Periods; found fractions, first "
            f"{period[period % 1 != 0].iloc[0]}. For irregular times there is fit_generator."
        )
    if isinstance(period.dtype, pd.PeriodDtype):
        return period.astype("int64").to_numpy()
    return pd.factorize(period, sort=True)[0].astype(np.int64)

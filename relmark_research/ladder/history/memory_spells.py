"""Spells in memory: moves from one period to the next, counted within each customer only.

The arrays `person`, `period`, `state` hold one entry per person and period; a move is a pair of
entries of one person in successive periods. A gap in a person's periods makes no move.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

Array = np.ndarray


@dataclass(frozen=True)
class Clusters:
    """Moves by person, equal people together: the clusters of the bootstrap.

    Attributes
    ----------
    counts
        Shape (patterns, states, states): a person's moves by origin and destination.
    people
        Number of people (or of groups of people) with the pattern.
    """

    counts: Array
    people: Array


@dataclass(frozen=True)
class FrameSpells:
    """Spells in memory, sorted by person and period.

    Attributes
    ----------
    person, period, state
        Integer arrays of equal length; (person, period) increasing and without repetition.
    states
        Number of states.
    ids
        Id of person number 0, 1, ...
    """

    person: Array
    period: Array
    state: Array
    states: int
    ids: Array

    @cached_property
    def _follows(self) -> Array:
        """Whether the entry is followed by the same person's next period."""
        same = self.person[1:] == self.person[:-1]
        return np.r_[same & (self.period[1:] == self.period[:-1] + 1), False]

    @property
    def gaps(self) -> int:
        """Number of gaps in people's periods, over which no move is counted."""
        same = self.person[1:] == self.person[:-1]
        return int((same & (self.period[1:] != self.period[:-1] + 1)).sum())

    def moves(self) -> pd.DataFrame:
        """Return period (of departure), origin, destination, n."""
        at = np.flatnonzero(self._follows)
        columns = {
            "period": self.period[at], "origin": self.state[at], "destination": self.state[at + 1]
        }  # fmt: skip
        return count_rows(columns)

    def triples(self) -> pd.DataFrame:
        """Return first, second, third, n: states of three successive periods."""
        follows = self._follows
        at = np.flatnonzero(follows[:-1] & follows[1:])
        columns = {
            "first": self.state[at], "second": self.state[at + 1], "third": self.state[at + 2]
        }  # fmt: skip
        return count_rows(columns)

    def occupancy(self) -> pd.DataFrame:
        """Return period, state, n: people in each state at the end of each period."""
        return count_rows({"period": self.period, "state": self.state})

    def customers(self) -> int:
        """Return the number of people."""
        return len(np.unique(self.person))

    def clusters(self) -> Clusters:
        """Return counts of moves by person, equal people together."""
        at = np.flatnonzero(self._follows)
        cell = self.state[at] * self.states + self.state[at + 1]
        return clusters_of_cells(self.person[at], cell, np.ones(len(at)), self.states)

    def cohort_moves(self) -> pd.DataFrame:
        """Return entered (first period of a person), period, origin, destination, n."""
        at = np.flatnonzero(self._follows)
        first = np.r_[True, self.person[1:] != self.person[:-1]]
        entered = self.period[first][np.cumsum(first) - 1]
        columns = {
            "entered": entered[at], "period": self.period[at],
            "origin": self.state[at], "destination": self.state[at + 1],
        }  # fmt: skip
        return count_rows(columns)

    def first_passages(self, start: int, target: int) -> pd.DataFrame:
        """Return duration, reached, n: from the first period in ``start`` to the first in ``target``.

        People who were in the target before, or never in the start, are left out. Without an
        arrival the duration runs to the person's last period (censored).
        """  # noqa: E501
        rows = self.person_periods()
        last = rows.groupby("customer_id")["period"].max()
        entered = rows[rows["state"] == start].groupby("customer_id")["period"].min()
        arrived = rows[rows["state"] == target].groupby("customer_id")["period"].min()
        arrived = arrived.reindex(entered.index)
        valid = ~(arrived <= entered)
        end = arrived.fillna(last.reindex(entered.index))
        waited = pd.DataFrame(
            {"duration": (end - entered)[valid], "reached": arrived.notna()[valid]}
        )
        return waited.groupby(["duration", "reached"]).size().rename("n").reset_index()

    def person_periods(self) -> pd.DataFrame:
        """Return customer_id, period, state of every customer, sorted."""
        columns = {"customer_id": self.ids[self.person], "period": self.period, "state": self.state}
        return pd.DataFrame(columns)

    def states_in(self, period: int) -> pd.DataFrame:
        """Return customer_id, state of everyone in one period, sorted."""
        at = self.period == period
        return pd.DataFrame({"customer_id": self.ids[self.person[at]], "state": self.state[at]})

    def with_column(self, customers: pd.DataFrame, column: str) -> SegmentedSpells:
        """Return the spells with a column of the customers."""
        by_id = customers.drop_duplicates("customer_id").set_index("customer_id")[column]
        return SegmentedSpells(self, by_id.reindex(self.ids).to_numpy()[self.person])

    def subset(self, chosen: Array) -> FrameSpells:
        """Return the entries where ``chosen`` is true."""
        return FrameSpells(
            self.person[chosen], self.period[chosen], self.state[chosen], self.states, self.ids
        )


@dataclass(frozen=True)
class SegmentedSpells:
    """Spells in memory and the segment of each entry's person."""

    spells: FrameSpells
    segment: Array

    def by_segment(self, column: str) -> dict[str, FrameSpells]:
        """Return the spells of each segment; people without a segment are left out."""
        segment = pd.Series(self.segment)
        names = sorted(segment.dropna().unique(), key=str)
        return {str(name): self.spells.subset((segment == name).to_numpy(bool)) for name in names}


def count_rows(columns: dict[str, Array]) -> pd.DataFrame:
    """Count equal rows of integer columns: the columns, sorted, and n."""
    lows = [int(column.min()) if len(column) else 0 for column in columns.values()]
    sizes = [int(column.max()) - low + 1 if len(column) else 1
             for column, low in zip(columns.values(), lows, strict=True)]  # fmt: skip
    codes = np.zeros(len(next(iter(columns.values()))), np.int64)
    for column, low, size in zip(columns.values(), lows, sizes, strict=True):
        codes = codes * size + (column - low)
    found, n = np.unique(codes, return_counts=True)
    parts: dict[str, Array] = {}
    for name, low, size in zip(reversed(columns), reversed(lows), reversed(sizes), strict=True):
        found, part = np.divmod(found, size)
        parts[name] = part + low
    return pd.DataFrame({name: parts[name] for name in columns} | {"n": n})


def expand_periods(rows: pd.DataFrame, first: pd.Series, last: pd.Series) -> pd.DataFrame:
    """Repeat each row for every period from ``first`` to ``last``, in a column period."""
    times = np.maximum((last - first + 1).to_numpy(), 0)
    again = rows.loc[rows.index.repeat(times)]
    offset = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return again.assign(period=np.repeat(first.to_numpy(), times) + offset)


def clusters_of_rows(rows: pd.DataFrame, states: int) -> Clusters:
    """Gather customer_id, rung, next, stays, changes by person."""
    person = pd.factorize(rows["customer_id"])[0]
    rung, to = rows["rung"].to_numpy(int), rows["next"].fillna(-1).to_numpy(int)
    stays, changes = rows["stays"].to_numpy(float), rows["changes"].to_numpy(float)
    moved = to >= 0
    return clusters_of_cells(
        np.r_[person, person[moved]],
        np.r_[rung * states + rung, rung[moved] * states + to[moved]],
        np.r_[stays, changes[moved]],
        states,
    )


def clusters_of_cells(person: Array, cell: Array, n: Array, states: int) -> Clusters:
    """Sum n by person and cell, and put people with the same sums together."""
    from scipy import sparse

    _, person = np.unique(person, return_inverse=True)
    shape = (int(person.max()) + 1 if len(person) else 0, states * states)
    table = sparse.coo_array((n, (person, cell)), shape=shape).tocsr()
    used = np.flatnonzero(np.asarray(table.sum(axis=0)).ravel())
    dense = table[:, used].toarray()
    distinct, people = _distinct(dense)
    counts = np.zeros((len(distinct), states * states))
    counts[:, used] = distinct
    return Clusters(counts.reshape(-1, states, states), people.astype(float))


def _distinct(rows: Array) -> tuple[Array, Array]:
    """Distinct rows and the number of each, by a random projection (equal only if rows are)."""
    if not len(rows):
        return rows, np.zeros(0)
    key = rows @ np.random.default_rng(0).random(rows.shape[1])
    _, first, people = np.unique(key, return_index=True, return_counts=True)
    return rows[first], people

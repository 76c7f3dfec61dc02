"""Customers' time cut into pieces on which covariates are constant, and clocks made of them.

A customer's time runs from the day of the first purchase. It is cut at the days on which covariates
change, at purchases and at the end of observation; day d is exposed over [d, d + 1), and a purchase
has the covariates of its own day. With z the covariates of a piece and b their effects, the clock
runs at exp(z'b):

    A(t) = sum over the pieces until t of exp(z'b) x length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, first_ids

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of all customers, in order of customer and day.

    Attributes
    ----------
    ids
        The customers' ids, shape (customers,).
    first
        Day of each customer's first purchase, counted from day 0, shape (customers,).
    purchases
        Keys of the purchase-days, sorted; a key is customer x ``span`` + day.
    starts
        Keys of the pieces' first days, shape (pieces,).
    lengths
        Days of each piece.
    row
        Row of the covariates of each piece.
    span
        Days that a customer's keys take.
    end, covered
        The end of observation, and the day after the last with covariates, counted from day 0.
    origin
        Day 0.
    """

    ids: pd.Index
    first: Array = field(repr=False)
    purchases: Array = field(repr=False)
    starts: Array = field(repr=False)
    lengths: Array = field(repr=False)
    row: Array = field(repr=False)
    span: int
    end: int
    covered: int
    origin: np.datetime64

    @classmethod
    def cut(
        cls,
        ids: pd.Index,
        purchases: tuple[Array, Array],
        covariates: tuple[Array, Array],
        *,
        end: np.datetime64,
        covered: np.datetime64,
    ) -> Pieces:
        """Cut the time of customers whose covariates change on some days.

        Parameters
        ----------
        ids
            The customers.
        purchases, covariates
            Customer (position in ``ids``) and day (datetime64) of each purchase-day and of each row
            of covariates, sorted by both; without repetitions.
        end, covered
            The last day observed, and the day after the last with covariates.
        """
        (who, when), (whose, since) = purchases, covariates
        origin = np.min(np.concatenate([when, since]))
        span = int((max(covered, end) - origin).astype(int)) + 2
        bought, given = who * span + (when - origin).astype(int), whose * span
        given = given + (since - origin).astype(int)
        opened = np.flatnonzero(np.diff(who, prepend=-1))
        first = bought[opened] - who[opened] * span
        last, stop = int((end - origin).astype(int)), int((covered - origin).astype(int))
        customers = np.arange(len(ids))
        row_of_first = np.searchsorted(given, bought[opened], side="right") - 1
        _refuse_late(ids, row_of_first >= 0, whose, row_of_first, customers)
        begun = given > bought[opened][whose]  # later than the first purchase
        cuts = np.sort(np.concatenate([bought, customers * span + last]))
        place = np.searchsorted(given[begun], cuts, side="right")
        starts = np.insert(given[begun], place, cuts)
        owner = np.insert(whose[begun], place, cuts // span)
        row = np.insert(np.flatnonzero(begun), place, np.searchsorted(given, cuts, "right") - 1)
        following = np.append(starts[1:], 0)
        final = np.append(np.flatnonzero(np.diff(owner)), len(owner) - 1)
        following[final] = owner[final] * span + stop
        lengths = following - starts
        return cls(ids, first, bought, starts, lengths, row, span, last, stop, origin)

    @cached_property
    def purchase_owner(self) -> Array:
        """Customer of each purchase-day."""
        return self.purchases // self.span

    @cached_property
    def opened(self) -> Array:
        """Place of each customer's first purchase among the purchases."""
        return np.flatnonzero(np.diff(self.purchase_owner, prepend=-1))

    @property
    def is_repeat(self) -> Array:
        """Whether each purchase-day is a repeat purchase."""
        repeat = np.ones(len(self.purchases), bool)
        repeat[self.opened] = False
        return repeat

    @property
    def frequency(self) -> Array:
        """Repeat purchases of each customer."""
        counts = np.diff(np.append(self.opened, len(self.purchases))) - 1
        return counts.astype(float)

    @cached_property
    def purchase_row(self) -> Array:
        """Row of the covariates on each purchase-day."""
        result: Array = self.row[np.searchsorted(self.starts, self.purchases, side="right") - 1]
        return result

    @cached_property
    def is_observed(self) -> Array:
        """Whether each piece is before the end of observation."""
        ends = np.arange(len(self.ids)) * self.span + self.end
        begun = np.searchsorted(self.starts, ends)
        stop = np.searchsorted(self.starts, (np.arange(len(self.ids)) + 1) * self.span)
        change = np.zeros(len(self.starts) + 1, np.int8)
        np.subtract.at(change, begun, 1)
        np.add.at(change, stop, 1)
        result: Array = np.cumsum(change[:-1]) == 0
        return result


def _refuse_late(ids: pd.Index, found: Array, whose: Array, row: Array, customers: Array) -> None:
    """Raise DataError for customers without covariates on the day of the first purchase."""
    known = found & (whose[np.maximum(row, 0)] == customers) if len(whose) else found & False
    if not known.all():
        missing = ids[~known]
        raise DataError(
            "covariates that change with time must begin by each customer's first purchase; "
            f"{len(missing):,} of {len(ids):,} customers have none on that day, first "
            f"{first_ids(missing)}. Add a row with an earlier date."
        )


@dataclass(frozen=True, eq=False)
class Clock:
    """The clocks of all customers for given effects.

    Attributes
    ----------
    pieces
        What they are made of.
    rates
        Speed on each piece, exp(z'b).
    elapsed
        Running sum of speed x length before each piece, over all customers, in days.
    """

    pieces: Pieces = field(repr=False)
    rates: Array = field(repr=False)
    elapsed: Array = field(repr=False)

    @classmethod
    def running(cls, pieces: Pieces, rates: Array) -> Clock:
        """Return the clock with these speeds."""
        passed = np.cumsum(rates * pieces.lengths, dtype=np.longdouble)
        return cls(pieces, rates, np.concatenate([np.zeros(1, np.longdouble), passed]))

    def at(self, customer: Array, day: Array) -> Array:
        """Return the running sum at a day of a customer, counted from day 0; days may have parts.

        Raises
        ------
        DataError
            If a day is after the last with covariates.
        """
        pieces, day = self.pieces, np.asarray(day, float)
        late = day > pieces.covered + 1e-9
        if late.any():
            last = pieces.origin + np.timedelta64(pieces.covered - 1, "D")
            wanted = pieces.origin + np.timedelta64(int(np.ceil(day.max())) - 1, "D")
            raise DataError(
                f"the covariates end on {last}, but values until {wanted} are needed. Give the "
                "future values: fit.on(log, covariates=...) with rows for these dates."
            )
        key = customer * pieces.span + np.minimum(np.floor(day), pieces.covered - 1).astype(int)
        place = np.searchsorted(pieces.starts, key, side="right") - 1
        within = day - (pieces.starts[place] - customer * pieces.span)
        result: Array = self.elapsed[place] + self.rates[place] * within
        return result

    def between(self, customer: Array, start: Array, stop: Array) -> Array:
        """Return the clock's time from one day to another, in days."""
        passed = self.at(customer, stop) - self.at(customer, start)
        result: Array = passed.astype(float)
        return result

    def day_after(self, customer: Array, start: Array, passed: Array) -> Array:
        """Return the day, counted from day 0, on which the clock has run for a time since a day."""
        target = self.at(customer, start) + passed
        place = np.searchsorted(self.elapsed, target, side="right") - 1
        place = np.minimum(place, len(self.rates) - 1)
        begun = self.pieces.starts[place] - customer * self.pieces.span
        result: Array = (begun + (target - self.elapsed[place]) / self.rates[place]).astype(float)
        return result

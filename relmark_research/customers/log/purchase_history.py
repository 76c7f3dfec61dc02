"""A log's purchase-days in memory, read once, for questions about many days of it.

A backtest asks what was known at the end of each of many days, and what came afterwards. The rows
are read and sorted once; each question is then a pass over them in memory. Returns are netted with
what was known: until the end of a day, or within the days asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.log._sorted_aggregation import (
    DayRange,
    PackedRows,
    sum_log_gaps,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.returns import PARTS_PER_UNIT
from relmark_research.customers.operational_time import Calendar
from relmark_research.errors import DataError
from relmark_research.units import TimeUnit

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

MAX_ROWS = 200_000_000  # about 2 GB once sorted, 6 GB while they are sorted


@dataclass(frozen=True)
class KnownCustomers:
    """The customers known at the end of a day, with their purchase-days until then.

    Attributes
    ----------
    number
        Each customer's number, ascending, shape (customers,).
    first, last
        Days of the first and the last purchase, counted from the log's first day.
    frequency
        Purchase-days after the first.
    value, first_value
        Value of all purchase-days and of the first, in money; zeros for a log without money.
    day
        The last day that is known.
    purchase_day, purchase_value, purchase_first
        The purchase-days themselves, sorted by customer and day, with the first day of the
        customer; shape (purchases,).
    """

    number: Array
    first: Array
    last: Array
    frequency: Array
    value: Array
    first_value: Array
    day: int
    purchase_day: Array = field(repr=False)
    purchase_value: Array = field(repr=False)
    purchase_first: Array = field(repr=False)

    def __len__(self) -> int:
        return len(self.number)

    @property
    def sum_log_gaps(self) -> Array:
        """Sum of ln(gap) over the gaps between purchase-days, in days, shape (customers,)."""
        sizes = self.frequency + 1
        return sum_log_gaps(self.purchase_day, np.cumsum(sizes) - sizes)

    def totals(self, first: int, last: int, *, known: int) -> tuple[float, float]:
        """Return purchases and value within some days of the customers known at a day."""
        within = (self.purchase_day >= first) & (self.purchase_day <= last)
        within &= self.purchase_first <= known
        return float(np.count_nonzero(within)), float(self.purchase_value[within].sum())


@dataclass(frozen=True, eq=False)
class PurchaseHistory:
    """The rows of a log in memory.

    Attributes
    ----------
    rows
        Rows sorted by customer and day.
    days
        The days of the log.
    net
        Whether returns are netted.
    """

    rows: PackedRows = field(repr=False)
    days: DayRange
    net: bool

    @classmethod
    def of(cls, log: TransactionLog) -> PurchaseHistory:
        """Read the rows of a log.

        Raises
        ------
        DataError
            If the log has more than 200 million rows.
        """
        purchases = log.purchase_days
        if log.counts.usable > MAX_ROWS:
            raise DataError(
                f"a backtest reads the log into memory, up to {MAX_ROWS:,} rows; found "
                f"{log.counts.usable:,}. Take a window of the log, or the log of a random sample "
                "of the customers."
            )
        rows = purchases.in_memory(MAX_ROWS)
        return cls(rows, purchases.day_range, purchases.nets)

    @property
    def has_value(self) -> bool:
        """Whether the log has money."""
        return self.rows.has_value

    @property
    def last_day(self) -> int:
        """The last day, counted from day 0."""
        return self.number_of(self.days.last)

    def number_of(self, day: date) -> int:
        """Return the number of a day, counted from the first day of the rows."""
        return (day - self.rows.first_day).days

    def known_at(self, day: date) -> KnownCustomers:
        """Return the customers known at the end of a day, and their purchases until then."""
        customer, number, value = self._purchases(self.days.first, day)
        starts = np.flatnonzero(np.diff(customer, prepend=-1))
        ends = np.append(starts[1:], len(customer)) - 1
        total = np.add.reduceat(value, starts) if len(starts) else np.zeros(0)
        return KnownCustomers(
            number=customer[starts],
            first=number[starts],
            last=number[ends] if len(starts) else number[starts],
            frequency=ends - starts,
            value=total,
            first_value=value[starts],
            day=self.number_of(day),
            purchase_day=number,
            purchase_value=value,
            purchase_first=np.repeat(number[starts], ends - starts + 1),
        )

    def after(self, day: date, length: int, known: KnownCustomers) -> tuple[Array, Array]:
        """Return purchases and value of each known customer in the days after a day.

        Returns
        -------
        ndarray, ndarray
            In the order of ``known.number``.
        """
        customer, _, value = self._purchases(day + timedelta(days=1), day + timedelta(days=length))
        place = np.searchsorted(known.number, customer)
        place = np.minimum(place, max(len(known.number) - 1, 0))
        ours = known.number[place] == customer if len(known.number) else customer < 0
        size = len(known.number)
        purchases = np.bincount(place[ours], minlength=size).astype(float)
        return purchases, np.bincount(place[ours], value[ours], minlength=size)

    def summary(
        self, known: KnownCustomers, day: date, unit: TimeUnit, calendar: Calendar | None = None
    ) -> CustomerSummary:
        """Return the summary of known customers, whose ids are their numbers."""
        columns = {
            "customer_id": known.number,
            "frequency": known.frequency,
            "recency_days": known.last - known.first,
            "T_days": known.day - known.first,
            "sum_log_gaps": known.sum_log_gaps,
        }
        if self.has_value:
            with np.errstate(invalid="ignore", divide="ignore"):
                columns["repeat_value"] = (known.value - known.first_value) / known.frequency
        return CustomerSummary.from_days(
            pd.DataFrame(columns), unit=unit, observed_until=day, calendar=calendar
        )

    def ids(self, known: KnownCustomers) -> pd.Index:
        """Return the ids of known customers."""
        return pd.Index(self.rows.customer_ids(known.number), name="customer_id")

    def _purchases(self, first: date, last: date) -> tuple[Array, Array, Array]:
        """Return customer, day and value of the purchase-days from a day to another."""
        span = replace(self.days, first=first, last=min(last, self.days.last))
        blocks = list(self.rows.purchase_days(span, net=self.net))
        if not blocks:
            return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
        customer, day, parts = (
            np.concatenate([getattr(block, name) for block in blocks])
            for name in ("customer", "day", "parts")
        )
        return customer, day, parts / PARTS_PER_UNIT

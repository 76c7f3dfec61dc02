"""Customers from rows packed into whole numbers: half the CPU of an engine's two groupings.

With k a customer's number and d a day's, both from 0, and S the number of days, a row is the whole
number k S + d. Sorted, equal numbers are one customer's day, and the distinct numbers from k S on
are customer k's history. For this the rows must fit into memory, ids be whole numbers that lie
close together, and nothing be netted; any other log is reduced in its engine, to the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.log import returns as netting
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.audit import Checks

Array = np.ndarray

MOST = 20_000_000  # rows, which take about 1 GB
_BLOCK = 1 << 18  # sorted rows looked at together: new memory costs more than looking


@dataclass(frozen=True)
class Span:
    """What rows can hold.

    Parameters
    ----------
    rows
        How many rows there are, at most.
    first_key, last_key
        Least and greatest id.
    first_day, last_day
        First and last day.
    """

    rows: int
    first_key: int
    last_key: int
    first_day: date
    last_day: date

    @property
    def keys(self) -> int:
        """Whole numbers from the least id to the greatest, both counted."""
        return self.last_key - self.first_key + 1

    @property
    def days(self) -> int:
        """Days from the first to the last, both counted."""
        return (self.last_day - self.first_day).days + 1

    @property
    def fits(self) -> bool:
        """Whether such rows are packed with profit."""
        known = max(abs(self.first_key), abs(self.last_key), self.keys * self.days) < 2**62
        return known and self.keys <= self.rows <= MOST


def span_of(rows: ir.Table, checks: Checks, returns: Returns) -> Span | None:
    """Return what a log's rows can hold, or None where they are reduced in their engine.

    Parameters
    ----------
    rows
        Usable rows.
    checks
        What was counted when they were read.
    returns
        How negative values are treated; where there are any to be netted, the engine does it.
    """
    if returns == "net" and checks.negative:
        return None
    if checks.keys is None or "key" not in rows.columns:
        return None
    if sql_dialects.engine_name(rows) != "duckdb" or checks.size >= netting.EXACT:
        return None
    span = Span(checks.kept, *checks.keys, checks.first, checks.last)
    return span if span.fits else None


def per_customer(rows: ir.Table, span: Span, last: date) -> pd.DataFrame:
    """Return what `reduction.per_customer` does, of rows whose values are summed as they are.

    Parameters
    ----------
    rows
        key, date, value: usable rows in DuckDB, their values together less than `netting.EXACT`.
    span
        What the rows can hold.
    last
        The last day observed.
    """
    day = sql_dialects.epoch_day(rows.date) - (span.first_day - date(1970, 1, 1)).days
    number = rows.key.cast("int64") - span.first_key
    packed = rows.select(
        code=number * span.days + day, parts=sql_dialects.rounded_half_away(rows.value * netting.SCALE)
    ).to_pyarrow()
    codes, parts = ([piece.to_numpy() for piece in column.chunks] for column in packed.columns)
    found = histories(codes, parts, (span.keys, span.days))
    frequency, ahead = found.frequency, (last - span.first_day).days
    with np.errstate(invalid="ignore"):  # 0 / 0: no repeat, no mean
        mean = found.repeat_parts / (frequency * netting.SCALE)
    return pd.DataFrame(
        {
            "customer_id": _as_text(found.customer + span.first_key),
            "frequency": frequency,
            "recency_days": found.last - found.first,
            "T_days": ahead - found.first,
            "repeat_value": mean,
        }
    )


@dataclass(frozen=True)
class Histories:
    """One row per customer, by number: first and last day's number, frequency, later value."""

    customer: Array
    first: Array
    last: Array
    frequency: Array
    repeat_parts: Array


def histories(codes: list[Array], parts: list[Array], span: tuple[int, int]) -> Histories:
    """Sum up packed rows.

    Parameters
    ----------
    codes
        Customer's number x days + day's number, in pieces of shape (rows,).
    parts
        Whole numbers whose sum is less than 2^53, in the same pieces.
    span
        How many customers and how many days there are.

    Examples
    --------
    >>> found = histories([np.array([13, 1, 1, 4])], [np.array([5.0, 1.0, 2.0, 4.0])], (3, 10))
    >>> found.customer, found.frequency, found.repeat_parts
    (array([0, 1]), array([1, 0]), array([4., 0.]))
    """
    customers, days = span
    purchases, first, last = _ends(codes, customers, days)
    later = np.zeros(customers)
    for code, part in zip(codes, parts, strict=True):
        number = code // days
        part = np.where(code == first[number], 0.0, part)
        later += np.bincount(number, part, minlength=customers)
    customer = np.flatnonzero(purchases)
    return Histories(
        customer=customer,
        first=first[customer] - customer * days,
        last=last[customer] - customer * days,
        frequency=purchases[customer] - 1,
        repeat_parts=later[customer],
    )


def _ends(codes: list[Array], customers: int, days: int) -> tuple[Array, Array, Array]:
    """Return each number's purchase-days, and its first and last code; 0 for nobody's number."""
    ordered = np.concatenate([np.empty(0, dtype="int64"), *codes])
    ordered.sort()
    purchases, first, last = (np.zeros(customers, dtype="int64") for _ in range(3))
    before = -1
    for begin in range(0, len(ordered), _BLOCK):
        block = ordered[begin : begin + _BLOCK]
        distinct = block[np.diff(block, prepend=before) > 0]
        number = distinct // days
        new = np.diff(number, prepend=before // days) > 0
        first[number[new]] = distinct[new]
        last[number] = distinct  # of several the last one stays
        if len(number):
            low = number[0]
            own = np.bincount(number - low)
            purchases[low : low + len(own)] += own
        before = int(block[-1])
    return purchases, first, last


def _as_text(numbers: Array) -> pd.Series:
    import pyarrow as pa

    return pa.array(numbers).cast(pa.string()).to_pandas()

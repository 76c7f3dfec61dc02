"""Customer histories from rows packed into sorted integers: half the CPU of two SQL groupings.

With k a customer's number and d a day's number, both from 0, and S the number of days, a row is the
code k S + d. In sorted order, equal codes are one customer's day, and the distinct codes from k S
to (k + 1) S - 1 are the history of customer k. This needs rows that fit into memory, integer ids in
a dense range, and no netting. Any other log is aggregated in its engine, with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.log.returns import EXACT_LIMIT, PARTS_PER_UNIT
from relmark_research.tables import sql_dialects
from relmark_research.tables.options import Returns

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.audit import RowCounts

Array = np.ndarray

MAX_ROWS = 20_000_000  # about 1 GB
_BLOCK = 1 << 18  # sorted rows processed at a time: allocating memory costs more than a pass


@dataclass(frozen=True)
class CodeRange:
    """Ranges of ids and days, which determine the codes.

    Parameters
    ----------
    rows
        Number of rows, at most.
    first_key, last_key
        Smallest and largest id.
    first_day, last_day
        First and last day.
    """

    rows: int
    first_key: int
    last_key: int
    first_day: date
    last_day: date

    @property
    def n_keys(self) -> int:
        """Integers from the smallest id to the largest, both included."""
        return self.last_key - self.first_key + 1

    @property
    def n_days(self) -> int:
        """Days from the first to the last, both included."""
        return (self.last_day - self.first_day).days + 1

    @property
    def is_packable(self) -> bool:
        """Whether codes fit into int64, and ids are dense enough for packing to be faster."""
        largest = max(abs(self.first_key), abs(self.last_key), self.n_keys * self.n_days)
        return largest < 2**62 and self.n_keys <= self.rows <= MAX_ROWS


def code_range(rows: ir.Table, counts: RowCounts, returns: Returns) -> CodeRange | None:
    """Return the code range of a log's rows, or None where they are aggregated in their engine.

    Parameters
    ----------
    rows
        Usable rows.
    counts
        The counts made when they were read.
    returns
        The policy for negative values; a log with returns to net is aggregated in the engine.
    """
    if returns == "net" and counts.negative:
        return None
    if counts.key_range is None or "key" not in rows.columns:
        return None
    if sql_dialects.engine_name(rows) != "duckdb" or counts.absolute_value >= EXACT_LIMIT:
        return None
    found = CodeRange(counts.usable, *counts.key_range, counts.first_day, counts.last_day)
    return found if found.is_packable else None


def per_customer(rows: ir.Table, codes: CodeRange, last: date) -> pd.DataFrame:
    """Return the same table as `aggregation.per_customer`, for rows without netting.

    Parameters
    ----------
    rows
        key, date, value: usable rows in DuckDB, with absolute values of less than `EXACT_LIMIT` in
        all.
    codes
        The range of the rows' ids and days.
    last
        The last day observed.
    """
    day = sql_dialects.epoch_day(rows.date) - (codes.first_day - date(1970, 1, 1)).days
    number = rows.key.cast("int64") - codes.first_key
    packed = rows.select(
        code=number * codes.n_days + day,
        parts=sql_dialects.rounded_half_away(rows.value * PARTS_PER_UNIT),
    ).to_pyarrow()
    code, parts = ([piece.to_numpy() for piece in column.chunks] for column in packed.columns)
    found = histories(code, parts, n_keys=codes.n_keys, n_days=codes.n_days)
    frequency, days_ahead = found.frequency, (last - codes.first_day).days
    with np.errstate(invalid="ignore"):  # 0 / 0: no repeat, no mean
        mean = found.repeat_parts / (frequency * PARTS_PER_UNIT)
    return pd.DataFrame(
        {
            "customer_id": _as_text(found.customer + codes.first_key),
            "frequency": frequency,
            "recency_days": found.last - found.first,
            "T_days": days_ahead - found.first,
            "repeat_value": mean,
        }
    )


@dataclass(frozen=True)
class Histories:
    """One row per customer number: first and last day's number, frequency, value of repeats."""

    customer: Array
    first: Array
    last: Array
    frequency: Array
    repeat_parts: Array


def histories(codes: list[Array], parts: list[Array], *, n_keys: int, n_days: int) -> Histories:
    """Aggregate packed rows.

    Parameters
    ----------
    codes
        Customer number x n_days + day number, in arrays of shape (rows,).
    parts
        Whole numbers whose sum is less than 2^53, in arrays of the same shapes.
    n_keys, n_days
        Number of possible customers and days.

    Examples
    --------
    >>> codes, parts = [np.array([13, 1, 1, 4])], [np.array([5.0, 1.0, 2.0, 4.0])]
    >>> found = histories(codes, parts, n_keys=3, n_days=10)
    >>> found.customer, found.frequency, found.repeat_parts
    (array([0, 1]), array([1, 0]), array([4., 0.]))
    """
    purchases, first, last = _first_and_last(codes, n_keys, n_days)
    repeat_parts = np.zeros(n_keys)
    for code, part in zip(codes, parts, strict=True):
        number = code // n_days
        part = np.where(code == first[number], 0.0, part)
        repeat_parts += np.bincount(number, part, minlength=n_keys)
    customer = np.flatnonzero(purchases)
    return Histories(
        customer=customer,
        first=first[customer] - customer * n_days,
        last=last[customer] - customer * n_days,
        frequency=purchases[customer] - 1,
        repeat_parts=repeat_parts[customer],
    )


def _first_and_last(codes: list[Array], n_keys: int, n_days: int) -> tuple[Array, Array, Array]:
    """Return each number's purchase-days, first and last code; 0 for a number without rows."""
    ordered = np.concatenate([np.empty(0, dtype="int64"), *codes])
    ordered.sort()
    purchases, first, last = (np.zeros(n_keys, dtype="int64") for _ in range(3))
    before = -1
    for begin in range(0, len(ordered), _BLOCK):
        block = ordered[begin : begin + _BLOCK]
        distinct = block[np.diff(block, prepend=before) > 0]
        number = distinct // n_days
        new = np.diff(number, prepend=before // n_days) > 0
        first[number[new]] = distinct[new]
        last[number] = distinct  # the last assignment of a number counts
        if len(number):
            low = number[0]
            own = np.bincount(number - low)
            purchases[low : low + len(own)] += own
        before = int(block[-1])
    return purchases, first, last


def _as_text(numbers: Array) -> pd.Series:
    import pyarrow as pa

    return pa.array(numbers).cast(pa.string()).to_pandas()

"""Customer histories from rows packed into sorted integers: a fraction of the CPU of SQL groupings.

With k a customer's number and d a day's number, both from 0, and S the number of days, a row is the
code k S + d, and above its value in ten-thousandths ("parts") it is one integer of 64 bits. In
sorted order, equal codes are one customer's day, and the codes from k S to (k + 1) S - 1 are the
history of customer k. This needs rows in DuckDB that fit into memory. Any other log is aggregated
in its engine, with the same result.

Customers are numbered in the order of their ids. Ids that are integers in a dense range are
numbered by subtraction, all others by their place among the distinct ids. Rows are processed in
blocks of whole customers: allocating memory costs more than a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.customers.log.returns import EXACT_LIMIT, PARTS_PER_UNIT
from relmark_research.errors import DataError
from relmark_research.tables import sql_dialects

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.audit import RowCounts

Array = np.ndarray

MAX_ROWS = 20_000_000  # 160 MB packed, about 0.5 GB while they are packed
_BLOCK = 1 << 18  # rows processed at a time, at least
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class DayRange:
    """Days from the first to the last, both included, and customers that are left out.

    Attributes
    ----------
    first, last
        First and last day.
    left_out
        Spans of days, from the first to before the second; customers with a row in one of them are
        left out.
    """

    first: date
    last: date
    left_out: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, eq=False)
class PackedRows:
    """A log's rows, sorted by customer and day.

    Attributes
    ----------
    packed
        (k S + d) 2^bits + parts - lowest, or the code alone where ``parts`` is given; sorted.
    parts
        Parts of each row, where codes and parts together do not fit into 64 bits.
    bits, lowest
        The number of bits of the parts, and the smallest of them.
    n_days
        S, the number of days.
    first_day
        The day of number 0.
    ids
        The customers' ids by number: the id of number 0, or an Arrow array of all.
    has_value
        False for a log without money, whose parts are all 0.
    """

    packed: Array = field(repr=False)
    parts: Array | None = field(repr=False)
    bits: int
    lowest: int
    n_days: int
    first_day: date
    ids: Any = field(repr=False)
    has_value: bool

    def blocks(self) -> Iterator[tuple[Array, Array]]:
        """Return code and parts of each row, in blocks of whole customers."""
        begin, rows = 0, len(self.packed)
        while begin < rows:
            end = min(begin + _BLOCK, rows)
            if end < rows:
                number = (int(self.packed[end - 1]) >> self.bits) // self.n_days
                following = ((number + 1) * self.n_days) << self.bits
                end = int(np.searchsorted(self.packed, following))
            block = self.packed[begin:end]
            if self.parts is not None:
                yield block, self.parts[begin:end]
            else:
                yield block >> self.bits, (block & ((1 << self.bits) - 1)) + self.lowest
            begin = end

    def purchase_days(self, days: DayRange, *, net: bool) -> Iterator[PackedDays]:
        """Return the purchase-days within some days, with returns netted where ``net``."""
        for code, parts in self.blocks():
            kept = self._within(code, days)
            if kept is not None:
                code, parts = code[kept], parts[kept]
            if len(code):
                yield _by_day(code, parts, self.n_days, net=net)

    def customer_ids(self, numbers: Array) -> pd.Series:
        """Return the ids of customers' numbers, as text."""
        import pyarrow as pa

        found = (
            numbers + self.ids if isinstance(self.ids, int) else self.ids.take(pa.array(numbers))
        )
        return pa.array(found).cast(pa.string()).to_pandas()

    def _within(self, code: Array, days: DayRange) -> Array | None:
        """Return which rows count; None where all do."""
        first, last = (self._day_number(day) for day in (days.first, days.last))
        if first <= 0 and last >= self.n_days - 1 and not days.left_out:
            return None
        number = code // self.n_days
        day = code - number * self.n_days
        kept = (day >= first) & (day <= last)
        for begin, end in days.left_out:
            early = (day >= self._day_number(begin)) & (day < self._day_number(end))
            kept &= ~_of_marked(number, early)
        return kept

    def _day_number(self, day: date) -> int:
        return (day - self.first_day).days


@dataclass(frozen=True)
class PackedDays:
    """Purchase-days sorted by customer and day: the customer's number, the day's number, parts."""

    customer: Array
    day: Array
    parts: Array

    def by_month(self, first_day: date) -> PackedDays:
        """Return purchase-months; a month's number is year x 12 + month."""
        if not len(self.day):
            return self
        day = np.datetime64(first_day, "D") + self.day
        month = day.astype("datetime64[M]").astype("int64") + 1970 * 12 + 1
        other_customer, other_month = (np.diff(x, prepend=-1) != 0 for x in (self.customer, month))
        starts = np.flatnonzero(other_customer | other_month)
        parts = np.add.reduceat(self.parts, starts)
        return PackedDays(self.customer[starts], month[starts], parts)


@dataclass(frozen=True)
class Histories:
    """One row per customer: number, first and last day (or month), frequency, parts, log gaps."""

    customer: Array
    first: Array
    last: Array
    frequency: Array
    total_parts: Array
    first_parts: Array
    sum_log_gaps: Array

    @classmethod
    def of(cls, blocks: Iterable[PackedDays]) -> Histories:
        """Return the histories of purchase-days in blocks of whole customers.

        Examples
        --------
        >>> days = PackedDays(np.array([0, 0, 2]), np.array([1, 4, 3]), np.array([300, 400, 5]))
        >>> found = Histories.of([days])
        >>> found.customer, found.frequency, found.total_parts - found.first_parts
        (array([0, 2]), array([1, 0]), array([400,   0]))
        """
        parts = [cls._of_block(block) for block in blocks if len(block.day)]
        empty = np.zeros(0, dtype="int64")
        columns = zip(*parts, strict=True) if parts else [[empty]] * 7
        return cls(*(np.concatenate(list(column)) for column in columns))

    @staticmethod
    def _of_block(days: PackedDays) -> tuple[Array, ...]:
        starts = np.flatnonzero(np.diff(days.customer, prepend=-1))
        ends = np.append(starts[1:], len(days.customer))
        return (
            days.customer[starts],
            days.day[starts],
            days.day[ends - 1],
            ends - starts - 1,
            np.add.reduceat(days.parts, starts),
            days.parts[starts],
            sum_log_gaps(days.day, starts),
        )


def packed_rows(rows: ir.Table, counts: RowCounts) -> PackedRows | None:
    """Return a log's rows sorted in memory, or None where they are aggregated in their engine.

    Parameters
    ----------
    rows
        Usable rows: customer_id or key, date[, value].
    counts
        The counts made when they were read.
    """
    if sql_dialects.engine_name(rows) != "duckdb" or counts.absolute_value >= EXACT_LIMIT:
        return None
    return None if counts.usable > MAX_ROWS else sorted_rows(rows, counts, max_rows=MAX_ROWS)


def sorted_rows(rows: ir.Table, counts: RowCounts, *, max_rows: int) -> PackedRows:
    """Return a log's rows sorted in memory.

    Raises
    ------
    DataError
        If there are more rows than ``max_rows``, or the values are too large to be summed exactly.
    """
    if counts.usable > max_rows or counts.absolute_value >= EXACT_LIMIT:
        raise DataError(
            f"up to {max_rows:,} rows of values that add up to less than "
            f"{EXACT_LIMIT:.2g} are sorted in memory; found {counts.usable:,} rows that add up to "
            f"{counts.absolute_value:.2g}. Take a window of the log, or a sample of its "
            "customers."
        )
    n_days = (counts.last_day - counts.first_day).days + 1
    codes, parts, ids = _codes(rows, counts, n_days)
    lowest = min((int(piece.min()) for piece in parts), default=0)
    bits = (max((int(piece.max()) for piece in parts), default=0) - lowest).bit_length()
    largest = max((int(piece.max()) for piece in codes), default=0)
    fits = (largest + n_days) << bits < 2**63
    packed, apart = (_packed(codes, parts, bits, lowest), None) if fits else _apart(codes, parts)
    return PackedRows(
        packed=packed,
        parts=apart,
        bits=bits if fits else 0,
        lowest=lowest,
        n_days=n_days,
        first_day=counts.first_day,
        ids=ids,
        has_value="value" in rows.columns,
    )


def per_customer(
    rows: PackedRows, days: DayRange, last: date, *, net: bool, months: bool = False
) -> pd.DataFrame:
    """Return the same table as `aggregation.per_customer`.

    Parameters
    ----------
    rows
        The log's rows.
    days
        The days that count.
    last
        The last day observed.
    net
        Whether returns are netted against earlier purchases.
    months
        Whether times are whole months.
    """
    found, times = _histories(rows, days, last, net=net, months=months)
    table = pd.DataFrame({"customer_id": rows.customer_ids(found.customer), **times})
    if not rows.has_value:
        return table
    with np.errstate(invalid="ignore"):  # 0 / 0: no repeat, no mean
        mean = (found.total_parts - found.first_parts) / (found.frequency * PARTS_PER_UNIT)
    return table.assign(repeat_value=mean)


def per_history(
    rows: PackedRows, days: DayRange, last: date, *, net: bool, months: bool = False
) -> pd.DataFrame:
    """Return the same table as `aggregation.per_history`; arguments as in `per_customer`."""
    found, times = _histories(rows, days, last, net=net, months=months)
    del times["sum_log_gaps"]
    counted = distinct_rows(*times.values())
    n = counted.weights
    mean = np.bincount(counted.inverse, found.sum_log_gaps, len(n)) / n
    table = pd.DataFrame(dict(zip(times, counted.columns, strict=True)))
    return table.assign(sum_log_gaps=mean, n_customers=n.astype("int64"))


def customer_totals(
    rows: PackedRows, days: DayRange, *, net: bool, months: bool = False
) -> pd.DataFrame:
    """Return the same table as `aggregation.customer_totals`, sorted by customer."""
    found = Histories.of(_blocks(rows, days, net=net, months=months))
    ids = rows.customer_ids(found.customer)
    table = pd.DataFrame({"customer_id": ids, "purchases": found.frequency + 1})
    return table.assign(value=found.total_parts / PARTS_PER_UNIT) if rows.has_value else table


def sum_log_gaps(day: Array, starts: Array) -> Array:
    """Return each customer's sum of ln(gap) over the gaps between purchases, 0 without any.

    Parameters
    ----------
    day
        Whole numbers of days or months, sorted by customer and day, without repetitions.
    starts
        Place of each customer's first day.

    Examples
    --------
    >>> sum_log_gaps(np.array([1, 3, 7, 4]), np.array([0, 3])).round(4)
    array([2.0794, 0.    ])
    """
    if not len(day):
        return np.zeros(0)
    gaps = np.diff(day, prepend=0)
    gaps[starts] = 1  # a logarithm of 0
    logs = np.zeros(int(gaps.max()) + 1)
    logs[1:] = np.log(np.arange(1, len(logs)))
    return np.add.reduceat(logs[gaps], starts)


def netted(customer: Array, parts: Array) -> Array:
    """Return the parts of customers' days after later returns, as `returns` defines it.

    Parameters
    ----------
    customer
        Customer of each day, shape (days,); a customer's days stand together, by date.
    parts
        Whole numbers whose absolute values add up to less than 2^62, shape (days,).

    Notes
    -----
    In reverse order, U is a running sum that begins anew with each customer, and M a running
    maximum. With A(k) the sum of the absolute parts of customers before k, the running maximum of
    max(0, U) + A(k) is M + A(k): no value of an earlier customer exceeds A(k).

    Examples
    --------
    >>> netted(np.array([1, 1, 1, 2]), np.array([500, 200, -300, 50]))
    array([400,   0,   0,  50])
    """
    values, new = parts[::-1], np.diff(customer[::-1], prepend=-1) != 0
    segment = np.cumsum(new) - 1
    before = (np.cumsum(values) - values)[new]
    size = np.abs(values)
    offset = (np.cumsum(size) - size)[new][segment]
    sums = np.cumsum(values) - before[segment]
    greatest = np.maximum.accumulate(np.maximum(sums, 0) + offset) - offset
    following = np.where(new, 0, np.concatenate([[0], greatest[:-1]]))
    return (greatest - following)[::-1]


def _codes(rows: ir.Table, counts: RowCounts, n_days: int) -> tuple[list[Array], list[Array], Any]:
    """Return each row's code and parts, in pieces, and the customers' ids by number."""
    import ibis

    day = sql_dialects.epoch_day(rows.date) - (counts.first_day - _EPOCH).days
    parts = ibis.literal(0.0)
    if "value" in rows.columns:
        parts = sql_dialects.rounded_half_away(rows.value * PARTS_PER_UNIT)
    first = _first_dense_key(rows, counts, n_days)
    if first is None:
        who = rows.key if "key" in rows.columns else rows.customer_id
        return _codes_by_place(rows.select(who=who, day=day, parts=parts), n_days)
    number = rows.key.cast("int64") - first
    table = rows.select(code=number * n_days + day, parts=parts).to_pyarrow()
    batches = [batch for batch in table.to_batches() if batch.num_rows]  # columns cut alike
    codes, values = ([batch[name].to_numpy() for batch in batches] for name in ("code", "parts"))
    return codes, values, first


def _first_dense_key(rows: ir.Table, counts: RowCounts, n_days: int) -> int | None:
    """Return the smallest id, where ids are integers dense enough to be numbered from it."""
    if counts.key_range is None or "key" not in rows.columns:
        return None
    first, last = counts.key_range
    n_keys = last - first + 1
    dense = n_keys <= counts.usable and max(abs(first), abs(last), n_keys * n_days) < 2**62
    return first if dense else None


def _codes_by_place(read: ir.Table, n_days: int) -> tuple[list[Array], list[Array], Any]:
    """Return codes, parts and ids, where a customer's number is the place among the sorted ids.

    Text is sorted by code points.
    """
    import pyarrow.compute as pc

    table = read.to_pyarrow()
    encoded = table["who"].dictionary_encode().combine_chunks()
    table = table.drop(["who"])  # the ids of every row
    order = pc.sort_indices(encoded.dictionary)
    code_of = np.empty(len(order), dtype="int64")
    code_of[order.to_numpy()] = np.arange(len(order)) * n_days
    code = code_of[encoded.indices.to_numpy()]
    code += table["day"].to_numpy()
    parts = _pieces(table["parts"])
    ends = np.cumsum([len(piece) for piece in parts])
    codes = np.split(code, ends[:-1]) if parts else []
    return codes, parts, encoded.dictionary.take(order)


def _pieces(column: Any) -> list[Array]:
    """Return the pieces of an Arrow column that have rows, without a copy."""
    return [piece.to_numpy() for piece in column.chunks if len(piece)]


def _packed(codes: list[Array], parts: list[Array], bits: int, lowest: int) -> Array:
    """Return codes and parts as one sorted integer per row; the pieces are freed on the way."""
    packed = np.empty(sum(map(len, codes)), dtype="int64")
    begin = len(packed)
    while codes:
        code, part = codes.pop(), parts.pop().astype("int64")
        end, begin = begin, begin - len(code)
        packed[begin:end] = (code << bits) | (part - lowest)
    packed.sort()
    return packed


def _apart(codes: list[Array], parts: list[Array]) -> tuple[Array, Array]:
    """Return codes and parts, sorted by code."""
    code = np.concatenate(codes)
    order = np.argsort(code)
    return code[order], np.concatenate(parts).astype("int64")[order]


def _by_day(code: Array, parts: Array, n_days: int, *, net: bool) -> PackedDays:
    """Sum each day's rows; where ``net``, return the purchase-days left after netting."""
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    day_code, day_parts = code[starts], np.add.reduceat(parts, starts)
    number = day_code // n_days
    day = day_code - number * n_days
    if not net or parts.min() >= 0:
        return PackedDays(number, day, day_parts)
    largest = np.maximum.reduceat(parts, starts)
    if day_parts.min() < 0:
        affected = _of_marked(number, day_parts < 0)
        day_parts[affected] = netted(number[affected], day_parts[affected])
    bought = (largest == 0) | ((largest > 0) & (day_parts > 0))
    return PackedDays(number[bought], day[bought], day_parts[bought])


def _of_marked(number: Array, marked: Array) -> Array:
    """Return which rows belong to customers with a marked row; numbers are sorted."""
    low = int(number[0]) if len(number) else 0
    customers = np.zeros(int(number[-1]) - low + 1 if len(number) else 0, dtype=bool)
    customers[number[marked] - low] = True
    return customers[number - low]


def _blocks(rows: PackedRows, days: DayRange, *, net: bool, months: bool) -> Iterator[PackedDays]:
    for block in rows.purchase_days(days, net=net):
        yield block.by_month(rows.first_day) if months else block


def _histories(
    rows: PackedRows, days: DayRange, last: date, *, net: bool, months: bool
) -> tuple[Histories, dict[str, Array]]:
    """Return the histories, and frequency, recency and T with their unit, and sum_log_gaps."""
    found = Histories.of(_blocks(rows, days, net=net, months=months))
    unit = "months" if months else "days"
    end = last.year * 12 + last.month if months else (last - rows.first_day).days
    times = {f"recency_{unit}": found.last - found.first, f"T_{unit}": end - found.first}
    columns = {"frequency": found.frequency, **times, "sum_log_gaps": found.sum_log_gaps}
    return found, columns

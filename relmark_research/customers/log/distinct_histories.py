"""Distinct histories with their counts, which suffice for a likelihood or a forecast.

Times are whole days divided by a unit, so that they can be encoded as integers and counted without
sorting, in a few passes over the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from relmark_research.units import TimeUnit

Array = np.ndarray

_UNIT_DAYS = tuple(TimeUnit(name).days for name in ("day", "week", "month", "year"))
_MAX_RANGE = 1 << 20  # integers of a wider range are factorised instead
_MIN_CELLS = 1 << 16  # combinations that are always counted by cell, however few the rows


@dataclass(frozen=True)
class DistinctRows:
    """The distinct rows of several columns.

    Attributes
    ----------
    columns
        One array per column, shape (distinct,).
    weights
        Sum of the weights of equal rows, shape (distinct,).
    codes, positions
        A code for each original row, and for each code the position of its distinct row.
    """

    columns: tuple[Array, ...]
    weights: Array
    codes: Array = field(repr=False)
    positions: Array = field(repr=False)

    @cached_property
    def inverse(self) -> Array:
        """Position of each original row's distinct row, shape (rows,)."""
        return self.positions[self.codes]


@dataclass(frozen=True)
class _Encoded:
    """Rows as codes below ``size``, mixed radix over parts; each part tabulates column values."""

    codes: Array
    parts: tuple[tuple[Array, ...], ...]

    @property
    def size(self) -> int:
        """Number of possible codes."""
        return math.prod(len(tables[0]) for tables in self.parts)

    def ranked(self) -> tuple[Array, Array, Array]:
        """Return codes, the rank of each occurring code, and the occurring codes, sorted."""
        if self.size > _max_cells(self.codes):
            ranks, used = pd.factorize(self.codes, sort=True)
            return ranks, np.arange(len(used)), used
        seen = np.zeros(self.size, dtype=bool)
        seen[self.codes] = True
        used = np.flatnonzero(seen)
        positions = np.empty(self.size, dtype=np.int32)
        positions[used] = np.arange(len(used), dtype=np.int32)
        return self.codes, positions, used

    def values(self, codes: Array) -> tuple[Array, ...]:
        """Return the values of every column at these codes."""
        columns: tuple[Array, ...] = ()
        for tables in reversed(self.parts):
            codes, digit = np.divmod(codes, len(tables[0]))
            columns = tuple(table[digit] for table in tables) + columns
        return columns

    def compact(self) -> _Encoded:
        """Renumber the occurring codes without gaps, in the same order, as one part."""
        codes, positions, used = self.ranked()
        return _Encoded(positions[codes], (self.values(used),))

    def product(self, other: _Encoded) -> _Encoded:
        """Encode both sets of columns together."""
        if self.size * other.size > _max_cells(self.codes):
            self, other = self.compact(), other.compact()
        dtype = np.int32 if self.size * other.size < 1 << 31 else np.int64
        codes = np.asarray(self.codes, dtype=dtype) * dtype(other.size) + other.codes  # type: ignore[operator]
        return _Encoded(codes, self.parts + other.parts)


def distinct_rows(*columns: Array, weights: Array | None = None) -> DistinctRows:
    """Return the distinct rows of columns of equal length, in the order of their values.

    Examples
    --------
    >>> found = distinct_rows(np.array([2, 0, 2]), np.array([5.0, 9.0, 5.0]))
    >>> found.columns[0], found.weights, found.inverse
    (array([0, 2]), array([1., 2.]), array([1, 0, 1], dtype=int32))
    """
    rows = _encoded(columns[0])
    for column in columns[1:]:
        rows = rows.product(_encoded(column))
    codes, positions, used = rows.ranked()
    return DistinctRows(
        columns=tuple(
            values.astype(np.asarray(column).dtype, copy=False)
            for values, column in zip(rows.values(used), columns, strict=True)
        ),
        weights=_summed_weights(codes, len(positions), weights)[
            used if len(used) < len(positions) else ...
        ],
        codes=codes,
        positions=positions,
    )


def encode(column: Array) -> tuple[Array, Array]:
    """Return each row's code and the sorted distinct values, which the codes index.

    Examples
    --------
    >>> encode(np.array([3.0, 1.0, 3.0]))[1]
    array([1., 3.])
    """
    found = _encoded(column).compact()
    return found.codes, found.parts[0][0]


def _encoded(column: Array) -> _Encoded:
    """Encode a column by days where it is a whole number of days in one of the units."""
    column = np.asarray(column)
    for days in _UNIT_DAYS if len(column) else ():
        whole = _whole_days(column, days)
        if whole is None:
            continue
        low, high = int(whole.min()), int(whole.max())
        if high - low < _MAX_RANGE:
            table = np.arange(low, high + 1) / days
            return _Encoded((whole - low).astype(np.int32), ((table,),))
    codes, values = pd.factorize(column, sort=True)
    return _Encoded(codes, ((np.asarray(values),),))


def _whole_days(column: Array, days: float) -> Array | None:
    """Return column x days where that is whole and its inverse gives the column exactly."""
    whole = column
    for part in (column[:1000], column):
        whole = np.rint(part * days)
        if not np.array_equal(whole / days, part):
            return None
    return whole


def _max_cells(codes: Array) -> int:
    """Return the number of cells that may be counted with memory proportional to the rows."""
    return max(_MIN_CELLS, 8 * len(codes))


def _summed_weights(codes: Array, size: int, weights: Array | None) -> Array:
    """Return the sum of the weights of each code."""
    if weights is None or (len(weights) and weights.min() == weights.max()):
        each = 1.0 if weights is None else float(weights[0])
        return np.bincount(codes, minlength=size) * each
    return np.bincount(codes, weights, size)

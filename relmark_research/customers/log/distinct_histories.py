"""Equal histories counted once: what a likelihood or a forecast needs is the distinct ones.

Times are whole days divided by a unit, integers in disguise: they are counted in cells, which
takes a few passes over the rows and no sorting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from relmark_research.units import TimeUnit

Array = np.ndarray

_DAYS = tuple(TimeUnit(name).days for name in ("day", "week", "month", "year"))
_SPAN = 1 << 20  # integers that reach further apart are not counted in cells
_CELLS = 1 << 21  # combinations that are always counted in cells, however few the rows


@dataclass(frozen=True)
class Distinct:
    """The distinct rows of some columns.

    Attributes
    ----------
    columns
        One array per column, shape (distinct,).
    weights
        Sum of the weights of equal rows, shape (distinct,).
    codes, places
        A code for each original row, and for each code where its distinct row stands.
    """

    columns: tuple[Array, ...]
    weights: Array
    codes: Array = field(repr=False)
    places: Array = field(repr=False)

    @cached_property
    def inverse(self) -> Array:
        """For each original row, where its distinct row stands, shape (rows,)."""
        return self.places[self.codes]


@dataclass(frozen=True)
class _Coded:
    """Rows as codes below ``size``: mixed radix over parts, each a table of its columns' values."""

    codes: Array
    parts: tuple[tuple[Array, ...], ...]

    @property
    def size(self) -> int:
        """How many codes there may be."""
        return math.prod(len(tables[0]) for tables in self.parts)

    def ranked(self) -> tuple[Array, Array, Array]:
        """Return codes, the rank of each code that occurs, and the codes that occur, sorted."""
        if self.size > _cells(self.codes):
            ranks, used = pd.factorize(self.codes, sort=True)
            return ranks, np.arange(len(used)), used
        seen = np.zeros(self.size, dtype=bool)
        seen[self.codes] = True
        used = np.flatnonzero(seen)
        places = np.empty(self.size, dtype=np.int32)
        places[used] = np.arange(len(used), dtype=np.int32)
        return self.codes, places, used

    def values(self, codes: Array) -> tuple[Array, ...]:
        """Return every column's values at these codes."""
        columns: tuple[Array, ...] = ()
        for tables in reversed(self.parts):
            codes, digit = np.divmod(codes, len(tables[0]))
            columns = tuple(table[digit] for table in tables) + columns
        return columns

    def closed(self) -> _Coded:
        """Renumber without gaps, in the same order, as one part."""
        codes, places, used = self.ranked()
        return _Coded(places[codes], (self.values(used),))

    def times(self, other: _Coded) -> _Coded:
        """Code both sets of columns together."""
        if self.size * other.size > _cells(self.codes):
            self, other = self.closed(), other.closed()
        wide = np.int32 if self.size * other.size < 1 << 31 else np.int64
        codes = np.asarray(self.codes, dtype=wide) * wide(other.size) + other.codes  # type: ignore[operator]
        return _Coded(codes, self.parts + other.parts)


def distinct(*columns: Array, weights: Array | None = None) -> Distinct:
    """Find the distinct rows of equally long columns, in the order of their values.

    Examples
    --------
    >>> found = distinct(np.array([2, 0, 2]), np.array([5.0, 9.0, 5.0]))
    >>> found.columns[0], found.weights, found.inverse
    (array([0, 2]), array([1., 2.]), array([1, 0, 1], dtype=int32))
    """
    rows = _coded(columns[0])
    for column in columns[1:]:
        rows = rows.times(_coded(column))
    codes, places, used = rows.ranked()
    return Distinct(
        columns=tuple(
            values.astype(np.asarray(column).dtype, copy=False)
            for values, column in zip(rows.values(used), columns, strict=True)
        ),
        weights=_weighed(codes, len(places), weights)[used if len(used) < len(places) else ...],
        codes=codes,
        places=places,
    )


def coded(column: Array) -> tuple[Array, Array]:
    """Return each row's code and the sorted distinct values that the codes number.

    Examples
    --------
    >>> coded(np.array([3.0, 1.0, 3.0]))[1]
    array([1., 3.])
    """
    found = _coded(column).closed()
    return found.codes, found.parts[0][0]


def _coded(column: Array) -> _Coded:
    """Code a column by its days where it is a whole number of days in some unit."""
    column = np.asarray(column)
    for days in _DAYS if len(column) else ():
        whole = _whole(column, days)
        if whole is None:
            continue
        low, high = int(whole.min()), int(whole.max())
        if high - low < _SPAN:
            table = np.arange(low, high + 1) / days
            return _Coded((whole - low).astype(np.int32), ((table,),))
    codes, values = pd.factorize(column, sort=True)
    return _Coded(codes, ((np.asarray(values),),))


def _whole(column: Array, days: float) -> Array | None:
    """Return column x days where that is whole throughout and gives the column back."""
    whole = column
    for part in (column[:1000], column):
        whole = np.rint(part * days)
        if not np.array_equal(whole / days, part):
            return None
    return whole


def _cells(codes: Array) -> int:
    """Return how many cells may be counted without wasting more than the rows themselves take."""
    return max(_CELLS, 8 * len(codes))


def _weighed(codes: Array, size: int, weights: Array | None) -> Array:
    """Return the sum of weights over each code."""
    if weights is None or (len(weights) and weights.min() == weights.max()):
        each = 1.0 if weights is None else float(weights[0])
        return np.bincount(codes, minlength=size) * each
    return np.bincount(codes, weights, size)

"""The likelihood of a model and of calendar effects, jointly, with its derivatives.

    log L = sum over repeat purchases of log s(d)
            + sum over customers of log L_plain(x, A(l) - A(f), A(e) - A(f))
    s(d) = exp(z(d)'beta + offset(d)),   A(d) = sum of s over the days up to d, in units of time

f, l and e are the days of the first and the last purchase and of the end. Sufficient are the counts
of equal histories (x, f, l) and of repeat purchases by day. The derivatives by beta are sums over
days: dA(l) - dA(f) = sum of z s over the days f + 1 to l, so that weights of customers turn into
weights of days by differences and a cumulative sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.stats.newton import Point

Array = np.ndarray

_BLOCK = 8192  # rows whose derivatives are computed at once


@dataclass(frozen=True, eq=False)
class DatedHistories:
    """Counted histories with the days of their purchases, and repeat purchases by day.

    Attributes
    ----------
    x
        Repeat purchases, shape (rows,).
    first, last
        Days of the first and the last purchase, 0 for the first day, shape (rows,).
    weights
        Customers per row.
    purchases
        Repeat purchases of these customers by day, shape (days,); the last day is the end.
    """

    x: Array = field(repr=False)
    first: Array = field(repr=False)
    last: Array = field(repr=False)
    weights: Array = field(repr=False)
    purchases: Array = field(repr=False)

    @property
    def n_days(self) -> int:
        """Number of days observed."""
        return len(self.purchases)


@dataclass(frozen=True, eq=False)
class CalendarLikelihood:
    """The joint likelihood at any parameters and effects.

    Attributes
    ----------
    model
        Class of the model of purchases.
    histories
        The data.
    design
        z by day, shape (days, effects).
    offset
        Known part of log s by day, shape (days,).
    days_per_unit
        Days per unit of time of the model.
    """

    model: type[PurchaseModel]
    histories: DatedHistories
    design: Array = field(repr=False)
    offset: Array = field(repr=False)
    days_per_unit: float = 7.0

    def times(self, rates: Array) -> tuple[Array, Array]:
        """Return each row's time to the last purchase and to the end, on the clock of s."""
        total = np.cumsum(rates) / self.days_per_unit
        first = total[self.histories.first]
        return total[self.histories.last] - first, total[-1] - first

    def rates(self, effects: Array) -> Array:
        """Return s by day."""
        result: Array = np.exp(self.design @ effects + self.offset)
        return result

    def evaluate(self, at: Array) -> Point:
        """Return value, gradient and Hessian by the log-parameters and the effects."""
        k = len(self.model.names())
        values, data = np.exp(at[:k]), self.histories
        with np.errstate(all="ignore"):
            s = self.rates(at[k:])
            value, slope, curve, rows = self._summed(self.model.from_values(values), s)
        by_time, mixed_last, mixed_end, (tt, tT, TT) = np.split(rows, [2, 2 + k, 2 + 2 * k])
        value += float(data.purchases @ (self.design @ at[k:] + self.offset))
        exposed = self._by_day(*by_time) * s / self.days_per_unit
        by_parameter = values * slope
        gradient = np.concatenate([by_parameter, self.design.T @ (data.purchases + exposed)])
        hessian = np.empty((len(at), len(at)))
        hessian[:k, :k] = np.outer(values, values) * curve
        hessian[:k, :k] += np.diag(by_parameter)
        pairs = zip(mixed_last, mixed_end, strict=True)
        by_day = np.array([self._by_day(*pair) for pair in pairs]) * s / self.days_per_unit
        hessian[:k, k:] = values[:, None] * (by_day @ self.design)
        hessian[k:, :k] = hessian[:k, k:].T
        moved = self._second_order(tt, tT, TT, s)
        hessian[k:, k:] = moved + self.design.T @ (exposed[:, None] * self.design)
        return Point(at, value, gradient, hessian)

    def _summed(self, model: PurchaseModel, s: Array) -> tuple[float, Array, Array, Array]:
        """Return value, gradient and Hessian by the parameters, summed, and the rest by row.

        The rest, (5 + 2 k, rows), is weighted: the slopes by t_x and T, those of the parameters'
        slopes by t_x and by T, and the second derivatives tt, tT and TT. Rows are taken in blocks
        that stay in the processor's cache.
        """
        data, k, (t_x, T) = self.histories, len(model.names()), self.times(s)
        value, slope, curve = 0.0, np.zeros(k), np.zeros((k, k))
        rest = np.empty((5 + 2 * k, len(data.x)))
        for start in range(0, len(data.x), _BLOCK):
            part = slice(start, start + _BLOCK)
            row, first, second = model.history_derivatives(data.x[part], t_x[part], T[part])
            weights = data.weights[part]
            value += float(row @ weights)
            slope += first[:k] @ weights
            curve += second[:k, :k] @ weights
            times = second[k, k], second[k, k + 1], second[k + 1, k + 1]
            rest[:, part] = [*first[k:], *second[:k, k], *second[:k, k + 1], *times]
            rest[:, part] *= weights
        return value, slope, curve, rest

    def _by_day(self, by_last: Array, by_end: Array) -> Array:
        """Return for each day the weights of rows whose time to the last or the end holds it."""
        data, n = self.histories, self.histories.n_days
        change = np.bincount(data.first, by_last + by_end, n)
        before_last = np.bincount(data.last, by_last, n)
        started = np.cumsum(change) - change  # a day counts for those who came before it
        stopped = np.cumsum(before_last) - before_last
        result: Array = started - stopped
        return result

    def _second_order(self, tt: Array, tT: Array, TT: Array, s: Array) -> Array:
        """Return the sum over rows of the quadratic forms in dA(l) - dA(f) and dA(e) - dA(f)."""
        data, n = self.histories, self.histories.n_days
        moved = np.cumsum(s[:, None] * self.design, axis=0) / self.days_per_unit
        end = moved[-1]
        first = np.bincount(data.first, tt + 2 * tT + TT, n)
        last = np.bincount(data.last, tt, n)
        pairs = self._pairs(tt + tT)
        crossed = moved.T @ (pairs @ moved)
        found = moved.T @ ((first + last)[:, None] * moved) - crossed - crossed.T
        to_end = moved.T @ (np.bincount(data.last, tT, n) - np.bincount(data.first, tT + TT, n))
        found += np.outer(to_end, end) + np.outer(end, to_end) + TT.sum() * np.outer(end, end)
        result: Array = found
        return result

    def _pairs(self, weights: Array) -> sparse.csr_matrix:
        """Return the weights summed by day of the last and of the first purchase."""
        cells, codes = self._cells
        summed = np.bincount(codes, weights, len(cells))
        n = self.histories.n_days
        return sparse.csr_matrix((summed, np.divmod(cells, n)), shape=(n, n))

    @cached_property
    def _cells(self) -> tuple[Array, Array]:
        data = self.histories
        cells, codes = np.unique(
            data.last.astype(np.int64) * data.n_days + data.first, return_inverse=True
        )
        return cells, codes

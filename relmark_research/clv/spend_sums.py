"""Summed likelihood of Gamma-Gamma.

    l = -lnB(p x, q) - ln m - p x ln(1 + v / (x m)) - q ln(1 + x m / v)

Gamma functions depend on x alone and are taken once per distinct x; per row there remain one
logarithm and one division.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research.clv.gammas import digamma_rise, log_beta, trigamma, trigamma_rise
from relmark_research.customers.histories import coded

Array = np.ndarray


@dataclass(frozen=True)
class SpendSums:
    """Weighted rows of x purchases of mean m, arranged so that the sums are cheap.

    Attributes
    ----------
    x, by_x
        Distinct numbers of purchases and the weights of each.
    spent
        x m of each row.
    weights
        Sums to be taken over rows: the weights, and the weights times x, shape (2, rows).
    fixed
        Sums of the weighted ln m, of the weighted x ln(x m) and of the weighted ln(x m).
    typical
        A spend x m in the middle.
    """

    x: Array
    by_x: Array
    spent: Array
    weights: Array
    fixed: tuple[float, float, float]
    typical: float

    @classmethod
    def of(cls, data: tuple[Array, ...], weights: Array) -> SpendSums:
        """Arrange rows x, m."""
        x, m = (np.asarray(column, float) for column in data)
        codes, values = coded(x)
        both = np.stack([weights, weights * x])
        spent = x * m
        log_spent = np.log(spent)
        by_customer, by_purchase = _summed(both, log_spent)
        fixed = _summed(both[:1], np.log(m))[0], by_purchase, by_customer
        typical = float(np.exp(by_customer / weights.sum()))
        return cls(values, np.bincount(codes, weights, len(values)), spent, both, fixed, typical)

    def __call__(self, values: Array) -> tuple[float, Array, Array]:
        """Return value, gradient (3,) and Hessian (3, 3) by p, q, v."""
        p, q, v = values
        x, n, rise = self.x, self.by_x, digamma_rise
        rate = 1 / (v + self.spent)
        part, (w, wx) = self.spent * rate, self.weights
        parts, parts2 = _sum(w, part), _sum(w, part, part)
        rates_x, squares_x = _sum(wx, rate), _sum(wx, rate, rate)
        customers, purchases = n.sum(), n @ x
        grown, shrunk_x = self._logs(v, customers, purchases)
        value = -(n @ log_beta(p * x, q)) - self.fixed[0] - p * shrunk_x - q * grown
        both1 = trigamma(p * x + q)
        gradient = np.array(
            [
                n @ (x * rise(p * x, q)) - shrunk_x,
                n @ rise(q, p * x) - grown,
                q / v * parts - p * rates_x,
            ]
        )
        pp, pq = n @ (x**2 * trigamma_rise(p * x, q)), n @ (x * both1)
        qq, qv = n @ trigamma_rise(q, p * x), parts / v
        vv = p * squares_x - q / v * (2 * parts - parts2) / v
        hessian = np.array([[pp, pq, -rates_x], [pq, qq, qv], [-rates_x, qv, vv]])
        return float(value), gradient, hessian

    def _logs(self, v: float, customers: float, purchases: float) -> tuple[float, float]:
        """Return the sums of ln(1 + x m / v) and of x ln(1 + v / (x m)), the smaller one by itself.

        Where v is small beside what is spent the second is lost in a difference, and p times it is
        a large part of the whole; where v is large the same holds of the first, times q.
        """
        by_customer, by_purchase = self.fixed[2], self.fixed[1]
        if v < self.typical:
            less, shrunk_x = _summed(self.weights, np.log1p(v / self.spent))
            return by_customer - customers * np.log(v) + less, shrunk_x
        grown, grown_x = _summed(self.weights, np.log1p(self.spent / v))
        return grown, grown_x - by_purchase + purchases * np.log(v)


def _summed(weights: Array, column: Array) -> list[float]:
    """Return the weighted sums of a column, without BLAS, whose threads come too late."""
    return [float(each) for each in np.einsum("ki,i->k", weights, column)]


def _sum(*columns: Array) -> float:
    """Return the sum of the columns' product, in one pass and one thread."""
    return float(np.einsum(",".join("i" * len(columns)) + "->", *columns))

"""Summed likelihood of Gamma-Gamma.

    l = -lnB(p x, q) - ln m - p x ln(1 + v / (x m)) - q ln(1 + x m / v)

Gamma functions depend on x alone and are taken once per distinct x; per row there remain one
logarithm and one division.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research.clv.gammas import digamma_rise, log_beta, trigamma
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
        Sum of the weighted ln m, and of the weighted x ln(x m).
    """

    x: Array
    by_x: Array
    spent: Array
    weights: Array
    fixed: tuple[float, float]

    @classmethod
    def of(cls, data: tuple[Array, ...], weights: Array) -> SpendSums:
        """Arrange rows x, m."""
        x, m = (np.asarray(column, float) for column in data)
        codes, values = coded(x)
        both = np.stack([weights, weights * x])
        spent = x * m
        fixed = _summed(both[:1], np.log(m))[0], _summed(both[1:], np.log(spent))[0]
        return cls(values, np.bincount(codes, weights, len(values)), spent, both, fixed)

    def __call__(self, values: Array) -> tuple[float, Array, Array]:
        """Return value, gradient (3,) and Hessian (3, 3) by p, q, v."""
        p, q, v = values
        x, n, rise, psi1 = self.x, self.by_x, digamma_rise, trigamma
        grown, grown_x = _summed(self.weights, np.log1p(self.spent / v))
        rate = 1 / (v + self.spent)
        rates, rates_x = _summed(self.weights, rate)
        squares, squares_x = _summed(self.weights, rate * rate)
        customers, purchases = n.sum(), n @ x
        shrunk_x = grown_x - self.fixed[1] + purchases * np.log(v)  # sum of x ln(1 + v / (x m))
        value = -(n @ log_beta(p * x, q)) - self.fixed[0] - p * shrunk_x - q * grown
        both1 = psi1(p * x + q)
        gradient = np.array(
            [
                n @ (x * rise(p * x, q)) - shrunk_x,
                n @ rise(q, p * x) - grown,
                q * (customers / v - rates) - p * rates_x,
            ]
        )
        pp, pq = n @ (x**2 * (both1 - psi1(p * x))), n @ (x * both1)
        qq, qv = n @ both1 - customers * psi1(q), customers / v - rates
        vv = -q * customers / v**2 + p * squares_x + q * squares
        hessian = np.array([[pp, pq, -rates_x], [pq, qq, qv], [-rates_x, qv, vv]])
        return float(value), gradient, hessian


def _summed(weights: Array, column: Array) -> list[float]:
    """Return the weighted sums of a column, without BLAS, whose threads come too late."""
    return [float(each) for each in np.einsum("ki,i->k", weights, column)]

"""How spend moves within customers: the gamma likelihood given each customer's own total.

    y_ij     value of purchase j of customer i, Gamma with mean a_i exp(z_ij'theta)
    e_ij     y_ij exp(-z_ij'theta), its value without the effects

Given a customer's mean of e, the customer's level a_i cancels: no level is estimated, and customers
who join or leave do not look like a trend. Up to the shape of the gamma distribution,

    score(theta) = sum over purchases of z_ij (e_ij / mean_i(e) - 1)
    information  = sum over customers of (sum_j z_ij z_ij' - n_i zbar_i zbar_i')

The score has mean zero whatever the distribution of e within a customer, so the estimate is a
quasi-likelihood one; its variance is taken from the scores of the customers, who are independent.
A purchase counts for at most `CAP` times its customer's mean, so that single large purchases decide
nothing. The cap is relative to the fitted mean and is therefore the same on all days.

Source: Wooldridge (1999), Distribution-free estimation of some nonlinear panel data models, Journal
of Econometrics 90(1), 77-97.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from scipy import sparse

Array = np.ndarray

CAP = 6.0
_PASSES = 3  # of the cap: a smaller mean makes a smaller cap


@dataclass(frozen=True, eq=False)
class WithinCustomers:
    """Purchases of customers who have two or more, arranged for the score.

    Attributes
    ----------
    value
        Value of each purchase, > 0, sorted by customer.
    customer
        Number of its customer, from 0.
    row
        Its row of the design.
    design
        z of each row, shape (rows, columns).
    count
        Purchases of each customer, >= 2.
    """

    value: Array = field(repr=False)
    customer: Array = field(repr=False)
    row: Array = field(repr=False)
    design: Array = field(repr=False)
    count: Array = field(repr=False)

    @classmethod
    def of(cls, value: Array, customer: Array, row: Array, design: Array) -> Self:
        """Return the purchases with a value above 0 of customers who have two or more of them."""
        paid = np.flatnonzero(value > 0)
        count = np.bincount(customer[paid], minlength=1)
        kept = paid[count[customer[paid]] > 1]
        _, number = np.unique(customer[kept], return_inverse=True)
        return cls(value[kept], number, row[kept], design, np.bincount(number))

    def __len__(self) -> int:
        return len(self.count)

    def information(self) -> Array:
        """Return the information per unit of the shape, shape (columns, columns)."""
        by_row = np.bincount(self.row, minlength=len(self.design))
        total = self.design.T @ (by_row[:, None] * self.design)
        sums = self._summed(np.ones(len(self.value)))
        result: Array = total - sums.T @ (sums / self.count[:, None])
        return result

    def scores(self, theta: Array) -> Array:
        """Return each customer's score, shape (customers, columns)."""
        without = self.value * np.exp(-(self.design @ theta)[self.row])
        capped = without
        for _ in range(_PASSES):
            mean = np.bincount(self.customer, capped) / self.count
            capped = np.minimum(without, CAP * mean[self.customer])
        mean = np.bincount(self.customer, capped) / self.count
        return self._summed(capped / mean[self.customer] - 1)

    def _summed(self, weights: Array) -> Array:
        """Return each customer's sum of weight times z, shape (customers, columns)."""
        shape = (len(self.count), len(self.design))
        placed = sparse.csr_matrix((weights, (self.customer, self.row)), shape=shape)
        result: Array = placed @ self.design
        return result

"""Gamma-Gamma: how much customers spend per purchase, given a few purchases of each.

    p        shape of a customer's purchases, z ~ Gamma(shape p, rate nu)
    q, v     nu ~ Gamma(shape q, rate v); v is in units of money
    x, m     number of repeat purchases and their mean value

Spend is taken to be independent of how often a customer buys; that can be tested.
Source: Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import special

from relmark_research.clv.base import Array, Model
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.customers.summary import CustomerSummary


@dataclass(frozen=True)
class GammaGamma(Model):
    """The Gamma-Gamma model of spend per purchase.

    Parameters
    ----------
    p
        Shape of the purchases of one customer, > 0; their coefficient of variation is p^(-1/2).
    q
        Shape of how customers differ, > 0; the mean spend exists for q > 1 only.
    v
        Scale of how customers differ, > 0, in units of money.

    References
    ----------
    Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025.

    Examples
    --------
    A customer whose 2 repeat purchases averaged 30, in the note's model of CDNOW:

    >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> print(f"{model.conditional_expected_spend(x=2, m=30):.2f}")
    30.93
    """

    p: float
    q: float
    v: float

    columns = ("frequency", "monetary_value")

    def log_likelihood(self, x: Array, m: Array) -> Array:
        """Return each customer's log-likelihood of mean spend m over x > 0 purchases."""
        x, m = np.asarray(x, float), np.asarray(m, float)
        p, q, v = self.p, self.q, self.v
        return (
            -special.betaln(p * x, q)
            + q * np.log(v)
            + (p * x - 1) * np.log(m)
            + p * x * np.log(x)
            - (p * x + q) * np.log(v + x * m)
        )

    def score(self, x: Array, m: Array) -> Array:
        """Return the gradient by p, q, v of each log-likelihood, shape (3, rows)."""
        x, m = np.asarray(x, float), np.asarray(m, float)
        p, q, v = self.p, self.q, self.v
        psi, total = special.digamma, np.log(v + x * m)
        both = psi(p * x + q)
        return np.stack(
            [
                x * (both - psi(p * x) + np.log(m * x) - total),
                both - psi(q) + np.log(v) - total,
                q / v - (p * x + q) / (v + x * m),
            ]
        )

    @classmethod
    def start(cls, x: Array, m: Array, weights: Array) -> Self:
        """Return p = q = 4 and the v that gives the observed mean spend."""
        return cls(p=4.0, q=4.0, v=0.75 * float(np.average(m, weights=weights)))

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return x, m and weights of the repeat customers, without those who spent nothing."""
        x, m = customers.frequency, customers.monetary_value
        paid = (x > 0) & (m > 0)
        free = customers.table.index[(x > 0) & ~paid]
        shown = ", ".join(repr(label) for label in free[:3])
        note = f"{len(free):,} repeat customers spent nothing and are left out: {shown}"
        return (x[paid], m[paid]), customers.weights[paid], note if len(free) else ""

    def expected_spend(self) -> Array:
        """Return the mean spend of a customer not yet known, p v / (q - 1).

        Raises
        ------
        ParameterError
            Where q <= 1: so few customers spend so much that the mean does not exist.
        """
        self._refuse_no_mean()
        return self.p * self.v / (self.q - 1)

    def conditional_expected_spend(self, x: Array, m: Array) -> Array:
        """Return the mean spend expected of a customer, p (v + x m) / (p x + q - 1).

        Parameters
        ----------
        x
            Repeat purchases, >= 0.
        m
            Their mean value, >= 0; not used where x = 0.

        Returns
        -------
        ndarray
            Between the customer's own mean and everybody's, nearer to the own the larger x is.
        """
        self._refuse_no_mean()
        x = np.asarray(x, float)
        spent = x * np.where(x > 0, m, 0.0)
        return self.p * (self.v + spent) / (self.p * x + self.q - 1)

    def simulate(self, x: Array, *, seed: int) -> Array:
        """Draw the mean spend of customers with x purchases each; missing where x = 0."""
        rng = np.random.default_rng(seed)
        x = np.atleast_1d(np.asarray(x, float))
        rate = rng.gamma(self.q, 1 / self.v, size=x.shape)
        total = rng.gamma(np.maximum(self.p * x, 1e-300), 1 / rate)
        return np.divide(total, x, out=np.full(x.shape, np.nan), where=x > 0)

    def _refuse_no_mean(self) -> None:
        if not np.all(np.asarray(self.q) > 1):
            raise ParameterError(
                f"the mean spend does not exist for q <= 1 (found q = {np.min(self.q):.4g}): a few "
                "customers spend so much that no average settles. Look at the largest values."
            )

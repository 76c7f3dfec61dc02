"""Gamma-Gamma: how much customers spend per purchase, given a few purchases of each.

    p        shape of a customer's purchases, z ~ Gamma(shape p, rate nu)
    q, v     nu ~ Gamma(shape q, rate v); v is in units of money
    x, m     number of repeat purchases and their mean value

Spend is taken to be independent of how often a customer buys; that can be tested.
Source: Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.base import Array, Mixture, Model
from relmark_research.clv.gammas import digamma_rise, log_beta
from relmark_research.clv.likelihood import Summed
from relmark_research.clv.spend_sums import SpendSums
from relmark_research.errors import DataError, ParameterError

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

    >>> model = GammaGamma(p=6.249349, q=3.744256, v=15.444307)
    >>> print(f"{model.conditional_expected_spend(x=2, m=30):.2f}")
    30.93
    """

    p: float
    q: float
    v: float

    columns: ClassVar[tuple[str, ...]] = ("frequency", "monetary_value")
    mixtures: ClassVar[tuple[Mixture, ...]] = (
        Mixture("q", "v", "inverse scale of a customer's spend", "rate"),
    )
    counted: ClassVar[bool] = False  # mean spends are hardly ever equal

    def log_likelihood(self, x: Array, m: Array) -> Array:
        """Return each customer's log-likelihood of mean spend m over x > 0 purchases."""
        x, m = np.asarray(x, float), np.asarray(m, float)
        px, share = self.p * x, x * m / self.v
        beta = log_beta(px, np.asarray(self.q, float))
        return -beta - np.log(m) - px * np.log1p(1 / share) - self.q * np.log1p(share)

    def score(self, x: Array, m: Array) -> Array:
        """Return the gradient by p, q, v of each log-likelihood, shape (3, rows)."""
        x, m = np.asarray(x, float), np.asarray(m, float)
        p, q, v = self.p, self.q, self.v
        share = x * m / v
        return np.stack(
            [
                x * (digamma_rise(p * x, q) - np.log1p(1 / share)),
                digamma_rise(q, p * x) - np.log1p(share),
                (q * share - p * x) / (v + x * m),
            ]
        )

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> Summed:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        return SpendSums.of(data, weights)

    @classmethod
    def start(cls, x: Array, m: Array, weights: Array) -> Self:
        """Return p = q = 4 and the v that gives the observed mean spend."""
        return cls(p=4.0, q=4.0, v=0.75 * float(np.average(m, weights=weights)))

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return x, m and weights of the repeat customers, without those who spent nothing."""
        x, m = customers.frequency, customers.monetary_value
        paid = np.flatnonzero(m > 0)  # missing where x = 0
        note, repeat = "", int(customers.weights[x > 0].sum())
        if repeat and not customers.weights[paid].any():
            raise DataError(
                "GammaGamma learns from what repeat customers spend; all "
                f"{repeat:,} of them have a monetary_value of 0. Check which column is the value, "
                "and whether it was rounded away."
            )
        if len(paid) < np.count_nonzero(x):
            free = customers.table.index[(x > 0) & ~(m > 0)]
            shown = ", ".join(repr(label) for label in free[:3])
            note = f"{len(free):,} repeat customers spent nothing and are left out: {shown}"
        return (x[paid], m[paid]), customers.weights[paid], note

    def expected_spend(self) -> Array:
        """Return the mean spend of a customer not yet known, p v / (q - 1).

        Raises
        ------
        ParameterError
            Where q <= 1: so few customers spend so much that the mean does not exist.
        """
        self._refuse_no_mean()
        return np.asarray(self.p * self.v / (self.q - 1))

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

    def log_spend_slopes(self, x: Array, m: Array) -> Array:
        """Return d ln(conditional expected spend) / d log(parameter), shape (3, rows)."""
        x = np.asarray(x, float)
        weight = 1 / (self.p * x + self.q - 1)
        spent = x * np.where(x > 0, m, 0.0)
        return np.stack([(self.q - 1) * weight, -self.q * weight, self.v / (self.v + spent)])

    def median_spend(self) -> Array:
        """Return the spend per purchase that half of all customers exceed; it always exists.

        Returns
        -------
        ndarray
            p v / median of Gamma(q): a customer's mean spend is p / nu with nu ~ Gamma(q, v).
        """
        return self.conditional_median_spend(0, 0)

    def conditional_median_spend(self, x: Array | float, m: Array | float) -> Array:
        """Return the median of what a customer's mean spend may be, given x and m.

        Returns
        -------
        ndarray
            p (v + x m) / median of Gamma(p x + q).

        Examples
        --------
        >>> heavy = GammaGamma(p=6.25, q=0.9, v=15.44)  # so uneven that no mean exists
        >>> print(f"{heavy.conditional_median_spend(x=2, m=30):.2f}")
        36.08
        """
        x = np.asarray(x, float)
        spent = x * np.where(x > 0, m, 0.0)
        return self.p * (self.v + spent) / special.gammaincinv(self.p * x + self.q, 0.5)

    def log_median_slopes(self, x: Array, m: Array) -> Array:
        """Return d ln(conditional median spend) / d log(parameter), shape (3, rows)."""
        x = np.asarray(x, float)
        shape, step = self.p * x + self.q, 1e-4
        up, down = (special.gammaincinv(shape * np.exp(way), 0.5) for way in (step, -step))
        moved = np.log(up / down) / (2 * step)  # d ln(median of Gamma(shape)) / d ln(shape)
        spent = x * np.where(x > 0, m, 0.0)
        by_p, by_q = 1 - moved * self.p * x / shape, -moved * self.q / shape
        return np.stack([by_p, by_q, self.v / (self.v + spent)])

    def simulate(self, x: Array, *, seed: int) -> Array:
        """Draw the mean spend of customers with x purchases each; missing where x = 0."""
        rng = np.random.default_rng(seed)
        x = np.atleast_1d(np.asarray(x, float))
        rate = rng.gamma(self.q, 1 / self.v, size=x.shape)
        total = rng.gamma(np.maximum(self.p * x, 1e-300), 1 / rate)
        return np.divide(total, x, out=np.full(x.shape, np.nan), where=x > 0)

    @property
    def has_mean(self) -> bool:
        """Whether a mean spend exists, q > 1; the median always does."""
        return bool(np.all(np.asarray(self.q) > 1))

    def _refuse_no_mean(self) -> None:
        if not self.has_mean:
            raise ParameterError(
                f"the mean spend does not exist for q <= 1 (found q = {np.min(self.q):.4g}): a few "
                "customers spend so much that no average settles. Use median_spend() or "
                "conditional_median_spend(x, m), which exist (a lifetime value takes "
                "clv.SpendAverage(spend, 'median')), and look at the largest values."
            )

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

from relmark_research.clv.estimation.likelihood import Summed
from relmark_research.clv.estimation.model import Mixture, Model
from relmark_research.customers.log.distinct_histories import coded
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.special import digamma_rise, log_beta, trigamma, trigamma_rise

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary

# Summed likelihood of Gamma-Gamma. l = -lnB(p x, q) - ln m - p x ln(1 + v / (x m)) - q ln(1 + x
# m / v) Gamma functions depend on x alone and are taken once per distinct x; per row there
# remain one logarithm and one division.

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

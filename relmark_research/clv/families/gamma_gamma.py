"""Gamma-Gamma: spend per purchase of customers, from a few purchases of each.

    p        shape of a customer's purchases, z ~ Gamma(shape p, rate nu)
    q, v     nu ~ Gamma(shape q, rate v); v is in units of money
    x, m     number of repeat purchases and their mean value

The model assumes that spend is independent of the purchase rate, which can be tested
(`spend_frequency_correlation`). The log-likelihood of a customer is

    l = -lnB(p x, q) - ln m - p x ln(1 + v / (x m)) - q ln(1 + x m / v).

Gamma functions depend on x alone and are computed once per distinct x. Each row then needs one
logarithm and one division.

Source: Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import special

from relmark_research.clv.estimation.likelihood import (
    Derivatives,
    SummedLikelihood,
    sum_of_products,
)
from relmark_research.clv.estimation.model import MixingDistribution
from relmark_research.clv.estimation.spend_model import Average, SpendModel
from relmark_research.customers.log.distinct_histories import encode
from relmark_research.errors import ParameterError
from relmark_research.formats import number
from relmark_research.stats.special import (
    digamma_difference,
    log_beta,
    trigamma,
    trigamma_difference,
)

Array = np.ndarray


@dataclass(frozen=True)
class GammaGammaLikelihood:
    """The summed likelihood, with weighted rows x, m arranged for fast evaluation.

    Attributes
    ----------
    x, by_x
        Distinct numbers of purchases and the weights of each.
    spent
        x m of each row.
    weights
        The weights, and the weights times x, shape (2, rows).
    fixed
        Weighted sums of ln m, of x ln(x m) and of ln(x m).
    typical
        Geometric mean of x m.
    """

    x: Array
    by_x: Array
    spent: Array
    weights: Array
    fixed: tuple[float, float, float]
    typical: float

    @classmethod
    def from_rows(cls, data: tuple[Array, ...], weights: Array) -> GammaGammaLikelihood:
        """Arrange rows x, m."""
        x, m = (np.asarray(column, float) for column in data)
        codes, values = encode(x)
        both = np.stack([weights, weights * x])
        spent = x * m
        log_spent = np.log(spent)
        by_customer, by_purchase = _summed(both, log_spent)
        fixed = _summed(both[:1], np.log(m))[0], by_purchase, by_customer
        typical = float(np.exp(by_customer / weights.sum()))
        return cls(values, np.bincount(codes, weights, len(values)), spent, both, fixed, typical)

    def __call__(self, values: Array) -> Derivatives:
        """Return value, gradient (3,) and Hessian (3, 3) by p, q, v."""
        p, q, v = values
        x, n, rise = self.x, self.by_x, digamma_difference
        rate = 1 / (v + self.spent)
        part, (w, wx) = self.spent * rate, self.weights
        parts, parts2 = sum_of_products(w, part), sum_of_products(w, part, part)
        rates_x, squares_x = sum_of_products(wx, rate), sum_of_products(wx, rate, rate)
        customers, purchases = n.sum(), n @ x
        log_q, log_p = self._logs(v, customers, purchases)
        value = -(n @ log_beta(p * x, q)) - self.fixed[0] - p * log_p - q * log_q
        both1 = trigamma(p * x + q)
        gradient = np.array(
            [
                n @ (x * rise(p * x, q)) - log_p,
                n @ rise(q, p * x) - log_q,
                q / v * parts - p * rates_x,
            ]
        )
        pp, pq = n @ (x**2 * trigamma_difference(p * x, q)), n @ (x * both1)
        qq, qv = n @ trigamma_difference(q, p * x), parts / v
        vv = p * squares_x - q / v * (2 * parts - parts2) / v
        hessian = np.array([[pp, pq, -rates_x], [pq, qq, qv], [-rates_x, qv, vv]])
        return float(value), gradient, hessian

    def _logs(self, v: float, customers: float, purchases: float) -> tuple[float, float]:
        """Return the sums of ln(1 + x m / v) and of x ln(1 + v / (x m)).

        The smaller sum is computed directly and the other from it: as a difference it would lose
        its digits, while p or q times it is a large part of the log-likelihood.
        """
        by_customer, by_purchase = self.fixed[2], self.fixed[1]
        if v < self.typical:
            log_p_unweighted, log_p = _summed(self.weights, np.log1p(v / self.spent))
            return by_customer - customers * np.log(v) + log_p_unweighted, log_p
        log_q, log_q_by_x = _summed(self.weights, np.log1p(self.spent / v))
        return log_q, log_q_by_x - by_purchase + purchases * np.log(v)


def _summed(weights: Array, column: Array) -> list[float]:
    """Return the weighted sums of a column, in one thread: BLAS threads start too slowly."""
    return [float(each) for each in np.einsum("ki,i->k", weights, column)]


@dataclass(frozen=True)
class GammaGamma(SpendModel):
    """The Gamma-Gamma model of spend per purchase.

    Parameters
    ----------
    p
        Shape of one customer's spend per purchase, > 0; its coefficient of variation is p^(-1/2).
    q
        Shape of the heterogeneity between customers, > 0; the mean spend exists only for q > 1.
    v
        Scale of the heterogeneity between customers, > 0, in units of money.

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

    money_power: ClassVar[dict[str, int]] = {"v": 1}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = (
        MixingDistribution("q", "v", "rate parameter of spend", "rate"),
    )

    def log_likelihood(self, x: Array, m: Array) -> Array:
        """Return each customer's log-likelihood of mean spend m over x > 0 purchases."""
        x, m = np.asarray(x, float), np.asarray(m, float)
        px, share = self.p * x, x * m / self.v
        beta = log_beta(px, np.asarray(self.q, float))
        result: Array = -beta - np.log(m) - px * np.log1p(1 / share) - self.q * np.log1p(share)
        return result

    def score(self, x: Array, m: Array) -> Array:
        """Return the gradient by p, q, v of each log-likelihood, shape (3, rows)."""
        x, m = np.asarray(x, float), np.asarray(m, float)
        p, q, v = self.p, self.q, self.v
        share = x * m / v
        return np.stack(
            [
                x * (digamma_difference(p * x, q) - np.log1p(1 / share)),
                digamma_difference(q, p * x) - np.log1p(share),
                (q * share - p * x) / (v + x * m),
            ]
        )

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        """Return the sums of log-likelihood, gradient and Hessian over weighted rows."""
        return GammaGammaLikelihood.from_rows(data, weights)

    @classmethod
    def start(cls, x: Array, m: Array, weights: Array) -> Self:
        """Return p = q = 4 and v from the observed mean spend."""
        return cls(p=4.0, q=4.0, v=0.75 * float(np.average(m, weights=weights)))

    def expected_spend(self) -> Array:
        """Return the mean spend per purchase of a new customer, p v / (q - 1).

        Raises
        ------
        ParameterError
            If q <= 1: the mean of such a heavy-tailed distribution does not exist.
        """
        self._refuse_no_mean()
        return np.asarray(self.p * self.v / (self.q - 1))

    def conditional_expected_spend(self, x: Array, m: Array) -> Array:
        """Return the expected mean spend of a customer, p (v + x m) / (p x + q - 1).

        Parameters
        ----------
        x
            Repeat purchases, >= 0.
        m
            Their mean value, >= 0; ignored for x = 0.

        Returns
        -------
        ndarray
            Between the customer's mean and the overall mean; closer to the customer's for larger x.
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

    def conditional_median_spend(self, x: Array | float, m: Array | float) -> Array:
        """Return the median of the distribution of a customer's mean spend, given x and m.

        Returns
        -------
        ndarray
            p (v + x m) / median of Gamma(p x + q); it always exists. A customer's mean spend is
            p / nu with nu ~ Gamma(p x + q, v + x m); x = 0 gives `median_spend`.

        Examples
        --------
        >>> heavy = GammaGamma(p=6.25, q=0.9, v=15.44)  # the mean does not exist
        >>> print(f"{heavy.conditional_median_spend(x=2, m=30):.2f}")
        36.08
        """
        x = np.asarray(x, float)
        spent = x * np.where(x > 0, m, 0.0)
        result: Array = self.p * (self.v + spent) / special.gammaincinv(self.p * x + self.q, 0.5)
        return result

    def log_median_slopes(self, x: Array, m: Array) -> Array:
        """Return d ln(conditional median spend) / d log(parameter), shape (3, rows)."""
        x = np.asarray(x, float)
        shape, step = self.p * x + self.q, 1e-4
        up, down = (special.gammaincinv(shape * np.exp(shift), 0.5) for shift in (step, -step))
        slope = np.log(up / down) / (2 * step)  # d ln(median of Gamma(shape)) / d ln(shape)
        spent = x * np.where(x > 0, m, 0.0)
        by_p, by_q = 1 - slope * self.p * x / shape, -slope * self.q / shape
        return np.stack([by_p, by_q, self.v / (self.v + spent)])

    def log_variance(
        self, log_covariance: Array, x: Array, m: Array, *, average: Average = "mean"
    ) -> Array:
        """Return the variance of the logarithm of conditional spend, by the delta method.

        The slopes by p and q depend on x alone and are computed once per distinct x; only that by
        v, v / (v + x m), depends on m.
        """
        codes, values = encode(x)
        C, slopes = log_covariance, self.log_spend_slopes
        if average == "median":
            slopes = self.log_median_slopes
        by_pq = slopes(values, np.zeros_like(values))[:2]
        by_x = np.einsum("ki,kl,li->i", by_pq, C[:2, :2], by_pq)
        cross = 2 * np.einsum("k,ki->i", C[2, :2], by_pq)
        by_v = self.v / (self.v + x * np.where(x > 0, m, 0.0))
        result: Array = by_x[codes] + by_v * (cross[codes] + C[2, 2] * by_v)
        return result

    def draw_mean_spend(self, x: Array, m: Array, rng: np.random.Generator) -> Array:
        """Draw customers' mean spend, p / nu with nu ~ Gamma(q + p x, v + x m)."""
        return self.p / self._draw_rate(x, m, rng)

    def draw_total_spend(self, n: Array, x: Array, m: Array, rng: np.random.Generator) -> Array:
        """Draw the value of n purchases, Gamma(p n, nu) with nu given x and m."""
        rate = self._draw_rate(x, m, rng)
        return np.where(n > 0, rng.gamma(np.maximum(self.p * n, 1e-300)) / rate, 0.0)

    def spend_scale(self, x: Array, m: Array) -> Array:
        """Return the scale of a customer's further spend, v + x m, in money."""
        x = np.asarray(x, float)
        return np.asarray(self.v + x * np.where(x > 0, m, 0.0))

    def total_spend_cdf(self, multiple: Array, n: Array, x: Array) -> Array:
        """Return P(spend of n further purchases <= multiple x scale), for n > 0.

        Spend / scale is a ratio of independent variables Gamma(p n) and Gamma(p x + q), whose
        distribution function is the regularised incomplete beta function at s / (1 + s).
        """
        share = np.asarray(multiple, float) / (1 + np.asarray(multiple, float))
        result: Array = special.betainc(self.p * np.asarray(n, float), self.p * x + self.q, share)
        return result

    def total_spend_quantile(self, probability: Array | float, n: Array, x: Array) -> Array:
        """Return the multiple at which `total_spend_cdf` is a probability.

        Examples
        --------
        >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)
        >>> half = model.total_spend_quantile(0.5, n=1, x=2)
        >>> print(f"{model.total_spend_cdf(half, n=1, x=2):.3f}")
        0.500
        """
        first, second = self.p * np.asarray(n, float), self.p * np.asarray(x, float) + self.q
        share = special.betaincinv(first, second, probability)
        rest = special.betaincinv(second, first, 1 - np.asarray(probability))
        return np.asarray(share / np.where(share < 0.5, 1 - share, rest))

    def simulate(self, x: Array, *, seed: int) -> Array:
        """Draw the mean spend of customers with x purchases each; NaN for x = 0."""
        rng = np.random.default_rng(seed)
        x = np.atleast_1d(np.asarray(x, float))
        rate = rng.gamma(self.q, 1 / self.v, size=x.shape)
        total = rng.gamma(np.maximum(self.p * x, 1e-300), 1 / rate)
        result: Array = np.divide(total, x, out=np.full(x.shape, np.nan), where=x > 0)
        return result

    @property
    def has_mean(self) -> bool:
        """Whether a mean spend exists, q > 1; the median always does."""
        return bool(np.all(np.asarray(self.q) > 1))

    @property
    def mean_condition(self) -> str:
        """The estimate of q, and the condition for a mean."""
        return f"q = {number(float(np.min(self.q)))}; a mean needs more than 1"

    def _draw_rate(self, x: Array, m: Array, rng: np.random.Generator) -> Array:
        return rng.gamma(self.p * x + self.q) / (self.v + np.where(x > 0, x * m, 0.0))

    def _refuse_no_mean(self) -> None:
        if not self.has_mean:
            raise ParameterError(
                f"the mean spend exists only for q > 1; found q = {np.min(self.q):.4g}: the "
                "distribution of spend has too heavy a tail. Use median_spend() or "
                "conditional_median_spend(x, m) (clv.SpendAverage(spend, 'median') in a lifetime "
                "value), and check the largest values."
            )

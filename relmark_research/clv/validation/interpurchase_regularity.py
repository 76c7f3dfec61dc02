"""Regularity of interpurchase times (Wheat and Morrison's test of random purchasing).

t1, t2   a customer's last two interpurchase times
M        t2 / (t1 + t2); Beta(k, k) if interpurchase times are Gamma(shape k), whatever the
         customer's rate: its mean is 1/2, its variance 1 / (4 (2 k + 1))
k        1: random purchasing (exponential interpurchase times), as BG/NBD, MBG/NBD and Pareto/NBD
         assume; above 1: more regular, as in (M)BG/CNBD-k (`families/cnbd`); below 1: clustered

A log records days, not times, and merges purchases on the same day. M is then one of
1/n, ..., (n - 1)/n with n = t1 + t2 days, which reduces its variance and makes random purchasing
look regular. Given n, the second interval under k = 1 is uniform on 1, ..., n - 1; k is therefore
estimated from the likelihood given n, proportional to (d (n - d))^(k - 1) over d = 1, ..., n - 1,
which is exact for k = 1.
Source: Wheat & Morrison (1990), Journal of Marketing Research 27(1), 87-93.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from relmark_research._repr import html_table, one_line
from relmark_research.customers.log import aggregation
from relmark_research.errors import DataError
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

_FEWEST = 10  # customers with two intervals
_ITERATIONS = 60
_MAX_K = 1e3  # a larger k is equal intervals
_MAX_STEP = 0.7  # of ln k
_TOLERANCE = 1e-10  # of ln k


@dataclass(frozen=True, repr=False)
class PurchaseRegularity:
    """The regularity of interpurchase times.

    Attributes
    ----------
    k, low, high
        Shape of the interpurchase times, estimated from whole days, with its interval; 1 is random.
    p_value
        Of the likelihood ratio test of k = 1.
    mean_share, mean_share_low, mean_share_high
        Mean of M = t2 / (t1 + t2) with its interval; 1/2 unless the purchase rate changes.
    moment_k
        Wheat and Morrison's estimate (1 - 4 var M) / (8 var M), which ignores rounding to days.
    n_customers
        Customers with at least three purchase days; their last two intervals are used.
    """

    k: float
    low: float
    high: float
    p_value: float
    mean_share: float
    mean_share_low: float
    mean_share_high: float
    moment_k: float
    n_customers: int

    @property
    def words(self) -> str:
        """The finding, and what it means for a model that assumes random purchasing."""
        shown = f"k = {self.k:.2f} ({self.low:.2f} to {self.high:.2f}); k = 1 is random"
        if self.low > 1:
            return (
                f"Purchases are more regular than the models assume ({shown}), so the models "
                "overstate P(alive) after a long gap. MBGCNBD and BGCNBD model regular purchases."
            )
        if self.high < 1:
            return (
                f"Purchases are more clustered than the models assume ({shown}), so the models "
                "understate P(alive) after a long gap and the uncertainty of short-term forecasts."
            )
        return f"Purchases are consistent with random purchasing ({shown}), as the models assume."

    def _rows(self) -> dict[str, object]:
        return {
            "k": self.k,
            "low": self.low,
            "high": self.high,
            "p": self.p_value,
            "customers": self.n_customers,
        }

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._rows())

    def _repr_html_(self) -> str:
        return html_table("Regularity of purchases (k = 1: random)", self._rows())


def purchase_regularity(log: TransactionLog, *, level: float = 0.95) -> PurchaseRegularity:
    """Estimate the regularity of purchasing from each customer's last two intervals.

    Parameters
    ----------
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    PurchaseRegularity
        k maximises the likelihood of the last interval given the sum of the last two, in whole
        days; its interval is symmetric in ln k.

    Raises
    ------
    DataError
        If fewer than 10 customers have three purchase days.

    References
    ----------
    Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal
    of Marketing Research 27(1), 87-93.

    Examples
    --------
    CDNOW's purchases are clustered; the moment estimate, which ignores rounding to days, hides part
    of it:

    >>> import relmark_research as rm
    >>> found = rm.clv.purchase_regularity(rm.load_cdnow(full=True))
    >>> print(f"{found.k:.2f} ({found.low:.2f} to {found.high:.2f}), {found.moment_k:.2f}")
    0.88 (0.85 to 0.91), 0.94
    """
    pairs = aggregation.last_two_interpurchase_times(log.days)
    earlier, later, weights = (
        pairs[name].to_numpy(float) for name in ("earlier", "later", "n_customers")
    )
    customers = int(weights.sum())
    if customers < _FEWEST:
        raise DataError(
            f"regularity needs {_FEWEST} customers with at least three purchase days; found "
            f"{customers}. Use a longer observation period."
        )
    share = later / (earlier + later)
    mean = float(np.average(share, weights=weights))
    variance = float(np.cov(share, fweights=weights.astype(int)))
    z = normal_quantile(level)
    margin = float(z * np.sqrt(variance / customers))
    k, log_error, p_value = _fit_shape(later, earlier, weights)
    factor = float(np.exp(z * log_error))
    return PurchaseRegularity(
        k=k,
        low=k / factor,
        high=k * factor,
        p_value=p_value,
        mean_share=mean,
        mean_share_low=mean - margin,
        mean_share_high=mean + margin,
        moment_k=(1 - 4 * variance) / (8 * variance) if variance > 0 else np.inf,
        n_customers=customers,
    )


def _fit_shape(later: Array, earlier: Array, weights: Array) -> tuple[float, float, float]:
    """Return k, the standard error of ln k, and the p-value of k = 1, by Newton's method."""
    likelihood = _ShapeLikelihood.from_intervals(later, earlier, weights)
    k = 1.0
    for _ in range(_ITERATIONS):
        _, score, information = likelihood.at(k)
        step = np.clip(score / max(information, 1e-300) / k, -_MAX_STEP, _MAX_STEP)
        k = float(np.clip(k * np.exp(step), 1 / _MAX_K, _MAX_K))
        if abs(step) < _TOLERANCE or k in (1 / _MAX_K, _MAX_K):
            break
    value, _, information = likelihood.at(k)
    statistic = max(2 * (value - likelihood.at(1.0)[0]), 0.0)
    error = float(1 / (k * np.sqrt(information))) if information > 0 else np.inf
    return k, error, float(special.chdtrc(1, statistic))


@dataclass(frozen=True)
class _ShapeLikelihood:
    """The likelihood of k given n = t1 + t2.

    Attributes
    ----------
    observed
        Sum of ln(d (n - d)) over customers.
    support
        For each distinct n, ln(d (n - d)) at d = 1, ..., n - 1.
    counts
        Customers with each n.
    """

    observed: float
    support: list[Array]
    counts: Array

    @classmethod
    def from_intervals(cls, later: Array, earlier: Array, weights: Array) -> _ShapeLikelihood:
        informative = earlier + later > 2  # n = 2 has one point only
        if not informative.any():
            raise DataError(
                "regularity needs two intervals that can differ; all of "
                f"{weights.sum():,.0f} customers have two intervals of one day. Dates are too "
                "coarse for these purchases: times of day would be needed."
            )
        days, group = np.unique((earlier + later)[informative], return_inverse=True)
        return cls(
            observed=float(weights[informative] @ np.log(earlier * later)[informative]),
            support=[np.log(np.arange(1, n) * (n - np.arange(1, n))) for n in days],
            counts=np.bincount(group, weights=weights[informative]),
        )

    def at(self, k: float) -> tuple[float, float, float]:
        """Return the log-likelihood, the score and the observed information at k."""
        value, score, information = (k - 1) * self.observed, self.observed, 0.0
        for points, count in zip(self.support, self.counts, strict=True):
            log_total = special.logsumexp((k - 1) * points)
            probability = np.exp((k - 1) * points - log_total)
            mean = probability @ points
            value -= count * log_total
            score -= count * mean
            information += count * (probability @ (points - mean) ** 2)
        return value, score, information

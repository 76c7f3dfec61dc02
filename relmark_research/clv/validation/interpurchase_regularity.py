"""Do customers buy at random or at regular intervals? (Wheat & Morrison's test.)

    t1, t2   a customer's last two interpurchase times
    M        t2 / (t1 + t2); Beta(k, k) where interpurchase times are Gamma(shape k), whatever the
             customer's own rate: its mean is 1/2, its variance 1 / (4 (2 k + 1))
    k        1: purchases at random (exponential times), as BG/NBD, MBG/NBD and Pareto/NBD take
             them; above 1: more regular; below 1: in bursts

A log knows days, not moments, and a second purchase of the same day is merged. M then lies on the
points 1/n, ..., (n - 1)/n of n = t1 + t2 days, which narrows it and makes random purchases look
regular. Given n, the later interval of k = 1 is any whole number from 1 to n - 1 with the same
chance; k is therefore estimated from the likelihood given n, proportional to
(d (n - d))^(k - 1) over d = 1, ..., n - 1, which is exact for k = 1.
Source: Wheat & Morrison (1990), Journal of Marketing Research 27(1), 87-93.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from relmark_research.customers.log import aggregation
from relmark_research.errors import DataError
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

_FEWEST = 10  # pairs of intervals below which nothing is said
_STEPS = 60
_LARGEST = 1e3  # k beyond which intervals are as good as equal


@dataclass(frozen=True)
class Regularity:
    """How regular interpurchase times are.

    Attributes
    ----------
    k, low, high
        Shape of the interpurchase times, from whole days, and its interval; 1 is random.
    p_value
        Of the likelihood-ratio test of k = 1.
    mean_share, mean_share_low, mean_share_high
        Mean of M = t2 / (t1 + t2) and its interval; 1/2 unless customers speed up or slow down.
    moment_k
        Wheat and Morrison's estimate (1 - 4 var M) / (8 var M), which takes days for moments.
    n_customers
        Customers with three purchase-days or more, whose last two intervals are used.
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
        """What that means for a model that takes purchases as random."""
        shown = f"k is {self.k:.2f} ({self.low:.2f} to {self.high:.2f})"
        if self.low > 1:
            return (
                f"Purchases are more regular than at random: {shown}, 1 being random. A long "
                "silence says more than the models take from it."
            )
        if self.high < 1:
            return (
                f"Purchases come in bursts: {shown}, 1 being random. A silence says less than the "
                "models take from it, and near forecasts are less sure than they say."
            )
        return f"Purchases come as if at random: {shown}, 1 being random, as the models take it."


def purchase_regularity(log: TransactionLog, *, level: float = 0.95) -> Regularity:
    """Estimate how regularly customers buy, from the last two intervals of each.

    Parameters
    ----------
    level
        Probability of the intervals.

    Returns
    -------
    Regularity
        k maximises the likelihood of the last interval given the sum of the last two, in whole
        days; its interval is symmetric in ln k.

    Raises
    ------
    DataError
        Where fewer than 10 customers have three purchase-days.

    References
    ----------
    Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal
    of Marketing Research 27(1), 87-93.

    Examples
    --------
    CDNOW's customers buy in bursts; days taken for moments would hide some of it:

    >>> import relmark_research as rm
    >>> found = rm.clv.purchase_regularity(rm.load_cdnow(full=True))
    >>> print(f"{found.k:.2f} ({found.low:.2f} to {found.high:.2f}), {found.moment_k:.2f}")
    0.88 (0.85 to 0.91), 0.94
    """
    pairs = aggregation.last_two_intervals(log.days)
    earlier, later, weights = (
        pairs[name].to_numpy(float) for name in ("earlier", "later", "n_customers")
    )
    customers = int(weights.sum())
    if customers < _FEWEST:
        raise DataError(
            f"regularity is read from customers with three purchase-days or more and needs "
            f"{_FEWEST} of them; found {customers}. Observe for longer."
        )
    share = later / (earlier + later)
    mean = float(np.average(share, weights=weights))
    variance = float(np.cov(share, fweights=weights.astype(int)))
    reach = float(normal_quantile(level) * np.sqrt(variance / customers))
    k, log_error, p_value = _shape(later, earlier, weights)
    spread = float(np.exp(normal_quantile(level) * log_error))
    return Regularity(
        k=k,
        low=k / spread,
        high=k * spread,
        p_value=p_value,
        mean_share=mean,
        mean_share_low=mean - reach,
        mean_share_high=mean + reach,
        moment_k=(1 - 4 * variance) / (8 * variance) if variance > 0 else np.inf,
        n_customers=customers,
    )


def _shape(later: Array, earlier: Array, weights: Array) -> tuple[float, float, float]:
    """Return k, the standard error of ln k, and the p-value of k = 1, by Newton's method."""
    informed = earlier + later > 2  # n = 2 leaves one point only
    if not informed.any():
        raise DataError(
            "regularity is read from how two intervals share their days; all of "
            f"{weights.sum():,.0f} customers have two of one day each. A log of moments would be "
            "needed."
        )
    days, place = np.unique((earlier + later)[informed], return_inverse=True)
    counts = np.bincount(place, weights=weights[informed])
    told = float(weights[informed] @ np.log(earlier * later)[informed])
    grid = [np.log(np.arange(1, n) * (n - np.arange(1, n))) for n in days]

    def moments(k: float) -> tuple[float, float, float]:
        """Return the log-likelihood, its slope and minus its curvature by k."""
        value, slope, information = (k - 1) * told, told, 0.0
        for points, count in zip(grid, counts, strict=True):
            total = special.logsumexp((k - 1) * points)
            chance = np.exp((k - 1) * points - total)
            mean = chance @ points
            value -= count * total
            slope -= count * mean
            information += count * (chance @ (points - mean) ** 2)
        return value, slope, information

    k = 1.0
    for _ in range(_STEPS):
        _, slope, information = moments(k)
        step = np.clip(slope / max(information, 1e-300) / k, -0.7, 0.7)  # of ln k
        k = float(np.clip(k * np.exp(step), 1 / _LARGEST, _LARGEST))
        if abs(step) < 1e-10 or k in (1 / _LARGEST, _LARGEST):
            break
    value, _, information = moments(k)
    gained = max(2 * (value - moments(1.0)[0]), 0.0)
    error = float(1 / (k * np.sqrt(information))) if information > 0 else np.inf
    return k, error, float(special.chdtrc(1, gained))

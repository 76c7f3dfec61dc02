"""Is spend independent of how often a customer buys? The assumption behind multiplying the two.

Pearson's correlation answers for means, but one customer with many dear purchases can make it, and
the few who spend very much hide what all others do; Spearman's is of ranks, which no single
customer can move much; and Pearson's without the few customers who move it most says how much of it
is theirs. Means of many purchases are less skewed than single ones, so that under independence
Spearman's is a little above 0 (about .03 for CDNOW, by simulation from its Gamma-Gamma model).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray


@dataclass(frozen=True)
class Correlation:
    """The correlation of spend and frequency, three ways, each with its interval.

    Attributes
    ----------
    value, low, high
        Pearson's correlation, in [-1, 1], and the interval from Fisher's z.
    p_value
        Of no correlation, by Fisher's z.
    n_customers
        Repeat customers that it is computed over.
    rank, rank_low, rank_high
        Spearman's correlation, and the interval of Bonett and Wright.
    trimmed, trimmed_low, trimmed_high
        Pearson's correlation without the customers who move it most.
    left_out
        Rows of those customers: index as in the customers, frequency and monetary_value.
    """

    value: float
    low: float
    high: float
    p_value: float
    n_customers: int
    rank: float
    rank_low: float
    rank_high: float
    trimmed: float
    trimmed_low: float
    trimmed_high: float
    left_out: pd.DataFrame

    @property
    def words(self) -> str:
        """What that means for a value that multiplies purchases by spend."""
        if self.rank_low > 0 or self.rank_high < 0:
            size = "slightly " if abs(self.rank) < 0.3 else "much " if abs(self.rank) > 0.6 else ""
            more, high = ("more", "high") if self.rank > 0 else ("less", "low")
            return (
                f"Those who buy more often spend {size}{more} per purchase, so customers who "
                f"bought once are valued a little too {high}."
            )
        if self.low <= 0 <= self.high:
            return "No dependence of spend on frequency can be seen."
        if self.trimmed_low <= 0 <= self.trimmed_high:
            few = len(self.left_out)
            return (
                f"What dependence there is comes from {few:,} of {self.n_customers:,} customers; "
                f"without {'that one' if few == 1 else 'those'} none can be seen."
            )
        return "Dependence shows in the amounts but not in the ranks: look at the largest values."


def spend_frequency_correlation(
    customers: CustomerSummary | pd.DataFrame, *, level: float = 0.95, leave_out: int = 1
) -> Correlation:
    """Correlate mean spend with the number of repeat purchases, over repeat customers.

    Parameters
    ----------
    level
        Probability of the intervals.
    leave_out
        How many customers, those who move the correlation most, are left out of ``trimmed``;
        >= 0.

    Returns
    -------
    Correlation
        Pearson: tanh(atanh(r) -+ z / sqrt(n - 3)); Spearman: the same with
        sqrt((1 + r^2 / 2) / (n - 3)).

    Raises
    ------
    DataError
        Where fewer than 4 customers have a repeat purchase, or all are alike.
    ParameterError
        Where ``leave_out`` is negative or leaves fewer than 4.

    References
    ----------
    Bonett & Wright (2000), Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations, Psychometrika 65(1), 23-28. Fader, Hardie & Lee (2005), RFM and CLV, Journal of
    Marketing Research 42(4), section "Independence".

    Examples
    --------
    Fader and Hardie's note 025 prints .11 for CDNOW; without one customer it is .06:

    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> found = rm.clv.spend_frequency_correlation(calibration)
    >>> print(f"{found.value:.2f} {found.trimmed:.2f}")
    0.11 0.06
    """
    summary = CustomerSummary.of(customers)
    repeat = summary.frequency > 0
    x, m = summary.frequency[repeat], summary.monetary_value[repeat]
    weights = summary.weights[repeat]
    _check(x, m, weights, leave_out)
    value, rank = _pearson(x, m, weights), _pearson(_ranks(x, weights), _ranks(m, weights), weights)
    n, z = int(weights.sum()), normal_quantile(level)
    kept, out = _without_the_most_influential(x, m, weights, leave_out)
    trimmed = _pearson(x, m, kept)
    low, high = _fisher(value, z / np.sqrt(n - 3))
    rank_low, rank_high = _fisher(rank, z * np.sqrt((1 + rank**2 / 2) / (n - 3)))
    trimmed_low, trimmed_high = _fisher(trimmed, z / np.sqrt(n - leave_out - 3))
    distance = abs(np.arctanh(np.clip(value, -1 + 1e-15, 1 - 1e-15))) * np.sqrt(n - 3)
    return Correlation(
        value, low, high, float(2 * special.ndtr(-distance)), n,
        rank, rank_low, rank_high, trimmed, trimmed_low, trimmed_high,
        summary.table.loc[repeat].iloc[out][["frequency", "monetary_value"]],
    )  # fmt: skip


def _check(x: Array, m: Array, weights: Array, leave_out: int) -> None:
    n = int(weights.sum())
    if n < 4 or np.ptp(x) == 0 or np.ptp(m) == 0:
        raise DataError(
            "a correlation of spend and frequency needs at least 4 repeat customers who differ in "
            f"both; found {n}."
        )
    if not 0 <= leave_out <= n - 4:
        raise ParameterError(
            f"leave_out must be 0 or more and leave at least 4 of {n:,} repeat customers; found "
            f"{leave_out}."
        )


def _pearson(x: Array, m: Array, weights: Array) -> float:
    covariance = np.cov(x, m, aweights=weights)
    size = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / size) if size > 0 else 0.0


def _ranks(values: Array, weights: Array) -> Array:
    """Return the mean rank of each row among all customers, equal values sharing theirs."""
    found = distinct(values, weights=weights)
    upto = np.cumsum(found.weights)
    return (upto - (found.weights - 1) / 2)[found.inverse]


def _without_the_most_influential(
    x: Array, m: Array, weights: Array, count: int
) -> tuple[Array, Array]:
    """Return weights less the customers who move Pearson's correlation most, and their rows.

    One after another, each by the correlation that would be left without it.
    """
    kept, out = weights.copy(), []
    for _ in range(count):
        moved = np.abs(_left_without_each(x, m, kept) - _pearson(x, m, kept))
        row = int(np.argmax(np.where(kept > 0, moved, -1)))
        kept[row] -= 1
        out.append(row)
    return kept, np.array(out, dtype=int)


def _left_without_each(x: Array, m: Array, weights: Array) -> Array:
    """Return the correlation that is left when one customer of each row is taken away."""
    n = weights.sum()
    dx, dm = x - np.average(x, weights=weights), m - np.average(m, weights=weights)
    shrunk = n / (n - 1)
    xx, mm, xm = (
        weights @ (one * two) - shrunk * one * two for one, two in ((dx, dx), (dm, dm), (dx, dm))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(xm / np.sqrt(xx * mm))


def _fisher(r: float, reach: float) -> tuple[float, float]:
    z = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    return float(np.tanh(z - reach)), float(np.tanh(z + reach))

"""Which average of a customer's spend a value is made of: the mean, or the median without one.

A Gamma-Gamma model with q <= 1 has no mean spend: a few customers spend so much that it is
infinite. Half of the customers of one history spend more than the median, which always exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.prediction._inputs import spend_model
from relmark_research.customers.log.distinct_histories import Distinct
from relmark_research.errors import ParameterError

Array = np.ndarray
Average = Literal["mean", "median"]


@dataclass(frozen=True)
class SpendAverage:
    """Spend per purchase by one average; a valuation takes it in place of a fit or model of spend.

    Attributes
    ----------
    spend
        The fit or model.
    average
        ``"mean"``, or ``"median"`` of what a customer's spend may be, which exists for q <= 1 too
        and counts no rare large spender.

    Examples
    --------
    >>> from relmark_research.clv import GammaGamma
    >>> heavy = GammaGamma(p=6.25, q=0.9, v=15.44)
    >>> SpendAverage(heavy, "median").of(x=2, m=30).round(2)
    np.float64(36.08)
    """

    spend: Fit | GammaGamma
    average: Average = "mean"

    def __post_init__(self) -> None:
        if self.average not in ("mean", "median"):
            raise ParameterError(
                "the average of spend is 'mean' or 'median' (which exists also where a few "
                f"customers spend so much that the mean does not); found {self.average!r}."
            )

    @classmethod
    def existing(cls, spend: Fit | GammaGamma) -> Self:
        """Return that by the mean where it exists, else that by the median.

        Examples
        --------
        >>> from relmark_research.clv import GammaGamma
        >>> [SpendAverage.existing(GammaGamma(p=6.25, q=q, v=15.44)).average for q in (3.74, 0.9)]
        ['mean', 'median']
        """
        return cls(spend, "mean" if spend_model(spend).has_mean else "median")

    def of(self, x: Array | float, m: Array | float) -> Array:
        """Return the average of customers with x repeat purchases of mean value m."""
        model = spend_model(self.spend)
        if self.average == "median":
            return model.conditional_median_spend(x, m)
        return model.conditional_expected_spend(np.asarray(x, float), np.asarray(m, float))

    def log_slopes(self, x: Array, m: Array) -> Array:
        """Return d ln(average) / d log(parameter), shape (3, rows)."""
        model = spend_model(self.spend)
        if self.average == "median":
            return model.log_median_slopes(x, m)
        return model.log_spend_slopes(x, m)

    def add_doubt(self, paid: Fit, variance: Array, histories: Distinct, spent: Array) -> Array:
        """Add that of ln spend to a variance per history, and return it per customer.

        Of the slopes of ln spend only that by v is the customer's own: v / (v + x m), which is what
        is spent where m = 0 over what is spent. The others depend on x alone.
        """
        x, C = histories.columns[0], uncertainty.doubt(paid)
        by_pq = self.log_slopes(x, np.zeros_like(x))[:2]
        fixed = variance + np.einsum("ki,kl,li->i", by_pq, C[:2, :2], by_pq)
        crossed = 2 * np.einsum("k,ki->i", C[2, :2], by_pq)
        own = self.of(x, np.zeros_like(x))[histories.inverse] / spent
        return fixed[histories.inverse] + own * (crossed[histories.inverse] + C[2, 2] * own)

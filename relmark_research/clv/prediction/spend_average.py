"""The average of a customer's spend per purchase that a value uses: the mean or the median.

A Gamma-Gamma model with q <= 1 has no mean spend: its tail is so heavy that the mean is infinite.
The median always exists: half of the customers with one history spend more than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, get_args

import numpy as np

from relmark_research.clv.calendar.spend_calendar import SpendCalendar
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.spend_model import Average
from relmark_research.clv.prediction._inputs import SpendInput, spend_model
from relmark_research.clv.prediction.spend_dependence import SpendDependence
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError

Array = np.ndarray


@dataclass(frozen=True)
class SpendAverage:
    """Spend per purchase by the mean or the median, used in place of a fit or model of spend.

    Attributes
    ----------
    spend
        The fit or model of spend.
    average
        ``"mean"``, or ``"median"`` of the conditional distribution of spend, which also exists for
        q <= 1 and does not include rare very large purchases.
    calendar
        Season and trend of spend, by which a lifetime value is multiplied over its horizon. The
        spend is then fitted to, and the customers come from, `SpendCalendar.customer_summary`,
        whose values are restated to the level of the last day. None for spend that is constant.
    dependence
        How spend follows the purchase rate, whose fit is the spend; None for independence.

    Examples
    --------
    >>> from relmark_research.clv import GammaGamma
    >>> heavy_tailed = GammaGamma(p=6.25, q=0.9, v=15.44)
    >>> SpendAverage(heavy_tailed, "median").conditional_spend(x=2, m=30).round(2)
    np.float64(36.08)
    """

    spend: SpendInput
    average: Average = "mean"
    calendar: SpendCalendar | None = None
    dependence: SpendDependence | None = None

    def __post_init__(self) -> None:
        if self.average not in get_args(Average):
            raise ParameterError(
                "the average of spend is 'mean' or 'median' (which also exists if the mean is "
                f"infinite); found {self.average!r}."
            )

    @classmethod
    def default_for(cls, spend: SpendInput) -> Self:
        """Return the average by the mean if it exists, otherwise by the median.

        Examples
        --------
        >>> from relmark_research.clv import GammaGamma
        >>> models = [GammaGamma(p=6.25, q=q, v=15.44) for q in (3.74, 0.9)]
        >>> [SpendAverage.default_for(model).average for model in models]
        ['mean', 'median']
        """
        return cls(spend, "mean" if spend_model(spend).has_mean else "median")

    def conditional_spend(self, x: Array | float, m: Array | float) -> Array:
        """Return the average spend of customers with x repeat purchases of mean value m."""
        model = spend_model(self.spend)
        if self.average == "median":
            return model.conditional_median_spend(x, m)
        return model.conditional_expected_spend(np.asarray(x, float), np.asarray(m, float))

    def factors(self, customers: CustomerSummary) -> Array:
        """Return the factor of each customer's level by their purchase rate; ones without it."""
        if self.dependence is None:
            return np.ones(len(customers))
        return self.dependence.factors(customers)

    def customer_spend(self, customers: CustomerSummary) -> Array:
        """Return the average spend of customers, at the level of the last day of a calendar."""
        factors = self.factors(customers)
        own = customers.monetary_value / factors
        result: Array = factors * self.conditional_spend(customers.frequency, own)
        return result

    def log_gradient(self, x: Array, m: Array) -> Array:
        """Return d ln(average) / d log(parameter), shape (parameters, rows)."""
        model = spend_model(self.spend)
        if self.average == "median":
            return model.log_median_slopes(x, m)
        return model.log_spend_slopes(x, m)

    def log_variance(self, fit: Fit[Any], x: Array, m: Array) -> Array:
        """Return the variance of ln(average) per customer, from the covariance of a fit."""
        model = spend_model(self.spend)
        return model.log_variance(fit.checked_covariance(), x, m, average=self.average)

"""The base class of models of spend per purchase.

A customer's own mean spend varies over customers; x purchases of mean value m inform about it. A
model gives the mean and the median of its distribution given x and m, and draws from it. Slopes by
the parameters, the variance of an estimate and a change of currency have defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from relmark_research.clv.estimation.model import Model, missing_method
from relmark_research.clv.estimation.uncertainty import slopes
from relmark_research.errors import DataError, first_rows
from relmark_research.stats import delta_method

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
Average = Literal["mean", "median"]


@dataclass(frozen=True)
class SpendModel(Model, registered=False):
    """The base class of models of spend per purchase.

    x is the number of repeat purchases of a customer and m their mean value, which is ignored for
    x = 0. A value needs `conditional_expected_spend`; a value by the median
    `conditional_median_spend`; prediction intervals `draw_total_spend`, and advice on customers
    `draw_mean_spend`. `money_power` says which parameters are in units of money.
    """

    columns: ClassVar[tuple[str, ...]] = ("frequency", "monetary_value")
    aggregated: ClassVar[bool] = False  # equal mean spends are rare

    def conditional_expected_spend(self, x: Array, m: Array) -> Array:
        """Return the expectation of a customer's mean spend per purchase, given x and m.

        Raises
        ------
        ParameterError
            If it does not exist (`has_mean`).
        """
        raise missing_method(
            self, "conditional_expected_spend(x, m)", "a customer's expected spend given x and m"
        )

    def conditional_median_spend(self, x: Array | float, m: Array | float) -> Array:
        """Return the median of the distribution of a customer's mean spend, given x and m."""
        raise missing_method(
            self, "conditional_median_spend(x, m)", "a customer's median spend given x and m"
        )

    def draw_mean_spend(self, x: Array, m: Array, rng: np.random.Generator) -> Array:
        """Draw customers' own mean spend per purchase given x and m, of the shape of x."""
        raise missing_method(
            self, "draw_mean_spend(x, m, rng)", "draws of customers' mean spend given x and m"
        )

    def draw_total_spend(self, n: Array, x: Array, m: Array, rng: np.random.Generator) -> Array:
        """Draw the total value of n further purchases of customers given x and m, 0 for n = 0."""
        raise missing_method(
            self, "draw_total_spend(n, x, m, rng)", "draws of the value of n purchases given x, m"
        )

    def spend_scale(self, x: Array, m: Array) -> Array:
        """Return the scale of a customer's further spend, in money, given x and m.

        The spend of n further purchases is this scale times a multiple whose distribution depends
        on n and x only.
        """
        raise missing_method(self, "spend_scale(x, m)", "the scale of spend given x and m")

    def total_spend_cdf(self, multiple: Array, n: Array, x: Array) -> Array:
        """Return P(spend of n further purchases <= multiple x scale), for n > 0."""
        raise missing_method(
            self, "total_spend_cdf(multiple, n, x)", "the distribution of the value of n purchases"
        )

    def total_spend_quantile(self, probability: Array | float, n: Array, x: Array) -> Array:
        """Return the multiple at which `total_spend_cdf` is a probability."""
        raise missing_method(
            self, "total_spend_quantile(probability, n, x)", "quantiles of the value of n purchases"
        )

    def simulate(self, x: Array, *, seed: int) -> Array:
        """Draw the mean spend of new customers with x purchases each; NaN for x = 0.

        The default is `draw_total_spend` / x without a history.
        """
        x = np.atleast_1d(np.asarray(x, float))
        total = self.draw_total_spend(x, np.zeros(x.shape), x, np.random.default_rng(seed))
        result: Array = np.divide(total, x, out=np.full(x.shape, np.nan), where=x > 0)
        return result

    @property
    def has_mean(self) -> bool:
        """Whether the expected spend exists."""
        return True

    @property
    def mean_condition(self) -> str:
        """The estimate and the condition for a mean: ``"q = 0.900; a mean needs more than 1"``."""
        return ""

    def expected_spend(self) -> Array:
        """Return the expected spend per purchase of a new customer."""
        return self.conditional_expected_spend(np.asarray(0.0), np.asarray(0.0))

    def median_spend(self) -> Array:
        """Return the median of the mean spend over customers."""
        return self.conditional_median_spend(0, 0)

    def log_spend_slopes(self, x: Array, m: Array) -> Array:
        """Return d ln(conditional expected spend) / d log(parameter), shape (parameters, rows).

        The default takes central differences.
        """
        return self._log_slopes(lambda model: model.conditional_expected_spend(x, m))

    def log_median_slopes(self, x: Array, m: Array) -> Array:
        """Return d ln(conditional median spend) / d log(parameter), shape (parameters, rows).

        The default takes central differences.
        """
        return self._log_slopes(lambda model: model.conditional_median_spend(x, m))

    def log_variance(
        self, log_covariance: Array, x: Array, m: Array, *, average: Average = "mean"
    ) -> Array:
        """Return the variance of the logarithm of conditional spend, by the delta method.

        Parameters
        ----------
        log_covariance
            Covariance of the log-parameters, shape (parameters, parameters).
        x, m
            Repeat purchases and their mean value, shape (rows,).
        average
            Whether the spend is the mean or the median.
        """
        gradient = self.log_spend_slopes if average == "mean" else self.log_median_slopes
        return delta_method.variance(gradient(x, m), log_covariance)

    def money_factors(self, factor: float) -> Array:
        """Return the factor of each parameter if all spends are ``factor`` times as large."""
        powers = np.array([self.money_power.get(name, 0) for name in self.names()])
        return float(factor) ** powers

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return x, m and weights of the repeat customers with a spend above 0."""
        x, m = customers.frequency, customers.monetary_value
        paid = np.flatnonzero(m > 0)  # NaN for x = 0
        note, repeat = "", int(customers.weights[x > 0].sum())
        if repeat and not customers.weights[paid].any():
            raise DataError(
                f"{cls.__name__} is estimated from the spend of repeat customers; all "
                f"{repeat:,} of them have a monetary_value of 0. Check that the right column was "
                "read as the value and that it was not rounded to 0."
            )
        if len(paid) < np.count_nonzero(x):
            excluded = (x > 0) & ~(m > 0)
            shown = first_rows(excluded, customers.table.index)
            note = f"{excluded.sum():,} repeat customers with a spend of 0 are left out: {shown}"
        return (x[paid], m[paid]), customers.weights[paid], note

    def _log_slopes(self, spend: Callable[[Self], Array]) -> Array:
        return slopes(lambda model: np.log(spend(model)), self)

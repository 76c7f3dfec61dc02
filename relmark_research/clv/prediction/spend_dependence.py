"""Spend that depends on the purchase rate: log of the mean level follows log of the rate.

    mean level of a customer = (rate / reference)^coefficient x a level independent of the rate

The rate is the expectation of a customer's purchase rate given the history, of the time alive. The
coefficient and the spend model are estimated by maximum likelihood from m / (rate / reference)^
coefficient. It is used only where the correlation of spend and frequency is not 0
(`spend_frequency_correlation`) and the interval of the coefficient excludes 0.

A purchase to come is more likely from a customer with a high rate. Expected spend therefore takes
the mean log rate of customers with one purchase more, x + 1, over the same time T, by a regression
on log x and log T over the repeat customers: one-time customers who buy again are taken to be like
those with one repeat purchase. (By the rate (r + 1) / (alpha + T) of a model, their spend was too
low in backtests.) The rate moves the level towards which a customer's own mean is shrunk; their own
mean already reflects their rate.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from relmark_research._repr import one_line
from relmark_research.clv.estimation.fit import Fit, fit_model
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.estimation.spend_model import SpendModel
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    check_same_clock,
    purchase_model,
    spend_model,
)
from relmark_research.clv.validation.spend_frequency_independence import (
    spend_frequency_correlation,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray

_STEPS, _SMALL, _SETTLED = 6, 1e-3, 0.1  # of a search, and when it ends
_SAMPLE = 8_000  # customers that the coefficient is estimated from, at most
_SEED = 20_240_106
_WIDTH = 1e-4  # of the numerical derivative by the coefficient
_LARGEST = 2.0  # of the coefficient
_SHORTEST = 1.0  # unit of time since the first purchase, in a logarithm


@dataclass(frozen=True, eq=False, repr=False)
class SpendDependence:
    """How spend per purchase follows the purchase rate.

    Attributes
    ----------
    coefficient
        Change of log spend by log rate; 0 where no dependence is seen.
    low, high
        Its 95% interval; 0 where the correlation of spend and frequency does not differ from 0.
    log_reference
        Mean log rate of repeat customers, at which the factor is 1.
    spend
        The fit of spend at the reference.
    log_rates
        Intercept and slopes of the log rate by log x and log T, shape (3,).
    """

    coefficient: float
    low: float
    high: float
    log_reference: float
    spend: Fit[Any] = field(repr=False)
    log_rates: Array = field(repr=False)

    @classmethod
    def fit(
        cls,
        customers: CustomerSummary | pd.DataFrame,
        purchases: PurchaseInput,
        spend: type[SpendModel],
    ) -> Self:
        """Estimate the coefficient and the model of spend.

        Parameters
        ----------
        customers
            Histories with monetary_value.
        purchases
            A fit or a model of purchases, without covariates, in the customers' unit of time.
        spend
            The class of the model of spend, such as `GammaGamma`.

        Returns
        -------
        SpendDependence
            With the coefficient 0 where the correlation of spend and frequency does not differ from
            0, or the interval of the coefficient holds 0.

        Raises
        ------
        DataError
            If spend cannot be fitted.
        ParameterError
            If the fit and the customers are on different clocks.

        Examples
        --------
        >>> import relmark_research as rm
        >>> customers = rm.load_cdnow().customer_summary()
        >>> found = rm.clv.SpendDependence.fit(customers, rm.BGNBD.fit(customers), rm.GammaGamma)
        >>> -0.1 < found.coefficient < 0.2
        True
        """
        summary = CustomerSummary.of(customers)
        model = purchase_model(purchases, summary)
        check_same_clock(purchases, summary)
        paid = (summary.frequency > 0) & (summary.monetary_value > 0)
        log_rates = np.log(purchase_rate(model, summary))
        reference = float(np.average(log_rates[paid], weights=summary.weights[paid]))
        by_history = _log_rates_by_history(summary, log_rates)
        none = cls(0.0, 0.0, 0.0, reference, spend.fit(summary), by_history)
        if not _correlated(summary):
            return none
        found = _Profile(summary, paid, log_rates - reference, spend).of_a_sample().maximum()
        if found is None:
            return none
        coefficient, error = found
        margin = normal_quantile(0.95) * error
        low, high = coefficient - margin, coefficient + margin
        if low <= 0 <= high:
            return cls(0.0, low, high, reference, none.spend, by_history)
        fit = _Profile(summary, paid, log_rates - reference, spend).fit(coefficient)
        return cls(coefficient, low, high, reference, fit, by_history)

    def factors(self, customers: CustomerSummary) -> Array:
        """Return (rate with a purchase more / reference)^coefficient, shape (rows,)."""
        if self.coefficient == 0:
            return np.ones(len(customers))
        columns = _history_columns(customers.frequency + 1, customers.T)
        log_rate = columns @ self.log_rates
        result: Array = np.exp(self.coefficient * (log_rate - self.log_reference))
        return result

    def conditional_expected_spend(self, customers: CustomerSummary) -> Array:
        """Return each customer's expected spend per purchase.

        Raises
        ------
        ParameterError
            If it does not exist.
        """
        repeat = customers.frequency > 0
        factors = self.factors(customers)
        own = np.where(repeat, customers.monetary_value, 0.0) / factors
        model = spend_model(self.spend)
        result: Array = factors * model.conditional_expected_spend(customers.frequency, own)
        return result

    @property
    def words(self) -> str:
        """What the coefficient says."""
        if self.coefficient == 0:
            return "No dependence of spend per purchase on the purchase rate is used."
        more = "more" if self.coefficient > 0 else "less"
        change = abs(2**self.coefficient - 1)
        return (
            f"Customers who buy twice as often spend {change:.0%} {more} per purchase; expected "
            "spend allows for it."
        )

    def __repr__(self) -> str:
        rows = {"coefficient": self.coefficient, "low": self.low, "high": self.high}
        return one_line(type(self).__name__, rows)


def purchase_rate(model: PurchaseModel, customers: CustomerSummary) -> Array:
    """Return the expected purchases per unit of time alive, given each customer's history.

    Returns
    -------
    ndarray
        P(alive) R(x, t_x, T) + P(not alive) R(x, t_x, t_x), with R(x, t_x, T) the expected
        purchases in one unit of time of a customer who is alive at T.
    """
    x, t_x, T = customers.frequency, customers.recency, customers.T
    alive = model.p_alive(x, t_x, T)
    result: Array = alive * _rate(model, x, t_x, T) + (1 - alive) * _rate(model, x, t_x, t_x)
    return result


def _rate(model: PurchaseModel, x: Array, t_x: Array, T: Array) -> Array:
    """Return expected purchases in one unit of time of customers who are alive at T."""
    within = np.asarray(1.0)
    if any(np.ndim(value) for value in astuple(model)):
        return model.living(x, t_x, T).expected_purchases(within)
    histories = distinct_rows(x, np.zeros_like(t_x) if model.memoryless else t_x, T)
    found = model.living(*histories.columns).expected_purchases(within)
    result: Array = np.broadcast_to(found, histories.weights.shape)[histories.inverse]
    return result


def _log_rates_by_history(customers: CustomerSummary, log_rates: Array) -> Array:
    """Return the regression of the log rate on log x and log T over repeat customers."""
    repeat = customers.frequency > 0
    columns = _history_columns(customers.frequency[repeat], customers.T[repeat])
    root = np.sqrt(customers.weights[repeat])
    found: Array = np.linalg.lstsq(columns * root[:, None], log_rates[repeat] * root, rcond=None)[0]
    return found


def _history_columns(x: Array, T: Array) -> Array:
    length = np.log(np.maximum(T, _SHORTEST))
    return np.stack([np.ones(len(x)), np.log(x), length], axis=1)


def _correlated(customers: CustomerSummary) -> bool:
    """Return whether the rank correlation of spend and frequency differs from 0."""
    try:
        found = spend_frequency_correlation(customers)
    except (DataError, ParameterError):
        return False
    return found.spearman_low > 0 or found.spearman_high < 0


@dataclass(frozen=True, eq=False)
class _Profile:
    """The likelihood of the spend model and the coefficient."""

    customers: CustomerSummary
    paid: Array
    log_rates: Array
    spend: type[SpendModel]

    def maximum(self) -> tuple[float, float] | None:
        """Return the coefficient and its standard error; None where there is none.

        Each step fits the spend model at a coefficient, and moves the coefficient by the scores
        of all rows (Berndt, Hall, Hall & Hausman).
        """
        coefficient = 0.0
        for _ in range(_STEPS):
            scores = self._scores(self._model(coefficient), coefficient)
            weights = self.customers.weights[self.paid]
            information = (scores * weights) @ scores.T
            inverse = np.linalg.pinv(information, hermitian=True)
            step = float(inverse[-1] @ (scores @ weights))
            error = float(np.sqrt(max(inverse[-1, -1], 0.0)))
            coefficient += step
            if not np.isfinite(coefficient) or abs(coefficient) > _LARGEST:
                return None
            if abs(step) < max(_SMALL, _SETTLED * error):
                break
        return coefficient, error

    def of_a_sample(self) -> _Profile:
        """Return the same of a random sample, where there are many customers."""
        if len(self.customers) <= _SAMPLE:
            return self
        rows = np.random.default_rng(_SEED).choice(len(self.customers), _SAMPLE, replace=False)
        rows = np.sort(rows)
        customers = self.customers.with_rows(self.customers.table.iloc[rows])
        return replace(
            self, customers=customers, paid=self.paid[rows], log_rates=self.log_rates[rows]
        )

    def _model(self, coefficient: float) -> SpendModel:
        """Return the model of spend at a coefficient."""
        own = self.customers.monetary_value / np.exp(coefficient * self.log_rates)
        data = self.customers.frequency[self.paid], own[self.paid]
        found: SpendModel = fit_model(self.spend, data, self.customers.weights[self.paid]).model
        return found

    def fit(self, coefficient: float) -> Fit[Any]:
        """Return the fit of spend at a coefficient."""
        own = self.customers.monetary_value / np.exp(coefficient * self.log_rates)
        table = self.customers.table.assign(monetary_value=own)
        return self.spend.fit(self.customers.with_rows(table))

    def _scores(self, model: Any, coefficient: float) -> Array:
        """Return each row's score by the log-parameters and the coefficient."""
        x, m = (
            column[self.paid]
            for column in (self.customers.frequency, self.customers.monetary_value)
        )
        z = self.log_rates[self.paid]
        by_parameters = model.values[:, None] * model.score(x, m / np.exp(coefficient * z))
        up, down = (
            model.log_likelihood(x, m / np.exp(c * z)) - c * z
            for c in (coefficient + _WIDTH, coefficient - _WIDTH)
        )
        return np.concatenate([by_parameters, ((up - down) / (2 * _WIDTH))[None]])

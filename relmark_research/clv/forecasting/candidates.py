"""Forecasts of totals at one origin, by models of purchases and by benchmarks.

At an origin only the purchases until then are used: models are fitted to them, and forecast the
purchases of each customer known then. A model of a large log is fitted to a random sample of the
customers: with 100,000 of them its parameters are known far better than any forecast is right.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS, benchmark_total
from relmark_research.clv.forecasting.forecast_errors import Measure
from relmark_research.clv.forecasting.gradient_boosting import GRADIENT_BOOSTING, boosted_total
from relmark_research.clv.prediction._conditional import (
    ConditionalExpectations,
    Quantity,
    expected_purchases_within,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.purchase_history import KnownCustomers, PurchaseHistory
from relmark_research.errors import ParameterError, RelmarkError, check_choice
from relmark_research.units import TimeUnit

Array = np.ndarray

DEFAULT_MODELS = ("BGNBD", "MBGNBD", "ParetoNBD", "MBGCNBD")
SAMPLE = 100_000  # customers that a model is fitted to, at most
_VARIANCE_SAMPLE = 300  # customers from whom the variance of an estimate is computed
_SEED = 20_240_101  # of the samples
_WEEK = TimeUnit("week")


@dataclass(frozen=True)
class CandidateTotal:
    """One candidate's forecast of a total.

    Attributes
    ----------
    name
        Name of the model or of the benchmark.
    expected
        Purchases, or money.
    log_variance
        Variance of its logarithm from the model's parameters; 0 for a benchmark.
    per_customer
        The same per customer, in the order of the known customers; None for a benchmark.
    """

    name: str
    expected: float
    log_variance: float = 0.0
    per_customer: Array | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Origin:
    """What was known at an origin, and the models fitted to it.

    Attributes
    ----------
    day
        The last day known.
    known
        Its customers.
    summary
        Their histories, in weeks.
    fits
        Fits of the models, by name.
    spend
        Each customer's expected value of a purchase; None for a log without money.
    failures
        Models that could not be fitted, with the reason.
    log_variances
        Variance of the logarithm of each model's total, from its parameters.
    """

    day: date
    known: KnownCustomers = field(repr=False)
    summary: CustomerSummary
    fits: Mapping[str, Fit[Any]]
    spend: Array | None = field(repr=False)
    failures: Mapping[str, str]
    log_variances: Mapping[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def fitted(
        cls,
        history: PurchaseHistory,
        day: date,
        models: Sequence[type[Model]],
        *,
        measure: Measure,
        horizon: int,
    ) -> Origin:
        """Fit models to what was known at the end of a day, for a horizon in days."""
        known = history.known_at(day)
        summary = history.summary(known, day, _WEEK)
        sample = _sample(summary, SAMPLE)
        fits: dict[str, Fit[Any]] = {}
        failures: dict[str, str] = {}
        for model in models:
            try:
                fit = model.fit(sample)
            except RelmarkError as error:
                failures[model.__name__] = str(error)
                continue
            if fit.diagnosis.failed:
                failures[model.__name__] = str(fit.diagnosis)
            else:
                fits[model.__name__] = fits.get(fit.model.same_as, fit)
        spend = None
        if measure == "value":
            spend = _expected_spend(summary, sample, known)
        variances = _log_variances(fits, _sample(summary, _VARIANCE_SAMPLE), horizon)
        return cls(day, known, summary, fits, spend, failures, variances)

    def totals(
        self,
        history: PurchaseHistory,
        horizon: int,
        *,
        measure: Measure,
        benchmarks: Sequence[str] = BENCHMARKS,
    ) -> list[CandidateTotal]:
        """Return the forecasts of all candidates for a horizon in days."""
        found = []
        for name, fit in self.fits.items():
            each = self._per_customer(fit, horizon)
            if measure == "value" and self.spend is not None:
                each = each * self.spend
            total = float(each.sum())
            found.append(CandidateTotal(name, total, self.log_variances.get(name, 0.0), each))
        for name in benchmarks:
            total_without_model = self._benchmark(name, history, horizon, measure)
            if total_without_model is not None:
                found.append(CandidateTotal(name, total_without_model))
        return found

    def _benchmark(
        self, name: str, history: PurchaseHistory, horizon: int, measure: Measure
    ) -> float | None:
        if name == GRADIENT_BOOSTING:
            return boosted_total(history, self.day, self.known, horizon, measure)
        found = benchmark_total(name, self.known, horizon)
        if found is None:
            return None
        return found.purchases if measure == "purchases" else found.value

    def _per_customer(self, fit: Fit[Any], horizon: int) -> Array:
        """Return each customer's expected purchases."""
        expectations = ConditionalExpectations.from_customers(self.summary, fit.model)
        within = expected_purchases_within(horizon / _WEEK.days)
        found: Array = expectations.expected(fit.model, within)[expectations.histories.inverse]
        return found


def purchase_models(models: Sequence[str | type[Model]] | None) -> list[type[Model]]:
    """Return the classes of purchase models, given by name or as classes.

    Raises
    ------
    ParameterError
        If one is unknown or is no model of purchases, or there are none.
    """
    given = DEFAULT_MODELS if models is None else models
    if isinstance(given, str):
        given = (given,)
    found: list[type[Model]] = []
    for model in given:
        if isinstance(model, str):
            check_choice("model", model, MODELS)
            model = MODELS[model]
        if not (isinstance(model, type) and issubclass(model, PurchaseModel)):
            raise ParameterError(f"models must be models of purchases; found {model!r}.")
        found.append(model)
    if not found:
        raise ParameterError("models must name at least one model of purchases; found none.")
    return found


def _log_variances(
    fits: Mapping[str, Fit[Any]], sample: CustomerSummary, horizon: int
) -> dict[str, float]:
    """Return the variance of the logarithm of each model's total; 0 where it has no interval."""
    found, within = {}, expected_purchases_within(horizon / _WEEK.days)
    for name, fit in fits.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # an approximate one is good enough
                variance = _log_variance(fit, sample, within)
        except RelmarkError:
            continue
        if np.isfinite(variance):
            found[name] = variance
    return found


def _log_variance(fit: Fit[Any], customers: CustomerSummary, within: Quantity) -> float:
    """Return the variance of the logarithm of a total, by the delta method."""
    expectations = ConditionalExpectations.from_customers(customers, fit.model)
    share = expectations.histories.weights * expectations.expected(fit.model, within)
    gradient = expectations.log_expected_gradient(fit.model, within)
    total_gradient = np.einsum("ki,i->k", gradient, share / share.sum())
    return float(uncertainty.variance(total_gradient, fit))


def _expected_spend(
    summary: CustomerSummary, sample: CustomerSummary, known: KnownCustomers
) -> Array:
    """Return each customer's expected value of a purchase, by `GammaGamma`.

    Where it cannot be fitted or has no mean, it is the mean value of all purchases.
    """
    mean = max(float(known.purchase_value.mean()), 0.0) if len(known.purchase_value) else 0.0
    try:
        model = GammaGamma.fit(sample).model
    except RelmarkError:
        return np.full(len(summary), mean)
    if not model.has_mean:
        return np.full(len(summary), mean)
    repeat = summary.frequency > 0
    return model.conditional_expected_spend(
        summary.frequency, np.where(repeat, summary.monetary_value, 0.0)
    )


def _sample(summary: CustomerSummary, size: int) -> CustomerSummary:
    """Return a random sample of the customers, or all where there are no more."""
    if len(summary) <= size:
        return summary
    rows = np.random.default_rng(_SEED).choice(len(summary), size, replace=False)
    table = summary.table.iloc[np.sort(rows)]
    return CustomerSummary(table, unit=summary.unit, observed_until=summary.observed_until)

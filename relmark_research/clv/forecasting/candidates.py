"""Forecasts of totals at one origin, by models of purchases and by benchmarks.

At an origin only the purchases until then are used: models are fitted to them, and forecast the
purchases of each customer known then. A model of a large log is fitted to a random sample of the
customers: with 100,000 of them its parameters are known far better than any forecast is right.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from relmark_research.clv.calendar.calendar_effects import CalendarEffects, of_known
from relmark_research.clv.calendar.calendar_options import CALENDAR, CalendarOptions
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS, benchmark_total
from relmark_research.clv.forecasting.expected_spend import ExpectedSpend, expected_spend
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
from relmark_research.units import Horizon, TimeUnit

Array = np.ndarray

DEFAULT_MODELS = ("BGNBD", "MBGNBD", "ParetoNBD", "MBGCNBD")
SAMPLE = 100_000  # customers that a model is fitted to, at most
_CALENDAR_SAMPLE = 30_000  # the same on a calendar, where fewer histories are equal
_VARIANCE_SAMPLE = 300  # customers from whom the variance of an estimate is computed
_TIMING_SAMPLE, _TIMINGS = 200, 6  # customers, and days, that show when purchases are expected
_SEED = 20_240_101  # of the samples
_DAY, _WEEK = TimeUnit("day"), TimeUnit("week")
_YEAR = 365  # days of a log that a season needs


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
        Each customer's expected value of a purchase; None where purchases are forecast.
    failures
        Models that could not be fitted, of spend too, with the reason.
    log_variances
        Variance of the logarithm of each model's total, from its parameters.
    on_calendar
        The histories on the calendar's clock; None without a calendar.
    calendar
        The calendar, as estimated from what was known.
    """

    day: date
    known: KnownCustomers = field(repr=False)
    summary: CustomerSummary
    fits: Mapping[str, Fit[Any]]
    spend: ExpectedSpend | None = field(repr=False)
    failures: Mapping[str, str]
    log_variances: Mapping[str, float] = field(default_factory=dict, repr=False)
    on_calendar: CustomerSummary | None = field(default=None, repr=False)
    calendar: CalendarEffects | None = field(default=None, repr=False)

    @classmethod
    def fitted(
        cls,
        history: PurchaseHistory,
        day: date,
        models: Sequence[type[Model]],
        *,
        measure: Measure,
        horizon: int,
        calendar: CalendarOptions | None = None,
    ) -> Origin:
        """Fit models to what was known at the end of a day, for a horizon in days.

        With calendar options each model is also fitted on the clock of a calendar that is
        estimated from the same purchases, where they cover a year.
        """
        known = history.known_at(day)
        summary = history.summary(known, day, _WEEK)
        sample = _sample(summary, SAMPLE)
        fits, failures = _fits(models, sample, "")
        variances = _log_variances(fits, _sample(summary, _VARIANCE_SAMPLE), horizon)
        effects, why = _calendar(history, known, models, calendar)
        on_calendar = None
        if effects is not None:
            on_calendar = history.summary(known, day, _WEEK, effects)
            more, failed = _fits(models, _sample(on_calendar, _CALENDAR_SAMPLE), CALENDAR)
            few = _sample(on_calendar, _VARIANCE_SAMPLE)
            shared = effects.log_variance(day, day + timedelta(days=horizon))
            variances |= {
                name: variance + shared
                for name, variance in _log_variances(more, few, horizon).items()
            }
            fits, failures = fits | more, failures | failed
        spend = None
        if measure == "value":
            plain = (fit for fit in fits.values() if fit.calendar is None)
            first = next(plain, None)
            spend = expected_spend(history, known, day, first, calendar)
            why = {**why, **spend.failures}
        return cls(
            day, known, summary, fits, spend, failures | why, variances, on_calendar, effects
        )

    def summary_of(self, name: str) -> CustomerSummary:
        """Return the histories that a model was fitted to, on its clock."""
        if name.endswith(CALENDAR) and self.on_calendar is not None:
            return self.on_calendar
        return self.summary

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
            customers, variance = self.summary_of(name), self.log_variances.get(name, 0.0)
            each = _per_customer(fit, customers, horizon)
            if measure == "value" and self.spend is not None:
                each = each * self.spend.within(horizon, _by_day(fit, customers, horizon))
                variance += self.spend.log_variance(horizon)
            found.append(CandidateTotal(name, float(each.sum()), variance, each))
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


def _per_customer(fit: Fit[Any], customers: CustomerSummary, horizon: int) -> Array:
    """Return each customer's expected purchases within a horizon in days."""
    expectations = ConditionalExpectations.from_customers(customers, fit.model)
    within = expected_purchases_within(_weeks(customers, horizon))
    found: Array = expectations.expected(fit.model, within)[expectations.histories.inverse]
    return found


def _by_day(fit: Fit[Any], customers: CustomerSummary, horizon: int) -> Array:
    """Return the expected purchases of each day of a horizon, constant between a few days."""
    few = _sample(customers, _TIMING_SAMPLE)
    ends = np.unique(np.linspace(0, horizon, min(_TIMINGS, horizon) + 1).astype(int))[1:]
    totals = [float(_per_customer(fit, few, int(end)).sum()) for end in ends]
    lengths = np.diff(ends, prepend=0)
    return np.repeat(np.maximum(np.diff(totals, prepend=0.0), 1e-12) / lengths, lengths)


def _weeks(customers: CustomerSummary, horizon: int) -> float:
    """Return a horizon in days as weeks on the customers' clock."""
    return customers.length(Horizon(horizon, _DAY), _WEEK)


def _fits(
    models: Sequence[type[Model]], sample: CustomerSummary, suffix: str
) -> tuple[dict[str, Fit[Any]], dict[str, str]]:
    """Return the fits of models by name, and why others could not be fitted."""
    fits: dict[str, Fit[Any]] = {}
    failures: dict[str, str] = {}
    for model in models:
        name = model.__name__ + suffix
        try:
            fit = model.fit(sample)
        except RelmarkError as error:
            failures[name] = str(error)
            continue
        if fit.diagnosis.failed:
            failures[name] = str(fit.diagnosis)
        else:
            fits[name] = fits.get(fit.model.same_as + suffix, fit)
    return fits, failures


def _model_of_calendar(models: Sequence[type[Model]]) -> type[PurchaseModel]:
    """Return the first model whose purchases come at random and whose dropout is at purchases."""
    for model in models:
        if issubclass(model, PurchaseModel) and model.memoryless and not model.calendar_assumption:
            return model
    return BGNBD


def _calendar(
    history: PurchaseHistory,
    known: KnownCustomers,
    models: Sequence[type[Model]],
    options: CalendarOptions | None,
) -> tuple[CalendarEffects | None, dict[str, str]]:
    """Return the calendar of what is known, or why there is none."""
    if options is None or not len(known):
        return None, {}
    length = known.day - int(known.first.min()) + 1
    if length < _YEAR and options.needs_a_year:
        return None, {}
    try:
        first_day, model = history.rows.first_day, _model_of_calendar(models)
        return of_known(known, first_day, options=options, model=model), {}
    except RelmarkError as error:
        return None, {CALENDAR.lstrip(", "): str(error)}


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
    found, within = {}, expected_purchases_within(_weeks(sample, horizon))
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


def _sample(summary: CustomerSummary, size: int) -> CustomerSummary:
    """Return a random sample of the customers, or all where there are no more."""
    if len(summary) <= size:
        return summary
    rows = np.random.default_rng(_SEED).choice(len(summary), size, replace=False)
    table = summary.table.iloc[np.sort(rows)]
    return summary.with_rows(table)

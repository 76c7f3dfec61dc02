"""Lifetime value: discounted future purchases x spend per purchase x margin.

The value is of the future only: it includes neither past purchases nor the cost of acquiring the
customer. Money is received at the time of each purchase and discounted continuously.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.forecasting.forecast_errors import ForecastErrors
from relmark_research.clv.prediction import predictive_intervals
from relmark_research.clv.prediction._conditional import (
    ConditionalExpectations,
    Quantity,
    discounted_purchases_on_calendar,
    discounted_purchases_within,
    expected_purchases_within,
)
from relmark_research.clv.prediction._inputs import (
    Margin,
    PurchaseInput,
    SpendInput,
    check_same_purchases,
    common_unit,
    customer_margins,
    purchase_model,
    spend_model,
)
from relmark_research.clv.prediction.forecast import estimates_gradient
from relmark_research.clv.prediction.predictive_intervals import (
    DiscountedSpendSimulation,
    IntervalKind,
    PredictionDraws,
    prediction_draws,
)
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.stats.delta_method import positive_interval
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import AnnualRate, Horizon, TimeUnit

Array = np.ndarray

_DAY, _TIMINGS = TimeUnit("day"), 20  # days that show when purchases are expected
_LONGEST, _INFINITE = 5 * 364, 2 * 364  # days of weekly steps, of a finite and an infinite horizon


def lifetime_value(
    purchases: PurchaseInput,
    spend: SpendInput | SpendAverage,
    customers: CustomerSummary | pd.DataFrame,
    *,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None = None,
    level: float | None = None,
    kind: IntervalKind = "estimate",
) -> pd.DataFrame:
    """Return each customer's lifetime value.

    Parameters
    ----------
    purchases, spend
        Fits (required for intervals) or models of purchases and of spend per purchase. If the mean
        spend does not exist (q <= 1 in `GammaGamma`), `SpendAverage(spend, "median")` uses the
        median; with a `SpendCalendar` it also multiplies by season and trend of spend over the
        horizon.
    customers
        Histories with monetary_value, in the fit's unit of time; for a fit with covariates also the
        formulas' columns. On a calendar, purchases are discounted by week.
    margin
        Share of value left after the cost of goods, in (0, 1]: one number, the name of a column of
        the customers, a Series by customer_id, or a list in the customers' order.
    annual_discount_rate
        Effective rate per year, in [0, 1): 0.10 for ten percent.
    horizon
        ``"12 months"``, a last day, or None for the whole residual lifetime.
    level
        Probability of the intervals, such as 0.95; None for no intervals.
    kind
        ``"estimate"``: intervals of the means, from the uncertainty of the parameters of purchases
        and of spend. ``"prediction"``: intervals of each customer's own value, by simulation
        (``PredictionDraws(draws=1000, seed=0)`` sets the number of draws).

    Returns
    -------
    DataFrame
        Row per customer, in the customers' order: discounted_purchases, expected_spend and clv =
        margin x expected_spend x discounted_purchases; with a level also clv_low and clv_high.

    Raises
    ------
    ParameterError
        If margin or rate are outside their domain, the mean spend does not exist (q <= 1), or an
        infinite horizon has no discount rate.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), 415-430.

    Examples
    --------
    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> purchases, spend = rm.BGNBD.fit(calibration), rm.GammaGamma.fit(calibration)
    >>> values = rm.lifetime_value(purchases, spend, calibration, margin=0.3,
    ...                            annual_discount_rate=0.10, horizon="12 months", level=0.95)
    >>> values.columns.to_list()
    ['discounted_purchases', 'expected_spend', 'clv', 'clv_low', 'clv_high']
    """
    valuation = _valuation(purchases, spend, customers, margin, annual_discount_rate, horizon)
    discounted = valuation.discounted_purchases()[valuation.expectations.histories.inverse]
    expected_spend = valuation.expected_spend()
    clv = valuation.margin * expected_spend * discounted
    columns = {"discounted_purchases": discounted, "expected_spend": expected_spend, "clv": clv}
    draws = prediction_draws(kind)
    if level is None:
        uncertainty.warn_if_unreliable(purchases, valuation.spend)
    else:
        ends = (
            valuation.prediction_intervals(level, draws)
            if draws
            else valuation.estimate_intervals(clv, level)
        )
        columns["clv_low"], columns["clv_high"] = ends
    return pd.DataFrame(columns, index=valuation.customers.table.index, copy=False)


def total_value(
    purchases: PurchaseInput,
    spend: SpendInput | SpendAverage,
    customers: CustomerSummary | pd.DataFrame,
    *,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None = None,
    level: float | None = 0.95,
    kind: IntervalKind = "estimate",
) -> TotalForecast:
    """Return the total lifetime value of all customers, with the interval of the total.

    The customers share the parameters, so their estimates have correlated errors: the interval of
    the total is not the sum of the intervals. The other arguments are those of `lifetime_value`.

    Parameters
    ----------
    kind
        ``"estimate"``: the interval holds the uncertainty of the parameters only. Actual totals
        lie outside it more often than not. ``"prediction"``: it also holds chance, by simulation,
        and the errors that forecasts of other logs have had; the horizon is finite.
        ``PredictionDraws(errors=tested.errors)``: the errors of ``tested = rm.backtest(log,
        measure="value", ...)``.

    Returns
    -------
    TotalForecast
        expected = sum of clv over customers; low and high by the delta method on its logarithm,
        for a prediction by `ForecastErrors`.

    Raises
    ------
    ParameterError
        If a prediction has an infinite horizon.

    Examples
    --------
    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> purchases, spend = rm.BGNBD.fit(calibration), rm.GammaGamma.fit(calibration)
    >>> rm.total_value(purchases, spend, calibration, margin=0.3, annual_discount_rate=0.10,
    ...                horizon="12 months")
    <TotalForecast: expected 21,797, low 19,679, high 24,143, level 0.95, customers 2,357>
    """
    valuation = _valuation(purchases, spend, customers, margin, annual_discount_rate, horizon)
    clv = valuation.value_per_row()
    expected, n_customers = float(clv.sum()), int(valuation.customers.weights.sum())
    draws = prediction_draws(kind)
    if level is None:
        uncertainty.warn_if_unreliable(purchases, valuation.spend)
        return TotalForecast(expected, None, None, None, n_customers)
    if draws:
        errors = draws.errors or ForecastErrors.of_other_logs("value")
        ends = percentile_interval(valuation.total_draws(draws, errors), level)
        low, high = (float(end) for end in ends)
        return TotalForecast(expected, low, high, level, n_customers, "prediction", "value")
    low, high = valuation.total_estimate_interval(clv, level)
    return TotalForecast(expected, low, high, level, n_customers)


@dataclass(frozen=True)
class _Valuation:
    """The checked inputs of a lifetime value, and what is computed from them."""

    purchases: PurchaseInput
    spend: SpendInput
    customers: CustomerSummary
    model: PurchaseModel
    expectations: ConditionalExpectations
    length: float
    delta: float
    margin: Array
    average: SpendAverage
    days: float
    steps: tuple[Array, Array] | None
    unit: TimeUnit

    @property
    def quantity(self) -> Quantity:
        """Discounted purchases of a customer who is alive."""
        if self.steps is None:
            return discounted_purchases_within(self.length, self.delta)
        return discounted_purchases_on_calendar(
            *self.steps, self.length, self.delta, later=self._later
        )

    @property
    def _later(self) -> tuple[float, float]:
        """Rate of operational time after the steps, and the delay of purchases against it.

        The rate is the mean until the horizon, or of the steps' last year if there is none; the
        delay is that of the steps' last year, whose season comes again.
        """
        if self.steps is None:
            return 1.0, 0.0
        times, clock = self.steps
        rest = self.days / self.unit.days - times[-1]
        if rest * self.unit.days < 1:
            return 1.0, 0.0
        year = times > times[-1] - self.unit.per_year
        passed = np.diff(clock, prepend=0.0)[year]
        rate = passed.sum() / np.diff(times, prepend=0.0)[year].sum()
        middle, on_clock = ((np.append(0.0, ends[:-1]) + ends) / 2 for ends in (times, clock))
        constant = times[-1] + (on_clock - clock[-1]) / rate
        delay = passed @ (middle - constant)[year] / passed.sum()
        if np.isfinite(rest):
            rate = (self.length - clock[-1]) / rest
        return float(rate), float(delay)

    def discounted_purchases(self) -> Array:
        """Return expected discounted purchases per distinct history."""
        return self.expectations.expected(self.model, self.quantity)

    def expected_spend(self) -> Array:
        """Return expected spend per purchase over the horizon, shape (rows,)."""
        return self.calendar_factor * self.average.customer_spend(self.customers)

    @cached_property
    def own(self) -> tuple[Array, Array]:
        """Frequency and mean spend without the dependence on the purchase rate."""
        factors = self.average.factors(self.customers)
        return self.customers.frequency, self.customers.monetary_value / factors

    @cached_property
    def calendar_factor(self) -> float:
        """Mean of the calendar of spend over the horizon; 1 without one."""
        if self.average.calendar is None:
            return 1.0
        return self.average.calendar.mean_over(*self._expected_by_day)

    @property
    def calendar_variance(self) -> float:
        """Variance of its logarithm."""
        if self.average.calendar is None:
            return 0.0
        return self.average.calendar.log_variance_over(*self._expected_by_day)

    @cached_property
    def _expected_by_day(self) -> tuple[date, int, Array]:
        """The last day known, days of the horizon, and discounted purchases expected on each."""
        last = _calendar_day(self.average, self.customers)
        count = max(int(min(self.days, _LONGEST)), 1)
        ends = np.unique(np.linspace(0, count, min(_TIMINGS, count) + 1).astype(int))
        totals = [0.0]
        for end in ends[1:]:
            length = self.customers.length(Horizon(int(end), _DAY), self.unit)
            each = self.expectations.expected(self.model, expected_purchases_within(length))
            totals.append(float(self.expectations.histories.weights @ each))
        lengths = np.diff(ends)
        middle = (ends[1:] + ends[:-1]) / 2 / self.unit.days
        daily = np.maximum(np.diff(totals), 0.0) / lengths * np.exp(-self.delta * middle)
        return last, count, np.repeat(np.maximum(daily, 1e-300), lengths)

    def value_per_row(self) -> Array:
        """Return lifetime value times the number of customers in the row, shape (rows,)."""
        per_purchase = self.customers.weights * self.margin * self.expected_spend()
        result: Array = (
            per_purchase * self.discounted_purchases()[self.expectations.histories.inverse]
        )
        return result

    def purchases_gradient(self) -> Array:
        """Return d ln(discounted purchases) / d (estimate of purchases) per distinct history."""
        gradient = self.expectations.log_expected_gradient(self.model, self.quantity)
        return estimates_gradient(self.purchases, gradient, self.customers)

    def spend_gradient(self) -> Array:
        """Return d ln(spend per purchase) / d log(parameter of spend) per row."""
        return self.average.log_gradient(*self.own)

    def estimate_intervals(self, clv: Array, level: float) -> tuple[Array, Array]:
        """Return low and high of each value, from the uncertainty of the parameters."""
        purchases, spend = self._fits()
        variance = uncertainty.variance(self.purchases_gradient(), purchases)
        log_variance = variance[self.expectations.histories.inverse]
        log_variance = log_variance + self.average.log_variance(spend, *self.own)
        log_variance = log_variance + self.calendar_variance
        return positive_interval(clv, log_variance, level)

    def total_estimate_interval(self, clv: Array, level: float) -> tuple[float, float]:
        """Return low and high of the total, from the uncertainty of the parameters."""
        purchases, spend = self._fits()
        total, histories = float(clv.sum()), self.expectations.histories
        by_history = np.bincount(histories.inverse, clv, len(histories.weights)) / total
        gradient = np.einsum("ki,i->k", self.purchases_gradient(), by_history)
        log_variance = uncertainty.variance(gradient, purchases)
        gradient = np.einsum("ki,i->k", self.spend_gradient(), clv / total)
        log_variance = log_variance + uncertainty.variance(gradient, spend)
        log_variance = log_variance + self.calendar_variance
        low, high = positive_interval(np.asarray(total), log_variance, level)
        return float(low), float(high)

    def prediction_intervals(self, level: float, draws: PredictionDraws) -> tuple[Array, Array]:
        """Return low and high of each customer's simulated value."""
        return predictive_intervals.value_interval(self._simulation(), self._money(), level, draws)

    def total_draws(self, draws: PredictionDraws, errors: ForecastErrors) -> Array:
        """Return simulated totals: parameters, chance, and errors of the size of past ones.

        Customers of one row are independent.

        Raises
        ------
        ParameterError
            If the horizon is infinite, or the errors are those of purchases.
        """
        days = self.days
        if not np.isfinite(days):
            raise ParameterError(
                "a prediction of a total needs a finite horizon; found an infinite one, for which "
                "no forecast is ever finished, so its errors are unknown. Give a horizon such as "
                "'12 months', or use kind='estimate'."
            )
        weights = self.customers.weights
        rows = np.repeat(np.arange(len(weights)), weights.astype(int))
        simulation = self._simulation().take(rows)
        totals = predictive_intervals.total_draws(simulation, self._money()[rows], draws)
        rng = np.random.default_rng([draws.seed, 1])
        scale = errors.checked("value").scale
        shared = scale.draw(draws.draws, rng, horizon=days)
        if self.average.calendar is not None:
            shared = shared + np.sqrt(self.calendar_variance) * rng.standard_normal(draws.draws)
        result: Array = totals * np.exp(shared)
        return result

    def _money(self) -> Array:
        """Return what multiplies simulated spend: margin, calendar and dependence."""
        factors = self.average.factors(self.customers)
        result: Array = self.margin * self.calendar_factor * factors
        return result

    def _fits(self) -> tuple[Fit[Any] | CovariateFit, Fit[Any]]:
        """Return the fits, or raise ParameterError for models with given parameters."""
        if not (isinstance(self.purchases, Fit | CovariateFit) and isinstance(self.spend, Fit)):
            raise ParameterError(
                "an interval needs fits of purchases and of spend; given parameters have no "
                "uncertainty. Fit the models, or use level=None or kind='prediction'."
            )
        return self.purchases, self.spend

    def _simulation(self) -> DiscountedSpendSimulation:
        """Return the simulation of the customers' discounted spend."""
        customers = self.customers
        x, m = self.own
        history = x, customers.recency, customers.T, m
        return DiscountedSpendSimulation.pair_models(
            predictive_intervals.sigma_point_models(self.purchases, customers),
            predictive_intervals.sigma_point_models(self.spend),
            history,
            self.length,
            self.delta,
        )


def _valuation(
    purchases: PurchaseInput,
    spend: SpendInput | SpendAverage,
    customers: CustomerSummary | pd.DataFrame,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None,
) -> _Valuation:
    summary = CustomerSummary.of(customers)
    model = purchase_model(purchases, summary)
    average = spend if isinstance(spend, SpendAverage) else SpendAverage(spend)
    spend_model(average.spend)
    unit = common_unit(purchases, summary)
    check_same_purchases(average.spend, summary)
    delta = AnnualRate(annual_discount_rate).continuous(unit)
    ahead = Horizon.parse(horizon)
    length = summary.length(ahead, unit)
    days = ahead.length(unit, summary.observed_until) * unit.days
    if delta == 0 and np.isinf(length):
        raise ParameterError(
            "an infinite horizon needs a discount rate > 0; found 0. Give a horizon or a rate."
        )
    return _Valuation(
        purchases=purchases,
        spend=average.spend,
        customers=summary,
        model=model,
        expectations=ConditionalExpectations.from_customers(summary, model),
        length=length,
        delta=delta,
        margin=customer_margins(margin, summary),
        average=average,
        days=days,
        steps=_steps(summary, days, unit),
        unit=unit,
    )


def _calendar_day(average: SpendAverage, customers: CustomerSummary) -> date:
    """Return the last day of a calendar of spend, or raise ParameterError if it is another one."""
    last = customers.observed_until
    if average.calendar is None or last not in (None, average.calendar.until):
        until = "none" if average.calendar is None else average.calendar.until
        raise ParameterError(
            "a calendar of spend values customers at its own last day; found a calendar until "
            f"{until} and customers until {last}. Use calendar.customer_summary(log)."
        )
    return average.calendar.until


def _steps(customers: CustomerSummary, days: float, unit: TimeUnit) -> tuple[Array, Array] | None:
    """Return the ends of the weeks of a horizon, in plain and in operational time.

    None without a calendar. Of a long horizon the first five years, of an infinite one the first
    two: later operational time runs at a constant rate.
    """
    if customers.calendar is None or customers.observed_until is None:
        return None
    count = int(min(days, _LONGEST)) if np.isfinite(days) else _INFINITE
    first = customers.observed_until + timedelta(days=1)
    rates = customers.calendar.relative_rates(first, first + timedelta(days=max(count, 1) - 1))
    ends = np.unique(np.append(np.arange(7, count, 7), max(count, 1)))
    return ends / unit.days, np.cumsum(rates)[ends - 1] / unit.days

"""Forecasts of purchases, per customer and in total.

An interval has one of two kinds. An *estimate* interval holds the uncertainty of the parameters: it
is about the mean of customers with one history. A *prediction* interval also holds the randomness
of purchases: it is about what one customer will do.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.forecasting.forecast_errors import ForecastErrors
from relmark_research.clv.prediction._conditional import (
    ConditionalExpectations,
    Quantity,
    expected_purchases_within,
)
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    common_unit,
    purchase_model,
    require_fit,
)
from relmark_research.clv.prediction.predictive_intervals import (
    IntervalKind,
    prediction_draws,
    purchase_interval,
    sigma_point_models,
)
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.stats.delta_method import positive_interval, share_interval
from relmark_research.units import Horizon

Array = np.ndarray

_COLUMNS = [
    f"{quantity}{end}"
    for quantity in ("p_alive", "expected_purchases", "purchases")
    for end in ("", "_low", "_high")
]


def forecast(
    fit: PurchaseInput,
    customers: CustomerSummary | pd.DataFrame,
    *,
    horizon: str | date | Horizon,
    level: float | None = None,
    kind: IntervalKind = "estimate",
) -> pd.DataFrame:
    """Forecast each customer's purchases.

    Parameters
    ----------
    fit
        A fit (required for intervals) or a model of purchases.
    customers
        Histories in the fit's unit of time; for a fit with covariates also the formulas' columns.
    horizon
        Time after the end of observation: ``"52 weeks"``, ``"12 months"`` or a last day.
    level
        Probability of the intervals, such as 0.95; None for no intervals.
    kind
        ``"estimate"``: intervals of the means, from the uncertainty of the parameters.
        ``"prediction"``: intervals of each customer's own purchases.

    Returns
    -------
    DataFrame
        Row per customer, in the customers' order: p_alive and expected_purchases = P(alive) x
        E[X(t) | alive]. With a level also p_alive_low, ..., expected_purchases_high, or, for a
        prediction, purchases_low and purchases_high (whole numbers).

    Raises
    ------
    ParameterError
        If the unit of the horizon or of the customers is unknown or not the unit of the fit.

    Warns
    -----
    UserWarning
        If no level is given and the fit could not give an interval, with the reason.

    Examples
    --------
    >>> import relmark_research as rm
    >>> history = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> customers = rm.CustomerSummary(history, unit="week")
    >>> model = rm.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> rm.forecast(model, customers, horizon="39 weeks").round(3)
       p_alive  expected_purchases
    0    0.727               1.226
    """
    summary = CustomerSummary.of(customers)
    model, length = purchase_model(fit, summary), _finite_length(fit, summary, horizon)
    expectations = ConditionalExpectations.from_customers(summary, model)
    quantity = expected_purchases_within(length)
    alive = expectations.p_alive(model)
    columns = {
        "p_alive": alive,
        "expected_purchases": alive * expectations.if_alive(model, quantity),
    }
    draws = prediction_draws(kind)
    if level is None:
        uncertainty.warn_if_unreliable(fit)
    elif draws is not None:
        ends = purchase_interval(sigma_point_models(fit, summary), expectations, length, level)
        columns |= {"purchases_low": ends[0], "purchases_high": ends[1]}
    else:
        columns |= _estimate_intervals(fit, summary, expectations, quantity, level) | columns
    inverse = expectations.histories.inverse
    ordered = {name: columns[name][inverse] for name in _COLUMNS if name in columns}
    return pd.DataFrame(ordered, index=summary.table.index)


def total_purchases(
    fit: PurchaseInput,
    customers: CustomerSummary | pd.DataFrame,
    *,
    horizon: str | date | Horizon,
    level: float | None = 0.95,
    kind: IntervalKind = "estimate",
) -> TotalForecast:
    """Forecast the total purchases of all customers, with the interval of the total.

    The customers share the parameters, so their estimates have correlated errors: the interval of
    the total is not the sum of the intervals. The other arguments are those of `forecast`.

    Parameters
    ----------
    kind
        ``"estimate"``: the interval holds the uncertainty of the parameters only. Actual totals
        lie outside it more often than not. ``"prediction"``: it also holds chance and the errors
        that forecasts of other logs have had; ``PredictionDraws(errors=tested.errors)``: those of
        ``tested = rm.backtest(log, ...)``.

    Returns
    -------
    TotalForecast
        expected = sum of expected purchases over customers; low and high by the delta method on
        its logarithm (the uncertainty of the parameters), for a prediction by `ForecastErrors`.

    Examples
    --------
    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> rm.clv.total_purchases(rm.BGNBD.fit(calibration), calibration, horizon="39 weeks")
    <TotalForecast: expected 1,653, low 1,514, high 1,806, level 0.95, customers 2,357>
    """
    summary = CustomerSummary.of(customers)
    model = purchase_model(fit, summary)
    quantity = expected_purchases_within(_finite_length(fit, summary, horizon))
    expectations = ConditionalExpectations.from_customers(summary, model)
    weights = expectations.histories.weights
    each = weights * expectations.p_alive(model) * expectations.if_alive(model, quantity)
    expected, n = float(each.sum()), summary.n_customers
    if level is None:
        uncertainty.warn_if_unreliable(fit)
        return TotalForecast(expected, None, None, None, n)
    gradient = estimates_gradient(fit, expectations.log_expected_gradient(model, quantity), summary)
    gradient = np.einsum("ki,i->k", gradient, each / expected)
    variance = uncertainty.variance(gradient, require_fit(fit))
    draws = prediction_draws(kind)
    if draws is None:
        low, high = positive_interval(np.asarray(expected), variance, level)
        return TotalForecast(expected, float(low), float(high), level, n)
    unit = common_unit(fit, summary)
    days = Horizon.parse(horizon).length(unit, summary.observed_until) * unit.days
    return _predicted_total(expected, float(variance), days, level, n, draws.errors)


def _predicted_total(
    expected: float,
    log_variance: float,
    days: float,
    level: float,
    n_customers: int,
    errors: ForecastErrors | None,
) -> TotalForecast:
    """Return a total with the interval of a prediction."""
    used = (errors or ForecastErrors.of_other_logs("purchases")).checked("purchases")
    low, high = used.interval(expected, horizon=days, level=level, log_variance=log_variance)
    return TotalForecast(
        expected,
        low,
        high,
        level,
        n_customers,
        kind="prediction",
        errors=used,
        log_variance=log_variance,
    )


def estimates_gradient(fit: PurchaseInput, gradient: Array, customers: CustomerSummary) -> Array:
    """Return the gradient by the fit's estimates, from that by each history's log-parameters.

    For a fit with covariates the estimates are the base's log-parameters and the effects.
    """
    if isinstance(fit, CovariateFit):
        return fit.estimates_gradient(gradient, customers)
    return gradient


def _estimate_intervals(
    fit: PurchaseInput,
    customers: CustomerSummary,
    expectations: ConditionalExpectations,
    quantity: Quantity,
    level: float,
) -> dict[str, Array]:
    """Return the intervals of P(alive) and of expected purchases per distinct history."""
    fit = require_fit(fit)
    model = purchase_model(fit, customers)
    alive = expectations.p_alive(model)
    alive_gradient = expectations.logit_p_alive_gradient(model)
    expected_gradient = (1 - alive) * alive_gradient
    expected_gradient = expected_gradient + expectations.log_if_alive_gradient(model, quantity)
    alive_variance, expected_variance = (
        uncertainty.variance(estimates_gradient(fit, gradient, customers), fit)
        for gradient in (alive_gradient, expected_gradient)
    )
    expected = alive * expectations.if_alive(model, quantity)
    alive_ends = share_interval(alive, alive_variance, level)
    expected_ends = positive_interval(expected, expected_variance, level)
    return {
        "p_alive_low": alive_ends[0],
        "p_alive_high": alive_ends[1],
        "expected_purchases_low": expected_ends[0],
        "expected_purchases_high": expected_ends[1],
    }


def _finite_length(
    fit: PurchaseInput,
    customers: CustomerSummary,
    horizon: str | date | Horizon,
) -> float:
    """Return the horizon on the customers' clock, or raise ParameterError if it is infinite."""
    unit = common_unit(fit, customers)
    length = customers.length(Horizon.parse(horizon), unit)
    if np.isinf(length):
        raise ParameterError(
            "expected purchases need a finite horizon such as '52 weeks'; found an infinite one. "
            "For the value of the whole residual lifetime use lifetime_value(..., horizon=None)."
        )
    return length

"""The total that a log's customers will buy within a horizon, with a range that has been tested.

The forecast weighs models and benchmarks by their errors in the log's own backtest, and its range
is as wide as those errors say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.forecasting import backtest as backtests
from relmark_research.clv.forecasting._new_customers import new_customer_total
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.candidates import Origin, purchase_models
from relmark_research.clv.forecasting.forecast_errors import (
    MEASURES,
    ForecastErrors,
    Measure,
)
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.errors import (
    DataError,
    ParameterError,
    check_choice,
    check_level,
    check_number,
)
from relmark_research.units import AnnualRate, Day, Horizon, TimeUnit

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.clv.forecasting.candidates import CandidateTotal
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray
_DAY = TimeUnit("day")


def forecast_total(
    log: TransactionLog,
    *,
    horizon: str | date | Horizon = "26 weeks",
    measure: Measure = "purchases",
    margin: float | None = None,
    annual_discount_rate: float | None = None,
    models: Sequence[str | type[Model]] | None = None,
    new_customers: bool = False,
    origins: int | Sequence[Day] | None = None,
    errors: ForecastErrors | None = None,
    level: float = 0.95,
) -> TotalForecast:
    """Forecast what the customers known at the end of a log will buy within a horizon.

    Parameters
    ----------
    horizon
        Time after the end of the log: ``"26 weeks"``, ``"6 months"`` or a last day.
    measure
        ``"purchases"`` (purchase-days) or ``"value"`` (money).
    margin
        Share of value to count, in (0, 1], for the measure value; None counts all of it.
    annual_discount_rate
        Effective rate per year, in [0, 1), for the measure value; None does not discount.
    models
        Names or classes of models of purchases; by default BG/NBD, MBG/NBD and Pareto/NBD. Three
        benchmarks are always weighed beside them.
    new_customers
        Whether to forecast the purchases of customers acquired within the horizon too, as a
        separate `TotalForecast`.
    origins
        Number of origins of the backtest (20 by default), or the origins themselves.
    errors
        Errors that the range holds; by default those of the backtest, shrunk to those of other
        logs.
    level
        Probability of the range.

    Returns
    -------
    TotalForecast
        expected = exp(sum of w ln(forecast)) over models and benchmarks with their weights w;
        low and high hold parameters, chance and the size of past forecast errors.

    Raises
    ------
    ParameterError
        If the horizon is infinite, or margin or rate are given for purchases.
    DataError
        If no model can be fitted and no benchmark exists.

    Examples
    --------
    >>> import relmark_research as rm
    >>> total = rm.forecast_total(rm.load_cdnow().until("1997-12-31"), horizon="13 weeks",
    ...                           models=["BGNBD"], origins=6)
    >>> total.low < 700 < total.high
    True
    """
    check_level(level)
    check_choice("measure", measure, MEASURES)
    if measure == "purchases" and not (margin is None and annual_discount_rate is None):
        raise ParameterError(
            "margin and annual_discount_rate are about money; found them with "
            "measure='purchases'. Use measure='value'."
        )
    if measure == "value":
        log.require_value("a forecast of value")
    origin_day = log.observed_until
    days = backtests.horizon_days(horizon, origin_day)
    factor = _money_factor(margin, annual_discount_rate, days)
    classes = purchase_models(models)
    past = backtests.records(
        log, days, measure, classes, BENCHMARKS, backtests.ORIGINS if origins is None else origins
    )
    tested = backtests.assembled(past, measure, days, level)
    origin = Origin.fitted(past.history, origin_day, classes, measure=measure, horizon=days)
    totals = {total.name: total for total in origin.totals(past.history, days, measure=measure)}
    if not totals:
        raise DataError(
            "nothing can be forecast: no model could be fitted "
            f"({'; '.join(origin.failures.values())}), and the log is too short for a benchmark."
        )
    issued = backtests.combination(
        totals,
        past.records,
        horizon=days,
        measure=measure,
        half=backtests.half_event(origin, measure),
        prior_dispersion=backtests.chance_dispersion(origin, measure),
    )
    used = errors or issued.errors
    low, high = used.interval(
        issued.expected, horizon=days, level=level, log_variance=issued.log_variance
    )
    newcomers = None
    if new_customers:
        newcomers = _scaled(
            new_customer_total(past.history, origin_day, days, measure=measure, level=level), factor
        )
    return TotalForecast(
        expected=issued.expected * factor,
        low=low * factor,
        high=high * factor,
        level=level,
        n_customers=len(origin.known),
        kind="prediction",
        measure=measure,
        origin=origin_day,
        end=origin_day + timedelta(days=days),
        models=issued.weights,
        errors=_scaled_errors(used, factor),
        backtest=tested,
        new_customers=newcomers,
        per_customer_expected=_by_customer(past, origin, totals, issued, factor),
        log_variance=issued.log_variance,
        factor=factor,
    )


def _by_customer(
    past: backtests.Records,
    origin: Origin,
    totals: dict[str, CandidateTotal],
    issued: backtests.Combination,
    factor: float,
) -> pd.Series:
    """Return each customer's share of the total: the models' mean, scaled to the combination."""
    weighed = [
        (issued.weights[name], total.per_customer)
        for name, total in totals.items()
        if total.per_customer is not None
    ]
    each = np.zeros(len(origin.known))
    for weight, expected in weighed:
        each += max(weight, 1e-12) * expected
    if each.sum() <= 0:
        each = np.ones(len(origin.known))
    scaled = each * (issued.expected * factor / each.sum())
    return pd.Series(scaled, index=past.history.ids(origin.known), name="expected")


def _money_factor(margin: float | None, rate: float | None, days: int) -> float:
    """Return margin x the mean discount factor of purchases spread evenly over the horizon."""
    factor = 1.0
    if margin is not None:
        rule = "is a share of value in (0, 1], 0.3 for thirty percent"
        factor = check_number("margin", margin, low=0, high=1, rule=rule)
        if factor == 0:
            raise ParameterError(f"margin {rule}; found 0.")
    if rate is not None:
        delta = AnnualRate(rate).continuous(_DAY) * days
        factor *= -np.expm1(-delta) / delta if delta > 0 else 1.0
    return float(factor)


def _scaled_errors(errors: ForecastErrors, factor: float) -> ForecastErrors:
    return ForecastErrors(
        errors.measure, errors.scale, errors.dispersion * factor, errors.n_origins
    )


def _scaled(total: TotalForecast, factor: float) -> TotalForecast:
    if factor == 1 or total.low is None or total.high is None or total.errors is None:
        return total
    return TotalForecast(
        total.expected * factor,
        total.low * factor,
        total.high * factor,
        total.level,
        total.n_customers,
        kind="prediction",
        measure=total.measure,
        origin=total.origin,
        end=total.end,
        errors=_scaled_errors(total.errors, factor),
    )

"""The total that a log's customers will buy within a horizon, with a range that has been tested.

The forecast weighs models and benchmarks by their errors in the log's own backtest, and its range
is as wide as those errors say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.calendar.calendar_options import (
    CALENDAR,
    CalendarChoice,
    calendar_options,
)
from relmark_research.clv.forecasting import backtest as backtests
from relmark_research.clv.forecasting._new_customers import new_customer_total
from relmark_research.clv.forecasting.backtest import assembled
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.candidates import Origin, purchase_models
from relmark_research.clv.forecasting.combination import Combination, combination, combined
from relmark_research.clv.forecasting.forecast_errors import MEASURES, ForecastErrors, Measure
from relmark_research.clv.forecasting.origin_records import (
    Records,
    chance_dispersion,
    half_event,
    horizon_days,
    records,
)
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.errors import (
    DataError,
    ParameterError,
    check_choice,
    check_level,
    check_number,
)
from relmark_research.units import AnnualRate, Horizon, TimeUnit

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
    calendar: CalendarChoice = None,
    models: Sequence[str | type[Model]] | None = None,
    new_customers: bool = False,
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
    calendar
        None for models with a season by month beside those without, where the log covers a year;
        False for none; or `CalendarOptions` (or `CalendarEffects`) with declared events, future
        ones too.
    models
        Names or classes of models of purchases; by default BG/NBD, MBG/NBD and Pareto/NBD. Three
        benchmarks are always weighed beside them.
    new_customers
        Whether to forecast the purchases of customers acquired within the horizon too, as a
        separate `TotalForecast`.
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
    ...                           models=["BGNBD"])
    >>> total.low < 700 < total.high
    True
    """
    check_level(level)
    _check_measure(log, measure, money=not (margin is None and annual_discount_rate is None))
    first, classes = log.observed_until, purchase_models(models)
    days = horizon_days(horizon, first)
    factor = _money_factor(margin, annual_discount_rate, days)
    options = calendar_options(calendar)
    past = records(log, days, measure, classes, BENCHMARKS, backtests.ORIGINS, options)
    origin = Origin.fitted(
        past.history, first, classes, measure=measure, horizon=days, calendar=options
    )
    totals = _totals(origin, past, days, measure)
    issued = _issued(origin, past, totals, days, measure)
    total = TotalForecast(
        issued.expected,
        *issued.interval(days, level),
        level=level,
        n_customers=len(origin.known),
        kind="prediction",
        measure=measure,
        origin=first,
        end=first + timedelta(days=days),
        models=issued.weights,
        errors=issued.errors,
        backtest=assembled(past, measure, days, level),
        per_customer_expected=_by_customer(past, origin, totals, issued),
        log_variance=issued.log_variance,
        calendar=origin.calendar,
        expected_without_calendar=_without_calendar(origin, totals, issued, measure),
    )
    if new_customers:
        acquired = new_customer_total(past.history, first, days, measure=measure, level=level)
        total = replace(total, new_customers=_scaled(acquired, factor))
    return _scaled(total, factor)


def _check_measure(log: TransactionLog, measure: Measure, *, money: bool) -> None:
    """Raise an error for an unknown measure, money without value, and value without money."""
    check_choice("measure", measure, MEASURES)
    if measure == "value":
        log.require_value("a forecast of value")
    elif money:
        raise ParameterError(
            "margin and annual_discount_rate are about money; found them with "
            "measure='purchases'. Use measure='value'."
        )


def _totals(
    origin: Origin, past: Records, days: int, measure: Measure
) -> dict[str, CandidateTotal]:
    """Return the candidates' forecasts by name, or raise DataError where there are none."""
    totals = {total.name: total for total in origin.totals(past.history, days, measure=measure)}
    if not totals:
        raise DataError(
            "nothing can be forecast: no model could be fitted "
            f"({'; '.join(origin.failures.values())}), and the log is too short for a benchmark."
        )
    return totals


def _issued(
    origin: Origin,
    past: Records,
    totals: dict[str, CandidateTotal],
    days: int,
    measure: Measure,
) -> Combination:
    """Return the candidates' combination, by the errors of the backtest."""
    return combination(
        totals,
        past.records,
        horizon=days,
        measure=measure,
        half=half_event(origin, measure),
        prior_dispersion=chance_dispersion(origin, measure),
    )


def _without_calendar(
    origin: Origin, totals: dict[str, CandidateTotal], issued: Combination, measure: Measure
) -> float | None:
    """Return the combination with each model on a calendar forecast without it."""
    if origin.calendar is None:
        return None
    half = half_event(origin, measure)
    plain = [totals.get(name.removesuffix(CALENDAR), total) for name, total in totals.items()]
    expected = np.maximum([total.expected for total in plain], 0.0)
    weights = np.array([issued.weights[name] for name in totals])
    return max(float(combined(expected + half, weights)) - half, 0.0)


def _by_customer(
    past: Records,
    origin: Origin,
    totals: dict[str, CandidateTotal],
    issued: Combination,
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
    scaled = each * (issued.expected / each.sum())
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
    """Return a forecast of value in units of margin, or of present value."""
    if factor == 1 or total.low is None or total.high is None or total.errors is None:
        return total
    each = total.per_customer_expected
    return replace(
        total,
        expected=total.expected * factor,
        low=total.low * factor,
        high=total.high * factor,
        errors=_scaled_errors(total.errors, factor),
        per_customer_expected=None if each is None else each * factor,
        factor=factor,
        expected_without_calendar=None
        if total.expected_without_calendar is None
        else total.expected_without_calendar * factor,
    )

"""What customers who are yet to come will buy within a horizon.

Those acquired within the h days after an origin make first and repeat purchases until its end. The
forecast is what those acquired within the last h days did; its errors are those of the same
forecast at earlier origins.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from relmark_research.clv.forecasting.forecast_errors import PRIORS, ForecastErrors, Measure
from relmark_research.clv.forecasting.origin_records import DISPERSION
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.customers.log.purchase_history import KnownCustomers, PurchaseHistory
from relmark_research.errors import DataError
from relmark_research.stats.forecasting.error_scale import PastErrors, fit_scale

_STEPS = 4  # origins per horizon


def new_customer_total(
    history: PurchaseHistory, origin: date, horizon: int, *, measure: Measure, level: float
) -> TotalForecast:
    """Forecast the purchases of customers acquired within a horizon, until its end.

    Parameters
    ----------
    horizon
        In days.

    Returns
    -------
    TotalForecast
        n_customers is the number acquired in the last period.

    Raises
    ------
    DataError
        If the log is shorter than the horizon.
    """
    known = history.known_at(origin)
    length = (origin - history.days.first).days + 1
    if length < horizon:
        raise DataError(
            f"a forecast of new customers over {horizon} days needs a log of that length; found "
            f"{length} days. Choose a shorter horizon."
        )
    step = max(horizon // _STEPS, 1)
    ends = np.arange(known.day, known.day - length + horizon - 1, -step)
    made = np.array([_acquired(known, int(end) - horizon, int(end), measure) for end in ends])
    half = 0.5 if measure == "purchases" else max(0.5 * float(known.purchase_value.mean()), 1e-9)
    expected = float(made[0, 0])
    errors = np.log((made[:-_STEPS, 0] + half) / (made[_STEPS:, 0] + half))
    dispersion = _dispersion(known, measure)
    past = PastErrors(
        errors,
        np.full(len(errors), float(horizon)),
        dispersion / np.maximum(made[_STEPS:, 0] + half, dispersion / 4),
        np.full(len(errors), 1 / _STEPS),
    )
    scale = fit_scale(past if len(errors) else None, PRIORS[measure])
    sized = ForecastErrors(measure, scale, dispersion, len(errors))
    low, high = sized.interval(expected, horizon=horizon, level=level)
    return TotalForecast(
        expected,
        low,
        high,
        level,
        int(made[0, 1]),
        kind="prediction",
        measure=measure,
        origin=origin,
        end=origin + timedelta(days=horizon),
        errors=sized,
    )


def _acquired(known: KnownCustomers, start: int, end: int, measure: Measure) -> tuple[float, float]:
    """Return what customers acquired after a day bought until another, and their number."""
    within = (known.purchase_first > start) & (known.purchase_day <= end)
    customers = float(np.count_nonzero((known.first > start) & (known.first <= end)))
    if measure == "purchases":
        return float(np.count_nonzero(within)), customers
    return float(known.purchase_value[within].sum()), customers


def _dispersion(known: KnownCustomers, measure: Measure) -> float:
    values = known.purchase_value
    if measure == "purchases" or values.sum() <= 0:
        return DISPERSION
    return DISPERSION * float((values**2).sum() / values.sum())

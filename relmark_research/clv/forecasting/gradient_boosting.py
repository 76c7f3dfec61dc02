"""A benchmark from machine learning: gradient boosting on recency, frequency and money.

It learns from the h days before the origin: the purchases in them, given what was known at their
beginning, by a Poisson loss. It then predicts the h days after the origin from what is known now.
It needs scikit-learn, which the package does not install.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from relmark_research.clv.forecasting.forecast_errors import Measure
from relmark_research.customers.log.purchase_history import KnownCustomers, PurchaseHistory
from relmark_research.errors import ParameterError

Array = np.ndarray

GRADIENT_BOOSTING = "gradient boosting"
_SAMPLE = 100_000  # customers that it learns from, at most
_SEED = 20_240_103
_FEWEST = 50  # customers known at the beginning of the days that it learns from


def boosted_total(
    history: PurchaseHistory, day: date, known: KnownCustomers, horizon: int, measure: Measure
) -> float | None:
    """Return the forecast total of known customers; None where there is too little to learn from.

    Parameters
    ----------
    day
        The origin.
    known
        The customers known then.
    horizon
        In days.

    Raises
    ------
    ParameterError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError:
        raise ParameterError(
            f"the benchmark {GRADIENT_BOOSTING!r} needs scikit-learn, which is not installed. "
            "Install it (pip install scikit-learn), or leave the benchmark out."
        ) from None
    then_day = day - timedelta(days=horizon)
    then = history.known_at(then_day)
    if len(then) < _FEWEST:
        return None
    purchases, value = history.after(then_day, horizon, then)
    target = np.maximum(purchases if measure == "purchases" else value, 0.0)
    if target.sum() <= 0:
        return None
    rows = np.arange(len(then))
    if len(rows) > _SAMPLE:
        rows = np.random.default_rng(_SEED).choice(rows, _SAMPLE, replace=False)
    model = HistGradientBoostingRegressor(loss="poisson", random_state=_SEED, max_iter=100)
    model.fit(_features(then)[rows], target[rows])
    return float(model.predict(_features(known)).sum())


def _features(known: KnownCustomers) -> Array:
    """Return days since the first and the last purchase, frequency, rate and mean value."""
    age = (known.day - known.first).astype(float)
    purchases = known.frequency + 1.0
    return np.column_stack(
        [
            age,
            known.day - known.last,
            purchases,
            purchases / (age + 30.0),
            known.value / purchases,
        ]
    )

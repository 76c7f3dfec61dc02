"""Rolling origins: the days at which a forecast is repeated with what was known on that day.

A forecast made at the end of day o for a horizon of h days is about the days o + 1 to o + h. It is
*finished* on day o + h. At origin o only forecasts that are finished by o may be used, whether to
choose a model or to measure its errors (Tashman 2000).

References
----------
Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting
16(4), 437-450.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from relmark_research.errors import DataError, ParameterError, check_count

Array = np.ndarray

MINIMUM_DAYS = 56  # of history before the first origin: models need repeat purchases
MINIMUM_SHARE = 0.15  # of the whole history, if that is more


def rolling_origins(
    first: date, last: date, *, horizon: int, count: int = 20, earliest: date | None = None
) -> list[date]:
    """Return evenly spaced origins whose forecasts are finished by the last day.

    Parameters
    ----------
    first, last
        First and last day of the history.
    horizon
        Length of the horizon in days, > 0.
    count
        Number of origins, >= 1; fewer where they would be less than a day apart.
    earliest
        First possible origin; by default 56 days or 15% of the history after ``first``, whichever
        is later.

    Returns
    -------
    list of date
        Ascending; the last is ``last`` - ``horizon``. Empty where the history is too short.

    Examples
    --------
    >>> origins = rolling_origins(date(1997, 1, 1), date(1998, 6, 30), horizon=182, count=3)
    >>> [str(origin) for origin in origins]
    ['1997-03-23', '1997-08-11', '1997-12-30']
    """
    check_count("horizon", horizon)
    check_count("count", count)
    length = (last - first).days
    begin = earliest or first + timedelta(days=max(MINIMUM_DAYS, int(MINIMUM_SHARE * length)))
    span = (last - timedelta(days=horizon) - begin).days
    if span < 0:
        return []
    steps = np.unique(np.linspace(span, 0, min(count, span + 1)).round().astype(int))
    return [begin + timedelta(days=int(step)) for step in steps]


def checked_origins(origins: Sequence[date], first: date, last: date) -> list[date]:
    """Return origins in ascending order, or raise an error for those outside the history.

    Raises
    ------
    ParameterError
        If there are none, or one comes twice.
    DataError
        If one is not within the history, or leaves nothing after it.
    """
    ordered = sorted(origins)
    if not ordered:
        raise ParameterError("origins must be days within the log; found none.")
    if len(set(ordered)) < len(ordered):
        raise ParameterError(f"each origin may come once; found {len(origins)} with repetitions.")
    outside = [str(day) for day in ordered if not first <= day < last]
    if outside:
        raise DataError(
            f"origins must lie within the log, from {first} to the day before {last}; found "
            f"{len(outside)} outside, first {outside[0]}."
        )
    return ordered


def finished(origins: Array, horizons: Array, day: int) -> Array:
    """Return which forecasts are finished by the end of a day (all in days)."""
    result: Array = origins + horizons <= day
    return result


def overlap_weights(origins: Array, horizons: Array) -> Array:
    """Return how much independent information each forecast has, in (0, 1].

    Parameters
    ----------
    origins, horizons
        In days, shape (forecasts,).

    Returns
    -------
    ndarray
        Forecasts of one horizon h at origins s days apart share 1 - s / h of their days, so each
        counts min(1, s / h), with s the mean distance of the origins of that horizon.
    """
    weights = np.ones(len(origins))
    for horizon in np.unique(horizons):
        same = horizons == horizon
        days = np.unique(origins[same])
        if len(days) > 1:
            weights[same] = min(1.0, float(np.diff(days).mean()) / float(horizon))
    return weights

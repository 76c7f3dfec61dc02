"""Forecasts of a log's own past at rolling origins, with what came.

At each origin the candidates forecast from what was known then; once the horizon has passed, the
actual total stands beside their forecasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.calendar.calendar_options import CALENDAR
from relmark_research.clv.forecasting.candidates import Origin
from relmark_research.clv.forecasting.forecast_errors import Measure
from relmark_research.clv.validation.predictive_checks import holdout_probabilities
from relmark_research.customers.log.customer_summary import Split
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.customers.operational_time import operational_days
from relmark_research.errors import DataError, ParameterError, check_count
from relmark_research.stats.forecasting.rolling_origins import checked_origins, rolling_origins
from relmark_research.units import Day, Horizon, as_date

if TYPE_CHECKING:
    from relmark_research.clv.calendar.calendar_options import CalendarOptions
    from relmark_research.clv.estimation.model import Model
    from relmark_research.clv.forecasting.candidates import CandidateTotal
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

DISPERSION = 2.0  # variance of purchases per purchase expected, before any forecast is finished
_SCORED = 20_000  # customers for whom scores per customer are computed
_SEED = 20_240_102


@dataclass(frozen=True, eq=False)
class Record:
    """The candidates' forecasts at one origin for one horizon, and what came.

    Attributes
    ----------
    origin, day
        The last day known, as a date and counted from the log's first day.
    horizon
        In days.
    customers
        Customers known at the origin.
    totals
        The candidates' forecasts by name.
    actual
        What the known customers bought; NaN while the forecast is not finished.
    half
        Half an event, added to totals so that 0 has a logarithm: 0.5 purchases, or their value.
    prior_dispersion
        Variance by chance per unit expected, before any forecast is finished.
    dispersion
        The same as the customers' errors show it; NaN without a model.
    scores
        Log score and absolute error per customer of each model.
    """

    origin: date
    day: int
    horizon: int
    customers: int
    totals: dict[str, CandidateTotal] = field(repr=False)
    half: float
    prior_dispersion: float
    actual: float = float("nan")
    dispersion: float = float("nan")
    scores: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    def log_error(self, name: str) -> float:
        """Return ln(actual / forecast) of a candidate; NaN where it had no forecast.

        That of a model on a calendar is the model's own where there was no calendar yet.
        """
        if name not in self.totals:
            name = name.removesuffix(CALENDAR)  # flat where the log was too short for a calendar
        if name not in self.totals:
            return float("nan")
        actual, expected = (max(total, 0.0) for total in (self.actual, self.totals[name].expected))
        return float(np.log((actual + self.half) / (expected + self.half)))


@dataclass(frozen=True, eq=False)
class Records:
    """Records of finished forecasts, with what later steps use again."""

    records: tuple[Record, ...]
    failures: pd.DataFrame
    history: PurchaseHistory


def records(
    log: TransactionLog,
    horizon: int,
    measure: Measure,
    models: Sequence[type[Model]],
    benchmarks: Sequence[str],
    origins: int | Sequence[Day],
    calendar: CalendarOptions | None = None,
) -> Records:
    """Return the finished forecasts at rolling origins, for the horizon and for half of it."""
    history = PurchaseHistory.of(log)
    last = log.observed_until
    days = origin_days(history, last, horizon, origins, measure)
    if calendar is not None:
        first = _first_purchase(history, last, measure)
        calendar.check_days(first, last + timedelta(days=horizon))
    found: list[Record] = []
    failures: list[tuple[date, str, str]] = []
    for day in days:
        horizons = [h for h in (horizon, max(horizon // 2, 1)) if (last - day).days >= h]
        if not horizons:
            continue
        origin = Origin.fitted(
            history, day, models, measure=measure, horizon=horizon, calendar=calendar
        )
        failures += [(day, name, why) for name, why in origin.failures.items()]
        found += [
            _record(history, origin, h, measure, benchmarks, scored=h == horizon)
            for h in dict.fromkeys(horizons)
        ]
    failed = pd.DataFrame(failures, columns=["origin", "model", "reason"])
    return Records(tuple(record for record in found if record.totals), failed, history)


def half_event(origin: Origin, measure: Measure) -> float:
    """Return half a purchase, or half the mean value of one."""
    values = origin.known.purchase_value
    return 0.5 if measure == "purchases" else max(0.5 * float(values.mean()), 1e-9)


def chance_dispersion(origin: Origin, measure: Measure) -> float:
    """Return the variance by chance per unit expected, before any forecast is finished.

    Purchases have twice the variance of Poisson ones. Their values add: the variance of a sum of n
    values is n E[value^2].
    """
    if measure == "purchases":
        return DISPERSION
    values = origin.known.purchase_value
    total = float(values.sum())
    return DISPERSION * float((values**2).sum()) / total if total > 0 else DISPERSION


def horizon_days(horizon: str | date | Horizon, origin: date) -> int:
    """Return a horizon in days, or raise ParameterError for an infinite one."""
    parsed = Horizon.parse(horizon)
    if parsed.endless:
        raise ParameterError(
            "a forecast of a total needs a finite horizon such as '52 weeks'; found an infinite "
            "one, for which no forecast is ever finished."
        )
    days = (parsed.end(origin) - origin).days
    if days < 1:
        raise ParameterError(f"the horizon must end after the data do ({origin}); found {parsed}.")
    return days


def origin_days(
    history: PurchaseHistory,
    last: date,
    horizon: int,
    origins: int | Sequence[Day],
    measure: Measure,
) -> list[date]:
    """Return the origins of a backtest: a number of them, evenly spaced, or the days given.

    Raises
    ------
    DataError
        If there is nothing to forecast, or a day is too late for the horizon.
    """
    return _origin_days(_first_purchase(history, last, measure), last, horizon, origins)


def _first_purchase(history: PurchaseHistory, last: date, measure: Measure) -> date:
    """Return the day of the first purchase, or raise DataError where there is nothing to forecast.

    Raises
    ------
    DataError
        If there is no purchase, or the measure is value and all purchases add up to 0 or less.
    """
    known = history.known_at(last)
    if not len(known):
        raise DataError(
            "a forecast needs a log with purchases; found none that was not returned. Choose "
            "another window, or returns='drop'."
        )
    total = float(known.purchase_value.sum())
    if measure == "value" and total <= 0:
        raise DataError(
            "a forecast of value needs purchases whose values add up to more than 0; found "
            f"{total:,.2f}. Use measure='purchases', or read the log with returns='net'."
        )
    return history.rows.first_day + timedelta(days=int(known.first.min()))


def _origin_days(first: date, last: date, horizon: int, origins: int | Sequence[Day]) -> list[date]:
    if isinstance(origins, int | float | np.number):
        count = check_count("origins", origins)
        return rolling_origins(first, last, horizon=horizon, count=count) or rolling_origins(
            first, last, horizon=max(horizon // 2, 1), count=count
        )
    if isinstance(origins, str | date):
        origins = (origins,)
    days = checked_origins([as_date(day, name="origins") for day in origins], first, last)
    late = [str(day) for day in days if day + timedelta(days=horizon) > last]
    if late:
        raise DataError(
            f"a forecast over {horizon} days is finished by the end of the log ({last}) if its "
            f"origin is {last - timedelta(days=horizon)} or earlier; found {len(late)} later, "
            f"first {late[0]}."
        )
    return days


def _record(
    history: PurchaseHistory,
    origin: Origin,
    horizon: int,
    measure: Measure,
    benchmarks: Sequence[str],
    *,
    scored: bool,
) -> Record:
    """Forecast at an origin and add what came."""
    totals = origin.totals(history, horizon, measure=measure, benchmarks=benchmarks)
    purchases, value = history.after(origin.day, horizon, origin.known)
    came = purchases if measure == "purchases" else value
    dispersion = float("nan")
    each = next((total.per_customer for total in totals if total.per_customer is not None), None)
    if each is not None and each.sum() > 0:
        dispersion = float(((came - each) ** 2).sum() / each.sum())
    scores = {}
    if scored and measure == "purchases":
        scores = _scores(origin, totals, purchases, horizon)
    light = {total.name: _without_customers(total) for total in totals}
    return Record(
        origin=origin.day,
        day=origin.known.day,
        horizon=horizon,
        customers=len(origin.known),
        totals=light,
        half=half_event(origin, measure),
        prior_dispersion=chance_dispersion(origin, measure),
        actual=float(came.sum()),
        dispersion=dispersion,
        scores=scores,
    )


def _without_customers(total: CandidateTotal) -> CandidateTotal:
    return replace(total, per_customer=None)


def _scores(
    origin: Origin, totals: Sequence[CandidateTotal], purchases: Array, horizon: int
) -> dict[str, tuple[float, float]]:
    """Return log score and mean absolute error per customer, over at most 20,000 of them."""
    rows = np.arange(len(purchases))
    if len(rows) > _SCORED:
        rows = np.sort(np.random.default_rng(_SEED).choice(rows, _SCORED, replace=False))
    end = origin.day + timedelta(days=horizon)
    found = {}
    for total in totals:
        if total.per_customer is None:
            continue
        summary = origin.summary_of(total.name)
        customers = summary.with_rows(summary.table.iloc[rows])
        counted = pd.DataFrame(
            {"purchases": purchases[rows].astype(int)}, index=customers.table.index
        )
        length = operational_days(summary.calendar, origin.day, end) / 7
        split = Split(customers, counted, length, 0, end)
        exact = holdout_probabilities(origin.fits[total.name], split).exact
        score = float(np.log(np.maximum(exact, 1e-300)).mean())
        found[total.name] = score, float(np.abs(purchases - total.per_customer).mean())
    return found

"""Repeat purchases per week or month, expected by a model and observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    calendar_of,
    common_purchase_model,
    model_unit,
    purchase_model,
)
from relmark_research.clv.validation._holdout import expectation_interval
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.customers.operational_time import Calendar
from relmark_research.errors import DataError, ParameterError
from relmark_research.units import Day, TimeUnit, as_date

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

Total = Callable[[PurchaseModel], Array]
"""A model's expected repeat purchases of all customers to the end of each week."""

_WEEK = 7  # days
_COVARIATES = (
    "give the customers acquired by `at`, with the columns of its formulas: "
    "tracking(fit, log, at=..., customers=...)."
)


def tracking(
    fit: PurchaseInput,
    log: TransactionLog,
    *,
    at: Day | None = None,
    customers: CustomerSummary | pd.DataFrame | None = None,
    level: float | None = None,
    unit: str | TimeUnit | None = None,
) -> pd.DataFrame:
    """Compare expected and observed repeat purchases week by week.

    The expectation is unconditional: E[X(t)] of a new customer, summed over the customers acquired
    by ``at``. A model whose times are months counts purchase-months, and is compared with them,
    month by month.

    Parameters
    ----------
    fit
        A fit (required for intervals) or a model of purchases.
    at
        Last day of the calibration; the whole log if None.
    customers
        Histories of the customers acquired by ``at``, observed until ``at``, with the columns of
        the formulas. Needed for a fit with covariates or a model per customer only.
    level
        Probability of the intervals of the expectation, such as 0.95; None for no intervals. They
        hold the uncertainty of the parameters only, not the randomness of purchases.
    unit
        Unit of the model's times; required if ``fit`` has none.

    Returns
    -------
    DataFrame
        Row per whole week from the log's first day (per whole calendar month for a model in
        months): time (its last day), phase
        (``"calibration"`` or ``"holdout"``), actual, expected, cumulative_actual,
        cumulative_expected; with a level also expected_low, ..., cumulative_expected_high.

    Raises
    ------
    ParameterError
        If the unit of the model's times is unknown, a level is given without a fit, or a fit with
        covariates comes without customers.
    DataError
        If the customers are not those acquired by ``at``.
    """
    unit = model_unit(fit, unit, function="tracking")
    cut, calendar = _calibration_end(log, at, unit), calendar_of(fit)
    counts = _Counts.by_month(log, cut) if unit.name == "month" else _Counts.by_day(log, cut)
    summary = None if customers is None else CustomerSummary.of(customers)
    if summary is None:
        model = common_purchase_model(fit, reason=_COVARIATES)
        clock = _clock(counts, unit, calendar)
        on_calendar = calendar is not None
        total = (_total_on_calendar if on_calendar else _total_by_age)(counts, clock)
    else:
        model = purchase_model(fit, summary)
        last = counts.position(summary.observed_until or cut)
        total = _total_by_customer(summary, counts, last, _clock(counts, unit, calendar))

    def expected(model: PurchaseModel) -> Array:
        """Return purchases to the end of each period, and within it, shape (2, periods)."""
        cumulative = total(model)
        return np.stack([cumulative, np.diff(cumulative, prepend=0)])

    actual = counts.repeat_purchases.cumsum()[counts.ends]
    cumulative, in_period = expected(model)
    columns = {
        "time": counts.times,
        "phase": np.where(counts.times <= pd.Timestamp(cut), "calibration", "holdout"),
        "actual": np.diff(actual, prepend=0),
        "expected": in_period,
        "cumulative_actual": actual,
        "cumulative_expected": cumulative,
    }
    if level is not None:
        low, high = expectation_interval(expected, fit, level, summary)
        columns |= {"cumulative_expected_low": low[0], "cumulative_expected_high": high[0]}
        columns |= {"expected_low": low[1], "expected_high": high[1]}
    return pd.DataFrame(columns)


@dataclass(frozen=True)
class _Counts:
    """Purchases per step, a day or (for a model in months) a calendar month.

    Attributes
    ----------
    first
        First day of the log.
    acquired, repeat_purchases
        First and repeat purchases of the customers acquired in the calibration, shape (steps,).
    ends
        Positions of the steps that end a row of the table, shape (rows,).
    times
        Last day of each row.
    months
        Whether a step is a month.
    """

    first: date
    acquired: Array
    repeat_purchases: Array
    ends: Array
    times: pd.DatetimeIndex
    months: bool

    @classmethod
    def by_day(cls, log: TransactionLog, cut: date) -> _Counts:
        """Count purchase-days, for rows of whole weeks."""
        days = pd.date_range(log.observed_from, log.observed_until)
        counts = aggregation.by_day(log.days, cut).reindex(days, fill_value=0)
        ends = np.arange(_WEEK - 1, len(days), _WEEK)
        return cls._of(log, counts, ends, days[ends], months=False)

    @classmethod
    def by_month(cls, log: TransactionLog, cut: date) -> _Counts:
        """Count purchase-months, for rows of whole calendar months."""
        starts = pd.date_range(log.observed_from.replace(day=1), log.observed_until, freq="MS")
        purchases = aggregation.by_calendar_month(log.days)
        counts = aggregation.by_day(purchases, cut).reindex(starts, fill_value=0)
        times = starts + pd.offsets.MonthEnd(0)
        ends = np.flatnonzero(times <= pd.Timestamp(log.observed_until))
        return cls._of(log, counts, ends, times[ends], months=True)

    @classmethod
    def _of(
        cls, log: TransactionLog, counts: pd.DataFrame, ends: Array, times: pd.DatetimeIndex,
        *, months: bool,
    ) -> _Counts:  # fmt: skip
        return cls(
            first=log.observed_from,
            acquired=counts["first_purchases"].to_numpy(float),
            repeat_purchases=counts["repeat_purchases"].to_numpy(float),
            ends=ends,
            times=times,
            months=months,
        )

    def position(self, day: date) -> int:
        """Return the step of a day."""
        if not self.months:
            return (day - self.first).days
        return 12 * (day.year - self.first.year) + day.month - self.first.month


def _clock(counts: _Counts, unit: TimeUnit, calendar: Calendar | None) -> Array:
    """Return the time at the end of each step, in the model's unit, on its clock."""
    steps = len(counts.acquired)
    if calendar is None:
        return np.arange(steps) / (1 if counts.months else unit.days)
    last = counts.first + timedelta(days=steps - 1)
    return np.cumsum(calendar.relative_rates(counts.first, last)) / unit.days


def _total_by_age(counts: _Counts, ages: Array) -> Total:
    """Return the total for one model, from the customers acquired in each step."""

    def total(model: PurchaseModel) -> Array:
        by_age = model.expected_purchases(ages)
        result: Array = np.convolve(counts.acquired, by_age)[: len(ages)][counts.ends]
        return result

    return total


def _total_on_calendar(counts: _Counts, clock: Array) -> Total:
    """Return the same on the clock of a calendar, whose steps differ in length."""
    steps = len(counts.acquired)
    ages = np.maximum(clock[counts.ends][:, None] - clock, 0.0)
    grid = np.linspace(0.0, float(ages.max()), max(steps, 2))

    def total(model: PurchaseModel) -> Array:
        by_age = CubicSpline(grid, model.expected_purchases(grid))(ages)  # smooth: error 1e-9
        result: Array = np.where(ages > 0, by_age, 0.0) @ counts.acquired
        return result

    return total


def _total_by_customer(
    customers: CustomerSummary, counts: _Counts, last: int, clock: Array
) -> Total:
    """Return the total for a model per customer; ``last`` is the last step of the histories.

    Raises
    ------
    DataError
        If the customers were not acquired on the days of the log's customers.
    """
    acquired, started = counts.acquired, clock[last] - customers.T
    nearest = np.searchsorted((clock[1:] + clock[:-1]) / 2, started)
    first = np.where(started > clock[0] - (clock[-1] - clock[0]) / len(clock), nearest, -1)
    inside = (first >= 0) & (first < len(acquired))
    counted = np.bincount(first[inside], customers.weights[inside], len(acquired))
    if not inside.all() or not np.array_equal(counted, acquired):
        raise DataError(
            f"the customers must be the {acquired.sum():,.0f} acquired by the end of calibration, "
            f"with their histories until that day; found {customers.weights.sum():,.0f} customers, "
            f"{np.minimum(counted, acquired).sum():,.0f} of them with a day of acquisition of the "
            "log. Summarise the log until that day: log.until(at).customer_summary()."
        )

    def total(model: PurchaseModel) -> Array:
        if model.on_own_clocks:
            since = np.maximum(clock[counts.ends][:, None] - clock[first], 0)
            own: Array = model.expected_purchases(since) @ customers.weights
            return own
        columns = np.broadcast_arrays(first, *astuple(model))
        distinct = distinct_rows(*columns, weights=customers.weights)
        steps, *parameters = distinct.columns
        ages = np.maximum(clock[counts.ends][:, None] - clock[steps.astype(int)], 0)
        result: Array = type(model)(*parameters).expected_purchases(ages) @ distinct.weights
        return result

    return total


def _calibration_end(log: TransactionLog, at: Day | None, unit: TimeUnit) -> date:
    cut = log.observed_until if at is None else as_date(at, name="at")
    if cut < log.observed_from:
        raise ParameterError(
            f"the calibration must end within the log ({log.observed_from} to "
            f"{log.observed_until}); found {cut}."
        )
    if unit.name == "month" and at is not None and (cut + timedelta(days=1)).day != 1:
        raise ParameterError(
            "a model in months is fitted until the last day of a month; found at="
            f"{str(cut)!r}. Give the last day of its calibration."
        )
    return cut

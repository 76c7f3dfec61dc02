"""Repeat purchases per week, expected by a model and observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._inputs import (
    PurchaseInput,
    common_purchase_model,
    model_unit,
    purchase_model,
)
from relmark_research.clv.validation._holdout import expectation_interval
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct_rows
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
    by ``at``.

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
        Row per whole week from the log's first day: time (its last day), phase
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
    cut = _calibration_end(log, at)
    days = pd.date_range(log.observed_from, log.observed_until)
    counts = aggregation.by_day(log.days, cut).reindex(days, fill_value=0)
    unit = model_unit(fit, unit, function="tracking")
    week_ends = np.arange(_WEEK - 1, len(days), _WEEK)
    acquired = counts["first_purchases"].to_numpy(float)
    summary = None if customers is None else CustomerSummary.of(customers)
    if summary is None:
        model = common_purchase_model(fit, reason=_COVARIATES)
        total = _total_by_age(acquired, week_ends, unit)
    else:
        model = purchase_model(fit, summary)
        last = ((summary.observed_until or cut) - log.observed_from).days
        total = _total_by_customer(summary, acquired, week_ends, last, unit)

    def expected(model: PurchaseModel) -> Array:
        """Return purchases to the end of each week, and within it, shape (2, weeks)."""
        cumulative = total(model)
        return np.stack([cumulative, np.diff(cumulative, prepend=0)])

    actual = counts["repeat_purchases"].cumsum().to_numpy(float)[week_ends]
    cumulative, weekly = expected(model)
    columns = {
        "time": days[week_ends],
        "phase": np.where(days[week_ends] <= pd.Timestamp(cut), "calibration", "holdout"),
        "actual": np.diff(actual, prepend=0),
        "expected": weekly,
        "cumulative_actual": actual,
        "cumulative_expected": cumulative,
    }
    if level is not None:
        low, high = expectation_interval(expected, fit, level, summary)
        columns |= {"cumulative_expected_low": low[0], "cumulative_expected_high": high[0]}
        columns |= {"expected_low": low[1], "expected_high": high[1]}
    return pd.DataFrame(columns)


def _total_by_age(acquired: Array, week_ends: Array, unit: TimeUnit) -> Total:
    """Return the total for one model, from the customers acquired on each day."""
    ages = np.arange(len(acquired)) / unit.days

    def total(model: PurchaseModel) -> Array:
        by_age = model.expected_purchases(ages)
        result: Array = np.convolve(acquired, by_age)[: len(acquired)][week_ends]
        return result

    return total


def _total_by_customer(
    customers: CustomerSummary, acquired: Array, week_ends: Array, last: int, unit: TimeUnit
) -> Total:
    """Return the total for a model per customer; ``last`` is the last day of the histories.

    Raises
    ------
    DataError
        If the customers were not acquired on the days of the log's customers.
    """
    first = last - np.rint(customers.T * unit.days).astype(int)
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
        columns = np.broadcast_arrays(first, *astuple(model))
        distinct = distinct_rows(*columns, weights=customers.weights)
        days, *parameters = distinct.columns
        ages = np.maximum(week_ends[:, None] - days, 0) / unit.days
        result: Array = type(model)(*parameters).expected_purchases(ages) @ distinct.weights
        return result

    return total


def _calibration_end(log: TransactionLog, at: Day | None) -> date:
    cut = log.observed_until if at is None else as_date(at, name="at")
    if cut < log.observed_from:
        raise ParameterError(
            f"the calibration must end within the log ({log.observed_from} to "
            f"{log.observed_until}); found {cut}."
        )
    return cut

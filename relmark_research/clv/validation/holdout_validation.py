"""Is the model right? What it expects beside what happened, in the calibration and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction.forecast import Outlook, common_unit, purchases_by
from relmark_research.clv.validation.predictive_checks import holdout_chances
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.customer_summary import CustomerSummary, Split
from relmark_research.customers.log.distinct_histories import distinct
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import Day, TimeUnit, as_date

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.customers.log.transactions import TransactionLog


# What customers bought in the days kept back: what every forecast is judged by.


def actual_purchases(split: Split) -> np.ndarray:
    """Return the purchases of each customer in the holdout, refused where there is none at all.

    Raises
    ------
    DataError
        Where nobody bought in the holdout, or nobody ever bought again.
    """
    actual = split.holdout["purchases"].to_numpy(float)
    if actual.sum() > 0:
        return actual
    kept_back = f"the holdout of {split.length:g} {split.calibration.unit}s"
    if split.calibration.table["frequency"].max() == 0:
        raise DataError(
            f"of {len(actual):,} customers nobody bought a second time, neither before nor in "
            f"{kept_back}; there is no relationship to model yet. Is the customer's id the same "
            "in all orders?"
        )
    raise DataError(
        f"nobody bought in {kept_back}, so there is nothing to judge a forecast by. "
        "Cut the log earlier."
    )


Array = np.ndarray


@dataclass(frozen=True)
class HoldoutScore:
    """How a model did on a holdout.

    Attributes
    ----------
    actual, expected
        Purchases of all calibration customers in the holdout.
    bias
        (expected - actual) / actual.
    mean_absolute_error, root_mean_squared_error
        By customer, in purchases.
    correlation
        Between expected and actual purchases, by customer.
    log_score
        Mean log-probability of what each customer did; higher is better.
    """

    actual: float
    expected: float
    bias: float
    mean_absolute_error: float
    root_mean_squared_error: float
    correlation: float
    log_score: float

    @property
    def verdict(self) -> str:
        """How far the total was off, in words: ``"14.3% too low"``."""
        if abs(self.bias) < 0.005:
            return "right to within half a percent"
        return f"{abs(self.bias):.1%} too {'low' if self.bias < 0 else 'high'}"


def tracking(
    fit: Fit | PurchaseModel,
    log: TransactionLog,
    *,
    at: Day | None = None,
    level: float | None = None,
    unit: str | TimeUnit | None = None,
) -> pd.DataFrame:
    """Follow repeat purchases week by week: what the model expects and what happened.

    Expected are the purchases of new customers (not given their histories), summed over those
    first seen by ``at``.

    Parameters
    ----------
    fit
        A fit (needed for intervals) or a model of purchases.
    at
        Last day of the calibration; the whole log if None.
    level
        Probability of the intervals of what is expected, such as 0.95; None for none. They carry
        the uncertainty of the parameters, not the chance in what customers do.
    unit
        Unit of the model's times, where ``fit`` does not say it.

    Returns
    -------
    DataFrame
        Row per whole week from the log's first day: time (its last day), phase
        (``"calibration"`` or ``"holdout"``), actual, expected, cumulative_actual,
        cumulative_expected (and with a level expected_low, ..., cumulative_expected_high).

    Raises
    ------
    ParameterError
        Where the unit of the model's times is not known, or a model without a fit has no interval.
    """
    cut = log.observed_until if at is None else as_date(at, name="at")
    if cut < log.observed_from:
        raise ParameterError(
            f"the calibration must end within the log ({log.observed_from} to "
            f"{log.observed_until}); found {cut}."
        )
    counts = aggregation.by_day(log.days, cut)
    calendar = pd.date_range(log.observed_from, log.observed_until)
    counts = counts.reindex(calendar, fill_value=0)
    ages = np.arange(len(calendar)) / _unit_of(fit, unit).days
    ends = np.arange(6, len(calendar), 7)
    time = calendar[ends]
    births = counts["births"].to_numpy(float)

    def expected(model: Model) -> Array:
        """Return purchases until the end of each week, and in it, shape (2, weeks)."""
        by_age = model.expected_purchases(ages)  # type: ignore[attr-defined]
        until = np.convolve(births, by_age)[: len(calendar)][ends]
        return np.stack([until, np.diff(until, prepend=0)])

    actual = counts["repeats"].cumsum().to_numpy(float)[ends]
    until, within = expected(_model(fit))
    columns = {
        "time": time,
        "phase": np.where(time <= pd.Timestamp(cut), "calibration", "holdout"),
        "actual": np.diff(actual, prepend=0),
        "expected": within,
        "cumulative_actual": actual,
        "cumulative_expected": until,
    }
    if level is not None:
        low, high = _interval(expected, fit, level)
        columns |= {"cumulative_expected_low": low[0], "cumulative_expected_high": high[0]}
        columns |= {"expected_low": low[1], "expected_high": high[1]}
    return pd.DataFrame(columns)


def calibration(
    fit: Fit | PurchaseModel, split: Split, *, most: int = 7, level: float | None = None
) -> pd.DataFrame:
    """Compare mean holdout purchases by how often customers bought before.

    Parameters
    ----------
    fit
        A fit (needed for intervals) or a model of purchases.
    most
        Customers with so many repeats or more stand in one last row.
    level
        Probability of the intervals, such as 0.95; None for none.

    Returns
    -------
    DataFrame
        frequency (label), customers, actual and expected (mean purchases in the holdout). With a
        level actual_low and actual_high, mean -+ z sd / sqrt(customers), and expected_low and
        expected_high, from the uncertainty of the parameters.
    """
    _check_most(most)
    common_unit(fit, split.calibration)
    outlook = Outlook.of(split.calibration, _model(fit))
    bucket = np.minimum(split.calibration.frequency, most).astype(int)
    shown, place, customers = np.unique(bucket, return_inverse=True, return_counts=True)

    def expected(model: Model) -> Array:
        each = _expectation(model, outlook, split.length)
        return np.bincount(place, weights=each) / customers

    bought = split.holdout["purchases"].to_numpy(float)
    actual = np.bincount(place, weights=bought) / customers
    columns = {
        "frequency": [f"{n}+" if n == most else str(n) for n in shown],
        "customers": customers,
        "actual": actual,
        "expected": expected(_model(fit)),
    }
    if level is not None:
        variance = np.bincount(place, weights=(bought - actual[place]) ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.sqrt(variance / (customers - 1) / customers)
        reach = normal_quantile(level) * error
        columns |= {"actual_low": np.maximum(actual - reach, 0), "actual_high": actual + reach}
        columns["expected_low"], columns["expected_high"] = _interval(expected, fit, level)
    return pd.DataFrame(columns)


def frequency_fit(
    fit: Fit | PurchaseModel, customers: CustomerSummary | pd.DataFrame, *, most: int = 7
) -> pd.DataFrame:
    """Compare how many customers bought n times with how many the model expects.

    Returns
    -------
    DataFrame
        purchases (label), actual and expected customers; expected = sum over customers of
        P(X(T) = n).
    """
    _check_most(most)
    summary = CustomerSummary.of(customers)
    model = _model(fit)
    spans = distinct(summary.T, weights=summary.weights)
    n = np.arange(most)[:, None]
    expected = model.purchase_pmf(n, spans.columns[0][None, :]) @ spans.weights
    bought = np.minimum(summary.frequency, most).astype(int)
    return pd.DataFrame(
        {
            "purchases": [*map(str, range(most)), f"{most}+"],
            "actual": np.bincount(bought, weights=summary.weights, minlength=most + 1),
            "expected": np.append(expected, spans.weights.sum() - expected.sum()),
        }
    )


def holdout_score(fit: Fit | PurchaseModel, split: Split) -> HoldoutScore:
    """Score a fit on the holdout of a split, customer by customer and in total.

    Raises
    ------
    DataError
        Where nobody bought in the holdout.
    """
    actual = actual_purchases(split)
    expected = holdout_expectation(fit, split)
    chance = holdout_chances(fit, split).at
    off = expected - actual
    return HoldoutScore(
        actual=float(actual.sum()),
        expected=float(expected.sum()),
        bias=float(off.sum() / actual.sum()),
        mean_absolute_error=float(np.abs(off).mean()),
        root_mean_squared_error=float(np.sqrt((off**2).mean())),
        correlation=float(np.corrcoef(expected, actual)[0, 1]),
        log_score=float(np.log(np.maximum(chance, 1e-300)).mean()),
    )


def holdout_expectation(fit: Fit | PurchaseModel, split: Split) -> Array:
    """Return each calibration customer's expected purchases in the holdout."""
    common_unit(fit, split.calibration)
    return _expectation(_model(fit), Outlook.of(split.calibration, _model(fit)), split.length)


def _expectation(model: Model, outlook: Outlook, length: float) -> Array:
    living = outlook.living(model, purchases_by(length))  # type: ignore[arg-type]
    return (outlook.p_alive(model) * living)[outlook.histories.inverse]  # type: ignore[arg-type]


def _interval(
    quantity: Callable[[Model], Array], fit: Fit | PurchaseModel, level: float
) -> tuple[Array, Array]:
    """Return low and high of a quantity >= 0, from the uncertainty of the fit's parameters."""
    if not isinstance(fit, Fit):
        raise ParameterError(
            f"an interval needs a fit, since {type(fit).__name__} with given parameters is "
            "certain. Fit it, or ask for level=None."
        )
    value = quantity(fit.model)

    def log_quantity(model: Model) -> Array:
        return np.log(np.maximum(quantity(model), 1e-300))

    variance = uncertainty.variance(uncertainty.slopes(log_quantity, fit.model), fit)
    low, high = uncertainty.positive_interval(value, variance, level)
    return np.where(value > 0, low, 0.0), np.where(value > 0, high, 0.0)


def _model(fit: Fit | PurchaseModel) -> PurchaseModel:
    model = fit.model if isinstance(fit, Fit) else fit
    if not isinstance(model, PurchaseModel):
        raise ParameterError(
            "purchases are expected by a model of purchases such as BGNBD; found "
            f"{type(model).__name__}."
        )
    return model


def _check_most(most: int) -> None:
    if not (most >= 1 and most % 1 == 0):
        raise ParameterError(f"most is a whole number of purchases, at least 1; found {most!r}.")


def _unit_of(fit: Fit | PurchaseModel, unit: str | TimeUnit | None) -> TimeUnit:
    known = unit or (fit.unit if isinstance(fit, Fit) else None)
    if known is None:
        raise ParameterError(
            "the unit of the model's times is not known, so days cannot be converted to it. Say "
            "it: tracking(..., unit='week')."
        )
    return TimeUnit.of(known)

"""Is the model right? What it expects beside what happened, in the calibration and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.fitting import Fit
from relmark_research.clv.forecast import Outlook, common_unit, purchases_by
from relmark_research.customers import reduction
from relmark_research.customers.histories import distinct
from relmark_research.customers.summary import CustomerSummary, Split
from relmark_research.errors import DataError
from relmark_research.units import Day, TimeUnit, as_date

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog


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


def tracking(
    fit: Fit | PurchaseModel, log: TransactionLog, *, at: Day | None = None
) -> pd.DataFrame:
    """Follow repeat purchases week by week: what the model expects and what happened.

    Expected are the purchases of new customers (not given their histories), summed over those
    first seen by ``at``.

    Parameters
    ----------
    at
        Last day of the calibration; the whole log if None.

    Returns
    -------
    DataFrame
        Row per whole week from the log's first day: time (its last day), phase
        (``"calibration"`` or ``"holdout"``), actual, expected, cumulative_actual,
        cumulative_expected.
    """
    cut = log.observed_until if at is None else as_date(at, name="at")
    counts = reduction.by_day(log.days, cut)
    calendar = pd.date_range(log.observed_from, log.observed_until)
    counts = counts.reindex(calendar, fill_value=0)
    model, unit = _model_and_unit(fit)
    ages = np.arange(len(calendar)) / unit.days
    expected = np.convolve(counts["births"], model.expected_purchases(ages))[: len(calendar)]
    ends = np.arange(6, len(calendar), 7)
    actual = counts["repeats"].cumsum().to_numpy(float)[ends]
    time = calendar[ends]
    return pd.DataFrame(
        {
            "time": time,
            "phase": np.where(time <= pd.Timestamp(cut), "calibration", "holdout"),
            "actual": np.diff(actual, prepend=0),
            "expected": np.diff(expected[ends], prepend=0),
            "cumulative_actual": actual,
            "cumulative_expected": expected[ends],
        }
    )


def calibration(fit: Fit | PurchaseModel, split: Split, *, most: int = 7) -> pd.DataFrame:
    """Compare mean holdout purchases by how often customers bought before.

    Parameters
    ----------
    most
        Customers with so many repeats or more stand in one last row.

    Returns
    -------
    DataFrame
        frequency (label), customers, actual and expected (mean purchases in the holdout).
    """
    expected = _holdout_expectation(fit, split)
    bucket = np.minimum(split.calibration.frequency, most).astype(int)
    table = pd.DataFrame(
        {"bucket": bucket, "actual": split.holdout["purchases"].to_numpy(), "expected": expected}
    )
    means = table.groupby("bucket").agg(
        customers=("actual", "size"), actual=("actual", "mean"), expected=("expected", "mean")
    )
    labels = [f"{n}+" if n == most else str(n) for n in means.index]
    return means.reset_index(drop=True).assign(frequency=labels)[
        ["frequency", "customers", "actual", "expected"]
    ]


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
    summary = CustomerSummary.of(customers)
    model = fit.model if isinstance(fit, Fit) else fit
    spans = distinct(summary.T, weights=summary.weights)
    n = np.arange(most)[:, None]
    expected = model.purchase_pmf(n, spans.columns[0][None, :]) @ spans.weights  # type: ignore[attr-defined]
    bought = np.minimum(summary.frequency, most).astype(int)
    return pd.DataFrame(
        {
            "purchases": [*map(str, range(most)), f"{most}+"],
            "actual": np.bincount(bought, weights=summary.weights, minlength=most + 1),
            "expected": np.append(expected, spans.weights.sum() - expected.sum()),
        }
    )


def holdout_score(fit: Fit | PurchaseModel, split: Split) -> HoldoutScore:
    """Score a fit on the holdout of a split, customer by customer and in total."""
    actual = split.holdout["purchases"].to_numpy(float)
    expected = _holdout_expectation(fit, split)
    model = fit.model if isinstance(fit, Fit) else fit
    summary = split.calibration
    did = model.conditional_purchase_pmf(  # type: ignore[attr-defined]
        actual, split.length, summary.frequency, summary.recency, summary.T
    )
    if actual.sum() == 0:
        raise DataError(
            f"nobody bought in the holdout of {split.length:g} {summary.unit}s, so there is "
            "nothing to judge a forecast by. Cut the log earlier."
        )
    off = expected - actual
    return HoldoutScore(
        actual=float(actual.sum()),
        expected=float(expected.sum()),
        bias=float(off.sum() / actual.sum()),
        mean_absolute_error=float(np.abs(off).mean()),
        root_mean_squared_error=float(np.sqrt((off**2).mean())),
        correlation=float(np.corrcoef(expected, actual)[0, 1]),
        log_score=float(np.log(np.maximum(did, 1e-300)).mean()),
    )


def _holdout_expectation(fit: Fit | PurchaseModel, split: Split) -> np.ndarray:
    """Return each calibration customer's expected purchases in the holdout."""
    common_unit(fit, split.calibration)
    model = fit.model if isinstance(fit, Fit) else fit
    outlook = Outlook.of(split.calibration)
    living = outlook.living(model, purchases_by(split.length))  # type: ignore[arg-type]
    return (outlook.p_alive(model) * living)[outlook.histories.inverse]  # type: ignore[arg-type]


def _model_and_unit(fit: Fit | PurchaseModel) -> tuple[PurchaseModel, TimeUnit]:
    if isinstance(fit, Fit):
        return fit.model, fit.unit or TimeUnit("week")  # type: ignore[return-value]
    return fit, TimeUnit("week")

"""Calibration of a purchase model: expected and observed counts by group of customers.

`calibration` compares the means of holdout purchases by frequency in the calibration;
`frequency_fit` compares the distribution of frequency in the calibration itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._conditional import ConditionalExpectations
from relmark_research.clv.prediction._inputs import PurchaseInput, common_unit, purchase_model
from relmark_research.clv.validation._holdout import expectation_interval, expectation_of
from relmark_research.customers.log.customer_summary import CustomerSummary, Split
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.errors import check_count
from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray


def calibration(
    fit: PurchaseInput,
    split: Split,
    *,
    max_count: int = 7,
    level: float | None = None,
) -> pd.DataFrame:
    """Compare expected and observed mean purchases in the holdout by calibration frequency.

    Parameters
    ----------
    fit
        A fit (required for intervals) or a model of purchases; for a fit with covariates the
        calibration has the formulas' columns.
    max_count
        Customers with this many repeat purchases or more share the last row; >= 1.
    level
        Probability of the intervals, such as 0.95; None for no intervals.

    Returns
    -------
    DataFrame
        frequency (label), customers, actual and expected (mean purchases in the holdout). With a
        level also actual_low and actual_high, mean -+ z sd / sqrt(customers), and expected_low and
        expected_high, from the uncertainty of the parameters.
    """
    check_count("max_count", max_count)
    common_unit(fit, split.calibration)
    model = purchase_model(fit, split.calibration)
    expectations = ConditionalExpectations.from_customers(split.calibration, model)
    frequency = np.minimum(split.calibration.frequency, max_count).astype(int)
    groups, group, customers = np.unique(frequency, return_inverse=True, return_counts=True)

    def expected(model: PurchaseModel) -> Array:
        each = expectation_of(model, expectations, split.length)
        return np.bincount(group, weights=each) / customers

    purchases = split.holdout["purchases"].to_numpy(float)
    actual = np.bincount(group, weights=purchases) / customers
    columns = {
        "frequency": [f"{n}+" if n == max_count else str(n) for n in groups],
        "customers": customers,
        "actual": actual,
        "expected": expected(model),
    }
    if level is not None:
        squares = np.bincount(group, weights=(purchases - actual[group]) ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.sqrt(squares / (customers - 1) / customers)
        margin = normal_quantile(level) * error
        columns |= {"actual_low": np.maximum(actual - margin, 0), "actual_high": actual + margin}
        ends = expectation_interval(expected, fit, level, split.calibration)
        columns["expected_low"], columns["expected_high"] = ends
    return pd.DataFrame(columns)


def frequency_fit(
    fit: PurchaseInput, customers: CustomerSummary | pd.DataFrame, *, max_count: int = 7
) -> pd.DataFrame:
    """Compare the expected and the observed number of customers with n repeat purchases.

    Parameters
    ----------
    fit
        A fit or a model of purchases.
    customers
        Histories in the fit's unit of time; for a fit with covariates also the formulas' columns.
    max_count
        Customers with this many repeat purchases or more share the last row; >= 1.

    Returns
    -------
    DataFrame
        purchases (label), actual and expected customers; expected = sum over customers of
        P(X(T) = n).
    """
    max_count = check_count("max_count", max_count)
    summary = CustomerSummary.of(customers)
    model = purchase_model(fit, summary)
    expectations = ConditionalExpectations.from_customers(summary, model)
    T, weights = summary.T, summary.weights
    if expectations.per_customer:
        expectations.check_rows(model)
    else:
        lengths = distinct_rows(T, weights=weights)
        (T,), weights = lengths.columns, lengths.weights
    n = np.arange(max_count)[:, None]
    expected = model.purchase_pmf(n, T[None, :]) @ weights
    frequency = np.minimum(summary.frequency, max_count).astype(int)
    return pd.DataFrame(
        {
            "purchases": [*map(str, range(max_count)), f"{max_count}+"],
            "actual": np.bincount(frequency, weights=summary.weights, minlength=max_count + 1),
            "expected": np.append(expected, weights.sum() - expected.sum()),
        }
    )

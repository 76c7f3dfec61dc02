"""Checks of a model's predictive distributions of holdout purchases: coverage and PIT histogram.

u         a probability
F(u)      the nonrandomised probability integral transform (PIT) of a customer who made n purchases:
          0 up to P(X < n), 1 from P(X <= n) on, linear in between

If the model is right, the mean of F(u) over customers is u. This also holds for counts, most of
which are 0, where no interval of whole numbers covers a given probability exactly.
Source: Czado, Gneiting and Held (2009), Predictive model assessment for count data, Biometrics
65(4), 1254-1261.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._conditional import ConditionalExpectations
from relmark_research.clv.prediction._inputs import PurchaseInput, common_unit, purchase_model
from relmark_research.clv.prediction.predictive_intervals import take_rows
from relmark_research.customers.log.customer_summary import Split
from relmark_research.customers.log.distinct_histories import DistinctRows, distinct_rows
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import normal_quantile, tail_probabilities

Array = np.ndarray


@dataclass(frozen=True)
class HoldoutProbabilities:
    """A model's probabilities of each customer's holdout purchases.

    Attributes
    ----------
    below, exact
        P(X < n) and P(X = n), n being the customer's purchases; shape (customers,).
    """

    below: Array
    exact: Array

    def pit(self, u: float | Array) -> Array:
        """Return the nonrandomised probability integral transform F(u) per customer."""
        exact = np.maximum(self.exact, 1e-300)
        result: Array = np.clip((u - self.below) / exact, 0.0, 1.0)
        return result

    def coverage(self, level: float) -> Array:
        """Return the share of each customer that lies in the central interval, in [0, 1]."""
        low, high = tail_probabilities(level)
        result: Array = self.pit(high) - self.pit(low)
        return result


def holdout_probabilities(fit: PurchaseInput, split: Split) -> HoldoutProbabilities:
    """Return the model's probabilities of each calibration customer's holdout purchases."""
    customers = split.calibration
    common_unit(fit, customers)
    model = purchase_model(fit, customers)
    expectations = ConditionalExpectations.from_customers(customers, model)
    alive = expectations.p_alive(model)[expectations.histories.inverse]
    x, t_x, T = customers.frequency, customers.recency, customers.T
    if model.memoryless and not expectations.per_customer:
        t_x = np.zeros_like(T)  # it is not used, and equal rows are computed once
    outcomes = x, t_x, T, split.holdout["purchases"].to_numpy(float)
    rows = np.arange(len(alive))
    cells = (
        DistinctRows(outcomes, alive, codes=rows, positions=rows)
        if expectations.per_customer
        else distinct_rows(*outcomes)
    )
    below, exact = _probabilities_if_alive(model, cells, split.length)
    none = cells.columns[3][cells.inverse] == 0
    exact, below = alive * exact[cells.inverse], alive * below[cells.inverse]
    return HoldoutProbabilities(
        below=np.where(none, 0.0, below + 1 - alive),
        exact=np.where(none, exact + 1 - alive, exact),
    )


def _probabilities_if_alive(
    model: PurchaseModel, cells: DistinctRows, length: float
) -> tuple[Array, Array]:
    """Return P(X < n) and P(X = n) if alive for each distinct (x, t_x, T, n)."""
    *history, purchases = cells.columns
    terms = purchases.astype(int) + 1
    starts = np.cumsum(terms) - terms
    row = np.repeat(np.arange(len(terms)), terms)
    n = np.arange(terms.sum()) - starts[row]
    if_alive = take_rows(model, row).living(*(column[row] for column in history))
    probabilities = if_alive.purchase_pmf(n, np.asarray(length))
    exact = probabilities[starts + terms - 1]
    return np.add.reduceat(probabilities, starts) - exact, exact


def interval_coverage(
    fit: PurchaseInput,
    split: Split,
    *,
    levels: Sequence[float] = (0.5, 0.8, 0.9, 0.95),
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the coverage of a model's central prediction intervals in the holdout.

    Parameters
    ----------
    levels
        Probabilities of the prediction intervals, each in (0, 1).
    level
        Probability of the confidence interval of the coverage.

    Returns
    -------
    DataFrame
        expected (the nominal probability), actual (share of customers within the interval; a
        customer on its edge counts in part), actual_low and actual_high (-+ z sd / sqrt(n)).
        If actual is below expected the intervals are too narrow, otherwise too wide.

    References
    ----------
    Czado, Gneiting & Held (2009), Predictive model assessment for count data, Biometrics 65(4).

    Examples
    --------
    >>> import relmark_research as rm
    >>> split = rm.load_cdnow().split(at="1997-09-30")
    >>> rm.clv.interval_coverage(rm.BGNBD.fit(split.calibration), split, levels=[0.5, 0.9]).round(2)
       expected  actual  actual_low  actual_high
    0       0.5    0.50        0.49         0.51
    1       0.9    0.89        0.88         0.90
    """
    wrong = [nominal for nominal in levels if not 0 < nominal < 1]
    if wrong or not len(levels):
        raise ParameterError(
            f"levels are probabilities such as 0.9; found {wrong[0] if wrong else 'none'!r}."
        )
    probabilities = holdout_probabilities(fit, split)
    covered = np.stack([probabilities.coverage(nominal) for nominal in levels])
    actual = covered.mean(axis=1)
    margin = normal_quantile(level) * covered.std(axis=1, ddof=1) / np.sqrt(covered.shape[1])
    return pd.DataFrame(
        {
            "expected": np.asarray(levels, float),
            "actual": actual,
            "actual_low": np.maximum(actual - margin, 0.0),
            "actual_high": np.minimum(actual + margin, 1.0),
        }
    )


def pit_histogram(fit: PurchaseInput, split: Split, *, bins: int = 10) -> pd.DataFrame:
    """Return the nonrandomised PIT histogram of holdout purchases.

    Parameters
    ----------
    bins
        Number of bins of equal width in [0, 1], >= 1.

    Returns
    -------
    DataFrame
        low, high (edges, in [0, 1]), share (of customers) and expected (1 / bins in each bin).
        A U shape means that the predictive distributions are too narrow; a high last bin means that
        the forecasts are too low.

    References
    ----------
    Czado, Gneiting & Held (2009), Predictive model assessment for count data, Biometrics 65(4).
    """
    if bins < 1:
        raise ParameterError(f"a histogram needs at least 1 bin; found {bins}.")
    probabilities, edges = holdout_probabilities(fit, split), np.linspace(0, 1, bins + 1)
    cumulative = np.array([probabilities.pit(edge).mean() for edge in edges])
    return pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "share": np.diff(cumulative), "expected": 1 / bins}
    )

"""The score of a purchase model on a holdout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from relmark_research._repr import html_table, one_line
from relmark_research.clv.prediction._inputs import PurchaseInput
from relmark_research.clv.validation._holdout import expected_purchases, observed_purchases
from relmark_research.clv.validation.predictive_checks import holdout_probabilities

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import Split

_NEGLIGIBLE_BIAS = 0.005


@dataclass(frozen=True, repr=False)
class HoldoutScore:
    """The accuracy of a model's forecast of a holdout.

    Attributes
    ----------
    actual, expected
        Total purchases of the calibration customers in the holdout.
    bias
        (expected - actual) / actual.
    mean_absolute_error, root_mean_squared_error
        Over customers, in purchases.
    correlation
        Pearson's, between expected and actual purchases, over customers.
    log_score
        Mean log-probability of each customer's purchases; higher is better.
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
        """The bias of the total in words: ``"14.3% below actual purchases"``."""
        if abs(self.bias) < _NEGLIGIBLE_BIAS:
            return "within half a percent of actual purchases"
        return f"{abs(self.bias):.1%} {'below' if self.bias < 0 else 'above'} actual purchases"

    def __repr__(self) -> str:
        rows = {
            "expected": self.expected,
            "actual": self.actual,
            "bias": f"{self.bias:+.1%}",
            "log score": self.log_score,
        }
        return one_line(type(self).__name__, rows)

    def _repr_html_(self) -> str:
        rows = {
            "expected purchases": self.expected,
            "actual purchases": self.actual,
            "bias": f"{self.bias:+.1%}",
            "mean absolute error": self.mean_absolute_error,
            "root mean squared error": self.root_mean_squared_error,
            "correlation": self.correlation,
            "log score": self.log_score,
        }
        return html_table("Holdout score", rows)


def holdout_score(fit: PurchaseInput, split: Split) -> HoldoutScore:
    """Score a fit on the holdout of a split, per customer and in total.

    Parameters
    ----------
    fit
        A fit or a model of purchases; for a fit with covariates the calibration has the formulas'
        columns.
    split
        A log split in two: ``log.split(at="1997-09-30")``.

    Raises
    ------
    DataError
        If there is no purchase in the holdout.

    Examples
    --------
    >>> import relmark_research as rm
    >>> split = rm.load_cdnow().split(at="1997-09-30")
    >>> rm.clv.holdout_score(rm.BGNBD.fit(split.calibration), split)
    <HoldoutScore: expected 1,653, actual 1,882, bias -12.1%, log score -0.9845>
    """
    actual = observed_purchases(split)
    expected = expected_purchases(fit, split)
    probability = holdout_probabilities(fit, split).exact
    error = expected - actual
    return HoldoutScore(
        actual=float(actual.sum()),
        expected=float(expected.sum()),
        bias=float(error.sum() / actual.sum()),
        mean_absolute_error=float(np.abs(error).mean()),
        root_mean_squared_error=float(np.sqrt((error**2).mean())),
        correlation=float(np.corrcoef(expected, actual)[0, 1]),
        log_score=float(np.log(np.maximum(probability, 1e-300)).mean()),
    )

"""Is spend independent of how often a customer buys? The assumption behind multiplying the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.clv.fitting import normal_quantile
from relmark_research.customers.summary import CustomerSummary
from relmark_research.errors import DataError


@dataclass(frozen=True)
class Correlation:
    """A correlation with its interval.

    Attributes
    ----------
    value, low, high
        Pearson's correlation, in [-1, 1], and the interval from Fisher's z.
    n_customers
        Repeat customers that it is computed over.
    """

    value: float
    low: float
    high: float
    n_customers: int


def spend_frequency_correlation(
    customers: CustomerSummary | pd.DataFrame, *, level: float = 0.95
) -> Correlation:
    """Correlate mean spend with the number of repeat purchases, over repeat customers.

    Returns
    -------
    Correlation
        Interval tanh(atanh(r) -+ z / sqrt(n - 3)).

    Raises
    ------
    DataError
        Where fewer than 4 customers have a repeat purchase, or all are alike.

    Examples
    --------
    Fader & Hardie's note 025 prints .11 for CDNOW:

    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> print(f"{rm.spend_frequency_correlation(calibration).value:.2f}")
    0.11
    """
    summary = CustomerSummary.of(customers)
    repeat = summary.frequency > 0
    x, m = summary.frequency[repeat], summary.monetary_value[repeat]
    weights = summary.weights[repeat]
    n = int(weights.sum())
    if n < 4 or np.ptp(x) == 0 or np.ptp(m) == 0:
        raise DataError(
            "a correlation of spend and frequency needs at least 4 repeat customers who differ in "
            f"both; found {n}."
        )
    covariance = np.cov(x, m, aweights=weights)
    r = float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
    reach = normal_quantile(level) / np.sqrt(n - 3)
    z = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    return Correlation(r, float(np.tanh(z - reach)), float(np.tanh(z + reach)), n)

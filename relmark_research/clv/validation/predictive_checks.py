"""Do customers do what a model thinks likely as often as it says? Its forecasts as distributions.

A forecast says how likely each number of purchases is. Where a customer's number falls in that
distribution, between P(fewer) and P(no more), is spread evenly over the customers if the model is
right (Czado, Gneiting & Held 2009). This holds for counts as well, where most customers buy
nothing and an interval of whole numbers could never hold exactly half of the chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction.forecast import Outlook, common_unit
from relmark_research.customers.log.customer_summary import Split
from relmark_research.customers.log.distinct_histories import Distinct, distinct
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import normal_quantile, tail_probabilities

Array = np.ndarray


@dataclass(frozen=True)
class Chances:
    """What a model thought of what each customer did.

    Attributes
    ----------
    below, at
        P(fewer purchases than the customer made) and P(just as many), shape (customers,).
    """

    below: Array
    at: Array

    def up_to(self, share: float | Array) -> Array:
        """Return the part of each customer's step that lies below a share, in [0, 1]."""
        at = np.maximum(self.at, 1e-300)
        return np.clip((share - self.below) / at, 0.0, 1.0)

    def within(self, level: float) -> Array:
        """Return how far each customer lies in the central interval of that probability."""
        low, high = tail_probabilities(level)
        return self.up_to(high) - self.up_to(low)


def holdout_chances(fit: Fit | PurchaseModel, split: Split) -> Chances:
    """Return how likely a model took what each calibration customer did in the holdout."""
    common_unit(fit, split.calibration)
    model: PurchaseModel = fit.model if isinstance(fit, Fit) else fit  # type: ignore[assignment]
    customers = split.calibration
    outlook = Outlook.of(customers, model)
    alive = outlook.p_alive(model)[outlook.histories.inverse]
    did = customers.frequency, customers.T, split.holdout["purchases"].to_numpy(float)
    rows = np.arange(len(alive))
    cells = Distinct(did, alive, codes=rows, places=rows) if outlook.each else distinct(*did)
    x, T, bought = cells.columns
    each = bought.astype(int) + 1
    starts = np.cumsum(each) - each
    row = np.repeat(np.arange(len(each)), each)
    n = np.arange(each.sum()) - starts[row]
    own = type(model)(*(value[row] if np.ndim(value) else value for value in astuple(model)))
    chances = own.living(x[row], T[row]).purchase_pmf(n, np.asarray(split.length))
    at = chances[starts + each - 1]
    below = np.add.reduceat(chances, starts) - at
    none = bought[cells.inverse] == 0
    at, below = alive * at[cells.inverse], alive * below[cells.inverse]
    return Chances(np.where(none, 0.0, below + 1 - alive), np.where(none, at + 1 - alive, at))


def interval_coverage(
    fit: Fit | PurchaseModel,
    split: Split,
    *,
    levels: Sequence[float] = (0.5, 0.8, 0.9, 0.95),
    level: float = 0.95,
) -> pd.DataFrame:
    """Count how many customers' purchases lay in the central part of what was forecast for them.

    Parameters
    ----------
    levels
        Probabilities of the intervals that are judged, each in (0, 1).
    level
        Probability of the interval of the count.

    Returns
    -------
    DataFrame
        expected (the interval's probability), actual (share of customers within; a customer whose
        number lies on the edge counts in part), actual_low and actual_high (+- z sd / sqrt(n)).
        Below expected the forecasts are too sure of themselves, above it not sure enough.

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
    wrong = [share for share in levels if not 0 < share < 1]
    if wrong or not len(levels):
        raise ParameterError(
            f"levels are probabilities such as 0.9; found {wrong[0] if wrong else 'none'!r}."
        )
    chances = holdout_chances(fit, split)
    within = np.stack([chances.within(share) for share in levels])
    actual = within.mean(axis=1)
    reach = normal_quantile(level) * within.std(axis=1, ddof=1) / np.sqrt(within.shape[1])
    return pd.DataFrame(
        {
            "expected": np.asarray(levels, float),
            "actual": actual,
            "actual_low": np.maximum(actual - reach, 0.0),
            "actual_high": np.minimum(actual + reach, 1.0),
        }
    )


def prediction_histogram(fit: Fit | PurchaseModel, split: Split, *, bins: int = 10) -> pd.DataFrame:
    """Spread customers over where their purchases fell in what was forecast for them.

    Returns
    -------
    DataFrame
        low, high (edges, in [0, 1]), share (of customers) and expected (the same in each bin).
        Too many at both ends: the forecasts are too narrow; at the upper end: too low.

    References
    ----------
    Czado, Gneiting & Held (2009), Predictive model assessment for count data, Biometrics 65(4).
    """
    if bins < 1:
        raise ParameterError(f"a histogram needs at least 1 bin; found {bins}.")
    chances, edges = holdout_chances(fit, split), np.linspace(0, 1, bins + 1)
    upto = np.array([chances.up_to(edge).mean() for edge in edges])
    return pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "share": np.diff(upto), "expected": 1 / bins}
    )

"""How much of a total the best few bring, with intervals from each customer's influence on it.

Symbols: y_i a customer's profit, p the share of customers who are few, q their smallest profit, S
the share of the total that they bring. The influence of customer i on S is
(max(y_i - q, 0) + p q - S y_i) / mean(y); its standard deviation over sqrt(n) is the error of S.
"""

from __future__ import annotations

import numpy as np

from relmark_research.errors import DataError
from relmark_research.stats.intervals import normal_quantile

Array = np.ndarray


def top_share(profit: Array, few: float, *, level: float = 0.95) -> tuple[float, float, float]:
    """Return the share of all profit that the best few bring on the same days, low and high.

    Where losses are made the share may exceed 1.

    References
    ----------
    Beach & Davidson (1983), Distribution-free statistical inference with Lorenz curves and income
    shares, Review of Economic Studies 50(4), 723-735.

    Examples
    --------
    >>> [round(end, 2) for end in top_share(np.arange(1.0, 1001), 0.2)]
    [0.36, 0.35, 0.37]
    """
    mean = _positive_mean(profit)
    ranked = np.sort(profit)[::-1]
    edge = ranked[_how_many(few, len(profit)) - 1]
    above = np.maximum(profit - edge, 0)
    share = (above.mean() + few * edge) / mean
    influence = (above + few * edge - share * profit) / mean
    return _interval(share, influence, level)


def kept_share(
    before: Array, after: Array, few: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the share of the profit after that the best few of before bring, low and high.

    Ties are broken by order. Customer i's influence is (y_i (b_i - S) - e (b_i - p)) / mean(y), b_i
    whether i is among the few and e the profit after of those at the few's edge, of whom another
    sample would have taken more or less.
    """
    mean = _positive_mean(after)
    order, edge = np.argsort(-before, kind="stable"), _how_many(few, len(before))
    best = np.zeros(len(before), bool)
    best[order[:edge]] = True
    share = float(after[best].sum() / after.sum())
    near = max(5, round(len(before) ** 0.5))
    at_edge = after[order[max(0, edge - near) : edge + near]].mean()
    influence = (after * (best - share) - at_edge * (best - best.mean())) / mean
    return _interval(share, influence, level)


def _how_many(few: float, of: int) -> int:
    return max(1, round(few * of))


def _interval(share: float, influence: Array, level: float) -> tuple[float, float, float]:
    reach = normal_quantile(level) * influence.std(ddof=1) / np.sqrt(len(influence))
    return float(share), float(share - reach), float(share + reach)


def _positive_mean(profit: Array) -> float:
    mean = float(np.mean(profit))
    if not mean > 0:
        raise DataError(
            f"shares need a profit above 0 in all; found a mean of {mean:.4g} per customer. "
            "Where customers together make a loss nobody brings a share of it."
        )
    return mean

"""Concentration of profit over customers, with intervals.

The measures and their standard errors are those of `stats.concentration`. Customers are resampled
with replacement; the intervals are studentised (bootstrap-t) on a scale on which the measure is
unbounded: ln(peak - 1), ln(top fifth), logit(gini).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.economics.profitability.whale_curve import positive_total, sorted_profits
from relmark_research.errors import check_level
from relmark_research.stats.bootstrap import LOG, LOGIT, bootstrap_t_interval, resampling_counts
from relmark_research.stats.concentration import gains_share, gini, top_share
from relmark_research.stats.intervals import wilson_interval

Array = np.ndarray

_TOP = 0.2


def profit_concentration(
    profit: pd.Series | pd.DataFrame, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Return measures of the concentration of profit, with intervals.

    The intervals are for the population from which the customers were sampled, under unchanged
    acquisition and service.

    Parameters
    ----------
    profit
        Profit per customer, or a profit table (summed over periods).
    level
        Probability of the intervals.
    draws, seed
        Number and seed of the bootstrap draws.

    Returns
    -------
    DataFrame
        Index measure; value, low, high (shares). ``peak``: maximum of the whale curve, sum of gains
        / total; ``destroyed``: peak - 1, the losses as a share of the total; ``losing``: share of
        customers with a loss (Wilson's interval); ``top_fifth``: share of the total from the most
        profitable fifth (above 1 if others have losses); ``gini``: ``sum |x_i - x_j| / (2 n sum
        |x|)``, in [0, 1) also with losses, and Gini's coefficient without them. Without losses peak
        is exactly 1 and destroyed 0.

    Raises
    ------
    DataError
        If total profit is not above 0.

    References
    ----------
    Hall (1992), The bootstrap and Edgeworth expansion (bootstrap-t). Raffinetti, Siletti &
    Vernizzi (2015), On the Gini coefficient normalization when attributes with negative values are
    considered, Statistical Methods & Applications 24, 507-521.

    Examples
    --------
    >>> profits = pd.Series([90.0, 65.0, 40.0, 30.0, 20.0, 2.0, 1.0, -2.0, -5.0, -10.0])
    >>> profit_concentration(profits)["value"].round(3).to_dict()
    {'peak': 1.074, 'destroyed': 0.074, 'losing': 0.3, 'top_fifth': 0.671, 'gini': 0.643}
    """
    check_level(level)
    values = sorted_profits(profit)
    positive_total(values)
    rng = np.random.default_rng(seed)
    drawn = [
        _measures(values, counts[counts @ values > 0])
        for counts in resampling_counts(len(values), draws, rng)
    ]
    losing = float((values < 0).mean())
    rows = {}
    for name, estimate in _measures(values).items():
        value, error = (np.concatenate([part[name][k] for part in drawn]) for k in (0, 1))
        rows[name] = _interval(name, estimate, (value, error), level)
    if values.min() >= 0:  # a share of at most 1 without losses
        rows["top_fifth"][2] = min(rows["top_fifth"][2], 1.0)
    rows["destroyed"] = [end - 1 for end in rows["peak"]]
    rows["losing"] = [losing, *map(float, wilson_interval((values < 0).sum(), len(values), level))]
    order = ["peak", "destroyed", "losing", "top_fifth", "gini"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])
    return table.loc[order].rename_axis("measure")


def _measures(values: Array, weights: Array | None = None) -> dict[str, tuple[Array, Array]]:
    """Return each measure with its standard error, per row of ``weights``."""
    return {
        "peak": gains_share(values, weights),
        "top_fifth": top_share(values, _TOP, weights),
        "gini": gini(values, weights),
    }


def _interval(
    name: str, estimate: tuple[Array, Array], drawn: tuple[Array, Array], level: float
) -> list[float]:
    """Return value, low and high."""
    value, error = map(float, estimate)
    if name == "peak":
        if value == 1:
            return [1.0, 1.0, 1.0]
        above = bootstrap_t_interval((value - 1, error), (drawn[0] - 1, drawn[1]), level, scale=LOG)
        return [value, *(1 + end for end in above)]
    scale = LOGIT if name == "gini" else LOG
    return [value, *bootstrap_t_interval((value, error), drawn, level, scale=scale)]

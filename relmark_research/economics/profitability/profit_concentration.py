"""How unequal customers' profits are, with intervals.

Customers are drawn again with replacement (bootstrap). For a ratio of sums theta the interval is a
bootstrap-t: each draw's distance from the estimate is divided by its own standard error, on a scale
(log, logit) on which theta is unbounded. The error comes from each customer's influence on theta,

    peak = A / X           (max(x, 0) - peak x) / mean(x)
    top = T / X            (max(x - q, 0) + p q - top x) / mean(x), q the fifth's smallest profit
    gini = D / (2 S)       (2 (d_i - D) - 2 gini (|x| - S)) / (2 S)

with X, A, T the sums of all profits, of gains and of the top fifth's, S = mean|x|, d_i the mean
distance of customer i to the others and D its mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.economics.profitability.whale_curve import descending, positive_total
from relmark_research.errors import check_level
from relmark_research.stats.intervals import percentile_interval, wilson_interval

Array = np.ndarray

_TOP = 0.2
_CELLS = 2_000_000  # numbers held at once


@dataclass(frozen=True)
class _Found:
    """Values (draws,) of the measures and their standard errors."""

    value: dict[str, Array]
    error: dict[str, Array]


def profit_concentration(
    profit: pd.Series | pd.DataFrame, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Measure how few customers earn how much of the profit, with intervals.

    The intervals say what another set of as many customers, won and served in the same way, would
    show; a market that changes is not in them.

    Parameters
    ----------
    profit
        Profit per customer, or a profit table (periods are summed up).
    level
        Probability of the intervals.
    draws, seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Index measure; value, low, high (shares). ``peak``: highest point of the whale curve, sum of
        gains / total; ``destroyed``: peak - 1, what loss makers take away; ``losing``: share of
        customers with a loss (Wilson's interval); ``top_fifth``: the best fifth's share of the
        total (above 1 where others lose); ``gini``: ``sum |x_i - x_j| / (2 n sum |x|)``, which
        stays in [0, 1) where some lose, and is Gini's coefficient where none does. Where nobody
        loses, peak is 1 and destroyed 0 for certain.

    Raises
    ------
    DataError
        Where all customers together earn nothing.

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
    values = descending(profit)
    positive_total(values)
    found = _measured(values, np.ones((1, len(values))))
    again = _resampled(values, draws, np.random.default_rng(seed))
    losing = float((values < 0).mean())
    rows = {name: _interval(name, found, again, level) for name in ("peak", "top_fifth", "gini")}
    if values.min() >= 0:  # shares of what all earn, where nobody loses
        rows["top_fifth"][2] = min(rows["top_fifth"][2], 1.0)
    rows["destroyed"] = [end - 1 for end in rows["peak"]]
    rows["losing"] = [losing, *map(float, wilson_interval((values < 0).sum(), len(values), level))]
    order = ["peak", "destroyed", "losing", "top_fifth", "gini"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])
    return table.loc[order].rename_axis("measure")


def _resampled(values: Array, draws: int, rng: np.random.Generator) -> _Found:
    """Return the measures of every bootstrap draw, a few draws at a time to spare memory."""
    n = len(values)
    rows = max(1, _CELLS // n)
    parts = []
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(float)
        parts.append(_measured(values, counts[counts @ values > 0]))
    names = parts[0].value
    return _Found(
        {name: np.concatenate([part.value[name] for part in parts]) for name in names},
        {name: np.concatenate([part.error[name] for part in parts]) for name in names},
    )


def _measured(values: Array, weights: Array) -> _Found:
    """Return measures and errors of falling values, each counted ``weights`` (draws, n) times."""
    n = weights.sum(axis=1, keepdims=True)
    mean = (weights @ values)[:, None] / n
    gains, sizes = np.maximum(values, 0), np.abs(values)
    peak = (weights @ gains)[:, None] / n / mean
    peak_error = _spread((gains - peak * values) / mean, weights, n)
    count = np.cumsum(weights, axis=1)
    inside = np.clip(_TOP * n - (count - weights), 0, weights)
    edge = values[(count >= _TOP * n).argmax(axis=1)][:, None]
    top = (inside @ values)[:, None] / n / mean
    top_influence = (np.maximum(values - edge, 0) + _TOP * edge - top * values) / mean
    gini, gini_error = _gini(values, sizes, weights, count / n, n)
    return _Found(
        {"peak": peak[:, 0], "top_fifth": top[:, 0], "gini": gini},
        {"peak": peak_error, "top_fifth": _spread(top_influence, weights, n), "gini": gini_error},
    )


def _gini(
    values: Array, sizes: Array, weights: Array, above: Array, n: Array
) -> tuple[Array, Array]:
    """Return gini and its error; ``above`` is the share of customers of so high a profit."""
    rank = above - weights / n / 2
    total = (weights @ values)[:, None] / n
    earned = (np.cumsum(weights * values, axis=1) - weights * values / 2) / n
    distance = earned - rank * values - (total - earned) + (1 - rank) * values
    spread = (weights * distance).sum(axis=1, keepdims=True) / n
    size = (weights @ sizes)[:, None] / n
    gini = spread / (2 * size)
    influence = ((distance - spread) - gini * (sizes - size)) / size
    return gini[:, 0], _spread(influence, weights, n)


def _spread(influence: Array, weights: Array, n: Array) -> Array:
    return np.sqrt((weights * influence**2).sum(axis=1)) / n[:, 0]


def _interval(name: str, found: _Found, again: _Found, level: float) -> list[float]:
    """Return value, low and high by bootstrap-t on the measure's own scale."""
    value = float(found.value[name][0])
    if name == "peak" and value == 1:
        return [1.0, 1.0, 1.0]
    center, slope, back = _scale(name, found.value[name])
    drawn, drawn_slope, _ = _scale(name, again.value[name])
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (drawn - center) / (again.error[name] * drawn_slope)
    distance = distance[np.isfinite(distance)]
    if not distance.size:  # every draw measures the same, as among equal profits
        return [value, value, value]
    last, first = percentile_interval(distance, level)
    step = found.error[name] * slope
    with np.errstate(over="ignore"):  # a handful of customers leaves the high end open
        low, high = (float(back(center - end * step)[0]) for end in (first, last))
    return [value, low, high]


def _scale(name: str, value: Array) -> tuple[Array, Array, Callable[[Array], Array]]:
    """Return the value on its unbounded scale, the slope there, and the way back."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if name == "peak":
            return np.log(value - 1), 1 / (value - 1), lambda at: 1 + np.exp(at)
        if name == "top_fifth":
            return np.log(value), 1 / value, np.exp
        return special.logit(value), 1 / (value * (1 - value)), special.expit

"""How few earn how much: the whale curve, its peak, and what lies beyond it.

x_(1) >= x_(2) >= ... are the customers' profits, n their number, X their sum; the curve is
C(k) = (x_(1) + ... + x_(k)) / X. It rises to its peak, the sum of all gains over X, and falls from
there to 1 by what the loss makers destroy.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import DataError

Array = np.ndarray


def whale_curve(profit: pd.Series | pd.DataFrame, *, points: int = 200) -> pd.DataFrame:
    """Cumulate profit over customers, from the most profitable on.

    Parameters
    ----------
    profit
        Profit per customer, or a profit table (periods are summed up).
    points
        Number of equal steps along the customers; the peak is added to them.

    Returns
    -------
    DataFrame
        customers_share, profit_share (of the profit of all) and profit (cumulative, money), from
        the most profitable customer on: (0, 0) to (1, 1). The peak is the largest profit_share.

    Raises
    ------
    DataError
        Where all customers together earn nothing, so that no share of it can be told.

    References
    ----------
    Kaplan & Narayanan (2001), Measuring and managing customer profitability, Journal of Cost
    Management 15(5), 5-15.

    Examples
    --------
    >>> whale_curve(pd.Series([60.0, 70.0, -30.0, 0.0]), points=4)["profit_share"].to_list()
    [0.0, 0.7, 1.3, 1.3, 1.0]
    """
    values = descending(profit)
    total = positive_total(values)
    cumulative = np.concatenate([[0.0], np.cumsum(values)])
    along = np.linspace(0, 1, points + 1)
    peak = np.count_nonzero(values > 0) / len(values)
    if not np.isclose(along, peak, rtol=0, atol=1e-12).any():
        along = np.sort(np.append(along, peak))
    money = np.interp(along * len(values), np.arange(len(cumulative)), cumulative)
    return pd.DataFrame({"customers_share": along, "profit_share": money / total, "profit": money})


def descending(profit: pd.Series | pd.DataFrame) -> Array:
    """Return customers' profits from the highest down, a profit table's periods summed up."""
    if isinstance(profit, pd.DataFrame):
        if "profit" not in profit.columns:
            raise DataError("a profit table has a column profit; make it with profit_table(log).")
        named = "customer_id" in profit.index.names
        profit = profit["profit"].groupby(level="customer_id").sum() if named else profit["profit"]
    values = np.asarray(profit, float)
    if len(values) < 2 or not np.isfinite(values).all():
        raise DataError(
            "concentration is measured over the known profits of at least 2 customers; found "
            f"{len(values)}, {int((~np.isfinite(values)).sum())} of them unknown."
        )
    return np.sort(values)[::-1]


def positive_total(values: Array) -> float:
    """Return the sum of profits, or say that shares of it cannot be told."""
    total = float(values.sum())
    if total <= 0:
        raise DataError(
            f"shares of profit need a profit; all {len(values):,} customers together lose "
            f"{-total:,.2f}. Look at profit_items(table) for where it goes."
        )
    return total

"""The whale curve: cumulative profit over customers, most profitable first.

x_(1) >= x_(2) >= ... are the customers' profits, n their number, X their sum; the curve is
C(k) = (x_(1) + ... + x_(k)) / X. It rises to its peak, the sum of all gains over X, and falls to 1
by the losses of unprofitable customers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import DataError
from relmark_research.stats.concentration import concentration_curve
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column

Array = np.ndarray


def whale_curve(profit: pd.Series | pd.DataFrame, *, points: int = 200) -> pd.DataFrame:
    """Return cumulative profit over customers, most profitable first.

    Parameters
    ----------
    profit
        Profit per customer, or a profit table (summed over periods).
    points
        Number of equal steps along the customers; the peak is added.

    Returns
    -------
    DataFrame
        customers_share, profit_share (of total profit) and profit (cumulative, money), most
        profitable customer first, from (0, 0) to (1, 1). The peak is the largest profit_share.

    Raises
    ------
    DataError
        If total profit is not above 0, so that shares do not exist.

    References
    ----------
    Kaplan & Narayanan (2001), Measuring and managing customer profitability, Journal of Cost
    Management 15(5), 5-15.

    Examples
    --------
    >>> whale_curve(pd.Series([60.0, 70.0, -30.0, 0.0]), points=4)["profit_share"].to_list()
    [0.0, 0.7, 1.3, 1.3, 1.0]
    """
    values = sorted_profits(profit)
    total = positive_total(values)
    customers = np.linspace(0, 1, points + 1)
    peak = np.count_nonzero(values > 0) / len(values)
    if not np.isclose(customers, peak, rtol=0, atol=1e-12).any():
        customers = np.sort(np.append(customers, peak))
    share = concentration_curve(values, customers)
    columns = {"customers_share": customers, "profit_share": share, "profit": share * total}
    return pd.DataFrame(columns)


def sorted_profits(profit: pd.Series | pd.DataFrame) -> Array:
    """Return profits per customer in descending order; a profit table is summed over periods."""
    if not isinstance(profit, pd.Series):
        profit = frame_in_memory(profit, "profit")
        if "profit" not in profit.columns:
            raise DataError("a profit table needs a column profit; make it with profit_table(log).")
        profit = read_columns(profit, {"profit": "number"}, name="profit table")
        named = "customer_id" in profit.index.names
        profit = profit["profit"].groupby(level="customer_id").sum() if named else profit["profit"]
    known = read_values(profit, Column("profit", "number", "profit per customer"))
    values = np.asarray(known, float)
    if len(values) < 2 or not np.isfinite(values).all():
        raise DataError(
            "profits of at least 2 customers must be known; found "
            f"{len(values)}, {int((~np.isfinite(values)).sum())} of them missing."
        )
    return np.sort(values)[::-1]


def positive_total(values: Array) -> float:
    """Return total profit, or raise DataError unless it is above 0."""
    total = float(values.sum())
    if total <= 0:
        raise DataError(
            f"shares of profit need a total above 0; {len(values):,} customers have a total of "
            f"{total:,.2f}. Inspect profit_items(table)."
        )
    return total

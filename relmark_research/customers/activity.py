"""The customer base at a glance: growth, how often people buy, how unequal they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.customers import reduction
from relmark_research.customers.transactions import TransactionLog
from relmark_research.errors import DataError


def growth_table(log: TransactionLog) -> pd.DataFrame:
    """Count per month who is new, who is active, how often they buy and for how much.

    Returns
    -------
    DataFrame
        period (first day of the month), new_customers, active_customers, purchases
        (purchase-days), value (money), complete (whether the log covers the whole month).
    """
    table = reduction.by_month(log.days)
    starts = table["period"]
    ends = starts + pd.offsets.MonthEnd(1)
    complete = (starts >= pd.Timestamp(log.observed_from)) | (starts.dt.day > 1)
    complete |= starts.dt.to_period("M") != pd.Timestamp(log.observed_from).to_period("M")
    return table.assign(complete=complete & (ends <= pd.Timestamp(log.observed_until)))


def purchase_counts(log: TransactionLog, *, most: int = 10) -> pd.DataFrame:
    """Count customers by their number of repeat purchases.

    Parameters
    ----------
    most
        Customers with so many repeats or more stand in one last row.

    Returns
    -------
    DataFrame
        purchases (repeat purchases, 0 to most), label (``"10+"`` in the last row), customers,
        share.
    """
    bought = reduction.totals(log.days)["purchases"] - 1
    counts = np.bincount(np.minimum(bought, most), minlength=most + 1)
    labels = [*map(str, range(most)), f"{most}+"]
    return pd.DataFrame(
        {
            "purchases": np.arange(most + 1),
            "label": labels,
            "customers": counts,
            "share": counts / counts.sum(),
        }
    )


def concentration_table(log: TransactionLog, *, points: int = 100) -> pd.DataFrame:
    """Show how much of the value the best customers bring.

    Parameters
    ----------
    points
        Number of equal steps along the customers.

    Returns
    -------
    DataFrame
        customers_share and value_share, cumulative from the customer of highest value on, from
        (0, 0) to (1, 1).
    """
    value = np.sort(reduction.totals(log.days)["value"].to_numpy(float))[::-1]
    if value.sum() <= 0:
        raise DataError("the concentration of value needs value; all customers together have none.")
    cumulative = np.concatenate([[0.0], np.cumsum(value) / value.sum()])
    along = np.linspace(0, 1, points + 1)
    shares = np.interp(along * len(value), np.arange(len(value) + 1), cumulative)
    return pd.DataFrame({"customers_share": along, "value_share": shares})

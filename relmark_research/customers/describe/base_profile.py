"""The customer base at a glance: growth, how often people buy, how unequal they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.customers.log import aggregation
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import DataError
from relmark_research.stats.intervals import wilson_interval


@dataclass(frozen=True)
class CustomerBase:
    """A customer base in a few figures.

    Attributes
    ----------
    customers, purchases
        Customers seen, and their purchase-days.
    value
        What they spent, returns netted.
    repeat_share, repeat_share_low, repeat_share_high
        Share of customers who bought again, with Wilson's 95% interval.
    top_fifth_share
        Share of the value that the best fifth of the customers bring.
    returning_share
        Of the buyers in the last whole month, the share who had bought before that month.
    value_per_repeater, value_per_single
        Mean value of customers who bought again, and of those who bought once.
    """

    customers: int
    purchases: int
    value: float
    repeat_share: float
    repeat_share_low: float
    repeat_share_high: float
    top_fifth_share: float
    returning_share: float
    value_per_repeater: float
    value_per_single: float


def customer_base(log: TransactionLog) -> CustomerBase:
    """Sum up a customer base in a few figures."""
    totals = aggregation.totals(log.days)
    again = totals["purchases"] > 1
    low, high = map(float, wilson_interval(again.sum(), len(totals)))
    months = growth_table(log)
    whole = months[months["complete"]] if months["complete"].any() else months
    last = whole.iloc[-1]
    best = concentration_table(log)["value_share"].iloc[20]
    return CustomerBase(
        customers=len(totals),
        purchases=int(totals["purchases"].sum()),
        value=float(totals["value"].sum()),
        repeat_share=float(again.mean()),
        repeat_share_low=low,
        repeat_share_high=high,
        top_fifth_share=float(best),
        returning_share=float(1 - last["new_customers"] / last["active_customers"]),
        value_per_repeater=float(totals.loc[again, "value"].mean()),
        value_per_single=float(totals.loc[~again, "value"].mean()),
    )


def growth_table(log: TransactionLog) -> pd.DataFrame:
    """Count per month who is new, who is active, how often they buy and for how much.

    Returns
    -------
    DataFrame
        period (first day of the month), new_customers, active_customers, purchases
        (purchase-days), value (money), complete (whether the log covers the whole month).
    """
    table = aggregation.by_month(log.days)
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
    bought = aggregation.totals(log.days)["purchases"] - 1
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
    value = np.sort(aggregation.totals(log.days)["value"].to_numpy(float))[::-1]
    if value.sum() <= 0:
        raise DataError("the concentration of value needs value; all customers together have none.")
    cumulative = np.concatenate([[0.0], np.cumsum(value) / value.sum()])
    along = np.linspace(0, 1, points + 1)
    shares = np.interp(along * len(value), np.arange(len(value) + 1), cumulative)
    return pd.DataFrame({"customers_share": along, "value_share": shares})

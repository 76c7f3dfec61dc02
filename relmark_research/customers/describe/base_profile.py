"""Profile of the customer base: growth, purchase frequency, and concentration of value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.transactions import TransactionLog, refuse_without_purchases
from relmark_research.errors import DataError
from relmark_research.stats.concentration import concentration_curve
from relmark_research.stats.intervals import wilson_interval


@short_repr
@dataclass(frozen=True, repr=False)
class CustomerBase:
    """Key figures of a customer base.

    Attributes
    ----------
    customers, purchases
        Customers with a purchase, and their purchase-days.
    value
        Revenue, net of returns. The figures of value are NaN for a log without money.
    repeat_share, repeat_share_low, repeat_share_high
        Share of customers with a repeat purchase, with Wilson's 95% interval.
    top_fifth_share
        Share of the value from the fifth of customers of highest value.
    returning_share
        Share of the buyers of the last whole month who had bought before that month.
    value_per_repeat_customer, value_per_one_time_customer
        Mean value of customers with and without a repeat purchase.
    """

    customers: int
    purchases: int
    value: float
    repeat_share: float
    repeat_share_low: float
    repeat_share_high: float
    top_fifth_share: float
    returning_share: float
    value_per_repeat_customer: float
    value_per_one_time_customer: float

    @property
    def has_value(self) -> bool:
        """Whether the log has money."""
        return not math.isnan(self.value)

    def _summary(self) -> dict[str, object]:
        shown: dict[str, float] = {
            "customers": self.customers,
            "purchases": self.purchases,
            "value": self.value,
            "repeat share": self.repeat_share,
            "value share of the top fifth": self.top_fifth_share,
        }
        return {name: value for name, value in shown.items() if not pd.isna(value)}


def customer_base(log: TransactionLog) -> CustomerBase:
    """Return the key figures of a customer base."""
    totals = aggregation.customer_totals(log.days)
    refuse_without_purchases(log, totals)
    repeat = totals["purchases"] > 1
    low, high = map(float, wilson_interval(repeat.sum(), len(totals)))
    months = growth_table(log)
    complete = months[months["complete"]] if months["complete"].any() else months
    last = complete.iloc[-1]
    if not log.has_value:
        totals = totals.assign(value=np.nan)
    best = concentration_table(log)["value_share"].iloc[20] if log.has_value else np.nan
    return CustomerBase(
        customers=len(totals),
        purchases=int(totals["purchases"].sum()),
        value=float(totals["value"].sum(min_count=1)),
        repeat_share=float(repeat.mean()),
        repeat_share_low=low,
        repeat_share_high=high,
        top_fifth_share=float(best),
        returning_share=float(1 - last["new_customers"] / last["active_customers"]),
        value_per_repeat_customer=float(totals.loc[repeat, "value"].mean()),
        value_per_one_time_customer=float(totals.loc[~repeat, "value"].mean()),
    )


def growth_table(log: TransactionLog) -> pd.DataFrame:
    """Return new customers, active customers, purchases and value per month.

    Returns
    -------
    DataFrame
        period (first day of the month), new_customers, active_customers, purchases
        (purchase-days), value (money; no such column for a log without money), complete (whether
        the log covers the whole month).
    """
    table = aggregation.by_month(log.days)
    refuse_without_purchases(log, table)
    starts = table["period"]
    ends = starts + pd.offsets.MonthEnd(1)
    complete = (starts >= pd.Timestamp(log.observed_from)) | (starts.dt.day > 1)
    complete |= starts.dt.to_period("M") != pd.Timestamp(log.observed_from).to_period("M")
    return table.assign(complete=complete & (ends <= pd.Timestamp(log.observed_until)))


def purchase_counts(log: TransactionLog, *, max_count: int = 10) -> pd.DataFrame:
    """Count customers by their number of repeat purchases.

    Parameters
    ----------
    max_count
        Customers with this many repeat purchases or more form the last row; a whole number > 0.

    Returns
    -------
    DataFrame
        purchases (repeat purchases, 0 to max_count), label (``"10+"`` in the last row), customers,
        share.
    """
    repeats = aggregation.customer_totals(log.days)["purchases"] - 1
    counts = np.bincount(np.minimum(repeats, max_count), minlength=max_count + 1)
    labels = [*map(str, range(max_count)), f"{max_count}+"]
    return pd.DataFrame(
        {
            "purchases": np.arange(max_count + 1),
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
    log.require_value("the concentration of value")
    value = aggregation.customer_totals(log.days)["value"].to_numpy(float)
    if value.sum() <= 0:
        raise DataError("the concentration of value needs value; all customers together have none.")
    along = np.linspace(0, 1, points + 1)
    shares = concentration_curve(value, along)
    return pd.DataFrame({"customers_share": along, "value_share": shares})

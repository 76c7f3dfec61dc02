"""Contribution of a response: the margin of the orders that customers place in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.returns import PARTS_PER_UNIT
from relmark_research.errors import DataError, first_rows
from relmark_research.tables.read_table import groups_by_customer, open_table
from relmark_research.tables.schemas import CAMPAIGNS, NOT_KNOWN

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog


def margin_by_customer(log: TransactionLog, groups: pd.Series | None = None) -> pd.Series:
    """Return the contribution margin of each customer's group, a share of value.

    Parameters
    ----------
    log
        Transactions with a cost.
    groups
        Group, such as the segment, by customer_id; None puts all customers in one group.

    Returns
    -------
    Series
        (value - cost) / value of the group, by customer_id: of the log, and of ``groups``.

    Raises
    ------
    DataError
        If the log has no cost, a customer has no group, or a group's value is not above its cost.
    """
    log.require_value("a margin")
    if not log.has_cost:
        raise DataError(
            "a margin needs the cost of the goods sold; found a log without it. Read it with "
            "read_transactions(..., cost='your column'), or give the margin as a share."
        )
    days = log.days.to_pandas()
    days["customer_id"] = days["customer_id"].astype(str)
    sums = days.groupby("customer_id")[["parts", "cost_parts"]].sum() / PARTS_PER_UNIT
    group = pd.Series("all", index=sums.index)
    if groups is not None:
        group = groups_by_customer(groups)
        missing = ~sums.index.isin(group.index)
        if missing.any():
            raise DataError(
                f"every customer needs a group; {missing.sum():,} of {len(sums):,} have none, "
                f"first {first_rows(missing, sums.index)} of the customers by id."
            )
    totals = sums.groupby(group.reindex(sums.index)).sum()
    share = 1 - totals["cost_parts"] / totals["parts"]
    if not (share > 0).all():
        bad = share[~(share > 0)]
        raise DataError(
            f"expected value above cost in each group; found a margin of {bad.iloc[0]:.1%} "
            f"in {bad.index[0]!r}. Check the costs, or give the margin as a share."
        )
    return group.map(share).dropna()


def groups_of_log(log: TransactionLog, groups: pd.Series) -> pd.Series:
    """Return the group of each customer of the log and of ``groups``, "not known" without one.

    Parameters
    ----------
    log
        Transactions.
    groups
        Group, such as the segment, by customer_id.
    """
    known = groups_by_customer(groups)
    ids = log.rows.select("customer_id").distinct().to_pandas()["customer_id"].astype(str)
    everyone = known.index.union(pd.Index(ids), sort=False)
    return known.reindex(everyone).fillna(NOT_KNOWN).rename_axis("customer_id")


def margin_of_rows(campaigns: pd.DataFrame, margin: pd.Series | float) -> pd.Series | float:
    """Return the margin of each customer of the campaigns.

    Parameters
    ----------
    campaigns
        Rows with customer_id.
    margin
        Contribution margin, a share of value: a number, or one by customer_id. Customers without
        one have the mean of the others.

    Raises
    ------
    DataError
        If none of the customers has a margin.
    """
    if isinstance(margin, (int, float)):
        return margin
    ids = pd.Index(open_table(campaigns, CAMPAIGNS.relaxed())["customer_id"].unique())
    found = margin.reindex(ids)
    if found.isna().all():
        raise DataError(
            "expected customers of the transactions in the campaigns; found none. Check that both "
            "write the ids alike."
        )
    return found.fillna(float(found.mean()))


def contribution_per_response(campaigns: pd.DataFrame, margin: pd.Series | float) -> float:
    """Return the mean contribution of a customer who responds, within the response window.

    Parameters
    ----------
    campaigns
        Rows with customer_id, responded (1 or 0) and value_in_window (money).
    margin
        Contribution margin, a share of value: a number, or one by customer_id.

    Returns
    -------
    float
        Mean of margin times value_in_window over the rows with responded = 1, money.

    Raises
    ------
    DataError
        If no customer responded.
    """
    needed = ("customer_id", "responded", "value_in_window")
    campaigns = open_table(campaigns, CAMPAIGNS.relaxed().requiring(*needed))
    responders = campaigns[campaigns["responded"] == 1]
    if responders.empty:
        raise DataError("expected customers who responded; found none in the campaigns.")
    share = (
        margin
        if isinstance(margin, (int, float))
        else responders["customer_id"].map(margin).fillna(float(margin.mean()))
    )
    return float((share * responders["value_in_window"]).mean())

"""What a response brings: the margin in the orders that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.returns import SCALE
from relmark_research.errors import DataError
from relmark_research.relationships._validate import check_columns

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog


def margin_shares(log: TransactionLog, groups: pd.Series | None = None) -> pd.Series:
    """Return the share of value that is margin, for each customer that of his group.

    Parameters
    ----------
    log
        Transactions with a cost.
    groups
        Group, such as the segment, by customer_id; None takes all customers together.

    Returns
    -------
    Series
        (value - cost) / value of the group, by customer_id: of the log, and of ``groups``.

    Raises
    ------
    DataError
        If the log has no cost, a customer has no group, or a group's value is not above its cost.
    """
    if not log.has_cost:
        raise DataError(
            "a margin needs the cost of what was sold; found a log without it. Read it with "
            "read_transactions(..., cost='your column'), or give the margin as a share."
        )
    days = log.days.to_pandas()
    days["customer_id"] = days["customer_id"].astype(str)
    sums = days.groupby("customer_id")[["parts", "cost_parts"]].sum() / SCALE
    named = pd.Series("all", index=sums.index)
    if groups is not None:
        named = groups.set_axis(groups.index.astype(str))
        missing = ~sums.index.isin(named.dropna().index)
        if missing.any():
            raise DataError(
                f"every customer needs a group; {missing.sum():,} of {len(sums):,} have none, "
                f"first {sums.index[missing][0]}."
            )
    whole = sums.groupby(named.reindex(sums.index)).sum()
    share = 1 - whole["cost_parts"] / whole["parts"]
    if not (share > 0).all():
        bad = share[~(share > 0)]
        raise DataError(
            f"expected value above cost in each group; found a margin of {bad.iloc[0]:.1%} "
            f"in {bad.index[0]!r}. Check the costs, or give the margin as a share."
        )
    return named.map(share).dropna()


def response_value(campaigns: pd.DataFrame, margin: pd.Series | float) -> float:
    """Return the margin that a customer who responds brings in the window, on average.

    Returns
    -------
    float
        Mean of margin times value_in_window over the rows with responded = 1, money.
    """
    check_columns(campaigns, "campaigns", ["customer_id", "responded", "value_in_window"])
    hit = campaigns[campaigns["responded"] == 1]
    if hit.empty:
        raise DataError("expected customers who responded; found none in the campaigns.")
    share = (
        margin
        if isinstance(margin, (int, float))
        else hit["customer_id"].astype(str).map(margin).fillna(float(margin.mean()))
    )
    return float((share * hit["value_in_window"]).mean())

"""Annual margin per customer, from the first year of transactions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.log.returns import exact_sum
from relmark_research.economics.budget.spend_ledger import ALL
from relmark_research.errors import DataError, first_rows
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.read_table import groups_by_customer

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

YEAR = 365


def first_year_margin(
    log: TransactionLog, segments: pd.Series | None = None, *, level: float = 0.95
) -> pd.DataFrame:
    """Return the mean margin in the first year of customers, value less cost of goods.

    All customers with a complete first year are included, also those without a repeat purchase.

    Parameters
    ----------
    log
        Transactions with a cost column.
    segments
        Segment or channel by customer_id; None for the total only.
    level
        Probability of the confidence intervals of the means.

    Returns
    -------
    DataFrame
        One row per segment, the total last: customers, annual_margin (money per customer and year),
        standard_error, annual_margin_low, annual_margin_high.

    Raises
    ------
    DataError
        If the log has no cost, no customer has a complete first year, or a customer has no segment.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", customer="customer_id", date="date",
    ...                            value="value", cost="cost")
    >>> channel = rm.load_sample("customers").set_index("customer_id")["channel"]
    >>> first_year_margin(log, channel)["annual_margin"].round().to_dict()
    {'fair': 388.0, 'field': 1114.0, 'mail': 161.0, 'referral': 279.0, 'web': 110.0, 'all': 252.0}
    """
    log.require_value("an annual margin")
    if not log.has_cost:
        raise DataError(
            "an annual margin needs the cost of goods; found a log without cost. Use "
            "read_transactions(..., cost='your column'), or give the margin as a number."
        )
    margins = _per_customer(log)
    if segments is None:
        return _table(margins, pd.Series(ALL, index=margins.index), level)
    named = groups_by_customer(segments).reindex(margins.index)
    if named.isna().any():
        raise DataError(
            f"every customer needs a segment; {named.isna().sum():,} of {len(named):,} have none, "
            f"first: {first_rows(named.isna(), named.index)} of the customers by id."
        )
    return pd.concat(
        [_table(margins, named, level), _table(margins, pd.Series(ALL, index=margins.index), level)]
    )


def _per_customer(log: TransactionLog) -> pd.Series:
    rows = log.rows
    first = rows.group_by("customer_id").agg(first=rows.date.min())
    joined = rows.join(first, "customer_id")
    joined = joined.filter(joined.first <= log.observed_until - timedelta(days=YEAR))
    joined = joined.filter(joined.date.delta(joined.first, unit="day") < YEAR)
    margin = exact_sum(joined.value - joined.cost.fill_null(0))
    table = joined.group_by("customer_id").agg(margin=margin).to_pandas()
    if table.empty:
        raise DataError(
            f"an annual margin needs customers with a complete first year by {log.observed_until}; "
            "found none. Give the margin as a number."
        )
    return table.set_index("customer_id")["margin"].astype(float).sort_index()


def _table(margins: pd.Series, segments: pd.Series, level: float) -> pd.DataFrame:
    groups = margins.groupby(segments)
    error: pd.Series = groups.std() / np.sqrt(groups.size())
    half_width = normal_quantile(level) * error
    mean: pd.Series = groups.mean()
    columns = {"customers": groups.size(), "annual_margin": mean, "standard_error": error}
    columns |= {"annual_margin_low": mean - half_width, "annual_margin_high": mean + half_width}
    return pd.DataFrame(columns).rename_axis("segment")

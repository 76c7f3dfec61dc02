"""The customer pyramid: tiers of customers by profit or by lifetime value.

Tiers are cut at shares of the customers, the best first; a customer on a cut belongs to the higher
tier.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.intervals import normal_quantile

TIERS: Mapping[str, float] = {"platinum": 0.05, "gold": 0.15, "iron": 0.30, "lead": 0.50}
"""Share of the customers in each tier, the best first."""


def profit_classes(values: pd.Series, *, tiers: Mapping[str, float] = TIERS) -> pd.DataFrame:
    """Sort customers into tiers by what they earn or are worth.

    Parameters
    ----------
    values
        Profit or lifetime value (money) by customer_id; equal values share a tier.
    tiers
        Share of the customers per tier, the best first; they sum to 1.

    Returns
    -------
    DataFrame
        Index as ``values``; value, rank (1 the best) and tier (ordered, the best first).

    Raises
    ------
    DataError
        Where a value is not known.
    ParameterError
        Where the shares do not sum to 1.

    References
    ----------
    Zeithaml, Rust & Lemon (2001), The customer pyramid: creating and serving profitable customers,
    California Management Review 43(4), 118-142. The shares are ours; the paper names none.

    Examples
    --------
    >>> profit_classes(pd.Series([9.0, 1.0, -5.0, 3.0]), tiers={"gold": 0.25, "lead": 0.75})
       value  rank  tier
    0    9.0     1  gold
    1    1.0     3  lead
    2   -5.0     4  lead
    3    3.0     2  lead
    """
    shares = np.array(list(tiers.values()), float)
    if not (len(shares) > 1 and (shares > 0).all() and np.isclose(shares.sum(), 1)):
        raise ParameterError(
            "tiers need shares above 0 that sum to 1; found "
            f"{', '.join(f'{name} {share:g}' for name, share in tiers.items())} "
            f"(sum {shares.sum():g})."
        )
    unknown = values.isna()
    if unknown.any() or values.empty:
        raise DataError(
            f"tiers need every customer's value; {int(unknown.sum()):,} of {len(values):,} have "
            f"none, first: {', '.join(map(repr, values.index[unknown][:3]))}."
        )
    rank = values.rank(method="min", ascending=False).astype(int)
    upper = np.cumsum(shares) * len(values)
    place = np.searchsorted(upper + 1e-9, rank.to_numpy(), side="left").clip(max=len(shares) - 1)
    tier = pd.Categorical(np.array(list(tiers), dtype=object)[place], list(tiers), ordered=True)
    return pd.DataFrame({"value": values, "rank": rank, "tier": tier}, index=values.index)


def tier_table(classes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Sum up tiers: how many customers, what they bring together and each.

    Returns
    -------
    DataFrame
        tier; customers; value, their sum (money), and share of all; mean with mean_low and
        mean_high, value per customer with the interval of a mean (normal, standard deviation /
        sqrt(customers)); least, the smallest value in the tier.
    """
    grouped = classes.groupby("tier", observed=True)["value"]
    table = grouped.agg(customers="size", value="sum", mean="mean", sd="std", least="min")
    reach = normal_quantile(level) * table.pop("sd").fillna(0.0) / np.sqrt(table["customers"])
    total = table["value"].sum()
    return table.assign(
        share=table["value"] / total if total else np.nan,
        mean_low=table["mean"] - reach,
        mean_high=table["mean"] + reach,
    ).reset_index()

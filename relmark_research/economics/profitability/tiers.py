"""The customer pyramid: tiers of customers by profit or by lifetime value.

Tiers are defined by shares of the customers, best first; a customer on a boundary is in the higher
tier.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, first_rows
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column, ColumnType

TIERS: Mapping[str, float] = {"platinum": 0.05, "gold": 0.15, "iron": 0.30, "lead": 0.50}
"""Share of the customers in each tier, best first."""


def profit_classes(values: pd.Series, *, tiers: Mapping[str, float] = TIERS) -> pd.DataFrame:
    """Classify customers into tiers by profit or lifetime value.

    Parameters
    ----------
    values
        Profit or lifetime value (money) by customer_id; equal values are in the same tier.
    tiers
        Share of the customers per tier, best first; they sum to 1.

    Returns
    -------
    DataFrame
        Index as ``values``; value, rank (1 is best) and tier (ordered, best first).

    Raises
    ------
    DataError
        If a value is missing.
    ParameterError
        If the shares do not sum to 1.

    References
    ----------
    Zeithaml, Rust & Lemon (2001), The customer pyramid: creating and serving profitable customers,
    California Management Review 43(4), 118-142. The default shares are our own.

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
            "tiers must have shares above 0 that sum to 1; found "
            f"{', '.join(f'{name} {share:g}' for name, share in tiers.items())} "
            f"(sum {shares.sum():g})."
        )
    values = read_values(values, Column("value", "number", "profit or lifetime value", "money"))
    unknown = values.isna()
    if unknown.any() or values.empty:
        raise DataError(
            f"tiers need a value for every customer; {int(unknown.sum()):,} of {len(values):,} are "
            f"missing, first: {first_rows(unknown, values.index)}."
        )
    rank = values.rank(method="min", ascending=False).astype(int)
    upper = np.cumsum(shares) * len(values)
    index = np.searchsorted(upper + 1e-9, rank.to_numpy(), side="left").clip(max=len(shares) - 1)
    tier = pd.Categorical(np.array(list(tiers), dtype=object)[index], list(tiers), ordered=True)
    return pd.DataFrame({"value": values, "rank": rank, "tier": tier}, index=values.index)


def tier_table(classes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Summarise tiers: number of customers, total and mean value.

    Returns
    -------
    DataFrame
        tier; customers; value (sum, money) and share of the total; mean, mean_low and mean_high,
        value per customer with its interval (normal, standard deviation / sqrt(customers));
        minimum, the smallest value in the tier.
    """
    classes = frame_in_memory(classes, "classes")
    kind = classes["tier"].dtype
    ordered = isinstance(kind, pd.CategoricalDtype) and kind.ordered
    types: dict[str, ColumnType] = {} if ordered else {"tier": "text"}
    classes = read_columns(classes, {"value": "number", **types}, name="classes")
    if not ordered:  # the best first, as profit_classes has them
        least = classes.groupby("tier")["value"].min().sort_values(ascending=False)
        classes = classes.assign(tier=pd.Categorical(classes["tier"], least.index, ordered=True))
    grouped = classes.groupby("tier", observed=True)["value"]
    table = grouped.agg(customers="size", value="sum", mean="mean", sd="std", minimum="min")
    half_width = normal_quantile(level) * table.pop("sd").fillna(0.0) / np.sqrt(table["customers"])
    total = table["value"].sum()
    return table.assign(
        share=table["value"] / total if total else np.nan,
        mean_low=table["mean"] - half_width,
        mean_high=table["mean"] + half_width,
    ).reset_index()

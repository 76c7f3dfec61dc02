"""Who is served, since when, and what is known of each: margin, cost to serve, signs of life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.summary import CustomerSummary
from relmark_research.economics import individual
from relmark_research.economics.costs import checked_contacts
from relmark_research.economics.residual import (
    Customer,
    FutureTerms,
    purchases_alive,
)
from relmark_research.economics.segment_fits import SegmentFits
from relmark_research.errors import DataError

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog

_BLOCK = 2_000_000  # draws held at once
_QUIET = 365  # days without purchase or contact after which there is nothing to decide


def contacts_until(contacts: pd.DataFrame | None, log: TransactionLog) -> pd.DataFrame:
    """Return the contacts that were known on the log's last day."""
    if contacts is None:
        return pd.DataFrame(
            {"customer_id": pd.Series(dtype=str), "date": pd.to_datetime([]), "cost": []}
        )
    table = checked_contacts(contacts)
    return table[table["date"] <= pd.Timestamp(log.observed_until)]


def groups_of(customers: CustomerSummary, segments: pd.Series | None) -> pd.Series:
    """Return each customer's segment, ``"all"`` where there are none."""
    ids = customers.table.index
    if segments is None:
        return pd.Series("all", index=ids)
    found = segments.reindex(ids)
    if found.isna().any():
        missing = ids[found.isna()]
        raise DataError(
            f"every customer must have a segment; {len(missing):,} of {len(ids):,} have none, "
            f"first: {', '.join(map(repr, missing[:3]))}. Give them one, if only 'unknown'."
        )
    return found.astype(str)


def known_traits(
    log: TransactionLog,
    contacts: pd.DataFrame,
    customers: CustomerSummary,
    groups: pd.Series,
    fits: SegmentFits,
) -> tuple[pd.DataFrame, list[str]]:
    """Return margin and cost of each customer, and whether anything is left to decide."""
    ids = customers.table.index
    known = contacts[contacts["customer_id"].astype(str).isin(ids)]
    served = _served(known, customers, groups, fits)
    costs = individual.customer_costs(known, groups, served[["first", "years"]])
    traits = individual.customer_margins(log, groups).join(costs)
    quiet = (
        served["last"] < pd.Timestamp(log.observed_until) - pd.Timedelta(days=_QUIET)
    ).to_numpy()
    others = contacts[~contacts["customer_id"].astype(str).isin(ids)]
    notes = [
        f"{int(quiet.sum()):,} customers neither bought nor cost anything in the last {_QUIET} "
        "days, so there is nothing to decide"
    ]
    if len(others):
        notes.append(
            f"{len(others):,} contacts costing {others['cost'].sum():,.2f} are of "
            f"{others['customer_id'].nunique():,} people without a purchase that they kept, and "
            "are left out"
        )
    return traits.assign(quiet=quiet), notes


def _served(
    contacts: pd.DataFrame, customers: CustomerSummary, groups: pd.Series, fits: SegmentFits
) -> pd.DataFrame:
    """Return first and last sign of each customer, and the years served in between."""
    table, unit = customers.table, customers.unit
    days = unit.days if unit is not None else 7.0
    end = pd.Timestamp(str(customers.observed_until))
    first = end - pd.to_timedelta((table["T"] * days).round(), unit="D")
    bought = first + pd.to_timedelta((table["recency"] * days).round(), unit="D")
    met = pd.to_datetime(contacts["date"]).groupby(contacts["customer_id"].astype(str)).max()
    last = pd.concat([bought, met.reindex(table.index)], axis=1).max(axis=1)
    alive = pd.Series(0.0, table.index)
    for name in groups.unique():
        part = CustomerSummary(table[groups == name], unit=unit)
        alive[groups == name] = purchases_alive(fits.fits[name][0], part)
    seen = (last - first).dt.days
    length = alive * (table["T"] * days) + (1 - alive) * seen
    return pd.DataFrame({"first": first, "last": last, "years": np.maximum(length, 30.0) / 365.25})


def blocks_of(
    customers: CustomerSummary, traits: pd.DataFrame, chosen: pd.Series, terms: FutureTerms
) -> list[Customer]:
    """Return the chosen customers, so many at a time as draws fit into memory."""
    table = customers.table[chosen.to_numpy()]
    step = max(1, _BLOCK // terms.draws)
    return [
        Customer(
            CustomerSummary(part, unit=customers.unit, observed_until=customers.observed_until),
            traits.loc[part.index],
        )
        for part in (table.iloc[start : start + step] for start in range(0, len(table), step))
    ]

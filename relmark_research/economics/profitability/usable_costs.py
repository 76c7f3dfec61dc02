"""The costs of customers that a report can use, whichever tables there are.

Contacts with people who are no known customers, and customers without an acquisition cost, would be
refused by `profit_table`. Here they are counted and said, so that the rest of the table is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.profitability.cost_rules import checked_contacts
from relmark_research.errors import RelmarkError
from relmark_research.tables.options import ReadOptions, dialect_of
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import NOT_KNOWN
from relmark_research.tables.sources import open_source
from relmark_research.tables.values import expressions

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_ACQUISITION = ("acquisition_date", "acquisition_cost")


@short_repr
@dataclass(frozen=True, repr=False)
class UsableCosts:
    """Contacts, customers and segments that a report can use.

    Attributes
    ----------
    contacts
        customer_id, date, cost, kind and the table's other columns, of known customers; None where
        there is no such table.
    customers
        customer_id, acquisition_date, acquisition_cost of every customer, and is_known, whether the
        table has them; None where acquisition costs are not known.
    segments
        Segment by customer_id, for every customer of the log and of the table; None without
        segments.
    notes
        What was left out, and what is counted as 0, in sentences.
    """

    contacts: pd.DataFrame | None
    customers: pd.DataFrame | None
    segments: pd.Series | None
    notes: tuple[str, ...] = ()

    def _summary(self) -> dict[str, object]:
        tables = {"contacts": self.contacts, "customers": self.customers}
        rows: dict[str, object] = {
            name: 0 if table is None else len(table) for name, table in tables.items()
        }
        names = [] if self.segments is None else sorted(self.segments.unique())
        return rows | {"segments": ", ".join(names), "notes": len(self.notes)}


def usable_costs(
    log: TransactionLog,
    *,
    contacts: Any = None,
    customers: Any = None,
    segment: str | None = "segment",
) -> UsableCosts:
    """Return what of the tables of contacts and customers can be used with a log.

    Parameters
    ----------
    log
        The transactions.
    contacts
        customer_id, date, cost (money, >= 0): any source of `read_table`; None without.
    customers
        customer_id and what is known of acquisition_date, acquisition_cost and segments, likewise.
    segment
        Column of customers with the segment; a blank is "not known". None, or a column that the
        table does not have, means no segments.

    Returns
    -------
    UsableCosts
        Tables that `profit_table` and `recommend` take.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> found = usable_costs(log, customers=rm.load_sample("customers"), segment="region")
    >>> found.segments.value_counts().index.tolist(), found.contacts, found.notes
    (['north', 'south', 'east', 'west'], None, ())
    """
    ids = pd.Index(log.customer_summary(unit="day").table.index.astype(str))
    people = None if customers is None else open_table(customers, "customers")
    acquired, notes = _acquired(log, people)
    known = ids if acquired is None else ids.union(pd.Index(acquired["customer_id"]))
    touched = None
    if contacts is not None:
        touched, more = _known_contacts(checked_contacts(contacts), known)
        notes += more
    return UsableCosts(touched, acquired, _segments(ids, people, segment), tuple(notes))


def cost_column(source: Any, cost: str | None, *, options: ReadOptions | None = None) -> str | None:
    """Return the column of the cost of goods, or None where the source does not have it.

    Parameters
    ----------
    source
        A source of `read_transactions`.
    cost
        A column, or an expression of columns; None without.
    options
        Format of the source.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a"], "paid": [9.0], "share": [0.4]})
    >>> cost_column(rows, "cost"), cost_column(rows, "paid * share")
    (None, 'paid * share')
    """
    if cost is None:
        return None
    options = options or ReadOptions()
    table = open_source.opened_source(
        source, dialect=dialect_of(options), engine=options.engine
    ).table
    if cost in table.columns:
        return cost
    try:
        used = expressions.columns_used(table, cost)
    except RelmarkError:
        return None
    return cost if used and set(used) <= set(table.columns) else None


def _acquired(
    log: TransactionLog, people: pd.DataFrame | None
) -> tuple[pd.DataFrame | None, list[str]]:
    """Return customers with acquisition costs; 0 on the first day for those without."""
    if people is None or not set(_ACQUISITION) <= set(people.columns):
        return None, []
    given = people[["customer_id", *_ACQUISITION]].dropna()
    if given.empty:
        return None, []
    first = log.rows.group_by("customer_id").aggregate(acquisition_date=log.rows.date.min())
    bought = first.to_pandas().assign(acquisition_cost=0.0)
    bought["customer_id"] = bought["customer_id"].astype(str)
    bought["acquisition_date"] = pd.to_datetime(bought["acquisition_date"])
    missing = bought[~bought["customer_id"].isin(given["customer_id"])]
    notes = []
    if len(missing):
        notes.append(
            f"the acquisition cost of {len(missing):,} of {len(bought):,} customers is not known "
            "and counted as 0"
        )
    parts = [given.assign(is_known=True), missing.assign(is_known=False)]
    return pd.concat(parts, ignore_index=True), notes


def _known_contacts(table: pd.DataFrame, known: pd.Index) -> tuple[pd.DataFrame, list[str]]:
    """Return the contacts with known customers, and what was left out."""
    own = table["customer_id"].isin(known)
    if own.all():
        return table, []
    others = table[~own]
    note = (
        f"{len(others):,} contacts costing {others['cost'].sum():,.2f} are of "
        f"{others['customer_id'].nunique():,} people who are no known customers, and are left out"
    )
    return table[own].reset_index(drop=True), [note]


def _segments(ids: pd.Index, people: pd.DataFrame | None, segment: str | None) -> pd.Series | None:
    if people is None or not segment or segment not in people.columns:
        return None
    everyone = ids.union(pd.Index(people["customer_id"]))
    groups = people.set_index("customer_id")[segment].reindex(everyone)
    text = groups.astype("string").str.strip()
    named = text.where(text.notna() & (text != ""), NOT_KNOWN).astype(str)
    return named.rename("segment").rename_axis("customer_id")

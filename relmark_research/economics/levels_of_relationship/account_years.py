"""Account years: for each customer and year served, the level, whether it was renewed, the margin.

An account year lasts 365 days from an anniversary of the customer's acquisition. It is renewed if
the customer is served in the next one too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.economics.profitability import cost_rules
from relmark_research.errors import DataError, unknown_name

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

YEAR = 365  # days
COLUMNS = (
    *("customer_id", "segment", "year", "start", "level"),
    *("complete", "retained", "margin", "cost"),
)


def account_years(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame,
    customers: pd.DataFrame,
    margin: float | None = None,
) -> pd.DataFrame:
    """Cut each customer's history into account years, each at one level.

    Parameters
    ----------
    log
        Purchases, with their cost, or give ``margin``.
    contacts
        customer_id, date, cost (money, >= 0), level; every account year that is served has a row.
    customers
        customer_id, acquisition_date, acquisition_cost, segment.
    margin
        Share of value left after the cost of goods, for a log without costs.

    Returns
    -------
    DataFrame
        customer_id, segment, year (0 for the first), start (day), level (of the year's first
        contact), complete (whether the year was over by the log's end), retained (1 served in the
        next year, 0 not, missing where not complete), margin (money earned in the year after its
        first day, returns netted) and cost (of the year's contacts, money).

    Raises
    ------
    DataError
        Where a customer has no segment, a contact no level, or a cost is negative or nobody's.
    """
    served = _served(log, contacts, customers)
    first = served.groupby(["customer_id", "year"], sort=True)
    years = first.agg(level=("level", "first"), cost=("cost", "sum")).reset_index()
    people = _people(customers).set_index("customer_id")
    years = years.join(people, on="customer_id")
    years["start"] = years["acquisition_date"] + pd.to_timedelta(YEAR * years["year"], unit="D")
    next_start = years["start"] + pd.Timedelta(days=YEAR)
    years["complete"] = next_start <= pd.Timestamp(log.observed_until)
    last = years.groupby("customer_id")["year"].transform("max")
    years["retained"] = (years["year"] < last).astype(float).where(years["complete"])
    years["margin"] = _earned(log, years, margin)
    return years[list(COLUMNS)]


def _served(log: TransactionLog, contacts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return contacts by day with the account year that each falls into."""
    table = cost_rules.checked_contacts(contacts)
    if "level" not in table:
        raise DataError(f"contacts: {unknown_name('column', 'level', contacts.columns)}")
    blank = table["level"].isna()
    if blank.any():
        raise DataError(
            f"every contact must say its level; {int(blank.sum()):,} of {len(table):,} do not, "
            f"first of customer {table.loc[blank, 'customer_id'].iloc[0]!r}."
        )
    people = _people(customers)
    cost_rules.refuse_strangers(
        table, pd.Index(people["customer_id"]), money="cost", table="contacts",
        advice="Add them to customers, or take the contacts out.",
    )  # fmt: skip
    table = table[table["date"] <= pd.Timestamp(log.observed_until)]
    begun = table["customer_id"].map(people.set_index("customer_id")["acquisition_date"])
    table = table.assign(year=(table["date"] - begun).dt.days // YEAR)
    early = table["year"] < 0
    if early.any():
        raise DataError(
            f"account years begin on the day of acquisition; {int(early.sum()):,} contacts are "
            f"earlier, first of customer {table.loc[early, 'customer_id'].iloc[0]!r} on "
            f"{table.loc[early, 'date'].iloc[0]:%Y-%m-%d}. Take out what was spent on prospects; "
            "it belongs to the cost of acquisition."
        )
    return table.sort_values(["date"], kind="stable")


def _people(customers: pd.DataFrame) -> pd.DataFrame:
    table = cost_rules.checked_customers(customers)
    if "segment" not in table:
        raise DataError(
            f"customers: {unknown_name('column', 'segment', customers.columns)} Levels are chosen "
            "by segment; give every customer one."
        )
    blank = table["segment"].isna() | (table["segment"].astype(str).str.strip() == "")
    if blank.any():
        shown = ", ".join(map(repr, table.loc[blank, "customer_id"].head(3)))
        raise DataError(
            f"every customer must have a segment; {int(blank.sum()):,} of {len(table):,} have "
            f"none, first: {shown}. Give them one, if only 'unknown'."
        )
    return table[["customer_id", "acquisition_date", "segment"]]


def _earned(log: TransactionLog, years: pd.DataFrame, margin: float | None) -> np.ndarray:
    """Return the margin of each account year's days after its first."""
    rows = log.to_pandas()
    if log.returns == "drop":
        rows = rows[rows["value"] >= 0]
    if margin is None and not log.has_cost:
        raise DataError(
            "margins need to know what the goods cost: read the log with cost='...', or give "
            "margin=, the share of value that is left after it."
        )
    left = rows["value"] - rows["cost"] if margin is None else rows["value"] * margin
    begun = years.drop_duplicates("customer_id").set_index("customer_id")
    opened = begun["start"] - pd.to_timedelta(YEAR * begun["year"], unit="D")
    elapsed = (pd.to_datetime(rows["date"]) - rows["customer_id"].map(opened)).dt.days
    later = elapsed % YEAR > 0
    keyed = pd.DataFrame(
        {"customer_id": rows["customer_id"], "year": elapsed // YEAR, "margin": left}
    )[later]
    sums = keyed.groupby(["customer_id", "year"])["margin"].sum()
    index = pd.MultiIndex.from_frame(years[["customer_id", "year"]])
    return sums.reindex(index).fillna(0.0).to_numpy()


def segment_years(years: pd.DataFrame) -> pd.DataFrame:
    """Sum up complete account years by segment, whatever their level.

    Returns
    -------
    DataFrame
        segment; customers, those whose account year is running; retention, the share renewed, and
        margin (money a year), each with its standard error, _se. It is what `assumed_effects`
        starts from.
    """
    whole, running = years[years["complete"]], years[~years["complete"].astype(bool)]
    grouped = whole.groupby("segment")
    table = grouped.agg(
        retention=("retained", "mean"), retention_se=("retained", "sem"),
        margin=("margin", "mean"), margin_se=("margin", "sem"),
    )  # fmt: skip
    customers = running["segment"].value_counts().reindex(table.index).fillna(0).astype(int)
    table.insert(0, "customers", customers)
    return table.sort_values("customers", ascending=False).reset_index()

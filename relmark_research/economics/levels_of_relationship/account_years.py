"""Account years: level, renewal and margin of each customer in each year of the relationship.

An account year lasts 365 days from an anniversary of the customer's acquisition. It is renewed if
the customer is served in the next one too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.economics.profitability import cost_rules
from relmark_research.errors import DataError, first_rows, unknown_name
from relmark_research.tables.read_table import read_columns
from relmark_research.tables.schemas import NOT_KNOWN, ColumnType

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

YEAR = 365  # days
COLUMNS = (
    *("customer_id", "segment", "year", "start", "relationship_level"),
    *("complete", "retained", "annual_margin", "cost"),
)

YEARS: dict[str, ColumnType] = {
    "customer_id": "id",
    "segment": "text",
    "year": "number",
    "relationship_level": "text",
    "complete": "flag",
    "retained": "number",
    "annual_margin": "number",
    "cost": "number",
}
"""Types of the columns of account years."""

SEGMENTS: dict[str, ColumnType] = {
    "segment": "text",
    "customers": "number",
    "retention": "number",
    "retention_se": "number",
    "annual_margin": "number",
    "annual_margin_se": "number",
}
"""Types of the columns of segments."""


def account_years(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame,
    customers: pd.DataFrame,
    margin: float | None = None,
) -> pd.DataFrame:
    """Divide each customer's history into account years, each at one level.

    Parameters
    ----------
    log
        Purchases, with their cost, or give ``margin``.
    contacts
        customer_id, date, cost (money, >= 0), relationship_level; every account year that is served
        has a row.
    customers
        customer_id, acquisition_date, acquisition_cost, segment.
    margin
        Margin as a share of value, for a log without costs.

    Returns
    -------
    DataFrame
        customer_id, segment, year (0 for the first), start (day), relationship_level (of the year's
        first contact), complete (whether the year ended before the log), retained (1 served in the
        next year, 0 not, missing if not complete), annual_margin (money earned in the year after
        its first day, returns netted) and cost (of the year's contacts, money).

    Raises
    ------
    DataError
        If a customer has no segment, a contact has no level or an unknown customer, or a cost is
        negative.
    """
    served = _served(log, contacts, customers)
    first = served.groupby(["customer_id", "year"], sort=True)
    years = first.agg(
        relationship_level=("relationship_level", "first"), cost=("cost", "sum")
    ).reset_index()
    accounts = _accounts(customers).set_index("customer_id")
    years = years.join(accounts, on="customer_id")
    years["start"] = years["acquisition_date"] + pd.to_timedelta(YEAR * years["year"], unit="D")
    next_start = years["start"] + pd.Timedelta(days=YEAR)
    years["complete"] = next_start <= pd.Timestamp(log.observed_until)
    last = years.groupby("customer_id")["year"].transform("max")
    years["retained"] = (years["year"] < last).astype(float).where(years["complete"])
    years["annual_margin"] = _annual_margin(log, years, margin)
    return years[list(COLUMNS)]


def segment_years(years: pd.DataFrame) -> pd.DataFrame:
    """Summarise complete account years by segment, over all levels.

    Returns
    -------
    DataFrame
        segment; customers, those with an account year in progress; retention, the share renewed,
        and annual_margin (money), each with its standard error, _se: the input of
        `assumed_effects`.
    """
    needed = ("segment", "complete", "retained", "annual_margin")
    years = read_columns(years, {name: YEARS[name] for name in needed}, name="years")
    over = years["complete"].astype(bool)
    complete, running = years[over], years[~over]
    table = complete.groupby("segment").agg(
        retention=("retained", "mean"), retention_se=("retained", "sem"),
        annual_margin=("annual_margin", "mean"), annual_margin_se=("annual_margin", "sem"),
    )  # fmt: skip
    customers = running["segment"].value_counts().reindex(table.index).fillna(0).astype(int)
    table.insert(0, "customers", customers)
    return table.sort_values("customers", ascending=False).reset_index()


def _served(log: TransactionLog, contacts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return contacts by day with the account year of each."""
    table = cost_rules.checked_contacts(contacts)
    if "relationship_level" not in table:
        problem = unknown_name("column", "relationship_level", table.columns)
        raise DataError(f"contacts: {problem}")
    missing = table["relationship_level"] == NOT_KNOWN
    if missing.any():
        raise DataError(
            f"every contact must have a relationship_level; {int(missing.sum()):,} of "
            f"{len(table):,} have none, first: {first_rows(missing, table['customer_id'])}."
        )
    accounts = _accounts(customers)
    cost_rules.check_known_customers(
        table, pd.Index(accounts["customer_id"]), money="cost", table="contacts",
        advice="Add them to customers, or take the contacts out.",
    )  # fmt: skip
    table = table[table["date"] <= pd.Timestamp(log.observed_until)]
    acquired = table["customer_id"].map(accounts.set_index("customer_id")["acquisition_date"])
    table = table.assign(year=(table["date"] - acquired).dt.days // YEAR)
    early = table["year"] < 0
    if early.any():
        raise DataError(
            f"account years begin on the day of acquisition; {int(early.sum()):,} contacts are "
            f"earlier, first on {table.loc[early, 'date'].iloc[0]:%Y-%m-%d}: "
            f"{first_rows(early, table['customer_id'])}. Remove contacts with prospects; they "
            "belong to the acquisition cost."
        )
    return table.sort_values(["date"], kind="stable")


def _accounts(customers: pd.DataFrame) -> pd.DataFrame:
    table = cost_rules.checked_customers(customers)
    if "segment" not in table:
        raise DataError(
            f"customers: {unknown_name('column', 'segment', table.columns)} Levels are chosen "
            "by segment; give every customer one."
        )
    return table[["customer_id", "acquisition_date", "segment"]]


def _annual_margin(log: TransactionLog, years: pd.DataFrame, margin: float | None) -> np.ndarray:
    """Return the margin of each account year's days after its first."""
    log.require_value("an annual margin")
    rows = log.to_pandas()
    if log.returns == "drop":
        rows = rows[rows["value"] >= 0]
    if margin is None and not log.has_cost:
        raise DataError(
            "margins need the cost of goods: read the log with cost='...', or give margin=, the "
            "margin as a share of value."
        )
    left = rows["value"] - rows["cost"] if margin is None else rows["value"] * margin
    first = years.drop_duplicates("customer_id").set_index("customer_id")
    acquired = first["start"] - pd.to_timedelta(YEAR * first["year"], unit="D")
    elapsed = (pd.to_datetime(rows["date"]) - rows["customer_id"].map(acquired)).dt.days
    after_first_day = elapsed % YEAR > 0
    earned = pd.DataFrame(
        {"customer_id": rows["customer_id"], "year": elapsed // YEAR, "margin": left}
    )[after_first_day]
    sums = earned.groupby(["customer_id", "year"])["margin"].sum()
    index = pd.MultiIndex.from_frame(years[["customer_id", "year"]])
    return sums.reindex(index).fillna(0.0).to_numpy()

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
    from relmark_research.economics.profitability.usable_costs import UsableCosts

YEAR = 365  # days
_LEVEL = "relationship_level"
_FEWEST = 2  # renewals and losses that a segment needs
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


def years_by_level(
    log: TransactionLog, costs: UsableCosts, *, column: str, margin: float | None = None
) -> pd.DataFrame:
    """Divide each customer's history into account years, whatever tables there are.

    Parameters
    ----------
    log
        Purchases, with their cost, or give ``margin``.
    costs
        What `usable_costs` returns, with contacts.
    column
        Column of contacts with the level of relationship.
    margin
        Margin as a share of value, for a log without costs.

    Returns
    -------
    DataFrame
        As `account_years`; customers begin on their day of acquisition, or on their first purchase
        or contact where it is not known.

    Raises
    ------
    DataError
        The contacts have no such column.
    """
    touched = costs.contacts
    if touched is None or column not in touched.columns:
        known = "no table" if touched is None else f"no column {column}"
        raise DataError(f"levels are read from contacts, and there is {known}.")
    touched = touched.drop(columns=[] if column == _LEVEL else [_LEVEL], errors="ignore")
    touched = touched.rename(columns={column: _LEVEL})
    people = accounts_of(log, touched, costs)
    return account_years(log, contacts=touched, customers=people, margin=margin)


def without_thin_segments(years: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return account years of the segments that effects can be estimated from, and the others.

    Parameters
    ----------
    years
        What `account_years` returns.

    Returns
    -------
    (DataFrame, tuple of str)
        The years without segments that have fewer than two complete years that were renewed, or
        that were not, or whose margin is not above 0; and a sentence for each of these.
    """
    complete = years[years["complete"].astype(bool)]
    sums = complete.groupby("segment").agg(
        n=("retained", "size"), kept=("retained", "sum"), margin=("annual_margin", "sum")
    )
    sums = sums.reindex(years["segment"].unique(), fill_value=0)
    lost = sums["n"] - sums["kept"]
    few = (sums["kept"] < _FEWEST) | (lost < _FEWEST)
    out = sums[few | (sums["margin"] <= 0)]
    notes = tuple(
        f"segment {name} is left out of the effects: {int(row['kept'])} of {int(row['n'])} "
        f"account years were renewed, with a margin of {row['margin']:,.2f} in all"
        for name, row in out.iterrows()
    )
    return years[~years["segment"].isin(out.index)], notes


def purchase_years(
    log: TransactionLog, *, segments: pd.Series | None = None, margin: float | None = None
) -> pd.DataFrame:
    """Divide each customer's history into account years by purchases alone.

    Parameters
    ----------
    log
        Purchases, with their cost, or give ``margin``.
    segments
        Segment by customer_id, for every customer; None is one segment, ``"all"``.
    margin
        Margin as a share of value, for a log without costs.

    Returns
    -------
    DataFrame
        As `account_years`, with a row for each year after the first purchase in which the customer
        bought: retained is whether they bought in the next year too, complete whether the log
        covers that year; relationship_level is ``"as today"`` and cost 0.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> years = purchase_years(log)
    >>> segment_years(years)["retention"].round(2).to_list()
    [0.52]
    """
    days = log.days.select("customer_id", "date").to_pandas()
    days = days.assign(customer_id=days["customer_id"].astype(str))
    days["date"] = pd.to_datetime(days["date"])
    first = days.groupby("customer_id")["date"].transform("min")
    days["year"] = (days["date"] - first).dt.days // YEAR
    days["start"] = first + pd.to_timedelta(YEAR * days["year"], unit="D")
    years = days.drop_duplicates(["customer_id", "year"]).sort_values(["customer_id", "year"])
    years = years.drop(columns="date").reset_index(drop=True)
    following = years.set_index(["customer_id", "year"]).index
    wanted = pd.MultiIndex.from_arrays([years["customer_id"], years["year"] + 1])
    over = years["start"] + pd.Timedelta(days=2 * YEAR) <= pd.Timestamp(log.observed_until)
    retained = pd.Series(wanted.isin(following), years.index).astype(float)
    named = "all" if segments is None else years["customer_id"].map(segments)
    years = years.assign(complete=over, retained=retained.where(over), segment=named,
                         relationship_level="as today", cost=0.0)  # fmt: skip
    years["annual_margin"] = _annual_margin(log, years, margin)
    return years[list(COLUMNS)]


def level_recipients(years: pd.DataFrame) -> pd.DataFrame:
    """Return who was served at each level: the margin of their year before, by segment.

    Parameters
    ----------
    years
        What `account_years` returns.

    Returns
    -------
    DataFrame
        Row per segment and level: account_years, with_previous (of them, those that follow
        another) and previous_margin, the mean margin of these previous years (money).
    """
    needed = ("customer_id", "segment", "year", "relationship_level", "annual_margin")
    years = read_columns(years, {name: YEARS[name] for name in needed}, name="years")
    before = years[["customer_id", "year", "annual_margin"]].assign(year=years["year"] + 1)
    before = before.rename(columns={"annual_margin": "previous_margin"})
    both = years.merge(before, on=["customer_id", "year"], how="left")
    return (
        both.groupby(["segment", "relationship_level"], sort=False)
        .agg(
            account_years=("year", "size"),
            with_previous=("previous_margin", "count"),
            previous_margin=("previous_margin", "mean"),
        )
        .reset_index()
    )


def accounts_of(log: TransactionLog, contacts: pd.DataFrame, costs: UsableCosts) -> pd.DataFrame:
    """Return the customers of account years, whatever is known of them.

    Parameters
    ----------
    log
        The purchases.
    contacts
        customer_id and date of contacts.
    costs
        What `usable_costs` returns.

    Returns
    -------
    DataFrame
        customer_id, acquisition_date (of the table of customers; else the first purchase or
        contact), acquisition_cost (0) and segment (``"all"`` without segments).
    """
    bought = log.rows.group_by("customer_id").aggregate(date=log.rows.date.min()).to_pandas()
    events = pd.concat([bought, contacts[["customer_id", "date"]]])
    events = events.assign(date=pd.to_datetime(events["date"]))
    first = events.groupby(events["customer_id"].astype(str))["date"].min()
    if costs.customers is not None:
        given = costs.customers[costs.customers["is_known"]]
        known = given.set_index("customer_id")["acquisition_date"]
        first = known.reindex(known.index.union(first.index)).fillna(first)
    table = first.rename("acquisition_date").rename_axis("customer_id").reset_index()
    groups = costs.segments
    named = "all" if groups is None else table["customer_id"].map(groups).fillna(NOT_KNOWN)
    return table.assign(acquisition_cost=0.0, segment=named)


def checked_segments(years: pd.DataFrame) -> pd.DataFrame:
    """Return `segment_years`, refusing years of which none is complete.

    Raises
    ------
    DataError
        No account year is complete: the log is too short.
    """
    table = segment_years(years)
    if table.empty:
        raise DataError(
            f"retention needs a log of two years; none of {len(years):,} account years is complete."
        )
    return table


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

"""Survey answers joined to customers and relationship levels, and cut to what a day knows."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from relmark_research.errors import DataError, first_rows
from relmark_research.relationships._validate import check_columns
from relmark_research.tables.read_table import groups_by_customer, open_table, read_values
from relmark_research.tables.schemas import ANSWERS, CONTACTS, CUSTOMERS, NOT_KNOWN, Column, Schema
from relmark_research.units import Day, as_date


def with_customer(answers: pd.DataFrame, customers: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the answers with columns of the table of customers.

    Parameters
    ----------
    answers
        One row per answer, with customer_id.
    customers
        One row per customer, with customer_id and the columns.
    columns
        Columns to add.

    Raises
    ------
    DataError
        If a customer who answered is not in the table.
    """
    answers = open_table(answers, _answers("customer_id"))
    groups = [Column(name, "choice", "group of customers", required=True) for name in columns]
    by_id = open_table(customers, CUSTOMERS.with_columns(groups)).set_index("customer_id")
    ids = answers["customer_id"]
    unknown = ~ids.isin(by_id.index)
    if unknown.any():
        raise DataError(
            f"every answer needs a customer of the table; {unknown.sum():,} of {len(ids):,} have "
            f"none, first {first_rows(unknown, ids)}. Add these customers, or remove their answers."
        )
    return answers.assign(**{name: by_id[name].reindex(ids).to_numpy() for name in columns})


def with_groups(answers: pd.DataFrame, groups: pd.Series, *, name: str) -> pd.DataFrame:
    """Return the answers with the group of each customer, "not known" without one.

    Parameters
    ----------
    answers
        One row per answer, with customer_id.
    groups
        Group, such as the segment, by customer_id.
    name
        Name of the column to add.
    """
    answers = open_table(answers, _answers("customer_id"))
    found = groups_by_customer(groups).reindex(answers["customer_id"]).fillna(NOT_KNOWN)
    return answers.assign(**{name: found.to_numpy()})


def with_relationship_level(answers: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Return the answers with the relationship level of each customer on the day of the answer.

    Parameters
    ----------
    answers
        One row per answer, with customer_id and date.
    contacts
        One row per contact, with customer_id, date and relationship_level.

    Returns
    -------
    DataFrame
        ``answers`` with relationship_level, that of the last contact on or before the day of the
        answer; ``"not known"`` where there was none.
    """
    answers = open_table(answers, _answers("customer_id", "date"))
    columns = ["customer_id", "date", "relationship_level"]
    served = CONTACTS.relaxed().requiring(*columns)
    known = open_table(contacts, served)[columns]
    known = known[known["relationship_level"] != NOT_KNOWN]
    answered = pd.DataFrame(
        {
            "customer_id": answers["customer_id"].to_numpy(),
            "date": answers["date"].astype(known["date"].dtype).to_numpy(),
            "row": range(len(answers)),
        }
    )
    matched = pd.merge_asof(
        answered.sort_values("date", kind="stable"),
        known.sort_values("date", kind="stable"),
        on="date",
        by="customer_id",
    ).sort_values("row")
    level = matched["relationship_level"].fillna(NOT_KNOWN).to_numpy()
    return answers.assign(relationship_level=level)


def rows_until(table: pd.DataFrame, day: Day | None, *, window_days: int = 0) -> pd.DataFrame:
    """Return the rows dated ``window_days`` or more before the end of ``day``; None returns all.

    Raises
    ------
    DataError
        If no row is left.
    """
    if day is None:
        return table
    check_columns(table, "table", ["date"])
    last = pd.Timestamp(as_date(day)) - pd.Timedelta(days=window_days)
    found = table[_days(table) <= last].reset_index(drop=True)
    if found.empty:
        raise DataError(
            f"expected rows dated by {last:%Y-%m-%d}; found none of {len(table):,}. Choose a later "
            "day."
        )
    return found


def answers_until(
    answers: pd.DataFrame,
    day: Day | None,
    *,
    retained: str = "retained",
    follow_up_days: int = 365,
) -> pd.DataFrame:
    """Return the answers given by ``day``; retention is missing until its follow-up is over.

    Parameters
    ----------
    answers
        One row per answer, with date and ``retained``.
    day
        Last day to use; None returns all answers unchanged.
    retained
        Column that says whether the customer was retained.
    follow_up_days
        Days after an answer at which retention is known.
    """
    if day is None:
        return answers
    found = rows_until(answers, day)
    if retained not in found:
        return found
    end = _days(found) + pd.Timedelta(days=follow_up_days)
    return found.assign(**{retained: found[retained].where(end <= pd.Timestamp(as_date(day)))})


def _answers(*names: str) -> Schema:
    """Return the schema of answers with only these columns required; scores are the user's own."""
    own = [column for column in ANSWERS.relaxed().columns if column.type in ("id", "date")]
    return replace(ANSWERS, columns=tuple(own)).requiring(*names)


def _days(table: pd.DataFrame) -> pd.Series:
    days: pd.Series = read_values(table["date"], Column("date", "date", "a day", required=True))
    return days

"""Answers and other dated rows, as they stood on a day, with what is known of who gave them."""

from __future__ import annotations

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.relationships._validate import check_columns
from relmark_research.units import Day, as_date


def with_customer(answers: pd.DataFrame, customers: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the answers with columns of the table of customers.

    Raises
    ------
    DataError
        If a customer who answered is not in the table.
    """
    check_columns(answers, "answers", ["customer_id"])
    check_columns(customers, "customers", ["customer_id", *columns])
    by = customers.assign(customer_id=customers["customer_id"].astype(str))
    by = by.drop_duplicates("customer_id").set_index("customer_id")
    who = answers["customer_id"].astype(str)
    unknown = ~who.isin(by.index)
    if unknown.any():
        raise DataError(
            f"every answer needs a customer of the table; {unknown.sum():,} of {len(who):,} have "
            f"none, first {who[unknown].iloc[0]}. Add these customers, or leave their answers out."
        )
    return answers.assign(**{name: by[name].reindex(who).to_numpy() for name in columns})


def with_level(answers: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Return the answers with the level of relationship at which each customer was served then.

    The level is that of the last contact on or before the day of the answer; ``"not known"`` where
    there was none.
    """
    check_columns(answers, "answers", ["customer_id", "date"])
    check_columns(contacts, "contacts", ["customer_id", "date", "level"])
    known = contacts.dropna(subset=["level"])[["customer_id", "date", "level"]]
    known = known.assign(
        customer_id=known["customer_id"].astype(str), date=pd.to_datetime(known["date"])
    )
    asked = pd.DataFrame(
        {
            "customer_id": answers["customer_id"].astype(str).to_numpy(),
            "date": pd.to_datetime(answers["date"]).astype(known["date"].dtype).to_numpy(),
            "row": range(len(answers)),
        }
    )
    met = pd.merge_asof(
        asked.sort_values("date", kind="stable"),
        known.sort_values("date", kind="stable"),
        on="date",
        by="customer_id",
    ).sort_values("row")
    return answers.assign(level=met["level"].fillna("not known").to_numpy())


def until(table: pd.DataFrame, day: Day | None, *, days: int = 0) -> pd.DataFrame:
    """Return the rows whose ``date`` lay ``days`` or more before the end of ``day``; None: all.

    Raises
    ------
    DataError
        If none is left.
    """
    if day is None:
        return table
    check_columns(table, "table", ["date"])
    last = pd.Timestamp(as_date(day)) - pd.Timedelta(days=days)
    found = table[pd.to_datetime(table["date"]) <= last].reset_index(drop=True)
    if found.empty:
        raise DataError(
            f"expected rows dated by {last:%Y-%m-%d}; found none of {len(table):,}. Take a later "
            "day."
        )
    return found


def answers_until(
    answers: pd.DataFrame, day: Day | None, *, retained: str = "retained", year: int = 365
) -> pd.DataFrame:
    """Return the answers given by ``day``; who stayed is not known within a year of the answer."""
    if day is None:
        return answers
    found = until(answers, day)
    over = pd.to_datetime(found["date"]) + pd.Timedelta(days=year) <= pd.Timestamp(as_date(day))
    return found.assign(**{retained: found[retained].where(over)})

"""Answers with what is known of who gave them."""

from __future__ import annotations

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.relationships.checks import check_columns


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

"""The tables of a recipe against its log: their days and their customers.

A wrong date format or the wrong column of ids reads without an error, and no row of the table meets
the log. A run is refused where most rows of a table are dated outside the log's days, or where most
of its customers are not in the log and the table lacks most customers of the log too. A table of
more people than the log, or of a few of them, is no error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.errors import DataError

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.tables.read_table import Table

MAX_OUTSIDE_LOG = 0.5
"""Share of a table's rows, or of its customers, that may be outside the log by default."""

DAYS = {
    "customers": "acquisition_date",
    "contacts": "date",
    "events": "date",
    "prospects": "first_contact",
    "campaigns": "date",
    "answers": "date",
}
"""Column of days by schema, for the tables whose days and customers are those of the log."""

_PROFIT_TABLES = ("customers", "contacts")  # whose costs `profit_table` matches with the log too


@dataclass(frozen=True)
class LogMatch:
    """How the rows of a table match the log.

    Attributes
    ----------
    column
        The table's column of days.
    dated
        Number of rows with a day.
    outside
        Days outside the log's days, in the order of the rows.
    customers, unknown
        Customers of the table, and those that the log does not have.
    log_days
        First and last day of the log as it was read.
    log_customers
        Customers of the log.
    """

    column: str
    dated: int
    outside: pd.Series
    customers: pd.Index
    unknown: pd.Index
    log_days: tuple[date, date]
    log_customers: pd.Index

    def words(self) -> str:
        """Return what lies outside the log, or nothing."""
        parts = []
        if len(self.outside):
            parts.append(f"{len(self.outside) / self.dated:.1%} of {self.column} outside its days")
        if len(self.unknown):
            share = len(self.unknown) / len(self.customers)
            parts.append(f"{share:.1%} of the customers not in it")
        return f"of the log: {', '.join(parts)}" if parts else ""


def match_log(table: Table, log: TransactionLog, log_customers: pd.Index) -> LogMatch | None:
    """Return how a table matches a log; None where the table has none of the log's customers.

    Parameters
    ----------
    table
        A table of a recipe.
    log
        The log, whole.
    log_customers
        Its customers.
    """
    from relmark_research.economics.profitability.cost_rules import days_read

    column = DAYS.get(table.schema.name)
    if column is None:
        return None
    frame, ends = table.frame, days_read(log)
    days = frame[column].dropna() if column in frame else pd.Series(dtype="datetime64[us]")
    within = days.between(pd.Timestamp(ends[0]), pd.Timestamp(ends[1]))
    customers = pd.Index(frame["customer_id"].dropna().unique() if "customer_id" in frame else [])
    unknown = customers[~customers.isin(log_customers)]
    return LogMatch(column, len(days), days[~within], customers, unknown, ends, log_customers)


def check_tables_in_log(
    tables: Mapping[str, Table], log: TransactionLog, limits: Mapping[str, float]
) -> dict[str, LogMatch]:
    """Return how each table of a recipe matches the log.

    Parameters
    ----------
    tables
        The tables by their name in the recipe.
    log
        The log, whole.
    limits
        Share that may be outside the log by table, where the recipe declares one.

    Raises
    ------
    DataError
        A larger share of a table's days or customers is outside the log.
    """
    found: dict[str, LogMatch] = {}
    if not any(table.schema.name in DAYS for table in tables.values()):
        return found
    ids = pd.Index(log.rows.select("customer_id").distinct().to_pandas()["customer_id"])
    for name, table in tables.items():
        match = match_log(table, log, ids)
        if match is not None:
            limit = limits.get(name, MAX_OUTSIDE_LOG)
            _check_days(name, match, limit)
            _check_customers(name, match, limit)
            found[name] = match
    return found


def _check_days(name: str, match: LogMatch, limit: float) -> None:
    outside = match.outside
    if len(outside) <= limit * match.dated:
        return
    shown = ", ".join(f"{day:%Y-%m-%d}" for day in outside.head(3))
    first, last = match.log_days
    raise DataError(
        f"tables.{name}: expected {match.column} within the log's days ({first} to {last}); found "
        f"{len(outside):,} of {match.dated:,} rows outside, first: {shown}. Check the column and "
        f"its date_format. {_allowed(name)}"
    )


def _check_customers(name: str, match: LogMatch, limit: float) -> None:
    missed = len(match.log_customers) - (len(match.customers) - len(match.unknown))
    few = len(match.unknown) <= limit * len(match.customers)
    if few or missed <= limit * len(match.log_customers):
        return
    raise DataError(
        f"tables.{name}: expected customers of the log; found {len(match.unknown):,} of "
        f"{len(match.customers):,} ids that the log does not have. They are written like "
        f"{_shape(match.unknown)}, those of the log like {_shape(match.log_customers)} (A is a "
        "letter, 9 a digit). Check columns: customer_id of the table, and customer under data. "
        f"{_allowed(name)}"
    )


def _allowed(name: str) -> str:
    also = "; report 06 needs handling: {max_outside_log: 1} too" * (name in _PROFIT_TABLES)
    return f"If they are right, allow it: max_outside_log: 1 under tables.{name}{also}."


def _shape(ids: pd.Index) -> str:
    """Return the most frequent form of ids, which names no customer."""
    forms = pd.Series([re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", str(i))) for i in ids[:10_000]])
    return repr(str(forms.mode().iloc[0]))

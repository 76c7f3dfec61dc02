"""Customer costs other than the cost of goods: contacts, service, handling and acquisition.

Costs come in two tables: `contacts` (customer_id, date, cost[, kind]), one row per contact, and
`customers` (customer_id, acquisition_date, acquisition_cost), one row per customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import DataError, ParameterError, check_number, first_rows
from relmark_research.tables.read_table import open_table
from relmark_research.units import Horizon, Period

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

AT_ONCE = "at once"


@dataclass(frozen=True)
class CostRules:
    """Rules for costs that are in no table, and for the classification of contacts.

    Parameters
    ----------
    per_order, per_return
        Handling cost per order and per return, money, >= 0.
    fee_rate
        Fees as a share of revenue, in [0, 1).
    service
        Kinds of inbound contacts, charged to the item ``service``; all others are charged to
        ``contacts``.
    acquisition
        ``"at once"`` expenses the acquisition cost on the day; a length such as ``"24 months"``
        amortises it evenly over that time.
    max_outside_log
        Largest share of the contacts, and of the acquisition costs, that may be dated outside the
        days of the log, from 0 to 1; more is refused, since dates of another format look like that.
    """

    per_order: float = 0.0
    per_return: float = 0.0
    fee_rate: float = 0.0
    service: tuple[str, ...] = ("support",)
    acquisition: str = AT_ONCE
    max_outside_log: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "service", tuple(self.service))
        for name in ("per_order", "per_return"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ParameterError(
                    f"{name} must be money, 0 or more; found {getattr(self, name)!r}."
                )
        if not 0 <= self.fee_rate < 1:
            raise ParameterError(
                f"fee_rate must be a share of revenue in [0, 1), e.g. 0.02 for 2%; found "
                f"{self.fee_rate!r}."
            )
        check_number("max_outside_log", self.max_outside_log, low=0, high=1)
        if self.acquisition != AT_ONCE and Horizon.parse(self.acquisition).endless:
            raise ParameterError(
                "acquisition must be 'at once' or a length such as '24 months'; found "
                f"{self.acquisition!r}."
            )

    def _repr_html_(self) -> str:
        rows: dict[str, object] = dict(vars(self))
        rows["service"] = ", ".join(self.service)
        return html_table("Cost rules", rows)


def checked_contacts(contacts: Any) -> pd.DataFrame:
    """Return contacts by their schema: customer_id (text), date, cost, kind; rows renumbered."""
    table = open_table(contacts, "contacts").reset_index(drop=True)
    return table if "kind" in table else table.assign(kind="contact")


def checked_customers(customers: Any) -> pd.DataFrame:
    """Return customers by their schema, with acquisition_date and acquisition_cost, once each."""
    needs = ("acquisition_date", "acquisition_cost")
    return open_table(customers, "customers", needs=needs).reset_index(drop=True)


def check_days_in_log(
    costs: pd.DataFrame, column: str, log: TransactionLog, *, what: str, most: float
) -> None:
    """Raise DataError where more than a share of the costs is dated outside the log's days.

    The days are those of the whole log that was read, not of a window of it.

    Parameters
    ----------
    costs
        Costs with a column of days.
    column
        Name of that column.
    log
        The transactions.
    what
        The costs in words, for the message.
    most
        Share of the rows that may lie outside, from 0 to 1.
    """
    first, last = days_read(log)
    outside = costs[~costs[column].between(pd.Timestamp(first), pd.Timestamp(last))]
    if len(costs) and len(outside) > most * len(costs):
        shown = ", ".join(f"{day:%Y-%m-%d}" for day in outside[column].head(3))
        raise DataError(
            f"{len(outside):,} of {len(costs):,} {what} outside the log's days ({first} to "
            f"{last}), first: {shown}. Check the dates and their format. If they are right, allow "
            "it: CostRules(max_outside_log=1); in report 06, handling: {max_outside_log: 1}."
        )


def days_read(log: TransactionLog) -> tuple[date, date]:
    """Return first and last day of the log as it was read, before any window."""
    counts = log.counts
    if counts.first_day == date.min:
        return log.observed_from, log.observed_until
    return min(log.observed_from, counts.first_day), max(log.observed_until, counts.last_day)


def check_known_customers(
    costs: pd.DataFrame, known: pd.Index, *, money: str, table: str, advice: str
) -> None:
    """Raise DataError if costs belong to unknown customers."""
    wrong = ~costs["customer_id"].isin(known)
    unknown = costs[wrong]
    if len(unknown):
        raise DataError(
            f"every cost must belong to a known customer; {len(unknown):,} of {len(costs):,} rows "
            f"of {table} ({unknown[money].sum():,.2f} of {costs[money].sum():,.2f} in money) have "
            f"an unknown customer_id, first: {first_rows(wrong, costs['customer_id'])}. {advice}"
        )


def rows_in_log(table: pd.DataFrame, column: str, log: TransactionLog) -> pd.DataFrame:
    """Return the rows dated within the days of the log."""
    start, end = pd.Timestamp(log.observed_from), pd.Timestamp(log.observed_until)
    return table[table[column].between(start, end)]


def amortised_acquisition(
    customers: pd.DataFrame, rules: CostRules, periods: list[tuple[pd.Timestamp, pd.Timestamp]]
) -> pd.DataFrame:
    """Return the part of each acquisition cost that is charged to each period.

    Parameters
    ----------
    customers
        The table of `checked_customers`.
    rules
        The amortisation period.
    periods
        First and last day of each period.

    Returns
    -------
    DataFrame
        customer_id, period (its first day), acquisition (money, > 0).
    """
    start = customers["acquisition_date"]
    if rules.acquisition == AT_ONCE:
        end, length = start + pd.Timedelta(days=1), pd.Series(1.0, start.index)
    else:
        span = Horizon.parse(rules.acquisition)
        end = pd.Series([pd.Timestamp(span.end(day.date())) for day in start], start.index)
        length = (end - start).dt.days.astype(float)
    parts, day = [], pd.Timedelta(days=1)
    for first, last in periods:
        begin, close = start.where(start > first, first), end.where(end <= last, last + day)
        share = (close - begin).dt.days.clip(lower=0) / length
        part = customers.assign(period=first, acquisition=share * customers["acquisition_cost"])
        parts.append(part.loc[share > 0, ["customer_id", "period", "acquisition"]])
    return pd.concat(parts, ignore_index=True)


def cost_audit(
    log: TransactionLog,
    *,
    contacts: Any = None,
    customers: Any = None,
) -> pd.DataFrame:
    """Return the costs that `profit_table` includes and those outside the days of the log.

    Returns
    -------
    DataFrame
        check, rows, money, action.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost").until("2023-12-31")
    >>> audit = cost_audit(log, contacts=rm.load_sample("contacts"))
    >>> audit["action"].to_list()
    ['counted', 'left out: outside the days of the log']
    """
    found = []
    for name, table, day, money in (
        ("contacts", contacts, "date", "cost"),
        ("acquisition costs", customers, "acquisition_date", "acquisition_cost"),
    ):
        if table is None:
            continue
        table = checked_contacts(table) if name == "contacts" else checked_customers(table)
        inside = rows_in_log(table, day, log)
        out = table.drop(inside.index)
        found.append((name, len(inside), inside[money].sum(), "counted"))
        action = "left out: outside the days of the log"
        found.append((f"{name} at other times", len(out), out[money].sum(), action))
    return pd.DataFrame(found, columns=["check", "rows", "money", "action"])


def period_bounds(
    log: TransactionLog, period: Period | None
) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return first and last day of each period that the log touches; None is one period."""
    first, last = pd.Timestamp(log.observed_from), pd.Timestamp(log.observed_until)
    if period is None:
        return [(first, last)]
    spans = pd.period_range(first, last, freq=period.frequency)
    starts = spans.start_time
    return [
        (max(first, start), min(last, end.normalize()))
        for start, end in zip(starts, spans.end_time, strict=True)
    ]

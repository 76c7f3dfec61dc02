"""Customer costs other than the cost of goods: contacts, service, handling and acquisition.

Costs come in two tables: `contacts` (customer_id, date, cost[, kind]), one row per contact, and
`customers` (customer_id, acquisition_date, acquisition_cost), one row per customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.units import Horizon, Period

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """

    per_order: float = 0.0
    per_return: float = 0.0
    fee_rate: float = 0.0
    service: tuple[str, ...] = ("support",)
    acquisition: str = AT_ONCE

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
        if self.acquisition != AT_ONCE and Horizon.parse(self.acquisition).endless:
            raise ParameterError(
                "acquisition must be 'at once' or a length such as '24 months'; found "
                f"{self.acquisition!r}."
            )

    def _repr_html_(self) -> str:
        rows: dict[str, object] = dict(vars(self))
        rows["service"] = ", ".join(self.service)
        return html_table("Cost rules", rows)


def checked_contacts(contacts: pd.DataFrame) -> pd.DataFrame:
    """Return contacts as customer_id (text), date, cost, kind; raise DataError for invalid rows."""
    table = _with_columns(contacts, ("customer_id", "date", "cost"), "contacts")
    kind = table["kind"].astype(str) if "kind" in table else pd.Series("contact", table.index)
    table = table.assign(date=_days(table, "date", "contacts"), kind=kind)
    _check_money(table, "cost", "contacts")
    return table


def checked_customers(customers: pd.DataFrame) -> pd.DataFrame:
    """Return customers as customer_id (text), acquisition_date, acquisition_cost, once each."""
    names = ("customer_id", "acquisition_date", "acquisition_cost")
    table = _with_columns(customers, names, "customers")
    table = table.assign(acquisition_date=_days(table, "acquisition_date", "customers"))
    _check_money(table, "acquisition_cost", "customers")
    duplicates = table["customer_id"][table["customer_id"].duplicated()]
    if len(duplicates):
        raise DataError(
            f"customers must have one row per customer; {len(duplicates):,} ids are duplicated, "
            f"first: {_shown(duplicates)}. Sum their acquisition costs."
        )
    return table


def check_known_customers(
    costs: pd.DataFrame, known: pd.Index, *, money: str, table: str, advice: str
) -> None:
    """Raise DataError if costs belong to unknown customers."""
    unknown = costs[~costs["customer_id"].isin(known)]
    if len(unknown):
        raise DataError(
            f"every cost must belong to a known customer; {len(unknown):,} of {len(costs):,} rows "
            f"of {table} ({unknown[money].sum():,.2f} of {costs[money].sum():,.2f} in money) have "
            f"an unknown customer_id, first: {_shown(unknown['customer_id'].unique())}. {advice}"
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
    contacts: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
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


def _with_columns(table: pd.DataFrame, names: tuple[str, ...], what: str) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"{what} must be a DataFrame with the columns {', '.join(names)}; found "
            f"{type(table).__name__}."
        )
    for name in names:
        if name not in table.columns:
            raise DataError(f"{what}: {unknown_name('column', name, table.columns)}")
    blank = table["customer_id"].isna() | (table["customer_id"].astype(str).str.strip() == "")
    if blank.any():
        money = table.loc[blank, names[-1]].sum()
        raise DataError(
            f"every cost needs a customer_id; {int(blank.sum()):,} of {len(table):,} rows of "
            f"{what} have none ({money:,.2f} in money), first in row "
            f"{int(np.argmax(blank.to_numpy())) + 1:,}. Add the ids, or remove these rows and "
            "treat them as overheads."
        )
    return table.assign(customer_id=table["customer_id"].astype(str)).reset_index(drop=True)


def _days(table: pd.DataFrame, name: str, what: str) -> pd.Series:
    days = pd.to_datetime(table[name], errors="coerce").dt.normalize()
    if days.isna().any():
        bad = table.loc[days.isna(), name]
        raise DataError(
            f"{name} in {what} must be a day; {len(bad):,} rows cannot be read, first: "
            f"{_shown(bad)}. Write days as 2024-01-31."
        )
    return days


def _check_money(table: pd.DataFrame, name: str, what: str) -> None:
    money = pd.to_numeric(table[name], errors="coerce")
    for wrong, rule in (
        (~np.isfinite(money.fillna(np.nan)), "must be known"),
        (money < 0, "must be 0 or more"),
    ):
        if wrong.any():
            first = "; ".join(
                f"{who!r} {cost!r}"
                for who, cost in table.loc[wrong, ["customer_id", name]].head(3).to_numpy()
            )
            raise DataError(
                f"{name} in {what} {rule}; {int(wrong.sum()):,} of {len(table):,} rows break this, "
                f"first: {first}. Correct or remove them."
            )


def _shown(values: Iterable[object]) -> str:
    return ", ".join(repr(value) for value in list(values)[:3])

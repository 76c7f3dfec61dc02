"""Customer tenure and profit in a calibration period, and profit in the holdout after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.returns import exact_sum
from relmark_research.economics.profitability.cost_rules import (
    check_known_customers,
    checked_contacts,
    rows_in_log,
)
from relmark_research.errors import DataError, ParameterError
from relmark_research.units import DAYS_PER_YEAR, Day, as_date

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_MIN_DAYS = 91  # between first purchase and split


def holdout_profit(
    log: TransactionLog,
    *,
    at: Day | None = None,
    margin: float | None = None,
    contacts: pd.DataFrame | str | None = None,
) -> pd.DataFrame:
    """Return each customer's tenure and profit up to a split day, and profit in the holdout.

    Parameters
    ----------
    log
        Transactions; profit is value less cost.
    at
        Last day of the calibration period; two thirds of the log's length if None.
    margin
        Share of value that is profit, in (0, 1], for a log without cost.
    contacts
        Cost to serve, deducted from profit: columns customer_id, date, cost. None for no cost.

    Returns
    -------
    DataFrame
        One row per customer with a first purchase at least 91 days before the split, index
        customer_id: cohort (quarter of the first purchase), tenure (years from first to last
        purchase in the calibration period), calibration_profit and holdout_profit (money per
        year), active_in_holdout (whether there was a purchase in the holdout).

    Raises
    ------
    DataError
        If the log has neither cost nor margin, no customer is early enough, or a contact has no
        valid day, cost or customer.

    Examples
    --------
    >>> import relmark_research as rm
    >>> history = holdout_profit(rm.load_cdnow(), at="1997-09-30", margin=0.3)
    >>> len(history), round(float(history["active_in_holdout"].mean()), 3)
    (2357, 0.29)
    """
    log.require_value("a profit")
    if not log.has_cost and margin is None:
        raise DataError(
            "profit needs the cost of goods or a margin; found a log without cost. Read it with "
            "cost='your column', or set margin=0.3 for 30% of value."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(f"margin must be a share of value in (0, 1]; found {margin!r}.")
    split = _split_day(log, at)
    table = _profit_by_period(log, split, margin)
    for period, cost in _contact_costs(contacts, split, log, table.index).items():
        table[period] -= cost.reindex(table.index).fillna(0.0)
    table = table[table["first"] <= split - pd.Timedelta(days=_MIN_DAYS)]
    if table.empty:
        raise DataError(
            f"the split must be at least {_MIN_DAYS} days after some first purchases; found none "
            f"for {split:%Y-%m-%d}. Use a later split."
        )
    holdout_years = (pd.Timestamp(log.observed_until) - split).days / DAYS_PER_YEAR
    calibration_years = ((split - table["first"]).dt.days + 1) / DAYS_PER_YEAR
    return pd.DataFrame(
        {
            "cohort": table["first"].dt.to_period("Q").astype(str),
            "tenure": (table["last"] - table["first"]).dt.days / DAYS_PER_YEAR,
            "calibration_profit": table["calibration"] / calibration_years,
            "holdout_profit": table["holdout"] / holdout_years,
            "active_in_holdout": table["holdout_purchases"] > 0,
        },
        index=table.index,
    )


def _split_day(log: TransactionLog, at: Day | None) -> pd.Timestamp:
    first, last = log.observed_from, log.observed_until
    day = first + (last - first) * 2 // 3 if at is None else as_date(at, name="at")
    if not first < day < last:
        raise DataError(
            f"the split must be inside the log ({first} to {last}); found {day}. Use a day with "
            "several months before and after it."
        )
    return pd.Timestamp(day)


def _profit_by_period(
    log: TransactionLog, split: pd.Timestamp, margin: float | None
) -> pd.DataFrame:
    """Return first and last purchase and profit in each period, computed in the engine."""
    rows, day = log.rows, split.date()
    profit = rows.value if margin is not None else rows.value - rows.cost.fill_null(0)
    rows = rows.mutate(profit=profit, early=rows.date <= day)
    bought = rows.value > 0
    table = (
        rows.group_by("customer_id")
        .agg(
            first=rows.date.min(),
            last=rows.date.max(where=rows.early & bought),
            calibration=exact_sum(rows.early.ifelse(rows.profit, 0.0)),
            holdout=exact_sum(rows.early.ifelse(0.0, rows.profit)),
            holdout_purchases=(~rows.early & bought).cast("int64").sum(),
        )
        .to_pandas()
        .set_index("customer_id")
        .sort_index()
    )
    table[["first", "last"]] = table[["first", "last"]].apply(pd.to_datetime)
    table["last"] = table["last"].fillna(table["first"])
    periods = ("calibration", "holdout")
    table = table.fillna(dict.fromkeys(periods, 0.0)).astype(dict.fromkeys(periods, float))
    share = 1.0 if margin is None else margin
    return table.assign(**{name: table[name] * share for name in periods})


def _contact_costs(
    contacts: pd.DataFrame | str | None, split: pd.Timestamp, log: TransactionLog, known: pd.Index
) -> dict[str, pd.Series]:
    if contacts is None:
        return {}
    contacts = checked_contacts(contacts)
    check_known_customers(
        rows_in_log(contacts, "date", log),
        known,
        money="cost",
        table="contacts",
        advice="Remove contacts of people without a purchase: they are an acquisition cost.",
    )
    days, ids = contacts["date"], contacts["customer_id"]
    seen = days <= pd.Timestamp(as_date(log.observed_until))
    return {
        period: contacts["cost"][chosen & seen].groupby(ids[chosen & seen]).sum()
        for period, chosen in (("calibration", days <= split), ("holdout", days > split))
    }

"""What each customer had done by a day, and what came after: the data of the claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.economics.costs import checked_contacts, refuse_strangers, within
from relmark_research.economics.opened import opened
from relmark_research.errors import DataError, ParameterError
from relmark_research.units import DAYS_PER_YEAR, Day, as_date

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog

_SHORTEST = 91  # days before the split within which a newcomer has shown nothing yet


def before_and_after(
    log: TransactionLog,
    *,
    at: Day | None = None,
    margin: float | None = None,
    contacts: pd.DataFrame | str | None = None,
) -> pd.DataFrame:
    """Return each customer's tenure and profit by a day, and profit afterwards.

    Parameters
    ----------
    log
        Transactions; profit is value less cost.
    at
        The split, the last day of before; two thirds of the way if None.
    margin
        Share of value that is profit, in (0, 1], for a log without cost.
    contacts
        What serving cost: columns customer_id, date, cost; taken off the profit. None takes off
        nothing.

    Returns
    -------
    DataFrame
        Row per customer first seen at least 91 days before the split, index customer_id: cohort
        (quarter of the first purchase), tenure (years from first to last purchase, by the split),
        before and after (profit per year, of the days on each side), active_after (whether anything
        was bought after).

    Raises
    ------
    DataError
        Where the log has neither cost nor margin, nobody was seen early enough, or a contact has no
        day, no cost or no customer of the log.

    Examples
    --------
    >>> import relmark_research as rm
    >>> history = before_and_after(rm.load_cdnow(), at="1997-09-30", margin=0.3)
    >>> len(history), round(float(history["active_after"].mean()), 3)
    (2357, 0.29)
    """
    if not log.has_cost and margin is None:
        raise DataError(
            "profit needs the cost of what was sold, or a margin; found a log without cost. Read "
            "it with cost='your column', or say margin=0.3 for thirty percent of value."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(f"a margin is a share of value in (0, 1]; found {margin!r}.")
    split = _split_day(log, at)
    table = _sides(log, split, margin)
    for side, cost in _costs(contacts, split, log, table.index).items():
        table[side] -= cost.reindex(table.index).fillna(0.0)
    table = table[table["first"] <= split - pd.Timedelta(days=_SHORTEST)]
    if table.empty:
        raise DataError(f"nobody was seen {_SHORTEST} days before {split:%Y-%m-%d}; split later.")
    ahead = (pd.Timestamp(log.observed_until) - split).days / DAYS_PER_YEAR
    seen = ((split - table["first"]).dt.days + 1) / DAYS_PER_YEAR
    return pd.DataFrame(
        {
            "cohort": table["first"].dt.to_period("Q").astype(str),
            "tenure": (table["last"] - table["first"]).dt.days / DAYS_PER_YEAR,
            "before": table["before"] / seen,
            "after": table["after"] / ahead,
            "active_after": table["bought_after"] > 0,
        },
        index=table.index,
    )


def _split_day(log: TransactionLog, at: Day | None) -> pd.Timestamp:
    first, last = log.observed_from, log.observed_until
    day = first + (last - first) * 2 // 3 if at is None else as_date(at, name="at")
    if not first < day < last:
        raise DataError(
            f"the split must lie within the log ({first} to {last}); found {day}. "
            "Choose a day with some months before and after it."
        )
    return pd.Timestamp(day)


def _sides(log: TransactionLog, split: pd.Timestamp, margin: float | None) -> pd.DataFrame:
    """Return first and last purchase and profit on each side, computed in the engine."""
    rows, day = log.rows, split.date()
    profit = rows.value * margin if margin is not None else rows.value - rows.cost.fill_null(0)
    rows = rows.mutate(profit=profit, early=rows.date <= day)
    bought = rows.value > 0
    table = (
        rows.group_by("customer_id")
        .agg(
            first=rows.date.min(),
            last=rows.date.max(where=rows.early & bought),
            before=rows.profit.sum(where=rows.early),
            after=rows.profit.sum(where=~rows.early),
            bought_after=(~rows.early & bought).cast("int64").sum(),
        )
        .to_pandas()
        .set_index("customer_id")
        .sort_index()
    )
    table[["first", "last"]] = table[["first", "last"]].apply(pd.to_datetime)
    table["last"] = table["last"].fillna(table["first"])
    return table.fillna({"before": 0.0, "after": 0.0}).astype({"before": float, "after": float})


def _costs(
    contacts: pd.DataFrame | str | None, split: pd.Timestamp, log: TransactionLog, known: pd.Index
) -> dict[str, pd.Series]:
    if contacts is None:
        return {}
    contacts = checked_contacts(opened(contacts))
    refuse_strangers(
        within(contacts, "date", log),
        known,
        money="cost",
        table="contacts",
        advice="Take out contacts of people who never bought: they are a cost of acquisition.",
    )
    days = contacts["date"]
    seen = days <= pd.Timestamp(as_date(log.observed_until))
    ids = contacts["customer_id"]
    return {
        side: contacts["cost"][chosen & seen].groupby(ids[chosen & seen]).sum()
        for side, chosen in (("before", days <= split), ("after", days > split))
    }

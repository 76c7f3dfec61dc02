"""Backtest of action recommendations: advice as of an earlier day, compared with later results."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.economics.next_action.actions import ACTIONS, Actions
from relmark_research.economics.next_action.next_best_action import recommend
from relmark_research.economics.next_action.residual_value import FutureTerms
from relmark_research.economics.profitability import cost_rules
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import Day, as_date

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog


def advice_backtest(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame | None = None,
    at: Day | None = None,
    segments: pd.Series | None = None,
    purchases: type[PurchaseModel] | None = None,
    actions: Actions = Actions(),  # noqa: B008  (frozen)
    terms: FutureTerms = FutureTerms(),  # noqa: B008
    level: float = 0.95,
) -> pd.DataFrame:
    """Recommend actions as of an earlier day and compare predicted with actual residual value.

    The advice was not acted upon, so the actual values are those without any action. They are
    compared with the undiscounted residual value predicted for the remaining days of the log.

    Parameters
    ----------
    log, contacts, segments, purchases, actions, terms
        As for `recommend`.
    at
        Day of the advice; two thirds of the log's length if None.
    level
        Probability of the intervals of the actual means.

    Returns
    -------
    DataFrame
        One row per advised action: customers; expected, mean predicted residual value until the end
        of the log; actual, actual_low and actual_high, mean contribution less contact costs with
        its interval (money per customer); share_unprofitable, share of customers with an actual
        value below 0.
    """
    end = log.observed_until
    middle = log.observed_from + (end - log.observed_from) * 2 // 3
    day = middle if at is None else as_date(at, name="at")
    advise = partial(
        recommend, log.until(day), contacts=contacts, segments=segments, purchases=purchases,
        actions=actions,
    )  # fmt: skip
    advised = advise(terms=terms).table["action"]
    near = replace(terms, horizon=f"{(end - day).days} days", annual_discount_rate=0.0)
    predicted = advise(terms=near).table["residual_value"]
    actual = _actual_values(log, contacts, day).reindex(advised.index).fillna(0.0)
    table = pd.DataFrame({"action": advised, "expected": predicted, "actual": actual})
    rows = []
    for name in ACTIONS:
        part = table[table["action"] == name]
        if len(part):
            mean, sd = float(part["actual"].mean()), float(part["actual"].std() or 0.0)
            half_width = normal_quantile(level) * np.nan_to_num(sd) / np.sqrt(len(part))
            rows.append(
                {
                    "action": name,
                    "customers": len(part),
                    "expected": float(part["expected"].mean()),
                    "actual": mean,
                    "actual_low": mean - half_width,
                    "actual_high": mean + half_width,
                    "share_unprofitable": float((part["actual"] < 0).mean()),
                }
            )
    return pd.DataFrame(rows)


def _actual_values(log: TransactionLog, contacts: pd.DataFrame | None, day: Day) -> pd.Series:
    """Return contribution less contact costs after a day, by customer_id."""
    later = log.after(day)
    rows = later.to_pandas()
    contribution = (rows["value"] - rows["cost"]).groupby(rows["customer_id"]).sum()
    if contacts is None:
        return contribution
    costs = cost_rules.rows_in_log(cost_rules.checked_contacts(contacts), "date", later)
    return contribution.sub(costs.groupby("customer_id")["cost"].sum(), fill_value=0.0)

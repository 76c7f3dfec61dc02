"""Was the advice right? Give it as of an earlier day, and see what came after."""

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


def check_advice(
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
    """Advise as of an earlier day and compare with what customers then earned and cost.

    Nobody acted on that advice, so what came after is what "going on as now" brings: the residual
    value that was foretold, seen undiscounted over the days that are left.

    Parameters
    ----------
    log, contacts, segments, purchases, actions, terms
        As for `recommend`.
    at
        The day of the advice; None takes the day two thirds of the way through the log.
    level
        Probability of the intervals of the actual means.

    Returns
    -------
    DataFrame
        Row per action that was advised: customers; expected, residual value foretold per customer
        until the log's end; actual with actual_low and actual_high, what a customer earned less
        contacts, and the interval of that mean (money per customer); losing, share of them who cost
        more than they earned.
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
    foretold = advise(terms=near).table["residual_value"]
    actual = _earned(log, contacts, day).reindex(advised.index).fillna(0.0)
    table = pd.DataFrame({"action": advised, "expected": foretold, "actual": actual})
    rows = []
    for name in ACTIONS:
        part = table[table["action"] == name]
        if len(part):
            mean, sd = float(part["actual"].mean()), float(part["actual"].std() or 0.0)
            reach = normal_quantile(level) * np.nan_to_num(sd) / np.sqrt(len(part))
            rows.append(
                {
                    "action": name,
                    "customers": len(part),
                    "expected": float(part["expected"].mean()),
                    "actual": mean,
                    "actual_low": mean - reach,
                    "actual_high": mean + reach,
                    "losing": float((part["actual"] < 0).mean()),
                }
            )
    return pd.DataFrame(rows)


def _earned(log: TransactionLog, contacts: pd.DataFrame | None, day: Day) -> pd.Series:
    """Return what each customer earned after a day, less contacts, by customer_id."""
    later = log.after(day)
    rows = later.to_pandas()
    left = (rows["value"] - rows["cost"]).groupby(rows["customer_id"]).sum()
    if contacts is None:
        return left
    spent = cost_rules.within(cost_rules.checked_contacts(contacts), "date", later)
    return left.sub(spent.groupby("customer_id")["cost"].sum(), fill_value=0.0)

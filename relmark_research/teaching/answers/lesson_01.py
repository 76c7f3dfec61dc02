"""Lesson 1: is a sale an end or a beginning?"""

from functools import cache

import numpy as np
import pandas as pd

from relmark_research.customers.datasets import load_cdnow, load_sample
from relmark_research.customers.describe.base_profile import purchase_counts
from relmark_research.customers.log.transactions import read_transactions
from relmark_research.teaching.exercises import Exercise, Mistake


@cache
def _cumulative_profit() -> pd.DataFrame:
    """Return cumulative profit per customer by channel and month, for a full year."""
    acquired = load_sample("customers").set_index("customer_id")
    acquired = acquired[acquired["acquisition_date"] <= "2024-01-01"]
    log = read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    orders, contacts = log.to_pandas(), load_sample("contacts")
    orders["amount"] = orders["value"] - orders["cost"]
    contacts["amount"] = -contacts["cost"]
    flows = pd.concat([orders, contacts]).join(acquired, on="customer_id", how="inner")
    flows["month"] = np.ceil((flows["date"] - flows["acquisition_date"]).dt.days * 12 / 365)
    monthly = flows.pivot_table(index="month", columns="channel", values="amount", aggfunc="sum")
    channels = acquired.groupby("channel")["acquisition_cost"]
    return (monthly.cumsum() / channels.size() - channels.mean()).loc[:12]


def _payback_month() -> pd.Series:
    return (_cumulative_profit() >= 0).idxmax()


@cache
def _customers_with_at_least() -> list[int]:
    """Return the number of CDNOW customers with at least 0, 1, 2, 3 repeat purchases."""
    customers = purchase_counts(load_cdnow(), max_count=5)["customers"]
    return [int(customers[k:].sum()) for k in range(4)]


def _repeat_shares() -> list[float]:
    return [_customers_with_at_least()[k + 1] / _customers_with_at_least()[k] for k in range(3)]


def _shares_of_all() -> list[float]:
    return [_customers_with_at_least()[k] / _customers_with_at_least()[0] for k in (1, 2, 3)]


EXERCISES = (
    Exercise(
        key="1.1",
        answer=lambda: 4 / (1 - 3 / 4) - 12,
        mistakes=(
            Mistake(4 - 12, "That is the boss's sum: the first sale only. Who comes back?"),
            Mistake(
                4 * (1 + 3 / 4) - 12,
                "You let them come back once. What do those do who came back?",
            ),
            Mistake(4 / (1 - 3 / 4), "That is what the sales leave. What did the customer cost?"),
            Mistake(
                3 / (1 - 3 / 4) - 12,
                "Is the first sale among yours? It is made for certain, the next with a chance.",
            ),
        ),
        meaning="A loss on the first sale, and still a good customer.",
    ),
    Exercise(
        key="1.2",
        answer=_payback_month,
        tolerance=0.1,
        unit="months",
        mistakes=(
            Mistake(
                lambda: (_payback_month() - 1).clip(lower=0),
                "Those seem to be the last months with a loss. By which month is it made good?",
            ),
            Mistake(
                lambda: _payback_month() + 1,
                "All are one too late. Did you count the rows from 1? The first is month 0.",
            ),
        ),
        meaning="How long to wait before judging is part of the judgement: the deeper the start, "
        "the longer.",
    ),
    Exercise(
        key="1.3",
        answer=_repeat_shares,
        tolerance=0.005,
        unit="share",
        mistakes=(
            Mistake(
                _shares_of_all,
                "Those are shares of all customers. Of whom is each share asked?",
            ),
            Mistake(
                lambda: [1 - step for step in _repeat_shares()],
                "Those are the shares who did not come again.",
            ),
        ),
        meaning="One chance for every sale is too simple: each step is easier than the one before. "
        "The next exercise asks why.",
    ),
    Exercise(
        key="1.4",
        answer=lambda: {
            "third": (50 * 0.2**2 + 50 * 0.8**2) / (50 * 0.2 + 50 * 0.8),
            "proof": False,
        },
        tolerance=0.005,
        unit="share",
        mistakes=(
            Mistake(
                {"third": 0.5, "proof": False},
                "Half of the new ones are regulars. Is it still half among those who came twice?",
            ),
            Mistake(
                {"third": 0.34, "proof": False},
                "That is a share of all new customers. How many of them bought twice?",
            ),
            Mistake(
                {"third": 0.68, "proof": True},
                "The share is right. Did any customer's chance change in this shop?",
            ),
        ),
        meaning="Nobody became more loyal; the passers-by dropped out. A voucher brings passers-by "
        "to a second purchase and leaves them passers-by. What would show more: vouchers given "
        "by lot, and the two groups compared.",
    ),
)

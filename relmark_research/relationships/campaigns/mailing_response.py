"""Response measured in campaigns, arm by arm, and what an added response is worth.

A response rate r is counted. What a contact adds is r - r_0, with r_0 the rate of a control group
that was not contacted. With the cost c of a contact and the contribution m of a response, a contact
gains m (r - r_0) - c; P(gain) is that of a normal distribution of r - r_0. Without a control group
the response is counted, and nothing is known of what the contacts added.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from relmark_research.customers.describe.mailing_cells import break_even_response
from relmark_research.customers.describe.rfm import rfm_scores
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import DataError
from relmark_research.relationships.campaigns.campaign_design import campaign_size
from relmark_research.stats.intervals import wilson_interval
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import CAMPAIGNS

ALL = "all"
"""The campaign, and the arm, of a table without such a column."""
FORMATS = {
    **{f"{name}{end}": "share" for name in ("response", "uplift") for end in ("", "_low", "_high")},
    **dict.fromkeys(("control_response", "probability_gain"), "share"),
    **dict.fromkeys(("cost", "gain", "gain_low", "gain_high"), "money"),
    "per_group": "count",
}
"""Display format of the columns of `mailing_response`."""


def read_responses(campaigns: Any) -> pd.DataFrame:
    """Return a table of campaigns of which only customer_id and responded are required.

    Returns
    -------
    DataFrame
        campaign_id, arm (``"all"`` where the table has no such column), customer_id, responded (1
        or 0), and the table's other columns.
    """
    schema = CAMPAIGNS.relaxed().requiring("customer_id", "responded")
    table = open_table(campaigns, schema).reset_index(drop=True)
    missing = {name: ALL for name in ("campaign_id", "arm") if name not in table}
    return table.assign(**missing)


def mailing_response(
    campaigns: Any,
    *,
    cost_per_contact: float,
    contribution_per_response: float,
    control: str = "control",
) -> pd.DataFrame:
    """Return the response of each arm, and what it adds to that of the control group.

    Parameters
    ----------
    campaigns
        Row per customer and campaign: customer_id and responded (1 or 0); campaign_id, arm and
        cost (of the contact, money) where they are known.
    cost_per_contact
        Money per contact, > 0, where the table has no cost.
    contribution_per_response
        Money per response before the cost of contacts, > 0.
    control
        Name of the arm that was not contacted.

    Returns
    -------
    DataFrame
        Row per campaign and arm, without the control: campaign_id, arm, customers, responses,
        response (rate); control_customers; uplift (difference of the rates, Newcombe's interval);
        cost (money per contact); gain (money per contact), probability_gain; per_group, customers
        per group of a test that would detect the break-even uplift with a power of 80%. Rates and
        gain have their 95% ends _low and _high. Without a control group what needs one is missing.

    Raises
    ------
    DataError
        If the table has no contacted customers.
    """
    break_even_response(
        cost_per_contact=cost_per_contact, contribution_per_response=contribution_per_response
    )
    table = read_responses(campaigns)
    table = table.dropna(subset=["responded"])
    rows = []
    for campaign, customers in table.groupby("campaign_id", sort=False):
        known = customers[customers["arm"] == control]
        for arm, own in customers[customers["arm"] != control].groupby("arm", sort=False):
            cost = _mean_cost(own, known, cost_per_contact)
            row = {"campaign_id": campaign, "arm": arm, **_rates(own, known)}
            rows.append(row | _gain(row, cost, contribution_per_response))
    if not rows:
        raise DataError(
            f"a response needs contacted customers; found {len(table):,} rows, all of the arm "
            f"{control!r}. Name the control group: control=..."
        )
    return pd.DataFrame(rows)


def balance_p_value(campaigns: Any, log: TransactionLog, *, control: str = "control") -> float:
    """Test random assignment: do arms and control group differ in earlier purchases?

    Parameters
    ----------
    campaigns
        As for `mailing_response`, with a date (of the campaign) or pre_value.
    log
        Transactions from before the campaigns.
    control
        Name of the arm that was not contacted.

    Returns
    -------
    float
        The smallest p-value of Welch's tests of frequency and recency on the day before each
        campaign and of pre_value, times the number of tests; NaN where none can be made.
    """
    from scipy.stats import ttest_ind

    table, found = read_responses(campaigns), []
    for _, customers in table.groupby("campaign_id", sort=False):
        before = _before(customers, log)
        own = (customers["arm"] == control).to_numpy()
        for name in before:
            parts = [before[name][mask].dropna() for mask in (own, ~own)]
            if min(map(len, parts)) > 1 and before[name].max() > before[name].min():
                found.append(float(ttest_ind(*parts, equal_var=False).pvalue))
    known = [p for p in found if np.isfinite(p)]
    return min(1.0, min(known) * len(known)) if known else float("nan")


def _before(customers: pd.DataFrame, log: TransactionLog) -> pd.DataFrame:
    """Return measures from before a campaign, by row of its customers."""
    measures = pd.DataFrame(index=customers.index)
    if "pre_value" in customers:
        measures["pre_value"] = customers["pre_value"]
    day = customers["date"].min() if "date" in customers else pd.NaT
    first, last = pd.Timestamp(log.observed_from), pd.Timestamp(log.observed_until)
    if pd.isna(day) or not first < day <= last:
        return measures
    earlier = log.until((day - pd.Timedelta(days=1)).date())
    scores = rfm_scores(earlier)[["recency", "frequency"]].reindex(customers["customer_id"])
    frequency = np.log1p(scores["frequency"].fillna(0.0).to_numpy(float))
    return measures.assign(frequency=frequency, recency=scores["recency"].to_numpy(float))


def _mean_cost(own: pd.DataFrame, control: pd.DataFrame, default: float) -> float:
    """Return the cost of a contact, above that of the control group; a default if unknown."""
    if "cost" not in own or own["cost"].isna().all():
        return default
    paid = float(own["cost"].mean())
    return paid - (float(control["cost"].mean()) if len(control) else 0.0)


def _rates(own: pd.DataFrame, control: pd.DataFrame) -> dict[str, float]:
    """Return the response of an arm and of its control group, and their difference."""
    counts = [(int(part["responded"].sum()), len(part)) for part in (own, control)]
    (x, n), (x0, n0) = counts
    low, high = map(float, wilson_interval(x, n))
    row = {"customers": n, "responses": x, "response": x / n, "response_low": low,
           "response_high": high, "control_customers": n0, "control_response": np.nan,
           "uplift": np.nan, "uplift_low": np.nan, "uplift_high": np.nan}  # fmt: skip
    if not n0:
        return row
    low0, high0 = map(float, wilson_interval(x0, n0))
    rate, rate0 = x / n, x0 / n0
    row |= {"control_response": rate0, "uplift": rate - rate0}
    row["uplift_low"] = rate - rate0 - np.hypot(rate - low, high0 - rate0)
    row["uplift_high"] = rate - rate0 + np.hypot(high - rate, rate0 - low0)
    return row


def _gain(row: dict[str, Any], cost: float, contribution: float) -> dict[str, float]:
    """Return cost, gain per contact, its probability, and the size of a test that settles it."""
    ends = {
        f"gain{end}": contribution * row[f"uplift{end}"] - cost for end in ("", "_low", "_high")
    }
    gained = {"cost": cost, **ends, "probability_gain": np.nan, "per_group": np.nan}
    if not row["control_customers"]:
        return gained
    smoothed = [
        (successes + 0.5, trials + 1)
        for successes, trials in (
            (row["responses"], row["customers"]),
            (row["control_response"] * row["control_customers"], row["control_customers"]),
        )
    ]
    variance = sum(x / n * (1 - x / n) / n for x, n in smoothed)
    z = (row["uplift"] - cost / contribution) / np.sqrt(variance)
    gained["probability_gain"] = float(ndtr(z))
    gained["per_group"] = size_of_test(row["control_response"], cost / contribution)
    return gained


def size_of_test(response: float, uplift: float) -> float:
    """Return the customers per group that detect an uplift with a power of 80%; NaN if none can.

    Examples
    --------
    >>> size_of_test(0.10, 0.03), size_of_test(0.10, 0.95)
    (1769.0, nan)
    """
    response = max(response, 1e-4)
    if not (uplift > 0 and 0 < response < 1 and response + uplift < 1):
        return float("nan")
    return float(campaign_size(response, uplift)["per_arm"].iloc[0])

"""Simulated campaigns with a control group; their extra orders are in the transactions.

A campaign addresses open accounts, some of which are already inactive. For an active customer, an
arm causes an extra order in the window with a probability that depends on the segment and on the
time since the last order: it is lowest soon after an order and after a long time without one.
"""

import numpy as np
import pandas as pd

from relmark_research.simulation.accounts import YEAR
from relmark_research.simulation.firm import CampaignTruth, Truth
from relmark_research.simulation.ledger import draw_category


def run_campaigns(
    orders: pd.DataFrame,
    years: pd.DataFrame,
    people: pd.DataFrame,
    truth: Truth,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the campaign contacts, and ``orders`` with the extra ones.

    Columns of the first: campaign (position in the parameters), person, day, arm (name), cost,
    extra_order_probability (that the arm causes an order in the window).
    """
    addressed = []
    for position, campaign in enumerate(truth.campaigns):
        targets = _targets(campaign, orders, years, people, truth, rng)
        extra = rng.random(len(targets)) < targets["arm_probability"]
        delay = 1 + np.floor(rng.random(len(targets)) * truth.campaign_window).astype(int)
        bought = targets.assign(day=targets["day"] + delay)[extra]
        bought = bought[bought["day"] < bought["until"]]
        orders = pd.concat([orders, bought[["person", "day"]]], ignore_index=True)
        addressed.append(targets.assign(campaign=position))
    return pd.concat(addressed, ignore_index=True), orders


def _targets(
    campaign: CampaignTruth,
    orders: pd.DataFrame,
    years: pd.DataFrame,
    people: pd.DataFrame,
    truth: Truth,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a random sample of the eligible accounts, with their arms."""
    day = truth.day(campaign.day)
    segment, acquired = people["segment"].to_numpy(), people["acquired"].to_numpy()
    last = orders[orders["day"] < day].groupby("person")["day"].max()
    account = years[(years["start"] < day) & (day < years["start"] + YEAR)]
    account = account[account["person"].isin(last.index)]
    quiet = day - last.loc[account["person"]].to_numpy()
    named = np.isin(np.array(truth.segment_names)[segment[account["person"]]], campaign.segments)
    eligible = (
        named
        & (quiet >= campaign.quiet_days)
        & (acquired[account["person"]] <= day - truth.campaign_youngest)
    )
    chosen = account.assign(quiet=quiet)[eligible]
    sampled = np.sort(rng.choice(len(chosen), min(campaign.size, len(chosen)), replace=False))
    chosen = chosen.iloc[sampled].assign(day=day)
    return _with_arms(chosen, segment[chosen["person"]], campaign, truth, rng)


def _with_arms(
    chosen: pd.DataFrame,
    segment: np.ndarray,
    campaign: CampaignTruth,
    truth: Truth,
    rng: np.random.Generator,
) -> pd.DataFrame:
    shares = np.array([arm.share for arm in campaign.arms])
    arm = draw_category(np.tile(shares, (len(chosen), 1)), rng)
    probability = np.array([one.extra_order for one in campaign.arms])[arm, segment]
    step = np.searchsorted(truth.recency_steps, chosen["quiet"], side="right")
    probability = probability * np.array(truth.recency_multipliers)[step]
    active_share = (chosen["until"] - chosen["day"] - 1).to_numpy() / truth.campaign_window
    return pd.DataFrame(
        {
            "person": chosen["person"].to_numpy(),
            "day": chosen["day"].to_numpy(),
            "until": chosen["until"].to_numpy(),
            "arm": np.array([one.name for one in campaign.arms])[arm],
            "cost": np.array([one.cost for one in campaign.arms])[arm],
            "arm_probability": probability,
            "extra_order_probability": probability * np.clip(active_share, 0, 1),
        }
    )


def campaigns_table(
    addressed: pd.DataFrame, lines: pd.DataFrame, people: pd.DataFrame, truth: Truth
) -> pd.DataFrame:
    """Return the table of campaigns as the CRM holds it, without netting returns.

    `value_in_window` and `responded` refer to the days after the campaign, `pre_value` to those
    before; the campaign's own day is in neither.
    """
    first = addressed["day"] + 1
    value, orders = _within(lines, addressed, first, first + truth.campaign_window)
    before, _ = _within(lines, addressed, first - 1 - truth.campaign_pre_period, first - 1)
    names = np.array([campaign.campaign_id for campaign in truth.campaigns])
    return pd.DataFrame(
        {
            "campaign_id": names[addressed["campaign"]],
            "date": truth.dates(addressed["day"]),
            "customer_id": people["customer_id"]
            .to_numpy(dtype=object)[addressed["person"]]
            .astype(str),
            "arm": addressed["arm"].to_numpy(),
            "cost": addressed["cost"].to_numpy(),
            "responded": (orders > 0).astype(int),
            "value_in_window": np.round(value, 2),
            "pre_value": np.round(before, 2),
        }
    )


def _within(
    lines: pd.DataFrame, addressed: pd.DataFrame, start: pd.Series, end: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    """Return value and number of orders of each person addressed, start <= day < end."""
    window = pd.DataFrame({"person": addressed["person"], "start": start, "end": end})
    window["row"] = np.arange(len(window))
    matched = window.merge(lines[["person", "day", "value"]], on="person")
    inside = (matched["day"] >= matched["start"]) & (matched["day"] < matched["end"])
    by_row = matched[inside].groupby("row")["value"].agg(["sum", "count"])
    found = by_row.reindex(window["row"], fill_value=0)
    return found["sum"].to_numpy(), found["count"].to_numpy()

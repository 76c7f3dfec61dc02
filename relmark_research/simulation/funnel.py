"""Simulated prospects: the dates of their funnel stages, observed during a window.

A prospect is contacted, qualified, given an offer, and won, or stops before; the CRM has no date of
stopping. Prospects still in the funnel on the last day are censored.
"""

import numpy as np
import pandas as pd

from relmark_research.simulation.firm import ChannelTruth, FunnelTruth, Truth

STAGES = ("contacted", "qualified", "offer", "won")
JITTER = 20  # days by which first contacts of the other prospects differ from the winner's


def prospects_table(people: pd.DataFrame, truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Return the prospects first contacted since the funnel is recorded, with their stages."""
    parts = []
    for position, channel in enumerate(truth.channels):
        if channel.funnel is not None:
            won = people[people["channel"] == position]
            parts.append(_channel_prospects(channel, channel.funnel, won, truth, rng))
    found = pd.concat(parts, ignore_index=True)
    inside = (found["first_contact"] >= truth.day(truth.funnel_since)) & (
        found["first_contact"] < truth.days
    )
    found = found[inside].sort_values("first_contact", kind="stable", ignore_index=True)
    return _observed_table(found, truth)


def _channel_prospects(
    channel: ChannelTruth,
    funnel: FunnelTruth,
    won: pd.DataFrame,
    truth: Truth,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the prospects who are won, dated back from their first order, and the others.

    The number of others per winner is geometric, so that each prospect's probability of being won
    is the win rate.
    """
    steps = _delays(funnel, len(won), rng)
    first_contact = won["acquired"].to_numpy() - steps.sum(axis=1)
    others = rng.geometric(funnel.win_rate, len(won)) - 1
    not_won = np.repeat(first_contact, others)
    not_won = not_won + rng.integers(-JITTER, JITTER + 1, len(not_won))
    reached = np.concatenate([np.full(len(won), 4), _stages_reached(funnel, len(not_won), rng)])
    first_contact = np.concatenate([first_contact, not_won])
    days = first_contact[:, None] + np.cumsum(
        np.vstack([steps, _delays(funnel, len(not_won), rng)]), axis=1
    )
    table = pd.DataFrame(
        np.where(np.arange(4) < reached[:, None], days, np.nan), columns=list(STAGES)
    )
    ids = np.concatenate([won["customer_id"].to_numpy(dtype=object), np.full(len(not_won), None)])
    table.insert(0, "first_contact", first_contact)
    unit = np.array(funnel.costs) * rng.gamma(
        truth.cost_shape, 1 / truth.cost_shape, (len(table), 1)
    )
    return table.assign(source=channel.name, customer_id=ids, **_costs(unit))


def _costs(unit: np.ndarray) -> dict[str, np.ndarray]:
    """Return the cost of each stage, incurred when it is reached."""
    return {f"cost_{stage}": unit[:, position] for position, stage in enumerate(STAGES)}


def _delays(funnel: FunnelTruth, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return whole days between the stages, shape (n, 4), Gamma with shape 2 and given means."""
    mean = np.array(funnel.days, dtype=float)
    return np.rint(rng.gamma(2.0, mean / 2, (n, 4))).astype(int)


def _stages_reached(funnel: FunnelTruth, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the number of stages reached by prospects that are not won."""
    proceed = np.array(funnel.chances)
    stop = np.concatenate([[1.0], np.cumprod(proceed)[:-1]]) * (1 - proceed)
    return rng.choice(4, n, p=stop / stop.sum())


def _observed_table(found: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table as of the last day; later dates are missing."""
    table = pd.DataFrame({"prospect_id": [f"P{number:05d}" for number in range(1, len(found) + 1)]})
    table["first_contact"] = truth.dates(found["first_contact"])
    table["source"] = found["source"]
    cost = np.zeros(len(found))
    for stage in STAGES:
        seen = found[stage] < truth.days
        table[stage] = truth.dates(found[stage].where(seen))
        cost += found[f"cost_{stage}"].where(seen, 0.0).to_numpy()
    table["cost"] = np.round(cost, 2)
    table["customer_id"] = found["customer_id"].where(table["won"].notna())
    return table

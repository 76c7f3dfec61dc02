"""Prospects on their way to a first order, seen from one day to another.

A prospect is contacted, qualified, given an offer, won - or stops before, of which the CRM keeps
no date. Those still on their way on the last day are censored, not lost.
"""

import numpy as np
import pandas as pd

from relmark_research.simulation.firm import ChannelTruth, FunnelTruth, Truth

STAGES = ("contacted", "qualified", "offer", "won")
JITTER = 20  # days by which the others that came about the same time differ


def prospects_table(people: pd.DataFrame, truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Return the prospects first met since the funnel is kept, with the days of their stages."""
    parts = []
    for position, channel in enumerate(truth.channels):
        if channel.funnel is not None:
            won = people[people["channel"] == position]
            parts.append(_channel_prospects(channel, channel.funnel, won, truth, rng))
    found = pd.concat(parts, ignore_index=True)
    inside = (found["met"] >= truth.day(truth.funnel_since)) & (found["met"] < truth.days)
    found = found[inside].sort_values("met", kind="stable", ignore_index=True)
    return _as_seen(found, truth)


def _channel_prospects(
    channel: ChannelTruth,
    funnel: FunnelTruth,
    won: pd.DataFrame,
    truth: Truth,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the winners, walked back from their first order, and those met with them.

    The number of others per winner is geometric, so that each prospect's chance is the win rate.
    """
    steps = _delays(funnel, len(won), rng)
    met = won["acquired"].to_numpy() - steps.sum(axis=1)
    others = rng.geometric(funnel.win_rate, len(won)) - 1
    beside = np.repeat(met, others)
    beside = beside + rng.integers(-JITTER, JITTER + 1, len(beside))
    reached = np.concatenate([np.full(len(won), 4), _stops(funnel, len(beside), rng)])
    met = np.concatenate([met, beside])
    days = met[:, None] + np.cumsum(np.vstack([steps, _delays(funnel, len(beside), rng)]), axis=1)
    table = pd.DataFrame(
        np.where(np.arange(4) < reached[:, None], days, np.nan), columns=list(STAGES)
    )
    ids = np.concatenate([won["customer_id"].to_numpy(dtype=object), np.full(len(beside), None)])
    table.insert(0, "met", met)
    unit = np.array(funnel.costs) * rng.gamma(
        truth.cost_shape, 1 / truth.cost_shape, (len(table), 1)
    )
    return table.assign(source=channel.name, customer_id=ids, **_costs(unit))


def _costs(unit: np.ndarray) -> dict[str, np.ndarray]:
    """Return the cost of each stage, to be paid when it is reached."""
    return {f"cost_{stage}": unit[:, position] for position, stage in enumerate(STAGES)}


def _delays(funnel: FunnelTruth, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return whole days between the stages, shape (n, 4), Gamma(2) around their means."""
    mean = np.array(funnel.days, dtype=float)
    return np.rint(rng.gamma(2.0, mean / 2, (n, 4))).astype(int)


def _stops(funnel: FunnelTruth, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the number of stages reached by prospects that are not won."""
    chances = np.array(funnel.chances)
    stop = np.concatenate([[1.0], np.cumprod(chances)[:-1]]) * (1 - chances)
    return rng.choice(4, n, p=stop / stop.sum())


def _as_seen(found: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table as it stands on the last day: what comes later is empty."""
    table = pd.DataFrame({"prospect_id": [f"P{number:05d}" for number in range(1, len(found) + 1)]})
    table["first_contact"] = truth.dates(found["met"])
    table["source"] = found["source"]
    cost = np.zeros(len(found))
    for stage in STAGES:
        seen = found[stage] < truth.days
        table[stage] = truth.dates(found[stage].where(seen))
        cost += found[f"cost_{stage}"].where(seen, 0.0).to_numpy()
    table["cost"] = np.round(cost, 2)
    table["customer_id"] = found["customer_id"].where(table["won"].notna())
    return table

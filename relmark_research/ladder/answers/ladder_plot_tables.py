"""The tables behind the pictures of a ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError, unknown_name
from relmark_research.ladder.history.periods import label_of
from relmark_research.stats.intervals import percentile_interval, wilson_interval

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate
    from relmark_research.ladder.history.ladder_history import LadderHistory


def rung_table(estimate: TransitionEstimate) -> pd.DataFrame:
    """Return per state: rung, height (beside the ladder below 0), people now, stay, climb, fall.

    Parameters
    ----------
    estimate
        Made from a history.

    Returns
    -------
    DataFrame
        Highest first; stay, climb and fall are chances of a period and sum to 1.
    """
    if estimate.history is None:
        raise LadderError("to say who stands where the estimate needs a history, not counts.")
    height, P = estimate.rank, estimate.probabilities
    up = height[None, :] > height[:, None]
    table = pd.DataFrame(
        {
            "rung": estimate.states,
            "height": height,
            "people": estimate.history.latest().to_numpy(),
            "stay": np.diag(P),
            "climb": (P * up).sum(axis=1),
            "fall": (P * up.T).sum(axis=1),
        }
    )
    return table.sort_values("height", ascending=False, ignore_index=True)


def flow_table(estimate: TransitionEstimate) -> pd.DataFrame:
    """Return every move that was seen: origin, destination, direction, moves, per_period, probability.

    Returns
    -------
    DataFrame
        Stays included; moves in all periods, per_period their mean, the most frequent first.
    """  # noqa: E501
    i, j = np.nonzero(estimate.moves)
    periods = 1
    if estimate.history is not None:
        periods = max(1, estimate.history.last_period - estimate.history.first_period)
    states, height = np.array(estimate.states, object), estimate.rank
    direction = np.array(["fall", "stay", "climb"], object)[np.sign(height[j] - height[i]) + 1]
    table = pd.DataFrame(
        {
            "origin": states[i], "destination": states[j], "direction": direction,
            "moves": estimate.moves[i, j], "per_period": estimate.moves[i, j] / periods,
            "probability": estimate.probabilities[i, j],
        }
    )  # fmt: skip
    return table.sort_values("moves", ascending=False, kind="stable", ignore_index=True)


def cohort_moves(history: LadderHistory) -> pd.DataFrame:
    """Return which share of each cohort climbed and fell, by time since it was first seen.

    Returns
    -------
    DataFrame
        cohort (the period in which people were first seen), age (periods since), departures,
        climb, climb_low, climb_high, fall, fall_low, fall_high: shares of the departures of that
        age with Wilson's 95% interval. What is not observed yet is not there.
    """
    moves, height = history.source.entries(), history.rank
    change = height[moves["destination"].to_numpy(int)] - height[moves["origin"].to_numpy(int)]
    n = moves["n"].to_numpy(float)
    counted = moves.assign(age=moves["period"] - moves["entered"], climb=n * (change > 0),
                           fall=n * (change < 0), departures=n)  # fmt: skip
    keys = ["entered", "age"]
    table = counted.groupby(keys)[["departures", "climb", "fall"]].sum().reset_index()
    total = table["departures"].to_numpy()
    for name in ("climb", "fall"):
        low, high = wilson_interval(table[name].to_numpy(), total, 0.95)
        table[name] = table[name] / total
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    cohort = [label_of(int(entered), history.period) for entered in table["entered"]]
    table.insert(0, "cohort", cohort)
    return table.drop(columns="entered")


def way_table(
    estimate: TransitionEstimate, start: str, target: str, *, level: float = 0.95
) -> pd.DataFrame:
    """Return who has got from one rung to another in time: as counted, and as the matrix has it.

    Parameters
    ----------
    estimate
        Made from a history.
    start, target
        Rungs; the clock starts in a person's first period on ``start``.
    level
        Probability of each interval.

    Returns
    -------
    DataFrame
        periods; at_risk; observed, observed_low, observed_high: 1 - S(t), S(t) = product of
        (1 - d/n) (Kaplan and Meier 1958), intervals by the logarithm of the cumulative hazard
        (Greenwood); expected, expected_low, expected_high by the matrix. Whose data end before
        they are there is censored then, not counted as somebody who never arrives.
    """
    from relmark_research.ladder.estimation import markov

    if estimate.history is None:
        raise LadderError("to follow people from rung to rung the estimate needs a history.")
    a, b = estimate.place(start), estimate.place(target)
    if a == b:
        raise LadderError(f"the way must lead to another rung than it starts on; both are {start}.")
    waited = estimate.history.source.firsts(a, b)
    if waited.empty:
        raise LadderError(unknown_name("rung that anybody set out from", start, estimate.states))
    table = _kaplan_meier(waited, level)
    last = int(table["periods"].max())
    P, drawn = estimate.whole("the way to a rung"), np.nan_to_num(estimate.drawn)
    path, draws = (markov.reaching(matrix, b, last)[..., a] for matrix in (P, drawn))
    low, high = percentile_interval(draws.T, level)
    at = table["periods"].to_numpy(int)
    return table.assign(expected=path[at], expected_low=low[at], expected_high=high[at])


def _kaplan_meier(waited: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy import stats

    last = int(waited["duration"].max())
    ended = waited.pivot_table(index="duration", columns="reached", values="n", aggfunc="sum")
    ended = ended.reindex(index=range(last + 1), columns=[False, True]).fillna(0)
    left = ended.sum(axis=1)
    at_risk = (left.sum() - left.cumsum().shift(1, fill_value=0)).to_numpy(float)
    arrived = ended[True].to_numpy(float)
    survival = np.cumprod(1 - arrived / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(arrived / (at_risk * np.maximum(at_risk - arrived, 1e-9)))
        spread = stats.norm.ppf((1 + level) / 2) * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = (1 - survival ** np.exp(sign * spread) for sign in (-1, 1))
    whole = (survival < 1) & (survival > 0)
    table = pd.DataFrame(
        {
            "periods": np.arange(last + 1), "at_risk": at_risk, "observed": 1 - survival,
            "observed_low": np.where(whole, low, 1 - survival),
            "observed_high": np.where(whole, high, 1 - survival),
        }
    )  # fmt: skip
    return table[table["at_risk"] >= 10]


def by_height(table: pd.DataFrame, estimate: TransitionEstimate) -> pd.DataFrame:
    """Return a table with an index of rungs in order of height, what is beside the ladder first."""
    height = dict(zip(estimate.states, estimate.rank, strict=True))
    return table.loc[sorted(table.index, key=lambda rung: height[rung])]

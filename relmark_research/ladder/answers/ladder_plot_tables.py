"""Tables for the plots of a ladder: people and moves by rung, and moves by cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.ladder.estimation.transition_matrix import TransitionMatrix
from relmark_research.ladder.history._period_numbers import period_label
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.stats.intervals import wilson_interval
from relmark_research.tables.given_tables import frame_in_memory


def rung_table(estimate: TransitionMatrix) -> pd.DataFrame:
    """Return rung, rank, people (now), and the probabilities stay, climb and fall of each state.

    Parameters
    ----------
    estimate
        Made from a history.

    Returns
    -------
    DataFrame
        Highest first; rank is below 0 off the ladder; stay, climb and fall are probabilities of a
        period and sum to 1.
    """
    history = estimate.required_history("the number of people on each rung")
    rank, P = estimate.rank, estimate.probabilities
    up = rank[None, :] > rank[:, None]
    table = pd.DataFrame(
        {
            "rung": estimate.states,
            "rank": rank,
            "people": history.latest().to_numpy(),
            "stay": np.diag(P),
            "climb": (P * up).sum(axis=1),
            "fall": (P * up.T).sum(axis=1),
        }
    )
    return table.sort_values("rank", ascending=False, ignore_index=True)


def flow_table(estimate: TransitionMatrix) -> pd.DataFrame:
    """Return the observed moves: origin, destination, direction, moves, per_period, probability.

    Returns
    -------
    DataFrame
        Stays included; moves in all periods and per_period, the most frequent first.
    """
    i, j = np.nonzero(estimate.moves)
    periods = 1
    if estimate.history is not None:
        periods = max(1, estimate.history.last_period - estimate.history.first_period)
    states, rank = np.array(estimate.states, object), estimate.rank
    direction = np.array(["fall", "stay", "climb"], object)[np.sign(rank[j] - rank[i]) + 1]
    table = pd.DataFrame(
        {
            "origin": states[i], "destination": states[j], "direction": direction,
            "moves": estimate.moves[i, j], "per_period": estimate.moves[i, j] / periods,
            "probability": estimate.probabilities[i, j],
        }
    )  # fmt: skip
    return table.sort_values("moves", ascending=False, kind="stable", ignore_index=True)


def cohort_moves(history: LadderHistory) -> pd.DataFrame:
    """Return the shares of each cohort that climbed and fell, by age.

    Returns
    -------
    DataFrame
        cohort (the period of entry), age (periods since entry), departures, climb, climb_low,
        climb_high, fall, fall_low, fall_high: shares of the departures of that age with Wilson's
        95% interval. Ages not yet observed have no row.
    """
    moves, rank = history.source.cohort_moves(), history.rank
    change = rank[moves["destination"].to_numpy(int)] - rank[moves["origin"].to_numpy(int)]
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
    cohort = [period_label(int(entered), history.period) for entered in table["entered"]]
    table.insert(0, "cohort", cohort)
    return table.drop(columns="entered")


def sort_by_rung(table: pd.DataFrame, estimate: TransitionMatrix) -> pd.DataFrame:
    """Return a table with an index of rungs in ascending order, states off the ladder first."""
    table = frame_in_memory(table, "table")
    places = enumerate(zip(estimate.states, estimate.rank, strict=True))
    order = {state: (rank, place) for place, (state, rank) in places}
    return table.loc[sorted(table.index, key=lambda rung: order[rung])]

"""Would the ladder have foreseen what came? Estimate on the first periods, project, compare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError
from relmark_research.ladder.estimation import homogeneity
from relmark_research.ladder.estimation.prior import weights
from relmark_research.stats.intervals import percentile_interval

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate

Array = np.ndarray


def rehearse(
    estimate: TransitionEstimate, *, periods: int | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Project the last periods from those before them, and compare with what happened.

    Parameters
    ----------
    estimate
        Made from a history.
    periods
        How many of the last periods to keep back; None: a third.
    level
        Probability of each interval.

    Returns
    -------
    DataFrame
        rung, seen (departures before the cut: with few, nothing could be foreseen), before (people
        at the cut), expected, low, high, actual (people at the end) and error
        (expected/actual - 1). Newcomers are entered as they came: only the moves are judged.
        Rungs with an unknown row are filled by Jeffreys' prior.
    """
    if estimate.history is None:
        raise LadderError("a rehearsal needs a history, not counts.")
    moves = estimate.history.source.moves()
    span = sorted(moves["period"].unique())
    kept = max(1, len(span) // 3) if periods is None else periods
    if not 1 <= kept < len(span):
        raise LadderError(
            f"to rehearse, 1 to {len(span) - 1} of {len(span)} periods can be kept back; "
            f"found {kept}."
        )
    k = len(estimate.states)
    cut = span[-kept]
    old = homogeneity.by_period(moves[moves["period"] < cut], k).sum(axis=0)
    prior = estimate.prior if estimate.prior.any() else _filled(old, estimate)
    past = replace(estimate, moves=old, prior=prior, history=None)
    seen = [homogeneity.by_period(moves[moves["period"] == t], k)[0] for t in span[-kept:]]
    return _compared(past, seen, estimate, level)


def _filled(old: Array, estimate: TransitionEstimate) -> Array:
    prior = weights(0.5, estimate.possible, estimate.states)
    return np.where(old.sum(axis=1, keepdims=True) > 0, 0.0, prior)


def _compared(
    past: TransitionEstimate, seen: list[Array], estimate: TransitionEstimate, level: float
) -> pd.DataFrame:
    occupied = estimate.history.occupancy().to_numpy(float)  # type: ignore[union-attr]
    late = occupied[-len(seen) - 1 :]
    drawn = past.drawn
    rng = np.random.default_rng(estimate.draws_seed)
    mean = late[0]
    people = np.broadcast_to(late[0].astype(np.int64), (len(drawn), len(mean)))
    for step, moved in enumerate(seen):
        new = np.maximum(late[step + 1] - moved.sum(axis=0), 0)
        mean = mean @ past.probabilities + new
        people = rng.multinomial(people, drawn).sum(axis=1) + new.astype(np.int64)
    low, high = percentile_interval(people, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = mean / late[-1] - 1
    return pd.DataFrame(
        {
            "rung": estimate.states, "seen": past.moves.sum(axis=1), "before": late[0],
            "expected": mean, "low": low, "high": high, "actual": late[-1], "error": error,
        }
    )  # fmt: skip


def rehearsed(table: pd.DataFrame, period: str) -> str:
    """Say how a rehearsal went, and which rungs it could not foresee.

    Parameters
    ----------
    table
        As `rehearse` returns it.
    period
        What a period is called.
    """
    wrong = float((table["expected"] - table["actual"]).abs().sum() / table["actual"].sum() / 2)
    late = table.loc[(table["seen"] < 30) & (table["actual"] > 0), "rung"].tolist()
    words = (
        f"Estimated on the earlier {period}s and projected over the last, the ladder put "
        f"{100 * wrong:.0f}% of the people on the wrong rung."
    )
    if not late:
        return words
    return (
        f"{words} What follows on {', '.join(late)} had hardly been seen by then (fewer than 30 "
        "departures), which explains much of it: judge the ladder again when the data are longer."
    )

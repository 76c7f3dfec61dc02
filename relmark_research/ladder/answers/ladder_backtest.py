"""A backtest of the ladder: estimate on the first periods, project the last ones, compare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError
from relmark_research.ladder.estimation import homogeneity
from relmark_research.ladder.estimation.prior import dirichlet_weights
from relmark_research.ladder.estimation.transition_matrix import Array, TransitionMatrix
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.read_table import read_columns
from relmark_research.tables.schemas import ColumnType

FEW_DEPARTURES = 30  # below which a row of the matrix is hardly estimated


def backtest(
    estimate: TransitionMatrix, *, periods: int | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Project the last periods from the earlier ones, and compare with the actual numbers.

    Parameters
    ----------
    estimate
        Made from a history.
    periods
        Length of the holdout in periods; None: a third of the history.
    level
        Probability of each interval.

    Returns
    -------
    DataFrame
        rung, departures (observed before the holdout), start (people at its start), expected, low,
        high, actual (people at its end) and error (expected/actual - 1). New people enter as they
        actually came, so only the moves are tested. Unknown rows get Jeffreys' prior.
    """
    history = estimate.required_history("a backtest")
    moves = history.source.moves()
    span = sorted(moves["period"].unique())
    holdout = max(1, len(span) // 3) if periods is None else periods
    if not 1 <= holdout < len(span):
        raise LadderError(
            f"a backtest can hold out 1 to {len(span) - 1} of {len(span)} periods; found {holdout}."
        )
    k = len(estimate.states)
    early = moves[moves["period"] < span[-holdout]]
    counts = homogeneity.counts_by_period(early, k).sum(axis=0)
    prior = estimate.prior if estimate.prior.any() else _prior_of_empty_rows(counts, estimate)
    past = replace(estimate, moves=counts, prior=prior, history=None)
    observed = [
        homogeneity.counts_by_period(moves[moves["period"] == t], k)[0] for t in span[-holdout:]
    ]
    return _comparison(past, observed, history.occupancy().to_numpy(float), level)


def _prior_of_empty_rows(counts: Array, estimate: TransitionMatrix) -> Array:
    prior = dirichlet_weights(0.5, estimate.possible, estimate.states)
    return np.where(counts.sum(axis=1, keepdims=True) > 0, 0.0, prior)


def _comparison(
    past: TransitionMatrix, observed: list[Array], occupancy: Array, level: float
) -> pd.DataFrame:
    numbers = occupancy[-len(observed) - 1 :]
    draws = past.probability_draws
    rng = np.random.default_rng(past.draws_seed)
    mean = numbers[0]
    people = np.broadcast_to(numbers[0].astype(np.int64), (len(draws), len(mean)))
    for step, moved in enumerate(observed):
        new = np.maximum(numbers[step + 1] - moved.sum(axis=0), 0)
        mean = mean @ past.probabilities + new
        people = rng.multinomial(people, draws).sum(axis=1) + new.astype(np.int64)
    low, high = percentile_interval(people, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = mean / numbers[-1] - 1
    return pd.DataFrame(
        {
            "rung": past.states, "departures": past.moves.sum(axis=1), "start": numbers[0],
            "expected": mean, "low": low, "high": high, "actual": numbers[-1], "error": error,
        }
    )  # fmt: skip


def describe_backtest(table: pd.DataFrame, period: str) -> str:
    """Return the result of a backtest in words, with the rungs that could not be predicted.

    Parameters
    ----------
    table
        As `backtest` returns it.
    period
        Name of a period.
    """
    types: dict[str, ColumnType] = dict.fromkeys(("expected", "actual", "departures"), "number")
    table = read_columns(table, {**types, "rung": "text"}, name="backtest")
    wrong = float((table["expected"] - table["actual"]).abs().sum() / table["actual"].sum() / 2)
    few = (table["departures"] < FEW_DEPARTURES) & (table["actual"] > 0)
    late = table.loc[few, "rung"].tolist()
    words = (
        f"Estimated on the earlier {period}s and projected over the last, the ladder put "
        f"{100 * wrong:.0f}% of the people on the wrong rung."
    )
    if not late:
        return words
    return (
        f"{words} What follows on {', '.join(late)} had hardly been seen by then (fewer than "
        f"{FEW_DEPARTURES} departures), which explains much of it: judge the ladder again when the "
        "data are longer."
    )

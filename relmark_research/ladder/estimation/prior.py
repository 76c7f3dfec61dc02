"""Inputs of an estimate besides the history: tables of counts, Dirichlet priors, known matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, LadderError, ParameterError, unknown_name
from relmark_research.ladder.history.ladder_history import LadderHistory

Array = np.ndarray


def read_counts(table: pd.DataFrame, rungs: Sequence[str] | None) -> tuple[tuple[str, ...], Array]:
    """Return states and counts of a square table: rows are origins, columns destinations."""
    rows, columns = [str(name) for name in table.index], [str(name) for name in table.columns]
    if set(rows) != set(columns) or len(rows) < 2:
        raise DataError(
            "a history is a table of customer_id, period and rung, or a square table of counts "
            f"with the same rungs as rows (from) and columns (to); found the rows {rows[:6]} and "
            f"the columns {columns[:6]}."
        )
    states = tuple(rows if rungs is None else map(str, rungs))
    for name in rows:
        if name not in states:
            raise LadderError(unknown_name("rung", name, states))
    named = table.set_axis(rows).set_axis(columns, axis="columns")
    counts = named.reindex(index=list(states), columns=list(states)).fillna(0).to_numpy(float)
    if not (np.isfinite(counts) & (counts >= 0)).all():
        i, j = np.argwhere(~(np.isfinite(counts) & (counts >= 0)))[0]
        raise DataError(
            f"counts of moves must be 0 or more; found {counts[i, j]:g} from {states[i]} to "
            f"{states[j]}."
        )
    return states, counts


def dirichlet_weights(prior: Any, possible: Array, states: Sequence[str]) -> Array:
    """Return the Dirichlet weight of each cell."""
    if prior is None:
        return np.zeros(possible.shape)
    if np.ndim(prior) == 0:
        if isinstance(prior, str) or not (np.isfinite(prior) and prior > 0):
            raise ParameterError(
                f"a prior must be a weight per cell > 0, such as 0.5, or a matrix; found {prior!r}."
            )
        return possible * float(prior)
    given = _square(prior, states, "prior")
    if (given < 0).any() or (given[~possible] > 0).any():
        raise ParameterError(
            "prior weights must be 0 or more, and 0 for moves declared impossible; found "
            f"{int((given < 0).sum())} below 0 and {int((given[~possible] > 0).sum())} on "
            "impossible moves."
        )
    return given


def probability_matrix(matrix: Any, states: Sequence[str], what: str) -> Array:
    """Return a matrix of probabilities as an array, rows summing to one."""
    given = _square(matrix, states, what)
    rows = given.sum(axis=1)
    if (given < 0).any() or np.abs(rows - 1).max() > 1e-6:
        bad = int(np.argmax(np.abs(rows - 1)))
        raise ParameterError(
            f"the {what} matrix must hold probabilities, each row summing to 1; the row of "
            f"{states[bad]} sums to {rows[bad]:g}, the smallest entry is {given.min():g}."
        )
    return given / rows[:, None]


def _square(table: Any, states: Sequence[str], what: str) -> Array:
    if isinstance(table, str):
        raise ParameterError(f"the {what} matrix must be a DataFrame or an array; found {table!r}.")
    if isinstance(table, pd.DataFrame):
        for name in (*table.index, *table.columns):
            if str(name) not in states:
                raise LadderError(f"{what} matrix: {unknown_name('rung', name, states)}")
        order = list(states)
        named = table.set_axis(table.index.astype(str)).set_axis(
            table.columns.astype(str), axis="columns"
        )
        return named.reindex(index=order, columns=order).fillna(0).to_numpy(float)
    given = np.asarray(table, float)
    if given.shape != (len(states), len(states)):
        raise ParameterError(
            f"the {what} matrix must be {len(states)} by {len(states)}, one row and column per "
            f"state; found {' by '.join(map(str, given.shape))}."
        )
    return given


def check_moves(
    moves: Array,
    possible: Array,
    weights: Array,
    states: Sequence[str],
    history: LadderHistory | None,
) -> None:
    """Raise LadderError for impossible moves, and for rungs that are never reached."""
    if (moves[~possible] > 0).any():
        at = np.argwhere(~possible & (moves > 0))
        shown = ", ".join(f"{states[i]} to {states[j]} ({moves[i, j]:g})" for i, j in at[:3])
        raise LadderError(
            f"moves were observed that are declared impossible: {shown}. Correct the declaration "
            "or the rules."
        )
    reached = moves.sum(axis=0) + moves.sum(axis=1) + weights.sum(axis=1) > 0
    if history is not None:
        found = history.source.occupancy()["state"].unique()
        reached[np.asarray(found, int)] = True
    if not reached.all():
        names = [state for state, seen in zip(states, reached, strict=True) if not seen]
        raise LadderError(
            f"no customer was observed on {', '.join(names)}, so its moves cannot be estimated. "
            "Remove the rung, relax its rule, or give a prior "
            "(estimate_transitions(history, prior=0.5))."
        )
    if not moves.any():
        raise LadderError(
            "no customer was observed in two successive periods, so there are no moves. "
            "Use longer data or shorter periods."
        )

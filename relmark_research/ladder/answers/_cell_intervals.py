"""Intervals of the cells of an estimated transition matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import check_choice, check_level
from relmark_research.ladder.estimation.transition_matrix import Basis, TransitionMatrix
from relmark_research.stats.intervals import (
    dirichlet_intervals,
    goodman_intervals,
    percentile_interval,
    wilson_interval,
)

_MORE_DRAWS = 4  # times the usual number: a cell's percentiles are read off directly


def cell_intervals(
    estimate: TransitionMatrix, level: float, *, simultaneous: bool, basis: Basis
) -> pd.DataFrame:
    """Return origin, destination, departures, moves, probability, low, high of possible cells."""
    check_level(level)
    check_choice("basis", basis, ("moves", "customers"))
    low, high = _bounds(estimate, level, simultaneous=simultaneous, basis=basis)
    at = np.argwhere(estimate.possible)
    i, j = at[:, 0], at[:, 1]
    states = np.array(estimate.states, object)
    departures = estimate.moves.sum(axis=1)
    return pd.DataFrame(
        {
            "origin": states[i],
            "destination": states[j],
            "departures": departures[i],
            "moves": estimate.moves[i, j],
            "probability": estimate.probabilities[i, j],
            "low": low[i, j],
            "high": high[i, j],
        }
    )


def _bounds(
    estimate: TransitionMatrix, level: float, *, simultaneous: bool, basis: Basis
) -> tuple[np.ndarray, np.ndarray]:
    moves, prior = estimate.moves, estimate.prior
    departures = np.broadcast_to(moves.sum(axis=1, keepdims=True), moves.shape)
    cells = np.broadcast_to(estimate.possible.sum(axis=1, keepdims=True), moves.shape)
    shared = 1 - (1 - level) / cells.max() if simultaneous else level
    if basis == "moves" and prior.any():
        return dirichlet_intervals(moves + prior, shared)
    if simultaneous:
        low, high = goodman_intervals(moves, departures, level, categories=cells)
    else:
        low, high = wilson_interval(moves, departures, level)
    if basis == "moves":
        return low, high
    n = estimate.n_draws * _MORE_DRAWS
    draws = estimate.draws(n, seed=estimate.draws_seed, basis="customers")
    by_customers = percentile_interval(draws, shared)
    at_bound = (moves <= 0) | (moves >= departures)  # where every draw equals the estimate: Wilson
    return np.where(at_bound, low, by_customers[0]), np.where(at_bound, high, by_customers[1])

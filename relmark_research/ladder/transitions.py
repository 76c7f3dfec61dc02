"""From who stood where to the chances of climbing and falling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.ladder import homogeneity
from relmark_research.ladder import prior as priors
from relmark_research.ladder.estimate import TransitionEstimate
from relmark_research.ladder.history import LadderHistory
from relmark_research.ladder.rungs import parse_moves

Array = np.ndarray


def estimate_transitions(
    history: LadderHistory | pd.DataFrame,
    *,
    prior: float | pd.DataFrame | Array | None = None,
    rungs: Sequence[str] | None = None,
    beside: Sequence[str] = (),
    impossible: Iterable[Any] = (),
    period: str | None = None,
) -> TransitionEstimate:
    """Estimate the chances of moving from each rung to each other in one period.

    Parameters
    ----------
    history
        A LadderHistory; or a table of customer_id, period, rung; or a square table of counts.
    prior
        None: maximum likelihood. A number > 0: that Dirichlet weight for every possible cell (0.5 is
        Jeffreys'). A matrix: a weight for each cell.
    rungs, beside, impossible, period
        For tables: states in order, which of them are beside the ladder, moves that cannot happen,
        and the calendar length of a period. See `LadderHistory.of`.

    Returns
    -------
    TransitionEstimate
        p_ij = (n_ij + prior_ij) / (n_i. + prior_i.), n_ij the moves from i to j of one customer
        from one period to the next. The last period of a customer is followed by nothing, and
        nothing is counted for it: data that end are not a loss.

    Raises
    ------
    LadderError
        Where a rung is unknown, nobody reaches one (and no prior speaks for it), there is a single
        period, or a move was seen that is declared impossible.

    References
    ----------
    Anderson and Goodman 1957, Annals of Mathematical Statistics 28, equation 2.6.

    Examples
    --------
    >>> counts = pd.DataFrame([[6, 2], [1, 3]], index=["first", "repeat"], columns=["first", "repeat"])
    >>> estimate_transitions(counts).matrix.loc["first", "repeat"].round(2)
    np.float64(0.25)
    """  # noqa: E501
    if isinstance(history, pd.DataFrame) and "rung" not in history.columns:
        states, moves = priors.read_counts(history, rungs)
        told, declared = None, parse_moves(impossible, states)
        off = tuple(beside)
    else:
        told = LadderHistory.of(
            history, rungs=rungs, beside=beside, impossible=impossible, period=period
        )
        states, declared, off, period = told.states, told.impossible, told.beside, told.period
        moves = homogeneity.by_period(told.source.moves(), len(states)).sum(axis=0)
    possible = np.ones((len(states), len(states)), bool)
    for origin, destination in declared:
        possible[states.index(origin), states.index(destination)] = False
    weights = priors.weights(prior, possible, states)
    priors.check_moves(moves, possible, weights, states, told)
    return TransitionEstimate(states, off, moves, possible, weights, period, told)

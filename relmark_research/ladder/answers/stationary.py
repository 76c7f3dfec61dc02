"""Where the numbers on the rungs come to rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError, ParameterError, check_level
from relmark_research.ladder.answers.projection import numbers_of
from relmark_research.ladder.estimation import markov
from relmark_research.stats.intervals import percentile_interval

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate

Array = np.ndarray


def steady_state(
    estimate: TransitionEstimate,
    inflow: Mapping[str, float] | None,
    *,
    gone: str | None,
    level: float,
) -> pd.DataFrame:
    """Say where the numbers come to rest.

    Parameters
    ----------
    estimate
        The chances.
    inflow
        New people per period on each rung; None asks for the shares of a base without inflow.
    gone
        With inflow: the state in which people no longer count (None: the last beside the ladder).
        Without such a state numbers would grow for ever.
    level
        Probability of each interval.

    Returns
    -------
    DataFrame
        Index rung; expected, low, high: numbers n = inflow + n P over the states that count, or
        shares s = s P. Those who come back from ``gone`` are not in it: count them in the inflow.
    """
    check_level(level)
    P, drawn = estimate.whole("the steady state"), np.nan_to_num(estimate.drawn)
    if inflow is None:
        middle, draws = markov.stationary(P), markov.stationary(drawn)
    else:
        new = numbers_of(estimate, inflow, "inflow")
        left = np.zeros(len(P), bool)
        left[_gone(estimate, gone)] = True
        _refuse_endless(estimate, P, left)
        middle, draws = markov.resting(P, new, left), markov.resting(drawn, new, left)
    low, high = percentile_interval(draws, level)
    found = {"expected": middle, "low": low, "high": high}
    return pd.DataFrame(found, index=pd.Index(estimate.states, name="rung"))


def _gone(estimate: TransitionEstimate, gone: str | None) -> int:
    if gone is None and not estimate.beside:
        raise ParameterError(
            "with inflow, numbers come to rest only if people leave: name the state that means "
            "gone, as in steady_state(inflow, gone='lost')."
        )
    return estimate.place(gone or estimate.beside[-1])


def _refuse_endless(estimate: TransitionEstimate, P: Array, left: Array) -> None:
    able = markov.can_reach(P, int(np.argmax(left)))
    if not able.all():
        stuck = [s for s, leaves in zip(estimate.states, able, strict=True) if not leaves]
        raise LadderError(
            f"numbers never come to rest: from {', '.join(stuck)} nobody is ever gone, so they "
            "grow with every period. Give a prior, or take that rung as the one where people go."
        )

"""What it is worth that somebody stands on a rung, climbs a step, or moves a little more often.

V      value of who stands on a rung now: V = m + g P V, m the margin of a period, g the discount
A      (I - g P)^-1: discounted periods to be spent on each rung
push   raising p_ij by one point, the others of row i giving way in proportion, changes the value
       of who stands on s by .01 g A_si (V_j - sum_k p_ik V_k) / (1 - p_ij)
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError, ParameterError, check_level, unknown_name
from relmark_research.ladder.estimation import markov
from relmark_research.ladder.history.periods import discount_factor
from relmark_research.stats.intervals import percentile_interval

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate

Array = np.ndarray
POINT = 0.01


@dataclass(frozen=True)
class LadderValue:
    """What the rungs are worth.

    Attributes
    ----------
    table
        Index rung; margin (of a period), value, low, high: money per person who stands there.
    steps
        One step up per rung: origin, destination, worth, low, high.
    pushes
        One point more of each chance that is at least a point now: origin, destination,
        probability, per_person (money per person on the origin), total (money for all who are in
        the base now), low, high (of the total), best (chance that no other push brings more); the
        largest total first.
    discount
        Worth now of one unit a period later.
    level
        Probability of each interval.
    """

    table: pd.DataFrame
    steps: pd.DataFrame
    pushes: pd.DataFrame
    discount: float
    level: float


def value(
    estimate: TransitionEstimate,
    margin_by_rung: Mapping[str, float] | pd.Series,
    annual_discount_rate: float,
    *,
    level: float,
    start: Mapping[str, float] | pd.Series | None = None,
) -> LadderValue:
    """Value each rung, each step and each point of probability.

    Parameters
    ----------
    estimate
        The chances; its calendar period says how often a year is discounted.
    margin_by_rung
        Margin of one period on each rung, what keeping people there costs taken off.
    annual_discount_rate
        Effective rate per year, in (0, 1).
    level
        Probability of each interval.
    start
        How many stand on each rung, to weigh the pushes; None: the history's last period, or one
        person on each.

    Returns
    -------
    LadderValue
        V = (I - g P)^-1 m for an endless horizon, the present period's margin included and not
        discounted.

    References
    ----------
    Pfeifer and Carraway 2000, "Modeling customer relationships as Markov chains", Journal of
    Interactive Marketing 14.

    Examples
    --------
    >>> from relmark_research.ladder.answers.transition_estimate import estimate_transitions
    >>> counts = pd.DataFrame([[30, 70], [0, 10]], index=["buyer", "lost"],
    ...                       columns=["buyer", "lost"])
    >>> chances = estimate_transitions(counts, period="year")
    >>> chances.value({"buyer": 40, "lost": 0}, 0.2).table["value"].round(2).to_dict()
    {'buyer': 53.33, 'lost': 0.0}
    """
    check_level(level)
    P = estimate.whole("the value of a rung")
    margin = margins(estimate.states, margin_by_rung)
    discount = discount_of(estimate, annual_discount_rate)
    V = markov.values(P, margin, discount)
    drawn = np.nan_to_num(estimate.drawn)
    drawn_V = markov.values(drawn, margin, discount)
    low, high = percentile_interval(drawn_V, level)
    index = pd.Index(estimate.states, name="rung")
    found = {"margin": margin, "value": V, "low": low, "high": high}
    return LadderValue(
        table=pd.DataFrame(found, index=index),
        steps=_steps(estimate, V, drawn_V, level),
        pushes=_pushes(estimate, (P, drawn), (V, drawn_V), discount, _base(estimate, start), level),
        discount=discount,
        level=level,
    )


def margins(states: tuple[str, ...], given: Mapping[str, float] | pd.Series) -> Array:
    """Return the margin of every state, refusing one that is unknown or was left out."""
    named = {str(rung): float(amount) for rung, amount in dict(given).items()}
    for rung in named:
        if rung not in states:
            raise LadderError(f"margin_by_rung: {unknown_name('rung', rung, states)}")
    missing = [state for state in states if not np.isfinite(named.get(state, np.nan))]
    if missing:
        raise ParameterError(
            f"margin_by_rung must name the margin of a period on every rung; found none for "
            f"{', '.join(missing)}. Write 0 where there is none."
        )
    return np.array([named[state] for state in states])


def discount_of(estimate: TransitionEstimate, annual_discount_rate: float) -> float:
    """Return the discount of one period."""
    if estimate.period is None:
        raise ParameterError(
            "a yearly discount rate needs the calendar length of a period, which the table did not "
            "say. Name it: estimate_transitions(..., period='month')."
        )
    factor = discount_factor(annual_discount_rate, estimate.period)
    if factor >= 1:
        raise ParameterError(
            f"an endless horizon needs a discount rate above 0; found {annual_discount_rate:g}. "
            "Give a rate such as 0.10."
        )
    return factor


def _base(estimate: TransitionEstimate, start: Mapping[str, float] | pd.Series | None) -> Array:
    if start is None and estimate.history is None:
        return np.ones(len(estimate.states))
    now = estimate.history.latest() if start is None else pd.Series(start)  # type: ignore[union-attr]
    return now.reindex(list(estimate.states)).fillna(0).to_numpy(float)


def _steps(estimate: TransitionEstimate, V: Array, drawn: Array, level: float) -> pd.DataFrame:
    """What the next rung up is worth more than this one."""
    order = [k for k in np.argsort(estimate.rank, kind="stable") if estimate.rank[k] >= 0]
    pairs = list(itertools.pairwise(order))
    a, b = (np.array(side, int) for side in zip(*pairs, strict=True)) if pairs else (order, order)
    low, high = percentile_interval(drawn[:, b] - drawn[:, a], level)
    states = np.array(estimate.states, object)
    return pd.DataFrame(
        {"origin": states[a], "destination": states[b], "worth": V[b] - V[a],
         "low": low, "high": high}
    )  # fmt: skip


def push_gains(P: Array, V: Array, discount: float) -> tuple[Array, Array]:
    """Return what one more point of each chance is worth.

    Parameters
    ----------
    P, V
        Chances (..., states, states) and values (..., states).
    discount
        Of one period.

    Returns
    -------
    tuple of ndarray
        Gain of one departure from i when p_ij is one point higher, shape (..., states, states),
        and discounted departures A, shape (..., states, states): the gain of who stands on s is
        A_si times the first.
    """
    mean = (P @ V[..., None])[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        better = POINT * discount * (V[..., None, :] - mean[..., :, None]) / (1 - P)
    eye = np.eye(P.shape[-1])
    stays = np.linalg.solve(eye - discount * P, np.broadcast_to(eye, P.shape))
    return np.where(P < 1, better, 0.0), stays


def _pushes(
    estimate: TransitionEstimate,
    P: tuple[Array, Array],
    V: tuple[Array, Array],
    discount: float,
    base: Array,
    level: float,
) -> pd.DataFrame:
    gain, stays = push_gains(P[0], V[0], discount)
    drawn_gain, drawn_stays = push_gains(P[1], V[1], discount)
    total = (base @ stays)[:, None] * gain
    drawn = (base @ drawn_stays)[:, :, None] * drawn_gain
    cells = np.argwhere(estimate.possible & (P[0] >= POINT) & (P[0] < 1))
    i, j = cells[:, 0], cells[:, 1]
    low, high = percentile_interval(drawn[:, i, j], level)
    first = np.bincount(drawn[:, i, j].argmax(axis=1), minlength=len(i)) / len(drawn)
    states = np.array(estimate.states, object)
    table = pd.DataFrame(
        {
            "origin": states[i], "destination": states[j], "probability": P[0][i, j],
            "per_person": gain[i, j] * stays[i, i], "total": total[i, j],
            "low": low, "high": high, "best": first,
        }
    )  # fmt: skip
    return table.sort_values("total", ascending=False, ignore_index=True)

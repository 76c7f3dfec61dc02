"""The value of being on a rung, of a step up, and of a higher transition probability.

V            value of a person on a rung now: V = m + g P V, m the margin of a period (the annual
             margin times the years of a period), g the discount factor of a period
A            (I - g P)^-1: discounted periods on each rung
sensitivity  raising p_ij by one point, with the other cells of row i lowered in proportion, changes
             the value of a person on s by .01 g A_si (V_j - sum_k p_ik V_k) / (1 - p_ij)

References
----------
Pfeifer and Carraway 2000, "Modeling customer relationships as Markov chains", Journal of
Interactive Marketing 14.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import LadderError, ParameterError, check_level, unknown_name
from relmark_research.ladder.estimation import markov
from relmark_research.ladder.estimation.transition_matrix import Array, TransitionMatrix
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.read_table import read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import Period

POINT = 0.01  # of probability


@dataclass(frozen=True)
class LadderValue:
    """Value of the rungs, of steps up, and of points of transition probability.

    Attributes
    ----------
    table
        Index rung; annual_margin (money per person and year), value, low, high (money per person
        on the rung).
    steps
        Each step up: origin, destination, gain (value of the destination less that of the origin),
        low, high.
    transition_sensitivities
        One point more of each probability of at least a point: origin, destination, probability,
        per_person (money per person on the origin), total (money over the whole base), low, high
        (of the total), probability_best (probability that no other total is higher); the largest
        total first.
    discount_factor
        Present value of one unit of money a period later.
    level
        Probability of each interval.
    """

    table: pd.DataFrame
    steps: pd.DataFrame
    transition_sensitivities: pd.DataFrame
    discount_factor: float
    level: float

    def __repr__(self) -> str:
        values = ", ".join(f"{rung} {value:,.2f}" for rung, value in self.table["value"].items())
        return f"<{self._title()}; {values}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("rung", "annual margin", "value", "low", "high")]
        rows += [
            (rung, *(f"{amount:,.2f}" for amount in row))
            for rung, row in zip(self.table.index, self.table.to_numpy(), strict=True)
        ]
        return html_table(self._title(), rows)

    def _title(self) -> str:
        return f"LadderValue: value per person by rung ({self.level:.0%} intervals)"


def ladder_value(
    estimate: TransitionMatrix,
    annual_margin_by_rung: Mapping[str, float] | pd.Series,
    annual_discount_rate: float,
    *,
    level: float,
    start: Mapping[str, float] | pd.Series | None = None,
) -> LadderValue:
    """Value each rung, each step up and each point of probability.

    Parameters
    ----------
    estimate
        The probabilities; their calendar period converts the annual margin and discount rate.
    annual_margin_by_rung
        Money per person and year on each rung, less the cost of retaining people there.
    annual_discount_rate
        Effective rate per year, in (0, 1).
    level
        Probability of each interval.
    start
        People on each rung, the weights of the sensitivities; None: the last period of the history,
        or one person on each.

    Returns
    -------
    LadderValue
        V = (I - g P)^-1 m over an infinite horizon, the present period included and not discounted.

    Examples
    --------
    >>> from relmark_research.ladder.answers.transition_estimate import estimate_transitions
    >>> states = ["buyer", "lost"]
    >>> counts = pd.DataFrame([[30, 70], [0, 10]], index=states, columns=states)
    >>> estimate = estimate_transitions(counts, period="year")
    >>> estimate.value({"buyer": 40, "lost": 0}, 0.2).table["value"].round(2).to_dict()
    {'buyer': 53.33, 'lost': 0.0}
    """
    check_level(level)
    P, draws = estimate.complete_matrix("the value of a rung"), estimate.probability_draws
    annual_margin = margins_by_state(estimate.states, annual_margin_by_rung)
    period = calendar_period(estimate)
    discount = period_discount_factor(period, annual_discount_rate)
    margin = annual_margin * period.years
    V, drawn_V = (markov.discounted_values(matrix, margin, discount) for matrix in (P, draws))
    low, high = percentile_interval(drawn_V, level)
    found = {"annual_margin": annual_margin, "value": V, "low": low, "high": high}
    people = _people(estimate, start)
    return LadderValue(
        table=pd.DataFrame(found, index=estimate.index("rung")),
        steps=_steps(estimate, V, drawn_V, level),
        transition_sensitivities=_sensitivities(
            estimate, (P, draws), (V, drawn_V), discount, people, level
        ),
        discount_factor=discount,
        level=level,
    )


def margins_by_state(states: tuple[str, ...], given: Mapping[str, float] | pd.Series) -> Array:
    """Return the annual margin of every state, refusing unknown and missing rungs."""
    if isinstance(given, pd.Series):
        given = read_values(given, Column("annual_margin_by_rung", "number", "annual margin"))
    named = {str(rung): float(amount) for rung, amount in dict(given).items()}
    for rung in named:
        if rung not in states:
            raise LadderError(f"annual_margin_by_rung: {unknown_name('rung', rung, states)}")
    missing = [state for state in states if not np.isfinite(named.get(state, np.nan))]
    if missing:
        raise ParameterError(
            "annual_margin_by_rung must give the margin per person and year on every rung; found "
            f"none for {', '.join(missing)}. Write 0 where there is none."
        )
    return np.array([named[state] for state in states])


def calendar_period(estimate: TransitionMatrix) -> Period:
    """Return the period of an estimate, refusing an estimate without a calendar period."""
    if estimate.period is None:
        raise ParameterError(
            "annual margins, costs and discount rates need the calendar length of a period, which "
            "the table does not give. Give period=, as in estimate_transitions(..., "
            "period='month')."
        )
    return estimate.period


def period_discount_factor(period: Period, annual_discount_rate: float) -> float:
    """Return the discount factor of one period, refusing a rate of 0."""
    factor = period.discount_factor(annual_discount_rate)
    if factor >= 1:
        raise ParameterError(
            f"an infinite horizon needs a discount rate above 0; found {annual_discount_rate:g}. "
            "Give a rate such as 0.10."
        )
    return factor


def sensitivities(P: Array, V: Array, discount: float) -> tuple[Array, Array]:
    """Return the gain from one more point of each transition probability.

    Parameters
    ----------
    P, V
        Probabilities (..., states, states) and values (..., states).
    discount
        Discount factor of one period.

    Returns
    -------
    tuple of ndarray
        Gain of one departure from i when p_ij is one point higher, shape (..., states, states),
        and discounted departures A, shape (..., states, states): the gain of a person on s is A_si
        times the first.
    """
    mean = (P @ V[..., None])[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = POINT * discount * (V[..., None, :] - mean[..., :, None]) / (1 - P)
    eye = np.eye(P.shape[-1])
    stays = np.linalg.solve(eye - discount * P, np.broadcast_to(eye, P.shape))
    return np.where(P < 1, gain, 0.0), stays


def _people(estimate: TransitionMatrix, start: Mapping[str, float] | pd.Series | None) -> Array:
    if start is not None:
        people = pd.Series(start)
    elif estimate.history is not None:
        people = estimate.history.latest()
    else:
        return np.ones(len(estimate.states))
    return people.reindex(list(estimate.states)).fillna(0).to_numpy(float)


def _steps(estimate: TransitionMatrix, V: Array, drawn: Array, level: float) -> pd.DataFrame:
    """Value of each rung less that of the next lower one."""
    order = [k for k in np.argsort(estimate.rank, kind="stable") if estimate.rank[k] >= 0]
    pairs = list(itertools.pairwise(order))
    a, b = (np.array(side, int) for side in zip(*pairs, strict=True)) if pairs else (order, order)
    low, high = percentile_interval(drawn[:, b] - drawn[:, a], level)
    states = np.array(estimate.states, object)
    return pd.DataFrame(
        {"origin": states[a], "destination": states[b], "gain": V[b] - V[a],
         "low": low, "high": high}
    )  # fmt: skip


def _sensitivities(
    estimate: TransitionMatrix,
    P: tuple[Array, Array],
    V: tuple[Array, Array],
    discount: float,
    people: Array,
    level: float,
) -> pd.DataFrame:
    gain, stays = sensitivities(P[0], V[0], discount)
    drawn_gain, drawn_stays = sensitivities(P[1], V[1], discount)
    total = (people @ stays)[:, None] * gain
    drawn = (people @ drawn_stays)[:, :, None] * drawn_gain
    cells = np.argwhere(estimate.possible & (P[0] >= POINT) & (P[0] < 1))
    i, j = cells[:, 0], cells[:, 1]
    low, high = percentile_interval(drawn[:, i, j], level)
    best = np.bincount(drawn[:, i, j].argmax(axis=1), minlength=len(i)) / len(drawn)
    states = np.array(estimate.states, object)
    table = pd.DataFrame(
        {
            "origin": states[i], "destination": states[j], "probability": P[0][i, j],
            "per_person": gain[i, j] * stays[i, i], "total": total[i, j],
            "low": low, "high": high, "probability_best": best,
        }
    )  # fmt: skip
    return table.sort_values("total", ascending=False, ignore_index=True)

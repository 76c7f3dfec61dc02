"""The best level of relationship on each rung: a Markov decision process.

A level of relationship (basic, reactive, accountable, proactive, partnership) costs money per
person and year, and changes the odds of moving. The optimal policy chooses one level per rung; it
is found by policy iteration, and its uncertainty by repeating this for drawn matrices and effects.

P_a    transition probabilities under level a       r_a    margin less cost of a period
V      V_s = max over a of r_a(s) + g sum_j P_a(s, j) V_j

References
----------
Howard 1960, Dynamic Programming and Markov Processes, chapter 7 (with discounting).
Kotler 2000, Marketing Management, on the five levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.economics.levels_of_relationship.relationship_level import (
    Effect,
    RelationshipLevel,
)
from relmark_research.errors import ConvergenceError, ParameterError, check_level
from relmark_research.ladder.answers.rung_value import (
    calendar_period,
    margins_by_state,
    period_discount_factor,
)
from relmark_research.ladder.estimation import markov
from relmark_research.ladder.estimation.transition_matrix import TransitionMatrix
from relmark_research.stats.intervals import percentile_interval

Array = np.ndarray
_NO_EFFECT = Effect(0.0)


@dataclass(frozen=True)
class LevelPolicy:
    """The best level on each rung.

    Attributes
    ----------
    table
        Index rung; relationship_level, value (money per person, under the optimal policy), low,
        high, gain over the first level everywhere, with gain_low and gain_high, and
        probability_best (that this level is the best on the rung).
    probability_best
        Probability that each level is the best: a row per rung, a column per level.
    values
        Value of one level everywhere and always: a row per rung, a column per level.
    level
        Probability of each interval.
    """

    table: pd.DataFrame
    probability_best: pd.DataFrame
    values: pd.DataFrame
    level: float

    def __repr__(self) -> str:
        chosen = self.table["relationship_level"]
        best = ", ".join(f"{rung}: {name}" for rung, name in chosen.items())
        return f"<LevelPolicy: {best}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("rung", "best level", "probability", "gain")]
        rows += [
            (rung, row["relationship_level"], f"{row['probability_best']:.1%}", row["gain"])
            for rung, row in self.table.iterrows()
        ]
        return html_table("LevelPolicy", rows)


def best_levels(
    estimate: TransitionMatrix,
    levels: Sequence[RelationshipLevel],
    *,
    annual_margin_by_rung: Mapping[str, float] | pd.Series,
    annual_discount_rate: float,
    level: float = 0.95,
) -> LevelPolicy:
    """Choose the level of relationship with the highest value on each rung.

    Parameters
    ----------
    estimate
        Transition probabilities under a level without effects; their calendar period converts the
        annual margin, cost and discount rate.
    levels
        Cost (money per person and year) and effects on climbing and falling; the first level is
        the reference, and is chosen where no other is better.
    annual_margin_by_rung
        Money per person and year on each rung, before the level's cost.
    annual_discount_rate
        Effective rate per year, in (0, 1).
    level
        Probability of each interval.

    Returns
    -------
    LevelPolicy
        The policy that maximises the discounted margin less cost over an infinite horizon.

    Raises
    ------
    ParameterError
        With fewer than two levels, two of the same name, or an estimate without a calendar period.
    """
    names = [one.name for one in levels]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ParameterError(
            f"a choice needs at least two levels with different names; found {names or 'none'}."
        )
    check_level(level)
    P, rank = estimate.complete_matrix("the best level"), estimate.rank
    annual_margin = margins_by_state(estimate.states, annual_margin_by_rung)
    period = calendar_period(estimate)
    discount = period_discount_factor(period, annual_discount_rate)
    annual_reward = [annual_margin - one.costs_by_rung(estimate.states) for one in levels]
    reward = np.stack(annual_reward) * period.years
    under = np.stack([with_odds_ratios(P, rank, *_odds_ratios(one)) for one in levels])
    best, value = policy_iteration(under, reward, discount)
    drawn = _drawn(estimate, levels)
    drawn_best, drawn_value = policy_iteration(
        drawn, np.broadcast_to(reward, drawn.shape[:-1]), discount
    )
    alone = markov.discounted_values(under, reward, discount)
    gains = drawn_value - markov.discounted_values(drawn[:, 0], reward[0], discount)
    return _policy(estimate, names, (best, value, alone), (drawn_best, drawn_value, gains), level)


def break_even_climb(
    estimate: TransitionMatrix,
    levels: Sequence[RelationshipLevel],
    rung: str,
    *,
    annual_margin_by_rung: Mapping[str, float] | pd.Series,
    annual_discount_rate: float,
    most: float = 100.0,
) -> pd.DataFrame:
    """Return how much each level must raise the odds of climbing to pay for its cost.

    Parameters
    ----------
    estimate
        Transition probabilities under the first level.
    levels
        Cost of each (money per person and year); their effects are not used.
    rung
        Whose people's value is compared.
    annual_margin_by_rung, annual_discount_rate
        As for `best_levels`.
    most
        The largest odds ratio that is tried.

    Returns
    -------
    DataFrame
        Index relationship_level; annual_cost (money per person and year on the rung) and
        climb_odds_ratio: the ratio r, the same on all rungs and falls as they are, at which V(r)
        on the rung equals that of the first level; missing if it exceeds ``most``.

    Raises
    ------
    ParameterError
        The estimate has no calendar period.

    Examples
    --------
    >>> from relmark_research.ladder.answers.transition_estimate import estimate_transitions
    >>> counts = pd.DataFrame([[90, 10], [0, 50]], index=["first", "client"],
    ...                       columns=["first", "client"])
    >>> levels = [RelationshipLevel("basic", cost=0.0), RelationshipLevel("calls", cost=10.0)]
    >>> table = break_even_climb(estimate_transitions(counts, period="year"), levels, "first",
    ...                          annual_margin_by_rung={"first": 10.0, "client": 100.0},
    ...                          annual_discount_rate=0.1)
    >>> table["climb_odds_ratio"].round(2).tolist()
    [1.0, 1.68]
    """
    P, rank = estimate.complete_matrix("a break-even"), estimate.rank
    margin = margins_by_state(estimate.states, annual_margin_by_rung)
    period = calendar_period(estimate)
    discount = period_discount_factor(period, annual_discount_rate)
    at = estimate.state_index(rung)
    first = levels[0].costs_by_rung(estimate.states)
    costs = [one.costs_by_rung(estimate.states) for one in levels]

    def value(ratio: float, cost: Array) -> float:
        changed = with_odds_ratios(P, rank, ratio, 1.0)
        found = markov.discounted_values(changed, (margin - cost) * period.years, discount)
        return float(found[at])

    base = value(1.0, first)
    ratios = [_root(partial(value, cost=cost), base, most) for cost in costs]
    found = {"annual_cost": [float(cost[at]) for cost in costs], "climb_odds_ratio": ratios}
    names = pd.Index([one.name for one in levels], name="relationship_level")
    return pd.DataFrame(found, index=names)


def _root(value: Callable[[float], float], base: float, most: float) -> float:
    """Return the ratio from 1 on at which a rising value equals ``base``; NaN beyond ``most``."""
    from scipy.optimize import brentq

    if value(1.0) >= base:
        return 1.0
    if value(most) < base:
        return math.nan
    return float(brentq(lambda ratio: value(ratio) - base, 1.0, most, xtol=1e-10))


def with_odds_ratios(P: Array, rank: Array, climb: Array | float, fall: Array | float) -> Array:
    """Return the transition probabilities with the odds of climbing and of falling multiplied.

    Parameters
    ----------
    P
        Transition probabilities, shape (..., states, states).
    rank
        Rank of each state.
    climb, fall
        Odds ratios against staying, numbers or of shape (...).

    Returns
    -------
    ndarray
        p_ij times its odds ratio (1 for staying), each row divided by its sum.
    """
    up = rank[None, :] > rank[:, None]
    up_ratio, down_ratio = (np.asarray(f)[..., None, None] for f in (climb, fall))
    weights = P * np.where(up, up_ratio, np.where(up.T, down_ratio, 1.0))
    return weights / weights.sum(axis=-1, keepdims=True)


def policy_iteration(P: Array, reward: Array, discount: float) -> tuple[Array, Array]:
    """Return the optimal action in each state and the value of the states under it.

    Parameters
    ----------
    P
        Transition probabilities under each action, shape (..., actions, states, states).
    reward
        Margin less cost, shape (..., actions, states).
    discount
        Discount factor of one period, in (0, 1).

    Returns
    -------
    tuple of ndarray
        Action and value, each of shape (..., states). Ties go to the first action.

    Examples
    --------
    >>> stop = np.array([[0, 1.0], [0, 1.0]])  # mail a customer, or not: P, then reward
    >>> mail = np.array([[0.3, 0.7], [0, 1.0]])
    >>> action, value = policy_iteration(
    ...     np.stack([stop, mail]), np.array([[0.0, 0.0], [5.0, -1.0]]), 0.9)
    >>> action.tolist(), value.round(3).tolist()
    ([1, 0], [6.849, 0.0])
    """
    best = np.zeros(P.shape[:-3] + P.shape[-1:], int)
    for _ in range(100):
        V = markov.discounted_values(_of_action(P, best), _of_action(reward, best), discount)
        action_values = reward + discount * (P @ V[..., None, :, None])[..., 0]
        current = np.take_along_axis(action_values, best[..., None, :], axis=-2)[..., 0, :]
        better = action_values.max(axis=-2) > current + 1e-10 * (1 + np.abs(current))
        if not better.any():
            return best, V
        best = np.where(better, action_values.argmax(axis=-2), best)
    raise ConvergenceError("policy iteration did not converge in 100 rounds; check the rewards.")


def _of_action(values: Array, best: Array) -> Array:
    """Of arrays by action (and by state), the entries of each state's action."""
    if values.ndim == best.ndim + 1:
        return np.take_along_axis(values, best[..., None, :], axis=-2)[..., 0, :]
    return np.take_along_axis(values, best[..., None, :, None], axis=-3)[..., 0, :, :]


def _effects(level: RelationshipLevel) -> tuple[Effect, Effect]:
    return level.climb or _NO_EFFECT, level.fall or _NO_EFFECT


def _odds_ratios(level: RelationshipLevel) -> tuple[float, float]:
    climb, fall = _effects(level)
    return climb.odds_ratio, fall.odds_ratio


def _drawn(estimate: TransitionMatrix, levels: Sequence[RelationshipLevel]) -> Array:
    drawn = estimate.probability_draws
    rng = np.random.default_rng(estimate.draws_seed)
    stack = []
    for one in levels:
        climb, fall = (
            effect.odds_ratio * np.exp(effect.sd * rng.standard_normal(len(drawn)))
            for effect in _effects(one)
        )
        stack.append(with_odds_ratios(drawn, estimate.rank, climb, fall))
    return np.stack(stack, axis=1)


def _policy(
    estimate: TransitionMatrix,
    names: list[str],
    found: tuple[Array, Array, Array],
    drawn: tuple[Array, Array, Array],
    level: float,
) -> LevelPolicy:
    best, value, alone = found
    index = estimate.index("rung")
    shares = np.stack([(drawn[0] == a).mean(axis=0) for a in range(len(names))], axis=1)
    low, high = percentile_interval(drawn[1], level)
    gain_low, gain_high = percentile_interval(drawn[2], level)
    table = pd.DataFrame(
        {
            "relationship_level": [names[a] for a in best],
            "value": value, "low": low, "high": high,
            "gain": value - alone[0], "gain_low": gain_low, "gain_high": gain_high,
            "probability_best": shares[np.arange(len(best)), best],
        },
        index=index,
    )  # fmt: skip
    return LevelPolicy(
        table, pd.DataFrame(shares, index, names), pd.DataFrame(alone.T, index, names), level
    )

"""Which level of relationship pays on which rung.

A level of relationship marketing (basic, reactive, accountable, proactive, partnership) costs
something per person and period, and changes how people move. The best policy names one level per
rung; it is found by policy iteration, and its doubt by finding it again for drawn matrices.

P_a    chances under level a          r_a    margin less cost under level a
V      V_s = max over a of r_a(s) + g sum_j P_a(s, j) V_j

References
----------
Howard 1960, Dynamic Programming and Markov Processes, chapter 7 (with discounting).
Kotler 2000, Marketing Management, on the five levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import (
    ConvergenceError,
    LadderError,
    ParameterError,
    check_level,
    unknown_name,
)
from relmark_research.ladder.answers.rung_value import discount_of, margins
from relmark_research.ladder.estimation import markov
from relmark_research.stats.intervals import percentile_interval

if TYPE_CHECKING:
    from relmark_research.ladder.answers.transition_estimate import TransitionEstimate

Array = np.ndarray
LEVELS = ("basic", "reactive", "accountable", "proactive", "partnership")


@dataclass(frozen=True)
class RelationshipLevel:
    """What one level of relationship costs, and what it does.

    Parameters
    ----------
    name
        ``"basic"``, ``"reactive"``, ``"accountable"``, ``"proactive"``, ``"partnership"``, or a
        name of your own.
    cost
        Money per person and period: a number, or by rung (rungs that are not named cost nothing).
    climb, fall
        Factors, > 0, on the odds of moving up and of moving down, against the estimated matrix.
    climb_sd, fall_sd
        Standard errors of their logarithms, >= 0: how sure the factors are.

    Examples
    --------
    >>> RelationshipLevel("proactive", cost=4.0, climb=1.2, fall=0.8).climb
    1.2
    """

    name: str
    cost: float | Mapping[str, float] = 0.0
    climb: float = 1.0
    fall: float = 1.0
    climb_sd: float = 0.0
    fall_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("climb", "fall"):
            factor = getattr(self, name)
            if not (np.isfinite(factor) and factor > 0):
                raise ParameterError(
                    f"level {self.name!r}: {name} is a factor on odds, > 0 (1 changes nothing); "
                    f"found {factor}."
                )
        if min(self.climb_sd, self.fall_sd) < 0:
            raise ParameterError(f"level {self.name!r}: standard errors are 0 or more.")

    def costs(self, states: Sequence[str]) -> Array:
        """Return the cost on every state."""
        if not isinstance(self.cost, Mapping):
            return np.full(len(states), float(self.cost))
        for rung in self.cost:
            if rung not in states:
                raise LadderError(f"level {self.name!r}: {unknown_name('rung', rung, states)}")
        return np.array([float(self.cost.get(state, 0.0)) for state in states])


@dataclass(frozen=True)
class LevelPolicy:
    """The best level on each rung.

    Attributes
    ----------
    table
        Index rung; level, value (money per person there, under the best policy), low, high, and
        gain over the first level everywhere, with gain_low and gain_high, and certainty (chance
        that this level is the best there, given how sure the estimates are).
    chances
        Chance that each level is the best: a row per rung, a column per level.
    values
        What staying with one level for ever is worth: a row per rung, a column per level.
    level
        Probability of each interval.
    """

    table: pd.DataFrame
    chances: pd.DataFrame
    values: pd.DataFrame
    level: float


def applied(P: Array, rank: Array, climb: Array | float, fall: Array | float) -> Array:
    """Return the chances when the odds of climbing and of falling are multiplied.

    Parameters
    ----------
    P
        Chances, shape (..., states, states).
    rank
        Height of each state.
    climb, fall
        Factors, numbers or of shape (...).

    Returns
    -------
    ndarray
        p_ij times its factor (1 for staying), each row divided by its sum.
    """
    up = rank[None, :] > rank[:, None]
    up_, down = (np.asarray(f)[..., None, None] for f in (climb, fall))
    weights = P * np.where(up, up_, np.where(up.T, down, 1.0))
    return weights / weights.sum(axis=-1, keepdims=True)


def policy_iteration(P: Array, reward: Array, discount: float) -> tuple[Array, Array]:
    """Return the best action in each state and what the states are then worth.

    Parameters
    ----------
    P
        Chances under each action, shape (..., actions, states, states).
    reward
        Margin less cost, shape (..., actions, states).
    discount
        In (0, 1).

    Returns
    -------
    tuple of ndarray
        Action and value, each of shape (..., states). Among equals the first action is taken.

    Examples
    --------
    >>> stop = np.array([[0, 1.0], [0, 1.0]])  # mail a customer, or leave it: P, then reward
    >>> mail = np.array([[0.3, 0.7], [0, 1.0]])
    >>> action, worth = policy_iteration(
    ...     np.stack([stop, mail]), np.array([[0.0, 0.0], [5.0, -1.0]]), 0.9)
    >>> action.tolist(), worth.round(3).tolist()
    ([1, 0], [6.849, 0.0])
    """
    best = np.zeros(P.shape[:-3] + P.shape[-1:], int)
    for _ in range(100):
        chosen = _chosen(P, best)
        V = markov.values(chosen, _chosen(reward, best), discount)
        worth = reward + discount * (P @ V[..., None, :, None])[..., 0]
        now = np.take_along_axis(worth, best[..., None, :], axis=-2)[..., 0, :]
        better = worth.max(axis=-2) > now + 1e-10 * (1 + np.abs(now))
        if not better.any():
            return best, V
        best = np.where(better, worth.argmax(axis=-2), best)
    raise ConvergenceError("policy iteration did not settle in 100 rounds; check the rewards.")


def _chosen(values: Array, best: Array) -> Array:
    """Of arrays by action (and by state), those of each state's action."""
    if values.ndim == best.ndim + 1:
        return np.take_along_axis(values, best[..., None, :], axis=-2)[..., 0, :]
    return np.take_along_axis(values, best[..., None, :, None], axis=-3)[..., 0, :, :]


def best_levels(
    estimate: TransitionEstimate,
    levels: Sequence[RelationshipLevel],
    *,
    margin_by_rung: Mapping[str, float] | pd.Series,
    annual_discount_rate: float,
    level: float = 0.95,
) -> LevelPolicy:
    """Choose the level of relationship that pays on each rung.

    Parameters
    ----------
    estimate
        The chances under a level whose factors are 1.
    levels
        What each costs and does; the first is what the others are compared with, and is taken
        where none is better.
    margin_by_rung
        Margin of one period on each rung, before the level's cost.
    annual_discount_rate
        Effective rate per year, in (0, 1).
    level
        Probability of each interval.

    Returns
    -------
    LevelPolicy
        The policy that maximises the discounted margin less cost for ever.

    Raises
    ------
    ParameterError
        With fewer than two levels, or two of one name.
    """
    names = [one.name for one in levels]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ParameterError(
            f"a choice needs at least two levels with different names; found {names or 'none'}."
        )
    check_level(level)
    P, rank = estimate.whole("the best level"), estimate.rank
    margin = margins(estimate.states, margin_by_rung)
    discount = discount_of(estimate, annual_discount_rate)
    reward = np.stack([margin - one.costs(estimate.states) for one in levels])
    under = np.stack([applied(P, rank, one.climb, one.fall) for one in levels])
    best, worth = policy_iteration(under, reward, discount)
    drawn = _drawn(estimate, levels)
    drawn_best, drawn_worth = policy_iteration(
        drawn, np.broadcast_to(reward, drawn.shape[:-1]), discount
    )
    alone = markov.values(under, reward, discount)
    gains = drawn_worth - markov.values(drawn[:, 0], reward[0], discount)
    return _policy(estimate, names, (best, worth, alone), (drawn_best, drawn_worth, gains), level)


def _drawn(estimate: TransitionEstimate, levels: Sequence[RelationshipLevel]) -> Array:
    drawn = np.nan_to_num(estimate.drawn)
    rng = np.random.default_rng(estimate.draws_seed)
    stack = []
    for one in levels:
        climb = one.climb * np.exp(one.climb_sd * rng.standard_normal(len(drawn)))
        fall = one.fall * np.exp(one.fall_sd * rng.standard_normal(len(drawn)))
        stack.append(applied(drawn, estimate.rank, climb, fall))
    return np.stack(stack, axis=1)


def _policy(
    estimate: TransitionEstimate,
    names: list[str],
    found: tuple[Array, Array, Array],
    drawn: tuple[Array, Array, Array],
    level: float,
) -> LevelPolicy:
    best, worth, alone = found
    index = pd.Index(estimate.states, name="rung")
    shares = np.stack([(drawn[0] == a).mean(axis=0) for a in range(len(names))], axis=1)
    low, high = percentile_interval(drawn[1], level)
    gain_low, gain_high = percentile_interval(drawn[2], level)
    table = pd.DataFrame(
        {
            "level": [names[a] for a in best], "value": worth, "low": low, "high": high,
            "gain": worth - alone[0], "gain_low": gain_low, "gain_high": gain_high,
            "certainty": shares[np.arange(len(best)), best],
        },
        index=index,
    )  # fmt: skip
    return LevelPolicy(
        table, pd.DataFrame(shares, index, names), pd.DataFrame(alone.T, index, names), level
    )

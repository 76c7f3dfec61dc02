"""Which level of relationship pays best in each segment, and what is not known about it.

A customer is served at one level for good. Each year that he is one brings a margin m and costs c;
with retention r he is one for another year. At the yearly discount rate d that is worth

    V = (m - c) (1 + d) / (1 + d - r).

Estimated effects are drawn towards a steady rise over the levels (`level_pooling`), without which
the level that was luckiest would look surely best. r and m carry their joint uncertainty: every
draw of them gives a V for every level, and a level's probability of being best is the share of
draws in which its V is the largest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.economics.levels_of_relationship.level_effects import LevelEffects, pooled
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import AnnualRate

Array = np.ndarray


@dataclass(frozen=True)
class LevelChoice:
    """What each level is worth in each segment, and which to choose.

    Attributes
    ----------
    table
        Row per segment and level: customers_now, cost, retention, margin and value (of a customer,
        money), the last three with _low and _high; probability_best; break_even, points of
        retention that the level must add if it adds nothing else; best, whether it is the one with
        the highest expected value.
    best
        Row per segment: customers, level (the best), probability_best, value, gain (of serving all
        today's customers of the segment at it, against the levels that they are at now; against the
        first where that is not known) with gain_low and gain_high, and worth_knowing, what it would
        be worth to know for certain which level is best.
    level
        Probability of the intervals.
    """

    table: pd.DataFrame
    best: pd.DataFrame
    level: float


def relationship_levels(
    effects: LevelEffects,
    *,
    annual_discount_rate: float,
    level: float = 0.95,
    pool: bool = True,
    draws: int = 4000,
    seed: int = 0,
) -> LevelChoice:
    """Find for each segment the level with the highest expected value less cost.

    Parameters
    ----------
    effects
        From `level_effects` (estimated) or `assumed_effects`.
    annual_discount_rate
        Effective rate per year, in [0, 1).
    level
        Probability of the intervals.
    pool
        Whether estimated effects of levels lend each other strength; assumed ones never do.
    draws, seed
        Of the uncertain effects.

    Returns
    -------
    LevelChoice
        Levels whose effects are not known have a cost and a break-even, but no value.

    References
    ----------
    Kotler & Keller, Marketing Management (the levels); the value is the first-margin-now form of
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1).

    Examples
    --------
    >>> from relmark_research.economics.levels_of_relationship.level_effects import assumed_effects
    >>> from relmark_research.economics.levels_of_relationship.relationship_level import Effect, MarketingLevel
    >>> segments = pd.DataFrame({"segment": ["mills"], "customers": [12], "retention": [0.7],
    ...                          "margin": [2000.0]})
    >>> levels = [MarketingLevel("basic", cost=5.0),
    ...           MarketingLevel("partnership", cost=300.0, retention=Effect(0.9, 0.2),
    ...                             margin=Effect(0.18, 0.05))]
    >>> choice = relationship_levels(assumed_effects(segments, levels), annual_discount_rate=0.1)
    >>> choice.best[["segment", "level", "probability_best"]].values.tolist()
    [['mills', 'partnership', 1.0]]
    """
    d = AnnualRate(annual_discount_rate).value
    if pool and effects.years:
        effects = _pooled(effects)
    rng = np.random.default_rng(seed)
    retention = special.expit(effects.grid(effects.retention.draws(draws, rng)))
    margin = np.exp(effects.grid(effects.margin.draws(draws, rng)))
    noise = rng.standard_normal((draws, *effects.cost.shape))
    cost = np.maximum(effects.cost + noise * effects.cost_se, 0.0)
    value = served_value(margin, cost, retention, d)
    point = _point(effects, d)
    table = _table(effects, point, (retention, margin, value), level)
    table["break_even"] = _break_even(effects, point, d)
    table["best"] = False
    best = []
    for s, segment in enumerate(effects.segments):
        chosen = _chosen(value[:, s])
        table.loc[s * len(effects.levels) + chosen, "best"] = True
        best.append({"segment": segment, **_decision(effects, value[:, s], s, chosen, level)})
    return LevelChoice(table, pd.DataFrame(best), level)


def _pooled(effects: LevelEffects) -> LevelEffects:
    segments = len(effects.segments)
    return replace(
        effects,
        retention=pooled(effects.retention, segments),
        margin=pooled(effects.margin, segments),
    )


def served_value(margin: Array, cost: Array, retention: Array, d: float) -> Array:
    """Return (m - c) (1 + d) / (1 + d - r), the value of serving a customer at a level for good.

    Examples
    --------
    >>> round(float(served_value(50.0, 8.0, 0.6, 0.1)), 1)
    92.4
    """
    if d == 0 and np.any(np.asarray(retention) >= 1):
        raise ParameterError("customers who never leave have no value unless it is discounted.")
    return (margin - cost) * (1 + d) / (1 + d - retention)


def _point(effects: LevelEffects, d: float) -> tuple[Array, Array, Array]:
    retention = special.expit(effects.grid(effects.retention.values))
    margin = np.exp(effects.grid(effects.margin.values))
    return retention, margin, served_value(margin, effects.cost, retention, d)


def _table(
    effects: LevelEffects,
    point: tuple[Array, ...],
    drawn: tuple[Array, ...],
    level: float,
) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([effects.segments, effects.levels])
    table = index.to_frame(index=False, name=["segment", "level"])
    if effects.now is not None:
        table["customers_now"] = effects.now.ravel()
    table["cost"] = effects.cost.ravel()
    for name, at, draws in zip(("retention", "margin", "value"), point, drawn, strict=True):
        low, high = percentile_interval(draws, level)
        table[name] = at.ravel()
        table[f"{name}_low"], table[f"{name}_high"] = low.ravel(), high.ravel()
    value = np.where(np.isnan(drawn[2]), -np.inf, drawn[2])
    wins = value.argmax(axis=2)
    shares = [(wins == place).mean(axis=0) for place in range(len(effects.levels))]
    probability = np.where(np.isnan(point[2]), np.nan, np.stack(shares, axis=1))
    table["probability_best"] = probability.ravel()
    return table


def _break_even(effects: LevelEffects, point: tuple[Array, ...], d: float) -> Array:
    """Return the points of retention with which a level that adds nothing else equals the first."""
    retention, margin, value = (at[:, :1] for at in point)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = (1 + d) * (1 - (margin - effects.cost) / value)
    needed = np.where((needed <= 1) & (value > 0), needed, np.nan)
    return (needed - retention).ravel()


def _chosen(value: Array) -> int:
    """Return the level with the highest expected value among those whose effects are known."""
    mean = value.mean(axis=0)
    return int(np.nanargmax(mean))


def _decision(
    effects: LevelEffects, value: Array, s: int, chosen: int, level: float
) -> dict[str, object]:
    known = ~np.isnan(value[0])
    customers = float(effects.customers[s])
    now = np.eye(len(effects.levels))[0] * customers if effects.now is None else effects.now[s]
    served_now = np.where(known, now, 0.0)
    gain = served_now.sum() * value[:, chosen] - np.nan_to_num(value) @ served_now
    low, high = percentile_interval(gain, level)
    best_known = np.nanmax(value, axis=1)
    return {
        "customers": customers,
        "level": effects.levels[chosen],
        "probability_best": float((best_known == value[:, chosen]).mean()),
        "value": float(value[:, chosen].mean()),
        "gain": float(gain.mean()),
        "gain_low": float(low),
        "gain_high": float(high),
        "worth_knowing": float((best_known - value[:, chosen]).mean() * customers),
    }


def compare_with_textbook(choice: LevelChoice, textbook: pd.DataFrame) -> pd.DataFrame:
    """Set the computed level beside the textbook's.

    Parameters
    ----------
    choice
        From `relationship_levels`.
    textbook
        From `textbook_levels`.

    Returns
    -------
    DataFrame
        segment, customers, margin, number and size in the textbook's words, textbook, computed (the
        level), probability_best, and agrees: whether the computed level is (one of) the textbook's.
    """
    best = choice.best.rename(columns={"level": "computed"})
    both = textbook.merge(best[["segment", "computed", "probability_best"]], on="segment")
    agrees = [
        computed in named.split(" or ")
        for computed, named in zip(both["computed"], both["textbook"], strict=True)
    ]
    return both.assign(agrees=agrees)

"""The level of relationship with the highest value in each segment, and its uncertainty.

A customer is served at one level throughout. Each year as a customer brings a margin m and costs c;
the probability of another year is r. At the annual discount rate d the value is

    V = (m - c) (1 + d) / (1 + d - r).

Estimated effects are pooled towards a steady rise over the levels; without pooling the level with
the luckiest estimate would look surely best. r and m carry their joint uncertainty: every draw of
them gives a V for every level, and a level's probability of being best is the share of draws in
which its V is the largest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from relmark_research._repr import html_table
from relmark_research.economics.levels_of_relationship._level_pooling import pooled
from relmark_research.economics.levels_of_relationship.level_effects import LevelEffects
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import AnnualRate

Array = np.ndarray


@dataclass(frozen=True)
class LevelChoice:
    """Value of each level in each segment, and the best level.

    Attributes
    ----------
    table
        Row per segment and level: segment, relationship_level, current_customers (if known), cost,
        retention, annual_margin and value (of a customer, money), the last three with _low and
        _high; probability_best; probability_above_first, that its value is above that of the first
        level (missing for the first); break_even, points of retention that the level must add if it
        adds nothing else; best, whether it has the highest expected value.
    best
        Row per segment: segment, customers, relationship_level (the best), probability_best, value,
        gain (of serving all customers of the segment at it, against their current levels; against
        the first if these are unknown) with gain_low, gain_high and probability_gain (that it is
        above 0), and value_of_information, the expected value of perfect information on which level
        is best.
    level
        Probability of the intervals.
    """

    table: pd.DataFrame
    best: pd.DataFrame
    level: float

    def __repr__(self) -> str:
        best = ", ".join(
            f"{row['segment']}: {row['relationship_level']} (p = {row['probability_best']:.2f})"
            for row in self.best.to_dict("records")
        )
        return f"<LevelChoice: {best}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("segment", "best level", "probability", "gain")]
        rows += [
            (row["segment"], row["relationship_level"], f"{row['probability_best']:.1%}",
             row["gain"])
            for row in self.best.to_dict("records")
        ]  # fmt: skip
        return html_table("LevelChoice", rows)


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
        Whether estimated effects of levels are partially pooled; assumed effects never are.
    draws, seed
        Number of draws of the uncertain effects, and their seed.

    Returns
    -------
    LevelChoice
        Levels with unknown effects have a cost and a break-even, but no value.

    References
    ----------
    Kotler & Keller, Marketing Management (the levels); the value is the first-margin-now form of
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1).

    Examples
    --------
    >>> import relmark_research as rm
    >>> segments = pd.DataFrame({"segment": ["mills"], "customers": [12], "retention": [0.7],
    ...                          "annual_margin": [2000.0]})
    >>> level, effect = rm.economics.RelationshipLevel, rm.economics.Effect
    >>> levels = [level("basic", cost=5.0),
    ...           level("partnership", cost=300.0, retention=effect(0.9, 0.2),
    ...                 annual_margin=effect(0.18, 0.05))]
    >>> effects = rm.economics.assumed_effects(segments, levels)
    >>> relationship_levels(effects, annual_discount_rate=0.1)
    <LevelChoice: mills: partnership (p = 1.00)>
    """
    d = AnnualRate(annual_discount_rate).value
    if pool and effects.n_account_years:
        effects = _pooled(effects)
    rng = np.random.default_rng(seed)
    retention = special.expit(effects.linear_predictor(effects.retention.draws(draws, rng)))
    margin = np.exp(effects.linear_predictor(effects.annual_margin.draws(draws, rng)))
    noise = rng.standard_normal((draws, *effects.cost.shape))
    cost = np.maximum(effects.cost + noise * effects.cost_se, 0.0)
    value = customer_value(margin, cost, retention, d)
    point = _point_estimates(effects, d)
    table = _table(effects, point, (retention, margin, value), level)
    table["break_even"] = _break_even(effects, point, d)
    table["best"] = False
    best = []
    for s, segment in enumerate(effects.segments):
        chosen = _highest_expected_value(value[:, s])
        table.loc[s * len(effects.levels) + chosen, "best"] = True
        best.append({"segment": segment, **_decision(effects, value[:, s], s, chosen, level)})
    return LevelChoice(table, pd.DataFrame(best), level)


def customer_value(annual_margin: Array, cost: Array, retention: Array, d: float) -> Array:
    """Return (m - c) (1 + d) / (1 + d - r), the value of a customer served at one level throughout.

    Examples
    --------
    >>> round(float(customer_value(50.0, 8.0, 0.6, 0.1)), 1)
    92.4
    """
    if d == 0 and np.any(np.asarray(retention) >= 1):
        raise ParameterError("with a retention of 1 a value needs a discount rate above 0.")
    return (annual_margin - cost) * (1 + d) / (1 + d - retention)


def _pooled(effects: LevelEffects) -> LevelEffects:
    segments = len(effects.segments)
    return replace(
        effects,
        retention=pooled(effects.retention, segments),
        annual_margin=pooled(effects.annual_margin, segments),
    )


def _point_estimates(effects: LevelEffects, d: float) -> tuple[Array, Array, Array]:
    retention = special.expit(effects.linear_predictor(effects.retention.values))
    margin = np.exp(effects.linear_predictor(effects.annual_margin.values))
    return retention, margin, customer_value(margin, effects.cost, retention, d)


def _table(
    effects: LevelEffects,
    point: tuple[Array, ...],
    drawn: tuple[Array, ...],
    level: float,
) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([effects.segments, effects.levels])
    table = index.to_frame(index=False, name=["segment", "relationship_level"])
    if effects.current_customers is not None:
        table["current_customers"] = effects.current_customers.ravel()
    table["cost"] = effects.cost.ravel()
    names = ("retention", "annual_margin", "value")
    for name, at, draws in zip(names, point, drawn, strict=True):
        low, high = percentile_interval(draws, level)
        table[name] = at.ravel()
        table[f"{name}_low"], table[f"{name}_high"] = low.ravel(), high.ravel()
    value = np.where(np.isnan(drawn[2]), -np.inf, drawn[2])
    best = value.argmax(axis=2)
    shares = [(best == number).mean(axis=0) for number in range(len(effects.levels))]
    probability = np.where(np.isnan(point[2]), np.nan, np.stack(shares, axis=1))
    table["probability_best"] = probability.ravel()
    above = (drawn[2] > drawn[2][:, :, :1]).mean(axis=0)
    unknown = np.isnan(point[2]) | (np.arange(len(effects.levels)) == 0)
    table["probability_above_first"] = np.where(unknown, np.nan, above).ravel()
    return table


def _break_even(effects: LevelEffects, point: tuple[Array, ...], d: float) -> Array:
    """Return the points of retention with which a level that adds nothing else equals the first."""
    retention, margin, value = (at[:, :1] for at in point)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = (1 + d) * (1 - (margin - effects.cost) / value)
    needed = np.where((needed <= 1) & (value > 0), needed, np.nan)
    return (needed - retention).ravel()


def _highest_expected_value(value: Array) -> int:
    """Return the level with the highest expected value among those with known effects."""
    return int(np.nanargmax(value.mean(axis=0)))


def _decision(
    effects: LevelEffects, value: Array, s: int, chosen: int, level: float
) -> dict[str, object]:
    known, current = ~np.isnan(value[0]), effects.current_customers
    customers = float(effects.customers[s])
    now = np.eye(len(effects.levels))[0] * customers if current is None else current[s]
    served_now = np.where(known, now, 0.0)
    gain = served_now.sum() * value[:, chosen] - np.nan_to_num(value) @ served_now
    low, high = percentile_interval(gain, level)
    best_known = np.nanmax(value, axis=1)
    return {
        "customers": customers,
        "relationship_level": effects.levels[chosen],
        "probability_best": float((best_known == value[:, chosen]).mean()),
        "value": float(value[:, chosen].mean()),
        "gain": float(gain.mean()),
        "gain_low": float(low),
        "gain_high": float(high),
        "probability_gain": float((gain > 0).mean()),
        "value_of_information": float((best_known - value[:, chosen]).mean() * customers),
    }

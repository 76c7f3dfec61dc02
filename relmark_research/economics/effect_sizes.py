"""Effects of levels, however they are known: estimated, or assumed by those who know the firm.

A level's retention in a segment is logit^-1(a_s + b_l), its yearly margin exp(g_s + h_l); b and h
of the first level are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv.fitting import normal_quantile
from relmark_research.economics.levels import MarketingLevel, checked_levels
from relmark_research.errors import DataError, ParameterError, unknown_name

Array = np.ndarray


@dataclass(frozen=True)
class Estimates:
    """Coefficients of segments, then of the levels beyond the first, with their covariance."""

    values: Array
    covariance: Array

    def draws(self, n: int, rng: np.random.Generator) -> Array:
        """Return n draws, shape (n, coefficients); what is not known stays not known."""
        known = np.isfinite(self.values)
        drawn = np.full((n, len(self.values)), np.nan)
        inside = self.covariance[np.ix_(known, known)]
        drawn[:, known] = rng.multivariate_normal(self.values[known], inside, n, method="eigh")
        return drawn


@dataclass(frozen=True)
class LevelEffects:
    """Retention, margin and cost of every level in every segment, with their uncertainty.

    Attributes
    ----------
    segments, levels
        Names, in the order of all arrays.
    customers
        Number of customers per segment.
    now
        Customers at each level in their latest account year, shape (segments, levels); None where
        it is not known.
    retention, margin
        `Estimates` on the scales of logit and log.
    cost, cost_se
        Money per customer and year, shape (segments, levels).
    years
        Account years behind the estimates; 0 where they are assumed.
    """

    segments: tuple[str, ...]
    levels: tuple[str, ...]
    customers: Array
    now: Array | None
    retention: Estimates
    margin: Estimates
    cost: Array
    cost_se: Array
    years: int

    def grid(self, coefficients: Array) -> Array:
        """Return a_s + b_l from coefficients, shape (..., segments, levels)."""
        s = len(self.segments)
        effect = np.concatenate(
            [np.zeros((*coefficients.shape[:-1], 1)), coefficients[..., s:]], axis=-1
        )
        return coefficients[..., :s, None] + effect[..., None, :]

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return each level's effects against the first, with intervals.

        Returns
        -------
        DataFrame
            Index level, the first left out. retention (log-odds) and margin (ratio - 1, a share),
            each with _low and _high.
        """
        z, s = normal_quantile(level), len(self.segments)
        columns: dict[str, Array] = {}
        for name, found in (("retention", self.retention), ("margin", self.margin)):
            value, se = found.values[s:], np.sqrt(np.diag(found.covariance)[s:])
            ends = {"": value, "_low": value - z * se, "_high": value + z * se}
            for end, at in ends.items():
                columns[f"{name}{end}"] = np.expm1(at) if name == "margin" else at
        return pd.DataFrame(columns, index=pd.Index(self.levels[1:], name="level"))


def assumed_effects(segments: pd.DataFrame, levels: Sequence[MarketingLevel]) -> LevelEffects:
    """Take effects and costs as given, where there are no account years to learn from.

    Parameters
    ----------
    segments
        segment, customers, retention (rate a year in (0, 1)) and margin (money per customer and
        year), both at the first level; optionally their standard errors retention_se, margin_se.
    levels
        With a cost each; an effect that is not known makes the value of its level unknown, and only
        what it would have to be can be told.

    Examples
    --------
    >>> segments = pd.DataFrame({"segment": ["homes"], "customers": [900], "retention": [0.6],
    ...                          "margin": [40.0]})
    >>> levels = [MarketingLevel("basic", cost=1.0), MarketingLevel("reactive", cost=4.0)]
    >>> assumed_effects(segments, levels).levels
    ('basic', 'reactive')
    """
    levels = checked_levels(levels)
    _check_segments(segments)
    names = tuple(segments["segment"].astype(str))
    cost = np.array([[level.cost_in(name) for level in levels] for name in names])
    if np.isnan(cost).any():
        place = np.argwhere(np.isnan(cost))[0]
        raise DataError(
            f"every level needs its cost per customer and year; {levels[place[1]].name!r} has none "
            f"in segment {names[place[0]]!r}. Give MarketingLevel(..., cost=...)."
        )
    rate, money = segments["retention"].to_numpy(float), segments["margin"].to_numpy(float)
    rate_se, money_se = (
        segments.get(name, pd.Series(0.0, segments.index)).to_numpy(float)
        for name in ("retention_se", "margin_se")
    )
    retention = _assumed(special.logit(rate), rate_se / (rate * (1 - rate)), levels, "retention")
    return LevelEffects(
        segments=names,
        levels=tuple(level.name for level in levels),
        customers=segments["customers"].to_numpy(float),
        now=None,
        retention=retention,
        margin=_assumed(np.log(money), money_se / money, levels, "margin"),
        cost=cost,
        cost_se=np.zeros_like(cost),
        years=0,
    )


def _assumed(base: Array, base_se: Array, levels: Sequence[MarketingLevel], of: str) -> Estimates:
    effects = [getattr(level, of) for level in levels[1:]]
    values = [np.nan if effect is None else effect.effect for effect in effects]
    sds = [np.nan if effect is None else effect.sd for effect in effects]
    spread = np.concatenate([base_se, sds])
    return Estimates(np.concatenate([base, values]), np.diag(spread**2))


def _check_segments(segments: pd.DataFrame) -> None:
    for name in ("segment", "customers", "retention", "margin"):
        if name not in segments.columns:
            raise DataError(
                "segments need the columns segment, customers, retention and margin; "
                f"{unknown_name('column', name, segments.columns)}"
            )
    if segments["segment"].isna().any():
        raise DataError(
            f"every segment must have a name; {int(segments['segment'].isna().sum())} have none."
        )
    for name, good, rule in (
        ("retention", segments["retention"].between(0, 1, inclusive="neither"), "a rate in (0, 1)"),
        ("margin", segments["margin"] > 0, "money above 0"),
        ("customers", segments["customers"] > 0, "a number above 0"),
    ):
        if not good.all():
            bad = segments.loc[~good].iloc[0]
            raise ParameterError(
                f"{name} of segment {bad['segment']!r} must be {rule}; found {bad[name]!r}."
            )

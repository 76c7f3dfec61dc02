"""Qini curves: how much of what a campaign causes is reached by addressing the best first.

Customers are ordered by a score. Addressing the share s with the highest scores causes

    G(s) = s (mean outcome of those addressed among them - of the controls among them)

per customer of all; at random it causes s G(1). The Qini coefficient is the area between the two.
The means are weighted by one over the share of the arm in the customer's campaign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError
from relmark_research.relationships._validate import check_columns
from relmark_research.relationships.campaigns.campaign_design import check_control
from relmark_research.stats.intervals import percentile_interval

Array = np.ndarray


@dataclass(frozen=True)
class QiniCurve:
    """What addressing the best first causes.

    Attributes
    ----------
    table
        Rising ``share`` addressed, from 0 to 1; gain (caused, per customer of all) with low and
        high; random (the same number addressed at random).
    area
        Qini coefficient: the area between gain and random, per customer; 0 for a useless score.
    area_low, area_high
        Its interval, from customers redrawn.
    probability_useful
        Share of the redraws in which the area is above 0.
    """

    table: pd.DataFrame
    area: float
    area_low: float
    area_high: float
    probability_useful: float

    def best_share(self, *, cost_per_contact: float, contribution_per_response: float) -> float:
        """Return the share to address at which contribution x gain - cost x share is largest."""
        profit = (
            contribution_per_response * self.table["gain"]
            - cost_per_contact * (self.table["share"])
        )
        return float(self.table["share"].iloc[int(profit.argmax())])


def qini_curve(
    holdout: pd.DataFrame,
    score: pd.Series,
    *,
    outcome: str = "responded",
    control: str = "control",
    level: float = 0.95,
    draws: int = 500,
    seed: int = 0,
) -> QiniCurve:
    """Return the Qini curve of a score on customers from whom it was not learned.

    Parameters
    ----------
    holdout
        Row per customer: campaign_id, customer_id, arm and the outcome.
    score
        Expected uplift by row of ``holdout``; those with the same score are addressed together.
    outcome
        Column of what was caused.
    control
        The arm that got nothing.
    level
        Probability of the intervals.
    draws, seed
        Number of redraws of the customers (Poisson weights, each customer as a whole) and seed.

    Raises
    ------
    DataError
        If a campaign has no control group, or a customer has no score.

    References
    ----------
    Radcliffe (2007), Direct Marketing Analytics Journal.
    """
    check_columns(holdout, "holdout", ["campaign_id", "customer_id", "arm", outcome])
    check_control(holdout, control)
    given = np.asarray(score, dtype=float)
    if len(given) != len(holdout) or not np.isfinite(given).all():
        raise DataError(
            f"expected a score for each of {len(holdout):,} rows; found {len(given):,}, "
            f"{int((~np.isfinite(given)).sum()):,} of them missing."
        )
    treated = (holdout["arm"] != control).to_numpy()
    propensity = pd.Series(treated, index=holdout.index).groupby(holdout["campaign_id"])
    chance = propensity.transform("mean").to_numpy(dtype=float)
    inverse = np.where(treated, 1 / chance, 1 / (1 - chance))
    value = holdout[outcome].to_numpy(dtype=float)
    parts = np.column_stack(
        [
            inverse * treated,
            inverse * ~treated,
            inverse * treated * value,
            inverse * ~treated * value,
        ]
    )
    order = np.argsort(-given, kind="stable")
    starts = np.flatnonzero(np.diff(given[order], prepend=np.inf) != 0)
    who = pd.factorize(holdout["customer_id"])[0]
    rng = np.random.default_rng(seed)
    weights = rng.poisson(1.0, (draws, who.max() + 1))[:, who]
    return _curve(parts[order], weights[:, order], starts, level)


def _curve(parts: Array, weights: Array, starts: Array, level: float) -> QiniCurve:
    share, gain = _gains(parts, np.ones((1, len(parts))), starts)
    shares, gains = _gains(parts, weights, starts)
    grid = np.linspace(0, 1, 41)
    drawn = np.array([np.interp(grid, *pair) for pair in zip(shares, gains, strict=True)])
    areas, (area,) = _areas(shares, gains), _areas(share, gain)
    found = np.interp(grid, share[0], gain[0])
    low, high = percentile_interval(drawn, level)
    table = pd.DataFrame({"share": grid, "gain": found, "low": low, "high": high})
    table["random"] = table["share"] * found[-1]
    area_low, area_high = percentile_interval(areas, level)
    return QiniCurve(table, area, float(area_low), float(area_high), float((areas > 0).mean()))


def _gains(parts: Array, weights: Array, starts: Array) -> tuple[Array, Array]:
    """Return shares and gains at the end of each group of equal scores, shape (draws, groups+1)."""
    sums = np.add.reduceat(weights[:, :, None] * parts[None], starts, axis=1).cumsum(axis=1)
    n_t, n_c, y_t, y_c = np.moveaxis(sums, 2, 0)
    share = (n_t + n_c) / (n_t + n_c)[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = y_t / n_t - y_c / n_c
    gain = share * np.where(np.isfinite(gap), gap, 0.0)
    zero = np.zeros((len(weights), 1))
    return np.hstack([zero, share]), np.hstack([zero, gain])


def _areas(share: Array, gain: Array) -> Array:
    over = gain - share * gain[:, -1:]
    return np.asarray((np.diff(share, axis=1) * (over[:, 1:] + over[:, :-1]) / 2).sum(axis=1))

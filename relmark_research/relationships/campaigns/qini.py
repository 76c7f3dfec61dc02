"""Qini curves: the cumulative effect of a campaign when the highest scores are treated first.

Customers are ordered by a score. Treating the share s with the highest scores has the effect

    G(s) = s (mean outcome of the treated among them - mean outcome of the controls among them)

per customer of the population; a random selection has s G(1). The Qini coefficient is the area
between the two curves. Means are weighted by the inverse propensity, the share of the customer's
arm in the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError
from relmark_research.relationships._validate import check_columns
from relmark_research.relationships.campaigns.campaign_design import check_control
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column, ColumnType

Array = np.ndarray

_GRID_POINTS = 41


@dataclass(frozen=True, repr=False)
class QiniCurve:
    """Effect of treating the customers with the highest scores.

    Attributes
    ----------
    table
        Row per ``share`` treated, rising from 0 to 1: gain (effect per customer of the population)
        with low and high, random (the effect of a random selection of the same size).
    coefficient, coefficient_low, coefficient_high
        Qini coefficient, the area between gain and random, per customer, with its bootstrap
        interval; its expectation is 0 for a score without information.
    probability_positive
        Share of the bootstrap samples in which the coefficient is above 0.
    """

    table: pd.DataFrame
    coefficient: float
    coefficient_low: float
    coefficient_high: float
    probability_positive: float

    def best_share(self, *, cost_per_contact: float, contribution_per_response: float) -> float:
        """Return the share to treat that maximises contribution x gain - cost x share."""
        profit = (
            contribution_per_response * self.table["gain"] - cost_per_contact * self.table["share"]
        )
        return float(self.table["share"].iloc[int(profit.argmax())])

    def _rows(self) -> dict[str, object]:
        return {
            "coefficient": self.coefficient,
            "low": self.coefficient_low,
            "high": self.coefficient_high,
            "P(coefficient > 0)": self.probability_positive,
            "effect of treating all": float(self.table["gain"].iloc[-1]),
        }

    def __repr__(self) -> str:
        return one_line("QiniCurve", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Qini curve", self._rows())


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
    """Return the Qini curve of a score on customers that were not used to estimate it.

    Parameters
    ----------
    holdout
        Row per customer and campaign: campaign_id, customer_id, arm and the outcome.
    score
        Expected uplift by row of ``holdout``; customers with equal scores are treated together.
    outcome
        Column of the outcome.
    control
        The arm that was not contacted.
    level
        Probability of the intervals, in (0, 1).
    draws, seed
        Number of bootstrap samples of customers (Poisson weights), and seed.

    Raises
    ------
    DataError
        If a campaign has no control group, or a row has no score.

    References
    ----------
    Radcliffe (2007), Direct Marketing Analytics Journal.
    """
    holdout = frame_in_memory(holdout, "holdout")
    check_columns(holdout, "holdout", ["campaign_id", "customer_id", "arm", outcome])
    types: dict[str, ColumnType] = {"campaign_id": "choice", "customer_id": "id", "arm": "choice"}
    holdout = read_columns(holdout, {**types, outcome: "number"}, name="holdout")
    check_control(holdout, control)
    scores = _by_row(score, holdout.index)
    if len(scores) != len(holdout) or not np.isfinite(scores).all():
        raise DataError(
            f"expected a score for each of {len(holdout):,} rows; found {len(scores):,}, "
            f"{int((~np.isfinite(scores)).sum()):,} of them missing."
        )
    terms = _weighted_terms(holdout, outcome, control)
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf) != 0)
    customer = pd.factorize(holdout["customer_id"])[0]
    rng = np.random.default_rng(seed)
    weights = rng.poisson(1.0, (draws, customer.max() + 1))[:, customer]
    return _curve(terms[order], weights[:, order], starts, level)


def _by_row(score: Any, rows: pd.Index) -> Array:
    """Return a score in the order of the rows: by their labels where it has the same."""
    if isinstance(score, pd.Series) and not score.index.equals(rows):
        same = score.index.is_unique and rows.is_unique and not len(rows.difference(score.index))
        score = score.reindex(rows) if same and len(score) == len(rows) else score
    return np.asarray(read_values(pd.Series(score), Column("score", "number", "score")), float)


def _weighted_terms(table: pd.DataFrame, outcome: str, control: str) -> Array:
    """Return weight and weighted outcome of each row, treated and control, shape (n, 4)."""
    treated = (table["arm"] != control).to_numpy()
    propensity = (
        pd.Series(treated, index=table.index)
        .groupby(table["campaign_id"])
        .transform("mean")
        .to_numpy(dtype=float)
    )
    inverse = np.where(treated, 1 / propensity, 1 / (1 - propensity))
    value = table[outcome].to_numpy(dtype=float)
    return np.column_stack(
        [
            inverse * treated,
            inverse * ~treated,
            inverse * treated * value,
            inverse * ~treated * value,
        ]
    )


def _curve(terms: Array, weights: Array, starts: Array, level: float) -> QiniCurve:
    share, gain = _gains(terms, np.ones((1, len(terms))), starts)
    shares, gains = _gains(terms, weights, starts)
    grid = np.linspace(0, 1, _GRID_POINTS)
    drawn = np.array([np.interp(grid, *curve) for curve in zip(shares, gains, strict=True)])
    estimate = np.interp(grid, share[0], gain[0])
    low, high = percentile_interval(drawn, level)
    table = pd.DataFrame({"share": grid, "gain": estimate, "low": low, "high": high})
    table["random"] = table["share"] * estimate[-1]
    (coefficient,), drawn_coefficients = _areas(share, gain), _areas(shares, gains)
    ends = percentile_interval(drawn_coefficients, level)
    positive = float((drawn_coefficients > 0).mean())
    return QiniCurve(table, coefficient, float(ends[0]), float(ends[1]), positive)


def _gains(terms: Array, weights: Array, starts: Array) -> tuple[Array, Array]:
    """Return shares and gains at the end of each group of equal scores, shape (draws, groups+1)."""
    sums = np.add.reduceat(weights[:, :, None] * terms[None], starts, axis=1).cumsum(axis=1)
    n_t, n_c, y_t, y_c = np.moveaxis(sums, 2, 0)
    share = (n_t + n_c) / (n_t + n_c)[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = y_t / n_t - y_c / n_c
    gain = share * np.where(np.isfinite(difference), difference, 0.0)
    zero = np.zeros((len(weights), 1))
    return np.hstack([zero, share]), np.hstack([zero, gain])


def _areas(share: Array, gain: Array) -> Array:
    above = gain - share * gain[:, -1:]
    return np.asarray((np.diff(share, axis=1) * (above[:, 1:] + above[:, :-1]) / 2).sum(axis=1))

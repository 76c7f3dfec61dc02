"""The value of one point of satisfaction: from satisfaction to retention to profit.

A customer with the margin m per year and the yearly retention rate r has the lifetime value (Gupta
and Lehmann, the first year's margin immediately)

    V(r) = m (1 + d) / (1 + d - r)

With an answer one point higher the retention rate is r' = r(min(s + 1, highest)). The point is
worth m (r' - r) next year, and V(r') - V(r) over the lifetime if the higher answer lasts. Both are
means over the customers who answered; the coefficients of the link and the margins are drawn from
their sampling distributions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, cell_text
from relmark_research.relationships.satisfaction.retention_link import RetentionLink
from relmark_research.stats.intervals import percentile_interval
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.units import AnnualRate

Array = np.ndarray

RETENTION, NEXT_YEAR, LIFETIME = "retention", "next year", "lifetime"

_ALL = "all"  # the one row of margins that are not by segment


@dataclass(frozen=True, repr=False)
class PointValue:
    """The value of one point more per customer, and the sources of its uncertainty.

    Attributes
    ----------
    table
        Rows ``retention`` (percentage points gained, a share), ``next year`` and ``lifetime``
        (money per customer): value, low, high, and link_variance_share and margin_variance_share,
        the shares of the variance that remain if only the link or only the margins are uncertain.
    by_score
        Row per answer: score, customers, retained (probability), retention_gain (of one point
        more), value (over the lifetime) with low and high.
    increase, decrease
        Lifetime value of a point more, and of a point less (negative), per customer who can move:
        the asymmetry in money; each (value, low, high).
    level
        Probability of the intervals.
    """

    table: pd.DataFrame
    by_score: pd.DataFrame
    increase: tuple[float, float, float]
    decrease: tuple[float, float, float]
    level: float

    def _rows(self) -> list[tuple[object, ...]]:
        rows = [(name, *row) for name, *row in self.table[["value", "low", "high"]].itertuples()]
        return [("", "value", "low", "high"), *rows]

    def __repr__(self) -> str:
        return one_line(
            "PointValue", [(str(name), value) for name, value in self.table["value"].items()]
        )

    def _repr_html_(self) -> str:
        return html_table(f"Value of one point ({self.level:.0%} intervals)", self._rows())


def value_of_a_point(
    link: RetentionLink,
    *,
    annual_margin: pd.DataFrame | Mapping[str, tuple[float, float]] | tuple[float, float],
    annual_discount_rate: float,
    segment: pd.Series | None = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> PointValue:
    """Return the value of one point more of satisfaction, with the uncertainty of every step.

    Parameters
    ----------
    link
        How retention depends on satisfaction.
    annual_margin
        Margin per customer and year, money, with its standard error: (annual_margin,
        standard_error), or by segment; or a table with these columns by segment, as from
        ``first_year_margin``.
    annual_discount_rate
        Effective rate per year, a share in [0, 1).
    segment
        Segment of each answer, indexed as the answers; required if margins are by segment.
    level
        Probability of the intervals, in (0, 1).
    draws, seed
        Number of draws of coefficients and margins, and their seed.

    Returns
    -------
    PointValue
        m (r' - r) and V(r') - V(r), means over the customers who answered.

    Raises
    ------
    DataError
        If an answer has no segment, or a segment has no margin.
    ParameterError
        If a margin is not finite or a standard error is negative.

    References
    ----------
    Gupta and Lehmann (2003), Journal of Interactive Marketing 17 (lifetime value).

    Examples
    --------
    >>> import relmark_research as rm
    >>> link = rm.relationships.retention_link(rm.load_sample("satisfaction"))
    >>> value = rm.relationships.value_of_a_point(
    ...     link, annual_margin=(250.0, 12.0), annual_discount_rate=0.1)
    >>> value.table.loc["next year", ["low", "value", "high"]].round().astype(int).tolist()
    [11, 14, 17]
    """
    growth = 1 + AnnualRate(annual_discount_rate).value
    margin_of_answer, means, errors = _answer_margins(link, annual_margin, segment)
    rng = np.random.default_rng(seed)
    margins = means + errors * rng.standard_normal((draws, len(means)))
    chain = _ProfitChain(link, margin_of_answer, growth)
    coefficients = link.draws(draws, seed=seed + 1)
    estimate = link.coefficients.to_numpy()[None]
    both = chain.gains(coefficients, margins)
    link_only = chain.gains(coefficients, np.tile(means, (draws, 1)))
    margin_only = chain.gains(np.tile(estimate, (draws, 1)), margins)
    rows = {}
    for name, point in chain.gains(estimate, means[None]).items():
        variance = both[name].var()
        rows[name] = {
            **_with_interval(float(point[0]), both[name], level),
            "link_variance_share": link_only[name].var() / variance if variance else np.nan,
            "margin_variance_share": margin_only[name].var() / variance if variance else np.nan,
        }
    increase, decrease = (
        _triple(
            chain.value_of_step(estimate, means[None], step),
            chain.value_of_step(coefficients, margins, step),
            level,
        )
        for step in (1, -1)
    )
    by_score = chain.by_score(coefficients, margins, means, level)
    return PointValue(pd.DataFrame(rows).T, by_score, increase, decrease, level)


@dataclass(frozen=True)
class _ProfitChain:
    """Satisfaction, retention and value of each customer; draws along the first axis."""

    link: RetentionLink
    margin_of_answer: Array
    growth: float  # 1 + d

    def gains(self, coefficients: Array, margins: Array) -> dict[str, Array]:
        """Return the mean gain of one point more, by draw."""
        groups, weight = self._groups()
        now, higher = (self._retention(coefficients, groups, step) for step in (0, 1))
        money = margins[:, self.margin_of_answer[groups]]
        return {
            RETENTION: (higher - now) @ weight,
            NEXT_YEAR: (money * (higher - now)) @ weight,
            LIFETIME: (money * self._lifetime_gain(now, higher)) @ weight,
        }

    def value_of_step(self, coefficients: Array, margins: Array, step: int) -> Array:
        """Return the mean lifetime value of moving those who can by ``step``, by draw."""
        groups, weight = self._groups()
        scores = self.link.scores.to_numpy()[groups] + step
        can = (scores >= self.link.scale[0]) & (scores <= self.link.scale[1])
        now, then = (self._retention(coefficients, groups, one) for one in (0, step))
        value = margins[:, self.margin_of_answer[groups]] * self._lifetime_gain(now, then)
        return np.asarray(value[:, can] @ weight[can] / weight[can].sum())

    def by_score(
        self, coefficients: Array, margins: Array, means: Array, level: float
    ) -> pd.DataFrame:
        """Return the value of a point more by the current answer."""
        groups, weight = self._groups()
        scores = self.link.scores.to_numpy()[groups]
        now, higher = (self._retention(coefficients, groups, step) for step in (0, 1))
        drawn = margins[:, self.margin_of_answer[groups]] * self._lifetime_gain(now, higher)
        estimate = self.link.coefficients.to_numpy()[None]
        now, higher = (self._retention(estimate, groups, step) for step in (0, 1))
        value = (means[self.margin_of_answer[groups]] * self._lifetime_gain(now, higher))[0]
        rows = []
        for score in np.unique(scores):
            own = scores == score
            share = weight[own] / weight[own].sum()
            rows.append(
                {
                    "score": int(score),
                    "customers": round(weight[own].sum() * self.link.answers),
                    "retained": float(now[0, own] @ share),
                    "retention_gain": float((higher - now)[0, own] @ share),
                    **_with_interval(float(value[own] @ share), drawn[:, own] @ share, level),
                }
            )
        return pd.DataFrame(rows)

    def _groups(self) -> tuple[Array, Array]:
        """Return one row of each group of identical customers, and the groups' shares."""
        design = self.link.design_matrix(self.link.scores.to_numpy())
        rows = np.column_stack([design, self.margin_of_answer])
        _, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
        return first, counts / counts.sum()

    def _retention(self, coefficients: Array, groups: Array, step: int) -> Array:
        moved = np.clip(self.link.scores.to_numpy() + step, *self.link.scale)
        return np.asarray(expit(coefficients @ self.link.design_matrix(moved)[groups].T))

    def _lifetime_gain(self, now: Array, then: Array) -> Array:
        """Return V(then) - V(now) per unit of margin."""
        return self.growth * (1 / (self.growth - then) - 1 / (self.growth - now))


def _triple(estimate: Array, drawn: Array, level: float) -> tuple[float, float, float]:
    found = _with_interval(float(estimate[0]), drawn, level)
    return found["value"], found["low"], found["high"]


def _with_interval(value: float, drawn: Array, level: float) -> dict[str, float]:
    low, high = percentile_interval(drawn, level)
    return {"value": value, "low": float(low), "high": float(high)}


def _answer_margins(
    link: RetentionLink, annual_margin: object, segment: pd.Series | None
) -> tuple[Array, Array, Array]:
    """Return the position of each answer's margin, the margins and their standard errors."""
    if isinstance(annual_margin, str | Path):
        annual_margin = frame_in_memory(annual_margin, "annual_margin")
    if isinstance(annual_margin, pd.DataFrame):
        annual_margin = {
            str(name): (float(row["annual_margin"]), float(row["standard_error"]))
            for name, row in annual_margin.iterrows()
        }
    if isinstance(annual_margin, Mapping):
        table = np.array([annual_margin[name] for name in annual_margin], dtype=float)
        names = list(annual_margin)
        is_one = names == [_ALL]
        position = (
            np.zeros(link.answers, int) if is_one else _margin_positions(link, names, segment)
        )
    else:
        table = np.atleast_1d(np.asarray(annual_margin, dtype=float))[None, :]
        position = np.zeros(link.answers, dtype=int)
    if table.shape[1] != 2 or not np.isfinite(table).all() or (table[:, 1] < 0).any():
        raise ParameterError(
            "annual_margin must be money per customer and year with its standard error; found "
            f"{annual_margin!r}."
        )
    return position, table[:, 0], table[:, 1]


def _margin_positions(link: RetentionLink, names: list[str], segment: pd.Series | None) -> Array:
    if segment is None:
        raise DataError(
            "margins by segment need the segment of each answer; give segment=, or one margin."
        )
    own = segment.reindex(link.scores.index).astype(str)
    unknown = ~own.isin(names)
    if unknown.any():
        raise DataError(
            f"every answer needs a segment with a margin ({', '.join(names)}); "
            f"{unknown.sum():,} of {len(own):,} have {cell_text(own[unknown].iloc[0])}."
        )
    return own.map({name: number for number, name in enumerate(names)}).to_numpy(int)

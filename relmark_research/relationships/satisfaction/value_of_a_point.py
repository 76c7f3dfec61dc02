"""What one point of satisfaction is worth: satisfaction to staying to profit.

A customer of margin m per year who stays each year with chance r is worth (Gupta and Lehmann, the
first year's margin now)

    V(r) = m (1 + d) / (1 + d - r)

Answering one point higher, he stays with r' = r(min(s + 1, highest)). The point is worth
m (r' - r) next year, and V(r') - V(r) over his life if the point lasts. Both are means over the
customers who answered; the coefficients of the link and the margins are drawn from what is known
of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.satisfaction.retention_link import RetentionLink
from relmark_research.stats.intervals import percentile_interval
from relmark_research.units import AnnualRate

Array = np.ndarray
YEAR, LIFE = "next year", "while they stay"


@dataclass(frozen=True)
class PointValue:
    """What one point more is worth per customer, and where the doubt comes from.

    Attributes
    ----------
    table
        Rows ``retention`` (points gained, a share), ``next year`` and ``while they stay`` (money
        per customer): value, low, high, and doubt_link, doubt_margin, the shares of the variance
        that remain where only that link of the chain is in doubt.
    by_score
        Row per answer given: score, customers, retained, gained (retention of one point more),
        value (while they stay) with low and high.
    up, down
        Value of a point more, and of a point less (negative), per customer who can move: for the
        asymmetry in money; each (value, low, high).
    level
        Probability of the intervals.
    """

    table: pd.DataFrame
    by_score: pd.DataFrame
    up: tuple[float, float, float]
    down: tuple[float, float, float]
    level: float


def value_of_a_point(
    link: RetentionLink,
    *,
    margin: pd.DataFrame | Mapping[str, tuple[float, float]] | tuple[float, float],
    annual_discount_rate: float,
    segment: pd.Series | None = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> PointValue:
    """Return what one point more of satisfaction is worth, with the doubt of every link.

    Parameters
    ----------
    link
        How staying depends on satisfaction.
    margin
        Margin per customer and year with its standard error: (margin, standard_error), or by
        segment; a table with these columns, as of ``first_year_margin``, does as well.
    annual_discount_rate
        Effective rate per year, a share in [0, 1).
    segment
        Segment of each answer, by the row of the answers; needed where margins are by segment.
    level
        Probability of the intervals.
    draws, seed
        Number of draws of coefficients and margins, and their seed.

    Raises
    ------
    DataError
        If an answer has no segment, or a segment no margin.
    ParameterError
        If a margin or its standard error is no number.

    Examples
    --------
    >>> import relmark_research as rm
    >>> from relmark_research.relationships.satisfaction import retention_link
    >>> link = retention_link(rm.load_sample("satisfaction"))
    >>> worth = value_of_a_point(link, margin=(250.0, 12.0), annual_discount_rate=0.1)
    >>> worth.table.loc["next year", ["low", "value", "high"]].round().astype(int).tolist()
    [11, 14, 17]
    """
    factor = 1 + AnnualRate(annual_discount_rate).value
    of_answer, means, errors = _margins(link, margin, segment)
    rng = np.random.default_rng(seed)
    drawn = means + errors * rng.standard_normal((draws, len(means)))
    chain = _Chain(link, of_answer, factor)
    slopes = link.draws(draws, seed=seed + 1)
    best = link.coefficients.to_numpy()[None]
    both = chain.gains(slopes, drawn)
    links = chain.gains(slopes, np.tile(means, (draws, 1)))
    money = chain.gains(np.tile(best, (draws, 1)), drawn)
    rows = {}
    for name, point in chain.gains(best, means[None]).items():
        whole = both[name].var()
        rows[name] = {
            **_summed(float(point[0]), both[name], level),
            "doubt_link": links[name].var() / whole if whole else np.nan,
            "doubt_margin": money[name].var() / whole if whole else np.nan,
        }
    up, down = (
        _triple(chain.step(best, means[None], one), chain.step(slopes, drawn, one), level)
        for one in (1, -1)
    )
    by_score = chain.by_score(slopes, drawn, means, level)
    return PointValue(pd.DataFrame(rows).T, by_score, up, down, level)


def _triple(best: Array, drawn: Array, level: float) -> tuple[float, float, float]:
    found = _summed(float(best[0]), drawn, level)
    return found["value"], found["low"], found["high"]


def _summed(value: float, drawn: Array, level: float) -> dict[str, float]:
    low, high = percentile_interval(drawn, level)
    return {"value": value, "low": float(low), "high": float(high)}


def _margins(
    link: RetentionLink, margin: object, segment: pd.Series | None
) -> tuple[Array, Array, Array]:
    """Return the place of each answer's margin, the margins and their standard errors."""
    if isinstance(margin, pd.DataFrame):
        margin = {
            str(name): (float(row["margin"]), float(row["standard_error"]))
            for name, row in margin.iterrows()
        }
    if not isinstance(margin, Mapping):
        pair = np.atleast_1d(np.asarray(margin, dtype=float))
        table, places = pair[None, :], np.zeros(link.answers, dtype=int)
    else:
        if segment is None:
            raise DataError(
                "margins by segment need the segment of each answer; give segment=, or one margin."
            )
        named = segment.reindex(link.scores.index).astype(str)
        unknown = ~named.isin([*margin])
        if unknown.any():
            raise DataError(
                f"every answer needs a segment with a margin ({', '.join(margin)}); "
                f"{unknown.sum():,} of {len(named):,} have {named[unknown].iloc[0]!r}."
            )
        table = np.array([margin[name] for name in margin], dtype=float)
        places = named.map({name: place for place, name in enumerate(margin)}).to_numpy(int)
    if table.shape[1] != 2 or not np.isfinite(table).all() or (table[:, 1] < 0).any():
        raise ParameterError(
            f"a margin is money per customer and year with its standard error; found {margin!r}."
        )
    return places, table[:, 0], table[:, 1]


@dataclass(frozen=True)
class _Chain:
    """The chain for each customer who answered; draws along the first axis."""

    link: RetentionLink
    of_answer: Array
    factor: float

    def gains(self, slopes: Array, margins: Array) -> dict[str, Array]:
        """Return the mean gain of one point more, for each draw: retention, next year, life."""
        groups, weight = self._groups()
        now, more = (self._rates(slopes, groups, step) for step in (0, 1))
        money = margins[:, self.of_answer[groups]]
        return {
            "retention": (more - now) @ weight,
            YEAR: (money * (more - now)) @ weight,
            LIFE: (money * self._worth(now, more)) @ weight,
        }

    def step(self, slopes: Array, margins: Array, step: int) -> Array:
        """Return the mean worth while they stay of moving those who can by ``step``."""
        groups, weight = self._groups()
        scores = self.link.scores.to_numpy()[groups] + step
        can = (scores >= self.link.scale[0]) & (scores <= self.link.scale[1])
        now, then = (self._rates(slopes, groups, one) for one in (0, step))
        worth = margins[:, self.of_answer[groups]] * self._worth(now, then)
        return np.asarray(worth[:, can] @ weight[can] / weight[can].sum())

    def by_score(self, slopes: Array, margins: Array, means: Array, level: float) -> pd.DataFrame:
        """Return what a point more is worth by the answer now."""
        groups, weight = self._groups()
        scores = self.link.scores.to_numpy()[groups]
        now, more = (self._rates(slopes, groups, step) for step in (0, 1))
        best = self.link.coefficients.to_numpy()[None]
        now_best, more_best = (self._rates(best, groups, step) for step in (0, 1))
        drawn = margins[:, self.of_answer[groups]] * self._worth(now, more)
        point = (means[self.of_answer[groups]] * self._worth(now_best, more_best))[0]
        rows = []
        for score in np.unique(scores):
            own = scores == score
            share = weight[own] / weight[own].sum()
            rows.append(
                {
                    "score": int(score),
                    "customers": round(weight[own].sum() * self.link.answers),
                    "retained": float(now_best[0, own] @ share),
                    "gained": float((more_best - now_best)[0, own] @ share),
                    **_summed(float(point[own] @ share), drawn[:, own] @ share, level),
                }
            )
        return pd.DataFrame(rows)

    def _groups(self) -> tuple[Array, Array]:
        """Return one row for all customers alike, and the share of each such group."""
        rows = np.column_stack([self.link.matrix(self.link.scores.to_numpy()), self.of_answer])
        _, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
        return first, counts / counts.sum()

    def _rates(self, slopes: Array, groups: Array, step: int) -> Array:
        from scipy.special import expit

        moved = np.clip(self.link.scores.to_numpy() + step, *self.link.scale)
        return np.asarray(expit(slopes @ self.link.matrix(moved)[groups].T))

    def _worth(self, now: Array, then: Array) -> Array:
        """Return V(then) - V(now) per unit of margin."""
        return self.factor * (1 / (self.factor - then) - 1 / (self.factor - now))

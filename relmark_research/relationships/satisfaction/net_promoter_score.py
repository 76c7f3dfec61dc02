"""The Net Promoter Score, and how sure it is.

Of n answers from 0 to 10, p_P are 9 or 10 (promoters) and p_D are 6 or less (detractors):

    NPS = p_P - p_D,   Var(NPS) = (p_P + p_D - NPS^2) / n

in shares; scores are shown in points, 100 times as much. Customers who answer several times count
once as a whole in the standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, check_choice, check_level
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.stats.intervals import normal_quantile

SCALE = (0, 10)
DETRACTORS, PASSIVES, PROMOTERS = "detractor", "passive", "promoter"
_PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}
_ENOUGH = 30  # answers from which a pattern of another scale is no chance


@dataclass(frozen=True)
class NetPromoterScore:
    """A Net Promoter Score with its standard error, in points.

    Parameters
    ----------
    promoters, passives, detractors
        Numbers of answers.
    clustered_error
        Standard error where customers answered several times, points; None where each did once.

    Examples
    --------
    >>> score = NetPromoterScore(promoters=450, passives=300, detractors=250)
    >>> score.score, round(score.standard_error, 4)
    (20.0, 2.569)
    """

    promoters: int
    passives: int
    detractors: int
    clustered_error: float | None = None

    def __post_init__(self) -> None:
        if min(self.promoters, self.passives, self.detractors) < 0 or self.answers == 0:
            raise DataError(
                f"a Net Promoter Score needs answers; found {self.promoters} promoters, "
                f"{self.passives} passives and {self.detractors} detractors."
            )

    @property
    def answers(self) -> int:
        """Number of answers."""
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> float:
        """Share of promoters less share of detractors, points from -100 to 100."""
        return 100 * (self.promoters - self.detractors) / self.answers

    @property
    def standard_error(self) -> float:
        """Standard error in points: 100 sqrt((p_P + p_D - NPS^2) / n), or the clustered one."""
        if self.clustered_error is not None:
            return self.clustered_error
        return 100 * _error(self.promoters, self.detractors, self.answers)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval in points, in [-100, 100].

        It is built about the score with one answer more of each kind, which keeps its level where
        answers are few; the standard error is that of these counts, widened for clusters.
        """
        check_level(level)
        n, gap = self.answers + 3, self.promoters - self.detractors
        plain = 100 * _error(self.promoters, self.detractors, self.answers)
        wider = self.standard_error / plain if plain else 1.0
        reach = normal_quantile(level) * 100 * _error(self.promoters + 1, self.detractors + 1, n)
        centre, reach = 100 * gap / n, float(reach * max(wider, 1e-9))
        return max(-100.0, centre - reach), min(100.0, centre + reach)


def _error(promoters: int, detractors: int, n: int) -> float:
    gap = (promoters - detractors) / n
    return float(np.sqrt(((promoters + detractors) / n - gap**2) / n))


def net_promoter_score(
    answers: pd.Series | pd.DataFrame, *, score: str = "nps", customer: str = "customer_id"
) -> NetPromoterScore:
    """Return the Net Promoter Score of answers from 0 to 10.

    Parameters
    ----------
    answers
        Answers, or a table of them; missing ones do not count.
    score, customer
        Columns of the answer and of who gave it, where a table is given.

    Raises
    ------
    DataError
        If an answer is outside 0 to 10, or all look like answers on a shorter scale: a score from
        another scale is another score.

    References
    ----------
    Reichheld (2003), Harvard Business Review 81.

    Examples
    --------
    >>> net_promoter_score(pd.Series([10, 9, 8, 7, 6, 0])).score
    0.0
    """
    table = answers.to_frame(score) if isinstance(answers, pd.Series) else answers
    check_columns(table, "answers", [score])
    marks = check_scale(table[score], SCALE)
    table = table.assign(**{score: marks})[marks.notna()]
    _refuse_other_scale(table[score])
    side = np.where(table[score] >= 9, 1, np.where(table[score] <= 6, -1, 0))
    promoters, passives, detractors = (int((side == sign).sum()) for sign in (1, 0, -1))
    who = table[customer] if customer in table.columns else None
    clustered = None
    if who is not None and who.duplicated().any():
        clustered = _clustered(side.astype(float), pd.factorize(who)[0])
    return NetPromoterScore(promoters, passives, detractors, clustered)


def _refuse_other_scale(marks: pd.Series) -> None:
    if len(marks) >= _ENOUGH and marks.max() <= 7 and marks.min() >= 1:
        raise DataError(
            f"a Net Promoter Score needs answers from 0 to 10; found {len(marks):,} answers from "
            f"{marks.min():g} to {marks.max():g}, as of a shorter scale. Ask on 0 to 10, or use "
            "these answers under their own name."
        )


def _clustered(side: np.ndarray, who: np.ndarray) -> float:
    sums = np.bincount(who, side - side.mean())
    n = len(sums)
    small = n / (n - 1) if n > 1 else 1.0
    return float(100 * np.sqrt(small * (sums**2).sum()) / len(side))


def nps_table(
    answers: pd.DataFrame,
    *,
    by: str | None = None,
    period: str | None = None,
    score: str = "nps",
    date: str = "date",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the Net Promoter Score by group or period, with intervals.

    Parameters
    ----------
    answers
        Table with the answers.
    by
        Column whose values are kept apart; None for all together.
    period
        ``"month"``, ``"quarter"`` or ``"year"`` of ``date``, instead of ``by``.
    score, date
        Columns.
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        Row per group: group, answers, promoters, passives, detractors (shares), nps (points) with
        low and high, standard_error.
    """
    check_columns(answers, "answers", [score, *([by] if by else []), *([date] if period else [])])
    group = pd.Series("all", index=answers.index) if by is None else answers[by]
    if period is not None:
        check_choice("period", period, _PERIODS)
        group = pd.to_datetime(answers[date]).dt.to_period(_PERIODS[period]).dt.start_time
    rows = []
    for name, part in answers.groupby(group, sort=True):
        found = net_promoter_score(part, score=score)
        low, high = found.interval(level)
        shares = {
            "promoters": found.promoters / found.answers,
            "passives": found.passives / found.answers,
            "detractors": found.detractors / found.answers,
        }
        rows.append(
            {"group": name, "answers": found.answers, **shares, "nps": found.score, "low": low,
             "high": high, "standard_error": found.standard_error}
        )  # fmt: skip
    return pd.DataFrame(rows)

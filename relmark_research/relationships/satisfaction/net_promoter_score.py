"""The Net Promoter Score and its standard error.

Of n answers from 0 to 10, p_P are 9 or 10 (promoters) and p_D are 6 or less (detractors):

    NPS = p_P - p_D,   Var(NPS) = (p_P + p_D - NPS^2) / n

in shares; scores are given in points, 100 times as much. Where customers answered several times,
the standard error is clustered by customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, check_level
from relmark_research.relationships._validate import check_columns, check_scale
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.read_table import group_values, open_table, read_values
from relmark_research.tables.schemas import ANSWERS, Column
from relmark_research.units import Period

SCALE = (0, 10)
_HIGHEST_OF_SHORTER_SCALES = 7
_FIGURES = ("promoters", "passives", "detractors", "nps", "low", "high", "standard_error")


@dataclass(frozen=True, repr=False)
class NetPromoterScore:
    """A Net Promoter Score with its standard error, in points.

    Parameters
    ----------
    promoters, passives, detractors
        Numbers of answers.
    clustered_error
        Standard error clustered by customer, points; None where each customer answered once.

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
        """Return the confidence interval in points, within [-100, 100].

        It is computed with one answer added to each class (an adjusted Wald interval), which keeps
        the coverage of small samples, and widened by the ratio of the clustered standard error to
        the simple one.
        """
        check_level(level)
        n, difference = self.answers + 3, self.promoters - self.detractors
        simple = 100 * _error(self.promoters, self.detractors, self.answers)
        ratio = self.standard_error / simple if simple else 1.0
        reach = normal_quantile(level) * 100 * _error(self.promoters + 1, self.detractors + 1, n)
        centre, reach = 100 * difference / n, float(reach * max(ratio, 1e-9))
        return max(-100.0, centre - reach), min(100.0, centre + reach)

    def _rows(self) -> dict[str, object]:
        low, high = self.interval()
        return {
            "score": self.score,
            "95% interval": f"{low:.1f} to {high:.1f}",
            "promoters": self.promoters,
            "passives": self.passives,
            "detractors": self.detractors,
        }

    def __repr__(self) -> str:
        return one_line("NetPromoterScore", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Net Promoter Score", self._rows())


def net_promoter_score(
    answers: Any,
    *,
    score: str = "nps",
    customer: str = "customer_id",
    scale: tuple[int, int] | None = None,
) -> NetPromoterScore:
    """Return the Net Promoter Score of answers from 0 to 10.

    Parameters
    ----------
    answers
        A Series of answers, or a table of them (any source of `read_table`); missing answers are
        left out.
    score, customer
        Columns of the answer and of the customer, if a table is given.
    scale
        Lowest and highest possible answer, (0, 10). None takes this scale if an answer is above 7;
        otherwise the answers may be on a shorter scale, and it has to be declared.

    Raises
    ------
    DataError
        If an answer is outside 0 to 10, or no answer is above 7 and the scale is not declared.
    ParameterError
        If another scale is declared.

    References
    ----------
    Reichheld (2003), Harvard Business Review 81.

    Examples
    --------
    >>> net_promoter_score(pd.Series([10, 9, 8, 7, 6, 0])).score
    0.0
    """
    table = _with_scores(answers, score)
    _check_declared(table[score], scale)
    sign = np.where(table[score] >= 9, 1, np.where(table[score] <= 6, -1, 0))
    promoters, passives, detractors = (int((sign == one).sum()) for one in (1, 0, -1))
    clustered = None
    if customer in table.columns and table[customer].duplicated().any():
        clustered = _clustered_error(sign.astype(float), pd.factorize(table[customer])[0])
    return NetPromoterScore(promoters, passives, detractors, clustered)


def nps_table(
    answers: Any,
    *,
    by: str | None = None,
    period: str | Period | None = None,
    score: str = "nps",
    date: str = "date",
    scale: tuple[int, int] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the Net Promoter Score by group or period, with intervals.

    Parameters
    ----------
    answers
        Table with the answers, any source of `read_table`.
    by
        Column whose values form groups; None for one group. A blank group is "not known".
    period
        Period of ``date``, instead of ``by``: ``"week"``, ``"month"``, ``"quarter"``, ``"year"`` or
        a fiscal `Period`.
    score, date
        Columns.
    scale
        As for `net_promoter_score`; it is judged by the answers of all groups together.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per group: group, answers, promoters, passives, detractors (shares), nps (points) with
        low and high, standard_error. A period without answers has 0 answers and no score.
    """
    more = ([by] if by else []) + ([date] if period else [])
    table = _with_scores(answers, score, more)
    _check_declared(table[score], scale)
    group = pd.Series("all", index=table.index) if by is None else group_values(table[by])
    groups = sorted(group.unique())
    if period is not None:
        column = Column(date, "date", "day of the answer", required=True)
        when = read_values(table[date], column).dt.to_period(Period.of(period).frequency)
        group = when.dt.start_time
        groups = list(pd.period_range(when.min(), when.max()).start_time)
    return pd.DataFrame([_row(name, table[group == name], score, level) for name in groups])


def _row(name: object, part: pd.DataFrame, score: str, level: float) -> dict[str, object]:
    """Return the score of one group; missing where it has no answers."""
    if part.empty:
        missing = dict.fromkeys(_FIGURES, np.nan)
        return {"group": name, "answers": 0, **missing}
    found = net_promoter_score(part, score=score, scale=SCALE)
    low, high = found.interval(level)
    figures = (
        found.promoters / found.answers,
        found.passives / found.answers,
        found.detractors / found.answers,
        found.score,
        low,
        high,
        found.standard_error,
    )
    return {"group": name, "answers": found.answers, **dict(zip(_FIGURES, figures, strict=True))}


def _with_scores(answers: Any, score: str, more: Sequence[str] = ()) -> pd.DataFrame:
    """Return the table of the answers given, with their scores checked."""
    column = Column(score, "number", "answer from 0 to 10")
    if isinstance(answers, pd.Series):
        answers = answers.to_frame(score)
    table = open_table(answers, ANSWERS.relaxed().with_columns([column]))
    check_columns(table, "answers", [score, *more])
    scores = check_scale(table[score], SCALE)
    return table.assign(**{score: scores})[scores.notna()]


def _error(promoters: int, detractors: int, n: int) -> float:
    difference = (promoters - detractors) / n
    return float(np.sqrt(((promoters + detractors) / n - difference**2) / n))


def _clustered_error(sign: np.ndarray, customer: np.ndarray) -> float:
    sums = np.bincount(customer, sign - sign.mean())
    n = len(sums)
    correction = n / (n - 1) if n > 1 else 1.0
    return float(100 * np.sqrt(correction * (sums**2).sum()) / len(sign))


def _check_declared(scores: pd.Series, scale: tuple[int, int] | None) -> None:
    """Raise an error for another scale, or for answers that may be on another one."""
    if scale is not None and tuple(scale) != SCALE:
        raise ParameterError(
            f"a Net Promoter Score needs answers from 0 to 10; found scale={scale!r}. Report "
            "answers on another scale as another measure."
        )
    if scale is None and len(scores) and scores.max() <= _HIGHEST_OF_SHORTER_SCALES:
        raise DataError(
            f"a Net Promoter Score needs answers from 0 to 10; found {len(scores):,} answers from "
            f"{scores.min():g} to {scores.max():g}, as on a shorter scale. If the scale was 0 to "
            "10, declare it: scale=(0, 10). Otherwise report these answers as another measure."
        )

"""Lesson 2: who are our best customers?"""

from functools import cache

import pandas as pd

from relmark_research.customers.datasets import load_cdnow
from relmark_research.customers.describe.rfm import rfm_scores
from relmark_research.teaching.exercises import Exercise, Mistake

_SHOP = pd.DataFrame(
    {
        "R": [-300, 0, -30, -30, -200, -90, -10],
        "F": [1, 6, 2, 1, 3, 2, 4],
        "M": [300, 60, 90, 45, 120, 20, 80],
    },
    index=["Ana", "Bo", "Cy", "Di", "Ed", "Flo", "Gil"],
)
_MAILING = pd.DataFrame(
    {"without": [70 / 100, 10 / 100], "with": [75 / 100, 22 / 100]}, index=["champions", "asleep"]
)


def _scores_of_gil(shop: pd.DataFrame = _SHOP) -> pd.Series:
    """Return Gil's scores from 1 to 3: one plus the share of lower values in thirds."""
    worse = shop.lt(shop.loc["Gil"]).sum()
    return 1 + 3 * worse // len(shop)


@cache
def _scores() -> pd.DataFrame:
    """Return the scores of CDNOW customers at the end of September 1997, with later purchases."""
    log = load_cdnow()
    later = log.split(at="1997-09-30").holdout
    scores = rfm_scores(log.until("1997-09-30"))
    return scores.assign(later=later["value"], back=later["purchases"] > 0)


def _share_of_total(chosen: pd.Series, column: str) -> float:
    return float(_scores().loc[chosen, column].sum() / _scores()[column].sum())


def _top_spenders() -> pd.Series:
    return _scores()["M"] == 5


def _later_top_spenders() -> pd.Series:
    return _scores()["later"].rank(ascending=False, method="first") <= _top_spenders().sum()


def _return_rates(score: int) -> pd.Series:
    """Return the share of customers with this score who returned, by recency, F and M."""
    table = _scores()
    return pd.Series({name: table.loc[table[name] == score, "back"].mean() for name in "RFM"})


EXERCISES = (
    Exercise(
        key="2.1",
        answer=_scores_of_gil,
        tolerance=0.1,
        mistakes=(
            Mistake(
                lambda: _scores_of_gil(_SHOP.assign(R=-_SHOP["R"])),
                "F and M are right. Is the larger number of days the better one?",
            ),
            Mistake(
                {"R": 3, "F": 3, "M": 3},
                "R and F are right. Who has spent less than Gil? Count them once more.",
            ),
        ),
        meaning="And Bo's M has fallen by one, though he did nothing: a score is a place among "
        "others.",
    ),
    Exercise(
        key="2.2",
        answer=lambda: _share_of_total(_top_spenders(), "later"),
        unit="share",
        mistakes=(
            Mistake(
                lambda: _share_of_total(_top_spenders(), "monetary"),
                "That is their share of the past, by which they were chosen. What came later?",
            ),
            Mistake(
                lambda: _share_of_total(_later_top_spenders(), "later"),
                "That is the fifth that turned out best. Who knew in September who they would be?",
            ),
            Mistake(
                lambda: _share_of_total(_top_spenders(), "back"),
                "That is their share of those who came back. Asked for is money.",
            ),
        ),
        meaning="Two thirds, not four fifths: still a lot. The fifth that turned out best brought "
        "far more, but nobody can choose in hindsight.",
    ),
    Exercise(
        key="2.3",
        answer=lambda: _return_rates(5) - _return_rates(1),
        tolerance=0.005,
        unit="share",
        mistakes=(
            Mistake(lambda: _return_rates(5), "Those are the shares at score 5. What of score 1?"),
            Mistake(
                lambda: _return_rates(5) / _return_rates(1),
                "Those are ratios. Asked for is the difference.",
            ),
        ),
        meaning="Here recency and frequency are about equal, and money comes after. One shop "
        "proves no rule, for either side: test it on yours.",
    ),
    Exercise(
        key="2.4",
        answer=lambda: 10 * (_MAILING["with"] - _MAILING["without"]) - 1,
        tolerance=0.005,
        mistakes=(
            Mistake(
                lambda: 10 * _MAILING["with"] - 1,
                "You give the letter credit for those who would have come anyway.",
            ),
            Mistake(
                lambda: 10 * (_MAILING["with"] - _MAILING["without"]),
                "That is what the letter brings. What does it cost?",
            ),
        ),
        meaning="Here the best answer most and are moved least: there the letter loses. Whom a "
        "contact moves is known only from a group without it: lesson 12.",
    ),
)

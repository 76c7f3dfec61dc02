"""Lesson 12: did it work?"""

from functools import cache

import pandas as pd

from relmark_research.customers.log.datasets import load_sample
from relmark_research.relationships.satisfaction.net_promoter_score import NetPromoterScore
from relmark_research.teaching.exercises import Exercise, Mistake

_SPRING = NetPromoterScore(promoters=100, passives=40, detractors=60)
_AUTUMN = NetPromoterScore(promoters=110, passives=32, detractors=58)


def _rise() -> float:
    return _AUTUMN.score - _SPRING.score


def _error() -> float:
    return float((_SPRING.standard_error**2 + _AUTUMN.standard_error**2) ** 0.5)


@cache
def _winter() -> pd.DataFrame:
    """Share that ordered, by segment and arm, in the winter campaign of 2023."""
    campaigns = load_sample("campaigns").query("campaign_id == '2023-winter'")
    known = campaigns.merge(load_sample("customers"), on="customer_id")
    return known.groupby(["segment", "arm"])["responded"].mean().unstack()


def _most(rates: pd.Series) -> str:
    return str(rates.idxmax())


def _moved(arm: str) -> str:
    return _most(_winter()[arm] - _winter()["control"])


EXERCISES = (
    Exercise(
        key="12.1",
        answer=lambda: 30 * 30 / 200 - 6,
        unit="euro",
        mistakes=(
            Mistake(
                30 * 80 / 200 - 6,
                "You put down every order to the call. How many would have come without it?",
            ),
            Mistake(30 * 30 / 200, "That is what the calls brought. Were they free?"),
            Mistake(
                200 * (30 * 30 / 200 - 6),
                "That is the gain of all calls together. Asked for is one call.",
            ),
        ),
        because="Two in five ordered, and every call lost money.",
    ),
    Exercise(
        key="12.2",
        answer=lambda: _rise() / _error(),
        tolerance=0.01,
        mistakes=(
            Mistake(
                lambda: _rise() / _SPRING.standard_error,
                "That is the error of the spring's score alone. Is the autumn's score certain?",
            ),
            Mistake(
                lambda: _rise() / (_SPRING.standard_error + _AUTUMN.standard_error),
                "Errors of two samples do not add up. What of their squares?",
            ),
            Mistake(_rise, "That is the rise in points. How large is its error?"),
        ),
        because="Less than one standard error: luck alone often does as much. No news yet.",
    ),
    Exercise(
        key="12.3",
        answer=lambda: {"response": _most(_winter()["call"]), "uplift": _moved("call")},
        mistakes=(
            Mistake(
                lambda: dict.fromkeys(["response", "uplift"], _most(_winter()["call"])),
                "These order much. How many of them do so when nobody calls?",
            ),
            Mistake(
                lambda: dict.fromkeys(["response", "uplift"], _moved("call")),
                "The uplift is right. For the response leave the control group out.",
            ),
            Mistake(
                lambda: {"response": _moved("call"), "uplift": _most(_winter()["call"])},
                "Which of the two did you put where?",
            ),
        ),
        because="Who orders most was going to order anyway. A mailing list sorted by response "
        "calls the wrong people.",
    ),
    Exercise(
        key="12.4",
        answer=lambda: "lot",
        choices=("before", "joiners", "lot", "twins"),
        mistakes=(
            Mistake(
                "before",
                "When do people join a club? Perhaps just when they begin to buy more anyway.",
            ),
            Mistake(
                "joiners",
                "The invitation came by lot, but who chose to accept it? Compare whole groups.",
            ),
            Mistake(
                "twins",
                "Alike in what you know of them. And in that the one wanted to join?",
            ),
        ),
        because="Everybody counts on the side on which the lot put them, whether they joined or "
        "not. The difference is what the invitation caused.",
    ),
)

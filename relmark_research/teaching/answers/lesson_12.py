"""Lesson 12: did it work?"""

from functools import cache

import pandas as pd

from relmark_research.customers.datasets import load_sample
from relmark_research.relationships.satisfaction.net_promoter_score import NetPromoterScore
from relmark_research.teaching.exercises import Exercise, Mistake

_SPRING = NetPromoterScore(promoters=100, passives=40, detractors=60)
_AUTUMN = NetPromoterScore(promoters=110, passives=32, detractors=58)


def _nps_change() -> float:
    return _AUTUMN.score - _SPRING.score


def _standard_error_of_change() -> float:
    return float((_SPRING.standard_error**2 + _AUTUMN.standard_error**2) ** 0.5)


@cache
def _response_rates() -> pd.DataFrame:
    """Return the response rate by segment and group in the winter campaign of 2023."""
    campaigns = load_sample("campaigns").query("campaign_id == '2023-winter'")
    known = campaigns.merge(load_sample("customers"), on="customer_id")
    return known.groupby(["segment", "arm"])["responded"].mean().unstack()


def _segment_with_highest(rates: pd.Series) -> str:
    return str(rates.idxmax())


def _segment_with_highest_lift(arm: str) -> str:
    return _segment_with_highest(_response_rates()[arm] - _response_rates()["control"])


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
        meaning="Two in five ordered, and every call lost money.",
    ),
    Exercise(
        key="12.2",
        answer=lambda: _nps_change() / _standard_error_of_change(),
        tolerance=0.01,
        mistakes=(
            Mistake(
                lambda: _nps_change() / _SPRING.standard_error,
                "That is the error of the spring's score alone. Is the autumn's score certain?",
            ),
            Mistake(
                lambda: _nps_change() / (_SPRING.standard_error + _AUTUMN.standard_error),
                "Errors of two samples do not add up. What of their squares?",
            ),
            Mistake(_nps_change, "That is the rise in points. How large is its error?"),
        ),
        meaning="Less than one standard error: luck alone often does as much. No news yet.",
    ),
    Exercise(
        key="12.3",
        answer=lambda: {
            "response": _segment_with_highest(_response_rates()["call"]),
            "uplift": _segment_with_highest_lift("call"),
        },
        mistakes=(
            Mistake(
                lambda: dict.fromkeys(
                    ["response", "uplift"], _segment_with_highest(_response_rates()["call"])
                ),
                "These order much. How many of them do so when nobody calls?",
            ),
            Mistake(
                lambda: dict.fromkeys(["response", "uplift"], _segment_with_highest_lift("call")),
                "The uplift is right. For the response leave the control group out.",
            ),
            Mistake(
                lambda: {
                    "response": _segment_with_highest_lift("call"),
                    "uplift": _segment_with_highest(_response_rates()["call"]),
                },
                "Which of the two did you put where?",
            ),
        ),
        meaning="Who orders most was going to order anyway. A mailing list sorted by response "
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
        meaning="Everybody counts on the side on which the lot put them, whether they joined or "
        "not. The difference is what the invitation caused.",
    ),
)

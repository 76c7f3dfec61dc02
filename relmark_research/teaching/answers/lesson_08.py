"""Lesson 8: who climbs the ladder?"""

from collections.abc import Mapping
from functools import cache

import pandas as pd

from relmark_research.customers.datasets import load_cdnow
from relmark_research.ladder.answers.transition_estimate import estimate_transitions
from relmark_research.ladder.history.ladder import LoyaltyLadder
from relmark_research.teaching.exercises import Exercise, Mistake

_PURCHASE_COUNTS = {
    "first-time": "1",
    "repeat": "2 to 3",
    "regular": "4 to 7",
    "client": "8 or more",
}
_TWO_STATES = {"": "under 3", ", silent": "3 or more"}
_THREE_STATES = {"": "under 2", ", pausing": "2 to under 5", ", silent": "5 or more"}
_SPLIT_DATE, _MONTHS = "1997-09-30", 9


def _ladder(memory: Mapping[str, str]) -> LoyaltyLadder:
    """Return a ladder with a rung for each number of purchases and each recency state."""
    rules = {
        rung + state: {"purchases": days, **({"quiet": quiet} if quiet else {})}
        for rung, days in _PURCHASE_COUNTS.items()
        for state, quiet in memory.items()
    }
    return LoyaltyLadder(list(rules), rules)


def _sum_by_count(people: pd.Series) -> pd.Series:
    return people.groupby([str(rung).split(",")[0] for rung in people.index]).sum()


@cache
def _actual_counts() -> pd.Series:
    return _sum_by_count(_ladder({"": ""}).assign(load_cdnow(), period="month").latest())


@cache
def _forecast_errors(memory: tuple[tuple[str, str], ...]) -> pd.Series:
    """Return the absolute forecast error of each rung as a share of all customers."""
    history = _ladder(dict(memory)).assign(load_cdnow().until(_SPLIT_DATE), period="month")
    ahead = estimate_transitions(history).project(periods=_MONTHS).wide().iloc[-1]
    errors: pd.Series = (_sum_by_count(ahead) - _actual_counts()).abs() / _actual_counts().sum()
    return errors


def _misplaced_share(memory: Mapping[str, str]) -> float:
    return float(_forecast_errors(tuple(memory.items())).sum() / 2)


EXERCISES = (
    Exercise(
        key="8.1",
        answer=lambda: pd.Series({"first-time": 100, "repeat": 350, "lost": 250}),
        unit="people",
        mistakes=(
            Mistake(
                lambda: pd.Series({"first-time": 100, "repeat": 350, "lost": 150}),
                "Those who were lost before are still lost. Do your numbers add up to all people?",
            ),
            Mistake(
                lambda: pd.Series({"first-time": 100, "repeat": 300, "lost": 250}),
                "Some repeat customers were first-time customers a quarter ago. Where are they?",
            ),
            Mistake(
                lambda: pd.Series({"first-time": 50, "repeat": 287.5, "lost": 362.5}),
                "You went two quarters ahead.",
            ),
        ),
        meaning="Everybody comes from somewhere: the columns of the matrix say from where.",
    ),
    Exercise(
        key="8.2",
        answer=lambda: 2 / 6,
        unit="share",
        mistakes=(
            Mistake(
                2 / 8,
                "You counted the last quarters of Di and Ed as departures. What followed on them?",
            ),
            Mistake(
                2 / 7,
                "Of Di and Ed one last quarter is still counted. Nothing followed on either.",
            ),
            Mistake(
                2 / 5,
                "That is a share of the people. Asked for is a share of the quarters spent on the "
                "rung.",
            ),
            Mistake(
                2 / 3,
                "Staying is a move, too. How often was somebody on this rung twice in a row?",
            ),
        ),
        meaning="What follows on the last quarter is not known, and whoever counts it as no climb "
        "makes climbing look rarer than it is.",
    ),
    Exercise(
        key="8.3",
        answer=lambda: (1 / 4) / (1 / 4 + 1 / 8),
        unit="share",
        mistakes=(
            Mistake(1 / 4, "That is the share in one quarter. Those who stay may climb later."),
            Mistake(1 / 2, "That was so before the letter. Who leaves the rung now, and where to?"),
            Mistake(
                3 / 4,
                "Did you let one in four be lost, or climb, or both? Write the row down first.",
            ),
        ),
        meaning="The letter makes nobody climb faster. It keeps people on the rung for longer, and "
        "that is a chance to climb.",
    ),
    Exercise(
        key="8.4",
        answer=lambda: _misplaced_share(_THREE_STATES),
        tolerance=0.002,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _misplaced_share(_TWO_STATES),
                "That is the ladder with two words. Give it three.",
            ),
            Mistake(
                lambda: _misplaced_share({"": ""}), "That is the plain ladder, without a memory."
            ),
            Mistake(
                lambda: 2 * _misplaced_share(_THREE_STATES),
                "Whoever is missing on one rung is too many on another: you counted them twice.",
            ),
        ),
        meaning="Better again. But each word leaves fewer moves to count, and a ladder chosen on "
        "these nine months needs others for a fair test.",
    ),
)

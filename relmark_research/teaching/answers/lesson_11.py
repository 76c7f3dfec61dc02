"""Lesson 11: can trust be measured, and is it worth money?"""

from functools import cache
from math import ceil

import pandas as pd

from relmark_research.customers.datasets import load_sample
from relmark_research.relationships.partners.partner_data import PartnerData, read_partners
from relmark_research.relationships.partners.relationship_quality import (
    VarianceComponents,
    relationship_quality,
)
from relmark_research.teaching.exercises import Exercise, Mistake

_TARGET_SHARE = 0.8  # required share of the variance of a mean that lies between partners


@cache
def _partner_data() -> PartnerData:
    return read_partners(load_sample("partners"), load_sample("partner_survey"))


@cache
def _variance_components(scale: str) -> VarianceComponents:
    return relationship_quality(_partner_data(), scales=scale).components


def _between_share(scale: str, answers: float) -> float:
    """Return the share of the variance of a mean of several answers that lies between partners."""
    found = _variance_components(scale)
    return found.between / (found.between + found.within / answers)


def _answers_needed(share: float = _TARGET_SHARE) -> int:
    return next(n for n in range(1, 100) if _between_share("trust", n) >= share)


def _exact_answers_needed() -> float:
    found = _variance_components("trust")
    return _TARGET_SHARE / (1 - _TARGET_SHARE) * found.within / found.between


def _inverted_ratio() -> float:
    found = _variance_components("trust")
    return _TARGET_SHARE / (1 - _TARGET_SHARE) * found.between / found.within


def _communication_by_year() -> pd.DataFrame:
    """Return each partner's mean communication score by year."""
    answers = _partner_data().answers
    groups = [answers["partner_id"], answers["date"].dt.year]
    return _partner_data().composites["communication"].groupby(groups).mean().unstack()


def _gap_of_lowest() -> float:
    """Return the distance of the ten lowest partners of 2023 from the overall mean."""
    first = _communication_by_year()[2023]
    return float(first.mean() - first.nsmallest(10).mean())


def _rise_of_lowest() -> float:
    waves = _communication_by_year()
    return float((waves[2024] - waves[2023])[waves[2023].nsmallest(10).index].mean())


EXERCISES = (
    Exercise(
        key="11.1",
        answer=lambda: 2 * (1 - 8 / 14),
        mistakes=(
            Mistake(1 - 8 / 14, "Only the front is missing: what is k / (k - 1) for two?"),
            Mistake(
                8 / 14, "That is how the separate spreads compare with that of the sums. Go on."
            ),
            Mistake(
                2 * (1 - 14 / 8),
                "Which belongs below the line: the spread of the sums, or the sum?",
            ),
        ),
        meaning="Two questions that mostly agree: high, for so short a scale.",
    ),
    Exercise(
        key="11.2",
        answer=_answers_needed,
        tolerance=0.02,
        unit="sheets",
        mistakes=(
            Mistake(
                _exact_answers_needed,
                "Solved well. But nobody can ask a part of a person: which way do you round?",
            ),
            Mistake(
                lambda: ceil(_inverted_ratio()),
                "Which spread do more people make smaller: between partners, or within one?",
            ),
            Mistake(
                lambda: _answers_needed() - 1,
                "With so many it is just not reached. Put it into the formula.",
            ),
            Mistake(
                lambda: _answers_needed(1 - _TARGET_SHARE),
                "With so many, that share is about who answered. Which of the two is asked for?",
            ),
        ),
        meaning="Six sheets were not far off, and one is far too few.",
    ),
    Exercise(
        key="11.3",
        answer=lambda: (1 - _between_share("communication", 3)) * _gap_of_lowest(),
        tolerance=0.01,
        unit="points",
        mistakes=(
            Mistake(
                _rise_of_lowest,
                "That is how much they did rise. How much of it was to be expected anyway?",
            ),
            Mistake(
                lambda: _between_share("communication", 3) * _gap_of_lowest(),
                "This part of the distance belongs to the partners, and stays. What comes back?",
            ),
            Mistake(
                lambda: (1 - _between_share("communication", 6)) * _gap_of_lowest(),
                "In 2023 there were how many sheets of each partner?",
            ),
            Mistake(
                _gap_of_lowest, "So far below the mean they were. Do they come back all the way?"
            ),
        ),
        meaning="Nearly all of what a before-and-after picture would have shown for the workshop.",
    ),
    Exercise(
        key="11.4",
        answer=lambda: "others",
        choices=("alpha", "feelings", "best", "others"),
        mistakes=(
            Mistake("alpha", "A scale can be reliable and the rise still come by itself."),
            Mistake("feelings", "People who give a day to something like to think that it helped."),
            Mistake("best", "Of any ten, three rise most, with a workshop or without."),
        ),
        meaning="Only they show what would have happened without it. Such a group, drawn by lot, "
        "is what the next lesson is about.",
    ),
)

"""Lesson 11: can trust be measured, and is it worth money?"""

from functools import cache
from math import ceil

import pandas as pd

from relmark_research.customers.log.datasets import load_sample
from relmark_research.relationships.partners.partner_tables import PartnerData, read_partners
from relmark_research.relationships.partners.relationship_quality import (
    Components,
    relationship_quality,
)
from relmark_research.teaching.exercises import Exercise, Mistake

_MEANT = 0.8  # share of a mean's variance that is to be about the partner


@cache
def _data() -> PartnerData:
    return read_partners(load_sample("partners"), load_sample("partner_survey"))


@cache
def _components(scale: str) -> Components:
    return relationship_quality(_data(), of=scale).components


def _about_the_partner(scale: str, sheets: float) -> float:
    """Share of the variance of a mean of so many sheets that is between partners."""
    found = _components(scale)
    return found.between / (found.between + found.within / sheets)


def _sheets_needed(share: float = _MEANT) -> int:
    return next(n for n in range(1, 100) if _about_the_partner("trust", n) >= share)


def _sheets_exactly() -> float:
    found = _components("trust")
    return _MEANT / (1 - _MEANT) * found.within / found.between


def _upside_down() -> float:
    found = _components("trust")
    return _MEANT / (1 - _MEANT) * found.between / found.within


def _talk() -> pd.DataFrame:
    """Each partner's mean of communication by year."""
    answers = _data().answers
    groups = [answers["partner_id"], answers["date"].dt.year]
    return _data().composites["communication"].groupby(groups).mean().unstack()


def _below() -> float:
    """How far the ten lowest of 2023 were below the mean of all."""
    first = _talk()[2023]
    return float(first.mean() - first.nsmallest(10).mean())


def _rise() -> float:
    waves = _talk()
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
        because="Two questions that mostly agree: high, for so short a scale.",
    ),
    Exercise(
        key="11.2",
        answer=_sheets_needed,
        tolerance=0.02,
        unit="sheets",
        mistakes=(
            Mistake(
                _sheets_exactly,
                "Solved well. But nobody can ask a part of a person: which way do you round?",
            ),
            Mistake(
                lambda: ceil(_upside_down()),
                "Which spread do more people make smaller: between partners, or within one?",
            ),
            Mistake(
                lambda: _sheets_needed() - 1,
                "With so many it is just not reached. Put it into the formula.",
            ),
            Mistake(
                lambda: _sheets_needed(1 - _MEANT),
                "With so many, that share is about who answered. Which of the two is asked for?",
            ),
        ),
        because="Six sheets were not far off, and one is far too few.",
    ),
    Exercise(
        key="11.3",
        answer=lambda: (1 - _about_the_partner("communication", 3)) * _below(),
        tolerance=0.01,
        unit="points",
        mistakes=(
            Mistake(
                _rise, "That is how much they did rise. How much of it was to be expected anyway?"
            ),
            Mistake(
                lambda: _about_the_partner("communication", 3) * _below(),
                "This part of the distance belongs to the partners, and stays. What comes back?",
            ),
            Mistake(
                lambda: (1 - _about_the_partner("communication", 6)) * _below(),
                "In 2023 there were how many sheets of each partner?",
            ),
            Mistake(_below, "So far below the mean they were. Do they come back all the way?"),
        ),
        because="Nearly all of what a before-and-after picture would have shown for the workshop.",
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
        because="Only they show what would have happened without it. Such a group, drawn by lot, "
        "is what the next lesson is about.",
    ),
)

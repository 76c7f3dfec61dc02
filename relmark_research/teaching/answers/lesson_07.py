"""Lesson 7: win a new customer or keep an old one?"""

from functools import cache

import pandas as pd

from relmark_research.customers.log.datasets import load_sample
from relmark_research.economics.budget.unit_costs import unit_costs
from relmark_research.economics.value_of_retention.retention_value import (
    Timing,
    break_even_retention,
    customer_value,
    retention_value,
)
from relmark_research.teaching.exercises import Exercise, Mistake

_MARGIN, _RATE, _INTEREST, _SPEND, _POINTS = 50, 0.60, 0.10, 8, 0.05
_RATES = (0.6, 0.7, 0.8, 0.9)


def _helpline() -> float:
    return break_even_retention(
        _MARGIN, _RATE, _INTEREST, retention_spend=_SPEND, points=_POINTS
    ).extra_spend


def _rises(
    *, timing: Timing = "just after a payment", interest: float = _INTEREST, relative: bool = False
) -> pd.Series:
    """Relative gain of five points, or of a rise by a twentieth, at each retention rate."""
    gains = {
        rate: retention_value(
            1, rate, interest, timing=timing, points=_POINTS * rate if relative else _POINTS
        ).relative_gain
        for rate in _RATES
    }
    return pd.Series(gains)


@cache
def _costs() -> pd.DataFrame:
    return unit_costs(load_sample("books"), by="channel", recent=4).drop(index="all")


def _cheaper(won: str, kept: str) -> set[str]:
    """Channels in which the one cost is above the other."""
    costs = _costs()
    return set(costs.index[costs[kept] < costs[won]])


EXERCISES = (
    Exercise(
        key="7.1",
        answer=lambda: 10_000 / (840 - 800),
        mistakes=(
            Mistake(
                10_000 / 840, "Not all who are kept are kept by the new money. How many are added?"
            ),
            Mistake(
                30_000 / 840,
                "That is the average over all who are kept. Whom does the next ten add?",
            ),
            Mistake(20_000 / 800, "That is today's average. What comes on top, and for how much?"),
            Mistake(
                10_000 / (800 - 640),
                "These are the ones added by the money that is spent already. Go one line down.",
            ),
        ),
        because="Ten times today's average: those who are easily kept are kept first.",
    ),
    Exercise(
        key="7.2",
        answer=_helpline,
        mistakes=(
            Mistake(
                _MARGIN * _POINTS,
                "That counts the margin of one year. Who is kept stays a customer for longer.",
            ),
            Mistake(
                lambda: customer_value(_MARGIN, _RATE, _INTEREST, _SPEND),
                "That is what one customer kept is worth. How many of a hundred are kept more?",
            ),
            Mistake(
                lambda: _POINTS * customer_value(_MARGIN, _RATE, _INTEREST),
                "A customer costs something to keep already. What is spent on each today?",
            ),
            Mistake(
                lambda: _SPEND + _helpline(),
                "That is all that may be spent. How much of it is new?",
            ),
        ),
        because="Five points may cost five hundredths of what a customer is worth, no more.",
    ),
    Exercise(
        key="7.3",
        answer=_rises,
        tolerance=0.004,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _rises(relative=True),
                "You raised each rate by a twentieth of itself. The claim speaks of points.",
            ),
            Mistake(
                lambda: _rises(timing="first margin now"),
                "You counted a margin that is paid already, and that no retention can raise.",
            ),
            Mistake(
                lambda: _rises(interest=0.0), "Later margins count for less. Where is the interest?"
            ),
        ),
        because="The smallest of the three figures is passed only where nine in ten stay already, "
        "the largest nowhere; and what the five points cost is in none of them. A figure without "
        "its conditions is not a finding.",
    ),
    Exercise(
        key="7.4",
        answer=lambda: _cheaper("marginal_cost_won", "marginal_cost_kept"),
        mistakes=(
            Mistake(
                lambda: _cheaper("cost_per_won", "cost_per_kept"),
                "These are the channels by average costs. What does the next one cost?",
            ),
            Mistake(
                lambda: _cheaper("marginal_cost_kept", "marginal_cost_won"),
                "The wrong way round: in these, winning one more costs less.",
            ),
        ),
        because="Averages named four channels, two of them wrongly. One firm, five answers: a rule "
        "for all of them cannot be right.",
    ),
)

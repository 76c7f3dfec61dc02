"""Lesson 7: win a new customer or keep an old one?"""

from functools import cache

import pandas as pd

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.unit_costs import unit_costs
from relmark_research.economics.value_of_retention.retention_value import (
    Timing,
    break_even_retention,
    customer_value,
    retention_value,
)
from relmark_research.teaching.exercises import Exercise, Mistake

_MARGIN, _RETENTION_RATE, _DISCOUNT_RATE, _SPEND, _RETENTION_POINTS = 50, 0.60, 0.10, 8, 0.05
_RETENTION_RATES = (0.6, 0.7, 0.8, 0.9)


def _break_even_spend() -> float:
    return break_even_retention(
        _MARGIN,
        _RETENTION_RATE,
        _DISCOUNT_RATE,
        retention_spend=_SPEND,
        points=_RETENTION_POINTS,
        payment="year",
    ).extra_spend


def _relative_gains(
    *,
    timing: Timing = "just after a payment",
    interest: float = _DISCOUNT_RATE,
    relative: bool = False,
) -> pd.Series:
    """Return the relative gain of five points, or of a 5% increase, at each retention rate."""
    gains = {
        rate: retention_value(
            1,
            rate,
            interest,
            timing=timing,
            points=_RETENTION_POINTS * rate if relative else _RETENTION_POINTS,
            payment="year",
        ).relative_gain
        for rate in _RETENTION_RATES
    }
    return pd.Series(gains)


@cache
def _unit_costs() -> pd.DataFrame:
    return unit_costs(load_sample("books"), by="channel", recent=4).drop(index="all")


def _channels_with_lower_cost(acquisition: str, retention: str) -> set[str]:
    """Return the channels in which the retention cost is below the acquisition cost."""
    costs = _unit_costs()
    return set(costs.index[costs[retention] < costs[acquisition]])


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
        meaning="Ten times today's average: those who are easily kept are kept first.",
    ),
    Exercise(
        key="7.2",
        answer=_break_even_spend,
        mistakes=(
            Mistake(
                _MARGIN * _RETENTION_POINTS,
                "That counts the margin of one year. Who is kept stays a customer for longer.",
            ),
            Mistake(
                lambda: customer_value(
                    _MARGIN, _RETENTION_RATE, _DISCOUNT_RATE, _SPEND, payment="year"
                ),
                "That is what one customer kept is worth. How many of a hundred are kept more?",
            ),
            Mistake(
                lambda: (
                    _RETENTION_POINTS
                    * customer_value(_MARGIN, _RETENTION_RATE, _DISCOUNT_RATE, payment="year")
                ),
                "A customer costs something to keep already. What is spent on each today?",
            ),
            Mistake(
                lambda: _SPEND + _break_even_spend(),
                "That is all that may be spent. How much of it is new?",
            ),
        ),
        meaning="Five points may cost five hundredths of what a customer is worth, no more.",
    ),
    Exercise(
        key="7.3",
        answer=_relative_gains,
        tolerance=0.004,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _relative_gains(relative=True),
                "You raised each rate by a twentieth of itself. The claim speaks of points.",
            ),
            Mistake(
                lambda: _relative_gains(timing="first margin now"),
                "You counted a margin that is paid already, and that no retention can raise.",
            ),
            Mistake(
                lambda: _relative_gains(interest=0.0),
                "Later margins count for less. Where is the interest?",
            ),
        ),
        meaning="The smallest of the three figures is passed only where nine in ten stay already, "
        "the largest nowhere; and what the five points cost is in none of them. A figure without "
        "its conditions is not a finding.",
    ),
    Exercise(
        key="7.4",
        answer=lambda: _channels_with_lower_cost(
            "marginal_acquisition_cost", "marginal_retention_cost"
        ),
        mistakes=(
            Mistake(
                lambda: _channels_with_lower_cost("acquisition_cost", "retention_cost"),
                "These are the channels by average costs. What does the next one cost?",
            ),
            Mistake(
                lambda: _channels_with_lower_cost(
                    "marginal_retention_cost", "marginal_acquisition_cost"
                ),
                "The wrong way round: in these, winning one more costs less.",
            ),
        ),
        meaning="Averages named four channels, two of them wrongly. One firm, five answers: a rule "
        "for all of them cannot be right.",
    ),
)

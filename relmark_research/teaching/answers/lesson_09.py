"""Lesson 9: what may a step up the ladder cost?"""

from functools import cache

import numpy as np

from relmark_research.customers.datasets import load_sample
from relmark_research.customers.log.transactions import read_transactions
from relmark_research.economics.levels_of_relationship.account_years import account_years
from relmark_research.teaching.exercises import Exercise, Mistake

# Pfeifer & Carraway (2000): order probabilities by years since the last order
_ORDER_PROBABILITIES = (0.30, 0.20, 0.15, 0.05)
_CONTRIBUTION, _MAILING_COST, _DISCOUNT_RATE = 40, 4, 0.20


def _values_by_recency(letters: int, *, orders_after: bool = False) -> list[float]:
    """Return values by years since the last order.

    Parameters
    ----------
    letters
        Number of yearly letters after an order.
    orders_after
        Whether customers who no longer get letters still order.
    """
    k = len(_ORDER_PROBABILITIES)
    P, money = np.zeros((k + 1, k + 1)), np.zeros(k + 1)
    for year, probability in enumerate(_ORDER_PROBABILITIES):
        ordering = probability if year < letters or orders_after else 0.0
        P[year, 0], P[year, year + 1] = ordering, 1 - ordering
        money[year] = -_MAILING_COST if year < letters else 0.0
    P[k, k] = 1
    money[0] += _CONTRIBUTION
    return [float(one) for one in np.linalg.solve(np.eye(k + 1) - P / (1 + _DISCOUNT_RATE), money)]


def _gain_of_two_points(*, instead: int = 3, discounted: bool = True) -> float:
    """Return the value of two more points of return to the top rung, instead of another rung."""
    values = _values_by_recency(4)
    gain = 0.02 * (values[0] - values[instead])
    return gain / (1 + _DISCOUNT_RATE) if discounted else gain


@cache
def _means_by_level() -> dict[str, dict[str, float]]:
    """Return mean retention, margin and cost by level, of the complete account years."""
    log = read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    tables = {name: load_sample(name) for name in ("contacts", "customers")}
    years = account_years(log, contacts=tables["contacts"], customers=tables["customers"])
    over = years[years["complete"] & (years["segment"] == "small business")]
    means = over.groupby("relationship_level")[["retained", "annual_margin", "cost"]].mean()
    return {
        str(level): {str(of): float(value) for of, value in row.items()}
        for level, row in means.iterrows()
    }


def _required_retention(*, margin: str = "basic", cost: str = "partnership") -> float:
    """Return the retention rate at which a level breaks even against basic."""
    cells = _means_by_level()
    basic = cells["basic"]
    worth = (basic["annual_margin"] - basic["cost"]) * 1.10 / (1.10 - basic["retained"])
    return 1.10 - 1.10 * (cells[margin]["annual_margin"] - cells[cost]["cost"]) / worth


EXERCISES = (
    Exercise(
        key="9.1",
        answer=lambda: 30 / (1 - 0.8 * 0.8),
        mistakes=(
            Mistake(
                30 / (1 - 0.8), "Money that comes later counts for less. Where is the interest?"
            ),
            Mistake(30 / (1 - 0.8 * 0.8) - 30, "The 30 of now are asked for, too."),
            Mistake(
                30 * 0.8 / (1 - 0.8 * 0.8), "You have the first 30 come in a year. It comes now."
            ),
            Mistake(30 + 30 * 0.8 * 0.8, "That ends after one renewal. What comes after it?"),
        ),
        meaning="One rung is the formula of lesson 5; a ladder is the same with more rungs.",
    ),
    Exercise(
        key="9.2",
        answer=lambda: _values_by_recency(3)[0],
        tolerance=0.05,
        mistakes=(
            Mistake(
                lambda: _values_by_recency(4)[0],
                "That is the value with the letter. Which row has changed?",
            ),
            Mistake(lambda: _values_by_recency(2)[0], "You have stopped a year too early."),
            Mistake(
                lambda: _values_by_recency(3, orders_after=True)[0],
                "You saved the stamp, but let them order as if they had got the letter.",
            ),
        ),
        meaning="One letter less, and everybody on the list is worth more: what loses money at the "
        "end of the road is paid for by those who set out.",
    ),
    Exercise(
        key="9.3",
        answer=_gain_of_two_points,
        mistakes=(
            Mistake(
                lambda: _gain_of_two_points(instead=4),
                "Without the postcard they would not be off the list yet. Where would they stand?",
            ),
            Mistake(
                lambda: _gain_of_two_points(instead=2),
                "A year from now the silent have moved on. On which rung do they stand then?",
            ),
            Mistake(
                lambda: _gain_of_two_points(discounted=False),
                "They stand on the top rung a year from now. What is that worth today?",
            ),
            Mistake(
                lambda: _gain_of_two_points() / 0.02,
                "That is the gain of one who orders. How many of a hundred are they?",
            ),
            Mistake(
                lambda: 0.02 * _CONTRIBUTION / (1 + _DISCOUNT_RATE),
                "That is the order alone. What else comes with the top rung?",
            ),
        ),
        meaning="It may cost half a euro, if the two points are true. To know that, some of those "
        "silent for two years, drawn by lot, must get no postcard.",
    ),
    Exercise(
        key="9.4",
        answer=_required_retention,
        tolerance=0.004,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _required_retention(cost="basic"),
                "That is today's rate. Which cost goes with partnership?",
            ),
            Mistake(
                lambda: _required_retention(margin="partnership"),
                "You used the margin of partnership, too. Let it do nothing but keep customers.",
            ),
            Mistake(
                lambda: _required_retention() - _means_by_level()["basic"]["retained"],
                "These are the points that it must add. Which rate is reached then?",
            ),
        ),
        meaning="More than nine in ten would have to stay. Visits must raise the margin too, or "
        "go to larger customers; until that is known, a lot should say who gets them.",
    ),
)

"""Lesson 10: which customers cost us more than they bring?"""

from functools import cache

import pandas as pd

from relmark_research.customers.datasets import load_sample
from relmark_research.customers.log.transactions import read_transactions
from relmark_research.economics.profitability.profit_table import profit_table
from relmark_research.teaching.exercises import Exercise, Mistake

_JUNE, _DECEMBER = "2023-06-30", "2023-12-31"
_NEXT_YEAR = {"keep": -80, "serve more cheaply": 4 / 5 * 110, "reprice": -10, "end": 0}


@cache
def _profits(day: str = _JUNE) -> pd.DataFrame:
    """Return the profit of each customer ``before`` and ``after`` a day."""
    log = read_transactions("dataset:sample", cost="cost")
    contacts, customers = load_sample("contacts"), load_sample("customers")
    spent = customers.assign(acquisition_cost=0.0)
    before = profit_table(log.until(day), contacts=contacts, customers=customers)["profit"]
    after = profit_table(log.after(day), contacts=contacts, customers=spent)["profit"]
    return pd.DataFrame({"before": before, "after": after.reindex(before.index).fillna(0.0)})


def _loss_makers(day: str = _JUNE) -> pd.DataFrame:
    return _profits(day).query("before < 0")


EXERCISES = (
    Exercise(
        key="10.1",
        answer=lambda: 100 / 50,
        mistakes=(
            Mistake(100, "That is the highest sum, in money. How much is it of what is left?"),
            Mistake(200, "That is in percent. As a multiple of the profit of all?"),
            Mistake(50 / 50, "That is the best customer alone. Does the curve not rise further?"),
            Mistake(
                100 / 150,
                "You divided by what changes hands. Divide by the profit of all: a loss is taken "
                "off, not added.",
            ),
        ),
        meaning="Half of what is earned is lost again, so the hump is high.",
    ),
    Exercise(
        key="10.2",
        answer=lambda: {"Gus", "Ivy"},
        mistakes=(
            Mistake(
                frozenset({"Gus", "Hal", "Ivy"}),
                "Does it come back, what winning Hal took, if he goes?",
            ),
            Mistake(
                frozenset({"Fay", "Gus", "Hal", "Ivy"}),
                "If all four go, who pays the rent? Does it become less?",
            ),
            Mistake(
                frozenset({"Gus"}),
                "You kept a small loss. Is it any better to you for being small?",
            ),
        ),
        meaning="Only what will be brought and what will be taken change when somebody goes.",
    ),
    Exercise(
        key="10.3",
        answer=lambda: _loss_makers()["after"].sum(),
        tolerance=30,
        unit="euro",
        mistakes=(
            Mistake(
                lambda: _loss_makers()["before"].sum(),
                "That is what they had lost by June. What did they bring after it?",
            ),
            Mistake(
                lambda: _loss_makers(_DECEMBER)["after"].sum(),
                "That is the list of the lesson. Who was on the earlier one, and since when?",
            ),
            Mistake(
                lambda: _profits()["after"].sum(),
                "That is what all customers brought. Keep those who were on the list.",
            ),
            Mistake(
                lambda: _profits().query("before >= 0")["after"].sum(),
                "These are the others: those whom the boss would have kept.",
            ),
        ),
        meaning="Another day, another list, and again it would have thrown money away.",
    ),
    Exercise(
        key="10.4",
        answer=lambda: max(_NEXT_YEAR, key=lambda action: _NEXT_YEAR[action]),
        choices=tuple(_NEXT_YEAR),
        mistakes=(
            Mistake(
                "end",
                "Ending gains against going on as now. Does nothing else gain more?",
            ),
            Mistake(
                "reprice",
                "Those who stay: do they now bring more than they take?",
            ),
            Mistake("keep", "That loses for certain. Is there nothing better than a loss?"),
        ),
        meaning="Even though some leave, those who stay now earn. Ending would have been a gain "
        "too, but a smaller one: it is what remains when nothing else does better.",
    ),
)

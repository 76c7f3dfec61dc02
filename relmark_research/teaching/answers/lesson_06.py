"""Lesson 6: are our customers becoming more loyal?"""

from functools import cache

import numpy as np
import pandas as pd

from relmark_research.clv.families.contractual import contract_tenures
from relmark_research.clv.families.shifted_beta_geometric import ShiftedBetaGeometric
from relmark_research.economics.value_of_retention.retention_value import margin_multiple
from relmark_research.teaching.exercises import Exercise, Mistake

# Fader & Hardie (2007): Regular as printed, and percent of High End left after 0, ..., 7 renewals
_PUBLISHED = ShiftedBetaGeometric(alpha=0.704, beta=1.182)
_HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1)
_PAYMENT, _DISCOUNT_RATE = 40, 0.10


def _published_value(method: str, renewal: int) -> float:
    return float(getattr(_PUBLISHED, method)(np.array(renewal)))


@cache
def _high_end_model() -> ShiftedBetaGeometric:
    survivors = pd.Series(_HIGH_END) * 10
    return ShiftedBetaGeometric.fit(contract_tenures(survivors)).model


def _residual_value(renewal: int, *, renewed: bool = False, payment: float = _PAYMENT) -> float:
    """Return the value of a customer before (or just after) a renewal."""
    lifetime = _high_end_model().expected_residual_lifetime(
        np.array(renewal), annual_discount_rate=_DISCOUNT_RATE, renewed=renewed
    )
    return payment * float(lifetime)


def _value_at_constant_retention() -> float:
    rate = sum(_HIGH_END[1:]) / sum(_HIGH_END[:-1])
    return (
        _PAYMENT
        * (1 + _DISCOUNT_RATE)
        * margin_multiple(rate, _DISCOUNT_RATE, timing="just after a payment", payment="year")
    )


EXERCISES = (
    Exercise(
        key="6.1",
        answer=lambda: (320 + 20) / (400 + 100),
        unit="share",
        mistakes=(
            Mistake(1 / 2, "That is the rate of the first renewal. Who is asked at the second?"),
            Mistake(
                (320 + 20) / 1000,
                "That is the share of all who began. Divide by those who were asked.",
            ),
            Mistake(
                4 / 5, "That is the rate of the loyal half alone. Have all of the others gone?"
            ),
        ),
        meaning="Half of them renew at first, two thirds and more of those left a year later, and "
        "nobody has changed.",
    ),
    Exercise(
        key="6.2",
        answer=lambda: _published_value("retention_rate", 5),
        unit="share",
        mistakes=(
            Mistake(
                lambda: _published_value("retention_rate", 4),
                "That is the chance of the fourth renewal, which she has made.",
            ),
            Mistake(
                lambda: _published_value("survival", 5),
                "That is the chance of a newcomer to renew five times. She has made four of them.",
            ),
            Mistake(
                lambda: _published_value("retention_rate", 1),
                "That is the chance of somebody of whom nothing is known. She has said yes before.",
            ),
        ),
        meaning="Four times yes say much about who she is, and nothing about whether she changed.",
    ),
    Exercise(
        key="6.3",
        answer=lambda: _residual_value(8),
        unit="USD",
        mistakes=(
            Mistake(
                lambda: _residual_value(1),
                "That is a newcomer, of whom most doubt is still to be settled.",
            ),
            Mistake(
                _value_at_constant_retention,
                "That is the controller's price, one rate for all. Who is left after all these?",
            ),
            Mistake(
                lambda: _residual_value(8, renewed=True),
                "You take the eighth renewal for certain. She is only about to be asked.",
            ),
            Mistake(
                lambda: _residual_value(7),
                "Seven renewals are made. Which is the one that comes up now?",
            ),
            Mistake(
                lambda: _residual_value(8, payment=1),
                "So many payments. How much money does each bring?",
            ),
        ),
        meaning="Seven renewals have sorted the cohort: those left are worth far more than one "
        "rate for all would have them.",
    ),
    Exercise(
        key="6.4",
        answer=lambda: pd.Series({"Morning": 0.0, "Evening": 560 / 800 - 240 / 400}),
        tolerance=0.002,
        unit="share",
        mistakes=(
            Mistake(
                lambda: pd.Series(
                    {"Morning": 600 / 880 - 480 / 800, "Evening": 740 / 1040 - 240 / 400}
                ),
                "That is the rise over all readers, as the boards report it. Take those at their "
                "first renewal only.",
            ),
            Mistake(
                lambda: pd.Series({"Morning": 0.6, "Evening": 0.7}),
                "These are the rates of those who joined in 2022. By how much did they rise?",
            ),
            Mistake(
                lambda: pd.Series(
                    {"Morning": 360 / 480 - 480 / 800, "Evening": 180 / 240 - 240 / 400}
                ),
                "You followed one cohort as it aged: that is the sorting. Compare two cohorts at "
                "the same age.",
            ),
        ),
        meaning="The rate over all readers rose at both papers. Morning merely won fewer new "
        "readers; only at Evening did newcomers stay more often than those before them.",
    ),
)

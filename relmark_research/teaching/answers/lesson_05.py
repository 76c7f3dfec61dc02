"""Lesson 5: what is a customer worth?"""

from functools import cache

from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.prediction.lifetime_value import total_value
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.customers.datasets import load_cdnow
from relmark_research.economics.value_of_retention.retention_value import Timing, margin_multiple
from relmark_research.teaching.exercises import Exercise, Mistake

_PRICE = 60_000
_AT_ACQUISITION: Timing = "first margin now"
_AFTER_PAYMENT: Timing = "just after a payment"
_AT_PERIOD_END: Timing = "end of period"


def _club_values(
    win: Timing = _AT_ACQUISITION, keep: Timing = _AFTER_PAYMENT, arrears: Timing = _AT_PERIOD_END
) -> dict[str, float]:
    """Return the value of a club member: 100 a year, 80% renew, 12% discount rate."""
    timings = {"win": win, "keep": keep, "arrears": arrears}
    return {
        name: 100 * margin_multiple(0.8, 0.12, timing=each, payment="year")
        for name, each in timings.items()
    }


@cache
def _total_value(months: int | None, *, other: bool = False) -> TotalForecast:
    """Return the value of CDNOW customers at the end of September 1997 by one of two models."""
    customers = load_cdnow().split(at="1997-09-30", unit="week").calibration
    return total_value(
        (ParetoNBD if other else BGNBD).fit(customers),
        GammaGamma.fit(customers),
        customers,
        margin=0.3,
        annual_discount_rate=0.10,
        horizon=None if months is None else f"{months} months",
    )


def _exceeds_price() -> dict[str, bool]:
    ever, other = _total_value(None), _total_value(None, other=True)
    values = {
        "one": _total_value(12).expected,
        "five": _total_value(60).expected,
        "ever": ever.expected,
    }
    values |= {"ever_low": ever.low or 0, "other_low": other.low or 0}
    return {name: bool(value > _PRICE) for name, value in values.items()}


EXERCISES = (
    Exercise(
        key="5.1",
        answer=lambda: 60 * margin_multiple(0.75, 0.25, timing=_AT_ACQUISITION, payment="year"),
        mistakes=(
            Mistake(60 / (1 - 0.75), "You let them stay, but does money later count in full?"),
            Mistake(
                lambda: 60 * margin_multiple(0.75, 0.25, timing=_AFTER_PAYMENT, payment="year"),
                "Is the fee in it that is paid on joining?",
            ),
            Mistake(
                lambda: 60 * margin_multiple(0.75, 0.25, timing=_AT_PERIOD_END, payment="year"),
                "In yours even the first fee comes a year late.",
            ),
            Mistake(
                60 / (1 - 0.8),
                "You discounted, but let everybody stay. How many are there in the second year?",
            ),
        ),
        meaning="Two and a half fees, where the average member pays four: that is what being late "
        "takes away.",
    ),
    Exercise(
        key="5.2",
        answer=_club_values,
        mistakes=(
            Mistake(
                lambda: _club_values(win=_AFTER_PAYMENT, keep=_AT_ACQUISITION),
                "To win a member brings the fee of today too; one who has paid it does not bring "
                "it again.",
            ),
            Mistake(
                lambda: _club_values(win=_AT_PERIOD_END, arrears=_AT_ACQUISITION),
                "On joining, or at the end of the year: which of the two comes first?",
            ),
            Mistake(
                lambda: _club_values(keep=_AT_PERIOD_END, arrears=_AFTER_PAYMENT),
                "In which of the two is the next fee certain?",
            ),
        ),
        meaning="And the boss's first answer was above all three of them.",
    ),
    Exercise(
        key="5.3",
        answer=lambda: _total_value(12).expected / _total_value(120).expected,
        tolerance=0.005,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _total_value(12).expected / _total_value(60).expected,
                "That is its share of five years. Asked for are ten.",
            ),
            Mistake(
                lambda: _total_value(12).expected / _total_value(None).expected,
                "That is its share of the value for ever. Asked for are ten years.",
            ),
            Mistake(1 / 10, "Does every year bring the same?"),
        ),
        meaning="A tenth of the time, and far more than a tenth of the value.",
    ),
    Exercise(
        key="5.4",
        answer=_exceeds_price,
        mistakes=(
            Mistake(
                lambda: _exceeds_price() | {"five": True},
                "All but one are right. Did you judge one by eye that lies near the price?",
            ),
            Mistake(
                lambda: _exceeds_price() | {"other_low": True},
                "All but one are right. Was every value computed, with the fit that belongs to it?",
            ),
            Mistake(
                dict.fromkeys(("one", "five", "ever", "ever_low", "other_low"), True),
                "Not all of them. Hold each value against the price.",
            ),
        ),
        meaning="Only what comes after the fifth year makes the price good, and whether it comes "
        "depends on the model: nobody has seen these customers for even one year.",
    ),
)

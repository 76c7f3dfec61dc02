"""Lesson 5: what is a customer worth?"""

from functools import cache

from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.prediction.lifetime_value import TotalValue, total_value
from relmark_research.customers.log.datasets import load_cdnow
from relmark_research.economics.value_of_retention.retention_value import Timing, margin_multiple
from relmark_research.teaching.exercises import Exercise, Mistake

_PRICE = 60_000
_WIN: Timing = "first margin now"
_KEEP: Timing = "just after a payment"
_ARREARS: Timing = "end of period"


def _club(win: Timing = _WIN, keep: Timing = _KEEP, arrears: Timing = _ARREARS) -> dict[str, float]:
    """The boss's club: 100 a year, four of five renew, discounted at 12%."""
    timings = {"win": win, "keep": keep, "arrears": arrears}
    return {name: 100 * margin_multiple(0.8, 0.12, timing=each) for name, each in timings.items()}


@cache
def _total(months: int | None, *, other: bool = False) -> TotalValue:
    """Value of CDNOW's customers at the end of September 1997, by BG/NBD or Pareto/NBD."""
    customers = load_cdnow().split(at="1997-09-30", unit="week").calibration
    return total_value(
        (ParetoNBD if other else BGNBD).fit(customers),
        GammaGamma.fit(customers),
        customers,
        margin=0.3,
        annual_discount_rate=0.10,
        horizon=None if months is None else f"{months} months",
    )


def _exceeds() -> dict[str, bool]:
    ever, other = _total(None), _total(None, other=True)
    values = {"one": _total(12).value, "five": _total(60).value, "ever": ever.value}
    values |= {"ever_low": ever.low or 0, "other_low": other.low or 0}
    return {name: bool(value > _PRICE) for name, value in values.items()}


EXERCISES = (
    Exercise(
        key="5.1",
        answer=lambda: 60 * margin_multiple(0.75, 0.25, timing=_WIN),
        mistakes=(
            Mistake(60 / (1 - 0.75), "You let them stay, but does money later count in full?"),
            Mistake(
                lambda: 60 * margin_multiple(0.75, 0.25, timing=_KEEP),
                "Is the fee in it that is paid on joining?",
            ),
            Mistake(
                lambda: 60 * margin_multiple(0.75, 0.25, timing=_ARREARS),
                "In yours even the first fee comes a year late.",
            ),
            Mistake(
                60 / (1 - 0.8),
                "You discounted, but let everybody stay. How many are there in the second year?",
            ),
        ),
        because="Two and a half fees, where the average member pays four: that is what being late "
        "takes away.",
    ),
    Exercise(
        key="5.2",
        answer=_club,
        mistakes=(
            Mistake(
                lambda: _club(win=_KEEP, keep=_WIN),
                "To win a member brings the fee of today too; one who has paid it does not bring "
                "it again.",
            ),
            Mistake(
                lambda: _club(win=_ARREARS, arrears=_WIN),
                "On joining, or at the end of the year: which of the two comes first?",
            ),
            Mistake(
                lambda: _club(keep=_ARREARS, arrears=_KEEP),
                "In which of the two is the next fee certain?",
            ),
        ),
        because="And the boss's first answer was above all three of them.",
    ),
    Exercise(
        key="5.3",
        answer=lambda: _total(12).value / _total(120).value,
        tolerance=0.005,
        unit="share",
        mistakes=(
            Mistake(
                lambda: _total(12).value / _total(60).value,
                "That is its share of five years. Asked for are ten.",
            ),
            Mistake(
                lambda: _total(12).value / _total(None).value,
                "That is its share of the value for ever. Asked for are ten years.",
            ),
            Mistake(1 / 10, "Does every year bring the same?"),
        ),
        because="A tenth of the time, and far more than a tenth of the value.",
    ),
    Exercise(
        key="5.4",
        answer=_exceeds,
        mistakes=(
            Mistake(
                lambda: _exceeds() | {"five": True},
                "All but one are right. Did you judge one by eye that lies near the price?",
            ),
            Mistake(
                lambda: _exceeds() | {"other_low": True},
                "All but one are right. Was every value computed, with the fit that belongs to it?",
            ),
            Mistake(
                dict.fromkeys(("one", "five", "ever", "ever_low", "other_low"), True),
                "Not all of them. Hold each value against the price.",
            ),
        ),
        because="Only what comes after the fifth year makes the price good, and whether it comes "
        "depends on the model: nobody has seen these customers for even one year.",
    ),
)

"""What it is worth to keep customers.

Symbols: m margin per customer and year, r retention rate a year, d annual discount rate, g growth
of the margin a year, R retention spend per customer and year, V value of a customer. A year's
margin is paid at one moment; q = r (1 + g) / (1 + d) is what one year passes on to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from relmark_research.errors import ParameterError, check_choice, check_number
from relmark_research.units import AnnualRate

Timing = Literal["first margin now", "just after a payment", "end of period"]
"""Which payments a value counts.

``"first margin now"``: one paid now for certain, then one a year while the customer stays: what a
customer is worth on the day of being won, and the most to pay for that. ``"just after a payment"``:
only those to come: what an existing customer is still worth. ``"end of period"``: the first at the
end of the first year, for certain.
"""


@dataclass(frozen=True)
class RetentionGain:
    """What a higher retention rate is worth.

    Attributes
    ----------
    value, value_after
        Of a customer, before and after; money.
    gain, relative_gain
        Their difference, and as a share of the value before.
    lifetime, lifetime_after
        Expected number of yearly payments, the first included: 1 / (1 - r).
    """

    value: float
    value_after: float
    lifetime: float
    lifetime_after: float

    @property
    def gain(self) -> float:
        """Money per customer."""
        return self.value_after - self.value

    @property
    def relative_gain(self) -> float:
        """Share of the value before; infinite where that was nothing."""
        if self.value == 0:  # a customer who brought nothing
            return math.inf if self.value_after > 0 else 0.0
        return self.value_after / self.value - 1


@dataclass(frozen=True)
class BreakEven:
    """A rise of retention and the rise of spend that it just pays for.

    Attributes
    ----------
    extra_spend, points
        Money per customer and year; rise of the retention rate as a share.
    retention_spend, retention_rate
        Those after the rise.
    customer_value
        V, the same before and after.
    """

    extra_spend: float
    points: float
    retention_spend: float
    retention_rate: float
    customer_value: float


def margin_multiple(
    retention_rate: float,
    annual_discount_rate: float,
    *,
    timing: Timing,
    periods: int | None = None,
    growth: float = 0.0,
) -> float:
    """Return how many yearly margins a customer is worth.

    Parameters
    ----------
    retention_rate
        Chance that a customer of this year is one next year, in [0, 1).
    annual_discount_rate
        In [0, 1).
    timing
        Which payments count; see `Timing`. There is no default: the answers differ by a margin.
    periods
        Number of payments counted; None counts for ever.
    growth
        Growth of the margin a year, > -1; the first payment counted is of the margin itself.

    Returns
    -------
    float
        lead x (1 - q^periods) / (1 - q), lead 1, r / (1 + d) or 1 / (1 + d) by the timing.

    Raises
    ------
    ParameterError
        Where an argument is outside its domain, or the value has no bound (q >= 1).

    References
    ----------
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1), 9-24; Fader
    & Hardie (2012), Reconciling and clarifying CLV formulas (the three timings).

    Examples
    --------
    >>> round(margin_multiple(0.9, 0.10, timing="just after a payment"), 2)  # Gupta and Lehmann
    4.5
    >>> round(margin_multiple(0.9, 0.10, timing="first margin now"), 2)
    5.5
    """
    check_choice("timing", timing, get_args(Timing))
    check_retention(retention_rate)
    rate = AnnualRate(annual_discount_rate).value
    if not (math.isfinite(growth) and growth > -1):
        raise ParameterError(f"growth is a share above -1, 0.02 for 2%; found {growth!r}.")
    if periods is not None and not (periods >= 1 and periods % 1 == 0):
        raise ParameterError(f"periods is a whole number of payments, at least 1; found {periods}.")
    q = retention_rate * (1 + growth) / (1 + rate)
    if periods is None and q >= 1:
        raise ParameterError(
            f"the value has no bound: margins grow by {growth:g} and are kept at "
            f"{retention_rate:g}, more than a discount rate of {rate:g} takes away. "
            "Give a number of periods, or a growth that can last."
        )
    lead = {"first margin now": 1.0, "just after a payment": retention_rate / (1 + rate)}
    first = lead.get(timing, 1 / (1 + rate))
    if periods is None:
        return first / (1 - q)
    return first * (periods if q == 1 else (1 - q**periods) / (1 - q))


def retention_value(
    margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    *,
    timing: Timing,
    points: float = 0.05,
    periods: int | None = None,
    growth: float = 0.0,
) -> RetentionGain:
    """Return what a customer is worth, and what more retention would add to it.

    Parameters
    ----------
    margin
        Money per customer and year, > 0.
    points
        Rise of the retention rate as a share: 0.05 for Reichheld and Sasser's five points.
    retention_rate, annual_discount_rate, timing, periods, growth
        As for `margin_multiple`.

    Returns
    -------
    RetentionGain
        value = margin x margin_multiple at the rate and at rate + points.

    References
    ----------
    Reichheld & Sasser (1990), Zero defections, Harvard Business Review 68(5), 105-111.

    Examples
    --------
    >>> gain = retention_value(100, 0.90, 0.10, timing="just after a payment")
    >>> round(gain.relative_gain, 2), round(gain.lifetime), round(gain.lifetime_after)
    (0.41, 10, 20)
    """
    check_margin(margin)
    after = retention_rate + points
    if not 0 <= after < 1:
        raise ParameterError(
            f"retention of {retention_rate:g} with {points:+g} must stay in [0, 1); found "
            f"{after:g}. Ask for fewer points."
        )
    before, later = (
        margin
        * margin_multiple(rate, annual_discount_rate, timing=timing, periods=periods, growth=growth)
        for rate in (retention_rate, after)
    )
    return RetentionGain(before, later, 1 / (1 - retention_rate), 1 / (1 - after))


def break_even_retention(
    margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    *,
    retention_spend: float = 0.0,
    points: float | None = None,
    extra_spend: float | None = None,
) -> BreakEven:
    """Return the retention spend that more retention just pays for, or the retention it needs.

    Parameters
    ----------
    margin, retention_rate, annual_discount_rate
        Money per customer and year, and today's rates.
    retention_spend
        Spent today to keep a customer, money per customer and year, at the end of each year.
    points, extra_spend
        Give one of them: the rise of the retention rate, or the rise of spend; the other follows.

    Returns
    -------
    BreakEven
        extra_spend = V x points, V = (m (1 + d) - R) / (1 + d - r): a customer kept is worth V.

    Examples
    --------
    >>> found = break_even_retention(50, 0.60, 0.10, retention_spend=8, points=0.05)
    >>> round(found.customer_value, 1), round(found.extra_spend, 2)
    (94.0, 4.7)
    """
    value = customer_value(margin, retention_rate, annual_discount_rate, retention_spend)
    if (points is None) == (extra_spend is None):
        raise ParameterError(
            f"give points or extra_spend, one of them; found points={points}, "
            f"extra_spend={extra_spend}."
        )
    if value <= 0:
        raise ParameterError(
            f"a customer is worth {value:.4g} at this spend: no retention is worth paying for. "
            "Lower the retention spend first."
        )
    rise = extra_spend / value if points is None else points  # type: ignore[operator]
    if not 0 <= retention_rate + rise < 1:
        raise ParameterError(
            f"retention of {retention_rate:g} with {rise:+.4g} must stay in [0, 1). "
            "No retention pays for so much: ask for less."
        )
    spend = value * rise
    if retention_spend + spend < 0:
        raise ParameterError(
            f"what is spent cannot fall by {-spend:.4g}: {retention_spend:.4g} is spent today. "
            "Ask for less, or say what is spent: retention_spend=..."
        )
    return BreakEven(spend, rise, retention_spend + spend, retention_rate + rise, value)


def customer_value(
    margin: float, retention_rate: float, annual_discount_rate: float, retention_spend: float = 0.0
) -> float:
    """Return V = (m (1 + d) - R) / (1 + d - r), the value on the day a customer is won or kept.

    The first margin comes now; the spend that keeps the customer at the end of each year.

    Examples
    --------
    >>> round(customer_value(50, 0.60, 0.10, 8), 1)  # Blattberg and Deighton's example
    94.0
    """
    check_margin(margin)
    check_retention(retention_rate)
    if not retention_spend >= 0:
        raise ParameterError(f"retention spend must be 0 or more; found {retention_spend!r}.")
    rate = AnnualRate(annual_discount_rate).value
    return (margin * (1 + rate) - retention_spend) / (1 + rate - retention_rate)


def check_retention(rate: float) -> None:
    """Raise ParameterError unless ``rate`` is a retention rate in [0, 1)."""
    check_number(
        "a retention rate", rate, rule="is a share a year in [0, 1), 0.8 for eighty percent"
    )
    if not 0 <= rate < 1:
        hint = f" Did you mean {rate / 100:g}?" if 1 < rate <= 100 else ""
        more = " At 1 nobody ever leaves, which no data can show." if rate == 1 else ""
        raise ParameterError(
            f"a retention rate is a share a year in [0, 1), 0.8 for eighty percent; "
            f"found {rate!r}.{more}{hint}"
        )


def check_margin(margin: float) -> None:
    """Raise ParameterError unless ``margin`` is money above 0."""
    check_number("a margin", margin, rule="is money per customer and year, above 0")
    if not (math.isfinite(margin) and margin > 0):
        raise ParameterError(
            f"a margin is money per customer and year, above 0; found {margin!r}. It is what is "
            "left of revenue after the cost of goods and service, before retention spend."
        )

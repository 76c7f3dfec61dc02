"""The value of customer retention.

Symbols: m annual margin per customer, r annual retention rate, d annual discount rate, g annual
growth of the margin, R retention spend per customer and year, V value of a customer. A year's
margin is paid at one moment; q = r (1 + g) / (1 + d) is the ratio of one year's expected
discounted margin to the previous one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from relmark_research._repr import short_repr
from relmark_research.errors import ParameterError, check_choice, check_number
from relmark_research.units import AnnualRate

Timing = Literal["first margin now", "just after a payment", "end of period"]
"""Which payments a value includes.

``"first margin now"``: a certain payment now, then one a year while the customer stays. This is the
value on the day of acquisition, and the upper limit of the acquisition cost. ``"just after a
payment"``: future payments only, the residual value of an existing customer. ``"end of period"``:
the first payment is certain and comes at the end of the first year.
"""


@short_repr
@dataclass(frozen=True, repr=False)
class RetentionGain:
    """The value of a higher retention rate.

    Attributes
    ----------
    value, value_after
        Customer value before and after the increase; money.
    gain, relative_gain
        Their difference, and the difference as a share of the value before.
    lifetime, lifetime_after
        Expected number of annual payments, including the first: 1 / (1 - r).
    """

    value: float
    value_after: float
    lifetime: float
    lifetime_after: float

    @property
    def gain(self) -> float:
        """Increase in customer value, money per customer."""
        return self.value_after - self.value

    @property
    def relative_gain(self) -> float:
        """Increase as a share of the value before; infinite if that value is 0."""
        if self.value == 0:
            return math.inf if self.value_after > 0 else 0.0
        return self.value_after / self.value - 1


@short_repr
@dataclass(frozen=True, repr=False)
class BreakEven:
    """An increase in the retention rate and the additional spend at which it breaks even.

    Attributes
    ----------
    extra_spend, points
        Additional spend, money per customer and year; increase in the retention rate, as a share.
    retention_spend, retention_rate
        Spend and rate after the increase.
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
    """Return the value of a customer as a multiple of the annual margin.

    Parameters
    ----------
    retention_rate
        Probability that a customer is retained for another year, in [0, 1).
    annual_discount_rate
        In [0, 1).
    timing
        Which payments count; see `Timing`. There is no default: the results differ by one margin.
    periods
        Number of payments; None for an infinite horizon.
    growth
        Annual growth of the margin, > -1; the first payment equals the margin itself.

    Returns
    -------
    float
        lead x (1 - q^periods) / (1 - q), with lead 1, r / (1 + d) or 1 / (1 + d) by timing.

    Raises
    ------
    ParameterError
        If an argument is outside its domain, or the value is infinite (q >= 1).

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
        raise ParameterError(f"growth must be a share above -1, 0.02 for 2%; found {growth!r}.")
    if periods is not None and not (periods >= 1 and periods % 1 == 0):
        raise ParameterError(f"periods must be a whole number, 1 or more; found {periods}.")
    q = retention_rate * (1 + growth) / (1 + rate)
    if periods is None and q >= 1:
        raise ParameterError(
            f"the value is infinite: retention {retention_rate:g} with growth {growth:g} outweighs "
            f"a discount rate of {rate:g}. Set periods=, or use a lower growth."
        )
    lead = {"first margin now": 1.0, "just after a payment": retention_rate / (1 + rate)}
    first = lead.get(timing, 1 / (1 + rate))
    if periods is None:
        return first / (1 - q)
    return first * (periods if q == 1 else (1 - q**periods) / (1 - q))


def retention_value(
    annual_margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    *,
    timing: Timing,
    points: float = 0.05,
    periods: int | None = None,
    growth: float = 0.0,
) -> RetentionGain:
    """Return customer value today and after an increase in the retention rate.

    Parameters
    ----------
    annual_margin
        Money per customer and year, > 0.
    points
        Increase in the retention rate as a share: 0.05 for Reichheld and Sasser's five points.
    retention_rate, annual_discount_rate, timing, periods, growth
        As for `margin_multiple`.

    Returns
    -------
    RetentionGain
        value = annual_margin x margin_multiple, at the rate and at rate + points.

    References
    ----------
    Reichheld & Sasser (1990), Zero defections, Harvard Business Review 68(5), 105-111.

    Examples
    --------
    >>> gain = retention_value(100, 0.90, 0.10, timing="just after a payment")
    >>> round(gain.relative_gain, 2), round(gain.lifetime), round(gain.lifetime_after)
    (0.41, 10, 20)
    """
    check_annual_margin(annual_margin)
    after = retention_rate + points
    if not 0 <= after < 1:
        raise ParameterError(
            f"the retention rate after the increase ({retention_rate:g} {points:+g}) must be in "
            f"[0, 1); found {after:g}. Use fewer points."
        )
    before, later = (
        annual_margin
        * margin_multiple(rate, annual_discount_rate, timing=timing, periods=periods, growth=growth)
        for rate in (retention_rate, after)
    )
    return RetentionGain(before, later, 1 / (1 - retention_rate), 1 / (1 - after))


def break_even_retention(
    annual_margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    *,
    retention_spend: float = 0.0,
    points: float | None = None,
    extra_spend: float | None = None,
) -> BreakEven:
    """Return the break-even spend of an increase in retention, or the increase that a spend needs.

    Parameters
    ----------
    annual_margin, retention_rate, annual_discount_rate
        Money per customer and year, > 0; current rates, in [0, 1).
    retention_spend
        Current spend at the end of each year, money per customer and year, >= 0.
    points, extra_spend
        Exactly one of them: the increase in the retention rate, or in spend. The other follows.

    Returns
    -------
    BreakEven
        extra_spend = V x points, with V = (m (1 + d) - R) / (1 + d - r).

    Examples
    --------
    >>> found = break_even_retention(50, 0.60, 0.10, retention_spend=8, points=0.05)
    >>> round(found.customer_value, 1), round(found.extra_spend, 2)
    (94.0, 4.7)
    """
    value = customer_value(annual_margin, retention_rate, annual_discount_rate, retention_spend)
    if (points is None) == (extra_spend is None):
        raise ParameterError(
            f"expected exactly one of points and extra_spend; found points={points}, "
            f"extra_spend={extra_spend}."
        )
    if value <= 0:
        raise ParameterError(
            f"customer value is {value:.4g} at this retention spend, so more retention is "
            "worth nothing. Use a lower retention_spend."
        )
    rise = extra_spend / value if points is None else points  # type: ignore[operator]
    if not 0 <= retention_rate + rise < 1:
        raise ParameterError(
            f"the retention rate after the increase ({retention_rate:g} {rise:+.4g}) must be in "
            "[0, 1). Use fewer points, or a smaller extra_spend."
        )
    spend = value * rise
    if retention_spend + spend < 0:
        raise ParameterError(
            f"spend cannot fall by {-spend:.4g}: current retention_spend is {retention_spend:.4g}. "
            "Use a smaller change, or set retention_spend= to the current spend."
        )
    return BreakEven(spend, rise, retention_spend + spend, retention_rate + rise, value)


def customer_value(
    annual_margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    retention_spend: float = 0.0,
) -> float:
    """Return V = (m (1 + d) - R) / (1 + d - r), the value on the day of acquisition or renewal.

    The first margin is received now; retention spend is paid at the end of each year.

    Examples
    --------
    >>> round(customer_value(50, 0.60, 0.10, 8), 1)  # Blattberg and Deighton's example
    94.0
    """
    check_annual_margin(annual_margin)
    check_retention(retention_rate)
    if not retention_spend >= 0:
        raise ParameterError(f"retention_spend must be 0 or more; found {retention_spend!r}.")
    rate = AnnualRate(annual_discount_rate).value
    return (annual_margin * (1 + rate) - retention_spend) / (1 + rate - retention_rate)


def check_retention(rate: float) -> None:
    """Raise ParameterError unless ``rate`` is a retention rate in [0, 1)."""
    check_number(
        "a retention rate", rate, rule="must be an annual share in [0, 1), e.g. 0.8 for 80%"
    )
    if not 0 <= rate < 1:
        hint = f" Did you mean {rate / 100:g}?" if 1 < rate <= 100 else ""
        more = " At 1 no customer ever leaves, which data cannot show." if rate == 1 else ""
        raise ParameterError(
            f"a retention rate must be an annual share in [0, 1), e.g. 0.8 for 80%; "
            f"found {rate!r}.{more}{hint}"
        )


def check_annual_margin(annual_margin: float) -> None:
    """Raise ParameterError unless ``annual_margin`` is money above 0."""
    rule = "must be money per customer and year, above 0"
    check_number("annual_margin", annual_margin, rule=rule)
    if not (math.isfinite(annual_margin) and annual_margin > 0):
        raise ParameterError(
            f"annual_margin {rule}; found {annual_margin!r}. It is revenue less the cost of goods "
            "and service, before retention spend."
        )

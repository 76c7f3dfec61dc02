"""The value of customer retention.

Symbols: m annual margin per customer, r annual retention rate, d annual discount rate, g annual
growth of the margin, R retention spend per customer and year, V value of a customer. All rates are
annual; a customer pays k times a year (monthly by default, see `PaymentTerms`), and
q = (r (1 + g) / (1 + d))^(1/k) is the ratio of one expected discounted payment to the previous one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from relmark_research._repr import short_repr
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.errors import ParameterError, check_choice, check_number
from relmark_research.units import AnnualRate, Period

Payment = str | Period | PaymentTerms
"""The period of a payment, or `PaymentTerms`."""

Timing = Literal["first margin now", "just after a payment", "end of period"]
"""Which payments a value includes.

``"first margin now"``: a certain payment now, then one a payment period while the customer stays.
This is the value on the day of acquisition, and the upper limit of the acquisition cost. ``"just
after a payment"``: future payments only, the residual value of an existing customer. ``"end of
period"``: the first payment is certain and comes at the end of the first payment period.
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
        Expected number of years that are paid for, including the first payment:
        1 / (k (1 - r^(1/k))); 1 / (1 - r) with annual payments.
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
    payment: Payment = "month",
) -> float:
    """Return the value of a customer as a multiple of the annual margin.

    Parameters
    ----------
    retention_rate
        Probability that a customer is retained for another year, in [0, 1).
    annual_discount_rate
        In [0, 1).
    timing
        Which payments count; see `Timing`. There is no default: the results differ by one payment.
    periods
        Number of payments; None for an infinite horizon.
    growth
        Annual growth of the margin, > -1; the first payment has not grown.
    payment
        Time between two payments: ``"month"``, ``"quarter"``, ``"year"``, or `PaymentTerms` where
        customers may leave less often than they pay.

    Returns
    -------
    float
        (a / k) x lead x (1 - q^periods) / (1 - q), with lead 1, (r / (1 + d))^(1/k) or
        (1 + d)^(-1/k) by timing; a = 1 unless customers leave less often than they pay.

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
    >>> timing = "just after a payment"
    >>> round(margin_multiple(0.9, 0.10, timing=timing, payment="year"), 2)  # Gupta and Lehmann
    4.5
    >>> round(margin_multiple(0.9, 0.10, timing=timing), 2)  # a twelfth every month
    4.94
    """
    check_choice("timing", timing, get_args(Timing))
    check_retention(retention_rate)
    rate = AnnualRate(annual_discount_rate).value
    if not (math.isfinite(growth) and growth > -1):
        raise ParameterError(f"growth must be a share above -1, 0.02 for 2%; found {growth!r}.")
    if periods is not None and not (periods >= 1 and periods % 1 == 0):
        raise ParameterError(f"periods must be a whole number, 1 or more; found {periods}.")
    terms = PaymentTerms.of(payment)
    k = terms.renewals_per_year
    retained, discount = retention_rate ** (1 / k), (1 + rate) ** (-1 / k)
    q = retained * (1 + growth) ** (1 / k) * discount
    if periods is None and q >= 1:
        raise ParameterError(
            f"the value is infinite: retention {retention_rate:g} with growth {growth:g} outweighs "
            f"a discount rate of {rate:g}. Set periods=, or use a lower growth."
        )
    lead = {"first margin now": 1.0, "just after a payment": retained * discount}
    first = lead.get(timing, discount) * terms.annuity(rate) / k
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
    payment: Payment = "month",
) -> RetentionGain:
    """Return customer value today and after an increase in the retention rate.

    Parameters
    ----------
    annual_margin
        Money per customer and year, > 0.
    points
        Increase in the retention rate as a share: 0.05 for Reichheld and Sasser's five points.
    retention_rate, annual_discount_rate, timing, periods, growth, payment
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
    >>> gain = retention_value(100, 0.90, 0.10, timing="just after a payment", payment="year")
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
    terms = PaymentTerms.of(payment)
    before, later = (
        annual_margin
        * margin_multiple(
            rate,
            annual_discount_rate,
            timing=timing,
            periods=periods,
            growth=growth,
            payment=terms,
        )
        for rate in (retention_rate, after)
    )
    k = terms.renewals_per_year
    years = [1 / k / (1 - rate ** (1 / k)) for rate in (retention_rate, after)]
    return RetentionGain(before, later, *years)


def break_even_retention(
    annual_margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    *,
    retention_spend: float = 0.0,
    points: float | None = None,
    extra_spend: float | None = None,
    payment: Payment = "month",
) -> BreakEven:
    """Return the break-even spend of an increase in retention, or the increase that a spend needs.

    Parameters
    ----------
    annual_margin, retention_rate, annual_discount_rate
        Money per customer and year, > 0; current rates, in [0, 1).
    retention_spend
        Current spend, money per customer and year, >= 0; paid at the end of each payment period.
    points, extra_spend
        Exactly one of them: the increase in the annual retention rate, or in annual spend. The
        other follows.
    payment
        As for `margin_multiple`.

    Returns
    -------
    BreakEven
        extra_spend = k V ((r + points)^(1/k) - r^(1/k)); V x points with annual payments.

    Examples
    --------
    >>> found = break_even_retention(
    ...     50, 0.60, 0.10, retention_spend=8, points=0.05, payment="year")
    >>> round(found.customer_value, 1), round(found.extra_spend, 2)
    (94.0, 4.7)
    """
    terms = PaymentTerms.of(payment)
    value = customer_value(
        annual_margin, retention_rate, annual_discount_rate, retention_spend, payment=terms
    )
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
    rise = _rise(retention_rate, extra_spend, value, terms) if points is None else points
    if not 0 <= retention_rate + rise < 1:
        raise ParameterError(
            f"the retention rate after the increase ({retention_rate:g} {rise:+.4g}) must be in "
            "[0, 1). Use fewer points, or a smaller extra_spend."
        )
    k = terms.renewals_per_year
    spend = k * value * ((retention_rate + rise) ** (1 / k) - retention_rate ** (1 / k))
    if retention_spend + spend < 0:
        raise ParameterError(
            f"spend cannot fall by {-spend:.4g}: current retention_spend is {retention_spend:.4g}. "
            "Use a smaller change, or set retention_spend= to the current spend."
        )
    return BreakEven(spend, rise, retention_spend + spend, retention_rate + rise, value)


def _rise(rate: float, extra_spend: float | None, value: float, terms: PaymentTerms) -> float:
    """Return the increase in the annual retention rate that pays for more spend."""
    k = terms.renewals_per_year
    retained = rate ** (1 / k) + (extra_spend or 0.0) / (k * value)
    return max(retained, 0.0) ** k - rate


def customer_value(
    annual_margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    retention_spend: float = 0.0,
    *,
    payment: Payment = "month",
) -> float:
    """Return V, the value on the day of acquisition or renewal.

    The first margin is received now; retention spend is paid at the end of each payment period (of
    each renewal, where customers leave less often than they pay). See `PaymentTerms`.

    Examples
    --------
    >>> round(customer_value(50, 0.60, 0.10, 8, payment="year"), 1)  # Blattberg and Deighton
    94.0
    """
    check_annual_margin(annual_margin)
    check_retention(retention_rate)
    if not retention_spend >= 0:
        raise ParameterError(f"retention_spend must be 0 or more; found {retention_spend!r}.")
    rate = AnnualRate(annual_discount_rate).value
    terms = PaymentTerms.of(payment)
    return terms.value(annual_margin, retention_rate, rate, retention_spend=retention_spend)


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


def question_share(annual_margin: float, cost: float, what: str) -> None:
    """Raise ParameterError for a margin that looks like a share: below 1, and 1% of a cost."""
    if annual_margin < 1 and cost > 100 * annual_margin:
        raise ParameterError(
            f"annual_margin must be money per customer and year, not a share of revenue; found "
            f"{annual_margin!r} beside {what} of {cost:,.4g}, which is more than 100 years of it. "
            "Multiply the share by the revenue per customer and year."
        )


def implausible(
    annual_margin: float, retention_rate: float, retention_spend: float = 0.0, *, where: str = ""
) -> list[str]:
    """Return what is implausible about a margin and an annual retention rate, as sentences."""
    said = []
    if retention_rate > 0.98:
        said.append(
            f"Annual retention{where} is {retention_rate:.1%}, an expected lifetime of more than "
            f"{1 / (1 - retention_rate):,.0f} years. Is it really the rate of a year?"
            if retention_rate < 1
            else f"Annual retention{where} is 100%: the books show no customer who left."
        )
    if retention_rate < 0.02:
        said.append(
            f"Annual retention{where} is {retention_rate:.2%}: almost no customer stays for a "
            "year. Is the rate per period right?"
        )
    if retention_spend >= annual_margin:
        said.append(
            f"Retention spend{where} is {retention_spend:,.4g} per customer and year, not less "
            f"than the annual margin of {annual_margin:,.4g}. Are both of one year?"
        )
    return said

"""Payments and renewals against sums of single payments; annual retention as a product."""

import numpy as np
import pytest

from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.unit_costs import payback
from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve
from relmark_research.economics.value_of_retention.payment_terms import (
    PaymentTerms,
    annual_retention,
)
from relmark_research.economics.value_of_retention.retention_value import (
    break_even_retention,
    customer_value,
    margin_multiple,
    retention_value,
)
from relmark_research.errors import ParameterError
from relmark_research.units import Period

MARGIN, RATE, DISCOUNT, SPEND = 100.0, 0.6, 0.10, 24.0


def summed(payment: str, renewal: str | None) -> float:
    """Every single payment of 200 years, and the spend at the end of each renewal period."""
    n = Period.of(payment).per_year
    k = n if renewal is None else Period.of(renewal).per_year
    paid = np.arange(int(200 * n))
    alive = RATE ** (np.floor(paid / n * k + 1e-9) / k)
    margins = MARGIN / n * alive / (1 + DISCOUNT) ** (paid / n)
    spent = np.arange(int(200 * k))
    spends = SPEND / k * RATE ** (spent / k) / (1 + DISCOUNT) ** ((spent + 1) / k)
    return float(margins.sum() - spends.sum())


@pytest.mark.parametrize(
    ("payment", "renewal"),
    [("month", None), ("quarter", None), ("year", None), ("month", "year"), ("month", "quarter"),
     ("quarter", "year"), ("week", None)],
)  # fmt: skip
def test_value_is_the_sum_of_its_payments(payment, renewal) -> None:
    terms = PaymentTerms(payment, renewal)
    found = customer_value(MARGIN, RATE, DISCOUNT, SPEND, payment=terms)
    assert found == pytest.approx(summed(payment, renewal), rel=1e-9)


def test_payments_are_monthly_by_default_everywhere() -> None:
    curves = ResponseCurve(0.10, 0.04, 1), ResponseCurve(0.80, 0.60, 8)
    monthly = CustomerEquity(*curves, 50, 0.10)
    assert monthly == CustomerEquity(*curves, 50, 0.10, payment="month")
    timing = {"timing": "first margin now"}
    pairs = [
        (margin_multiple(0.8, 0.1, **timing), margin_multiple(0.8, 0.1, **timing, payment="month")),
        (customer_value(50, 0.8, 0.1, 4), customer_value(50, 0.8, 0.1, 4, payment="month")),
        (
            payback(100, 120, retention_rate=0.5),
            payback(100, 120, retention_rate=0.5, payment="month"),
        ),
    ]
    for default, named in pairs:
        assert default == named
    assert customer_value(50, 0.8, 0.1) == pytest.approx(50 * margin_multiple(0.8, 0.1, **timing))
    assert monthly.at().customer_value == pytest.approx(customer_value(50, 0.6, 0.1, 8))


def test_a_monthly_rate_is_not_read_as_an_annual_one() -> None:
    """Section C of the failing inputs: 754.8 was the value with .958 read as an annual rate."""
    assert annual_retention(0.958, "month") == pytest.approx(0.958**12)
    given = 100, annual_retention(0.93, "month"), 0.10, 12 * 2.5
    assert round(customer_value(*given), 1) == 75.7
    d = 1.1 ** (1 / 12)
    plain = (100 / 12 * d - 2.5) / (d - 0.958)
    assert customer_value(100, 0.958**12, 0.10, 30) == pytest.approx(plain)
    assert customer_value(100, 0.958, 0.10, 2.5, payment="year") == pytest.approx(757.0, abs=0.1)


def test_annual_retention_is_the_product_of_the_period_rates() -> None:
    rates = np.array([0.97, 0.96, 0.99, 0.95, 0.97, 0.98, 0.96, 0.94, 0.97, 0.98, 0.95, 0.96])
    product = rates.prod()
    assert annual_retention(rates, "month") == pytest.approx(product, rel=1e-12)
    assert annual_retention(rates.reshape(4, 3).prod(axis=1), "quarter") == pytest.approx(product)
    assert annual_retention(product) == pytest.approx(product)
    assert annual_retention([0.9, 0.8]) == pytest.approx(np.sqrt(0.72))  # two years, a mean one
    assert annual_retention([0.5, 0.0], "quarter") == 0


@pytest.mark.parametrize("rates", [[], [1.2], [0.9, -0.1], [np.nan]])
def test_rates_are_shares(rates) -> None:
    with pytest.raises(ParameterError, match=r"retention rates must be shares in \[0, 1\]"):
        annual_retention(rates, "month")


@pytest.mark.parametrize("renewal", ["week", "month"])
def test_no_renewal_comes_between_two_payments(renewal) -> None:
    with pytest.raises(ParameterError, match="a whole number of payments; found a payment every"):
        PaymentTerms("quarter", renewal)
    assert PaymentTerms("year").renewing(Period("month")).renewal is None
    assert PaymentTerms("month").renewing(Period("year")).renewal == Period("year")
    assert "a renewal every year" in str(PaymentTerms("month", "year"))


def test_break_even_leaves_the_value_unchanged_with_monthly_payments() -> None:
    found = break_even_retention(50, 0.60, 0.10, retention_spend=8, points=0.05)
    after = customer_value(50, found.retention_rate, 0.10, found.retention_spend)
    assert after == pytest.approx(found.customer_value, rel=1e-12)
    back = break_even_retention(50, 0.60, 0.10, retention_spend=8, extra_spend=found.extra_spend)
    assert back.points == pytest.approx(0.05)


def test_the_lifetime_is_in_years() -> None:
    gain = retention_value(100, 0.9, 0.0, timing="first margin now")
    assert gain.value == pytest.approx(100 * gain.lifetime)
    yearly = retention_value(100, 0.9, 0.0, timing="first margin now", payment="year")
    assert (yearly.lifetime, yearly.value) == pytest.approx((10, 1000))


@pytest.mark.every(4)
@pytest.mark.parametrize("payment", ["month", "quarter", "year", PaymentTerms("month", "year")])
@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_the_best_spends_are_those_of_a_search(payment, period) -> None:
    per_year = Period.of(period).per_year
    kept = ResponseCurve.from_steepness(0.8 ** (1 / per_year), 0.25 * per_year, spend=8 / per_year)
    case = CustomerEquity(ResponseCurve(0.1, 0.04, 1), kept, 50, 0.1, payment, period)
    best = case.optimum()
    spends = np.linspace(0, 60, 6001)
    values = [case.at(1, float(spend)).customer_value for spend in spends]
    assert best.customer_value == pytest.approx(max(values), rel=1e-5)
    assert best.retention_spend == pytest.approx(spends[int(np.argmax(values))], abs=0.02)
    bound = 0.5 * (best.acquisition_spend + best.acquisition_rate * best.retention_spend)
    held = case.optimum(budget=bound)
    used = held.acquisition_spend + held.acquisition_rate * held.retention_spend
    assert used == pytest.approx(bound, rel=1e-6)
    for shift in (0.98, 1.02):
        spend = held.acquisition_spend * shift
        rest = (bound - spend) / float(case.acquisition.rate_at(spend))
        if rest >= 0:
            assert case.at(spend, rest).customer_equity <= held.customer_equity + 1e-9


def test_curves_of_a_month_and_of_a_year_are_one_firm() -> None:
    """A logit curve of the month, and the same annual rates: equal values at equal spends."""
    monthly = LogitCurve(2.5, 0.2, 2.5)
    case = CustomerEquity(ResponseCurve(0.1, 0.04, 1), monthly, 100, 0.1, "month", "month")
    at = case.at()
    assert at.retention_spend == pytest.approx(30)
    assert at.retention_rate == pytest.approx(monthly.rate**12)
    assert at.customer_value == pytest.approx(customer_value(100, monthly.rate**12, 0.1, 30))
    assert case.optimum().customer_value >= at.customer_value

"""The value of a customer from books alone, against sums of single payments."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.books_value import (
    AcquisitionCost,
    MarginSource,
    books_value,
)
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.economics.budget.unit_costs import payback
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import customer_value
from relmark_research.errors import DataError, ParameterError

BOOKS = pd.DataFrame({
    "quarter": [f"{2023 + q // 4}Q{q % 4 + 1}" for q in range(8)],
    "customers_won": [70, 90, 80, 60, 75, 95, 85, 65.0],
    "customers_lost": [40, 50, 45, 55, 44, 52, 49, 58.0],
    "closing_customers": [1030, 1070, 1105, 1110, 1141, 1184, 1220, 1227.0],
    "marketing_spend": [21, 27, 24, 18, 23, 29, 26, 20.0],
    "revenue": [90, 93, 97, 99, 101, 105, 108, 110.0],
})  # fmt: skip
ASK = {"annual_discount_rate": 0.10}


def test_total_spend_and_customers_won_and_lost_are_enough() -> None:
    """Everything again from the columns, in a spreadsheet's way."""
    found = books_value(BOOKS, margin=0.4, **ASK)
    opening, last = BOOKS["closing_customers"].shift(), BOOKS.iloc[-4:]
    mean = (opening + BOOKS["closing_customers"]) / 2
    margin = 0.4 * last["revenue"].sum() / mean.iloc[-4:].sum() * 4
    rates = []
    for row in range(4, 8):
        low, high = 0.0, 1.0
        for _ in range(80):  # the hazard whose losses are those of the books
            h = (low + high) / 2
            lost = opening[row] * (1 - np.exp(-h))
            lost += BOOKS["customers_won"][row] * (1 - (1 - np.exp(-h)) / h)
            low, high = (h, high) if lost < BOOKS["customers_lost"][row] else (low, h)
        rates.append(np.exp(-h))
    annual = np.prod(rates)
    months = np.arange(4000)
    paid = margin / 12 * annual ** (months / 12) / 1.1 ** (months / 12)
    assert found.retention.annual == pytest.approx(annual, rel=1e-9)
    assert found.annual_margin == pytest.approx(margin)
    assert found.customer_value == pytest.approx(paid.sum(), rel=1e-9)
    cost = last["marketing_spend"].sum() / last["customers_won"].sum()
    assert found.acquisition == AcquisitionCost(pytest.approx(cost), "marketing spend")
    late = margin / 12 * annual ** (months / 12) / 1.1 ** ((months + 1) / 12)
    assert found.payback.months == np.argmax(late.cumsum() >= cost) + 1
    assert found.value_to_cost == pytest.approx(paid.sum() / cost)
    assert found.customers == 1227
    assert found.questions == ()


def test_the_same_firm_has_one_value_whatever_the_period_of_its_books() -> None:
    def flowing(per_year: int) -> pd.DataFrame:
        ends = np.linspace(0, 1, per_year + 1)
        customers = 5000 * np.exp(-0.31 * ends) - 1800 / 0.31 * np.expm1(-0.31 * ends)
        each = np.full(per_year, 1800 / per_year)
        labels = {12: [f"2024-{m:02d}" for m in range(1, 13)],
                  4: [f"2024Q{q}" for q in range(1, 5)], 1: ["2024"]}  # fmt: skip
        return pd.DataFrame({
            "quarter": labels[per_year], "opening_customers": customers[:-1], "customers_won": each,
            "customers_lost": customers[:-1] + each - customers[1:],
            "closing_customers": customers[1:], "marketing_spend": 90_000 / per_year,
        })  # fmt: skip

    for payment in ("month", "quarter", "year", PaymentTerms("month", renewal="year")):
        ask = {"annual_margin": 240, "payment": payment, **ASK}
        found = [books_value(flowing(per_year), **ask) for per_year in (12, 4, 1)]
        for each in found:
            assert each.retention.annual == pytest.approx(np.exp(-0.31), rel=1e-9)
            expected = customer_value(240, np.exp(-0.31), 0.1, payment=payment)
            assert each.customer_value == pytest.approx(expected, rel=1e-9)
            assert each.payback.months == found[0].payback.months
            assert each.acquisition.cost == pytest.approx(50)


def test_costs_are_given_or_those_of_the_books_or_not_known() -> None:
    split = BOOKS.assign(acquisition_spend=BOOKS["marketing_spend"] / 2)
    bases = {
        "given": books_value(split, annual_margin=0.2, acquisition_cost=0.1, **ASK),
        "acquisition spend": books_value(split, annual_margin=0.2, **ASK),
        "marketing spend": books_value(BOOKS, annual_margin=0.2, **ASK),
        "not known": books_value(BOOKS.drop(columns="marketing_spend"), annual_margin=0.2, **ASK),
    }
    for basis, found in bases.items():
        assert found.acquisition.basis == basis
    assert bases["not known"].payback is None
    assert np.isnan(bases["not known"].value_to_cost)
    assert "acquisition cost" not in bases["not known"].table().index
    assert bases["given"].table().loc["acquisition cost", "source"] == "given"
    assert bases["given"].payback == payback(
        0.1, 0.2, retention_rate=bases["given"].retention.annual, annual_discount_rate=0.1
    )


def test_channels_have_their_own_cost_and_the_firm_one_retention() -> None:
    rows = [
        BOOKS[["quarter"]].assign(channel=name, customers_won=BOOKS["customers_won"] * share,
                                  acquisition_spend=cost * BOOKS["customers_won"] * share)
        for name, share, cost in (("web", 0.8, 60.0), ("shop", 0.2, 300.0))
    ]  # fmt: skip
    firm = BOOKS[["quarter", "customers_lost", "closing_customers"]].assign(channel="all")
    ledger = SpendLedger.from_table(pd.concat([*rows, firm]), by="channel")
    found = books_value(ledger, annual_margin=240, **ASK)
    whole = books_value(BOOKS, annual_margin=240, **ASK)
    assert found.retention.annual == pytest.approx(whole.retention.annual)
    assert found.channels["acquisition_cost"].to_dict() == pytest.approx({"web": 60, "shop": 300})
    assert found.channels["payback_months"]["shop"] > found.channels["payback_months"]["web"]
    assert found.acquisition.cost == pytest.approx(0.8 * 60 + 0.2 * 300)
    assert whole.channels.empty


def test_retention_spend_lowers_value_and_lengthens_payback() -> None:
    spent = BOOKS.assign(retention_spend=5000.0, marketing_spend=BOOKS["marketing_spend"] * 1000)
    with_it, without = (books_value(table, annual_margin=240, **ASK)
                        for table in (spent, spent.drop(columns="retention_spend")))  # fmt: skip
    per_head = 5000 * 4 / ((1110 + 1227) / 2 + 1141 + 1184 + 1220) * 4  # mean customers
    assert with_it.retention_spend == pytest.approx(per_head)
    expected = customer_value(240, with_it.retention.annual, 0.1, per_head)
    assert with_it.customer_value == pytest.approx(expected)
    assert with_it.payback.months > without.payback.months
    poor = books_value(spent, annual_margin=10, **ASK)
    assert poor.payback.never
    assert any("Retention spend is 16.97 per" in said for said in poor.questions)


def test_contracts_of_a_year_are_known_from_the_flow() -> None:
    ledger = SpendLedger.from_table(load_sample("books"), by="channel")
    found = books_value(ledger, annual_margin=252, **ASK)
    assert str(found.payment) == "a payment every month, a renewal every year"
    last = load_sample("books").query("quarter >= '2024'")
    spend = last["retention_spend"].sum() / last["customers_at_risk"].sum()
    assert found.retention_spend == pytest.approx(spend)
    assert found.customer_value == pytest.approx(
        customer_value(252, found.retention.annual, 0.1, spend, payment=found.payment)
    )


def test_a_point_of_retention_and_its_break_even() -> None:
    found = books_value(BOOKS, annual_margin=240, **ASK)
    more = customer_value(240, found.retention.annual + 0.01, 0.1)
    assert found.point_value == pytest.approx(more - found.customer_value)
    points = found.break_even_points(10_000)
    rate = found.retention.annual
    spend = customer_value(240, rate + points, 0.1, 10_000 / 1227)
    assert spend == pytest.approx(found.customer_value, rel=1e-9)
    assert found.break_even_points(0) == pytest.approx(0)


def test_implausible_books_are_questioned_in_words() -> None:
    off = BOOKS.drop(index=2).assign(revenue=BOOKS["revenue"] / 1000)
    off.loc[5, "closing_customers"] = 1400.0
    found = books_value(off, annual_margin=240, acquisition_cost=2, **ASK)
    said = " ".join(found.questions)
    assert "1 period is missing from the books, first 2023Q3" in said
    assert "opening + won - lost differs from closing customers by more than 0.5%" in said
    assert "more than their annual revenue in the books" in said
    assert "times the acquisition cost. Are margin and cost in one unit" in said
    lost = BOOKS.assign(customers_lost=BOOKS["customers_won"] + 900, closing_customers=np.nan,
                        opening_customers=1000.0)  # fmt: skip
    quick = books_value(lost, annual_margin=240, payment="year", **ASK)
    assert any("less than the payment period of a year" in each for each in quick.questions)
    assert any("almost no customer stays for a year" in each for each in quick.questions)
    stay = books_value(BOOKS.assign(customers_lost=0.0), annual_margin=240, **ASK)
    assert any("the books show no customer who left" in each for each in stay.questions)
    assert np.isfinite(stay.customer_value)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, ParameterError, "exactly one of annual_margin .* and margin"),
        ({"annual_margin": 9, "margin": 0.3}, ParameterError, "exactly one of annual_margin"),
        ({"margin": 30}, ParameterError, r"margin must be a share of revenue in \(0, 1\]"),
        ({"margin": 0}, ParameterError, "margin must be a share of revenue"),
        ({"annual_margin": 0.3, "acquisition_cost": 100}, ParameterError, "not a share of revenue"),
        ({"annual_margin": 9, "acquisition_cost": -1}, ParameterError, "acquisition_cost must be"),
        ({"annual_margin": 9, "annual_discount_rate": 10}, ParameterError, r"Did you mean 0\.1"),
    ],
)
def test_invalid_input_raises(options, error, words) -> None:
    with pytest.raises(error, match=words):
        books_value(BOOKS, **{**ASK, **options})


def test_a_share_needs_revenue_and_customers() -> None:
    with pytest.raises(DataError, match="a share of revenue needs the columns revenue and closing"):
        books_value(BOOKS.drop(columns="revenue"), margin=0.3, **ASK)
    assert MarginSource(margin=0.3).basis == "share of revenue"


def test_the_interval_is_that_of_retention() -> None:
    found = books_value(BOOKS, annual_margin=240, **ASK)
    low, high = found.customer_value_interval
    assert low < found.customer_value < high
    drawn = found.value_at(found.draws(4000, seed=1))
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([low, high], rel=0.02)
    assert "annual retention" in repr(found) and len(repr(found)) < 400


def test_a_share_given_as_an_annual_margin_is_refused() -> None:
    books = pd.DataFrame({
        "quarter": ["2024Q1", "2024Q2"], "customers_won": [70, 90], "customers_lost": [40, 50],
        "closing_customers": [1030, 1070], "revenue": [60_000.0, 62_000.0]})  # fmt: skip
    with pytest.raises(
        ParameterError, match=r"not a share of revenue; found 0.3 beside annual rev"
    ):
        books_value(books, annual_margin=0.3, annual_discount_rate=0.1)
    assert books_value(books, margin=0.3, annual_discount_rate=0.1).annual_margin > 50


def test_stated_contracts_have_the_rate_of_their_period() -> None:
    """Where the books do not settle the renewal, the terms do; unstated, it is questioned."""
    due, stayed = [250, 500, 300, 260], [200, 400, 240, 208]
    growing = pd.DataFrame({
        "quarter": ["2024Q1", "2024Q2", "2024Q3", "2024Q4"], "customers_at_risk": due,
        "customers_kept": stayed, "customers_won": [50, 60, 70, 50],
    })  # fmt: skip
    steady = pd.DataFrame({
        "quarter": [f"{2023 + q // 4}Q{q % 4 + 1}" for q in range(8)], "customers_at_risk": 250,
        "customers_kept": 200, "customers_won": 50,
    })  # fmt: skip
    for table, fits in ((growing, "neither"), (steady, "both")):
        stated = books_value(
            table, annual_margin=100, payment=PaymentTerms("month", renewal="year"), **ASK
        )
        assert stated.retention.annual == pytest.approx(0.8)
        assert not any("how often" in question for question in stated.questions)
        unstated = books_value(table, annual_margin=100, **ASK)
        assert unstated.retention.annual == pytest.approx(0.8**4)
        assert f"the customers at risk fit {fits} a renewal" in " ".join(unstated.questions)
    all_due = steady.assign(opening_customers=250)
    assert "how often" not in " ".join(books_value(all_due, annual_margin=100, **ASK).questions)


def test_a_spend_of_zero_is_no_acquisition_cost() -> None:
    found = books_value(BOOKS.assign(marketing_spend=0), annual_margin=240, **ASK)
    assert (found.acquisition.basis, found.payback) == ("not known", None)
    assert "marketing_spend of 0" in " ".join(found.questions)
    web = BOOKS.assign(channel="web", acquisition_spend=0)
    by = pd.concat([web, web.assign(channel="shop", acquisition_spend=30, customers_won=1)])
    free = books_value(SpendLedger.from_table(by, by="channel"), annual_margin=240, **ASK)
    assert free.channels.loc["web", "acquisition_cost"] == 0
    assert free.channels.loc["web", ["value_to_cost", "payback_months"]].isna().all()


def test_a_rate_from_a_part_of_the_year_is_questioned() -> None:
    part = books_value(BOOKS, annual_margin=240, recent=3, **ASK)
    assert "from 3 of the 4 quarters of a year (2024Q2, 2024Q3, 2024Q4)" in " ".join(part.questions)
    assert "quarters of a year" not in " ".join(books_value(BOOKS, margin=0.4, **ASK).questions)


def test_a_column_that_is_nearly_one_of_ours_is_named() -> None:
    near = BOOKS.rename(columns={"marketing_spend": "Marketing spnd"})
    found = books_value(near, annual_margin=240, **ASK)
    assert "The column Marketing spnd of the books was not read. Is it marketing_spend?" in (
        found.questions
    )
    assert books_value(BOOKS.assign(note=1), annual_margin=240, **ASK).ledger.misspelt == ()


def test_the_interval_of_a_negative_value_is_in_order() -> None:
    dear = BOOKS.assign(retention_spend=500_000)
    low, high = books_value(dear, annual_margin=240, **ASK).customer_value_interval
    assert low < high < 0

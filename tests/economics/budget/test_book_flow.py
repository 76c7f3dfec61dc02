"""Retention from the flow of customers: one firm, whatever the period of its books."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.book_flow import (
    book_flow,
    book_retention,
    renewal_period,
    stated_renewal,
)
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.errors import DataError

LABELS = {12: [f"2024-{m:02d}" for m in range(1, 13)], 4: [f"2024Q{q}" for q in range(1, 5)],
          1: ["2024"]}  # fmt: skip


def counted(per_year: int) -> SpendLedger:
    """A firm whose base of 5,000 is followed for a year: at risk and kept by period."""
    left = np.array([60, 55, 71, 64, 58, 49, 66, 80, 61, 57, 52, 45])
    base = 5000 - np.concatenate([[0], left.cumsum()])
    step = 12 // per_year
    return SpendLedger.from_table(
        pd.DataFrame({
            "quarter": LABELS[per_year], "customers_at_risk": base[:-1:step],
            "customers_kept": base[step::step],
        })
    )  # fmt: skip


def flowing(per_year: int, *, hazard: float = 0.31, won: float = 1800.0) -> SpendLedger:
    """A firm that wins customers evenly, any of whom may leave at any moment, in closed form."""
    ends = np.linspace(0, 1, per_year + 1)
    customers = 5000 * np.exp(-hazard * ends) - won / hazard * np.expm1(-hazard * ends)
    each = np.full(per_year, won / per_year)
    return SpendLedger.from_table(
        pd.DataFrame({
            "quarter": LABELS[per_year], "opening_customers": customers[:-1],
            "customers_won": each, "customers_lost": customers[:-1] + each - customers[1:],
            "closing_customers": customers[1:],
        })
    )  # fmt: skip


@pytest.mark.parametrize("firm", [counted, flowing])
def test_books_by_month_quarter_and_year_show_one_annual_rate(firm) -> None:
    found = [book_retention(firm(per_year)).annual for per_year in (12, 4, 1)]
    assert found == pytest.approx([found[0]] * 3, rel=1e-9)
    truth = {counted: 4282 / 5000, flowing: np.exp(-0.31)}[firm]
    assert found[0] == pytest.approx(truth, rel=1e-9)


def test_what_is_missing_follows_from_the_flow() -> None:
    whole = flowing(4).table.rename(columns={"period": "quarter"}).drop(columns="segment")
    expected = book_retention(flowing(4)).annual
    for missing in ("opening_customers", "customers_lost", "closing_customers"):
        ledger = SpendLedger.from_table(whole.drop(columns=missing))
        assert book_retention(ledger).annual == pytest.approx(expected, rel=1e-9)
    flow = book_flow(SpendLedger.from_table(whole))
    assert flow["gap"].abs().max() < 1e-9 and flow["agrees"].all()


def test_books_whose_flow_does_not_add_up_are_marked() -> None:
    table = flowing(4).table.rename(columns={"period": "quarter"})
    table.loc[2, "closing_customers"] += 300
    flow = book_flow(SpendLedger.from_table(table))
    assert flow["agrees"].to_list() == [True, True, False, True]
    assert flow["gap"].to_list()[2] == pytest.approx(-300)


def test_how_often_customers_may_leave_is_seen_in_the_books() -> None:
    sample = SpendLedger.from_table(load_sample("books"), by="channel")
    assert renewal_period(sample).name == "year"
    table = sample.table.drop(columns="segment").query("period >= '2024Q1'").iloc[:4].copy()
    table["customers_at_risk"] = [1000.0, 1050.0, 1110.0, 1140.0]
    table["customers_won"], table["customers_kept"] = 100.0, [950.0, 1010.0, 1040.0, 1090.0]
    every = SpendLedger.from_table(table.rename(columns={"period": "quarter"}))
    assert renewal_period(every).name == "quarter"
    assert stated_renewal(every, PaymentTerms("month", renewal="month")).name == "quarter"
    with pytest.raises(DataError, match="their rate is one per quarter"):
        stated_renewal(every, PaymentTerms("month", renewal="year"))
    assert renewal_period(flowing(4)) is None


def test_contracts_have_the_rate_of_a_year() -> None:
    found = book_retention(SpendLedger.from_table(load_sample("books"), by="channel"))
    last = load_sample("books").query("quarter >= '2024'")
    assert (found.renews, found.period.name) == (True, "year")
    assert found.annual == pytest.approx(
        last["customers_kept"].sum() / last["customers_at_risk"].sum()
    )


def test_active_customers_show_who_came_back() -> None:
    table = pd.DataFrame({
        "quarter": ["2023Q4", "2024Q1", "2024Q2", "2024Q3", "2024Q4"],
        "customers_won": [np.nan, 40, 50, 60, 90], "active_customers": [200, 140, 130, 125, 240],
    })  # fmt: skip
    found = book_retention(SpendLedger.from_table(table))
    assert found.basis == "active customers"
    expected = [100 / 200, 80 / 140, 65 / 130, 1.0]  # more came back than were active before
    assert found.rates["rate"].to_list() == pytest.approx(expected)
    assert found.annual == pytest.approx(np.prod(expected))


def test_the_interval_covers_chance_and_the_usual_changes() -> None:
    rng = np.random.default_rng(5)
    labels = [str(pd.Period("2015Q1") + i) for i in range(40)]
    covered = 0
    for _ in range(60):
        hazard = 0.06 * np.exp(0.15 * rng.standard_normal(40))
        at_risk = np.full(40, 4000.0)
        kept = rng.binomial(4000, np.exp(-hazard))
        ledger = SpendLedger.from_table(
            pd.DataFrame({"quarter": labels, "customers_at_risk": at_risk, "customers_kept": kept})
        )
        found = book_retention(ledger)
        usual = np.exp(-4 * 0.06 * np.exp(0.15**2 / 2))
        covered += found.low <= usual <= found.high
    assert 51 <= covered <= 60


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"customers_won": [5, 5]}, "retention needs customers_at_risk and customers_kept, or"),
        ({"customers_won": [5, 5], "customers_lost": [900, 1], "opening_customers": [99, 5]},
         "customers lost must be between 0 and the customers there were; found 900 of 104"),
    ],
)  # fmt: skip
def test_books_without_retention_raise(columns, words) -> None:
    ledger = SpendLedger.from_table(pd.DataFrame({"quarter": ["2024Q1", "2024Q2"], **columns}))
    with pytest.raises(DataError, match=words):
        book_retention(ledger)


def test_recent_periods_and_gaps() -> None:
    table = flowing(12).table.rename(columns={"period": "quarter"}).drop(columns="segment")
    ledger = SpendLedger.from_table(table.drop(index=5))
    assert ledger.missing_periods == ["2024-06"]
    assert book_retention(ledger, recent=3).annual == pytest.approx(np.exp(-0.31))
    assert len(book_retention(ledger).rates) == 11


def test_books_whose_columns_do_not_belong_together_are_refused() -> None:
    """Closing customers in thousands beside customers won and lost in full."""
    books = pd.DataFrame({
        "quarter": ["2024Q1", "2024Q2", "2024Q3"], "customers_won": [70, 90, 80],
        "customers_lost": [40, 50, 45], "closing_customers": [103.0, 107.0, 110.5]})  # fmt: skip
    with pytest.raises(DataError, match=r"median of .*107 is not|103 \+ 90 - 50 is not 107"):
        book_retention(SpendLedger.from_table(books))
    off = books.assign(closing_customers=[1030, 1170, 1105])
    assert not book_flow(SpendLedger.from_table(off))["agrees"].all()
    assert 0.8 < book_retention(SpendLedger.from_table(off)).annual < 0.9

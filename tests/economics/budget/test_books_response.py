"""What a firm's spend does to its customers, from books over time."""

import os

import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.budget.books_response import books_response, shift_by_response
from relmark_research.economics.budget.books_value import books_value
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.errors import DataError, ParameterError
from tests.economics.budget.made_books import Truth, simulate_books

RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(acquisition=0.35, retention=0.45, carry_over=0.3)


@pytest.fixture(scope="module")
def ledger(truth) -> SpendLedger:
    return SpendLedger.from_table(simulate_books(truth, seed=3, periods=60))


def test_marginal_costs_are_those_of_the_firm(ledger, truth) -> None:
    firm, last = ledger.firm(), ledger.firm().iloc[-4:]
    won = books_response(ledger)
    average = last["acquisition_spend"].sum() / last["customers_won"].sum()
    assert (won.spend_column, won.average_cost) == ("acquisition_spend", pytest.approx(average))
    cost, low, high = won.marginal_cost()
    assert low <= average / truth.acquisition <= high and low < cost < high
    kept = books_response(ledger, purpose="retention")
    cost, low, high = kept.marginal_cost()
    hazard = -np.log(last["customers_kept"] / last["customers_at_risk"])
    gained = (last["customers_kept"] * hazard).sum() * truth.retention
    assert low <= last["retention_spend"].sum() / gained <= high
    assert kept.fit.grade == "identified"
    assert len(kept.fit.table) == len(firm)


def test_all_marketing_takes_the_place_of_acquisition_spend(ledger) -> None:
    table = ledger.table.rename(
        columns={"period": "quarter", "acquisition_spend": "marketing_spend"}
    )
    total = SpendLedger.from_table(table[["quarter", "marketing_spend", "customers_won"]])
    found = books_response(total)
    assert found.spend_column == "marketing_spend"
    assert found.marginal_cost() == pytest.approx(books_response(ledger).marginal_cost())


def test_the_longest_run_of_periods_without_a_gap_is_used(ledger) -> None:
    table = ledger.table.rename(columns={"period": "quarter"})
    gap = table.drop(index=10)
    assert len(books_response(SpendLedger.from_table(gap)).fit.table) == len(table) - 11
    blank = table.assign(acquisition_spend=table["acquisition_spend"].where(table.index != 20))
    assert len(books_response(SpendLedger.from_table(blank)).fit.table) == len(table) - 21
    zero = table.assign(acquisition_spend=table["acquisition_spend"].where(table.index != 42, 0.0))
    assert len(books_response(SpendLedger.from_table(zero)).fit.table) == 42


def test_books_without_spend_raise(ledger) -> None:
    table = ledger.table.rename(columns={"period": "quarter"})
    only = SpendLedger.from_table(table[["quarter", "customers_won"]])
    with pytest.raises(DataError, match="acquisition needs customers_won and acquisition_spend or"):
        books_response(only)
    with pytest.raises(DataError, match="retention needs retention_spend and the number of"):
        books_response(only, purpose="retention")
    none = SpendLedger.from_table(table.assign(acquisition_spend=0.0))
    with pytest.raises(DataError, match="customers_won and acquisition_spend above 0; found none"):
        books_response(none)


def test_a_shift_gains_what_the_responses_say(ledger, truth) -> None:
    value = books_value(ledger, annual_margin=400, annual_discount_rate=0.1)
    sides = books_response(ledger), books_response(ledger, purpose="retention")
    found = shift_by_response(value, *sides)
    spend = sum(side.annual_spend for side in sides)
    assert found.amount == pytest.approx(0.01 * spend)
    per_money = [1 / side.marginal_cost()[0] for side in sides]
    expected = found.amount * value.customer_value * (per_money[1] - per_money[0])
    assert found.gain == pytest.approx(expected)
    assert found.gain_low < found.gain < found.gain_high
    back = shift_by_response(value, *sides, -0.01)
    assert back.gain == pytest.approx(-found.gain)
    assert back.probability == pytest.approx(1 - found.probability)
    with pytest.raises(ParameterError, match="share of the budget other than 0"):
        shift_by_response(value, *sides, 0)


def test_price_enters_where_it_is_known(ledger) -> None:
    rng = np.random.default_rng(1)
    table = ledger.table.rename(columns={"period": "quarter"})
    price = np.exp(0.1 * rng.standard_normal(len(table)))
    dear = table.assign(price=price, customers_won=table["customers_won"] * price**-2.0)
    found = books_response(SpendLedger.from_table(dear)).fit.summary()
    assert found.loc["price", "low"] <= -2 <= found.loc["price", "high"] < -1
    some = dear.assign(price=pd.Series(price).where(table.index > 30))
    assert "price" not in books_response(SpendLedger.from_table(some)).fit.summary().index


@pytest.mark.slow
def test_marginal_costs_hold_the_truth_in_20_and_in_45_quarters() -> None:
    """Won and kept, of firms with their own elasticities; both intervals of one firm agree."""
    covered = {(purpose, n): 0 for purpose in ("acquisition", "retention") for n in (20, 45)}
    agree = 0
    for seed in range(RUNS):
        rng = np.random.default_rng([seed, 2])
        truth = Truth(rng.uniform(0.15, 0.6), rng.uniform(0.15, 0.6), rng.uniform(0, 0.7))
        table = simulate_books(truth, seed=seed, periods=45)
        ends = {}
        for purpose, n in covered:
            response = books_response(SpendLedger.from_table(table[-n:]), purpose=purpose)
            ends[purpose, n] = response.marginal_cost()[1:]
            low, high = ends[purpose, n]
            covered[purpose, n] += low <= response.slope / getattr(truth, purpose) <= high
        agree += all(
            ends[name, 20][0] <= ends[name, 45][1] and ends[name, 45][0] <= ends[name, 20][1]
            for name in ("acquisition", "retention")
        )
    shares = {key: hits / RUNS for key, hits in covered.items()}
    print(shares, agree / RUNS)
    reach = 3.3 * np.sqrt(0.95 * 0.05 / RUNS)
    low, high = min(0.92, 0.95 - reach), max(0.98, 0.95 + reach)
    assert all(low <= share <= high for share in shares.values()), shares
    assert agree >= 0.95 * RUNS

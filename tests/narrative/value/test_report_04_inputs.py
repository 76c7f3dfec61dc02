"""Any subset of the tables of report 04: what is missing is a reason, not a failure."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.narrative.value import report_04_inputs as inputs
from tests.economics.budget.made_books import Truth, simulate_books

TERMS = inputs.FirmTerms(payment=PaymentTerms(), annual_discount_rate=0.1, level=0.95)


def ledger() -> SpendLedger:
    return SpendLedger.from_table(simulate_books(Truth(0.35, 0.45, 0.3), seed=3, periods=24))


def test_books_without_a_margin_keep_their_retention() -> None:
    firm, reason = inputs.firm_or_reason(ledger(), None, None, TERMS)
    assert firm is None
    assert "the value of a customer needs a margin" in reason
    kept, reason = inputs.retention_or_reason(ledger(), recent=None, level=0.95)
    assert reason == ""
    assert 0 < kept.retention.low < kept.retention.annual < kept.retention.high < 1


def test_no_books_have_no_position() -> None:
    found, reason = inputs.position_or_reason(
        None, {"all": 10}, annual_discount_rate=0.1, recent=None, payment=PaymentTerms()
    )
    assert (found, reason) == (None, "it needs a table of books, and this run has none")
    assert inputs.own_data(None, "own.csv", None) == ("own.csv", None)


def test_revenue_stands_for_profit_where_costs_are_not_known() -> None:
    log = rm.load_cdnow()
    margin, reason = inputs.margin_or_reason(log, None, level=0.95)
    assert margin is None
    assert "needs the cost of goods" in reason
    revenue, _ = inputs.tested_claims(log, contacts=None, margin=None, level=0.95)
    tenth, _ = inputs.tested_claims(log, contacts=None, margin=0.1, level=0.95)
    assert [claim.verdict for claim in revenue] == [claim.verdict for claim in tenth]
    assert tenth[0].estimate * 10 == pytest.approx(revenue[0].estimate)


def test_too_few_customers_test_no_claim() -> None:
    days = pd.date_range("2023-01-01", periods=12, freq="30D")
    log = rm.read_transactions(pd.DataFrame({"customer_id": range(12), "date": days, "value": 5.0}))
    claims, reason = inputs.tested_claims(log, contacts=None, margin=None, level=0.95)
    assert claims == []
    assert reason

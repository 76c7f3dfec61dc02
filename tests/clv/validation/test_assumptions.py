"""The description of the assumptions, also of data that are too few for a test."""

import pandas as pd

import relmark_research as rm


def test_both_assumptions_of_cdnow():
    log = rm.load_cdnow().until("1997-09-30")
    words = rm.clv.describe_assumptions(log, log.customer_summary())
    assert "Spearman's rank correlation is 0.21 (0.14 to 0.27)." in words
    assert "consistent with random purchasing (k = 0.95" in words


def test_too_few_customers_give_the_reason():
    days = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-02-01"])
    rows = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": days, "value": [1.0, 2.0, 3.0]})
    log = rm.read_transactions(rows)
    words = rm.clv.describe_assumptions(log, log.customer_summary())
    assert "This could not be tested: a correlation" in words
    assert "regularity of purchases could not be tested: regularity needs" in words

"""Claims about single customers in report 03: they need a ranking that the holdout supports."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.formats import formatter
from relmark_research.narrative.value import report_03_customers as customers

EURO = formatter("EUR")
SCORE = rm.clv.HoldoutScore(10, 10, 0.0, 1.0, 1.0, 0.4, -1.0)


def test_a_ranking_is_tested_in_the_holdout():
    score = replace(SCORE, correlation=0.4)
    assert customers.is_ranked(score, 100) is True
    assert customers.is_ranked(score, 8) is False
    assert customers.is_ranked(replace(SCORE, correlation=-0.4), 100) is False
    assert customers.is_ranked(replace(SCORE, correlation=np.nan), 100) is None


@pytest.mark.parametrize(
    ("holdout", "n", "verdict"),
    [(True, 100, "finding"), (None, 100, "hint"), (False, 100, "withheld"), (True, 12, "withheld")],
)
def test_values_of_customers_need_a_ranking_and_enough_customers(holdout, n, verdict):
    values = pd.DataFrame({"clv": np.arange(float(n))})
    claim = customers.value_heading(values, EURO, holdout=holdout)
    assert claim.verdict == verdict
    assert ("€" in claim.text) == (verdict in ("finding", "hint"))


def test_a_contact_of_customers_at_risk_is_only_tested():
    doubtful = pd.DataFrame({"Value": [5.0], "Value if there": [9.0]})
    future = pd.DataFrame({"p_alive": [0.5, 0.7]})
    claim = customers.at_risk_claim(doubtful, future, EURO, holdout=True)
    assert claim.advice is None
    assert "two random groups of 1,471 customers" in claim.text  # 60% to 65%, power 80%


def test_too_few_customers_or_no_second_purchase_leave_out_what_needs_them():
    days = pd.date_range("2023-01-01", periods=40, freq="7D")
    once = pd.DataFrame({"customer_id": range(40), "date": days, "value": 5.0})
    log = rm.read_transactions(once)
    found, reason = customers.single_customers(
        log, at="2023-06-30", unit="week", models=["BGNBD"], spend=None, level=0.95
    )
    assert found is None
    assert reason.startswith("none of 26 customers bought a second time")
    spend, reason = customers.spend_or_reason(log.customer_summary(unit="week"))
    assert spend is None
    assert "needs at least 2; found 0" in reason
    few = rm.read_transactions(once.head(3)).customer_summary(unit="week")
    assert customers.spend_or_reason(few) == (
        None, "the log has 3 customers and tenths need 10"
    )  # fmt: skip

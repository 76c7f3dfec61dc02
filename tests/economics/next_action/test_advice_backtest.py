import pandas as pd
import pytest

import relmark_research as rm
from tests.economics.firm import known_customers, log_of

TERMS = rm.economics.FutureTerms(draws=100)


@pytest.fixture(scope="module")
def known():
    return known_customers(260, seed=3)


@pytest.fixture(scope="module")
def log(known):
    return log_of(known.transactions)


def test_actual_values_are_contribution_less_contact_costs(known, log) -> None:
    backtest = rm.economics.advice_backtest(log, contacts=known.contacts, terms=TERMS)
    day = log.observed_from + (log.observed_until - log.observed_from) * 2 // 3
    assert backtest["customers"].sum() == len(log.until(day).customer_summary())
    earned = log.after(day).to_pandas()
    earned = earned[earned["customer_id"].isin(log.until(day).customer_summary().table.index)]
    later = known.contacts[known.contacts["date"] > pd.Timestamp(day)]
    later = later[later["customer_id"].isin(log.until(day).customer_summary().table.index)]
    total = (earned["value"] - earned["cost"]).sum() - later["cost"].sum()
    assert (backtest["actual"] * backtest["customers"]).sum() == pytest.approx(total)

"""A row of value zero is a purchase, also where returns are left out."""

from typing import Any

import pandas as pd
import pytest

import relmark_research as rm

ROWS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "a", "b"],
        "date": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-12-31"],
        "value": [10.0, 0.0, -4.0, 20.0, 5.0],
        "cost": [4.0, 3.0, -1.0, 9.0, 2.0],
    }
)
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["a", "b"],
        "acquisition_date": ["2023-12-31", "2024-12-30"],
        "acquisition_cost": [0.0, 0.0],
        "segment": ["all", "all"],
    }
)


@pytest.fixture(name="log")
def make_log() -> Any:
    return rm.read_transactions(ROWS, cost="cost", returns="drop")


def test_a_free_order_is_read_and_a_return_is_not(log: Any):
    assert sorted(log.to_pandas()["value"]) == [0, 5, 10, 20]


def test_a_free_order_is_a_purchase_day(log: Any):
    assert log.customer_summary(unit="day").table.loc["a", "frequency"] == 2


def test_a_free_order_costs_its_goods(log: Any):
    assert rm.profit_table(log).loc["a", "goods"] == 4 + 3 + 9


def test_a_free_order_lowers_the_margin_of_its_account_year(log: Any):
    contacts = pd.DataFrame(
        {"customer_id": ["a"], "date": ["2024-01-01"], "cost": [1.0], "relationship_level": "basic"}
    )
    years = rm.economics.account_years(log, contacts=contacts, customers=CUSTOMERS)
    assert years["annual_margin"].to_list() == [10 - 4 - 3 + 20 - 9]

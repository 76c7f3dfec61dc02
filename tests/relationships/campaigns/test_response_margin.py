import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.relationships.campaigns.response_margin import (
    contribution_per_response,
    margin_by_customer,
)

ROWS = [  # customer, day, value, cost
    (1, "2023-01-10", 100.0, 60.0), (1, "2023-02-10", 50.0, 30.0), (2, "2023-01-12", 50.0, 10.0),
    (3, "2023-03-01", 40.0, 10.0), (3, "2023-04-01", -10.0, -5.0),
]  # fmt: skip
GROUPS = pd.Series({1: "homes", 2: "homes", 3: "mills", 4: "mills"})


def log_of(rows: list[tuple], **options: str | None) -> rm.TransactionLog:
    table = pd.DataFrame(rows, columns=["customer_id", "date", "value", "cost"])
    return rm.read_transactions(table, **options)


@pytest.fixture(scope="module")
def log() -> rm.TransactionLog:
    return log_of(ROWS, cost="cost")


@pytest.fixture
def campaigns() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [1, 2, 3, 9], "responded": [1, 0, 1, 1],
            "value_in_window": [100.0, 70.0, 30.0, 50.0],
        }
    )  # fmt: skip


def test_without_groups_all_customers_have_one_margin(log):
    margin = margin_by_customer(log)
    assert margin.to_dict() == pytest.approx(dict.fromkeys("123", 1 - 105 / 230))


def test_the_margin_of_a_group_is_of_its_sums_and_goes_to_its_members(log):
    """Homes: 200 - 100 of 200; mills, net of returns: 30 - 5 of 30; customer 4 has not bought."""
    margin = margin_by_customer(log, GROUPS)
    assert margin.to_dict() == pytest.approx({"1": 0.5, "2": 0.5, "3": 5 / 6, "4": 5 / 6})


def test_every_customer_of_the_log_needs_a_group(log):
    with pytest.raises(DataError, match=r"needs a group; 2 of 3 have none, first row 1 \('1'\)"):
        margin_by_customer(log, GROUPS.drop([1, 3]))


def test_customers_of_a_group_without_purchases_have_no_margin(log):
    groups = pd.concat([GROUPS, pd.Series({5: "farms"})])
    assert set(margin_by_customer(log, groups).index) == {"1", "2", "3", "4"}


@pytest.mark.parametrize(("cost", "shown"), [(40.0, "0.0%"), (50.0, "-25.0%")])
def test_a_group_that_sells_at_or_below_its_cost_is_refused(cost, shown):
    rows = [*ROWS[:3], (3, "2023-03-01", 40.0, cost)]
    with pytest.raises(DataError, match=f"found a margin of {shown} in 'mills'. Check the costs"):
        margin_by_customer(log_of(rows, cost="cost"), GROUPS)


def test_a_margin_needs_the_cost():
    with pytest.raises(DataError, match="needs the cost of the goods sold; found a log without it"):
        margin_by_customer(log_of(ROWS))
    with pytest.raises(DataError, match="this log has no money, and a margin needs the value"):
        margin_by_customer(log_of(ROWS, value=None))


def test_the_contribution_is_the_mean_of_those_who_responded(campaigns):
    assert contribution_per_response(campaigns, 0.5) == pytest.approx(0.5 * 180 / 3)
    assert contribution_per_response(campaigns, 1) == pytest.approx(60)


def test_margins_by_customer_are_used_and_the_mean_for_others(campaigns):
    margin = pd.Series({"1": 0.5, "2": 0.1, "3": 0.9})  # mean 0.5, of customer 9
    assert contribution_per_response(campaigns, margin) == pytest.approx((50 + 27 + 25) / 3)


def test_without_a_response_or_a_column_there_is_no_contribution(campaigns):
    with pytest.raises(DataError, match="expected customers who responded; found none"):
        contribution_per_response(campaigns.assign(responded=0), 0.5)
    for column in campaigns:
        with pytest.raises(DataError, match=f"campaigns: no column '{column}'"):
            contribution_per_response(campaigns.drop(columns=column), 0.5)

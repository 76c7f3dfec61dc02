"""Returns are netted against earlier purchases, dropped, or kept; through the log."""

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log.returns import (
    customer_days,
    days_returned_at_once,
    exact_sum,
    returned_days,
)
from tests.customers import slow_reference

START = date(2024, 1, 1)


def log_of(rows, **options):
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "value"])
    frame["date"] = [pd.Timestamp(START + timedelta(days=int(day))) for day in frame["day"]]
    return rm.read_transactions(frame.drop(columns="day"), **options)


def days_of(rows, **options):
    """Return the value of each purchase-day: customer, day, value."""
    table = log_of(rows, **options).days.to_pandas()
    day = (pd.to_datetime(table["date"]) - pd.Timestamp(START)).dt.days
    found = zip(table["customer_id"], day, table["parts"] / 10_000, strict=True)
    return sorted((str(who), int(when), float(value)) for who, when, value in found)


NETTED = {  # rows of day and value, and what is left of them
    "a return reduces the latest purchase before it": (
        [(0, 10.0), (1, 4.0), (3, 8.0), (2, -3.0)],
        [(0, 10.0), (1, 1.0), (3, 8.0)],
    ),
    "then the one before that": ([(0, 10.0), (1, 4.0), (3, 8.0), (2, -5.0)], [(0, 9.0), (3, 8.0)]),
    "a later return takes from the end": (
        [(0, 10.0), (1, 4.0), (3, 8.0), (4, -9.0)],
        [(0, 10.0), (1, 3.0)],
    ),
    "of the same day": ([(0, 10.0), (3, 8.0), (3, -3.0)], [(0, 10.0), (3, 5.0)]),
    "nothing was bought before": ([(0, -5.0), (1, 8.0)], [(1, 8.0)]),
    "more than was bought": ([(0, 2.0), (1, -5.0), (2, 8.0)], [(2, 8.0)]),
    "a gift is a purchase": ([(0, 0.0), (1, 5.0), (1, -5.0)], [(0, 0.0)]),
    "a gift with a purchase that is returned": (
        [(0, 0.0), (0, 5.0), (1, -5.0), (2, 1.0)],
        [(2, 1.0)],
    ),
    "a gift before a return": ([(0, 0.0), (1, 5.0), (2, -1.0)], [(0, 0.0), (1, 4.0)]),
}


def test_a_return_reduces_the_latest_earlier_purchases():
    rows = [(name, *row) for name, (own, _) in NETTED.items() for row in own]
    found: dict[str, list] = {name: [] for name in NETTED}
    for who, day, value in days_of(rows):
        found[who].append((day, value))
    assert found == {name: left for name, (_, left) in NETTED.items()}


def test_returns_can_be_dropped_or_kept():
    rows = [("a", 0, 10.0), ("a", 0, -4.0), ("a", 2, -3.0), ("b", 0, 0.0)]
    assert days_of(rows, returns="drop") == [("a", 0, 10.0), ("b", 0, 0.0)]
    assert days_of(rows, returns="keep") == [("a", 0, 6.0), ("a", 2, -3.0), ("b", 0, 0.0)]
    assert days_of(rows) == [("a", 0, 3.0), ("b", 0, 0.0)]


def test_money_is_summed_in_whole_ten_thousandths():
    rows = [("a", 0, 0.1), ("a", 0, 0.2), ("b", 0, 1.23456), ("b", 1, 1.23454)]
    assert days_of(rows) == [("a", 0, 0.3), ("b", 0, 1.2346), ("b", 1, 1.2345)]


def test_costs_are_netted_by_their_own_returns():
    frame = pd.DataFrame(
        {"customer_id": "a", "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
         "value": [10.0, 8.0, -3.0], "cost": [6.0, 5.0, -2.0]}
    )  # fmt: skip
    table = rm.read_transactions(frame, cost="cost").days.to_pandas().sort_values("date")
    assert (table["parts"] / 10_000).tolist() == [10.0, 5.0]
    assert (table["cost_parts"] / 10_000).tolist() == [6.0, 3.0]


def test_netting_is_that_of_plain_python():
    draw = np.random.default_rng(4)
    rows = [
        (f"c{who}", int(draw.integers(6)), int(draw.integers(-300, 301)))
        for who in range(80)
        for _ in range(draw.integers(1, 8))
    ]
    expected = slow_reference.purchase_days(
        [(who, START + timedelta(days=day), value) for who, day, value in rows]
    )
    flat = [
        (who, (day - START).days, value / 100)
        for who, days in expected.items()
        for day, value in days.items()
    ]
    assert days_of([(who, day, value / 100) for who, day, value in rows]) == sorted(flat)


def test_returns_without_a_purchase_are_reported():
    """Of a's 9.00 returned, 5.00 were bought before; b returned 2.00 before buying anything."""
    rows = [("a", 0, 5.0), ("a", 1, -9.0), ("b", 0, -2.0), ("b", 1, 3.0), ("c", 0, 1.0)]
    days = customer_days(log_of(rows).rows, returns="net", has_returns=True)
    found = returned_days(days).to_pandas().set_index("customer_id")
    assert found["unmatched"].to_dict() == {"a": 40_000, "b": 20_000}
    assert found["removed"].to_dict() == {"a": 2, "b": 1}


@pytest.mark.parametrize("returns", ["net", "drop"])
def test_customers_with_numbers_for_ids_are_netted_by_them(returns):
    rows = [(7, 0, 5.0), (7, 1, -2.0), (8, 0, 1.0)]
    left = {"net": 3.0, "drop": 5.0}[returns]
    assert days_of(rows, returns=returns) == [("7", 0, left), ("8", 0, 1.0)]


def test_days_whose_purchases_were_returned_at_once():
    days = customer_days(
        log_of([("a", 0, 5.0), ("a", 0, -5.0), ("a", 1, 3.0), ("b", 0, 5.0), ("b", 1, -5.0)]).rows,
        returns="net",
        has_returns=True,
    )
    found = days_returned_at_once(days).to_pandas()
    assert found["customer_id"].tolist() == ["a"]
    assert pd.Timestamp(found["date"][0]).date() == START


def test_sums_of_money_are_exact():
    table = ibis.memtable(pd.DataFrame({"value": [0.1, 0.2, -0.3, 7.0]}))
    assert exact_sum(table.value).to_pandas() == 7.0

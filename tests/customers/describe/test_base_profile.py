"""Key figures of a customer base, counted by hand."""

from dataclasses import fields

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.describe.base_profile import (
    concentration_table,
    customer_base,
    growth_table,
    purchase_counts,
)
from relmark_research.errors import DataError

ROWS = [
    ("a", "2024-01-01", 10.0), ("a", "2024-01-20", 30.0), ("a", "2024-02-10", 20.0),
    ("b", "2024-01-05", 5.0), ("b", "2024-03-10", 15.0),
    ("c", "2024-02-10", 4.0), ("d", "2024-02-29", 10.0), ("e", "2024-03-31", 6.0),
]  # fmt: skip


def log_of(rows, **options):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return rm.read_transactions(frame.assign(date=pd.to_datetime(frame["date"])), **options)


@pytest.fixture(scope="module")
def log():
    return log_of(ROWS)


def test_key_figures(log):
    found = customer_base(log)
    assert (found.customers, found.purchases, found.value) == (5, 8, 100.0)
    assert found.repeat_share == pytest.approx(2 / 5)
    assert found.top_fifth_share == pytest.approx(0.6)  # a, one of five customers
    assert found.returning_share == pytest.approx(1 / 2)  # in March b came again, e is new
    assert found.value_per_repeat_customer == pytest.approx(40.0)
    assert found.value_per_one_time_customer == pytest.approx(20 / 3)


def test_the_interval_of_the_repeat_share_is_wilsons(log):
    found, n, p, z = customer_base(log), 5, 0.4, 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert (found.repeat_share_low, found.repeat_share_high) == pytest.approx(
        (middle - half, middle + half), rel=1e-5
    )


def test_the_last_whole_month_is_taken():
    cut = log_of([*ROWS, ("f", "2024-04-10", 1.0)])  # April is not whole
    assert customer_base(cut).returning_share == pytest.approx(1 / 2)
    short = log_of([("a", "2024-01-05", 1.0), ("b", "2024-01-09", 1.0), ("a", "2024-01-10", 1.0)])
    assert customer_base(short).returning_share == 0.0  # there is no whole month


def test_figures_are_shown_in_a_line(log):
    base = customer_base(log)
    assert "value share of the top fifth" in repr(base)
    assert len(fields(base)) >= 10


def test_growth_by_month(log):
    found = growth_table(log)
    assert found["period"].dt.strftime("%Y-%m").tolist() == ["2024-01", "2024-02", "2024-03"]
    assert found["new_customers"].tolist() == [2, 2, 1]
    assert found["active_customers"].tolist() == [2, 3, 2]
    assert found["purchases"].tolist() == [3, 3, 2]
    assert found["value"].tolist() == [45.0, 34.0, 21.0]
    assert found["complete"].tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("first", "last", "complete"),
    [
        ("2024-01-01", "2024-03-31", [True, True, True]),
        ("2024-01-02", "2024-03-31", [False, True, True]),
        ("2024-01-01", "2024-03-30", [True, True, False]),
        ("2024-01-31", "2024-03-01", [False, True, False]),
    ],
)
def test_a_month_is_complete_if_the_log_covers_all_of_it(first, last, complete):
    log = log_of([("a", first, 1.0), ("a", "2024-02-10", 1.0), ("a", last, 1.0)])
    assert growth_table(log)["complete"].tolist() == complete


def test_counts_of_repeat_purchases(log):
    found = purchase_counts(log, max_count=2)
    assert found.to_dict("list") == {
        "purchases": [0, 1, 2],
        "label": ["0", "1", "2+"],
        "customers": [3, 1, 1],
        "share": pytest.approx([0.6, 0.2, 0.2]),
    }
    assert purchase_counts(log, max_count=1)["customers"].tolist() == [3, 2]
    default = purchase_counts(log)
    assert default["label"].tolist() == [*map(str, range(10)), "10+"]
    assert default["customers"].tolist() == [3, 1, 1, *[0] * 8]


def test_concentration_from_the_highest_value_on(log):
    found = concentration_table(log, points=5)
    assert found["customers_share"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert found["value_share"].tolist() == pytest.approx([0, 0.6, 0.8, 0.9, 0.96, 1])
    assert len(concentration_table(log)) == 101


def test_concentration_needs_value():
    with pytest.raises(DataError, match="have none"):
        concentration_table(log_of([("a", "2024-01-01", 0.0), ("b", "2024-01-02", 0.0)]))


def test_a_base_without_money_has_no_value():
    days = ["2024-01-01", "2024-02-29", "2024-01-05"]
    frame = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": days})
    base = customer_base(rm.read_transactions(frame, value=None))
    assert (base.customers, base.purchases, base.has_value) == (2, 3, False)
    assert pd.isna([base.value, base.top_fifth_share, base.value_per_repeat_customer]).all()
    assert "value" not in repr(base)
    log = rm.read_transactions(frame.assign(value=[1.0, 2.0, 4.0]))
    found = customer_base(log)
    assert found.has_value
    assert (found.value, found.value_per_repeat_customer) == (7, 3)
    assert found.value_per_one_time_customer == 4

"""Aggregates of purchase-days, each counted by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log import aggregation
from relmark_research.units import Period

ROWS = [
    ("a", "2024-01-10", 10.0),
    ("a", "2024-01-10", 5.0),  # the same day
    ("a", "2024-01-31", 20.0),
    ("a", "2024-03-05", 40.0),
    ("a", "2024-03-07", 1.0),
    ("b", "2024-02-29", 7.5),
    ("c", "2024-01-10", 2.0),
    ("c", "2024-02-09", 3.0),
]
LAST = date(2024, 3, 31)


def log_of(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return rm.read_transactions(frame.assign(date=pd.to_datetime(frame["date"])))


@pytest.fixture(scope="module", params=["text", "numbers"])
def days(request):
    """Purchase-days by ids of text, and by whole numbers, which engines group by key."""
    number = {"a": 1, "b": 2, "c": 3}
    rows = [(number[who] if request.param == "numbers" else who, *rest) for who, *rest in ROWS]
    return log_of(rows).days


def names(table):
    return table["customer_id"].astype(str).replace({"1": "a", "2": "b", "3": "c"}).tolist()


def test_histories_in_days(days):
    found = aggregation.per_customer(days, LAST)
    assert names(found) == ["a", "b", "c"]
    history = ["customer_id", "frequency", "recency_days", "T_days"]
    assert list(found) == [*history, "sum_log_gaps", "repeat_value"]
    assert found["sum_log_gaps"].tolist() == pytest.approx([np.log(21 * 34 * 2), 0.0, np.log(30)])
    assert found["frequency"].tolist() == [3, 0, 1]
    assert found["recency_days"].tolist() == [57, 0, 30]
    assert found["T_days"].tolist() == [81, 31, 81]
    assert found["repeat_value"].tolist()[::2] == pytest.approx([61 / 3, 3.0])
    assert pd.isna(found["repeat_value"][1])


def test_histories_in_calendar_months(days):
    """A customer's purchases of a month are one; a's months are January and March."""
    found = aggregation.per_customer(days, LAST, months=True)
    assert list(found)[:4] == ["customer_id", "frequency", "recency_months", "T_months"]
    assert found["frequency"].tolist() == [1, 0, 1]
    assert found["recency_months"].tolist() == [2, 0, 1]
    assert found["T_months"].tolist() == [2, 1, 2]
    assert found["sum_log_gaps"].tolist() == pytest.approx([np.log(2), 0.0, 0.0])
    assert found["repeat_value"].tolist()[::2] == pytest.approx([41.0, 3.0])
    later = aggregation.per_customer(days, date(2025, 1, 31), months=True)
    assert later["T_months"].tolist() == [12, 11, 12]


def test_equal_histories_are_counted():
    twin = [("d", "2024-01-10"), ("d", "2024-01-20"), ("d", "2024-03-05"), ("d", "2024-03-07")]
    rows = [*ROWS, ("e", "2024-02-29", 99.0), *((*each, 1.0) for each in twin)]
    days = log_of(rows).days
    found = aggregation.per_history(days, LAST)
    logs = found.pop("sum_log_gaps").tolist()
    assert logs == pytest.approx([0, np.log(30), np.log(21 * 34 * 2 * 10 * 45 * 2) / 2])
    assert found.to_dict("list") == {
        "frequency": [0, 1, 3],
        "recency_days": [0, 30, 57],
        "T_days": [31, 81, 81],
        "n_customers": [2, 1, 2],
    }
    months = aggregation.per_history(days, LAST, months=True)
    assert months["n_customers"].tolist() == [2, 1, 2]
    assert months["recency_months"].tolist() == [0, 1, 2]


def test_totals_by_customer(days):
    found = aggregation.customer_totals(days).sort_values("customer_id")
    assert found["purchases"].tolist() == [4, 1, 2]
    assert found["value"].tolist() == pytest.approx([76.0, 7.5, 5.0])


def test_first_and_repeat_purchases_by_day(days):
    found = aggregation.by_day(days, date(2024, 2, 28))  # b came later
    assert found.index.strftime("%m-%d").tolist() == ["01-10", "01-31", "02-09", "03-05", "03-07"]
    assert found["first_purchases"].tolist() == [2, 0, 0, 0, 0]
    assert found["repeat_purchases"].tolist() == [0, 1, 1, 1, 1]
    assert found["value"].tolist() == pytest.approx([17.0, 20.0, 3.0, 40.0, 1.0])
    with_b = aggregation.by_day(days, date(2024, 2, 29))
    assert with_b.loc["2024-02-29", "first_purchases"] == 1


def test_active_customers_by_cohort_and_period(days):
    found = aggregation.by_cohort(days, Period.of("month"))
    rows = [(str(c)[:7], str(p)[:7], int(n)) for c, p, n in found.itertuples(index=False)]
    assert rows == [
        ("2024-01", "2024-01", 2),
        ("2024-01", "2024-02", 1),
        ("2024-01", "2024-03", 1),
        ("2024-02", "2024-02", 1),
    ]


def test_new_and_active_customers_by_month(days):
    found = aggregation.by_month(days)
    assert found["period"].dt.strftime("%Y-%m-%d").tolist() == [
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]
    assert found["new_customers"].tolist() == [2, 1, 0]
    assert found["active_customers"].tolist() == [2, 2, 1]
    assert found["purchases"].tolist() == [3, 2, 2]
    assert found["value"].tolist() == pytest.approx([37.0, 10.5, 41.0])


def test_the_last_two_interpurchase_times():
    more = [("d", "2024-01-01", 1.0), ("d", "2024-02-04", 1.0), ("d", "2024-02-06", 1.0)]
    found = aggregation.last_two_interpurchase_times(log_of([*ROWS, *more]).days)
    assert found.to_dict("list") == {
        "earlier": [34],  # a: 31 January to 5 March; d: 1 January to 4 February
        "later": [2],
        "n_customers": [2],
    }


def test_the_first_two_purchases(days):
    found = aggregation.first_two_purchases(days)
    assert names(found) == ["a", "b", "c"]
    assert found["first"].dt.strftime("%m-%d").tolist() == ["01-10", "02-29", "01-10"]
    assert found["second"].dt.strftime("%m-%d").fillna("").tolist() == ["01-31", "", "02-09"]


def test_the_purchase_dates_of_one_customer(days):
    ids = aggregation.customer_totals(days)["customer_id"].sort_values()
    found = aggregation.purchase_dates(days, ids.iloc[0])
    assert found.strftime("%m-%d").tolist() == ["01-10", "01-31", "03-05", "03-07"]
    assert len(aggregation.purchase_dates(days, "nobody")) == 0

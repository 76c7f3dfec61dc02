"""The purchase-days of a log are aggregated once, for all its windows, and go with it."""

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log import _purchase_days as purchase_days
from relmark_research.customers.log import _sorted_aggregation
from tests.customers import slow_reference

START = date(2024, 1, 1)
DRAW = np.random.default_rng(8)
ROWS = [
    (f"c{DRAW.integers(30)}", START + timedelta(days=int(DRAW.integers(120))), int(cents))
    for cents in DRAW.integers(-300, 900, 400)
]


def log_of(rows, **how):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return rm.read_transactions(frame.assign(value=frame["value"] / 100), **how)


@pytest.fixture
def grouped(monkeypatch):
    """How often rows were grouped by customer and day in the engine."""
    calls, own = [], purchase_days.customer_days
    monkeypatch.setattr(
        purchase_days, "customer_days", lambda *given, **how: calls.append(1) or own(*given, **how)
    )
    return calls


def values(log):
    table = log.days.to_pandas()
    found = zip(table["customer_id"], pd.to_datetime(table["date"]).dt.date, table["parts"],
                strict=True)  # fmt: skip
    return sorted((str(who), day, int(parts) // 100) for who, day, parts in found)


def expected(rows):
    return sorted(
        (who, day, cents)
        for who, days in slow_reference.purchase_days(rows).items()
        for day, cents in days.items()
    )


def test_a_window_nets_the_returns_within_it_only(grouped):
    log, cut = log_of(ROWS), date(2024, 2, 20)
    assert values(log) == expected(ROWS)
    assert values(log.until(cut)) == expected([row for row in ROWS if row[1] <= cut])
    assert values(log.after(cut)) == expected([row for row in ROWS if row[1] > cut])
    assert grouped == [1]


def test_customers_seen_before_a_window_are_left_out(grouped):
    log, start = log_of(ROWS[:90]), date(2024, 2, 20)
    early = {who for who, day, _ in ROWS[:90] if day < start}
    left = [row for row in ROWS[:90] if row[1] >= start and row[0] not in early]
    assert left
    assert values(log.window(observed_from=start, earlier="leave out")) == expected(left)


def test_a_second_summary_reads_no_row(monkeypatch):
    log = log_of(ROWS)
    log.customer_summary()
    monkeypatch.setattr(_sorted_aggregation, "_codes", None)
    for day in ("2024-02-01", "2024-03-01"):
        assert len(log.until(day).customer_summary()) > 0
        assert len(log.until(day).distinct_histories()) > 0


def test_linked_ids_are_aggregated_anew():
    log = log_of([("a", START, 500), ("b", START + timedelta(days=3), 700)])
    crm = pd.DataFrame({"customer_id": ["a", "b"], "email": "a@example.com"})
    assert len(log.customer_summary()) == 2
    linked = log.linked(rm.link_customers(crm))
    assert linked.customer_summary().table["frequency"].to_dict() == {"a": 1}
    assert values(linked) == [("a", START, 500), ("a", START + timedelta(days=3), 700)]


def test_stored_days_are_dropped_after_the_last_expression_of_them_has_gone():
    engine = ibis.duckdb.connect()
    frame = pd.DataFrame(ROWS, columns=["customer_id", "date", "value"])
    engine.create_table("sales", frame)

    def read():
        return rm.read_transactions(engine.table("sales"))

    days = read().days  # outlives its log
    before = len(engine.list_tables())
    assert len(read().days.to_pandas()) == len(days.to_pandas())
    del days
    for _ in range(3):
        read().days.count().to_pandas()
    assert len(engine.list_tables()) <= before + 1


def test_days_of_a_large_log_are_not_stored(monkeypatch):
    monkeypatch.setattr(purchase_days, "MAX_STORED_ROWS", 10)
    log = log_of(ROWS)
    before = log.rows.get_backend().list_tables()
    assert values(log) == expected(ROWS)
    assert log.rows.get_backend().list_tables() == before


def test_totals_count_days_unless_months_are_asked_for_in_memory_and_in_the_engine(monkeypatch):
    rows = [("a", START, 500), ("a", START + timedelta(days=9), 100), ("b", START, 300)]
    packed = log_of(rows).purchase_days
    assert packed._packed is not None
    monkeypatch.setattr(_sorted_aggregation, "MAX_ROWS", 0)
    lazy = log_of(rows).purchase_days
    assert lazy._packed is None
    for days in (packed, lazy):
        assert days.customer_totals()["purchases"].tolist() == [2, 1]
        assert days.customer_totals(months=True)["purchases"].tolist() == [1, 1]
        assert days.customer_totals()["value"].tolist() == [6.0, 3.0]
        last = START + timedelta(days=40)
        assert days.per_customer(last)["frequency"].tolist() == [1, 0]
        assert days.per_customer(last, months=True)["frequency"].tolist() == [0, 0]
        assert sorted(days.per_history(last)["frequency"]) == [0, 1]
        assert days.per_history(last, months=True)["frequency"].tolist() == [0]

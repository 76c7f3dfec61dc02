"""Rows packed into whole numbers give what the engine gives, and what plain Python gives."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.customers.log import _sorted_aggregation
from tests.customers import slow_reference

START = date(2024, 2, 20)
rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 8), st.integers(-20, 50)), min_size=1, max_size=40
)


@pytest.fixture(params=[1, 3, 1 << 18], ids=lambda block: f"blocks of {block}")
def block(request, monkeypatch):
    monkeypatch.setattr(_sorted_aggregation, "_BLOCK", request.param)


@pytest.mark.usefixtures("block")
class TestHistories:
    @given(rows, st.integers(1, 5))
    def test_they_are_those_of_plain_python(self, rows, pieces):
        code = np.array([who * 9 + day for who, day, _ in rows])
        parts = np.array([cents for *_, cents in rows], dtype=float)
        found = _sorted_aggregation.histories(
            np.array_split(code, pieces), np.array_split(parts, pieces), n_keys=7, n_days=9
        )
        days: dict[int, dict[int, int]] = {}
        for who, day, cents in rows:
            own = days.setdefault(who, {})
            own[day] = own.get(day, 0) + cents
        assert found.customer.tolist() == sorted(days)
        for place, who in enumerate(found.customer):
            own = days[who]
            assert (found.first[place], found.last[place]) == (min(own), max(own))
            assert found.frequency[place] == len(own) - 1
            assert found.repeat_parts[place] == sum(own.values()) - own[min(own)]


def log_of(rows, **how):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    frame["date"] = [START + timedelta(days=day) for day in frame["date"]]
    return rm.read_transactions(frame.assign(value=frame["value"] / 100), **how)


@pytest.fixture
def taken(monkeypatch):
    """How often rows were packed; where ``MAX_ROWS`` is 0 they never are."""
    calls, own = [], _sorted_aggregation.per_customer
    monkeypatch.setattr(
        _sorted_aggregation, "per_customer", lambda *given: calls.append(1) or own(*given)
    )
    return calls


MANY = np.random.default_rng(4)
WIDE = [
    (int(who) - 300, int(day), int(cents))
    for who, day, cents in zip(
        MANY.integers(0, 400, 5000), MANY.integers(0, 400, 5000), MANY.integers(-900, 9000, 5000),
        strict=True,
    )
]  # fmt: skip


@pytest.mark.parametrize("returns", ["drop", "keep"])
@pytest.mark.parametrize("unit", ["day", "week"])
def test_summaries_are_the_same_as_the_engines(taken, monkeypatch, returns, unit):
    log = log_of(WIDE, returns=returns)
    for one in (log, log.until("2024-09-01"), log.window(observed_from="2024-06-01")):
        taken.clear()
        ours = one.customer_summary(unit=unit).table
        assert taken == [1]
        with monkeypatch.context() as patch:
            patch.setattr(_sorted_aggregation, "MAX_ROWS", 0)
            theirs = one.customer_summary(unit=unit).table
        pd.testing.assert_frame_equal(ours, theirs)


def test_summaries_are_those_of_plain_python(taken):
    rows = [(who, START + timedelta(days=day), abs(cents)) for who, day, cents in WIDE]
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    log = rm.read_transactions(frame.assign(value=frame["value"] / 100))
    expected = slow_reference.summary(
        [(str(who), *rest) for who, *rest in rows], max(day for _, day, _ in rows), 7
    )
    table = log.customer_summary(unit="week").table
    assert taken == [1]
    assert list(table.index) == [str(who) for who in sorted({who for who, *_ in rows})]
    found = table.replace({np.nan: None})[["frequency", "recency", "T", "monetary_value"]]
    assert {who: tuple(own) for who, *own in found.itertuples()} == expected


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 0, 500), (1, 1, -100)],  # to be netted
        [(1, 0, 500), (10**15, 1, 100)],  # ids far apart
        [("1", 0, 500), ("2", 1, 100)],  # text
        [(1, 0, 60 * 10**12), (2, 1, 100)],  # 600 billion
        [(2**63, 0, 500), (2**63 + 1, 1, 100)],
    ],
)
def test_other_logs_are_reduced_in_their_engine(taken, rows):
    assert len(log_of(rows).customer_summary()) > 0
    assert taken == []


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "int64"])
def test_ids_of_every_width(taken, dtype):
    ids = np.array([1, 127, 1, 3, *range(120)], dtype=dtype)
    if dtype == "int8":
        ids[:4] = [-128, 127, -128, 3]
    rows = list(zip(ids.repeat(3), [0, 1, 5, 2] * 93, [100] * 372, strict=True))
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "value"])
    frame["customer_id"] = frame["customer_id"].astype(dtype)
    frame["date"] = [START + timedelta(days=int(day)) for day in frame["day"]]
    log = rm.read_transactions(frame)
    assert len(log.customer_summary()) == len(set(ids.tolist()))
    assert taken == [1]


def test_a_log_whose_window_holds_nobody_is_refused():
    log = log_of([(1, 0, 500), (2, 0, 100), (1, 9, 100), (2, 9, 3)])
    window = log.window(observed_from="2024-02-22", observed_until="2024-02-25")
    with pytest.raises(rm.DataError, match="at least one customer"):
        window.customer_summary()

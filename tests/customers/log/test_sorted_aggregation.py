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
@pytest.mark.parametrize("together", [True, False], ids=["one integer", "two arrays"])
@given(rows, st.integers(1, 5))
@pytest.mark.every(3)
def test_histories_are_those_of_plain_python(together, rows, pieces):
    code = np.array_split(np.array([who * 9 + day for who, day, _ in rows]), pieces)
    parts = np.array_split(np.array([float(cents) for *_, cents in rows]), pieces)
    expected = slow_reference.purchase_days(
        [(str(who), START + timedelta(days=day), cents) for who, day, cents in rows]
    )
    expected = {int(who): days for who, days in expected.items() if days}
    bits = 7 if together else 0  # from -20 to 50
    packed, apart = (
        (_sorted_aggregation._packed(code, parts, bits, -20), None)
        if together
        else _sorted_aggregation._apart(code, parts)
    )
    sorted_rows = _sorted_aggregation.PackedRows(
        packed=packed, parts=apart, bits=bits, lowest=-20, n_days=9, first_day=START, ids=0,
        has_value=True,
    )  # fmt: skip
    every = _sorted_aggregation.DayRange(START, START + timedelta(days=8))
    found = _sorted_aggregation.Histories.of(list(sorted_rows.purchase_days(every, net=True)))
    assert found.customer.tolist() == sorted(expected)
    for place, who in enumerate(found.customer):
        own = expected[who]
        first, last = ((day - START).days for day in (min(own), max(own)))
        assert (found.first[place], found.last[place]) == (first, last)
        assert found.frequency[place] == len(own) - 1
        assert found.total_parts[place] == sum(own.values())
        assert found.first_parts[place] == own[min(own)]


def test_netting_is_exact_beyond_the_whole_numbers_of_floats():
    large = 2**60
    found = _sorted_aggregation.netted(np.array([3, 3, 3, 4]), np.array([large + 1, 5, -large, 7]))
    assert found.tolist() == [6, 0, 0, 7]


def log_of(rows, **how):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    frame["date"] = [START + timedelta(days=day) for day in frame["date"]]
    return rm.read_transactions(frame.assign(value=frame["value"] / 100), **how)


@pytest.fixture
def taken(monkeypatch):
    """How often rows were packed; where ``MAX_ROWS`` is 0 they never are."""
    calls, own = [], _sorted_aggregation._codes
    monkeypatch.setattr(
        _sorted_aggregation, "_codes", lambda *given: calls.append(1) or own(*given)
    )
    return calls


MANY = np.random.default_rng(4)
OTHERS = [(int, "keep"), (str, "net"), (int, "drop"), (str, "keep")]
WIDE = [
    (int(who) - 300, int(day), int(cents))
    for who, day, cents in zip(
        MANY.integers(0, 400, 5000), MANY.integers(0, 400, 5000), MANY.integers(-900, 9000, 5000),
        strict=True,
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "returns"),
    [
        (int, "net"),
        (str, "drop"),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in OTHERS),
    ],
)
def test_results_are_the_same_as_the_engines(taken, monkeypatch, returns, ids):
    def results(log):
        for one in (log, log.until("2024-09-01"), log.window(observed_from="2024-06-01")):
            split = one.split(at="2024-07-31")
            yield from (split.calibration.table, split.holdout)
            yield one.customer_summary(unit="day").table
            yield one.distinct_histories(unit="week").table
        yield log.until("2024-10-31").customer_summary(unit="month").table
        left = log.window(observed_from="2024-04-01", earlier="leave out")
        yield left.window(observed_from="2024-06-01", earlier="leave out").customer_summary().table

    rows = [(ids(who), day, cents) for who, day, cents in WIDE[:1500]]
    ours = list(results(log_of(rows, returns=returns)))
    assert taken == [1]  # once for all windows
    with monkeypatch.context() as patch:
        patch.setattr(_sorted_aggregation, "MAX_ROWS", 0)
        theirs = list(results(log_of(rows, returns=returns)))
    for found, expected in zip(ours, theirs, strict=True):
        pair = [table.drop(columns="sum_log_gaps", errors="ignore") for table in (found, expected)]
        pd.testing.assert_frame_equal(*pair, check_exact=True)
        pd.testing.assert_frame_equal(
            found, expected, rtol=1e-13
        )  # sums of logarithms in any order


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
    days = slow_reference.purchase_days([(str(who), *rest) for who, *rest in rows])
    for who, logs in table["sum_log_gaps"].items():
        gaps = [gap.days / 7 for gap in np.diff(sorted(days[who]))]
        assert logs == pytest.approx(np.log(gaps).sum(), abs=1e-12)


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 0, 500), (10**15, 1, 100)],  # ids far apart
        [(-5, 0, 500), (-(10**15), 1, 100)],
        [("b", 0, 500), ("1", 1, 100), ("é", 1, 100), ("Z", 1, 100)],  # text, by code points
        [(2**63, 0, 500), (2**63 + 1, 1, 100)],
        [(1, 0, 40 * 10**12), (2, 1, -(10**9)), (2, 365, 7)],  # parts of 49 bits
    ],
)
@pytest.mark.every(2)
def test_ids_of_every_kind_are_sorted_as_the_engine_sorts_them(taken, monkeypatch, rows):
    ours = log_of(rows).customer_summary().table
    assert taken == [1]
    monkeypatch.setattr(_sorted_aggregation, "MAX_ROWS", 0)
    pd.testing.assert_frame_equal(ours, log_of(rows).customer_summary().table)


def test_sums_that_are_not_exact_in_floats_are_made_in_the_engine(taken):
    assert len(log_of([(1, 0, 60 * 10**12), (2, 1, 100)]).customer_summary()) == 2  # 600 billion
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


def test_histories_are_in_days_unless_months_are_asked_for():
    log = log_of([(1, 0, 500), (1, 9, 100), (1, 10, 100), (2, 0, 100)])  # 1 March is day 10
    packed, last = log.purchase_days._packed_rows, START + timedelta(days=40)
    every = _sorted_aggregation.DayRange(START, last)
    days = _sorted_aggregation.per_history(packed, every, last, net=True)
    assert days[days["frequency"] > 0].iloc[0].to_dict() == {
        "frequency": 2, "recency_days": 10, "T_days": 40, "n_customers": 1,
        "sum_log_gaps": pytest.approx(np.log(9)),
    }  # fmt: skip
    months = _sorted_aggregation.per_history(packed, every, last, net=True, months=True)
    assert months["frequency"].max() == 1
    totals = _sorted_aggregation.customer_totals(packed, every, net=True)
    assert totals["purchases"].tolist() == [3, 1]
    table = _sorted_aggregation.per_customer(packed, every, last, net=True)
    assert table["frequency"].tolist() == [2, 0]


def test_columns_in_pieces_of_different_lengths_are_read_together(monkeypatch):
    """An engine may return a constant column in one piece and another in several."""
    import pyarrow as pa

    rows = [(k % 50, k // 50, 100) for k in range(1000)]
    expected = log_of(rows).customer_summary().table
    code = pa.chunked_array([pa.array([0, 12, 24]), pa.array([25, 30])])
    table = pa.table({"code": code, "parts": pa.array([1.0] * 5)})

    class Rows:
        columns = ("key", "date")
        key = date = rm.read_transactions(
            pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"], "value": [1.0]})
        ).rows.key

        def select(self, **names):
            return self

        def to_pyarrow(self):
            return table

    monkeypatch.setattr(_sorted_aggregation, "_first_dense_key", lambda *_: 0)
    monkeypatch.setattr(_sorted_aggregation.sql_dialects, "epoch_day", lambda day: day)
    counts = log_of(rows).counts
    codes, parts, _ = _sorted_aggregation._codes(Rows(), counts, 12)
    assert [len(piece) for piece in codes] == [len(piece) for piece in parts] == [3, 2]
    assert len(expected) == 50

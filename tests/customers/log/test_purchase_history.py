"""What was known at the end of a day, and what came after it, as the log itself says."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log import purchase_history
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import DataError
from relmark_research.units import TimeUnit
from tests.tables import engines

START = date(2024, 1, 1)
DAYS = (date(2024, 1, 1), date(2024, 2, 9), date(2024, 3, 31), date(2024, 4, 29))
LENGTHS = (1, 20, 60)


def rows(lowest):
    rng = np.random.default_rng(12)
    count = 300
    return pd.DataFrame({
        "customer_id": [f"c{number:02d}" for number in rng.integers(0, 40, count)],
        "date": pd.Timestamp(START) + pd.to_timedelta(rng.integers(0, 120, count), unit="D"),
        "value": rng.integers(lowest, 900, count) / 100,
    })  # fmt: skip


def read(lowest=0, **how):
    return rm.read_transactions(rows(lowest), **how)


LOGS = {
    "no returns": lambda: read(),
    "returns netted": lambda: read(-600),
    "returns kept": lambda: read(-600, returns="keep"),
    "returns dropped": lambda: read(-600, returns="drop"),
    "no money": lambda: read(value=None),
    "from a day on": lambda: read(-600).window(observed_from="2024-01-20"),
    "until a day": lambda: read(-600).until("2024-04-10"),
    "earlier customers left out": lambda: read(-600).window(
        observed_from="2024-01-08", earlier="leave out"
    ),
    "ended twice": lambda: (
        read().window(observed_from="2024-01-03", earlier="leave out").until("2024-04-20")
    ),
}


@pytest.fixture(scope="module", params=LOGS.values(), ids=LOGS)
def log(request):
    return request.param()


def within(log):
    return [day for day in DAYS if log.observed_from <= day < log.observed_until]


def assert_same(found, expected):
    """Compare two summaries, customer by customer; NaN equals NaN."""
    pd.testing.assert_frame_equal(found, expected, check_index_type=False, check_dtype=False)


def assert_knows_what_the_log_knows(log, day):
    history = PurchaseHistory.of(log)
    known = history.known_at(day)
    expected = log.until(day).customer_summary(unit="week").table
    found = history.summary(known, day, TimeUnit("week")).table
    assert len(known) == len(expected)
    assert_same(found.set_index(history.ids(known)), expected)


def assert_sees_what_came(log, day, length):
    history = PurchaseHistory.of(log)
    known = history.known_at(day)
    ids = history.ids(known)
    purchases, value = history.after(day, length, known)
    later = log.after(day).until(day + timedelta(days=length))
    came = later.purchase_days.customer_totals().set_index("customer_id").reindex(ids).fillna(0)
    assert purchases.tolist() == came["purchases"].tolist()
    if history.has_value:
        assert value == pytest.approx(came["value"].to_numpy(float), abs=1e-9)
    else:
        assert not value.any()


def test_known_customers_are_those_of_the_log_until_the_day(log):
    assert within(log)
    for day in within(log):
        assert_knows_what_the_log_knows(log, day)
    assert_knows_what_the_log_knows(log, log.observed_until)


def test_later_purchases_are_those_of_the_log_after_the_day(log):
    for day in within(log):
        for length in LENGTHS:
            if day + timedelta(days=length) <= log.observed_until:
                assert_sees_what_came(log, day, length)


def test_the_rest_of_the_log_is_the_holdout_of_a_split(log):
    history, day = PurchaseHistory.of(log), date(2024, 3, 1)
    known = history.known_at(day)
    split = log.split(at=day)
    purchases, value = history.after(day, (log.observed_until - day).days, known)
    held = split.holdout.reindex(history.ids(known))
    assert purchases.tolist() == held["purchases"].tolist()
    if "value" in held:
        assert value == pytest.approx(held["value"].to_numpy(float))


def test_purchase_days_of_known_customers_add_up(log):
    history = PurchaseHistory.of(log)
    known = history.known_at(date(2024, 3, 31))
    assert len(known.purchase_day) == known.frequency.sum() + len(known)
    assert known.purchase_value.sum() == pytest.approx(known.value.sum())
    starts = np.append(0, np.cumsum(known.frequency + 1)[:-1])
    assert known.purchase_day[starts].tolist() == known.first.tolist()
    assert known.purchase_value[starts] == pytest.approx(known.first_value)
    assert known.purchase_first[starts].tolist() == known.first.tolist()
    assert known.day == history.number_of(date(2024, 3, 31)) == 90
    every = known.totals(0, known.day, known=known.day)
    assert every == pytest.approx((len(known.purchase_day), known.value.sum()))


def test_totals_are_of_customers_known_by_a_day():
    history = PurchaseHistory.of(read())
    known = history.known_at(date(2024, 4, 1))
    purchases, value = known.totals(20, 60, known=19)
    frame = rows(0).assign(day=lambda frame: (frame["date"] - pd.Timestamp(START)).dt.days)
    days = frame.groupby(["customer_id", "day"], as_index=False)["value"].sum()
    first = days.groupby("customer_id")["day"].transform("min")
    chosen = days[days["day"].between(20, 60) & (first <= 19)]
    assert 0 < len(chosen) < days["day"].between(20, 60).sum()
    assert (purchases, value) == pytest.approx((len(chosen), chosen["value"].sum()))


def test_a_return_after_the_day_does_not_reduce_what_was_known():
    frame = pd.DataFrame({
        "customer_id": ["a", "a", "a"],
        "date": ["2024-01-01", "2024-01-05", "2024-01-09"],
        "value": [10.0, 8.0, -8.0],
    })  # fmt: skip
    history = PurchaseHistory.of(rm.read_transactions(frame))
    assert history.known_at(date(2024, 1, 8)).frequency.tolist() == [1]
    assert history.known_at(date(2024, 1, 9)).frequency.tolist() == [0]


def test_a_day_after_the_end_of_a_window_adds_nothing():
    whole = read()
    cut = PurchaseHistory.of(whole.until("2024-02-09"))
    found = cut.known_at(date(2024, 4, 29))
    assert len(found) == len(whole.until("2024-02-09").customer_summary())
    purchases, _ = cut.after(date(2024, 1, 31), 60, cut.known_at(date(2024, 1, 31)))
    later = whole.after("2024-01-31").until("2024-02-09").purchase_days.customer_totals()
    known = cut.ids(cut.known_at(date(2024, 1, 31)))
    assert purchases.sum() == later.set_index("customer_id")["purchases"].reindex(known).sum()


def test_before_the_first_purchase_nobody_is_known():
    log = read().window(observed_from="2024-04-25", earlier="leave out")
    history = PurchaseHistory.of(log)
    known = history.known_at(date(2024, 1, 5))
    assert len(known) == len(known.purchase_day) == 0
    purchases, value = history.after(date(2024, 1, 5), 100, known)
    assert len(purchases) == len(value) == 0


def test_a_log_of_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(purchase_history, "MAX_ROWS", 299)
    with pytest.raises(DataError, match=r"up to 299 rows; found 300\. Take a window"):
        PurchaseHistory.of(read())


def test_a_log_too_large_to_be_kept_sorted_is_read_for_the_backtest_alone(monkeypatch):
    from relmark_research.customers.log import _sorted_aggregation

    expected = PurchaseHistory.of(read(-600)).known_at(DAYS[2])
    monkeypatch.setattr(_sorted_aggregation, "MAX_ROWS", 10)
    log = read(-600)
    found = PurchaseHistory.of(log).known_at(DAYS[2])
    assert log.purchase_days._packed is None
    assert found.frequency.tolist() == expected.frequency.tolist()
    assert found.value == pytest.approx(expected.value)


@pytest.mark.slow
def test_sqlite_has_the_same_history(tmp_path):
    check_engine(rm.read_transactions(engines.sqlite_source(rows(-600), tmp_path)))


@pytest.mark.slow
def test_postgres_has_the_same_history():
    with engines.postgres_server() as url:
        check_engine(rm.read_transactions(engines.postgres_source(rows(-600), url, "sales")))


def check_engine(log):
    ours = PurchaseHistory.of(read(-600))
    theirs = PurchaseHistory.of(log)
    for day in DAYS:
        assert_knows_what_the_log_knows(log, day)
        one, other = ours.known_at(day), theirs.known_at(day)
        assert ours.ids(one).tolist() == theirs.ids(other).tolist()
        assert one.value == pytest.approx(other.value)
        came = (history.after(day, 30, history.known_at(day))[0] for history in (ours, theirs))
        assert np.array_equal(*came)

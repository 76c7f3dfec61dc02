"""A last day observed long after the last row is refused: the feed may have stopped."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log._feed_gap import longest_quiet_spell
from relmark_research.errors import DataError, ParameterError
from relmark_research.reporting.record.provenance import check_data


def log(*days: str, **options) -> rm.TransactionLog:
    frame = pd.DataFrame({"customer_id": "a", "date": days, "value": 1.0})
    return rm.read_transactions(frame, options=rm.ReadOptions(**options))


@pytest.fixture(scope="module")
def quiet():
    """A log with a quiet spell of 9 days, so that 27 may follow its last row."""
    return log("2024-01-01", "2024-01-11", "2024-01-12")


def test_as_of_2030_on_a_log_that_ends_in_2010(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("customer_id,date,value\na,2010-12-01,1\na,2010-12-09,2\n")
    words = "at most 2010-12-30; found 2030-01-01. The last row is of 2010-12-09, 6,963 days"
    with pytest.raises(DataError, match=words):
        rm.read_transactions(path).until("2030-01-01")
    with pytest.raises(DataError, match=words):
        check_data({"source": str(path)}, as_of="2030-01-01")
    with pytest.raises(DataError, match=words):
        rm.read_transactions(path).customer_summary(observed_until="2030-01-01")


def test_three_times_the_longest_quiet_spell_is_allowed_and_a_day_more_is_not(quiet):
    assert longest_quiet_spell(quiet.source_rows) == 9
    assert str(quiet.until("2024-02-08").observed_until) == "2024-02-08"
    with pytest.raises(DataError, match="longest quiet spell of the log is 9 days"):
        quiet.until("2024-02-09")


@pytest.mark.parametrize("days", [["2024-01-01"], ["2024-01-01", "2024-01-02", "2024-01-03"]])
def test_seven_days_are_always_allowed(days):
    read, last = log(*days), pd.Timestamp(days[-1])
    assert read.until(last + pd.Timedelta(days=7)).customer_summary(unit="day").T[0] >= 7
    with pytest.raises(DataError, match=r"allow them: ReadOptions\(max_feed_gap=8\)"):
        read.until(last + pd.Timedelta(days=8))


@pytest.mark.parametrize("gap", [28, "28"])
def test_a_silence_that_is_real_is_allowed_by_max_feed_gap(gap):
    read = log("2024-01-01", "2024-01-11", "2024-01-12", max_feed_gap=gap)
    assert str(read.until("2024-02-09").observed_until) == "2024-02-09"
    with pytest.raises(DataError, match="at most 2024-02-09"):
        read.until("2024-02-10")


def test_max_feed_gap_of_zero_allows_no_day_after_the_last_row():
    with pytest.raises(DataError, match="at most 2024-01-12"):
        log("2024-01-11", "2024-01-12", max_feed_gap=0).until("2024-01-13")


def test_every_door_that_moves_the_last_day_is_guarded(quiet):
    doors = [
        lambda: quiet.window(observed_until="2024-03-31"),
        lambda: quiet.distinct_histories(observed_until="2024-03-31"),
        lambda: quiet.until("2024-02-01").customer_summary(observed_until="2024-03-31"),
        lambda: quiet.after("2024-01-05").until("2024-03-31"),
        lambda: quiet.until("2024-01-10").until("2024-03-31"),
    ]
    for door in doors:
        with pytest.raises(DataError, match="the feed may have stopped"):
            door()


def test_a_cut_inside_the_log_is_never_a_stopped_feed():
    read = log("2024-01-01", "2024-01-02", "2025-01-01")
    assert str(read.until("2024-12-31").observed_until) == "2024-12-31"


@pytest.mark.parametrize("wrong", [-1, 1.5, "soon", True])
def test_max_feed_gap_is_a_whole_number_of_days(wrong):
    with pytest.raises(ParameterError, match="whole number of days"):
        rm.ReadOptions(max_feed_gap=wrong)

"""The audit accounts for every row, whatever the policies, and counts what it says it counts."""

from itertools import product

import pandas as pd
import pytest

import relmark_research as rm

ROWS = [
    ("a", "2024-01-01", "S1", 10.0),
    ("a", "2024-01-01", "S1", 10.0),  # the same again
    ("a", "2024-01-09", "S2", -4.0),
    ("a", "2024-01-09", "S2", -4.0),  # and a return
    ("b", "2024-01-02", "S3", 0.0),
    ("b", "2024-01-03", "S3", 7.0),
    ("c", "2024-02-01", "S4", -1.0),  # of something bought before the log
    ("c", "2024-02-02", "S5", 3.0),
    (None, "2024-01-05", "S6", 2.0),
    ("d", "soon", "S7", 2.0),
    ("d", "2024-01-05", "S8", None),
]


@pytest.fixture
def frame():
    return pd.DataFrame(ROWS, columns=["customer_id", "date", "order", "value"])


def lines(log):
    return log.audit.set_index("check")["rows"].to_dict()


# every pair of two options' values; the slow test has all combinations
SOME = [
    ("net", "keep", "keep", None),
    ("net", "drop", "drop", "order"),
    ("drop", "keep", "drop", None),
    ("drop", "drop", "keep", "order"),
    ("keep", "keep", "drop", "order"),
    ("keep", "drop", "keep", None),
]
ALL = product(["net", "drop", "keep"], ["keep", "drop"], ["keep", "drop"], [None, "order"])
OTHERS = [pytest.param(*each, marks=pytest.mark.slow) for each in ALL if each not in SOME]


@pytest.mark.parametrize(("returns", "duplicates", "zero_values", "order"), [*SOME, *OTHERS])
def test_rows_left_out_and_used_are_the_rows_read(frame, returns, duplicates, zero_values, order):
    options = rm.ReadOptions(
        unusable="leave out", duplicates=duplicates, zero_values=zero_values, order_column=order
    )
    log = rm.read_transactions(frame, returns=returns, options=options)
    window = log.window(observed_from="2024-01-02", observed_until="2024-01-31")
    for part in (log, window):
        check_the_audit(part, returns)


def check_the_audit(log, returns):
    audit, found, used = log.audit, lines(log), log.to_pandas()
    left_out = audit.loc[audit["action"] == "left out", "rows"].sum()
    assert found["rows read"] == left_out + found["rows used"] == len(ROWS)
    assert found["rows used"] == len(used)
    assert found["zero value"] == (used["value"] == 0).sum()
    if returns != "drop":
        assert found["negative value"] == (used["value"] < 0).sum()


def test_each_line_by_hand(frame):
    found = lines(rm.read_transactions(frame, options=rm.ReadOptions(unusable="leave out")))
    assert found == {
        "rows read": 11,
        "customer id missing": 1,
        "date unparsable": 1,
        "value missing": 1,
        "exact duplicate rows": 2,
        "rows used": 8,
        "zero value": 1,
        "negative value": 3,
        "same customer, same day": 2,
        "purchase-days returned in full, or returns alone": 2,
        "customers with returns of more than they bought": 1,
    }

"""The audit accounts for every row, whatever the policies, and counts what it says it counts."""

from itertools import product

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log.audit import _SMALL_VALUE

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


# every value of each option; the slow tests have all combinations
SOME = [
    ("net", "drop", "drop", "order"),
    ("drop", "keep", "drop", None),
    ("keep", "drop", "keep", "order"),
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


CLEAN = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2024-01-01", "2024-01-02"]})


def read(**columns):
    options = columns.pop("options", None)
    returns = columns.pop("returns", "refuse")
    return rm.read_transactions(CLEAN.assign(**columns), returns=returns, options=options)


def test_a_table_without_usable_rows_is_refused():
    with pytest.raises(rm.DataError, match=r"expected at least one transaction; .* no rows"):
        rm.read_transactions(CLEAN.assign(value=1.0).head(0))
    with pytest.raises(rm.DataError, match=r"found none in 2 rows of .*: 2 with "):
        read(date=["soon", "later"], value=1.0, options=rm.ReadOptions(unusable="leave out"))


def test_policies_may_refuse_negative_values_and_duplicates():
    with pytest.raises(rm.DataError, match="expected no negative value; found 1, first: row 2"):
        read(value=[1.0, -2.0])
    assert read(value=[1.0, 0.0]).counts.zero == 1
    refuse = rm.ReadOptions(duplicates="refuse")
    with pytest.raises(rm.DataError, match="found 1 exact duplicate of other rows"):
        read(customer_id="a", date="2024-01-01", value=1.0, options=refuse)
    log = read(customer_id="a", date="2024-01-01", value=[1.0, 2.0], options=refuse)
    assert log.counts.read == 2


def test_small_values_and_ids_written_otherwise_have_a_line_with_an_example():
    log = read(
        customer_id=["7.0", "8"], value=[0.00001, 3.0], options=rm.ReadOptions(clear_ids=True)
    )
    audit = log.audit.set_index("check")
    normalised, small = audit.loc["ids normalised"], audit.loc[_SMALL_VALUE]
    assert (normalised["rows"], small["rows"]) == (1, 1)
    assert "7.0" in normalised["examples"]
    assert small["action"] == "counted as zero"
    assert small["examples"] != ""
    assert audit.loc["rows read", "examples"] == ""

"""Tables of a history: what is refused, and how it shows itself."""

from dataclasses import replace

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import STATES

HISTORY = pd.DataFrame(
    {"customer_id": [1, 1, 2, 2], "period": [1, 2, 1, 2], "rung": ["x", "y", "y", "x"]}
)


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="a history needs people on rungs; the table has no rows"):
        rm.estimate_transitions(HISTORY.iloc[:0])


def test_tables_of_customers_are_checked(history):
    known = LadderHistory.from_table(history)
    with pytest.raises(DataError, match="found 1 repeated"):
        known.with_customers(pd.DataFrame({"customer_id": [1, 1], "x": [1, 2]}))
    with pytest.raises(DataError, match="no column 'segment'"):
        rm.estimate_transitions(history, rungs=STATES).by("segment")


def test_customers_are_matched_by_the_ids_of_the_table():
    rows = HISTORY.assign(period=["2024Q1", "2024Q2"] * 2)
    customers = pd.DataFrame({"customer_id": [1, 2], "segment": ["new", "old"]})
    for table in (rows, rows.assign(customer_id=rows["customer_id"].astype(str))):
        known = LadderHistory.from_table(table).with_customers(customers)
        assert {name: part.customers() for name, part in known.split("segment").items()} == {
            "new": 1,
            "old": 1,
        }


def test_a_history_shows_its_span_and_rungs(history):
    known = LadderHistory.from_table(history, rungs=STATES, period="quarter")
    assert repr(known).startswith("<LadderHistory: quarters 0 to 8; rungs prospect, first-time")
    assert "advocate" in known._repr_html_()


ROWS = pd.DataFrame({"customer_id": [1, 1, 2], "period": [0, 1, 1], "rung": ["x", "y", "x"]})


@pytest.mark.parametrize(
    ("change", "given", "error", "said"),
    [
        (lambda t: t[t["period"] == 1], {}, rm.LadderError, "the history has a single one"),
        (lambda t: t.drop(columns="rung"), {}, DataError, "history: no column 'rung'"),
        (lambda t: t, {"rungs": ["x"]}, rm.LadderError, "no rung 'y'"),
        (lambda t: pd.concat([t, t.tail(1)]), {}, DataError, "found 1 repeated, first 2 in pe"),
        (
            lambda t: t.assign(rung=pd.Series(["x", None, None], dtype="category")),
            {},
            rm.LadderError,
            "found 2 without, first in row 1",
        ),
    ],
)
def test_a_history_has_one_known_rung_per_person_and_period(change, given, error, said):
    with pytest.raises(error, match=said):
        LadderHistory.from_table(change(ROWS), **given)


def test_a_history_is_given_a_period_and_back_as_rows():
    found = LadderHistory.from_table(ROWS)
    assert LadderHistory.from_table(found) is found
    assert str(LadderHistory.from_table(found, period="quarter").period) == "quarter"
    shown = found.to_pandas()[list(ROWS)].astype({"rung": str})
    pd.testing.assert_frame_equal(shown, ROWS, check_dtype=False)
    without = replace(found, customer_attributes=None)
    with pytest.raises(rm.LadderError, match="to split by 'kind' the history needs a table"):
        without.split("kind")
    known = found.with_customers(pd.DataFrame({"customer_id": [1, 2], "kind": ["a", "b"]}))
    assert sorted(known.split("kind")) == ["a", "b"]
    with pytest.raises(DataError, match="customers: no column 'knd'"):
        known.split("knd")


def test_current_rungs_are_those_of_the_last_period_in_memory_and_in_the_engine():
    history = rm.PURCHASE_LADDER.assign(rm.load_cdnow())
    rows = history.to_pandas()
    last = rows[rows["period"] == rows["period"].max()].set_index("customer_id")["rung"]
    in_memory = LadderHistory.from_table(rows).current_rungs()
    for found in (history.current_rungs(), in_memory):
        assert found.astype(str).to_dict() == last.astype(str).to_dict()
    assert len(last) == 2357

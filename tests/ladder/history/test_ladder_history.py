"""Tables of a history: what is refused, and how it shows itself."""

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

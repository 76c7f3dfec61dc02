"""Tables of the package are taken in memory, users' tables from any source."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.tables.given_tables import frame_in_memory, frame_of_source

ROWS = pd.DataFrame({"customer_id": ["007", "b"], "plan": ["NA", "web"]})


def test_a_frame_is_taken_as_it_is():
    assert frame_in_memory(ROWS, "moves") is ROWS
    assert frame_of_source(ROWS, "customers") is ROWS


def test_a_table_that_was_read_gives_its_frame():
    table = rm.read_table(ROWS, schema="customers")
    assert frame_in_memory(table, "customers") is table.frame
    assert frame_of_source(table, "customers") is table.frame


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("moves.csv", "the path 'moves.csv'. Read the file first"),
        (Path("moves.csv"), "the path 'moves.csv'. Read the file first"),
        (pa.table(ROWS), r"pyarrow Table. Convert it: .to_pandas\(\)"),
        (None, "builtins NoneType"),
        ([1, 2], "builtins list"),
    ],
)
def test_other_forms_of_a_table_of_ours_are_refused(given, found):
    with pytest.raises(DataError, match=f"moves must be a DataFrame; found {found}"):
        frame_in_memory(given, "moves")


def test_a_users_table_is_opened_as_text(tmp_path):
    path = tmp_path / "customers.csv"
    ROWS.to_csv(path, index=False)
    for source in (path, str(path), {"source": path}, pa.table(ROWS)):
        pd.testing.assert_frame_equal(frame_of_source(source, "customers"), ROWS)
    with pytest.raises(DataError, match="customers must be a DataFrame; found builtins int"):
        frame_of_source(7, "customers")
    with pytest.raises(DataError, match="no file"):
        frame_of_source(str(tmp_path / "none.csv"), "customers")

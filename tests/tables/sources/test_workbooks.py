"""Workbooks are read with the types of their cells."""

import datetime as dt

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.tables.sources._workbooks import read_sheet
from relmark_research.tables.sources.dialects import Dialect
from relmark_research.tables.sources.open_source import opened_source
from tests.tables.workbook_files import write_workbook

DAY = dt.date(2024, 1, 31)
MOMENT = dt.datetime(2024, 1, 31, 10, 30)
SALES = [["customer_id", "date", "value"], [17850, DAY, 10.5], [17850, DAY, 2], [7, DAY, 3]]


@pytest.fixture
def opened(tmp_path):
    def opening(sheets, **dialect):
        path = write_workbook(tmp_path / "book.xlsx", sheets)
        return opened_source(path, dialect=Dialect(**dialect))

    return opening


def test_a_log_in_a_workbook(tmp_path):
    path = write_workbook(tmp_path / "sales.xlsx", {"Sales": SALES, "Notes": []})
    log = rm.read_transactions(path)
    assert sorted(log.customer_summary().table.index) == ["17850", "7"]
    assert log.observed_until == DAY


def test_cells_keep_their_type(opened):
    table = opened(
        {"S": [["n", "d", "m", "t", "b", "mixed"],
               [1.5, DAY, MOMENT, "é & <", True, 7],
               [None] * 6,
               [2, DAY, DAY, " ", False, "A7"]]}
    )  # fmt: skip
    types = [str(kind) for kind in table.table.schema().types]
    assert types == ["float64", "date", "timestamp(6)", "string", "boolean", "string"]
    frame = table.table.to_pandas()
    assert frame["mixed"].tolist() == ["7", "A7"]
    assert frame["t"].isna().tolist() == [False, True]
    assert (table.facts.kind, table.facts.records, table.facts.blank_lines) == ("workbook", 2, 1)


def test_one_of_several_sheets_is_named(opened):
    sheets = {"2023": [["x"], [1]], "2024": [["x"], [2]], "Empty": [[None]]}
    with pytest.raises(DataError, match=r"several sheets: '2023', '2024'.*sheet='2023'"):
        opened(sheets)
    assert opened(sheets, sheet="2024").table.to_pandas()["x"].tolist() == [2]
    with pytest.raises(DataError, match="no sheet '2025'; there are: 2023, 2024, Empty"):
        opened(sheets, sheet="2025")
    with pytest.raises(DataError, match="sheet 'Empty' has no filled cell"):
        opened(sheets, sheet="Empty")


def test_a_header_below_a_title(opened):
    rows = [["Report", None], [None, None], ["x", "y"], [1, "a"]]
    assert opened({"S": rows}, header=3).table.columns == ("x", "y")
    with pytest.raises(DataError, match="expected the header in row 2, which is blank"):
        opened({"S": rows}, header=2)
    assert opened({"S": rows[3:]}, header="none").table.columns == ("column_1", "column_2")
    assert opened({"S": rows[3:]}, header=["a", "b"]).table.columns == ("a", "b")
    with pytest.raises(DataError, match="found 2 empty of 3"):
        opened({"S": [["Report", None, None], ["x", "y", "z"]]})


def test_several_workbooks_are_one_table(tmp_path):
    write_workbook(tmp_path / "1.xlsx", {"A": [["x", "y"], [1, "a"]]})
    write_workbook(tmp_path / "2.xlsx", {"B": [["y", "x"], ["b", "B2"]]})
    frame = opened_source(tmp_path).table.to_pandas()
    pd.testing.assert_frame_equal(
        frame, pd.DataFrame({"x": ["1", "B2"], "y": ["a", "b"]}), check_dtype=False
    )
    write_workbook(tmp_path / "3.xlsx", {"C": [["x"], [1]]})
    with pytest.raises(DataError, match=r"3\.xlsx differs from .*1\.xlsx in 'y'"):
        opened_source(tmp_path)


def test_damaged_workbooks_are_refused(tmp_path):
    path = tmp_path / "old.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000)
    with pytest.raises(DataError, match="cannot be read as a workbook"):
        read_sheet(path, Dialect())

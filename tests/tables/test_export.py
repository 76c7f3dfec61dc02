"""One exporter: the same cells in CSV, Parquet and Excel, none of them a formula."""

import datetime as dt
import io
import zipfile

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from relmark_research.errors import DataError
from relmark_research.tables.export import csv_text, guarded, write_table

DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "−1",
    "|cmd",
    "%0",
]
HARMLESS = ["a=1", "007", "", "é", "<b>&", "1-2"]


def read(path):
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        return [list(frame.columns), *frame.to_numpy().tolist()]
    if path.suffix == ".xlsx":
        return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    return [list(frame.columns), *frame.to_numpy().tolist()]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_no_cell_and_no_name_begins_a_formula(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    frame = pd.DataFrame({"=name": DANGEROUS + HARMLESS})
    assert write_table(frame, path) == len(DANGEROUS)
    cells = [row[0] for row in read(path)]
    assert cells[0] == "'=name"
    assert all(cell.startswith("'") for cell in cells[1 : len(DANGEROUS) + 1])
    assert cells[len(DANGEROUS) + 1 :] == HARMLESS


def test_all_formats_have_the_same_text(tmp_path):
    frame = pd.DataFrame({"a": ["=1", "two\nlines", "x"]})
    found = []
    for suffix in (".csv", ".parquet", ".xlsx"):
        write_table(frame, tmp_path / f"t{suffix}")
        found.append(read(tmp_path / f"t{suffix}"))
    assert found[0] == found[1] == found[2] == [["a"], ["'=1"], ["two lines"], ["x"]]


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_text_of_every_type_is_guarded(dtype):
    table, escaped = guarded(pd.DataFrame({"a": pd.Series(["=1", None, "b"], dtype=dtype)}))
    assert escaped == 1
    assert table["a"].iloc[0] == "'=1"
    assert pd.isna(table["a"].iloc[1])


def test_numbers_days_and_truth_values_keep_their_types_in_a_workbook(tmp_path):
    frame = pd.DataFrame(
        {
            "n": [-1.5, float("nan"), float("inf")],
            "day": pd.to_datetime(["2024-01-31", None, "2024-02-01"]),
            "moment": pd.to_datetime(["2024-01-31 12:00", None, "2024-02-01 06:00"]),
            "yes": [True, False, True],
        }
    )
    write_table(frame, tmp_path / "t.xlsx")
    header, first, second, _ = read(tmp_path / "t.xlsx")
    assert header == ["n", "day", "moment", "yes"]
    assert first == [-1.5, dt.date(2024, 1, 31), dt.datetime(2024, 1, 31, 12), True]
    assert second == ["", "", "", False]


def test_equal_tables_are_equal_files_and_the_index_is_left_out(tmp_path):
    frame = pd.DataFrame({"a": [1]}, index=["bob"])
    for name in ("one.xlsx", "two.xlsx"):
        write_table(frame, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    content = zipfile.ZipFile(tmp_path / "one.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"bob" not in content
    assert b"<f>" not in content


def test_days_are_written_as_days_and_moments_as_moments():
    days = pd.DataFrame({"day": pd.to_datetime(["2024-01-31"])})
    assert csv_text(days) == "day\n2024-01-31\n"
    moments = pd.read_csv(io.StringIO(csv_text(days + pd.Timedelta(hours=1))))
    assert moments["day"].iloc[0] == "2024-01-31 01:00:00"


def test_what_does_not_fit_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(DataError, match="must exist"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "none" / "t.csv")
    with pytest.raises(DataError, match=r"32,767 characters; found 40,000"):
        write_table(pd.DataFrame({"a": ["x" * 40_000]}), tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="1,048,575 rows"):
        write_table(pd.DataFrame({"a": range(1_048_576)}), tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []

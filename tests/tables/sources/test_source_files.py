"""A path that exists is that path; the kind of a file is told by its contents."""

import gzip
import zipfile

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.tables.sources import source_files
from relmark_research.tables.sources.open_source import opened_source

LOG = "customer_id,date,value\n{},2024-01-01,1\n"


@pytest.mark.parametrize("name", ["sales[12].csv", "sales*.csv", "sales?.csv", "sales[a-c].csv"])
@pytest.mark.every(2)
def test_a_path_with_signs_of_a_glob_is_that_file(tmp_path, name):
    for other in ("sales1.csv", "sales2.csv", "salesa.csv", "sales.csv"):
        (tmp_path / other).write_text(LOG.format("other"))
    (tmp_path / name).write_text(LOG.format("mine"))
    log = rm.read_transactions(str(tmp_path / name))
    assert list(log.customer_summary().table.index) == ["mine"]


def test_a_parquet_path_with_signs_of_a_glob_is_that_file(tmp_path):
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "sales1.parquet")
    pd.DataFrame({"x": [12]}).to_parquet(tmp_path / "sales[12].parquet")
    found = opened_source(tmp_path / "sales[12].parquet").table.to_pandas()
    assert found["x"].tolist() == [12]


def test_a_folder_with_signs_of_a_glob_is_that_folder(tmp_path):
    for folder in ("data1", "data[1]"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_text(f"x\n{folder}\n")
    found = opened_source(tmp_path / "data[1]").table.to_pandas()
    assert found["x"].tolist() == ["data[1]"]


def test_a_glob_is_a_glob_where_no_such_file_exists(tmp_path):
    for name in ("sales1.csv", "sales2.csv", "sales3.csv"):
        (tmp_path / name).write_text(f"x\n{name}\n")
    found = source_files.files_of(str(tmp_path / "sales[12].csv"))
    assert [path.name for path in found] == ["sales1.csv", "sales2.csv"]


def test_a_missing_file_is_refused_with_its_neighbours(tmp_path):
    (tmp_path / "sales.csv").write_text("x\n")
    with pytest.raises(DataError, match=r"there is no file .*sale\.csv.*Did you mean 'sales\.csv'"):
        source_files.files_of(tmp_path / "sale.csv")


def test_a_text_that_is_no_path_is_refused():
    with pytest.raises(DataError, match=r"expected a path; found 'a,b\\n1,2"):
        source_files.files_of("a,b\n1,2\n" * 1000)


def test_a_folder_holds_files_of_one_kind(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    for ignored in ("notes.md", ".hidden.csv", "_SUCCESS"):
        (tmp_path / ignored).write_text("y\n")
    assert [path.name for path in source_files.files_of(tmp_path)] == ["a.csv"]
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"text \(a\.csv\), parquet \(b\.parquet\)"):
        opened_source(tmp_path)


def test_kinds_are_told_whatever_the_name(tmp_path):
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "sales.csv")
    assert opened_source(tmp_path / "sales.csv").facts.kind == "parquet"
    (tmp_path / "sales.xlsx").write_text("x,y\n1,2\n")
    assert opened_source(tmp_path / "sales.xlsx").table.columns == ("x", "y")
    (tmp_path / "first.csv").write_text("PAR1,[ORC]\n1,2\n")
    assert opened_source(tmp_path / "first.csv").table.columns == ("PAR1", "[ORC]")
    (tmp_path / "brackets.csv").write_text("[id],[paid]\n1,2\n")
    assert opened_source(tmp_path / "brackets.csv").table.columns == ("[id]", "[paid]")


OTHERS = {
    "an SQLite database.*sqlite:///": b"SQLite format 3\x00" + b"\0" * 100,
    "a DuckDB database.*duckdb:///": b"\0" * 8 + b"DUCK" + b"\0" * 100,
    "is JSON": b'[{"id": 1}]',
    "JSON": b' {\n "id": 1}',
    "HTML, even if": b"<!DOCTYPE html><table>",
    "HTML": b"\xef\xbb\xbf\n<table border=1>",
    "XML": b"<?xml version='1.0'?><Workbook/>",
    r"Arrow \(Feather\)": b"ARROW1\x00\x00",
    "an ORC file": b"ORC\x08\x01",
    "a tar archive": b"a.csv" + b"\0" * 252 + b"ustar" + b"\0" * 100,
    "a bzip2 archive": b"BZh91AY&SY\x00",
    "an xz archive": b"\xfd7zXZ\x00",
    "a PDF document": b"%PDF-1.7",
    "a Python pickle": b"\x80\x04\x95\x00",
    "a damaged ZIP archive": b"PK\x03\x04 and no more",
    "a Parquet file in .* is damaged": b"PAR1\x15\x00",
}


@pytest.mark.parametrize("message", OTHERS)
def test_other_kinds_are_refused_by_name(tmp_path, message):
    (tmp_path / "sales.csv").write_bytes(OTHERS[message])
    with pytest.raises(DataError, match=message):
        opened_source(tmp_path / "sales.csv")


def test_a_zip_is_refused_with_the_files_inside(tmp_path):
    with zipfile.ZipFile(tmp_path / "sales.zip", "w") as archive:
        archive.writestr("january.csv", "x\n1\n")
    with pytest.raises(DataError, match=r"a ZIP archive with january\.csv\. Unpack it"):
        opened_source(tmp_path / "sales.zip")


def test_parquet_files_of_other_columns_or_types(tmp_path):
    pd.DataFrame({"x": [7]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"x": ["007"]}).to_parquet(tmp_path / "2.parquet")
    assert opened_source(tmp_path).table.to_pandas()["x"].tolist() == ["7", "007"]
    pd.DataFrame({"x": [1], "y": [2]}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(DataError, match=r"same columns; .*3\.parquet differs from .* in 'y'"):
        opened_source(tmp_path)


def test_gzip_is_known_by_its_first_two_bytes(tmp_path):
    cases = {
        b"\x1f\x8b": True,
        b"\x1f\x8b\x08rest": True,
        b"\x1f": False,
        b"a,b": False,
        b"": False,
    }
    for content, packed in cases.items():
        (tmp_path / "file").write_bytes(content)
        assert source_files.is_gzip(tmp_path / "file") is packed


def test_a_packed_file_without_its_ending_is_unpacked(tmp_path):
    (tmp_path / "sales.csv").write_bytes(gzip.compress(LOG.format("mine").encode()))
    with source_files.opened(tmp_path / "sales.csv") as file:
        assert file.read() == LOG.format("mine").encode()
    assert source_files.kind_of(tmp_path / "sales.csv") == "text"
    log = rm.read_transactions(tmp_path / "sales.csv")
    assert list(log.customer_summary().table.index) == ["mine"]

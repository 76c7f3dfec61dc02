"""Ids are the same id however they are written, and the fast test of them agrees with reading."""

import sqlite3
from decimal import Decimal

import ibis
import pandas as pd
import pyarrow as pa
import pytest

import relmark_research as rm
from relmark_research.tables.values import identifiers

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"

IDS = {  # as written: the id, None where it is missing
    "007": "007",
    " 007": "007",
    "007\t": "007",
    "a b": "a b",
    "\u00a0x": "x",
    "x\u202f": "x",
    "\ufeffx\u200b": "x",
    "": None,
    " ": None,
    "\u00a0": None,
    "NaN": "NaN",
    " none": "none",
    "null": "null",
    "NA": "NA",
    "nulls": "nulls",
    "Ælf\x0b": "Ælf",
    "\x0cz": "z",
    "17850.0": "17850",
    " 17850.00 ": "17850",
    "-3.0": "-3",
    "-0.0": "0",
    "0.0": "0",
    "007.0": "007.0",
    "17850.5": "17850.5",
    "17850.50": "17850.50",
    "v1.0": "v1.0",
    "1.0.0": "1.0.0",
    "9" * 45: "9" * 45,
    DECOMPOSED: COMPOSED,
    COMPOSED: COMPOSED,
    "1E5": "1E5",
    "a+b": "a+b",
    "+359 88": "+359 88",
    "顧客": "顧客",
}


def read(ids, **options):
    frame = pd.DataFrame({"customer_id": ids, "date": "2024-01-01", "value": 1.0})
    return rm.read_transactions(frame, options=rm.ReadOptions(**options))


def normalised(log):
    return log.audit.set_index("check")["rows"].to_dict().get("ids normalised", 0)


def test_ids_are_read_as_they_are_meant():
    table = ibis.memtable(pd.DataFrame({"raw": list(IDS)}))
    found = table.select("raw", read=identifiers.identifier(table, "raw")).to_pandas()
    shown = {raw: read if isinstance(read, str) else None for raw, read in found.to_numpy()}
    assert shown == IDS


def test_ids_that_are_taken_as_they_stand_are_those_that_reading_leaves_alone():
    """`needs_normalising` is another way to ask what `identifier` does, and faster."""
    table = ibis.memtable(pd.DataFrame({"raw": [*IDS, "nan1", "C-17"]}))
    read = table.select(
        "raw",
        tidied=identifiers.identifier(table, "raw"),
        untidy=identifiers.needs_normalising(table, "raw"),
    ).to_pandas()
    changed = read["tidied"].isna() | (read["tidied"] != read["raw"])
    assert (read["untidy"] | ~changed).all()
    assert not read.set_index("raw").loc[["007", "a b", "v1.0", "C-17"], "untidy"].any()


def test_plain_text_ids_are_used_without_a_copy():
    assert read(["a", "b"]).counts.clean_ids == "customer_id"
    assert read(["a ", "b"]).counts.clean_ids is None


class TestOneCustomerInManyForms:
    """Section A: ids of an object column mixing 17850, "17850", 17850.0 (after pd.concat)."""

    def test_objects_mixing_17850_text_and_float(self):
        log = read([17850, "17850", 17850.0])
        assert set(log.to_pandas()["customer_id"]) == {"17850"}
        assert normalised(log) == 1

    def test_the_same_in_csv_text(self, tmp_path):
        path = tmp_path / "sales.csv"
        path.write_text("customer_id,date,value\n17850,2024-01-01,1\n17850.0,2024-01-02,1\n")
        log = rm.read_transactions(path)
        assert set(log.to_pandas()["customer_id"]) == {"17850"}
        assert normalised(log) == 1

    def test_accents_as_one_sign_or_two(self):
        log = read([COMPOSED, DECOMPOSED])
        assert set(log.to_pandas()["customer_id"]) == {COMPOSED}
        assert normalised(log) == 1

    def test_blanks_around_an_id_are_no_line_of_the_audit(self):
        log = read(["7 ", "7"])
        assert set(log.to_pandas()["customer_id"]) == {"7"}
        assert normalised(log) == 0

    def test_leading_zeros_are_another_id(self):
        assert set(read(["007", "7"]).to_pandas()["customer_id"]) == {"007", "7"}

    def test_only_blank_is_missing(self):
        log = read(["NA", "null", "None", "nan", " ", None, float("nan")])
        assert set(log.to_pandas()["customer_id"]) == {"NA", "null", "None", "nan"}
        assert log.counts.by_problem == {"customer id missing": 3}


class TestIdsThatAreNotExact:
    @pytest.mark.parametrize(
        "ids",
        [
            [2.0**53, float("inf"), 1.0],
            ["a", 1e17, 2.0**53],
            ["1.23457E+15", "a", "1.23457E+16"],
            pd.Series([2.0**24, 1.0, 2.0**25], dtype="float32"),
        ],
    )
    @pytest.mark.every(2)
    def test_large_floats_are_refused(self, ids):
        with pytest.raises(rm.DataError, match="in 2 of 3 rows customer_id is a floating-point"):
            read(ids)
        assert read(ids, unusable="leave out").counts.by_problem == {"customer id not exact": 2}

    def test_smaller_ones_are_read(self):
        log = read([2.0**53 - 1, 17850.5, None])
        assert set(log.to_pandas()["customer_id"]) == {"9007199254740991", "17850.5"}

    @pytest.mark.parametrize("ids", [[b"a", b"b"], [b"a", "b"], [True, False]])
    def test_bytes_and_truth_values_are_refused(self, ids):
        with pytest.raises(rm.DataError, match="'customer_id' must hold ids, as text or numbers"):
            read(ids)

    @pytest.mark.parametrize("day", [pd.Timestamp("2024-01-01"), pd.Period("2024-01")])
    def test_dates_are_no_ids(self, day):
        with pytest.raises(rm.DataError, match="'customer_id' must hold ids"):
            read([day, day])


def test_other_types_are_texts_too():
    table = ibis.memtable(
        pd.DataFrame({
            "truth": [True, False],
            "day": pd.to_datetime(["2024-02-29 23:59", "2024-03-01 00:00"]),
            "number": [7.0, 10.0],
            "words": [f" {DECOMPOSED} ", " "],
        })
    )  # fmt: skip
    names = table.columns
    found = table.select(**{name: identifiers.text(table, name) for name in names}).to_pandas()
    shown = {name: [None if pd.isna(one) else one for one in found[name]] for name in names}
    assert shown == {
        "truth": ["true", "false"],
        "day": ["2024-02-29", "2024-03-01"],
        "number": ["7", "10"],
        "words": [COMPOSED, None],
    }


def test_numbers_are_ids_without_idle_zeros():
    table = ibis.memtable(
        pa.table({
            "whole": pa.array([7, None]),
            "float": pa.array([7.0, 7.5]),
            "decimal": pa.array([Decimal("7.00"), Decimal("7.50")], pa.decimal128(5, 2)),
        })
    )  # fmt: skip
    read = {name: identifiers.identifier(table, name) for name in table.columns}
    found = table.select(**read).to_pandas()
    assert found.iloc[0].tolist() == ["7", "7", "7"]
    assert found.loc[1, ["float", "decimal"]].tolist() == ["7.5", "7.5"]
    with pytest.raises(rm.DataError, match="column 'truth' must hold ids, as text or numbers"):
        identifiers.identifier(ibis.memtable({"truth": [True]}), "truth")


def test_ids_that_may_stand_for_several_are_found():
    table = ibis.memtable({"float": [7.0, 2.0**53], "text": ["7", "1.23E+15"], "whole": [7, 8]})
    assert identifiers.is_inexact(table, "whole") is None
    found = table.select(
        **{name: identifiers.is_inexact(table, name) for name in ("float", "text")}
    ).to_pandas()
    assert found["float"].tolist() == [False, True]
    assert found["text"].tolist() == [False, True]
    changed = ibis.memtable({"raw": [" 7", "7.0", None, DECOMPOSED]})
    shown = changed.select(raw=identifiers.is_changed(changed, "raw")).to_pandas()["raw"]
    assert shown.tolist() == [False, True, False, True]


def test_a_whole_number_of_sqlite_is_not_read_through_a_float(tmp_path):
    ids = [2**53 + 1, 2**53 + 2, 7]
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("CREATE TABLE sales (customer_id INTEGER, date TEXT, value REAL)")
        rows = [(each, "2024-01-01", 1.0) for each in ids]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
    connection.close()
    log = rm.read_transactions(f"sqlite:///{tmp_path}/crm.db#sales")
    assert sorted(log.to_pandas()["customer_id"]) == sorted(map(str, ids))

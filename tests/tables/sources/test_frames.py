"""The same rows in another frame, type or order change nothing, or are refused in words."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import relmark_research as rm
from relmark_research.errors import RelmarkError
from relmark_research.tables.sources._frames import (
    _arrow_column,
    _check_names,
    _needs_conversion,
    _objects,
    as_arrow,
    refuse_levels,
)

pl = pytest.importorskip("polars")

IDS = [7, 10, 7, 17850, 10, 7]
DAYS = ["2024-01-01", "2024-01-05", "2024-02-01", "2024-02-01", "2024-03-01", "2024-03-05"]
VALUES = [10.5, 2.25, -4.5, 100.0, 8.0, 1.5]
FRAME = pd.DataFrame({"customer_id": IDS, "date": pd.to_datetime(DAYS), "value": VALUES})


def summary(source, **how):
    log = rm.read_transactions(source, **how)
    return log.customer_summary(unit="day").table


@pytest.fixture(scope="module")
def expected():
    return summary(FRAME)


def objects(values):
    return pd.Series(values, dtype=object)


ID_TYPES = {
    "int32": pd.Series(IDS, dtype="int32"),
    "uint64": pd.Series(IDS, dtype="uint64"),
    "float": pd.Series(IDS, dtype="float64"),
    "float32": pd.Series(IDS, dtype="float32"),
    "float16": pd.Series([1, 2, 1, 3, 2, 1], dtype="float16"),
    "nullable": pd.Series(IDS, dtype="Int64"),
    "text": pd.Series([str(one) for one in IDS]),
    "text of floats": pd.Series([f"{one}.0" for one in IDS]),
    "string": pd.Series([str(one) for one in IDS], dtype="string"),
    "mixed objects": objects([7, "10", 7.0, "17850.0", 10, " 7"]),
    "decimals": objects([Decimal(f"{one}.00") for one in IDS]),
    "numpy objects": objects([np.int64(7), np.float64(10), 7, "17850", Decimal(10), np.float32(7)]),
    "categories": pd.Series(IDS).astype("category"),
    "categories of text": pd.Series([str(one) for one in IDS]).astype("category"),
    "Arrow integers": pd.Series(IDS, dtype="int64[pyarrow]"),
    "Arrow decimals": pd.Series(IDS, dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    "Arrow text": pd.Series([str(one) for one in IDS], dtype=pd.ArrowDtype(pa.large_string())),
    "sparse": pd.Series(pd.arrays.SparseArray(IDS)),
}
OTHER_TYPES = {
    "date": {
        "text": pd.Series(DAYS),
        "dates": objects([date.fromisoformat(day) for day in DAYS]),
        "seconds": FRAME["date"].astype("datetime64[s]"),
        "UTC": FRAME["date"].dt.tz_localize("UTC"),
        "Arrow dates": pd.Series(FRAME["date"].dt.date, dtype=pd.ArrowDtype(pa.date32())),
        "categories": pd.Series(DAYS).astype("category"),
        "periods": FRAME["date"].dt.to_period("D"),
        "padded": pd.Series([f" {day}\u00a0" for day in DAYS]),
    },
    "value": {
        "text": pd.Series([str(one) for one in VALUES]),
        "text with commas": pd.Series([str(one).replace(".", ",") for one in VALUES]),
        "float32": pd.Series(VALUES, dtype="float32"),
        "float16": pd.Series(VALUES, dtype="float16"),
        "nullable": pd.Series(VALUES, dtype="Float64"),
        "decimals": objects([Decimal(str(one)) for one in VALUES]),
        "long decimals": objects([Decimal(f"{one:.30f}") for one in VALUES]),
        "mixed objects": objects([10.5, "2.25", Decimal("-4.5"), 100, "8", np.float32(1.5)]),
        "categories": pd.Series(VALUES).astype("category"),
        "Arrow decimals": pd.Series(
            [Decimal(str(one)) for one in VALUES], dtype=pd.ArrowDtype(pa.decimal128(12, 4))
        ),
    },
}


@pytest.mark.parametrize("kind", ID_TYPES)
@pytest.mark.every(3)
def test_ids_of_any_type(expected, kind):
    found = summary(FRAME.assign(customer_id=ID_TYPES[kind]))
    if kind == "float16":
        found = found.rename({"1": "7", "2": "10", "3": "17850"})
    pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())


@pytest.mark.parametrize(
    ("column", "kind"), [(column, kind) for column in OTHER_TYPES for kind in OTHER_TYPES[column]]
)
@pytest.mark.every(3)
def test_dates_and_values_of_any_type(expected, column, kind):
    found = summary(FRAME.assign(**{column: OTHER_TYPES[column][kind]}))
    pd.testing.assert_frame_equal(found, expected)


TEXT = FRAME.astype({"customer_id": str, "value": str}).assign(date=DAYS)
SOURCES = {
    "polars": lambda frame: pl.from_pandas(frame),
    "lazy polars": lambda frame: pl.from_pandas(frame).lazy(),
    "polars categories": lambda frame: pl.from_pandas(frame).with_columns(
        pl.col("customer_id").cast(pl.String).cast(pl.Categorical)
    ),
    "polars objects": lambda frame: pl.DataFrame(
        {
            **frame.to_dict("list"),
            "customer_id": pl.Series(frame["customer_id"].to_list(), dtype=pl.Object),
        }
    ),
    "polars 128 bits": lambda frame: pl.from_pandas(frame).with_columns(
        pl.col("customer_id").cast(pl.Int128)
    ),
    "Arrow": lambda frame: pa.Table.from_pandas(frame),
    "Arrow chunks": lambda frame: pa.concat_tables(
        [pa.Table.from_pandas(frame.iloc[i : i + 2], preserve_index=False) for i in (0, 2, 4)]
    ),
    "Arrow batch": lambda frame: pa.RecordBatch.from_pandas(frame, preserve_index=False),
    "Arrow dictionary": lambda frame: _with_dictionary(pa.Table.from_pandas(frame)),
    "shuffled": lambda frame: frame.sample(frac=1, random_state=1),
    "named index": lambda frame: frame.set_index("customer_id"),
    "repeated index": lambda frame: frame.set_axis([5] * len(frame)),
    "more columns": lambda frame: frame.assign(note=objects([1, "x", None, 2.5, b"z", "é"])),
}


def _with_dictionary(table):
    place = table.column_names.index("customer_id")
    return table.set_column(place, "customer_id", table["customer_id"].dictionary_encode())


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.every(3)
def test_any_frame_in_any_order(expected, kind):
    pd.testing.assert_frame_equal(summary(SOURCES[kind](FRAME)).sort_index(), expected.sort_index())


def test_text_is_the_same_as_its_types(expected):
    pd.testing.assert_frame_equal(summary(TEXT).sort_index(), expected.sort_index())


UNUSABLE = {
    "bytes": objects([b"7"] * 6),
    "some bytes": objects([b"7", "7", 7, "7", 7, 7]),
    "complex": pd.Series([7j] * 6),
    "truth": pd.Series([True, False] * 3),
    "days": pd.to_timedelta(IDS, unit="D"),
    "moments": FRAME["date"],
    "lists": objects([[7]] * 6),
    "floats from 2^53": pd.Series([2.0**53 + 2 * one for one in IDS]),
    "surrogates": objects(["\udcff"] * 6),
    "two in upper and lower case": None,
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_what_has_no_one_meaning_is_refused_in_words(kind):
    frame = FRAME.assign(customer_id=UNUSABLE[kind])
    if UNUSABLE[kind] is None:
        frame = FRAME.assign(Customer_ID=IDS)
    with pytest.raises(RelmarkError, match="customer_id"):
        rm.read_transactions(frame)


SIZES = [2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**40]


def test_categories_with_gaps():
    ids = pd.Series([7, None, 7]).astype("Int64").astype("category")
    for column in (
        ids,
        pd.Series([7, None, 7], dtype="category"),
        ids.astype("str").astype("category"),
    ):
        frame = pd.DataFrame({"customer_id": column, "date": "2024-01-01", "value": 1.0})
        log = rm.read_transactions(frame)
        assert set(log.to_pandas()["customer_id"]) == {"7"}
        assert log.counts.by_problem == {"customer id missing": 1}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.every(3)
def test_whole_numbers_of_any_size_are_exact(size):
    for ids in (objects([size, size - 1]), pd.Series([str(size), str(size - 1)])):
        frame = pd.DataFrame({"customer_id": ids, "date": "2024-01-01", "value": 1.0})
        found = rm.read_transactions(frame).to_pandas()["customer_id"]
        assert set(found) == {str(size), str(size - 1)}


def test_only_columns_of_other_types_are_converted():
    plain = {
        "whole": pd.Series([1, 2]),
        "float": pd.Series([0.5, np.nan]),
        "text": pd.Series(["a", None], dtype="str"),
        "truth": pd.Series([True, False]),
        "days": pd.to_datetime(pd.Series(["2024-01-01", None])),
        "Arrow": pd.Series([1, None], dtype="int64[pyarrow]"),
        "Arrow decimals": pd.Series([Decimal(1)], dtype=pd.ArrowDtype(pa.decimal128(3, 1))),
    }
    assert [name for name, column in plain.items() if _needs_conversion(column)] == []
    others = {
        "objects": objects([1, 2]),
        "complex": pd.Series([1j]),
        "half": pd.Series([0.5], dtype="float16"),
        "periods": pd.Series(pd.period_range("2024-01", periods=1, freq="M")),
        "categories": pd.Series(["a"], dtype="category"),
        "gaps": pd.Series([Decimal(1), None], dtype=pd.ArrowDtype(pa.decimal128(3, 1))),
        "nothing": pd.Series([np.nan, np.nan]),
        "wide": pd.Series([Decimal(1)], dtype=pd.ArrowDtype(pa.decimal256(50, 1))),
    }
    assert [name for name, column in others.items() if not _needs_conversion(column)] == []


def test_objects_become_one_type():
    mixed = _objects(objects([b"7", "8", None, [9]]))
    assert mixed.dropna().tolist() == [b"7", b"8", b"[9]"]
    assert _objects(objects([1, 2**63])).tolist() == ["1", str(2**63)]
    assert _objects(objects([1, -(2**63)])).tolist() == [1, -(2**63)]
    assert _objects(objects([-(2**63) - 1])).tolist() == [str(-(2**63) - 1)]
    assert _objects(objects([Decimal("0.5"), None])).dtype == "float64"
    assert _objects(objects([Decimal(f"0.{'1' * 16}"), None])).tolist()[0] == f"0.{'1' * 16}"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "A"], "'a', 'A' more than once"),
        ([], "found no column at all"),
    ],
)
def test_names_of_columns_can_be_told_apart(names, said):
    with pytest.raises(RelmarkError, match=said):
        _check_names(names)
    _check_names(["a", "b"])
    with pytest.raises(RelmarkError, match="one level; found 2, first \\('a', 'b'\\)"):
        refuse_levels(pd.MultiIndex.from_tuples([("a", "b")]))
    refuse_levels(pd.Index(["a"]))


def test_columns_of_arrow_become_what_an_engine_takes():
    def column(values, kind=None):
        found = _arrow_column(pa.chunked_array([pa.array(values, kind)]), "x")
        return str(found.type), found.to_pylist()

    assert column([None], pa.null()) == ("string", [None])
    assert column(["a", None], pa.dictionary(pa.int32(), pa.string())) == ("string", ["a", None])
    assert column([np.float16(0.5)], pa.float16()) == ("float", [0.5])
    wide = Decimal("1" * 40 + ".5")
    assert column([wide, None], pa.decimal256(45, 1)) == ("string", [f"{wide:f}", None])
    assert column([7], pa.int64()) == ("int64", [7])
    with pytest.raises(RelmarkError, match="column 'x' holds intervals of calendar time"):
        column([(1, 2, 3)], pa.month_day_nano_interval())
    frame = pd.DataFrame({"x": objects([1, "2"])})
    assert as_arrow(frame).column("x").to_pylist() == ["1", "2"]
    assert as_arrow(pa.table({"x": [1]})).column("x").to_pylist() == [1]

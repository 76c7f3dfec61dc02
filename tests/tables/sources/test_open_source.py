"""Sources of every kind are read alike: folders, frames, tables of other libraries."""

import sqlite3
import uuid
from decimal import Decimal
from importlib.util import find_spec

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.sources.open_source import describe_source, open_source
from tests.tables.engines import missing

DAYS = pd.to_datetime(["2024-01-01", "2024-02-01"])
BASE = pd.DataFrame({"customer_id": ["a", "b"], "date": DAYS, "value": [1.0, 2.0]})
UUIDS = [uuid.UUID(int=7), uuid.UUID(int=9)]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "customer_id": ["007", "007", "8", "test-1"],
            "date": ["2024-01-01", "2024-02-01", "2024-01-15", "2024-01-20"],
            "value": [10.0, 20.0, 5.0, 99.0],
            "order": ["A", "A", "B", "C"],
            "email": ["j@x.org", "j@x.org", "m@x.org", "qa@example.com"],
        }
    )


def frequencies(source, **how):
    log = rm.read_transactions(source, **how)
    return log.customer_summary(unit="day").table["frequency"].to_dict()


class TestFolders:
    def test_partitioned_parquet(self, frame, tmp_path):
        expected = frequencies(frame)
        for country, part in (("BG", frame.head(2)), ("UK", frame.tail(2))):
            (tmp_path / f"country={country}").mkdir()
            part.to_parquet(tmp_path / f"country={country}" / "part.parquet")
        assert frequencies(tmp_path) == expected
        options = rm.ReadOptions(exclude="country == 'UK'")
        assert frequencies(tmp_path, options=options) == {"007": 1}

    def test_a_folder_of_csv(self, frame, tmp_path):
        frame.head(3).to_csv(tmp_path / "1.csv", index=False)
        frame.tail(1).to_csv(tmp_path / "2.csv.gz", index=False)
        assert frequencies(tmp_path) == frequencies(frame)

    def test_a_folder_of_neither(self, tmp_path):
        (tmp_path / "notes.md").write_text("x")
        with pytest.raises(DataError, match="expected CSV or Parquet files"):
            rm.read_transactions(tmp_path)


def test_polars_tables_eager_and_lazy(frame):
    if find_spec("polars") is None:
        missing("polars is not installed (pip install -r requirements-engines.lock)")
    import polars

    table = polars.DataFrame(frame.to_dict("list"))
    assert frequencies(table) == frequencies(table.lazy()) == frequencies(frame)
    assert rm.read_transactions(table).source == "a polars DataFrame"


def test_ibis_tables_and_backends(frame):
    backend = ibis.duckdb.connect()
    table = backend.create_table("mine", frame)
    assert frequencies(table) == frequencies(frame, engine=backend) == frequencies(frame)
    assert "mine" in backend.list_tables()  # what is the user's is never dropped


def _customers(frame: pd.DataFrame) -> list[str]:
    return rm.read_transactions(frame).customer_summary(unit="week").table.index.to_list()


@pytest.mark.parametrize(
    ("frame", "ids"),
    [
        (BASE.assign(customer_id=UUIDS), [str(each) for each in UUIDS]),
        (BASE.assign(customer_id=pd.Series([1, "a"], dtype=object)), ["1", "a"]),
        (BASE.assign(date=BASE["date"].dt.to_period("M")), ["a", "b"]),
        (BASE.set_index("customer_id"), ["a", "b"]),
        (BASE.set_index(["customer_id", "date"]), ["a", "b"]),
        (BASE.convert_dtypes(), ["a", "b"]),
        (BASE.assign(note=[None, None]), ["a", "b"]),
    ],
)
@pytest.mark.every(2)
def test_odd_but_clear_tables_are_read(frame, ids) -> None:
    before = frame.copy()
    assert _customers(frame) == ids
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.concat([BASE, BASE[["value"]]], axis=1), "'value' more than once"),
        (pd.concat({"x": BASE}, axis=1), r"one level; found 2, first \('x', 'customer_id'\)"),
        (pd.DataFrame(index=[0, 1]), "found no column at all"),
        (BASE.assign(value=[1j, 2j]), "column 'value' holds complex numbers"),
    ],
)
def test_tables_that_cannot_be_read_are_refused_in_words(frame, message) -> None:
    with pytest.raises(DataError, match=message):
        rm.read_transactions(frame)


def test_bundled_tables_and_databases_are_sources(tmp_path):
    assert "value" in open_source("dataset:cdnow").columns
    assert "kind" in open_source("sample:events").columns
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE sales (a TEXT)")
    shop.close()
    url = f"sqlite:///{tmp_path / 'shop.db'}#sales"
    assert open_source(url).columns == ("a",)
    with pytest.raises(ParameterError, match="queried in its own database; engine must be None"):
        open_source(url, engine=ibis.duckdb.connect())
    with pytest.raises(DataError, match=r"expected as a source a path.*found int"):
        open_source(3)
    assert describe_source(pd.DataFrame()) == "a pandas DataFrame"
    assert describe_source(tmp_path) == str(tmp_path)
    assert describe_source(url).endswith("shop.db#sales")


def test_parquet_files_are_of_one_table_and_readable(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1\0\0 damaged")
    with pytest.raises(DataError, match="is damaged"):
        open_source(tmp_path / "a.parquet")
    wide = pa.array([Decimal(1)], pa.decimal256(45, 1))
    parquet.write_table(pa.table({"x": wide}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="'x' holds decimal numbers of 45 digits"):
        open_source(tmp_path / "a.parquet")
    parquet.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"x": [0.5]}), tmp_path / "b.parquet")
    assert sorted(open_source(tmp_path).to_pandas()["x"]) == [0.5, 1]
    parquet.write_table(pa.table({"y": [1]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"differs from .* in 'x', 'y'"):
        open_source(tmp_path)

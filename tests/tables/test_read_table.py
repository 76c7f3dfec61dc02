"""Tables are read by their schemas: the inputs that failed in version 0.1, and their kinds."""

import datetime
import decimal
import sqlite3
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.options import ReadOptions
from relmark_research.tables.read_table import (
    _flag_as_number,
    _refuse_repeated_rows,
    column_by_customer,
    groups_by_customer,
    open_table,
    read_columns,
    read_values,
)
from relmark_research.tables.schemas import Column

TABLES = ["customers", "contacts", "events", "prospects", "campaigns", "satisfaction", "books"]


def contacts(**columns):
    rows = {"customer_id": ["007", "8"], "date": ["2024-03-31", "2024-04-01"], "cost": [1.5, 2.0]}
    return pd.DataFrame(rows | columns)


def read(frame, **options):
    return rm.read_table(frame, schema="contacts", options=ReadOptions(**options))


@pytest.mark.parametrize("name", TABLES)
def test_a_converted_frame_is_returned_as_it_is(name):
    frame = rm.load_sample(name)
    assert open_table(frame, name) is frame


@pytest.mark.parametrize("name", ["prospects", "satisfaction", "campaigns"])
def test_a_file_gives_the_types_of_the_sample(name, tmp_path):
    frame = rm.load_sample(name)
    frame.to_csv(tmp_path / "table.csv", index=False)
    pd.testing.assert_frame_equal(open_table(tmp_path / "table.csv", name), frame)


def test_files_databases_and_frames_give_the_same_table(tmp_path):
    frame = contacts(cost=[1, 2])
    frame.to_csv(tmp_path / "c.csv", index=False)
    frame.to_parquet(tmp_path / "c.parquet")
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        frame.to_sql("c", connection, index=False)
    connection.close()
    expected = open_table(frame, "contacts")
    given = (tmp_path / "c.csv", str(tmp_path / "c.parquet"), f"sqlite:///{tmp_path}/crm.db#c")
    for source in given:
        found = open_table(source, "contacts")
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize(
    "dates",
    [
        ["2024-03-31", "2024-04-01"],
        ["2024-03-31T23:30:00", "2024-04-01 00:10"],
        pd.to_datetime(["2024-03-31 23:30", "2024-04-01 00:10"]),
        [datetime.date(2024, 3, 31), datetime.date(2024, 4, 1)],
        pd.to_datetime(["2024-03-31 23:30", "2024-04-01 00:10"]).tz_localize("UTC"),
        pd.array([datetime.date(2024, 3, 31), datetime.date(2024, 4, 1)], "date32[pyarrow]"),
    ],
    ids=["iso", "moments", "datetime", "date", "zone", "arrow"],
)
def test_days_of_every_type_are_the_same(dates):
    found = read(contacts(date=dates)).frame["date"]
    assert found.dt.strftime("%Y-%m-%d").to_list() == ["2024-03-31", "2024-04-01"]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([7, 8], ["7", "8"]),
        ([7.0, 8.0], ["7", "8"]),
        (pd.array([7, 8], "Int64"), ["7", "8"]),
        ([7, "8.0"], ["7", "8"]),
        ([" 007 ", "8"], ["007", "8"]),
        ([decimal.Decimal("7"), decimal.Decimal("8")], ["7", "8"]),
        (pd.Categorical(["007", "8"]), ["007", "8"]),
        (["null", "None"], ["null", "None"]),
    ],
    ids=["int", "float", "Int64", "mixed", "blanks", "Decimal", "categorical", "null"],
)
def test_ids_of_every_type_are_the_same(ids, expected):
    assert read(contacts(customer_id=ids)).frame["customer_id"].to_list() == expected


def test_ids_beyond_64_bits_are_exact():
    ids = [str(2**70 + 1), str(2**53 + 1)]
    assert read(contacts(customer_id=ids)).frame["customer_id"].to_list() == ids
    whole = pd.Series([2**60 + 1, 2**53 + 1])
    assert read(contacts(customer_id=whole)).frame["customer_id"].to_list() == list(map(str, whole))
    with pytest.raises(DataError, match="not exact"):
        read(contacts(customer_id=[2.0**60, 1.0]))


@pytest.mark.parametrize(
    "costs", [["1.5", "2.0"], pd.array([1.5, 2], "Float64"), [decimal.Decimal("1.5"), 2]]
)
def test_numbers_of_every_type_are_the_same(costs):
    assert read(contacts(cost=costs)).frame["cost"].to_list() == [1.5, 2.0]


def test_acquisition_dates_as_20220101_need_a_declared_format(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,acquisition_date\na,20220101\nb,20221231\n")
    with pytest.raises(DataError, match="%Y%m%d"):
        open_table(path, "customers")
    table = {"source": path, "options": {"date_format": "%Y%m%d"}}
    days = open_table(table, "customers")["acquisition_date"]
    assert days.to_list() == [pd.Timestamp(2022, 1, 1), pd.Timestamp(2022, 12, 31)]
    numbers = pd.DataFrame({"customer_id": ["a"], "acquisition_date": [20220101]})
    with pytest.raises(DataError, match="%Y%m%d"):
        open_table(numbers, "customers")
    options = ReadOptions(date_format="%Y%m%d")
    found = rm.read_table(numbers, schema="customers", options=options).frame
    assert found["acquisition_date"].iloc[0] == pd.Timestamp(2022, 1, 1)


@pytest.mark.parametrize("date", ["03/04/2024", "03.04.2024"])
def test_contacts_dated_03_04_2024_need_a_declared_format(date):
    with pytest.raises(DataError, match=r"expected dates .*found 2 of 2 .*row 1 .*date_format"):
        read(contacts(date=date))
    form = "%d/%m/%Y" if "/" in date else "%d.%m.%Y"
    assert read(contacts(date=date), date_format=form).frame["date"].iloc[0].month == 4


def test_moments_with_a_time_zone_are_converted_as_in_the_log():
    moments = pd.to_datetime(["2024-03-31 23:30+00:00", "2024-04-01 12:00+00:00"])
    texts = ["2024-03-31T23:30:00Z", "2024-04-01T15:00:00+03:00"]
    for given in (moments, texts):
        found = read(contacts(date=given), time_zone="Europe/Sofia").frame["date"]
        log = rm.read_transactions(
            contacts(date=given).rename(columns={"cost": "value"}),
            options=ReadOptions(time_zone="Europe/Sofia"),
        ).to_pandas()
        assert found.dt.day.to_list() == [1, 1]
        assert sorted(pd.to_datetime(log["date"]).dt.day) == [1, 1]


def test_region_na_segment_none_and_id_null_are_text(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,segment,region\nnull,None,NA\nnan,,east\n")
    table = rm.read_table(path, schema="customers")
    assert table.frame["customer_id"].to_list() == ["null", "nan"]
    assert table.frame["segment"].to_list() == ["None", "not known"]
    assert table.frame["region"].to_list() == ["NA", "east"]
    audit = table.audit.set_index("check")
    assert audit.loc["segment blank", ["rows", "action"]].to_list() == [
        1, 'counted as "not known"',
    ]  # fmt: skip


def test_unusable_rows_are_refused_or_left_out_and_counted():
    frame = contacts(cost=[-1.0, 2.0])
    with pytest.raises(DataError, match=r"contacts: cost must be 0 or more; 1 of 2 rows.*row 1"):
        read(frame)
    mixed = contacts(cost=[2.0, 1.0], customer_id=["1", None])
    with pytest.raises(DataError, match=r"The unusable rows hold 1.00 of 3.00 in money\."):
        read(mixed)
    table = read(frame, unusable="leave out")
    assert len(table.frame) == table.rows_used == 1
    assert (table.rows_left_out, table.money_left_out) == (0.5, pytest.approx(1 / 3))
    assert table.audit["rows"].to_list() == [2, 1, 1]


def test_columns_of_other_names_are_mapped(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("Customer ID;When;Cost\n7;2024-01-31;1,5\n")
    names = {"customer_id": "Customer ID", "date": "When", "cost": "Cost"}
    table = rm.read_table(path, schema="contacts", columns=names)
    assert table.frame.iloc[0].to_list() == ["7", pd.Timestamp(2024, 1, 31), 1.5]
    with pytest.raises(DataError, match=r"no column 'customer_id'.*It holds: the customer; id"):
        rm.read_table(path, schema="contacts")
    with pytest.raises(DataError, match=r"no column 'Kost'.*Did you mean 'Cost'"):
        rm.read_table(path, schema="contacts", columns={"cost": "Kost"})
    with pytest.raises(ParameterError, match="no table 'contcts'"):
        rm.read_table(path, schema="contcts")


def test_ids_that_become_one_customer_are_refused_where_rows_have_a_key():
    people = pd.DataFrame({"customer_id": ["7", "7.0"], "channel": ["web", "fair"]})
    with pytest.raises(DataError, match=r"per customer_id; found 1 repeated, first row 2 \('7'\)"):
        open_table(people, "customers")


def test_many_rows_stay_in_the_engine(tmp_path, monkeypatch):
    monkeypatch.setattr("relmark_research.tables.read_table._IN_MEMORY", 1)
    path = tmp_path / "c.csv"
    path.write_text("customer_id,date,cost,kind\n7.0,2024-01-31,1.5,\n007,2024-02-01,-2,mail\n")
    with pytest.raises(DataError, match=r"cost must be 0 or more; 1 of 2 rows.*row 2 \(cost '-2'"):
        rm.read_table(path, schema="contacts")
    options = ReadOptions(unusable="leave out")
    table = rm.read_table(path, schema="contacts", options=options)
    assert not isinstance(table.usable, pd.DataFrame)
    assert table.frame.iloc[0].to_list() == ["7", pd.Timestamp(2024, 1, 31), 1.5, "not known"]
    assert table.audit["rows"].to_list() == [2, 1, 1, 1, 1]
    unread = tmp_path / "d.csv"
    unread.write_text("customer_id,date,cost\n7,31.01.2024,1.5\n8,01.02.2024,1\n")
    with pytest.raises(DataError, match=r"expected dates .*2 of 2.*%d\.%m\.%Y"):
        rm.read_table(unread, schema="contacts")


def test_a_column_by_customer():
    people = pd.DataFrame({"customer_id": [7.0, 8.0], "tier": ["a", None]})
    assert column_by_customer(people, "tier").to_dict() == {"7": "a", "8": "not known"}
    with pytest.raises(DataError, match="customers: no column 'region'"):
        column_by_customer(people, "region")


def test_a_table_shows_itself_in_short():
    table = read(contacts())
    assert repr(table).startswith("<Table contacts: source a pandas DataFrame, rows read 2")
    assert table._repr_html_().count("<tr>") == 4
    assert np.isclose(table.rows_left_out, 0)


def test_usable_rows_are_a_lazy_table_of_any_engine(tmp_path):
    frame = pd.DataFrame({"customer_id": ["a"], "kind": ["referral"], "date": ["2024-01-01"]})
    table = rm.read_table(frame, schema="events")
    engine = ibis.duckdb.connect()
    assert table.rows(engine).get_backend() is engine
    lazy = rm.read_table(ibis.memtable(frame), schema="events")
    for given in (None, engine):
        assert lazy.rows(given).to_pandas()["customer_id"].tolist() == ["a"]
    assert lazy.rows(engine).get_backend() is engine


def test_rows_with_the_same_key_are_refused_in_an_engine_too():
    rows = pd.DataFrame({"customer_id": ["b", "b", "a", "a"], "x": [1, 2, 3, 4]})
    schema = SimpleNamespace(key=("customer_id",), name="customers")
    with pytest.raises(DataError, match="2 repeated, first 'a'"):
        _refuse_repeated_rows(schema, ibis.memtable(rows))
    _refuse_repeated_rows(schema, ibis.memtable(rows.iloc[[0, 2]]))
    _refuse_repeated_rows(SimpleNamespace(key=(), name="t"), ibis.memtable(rows))


def test_flags_are_1_and_0_in_an_engine():
    for values in ([True, False, None], ["TRUE", "false", "0"]):
        table = _flag_as_number(ibis.memtable(pd.DataFrame({"f": values})), "f")
        found = table.to_pandas()["relmark_flag_f"].tolist()
        assert [str(one).removesuffix(".0") for one in found[:2]] == ["1", "0"]


def test_columns_and_groups_by_customer_are_read_by_their_types():
    table = pd.DataFrame({3: ["x"], "clv": ["9.0"]})
    read = read_columns(table, {"clv": "number"}, name="values", optional={"n": "number"})
    assert list(read) == [3, "clv"]
    assert read["clv"].tolist() == [9.0]
    with pytest.raises(DataError, match=r"values: no column 'cvl'.*Did you mean 'clv'"):
        read_columns(table, {"cvl": "number"}, name="values")
    groups = pd.Series(["new", None], index=[7.0, 8.0], name="since")
    found = groups_by_customer(groups)
    assert (found.to_dict(), found.name) == ({"7": "new", "8": "not known"}, "since")
    with pytest.raises(DataError, match=r"1 repeated, first row 2 \('7'\)"):
        groups_by_customer(pd.Series(["a", "b"], index=["7", "7.0"]))
    with pytest.raises(DataError, match=r"^expected numbers in column 'clv'"):
        read_values(pd.Series(["x"]), Column("clv", "number", "value"))
    assert read_values(pd.Series(["1"], index=[5]), Column("n", "number", "n")).index.tolist() == [
        5
    ]

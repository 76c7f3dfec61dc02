"""Databases by URL, and that nothing secret is ever said."""

import json
import sqlite3
from contextlib import closing
from importlib.util import find_spec

import duckdb
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.sources import databases, open_source
from tests.tables import engines

SECRET = "s3cret/p@ss"
ROWS = [("007", "2024-01-01", 10.0), ("007", "2024-01-15", 5.5), ("8", "2024-01-03", 1.0)]


@pytest.fixture
def frame():
    return pd.DataFrame(ROWS, columns=["customer_id", "date", "value"])


@pytest.fixture(params=["frame", "file"])
def duck(request, frame, tmp_path):
    """A log in DuckDB's memory, and one in a file of it."""
    if request.param == "frame":
        return rm.read_transactions(frame)
    path = tmp_path / "orders.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("given", frame)
        connection.execute("CREATE TABLE orders AS SELECT * FROM given")
    return rm.read_transactions(f"duckdb:///{path}#orders")


def test_a_long_query_shows_no_bar_among_a_reports_outputs(duck):
    backend = duck.rows.get_backend()
    setting = backend.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()
    assert setting == (False,)


@pytest.fixture
def crm(tmp_path):
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (customer_id TEXT, date DATE, value NUMERIC)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", ROWS)
    connection.close()
    return f"sqlite:///{path}"


def frequencies(source, **how):
    log = rm.read_transactions(source, **how)
    return log.customer_summary(unit="day").table["frequency"].to_dict()


def test_tables_and_queries_of_sqlite(crm, monkeypatch):
    expected = {"007": 1, "8": 0}
    assert frequencies(f"{crm}#orders") == expected
    assert frequencies((crm, "orders")) == expected
    assert frequencies(f"{crm}#SELECT * FROM orders WHERE customer_id = '007';") == {"007": 1}
    monkeypatch.setenv("CRM_URL", crm)
    assert frequencies("env:CRM_URL#orders") == expected


def test_a_rate_in_sqlite(tmp_path, crm):
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN rate REAL DEFAULT 1.5")
    connection.close()
    log = rm.read_transactions(f"{crm}#orders", options=rm.ReadOptions(rate_column="rate"))
    assert log.to_pandas()["value"].to_list() == [15.0, 8.25, 1.5]


def test_the_file_of_sqlite_is_not_written_to(crm, tmp_path):
    before = (tmp_path / "crm.db").read_bytes()
    assert len(rm.read_transactions(f"{crm}#orders").audit) > 0
    assert (tmp_path / "crm.db").read_bytes() == before


def test_text_in_sqlites_columns_of_numbers_is_refused_not_made_zero(crm, tmp_path):
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("INSERT INTO orders VALUES ('9', '2024-01-04', 'twelve')")
        connection.execute("INSERT INTO orders VALUES ('9', 20240104, 1)")
    connection.close()
    with pytest.raises(DataError, match="date cannot be read as a date"):
        rm.read_transactions(f"{crm}#orders")
    audit = rm.read_transactions(
        f"{crm}#orders", options=rm.ReadOptions(unusable="leave out")
    ).audit.set_index("check")["rows"]
    assert audit["value unparsable"] == 1
    assert audit["date unparsable"] == 1


def test_tables_and_queries_of_duckdb(tmp_path, frame):
    path = tmp_path / "lake.duckdb"
    with duckdb.connect(path) as lake:
        lake.execute("CREATE SCHEMA sales")
        lake.register("frame", frame)
        lake.execute("CREATE TABLE sales.orders AS SELECT * FROM frame")
    assert frequencies(f"duckdb:///{path}#sales.orders") == {"007": 1, "8": 0}
    assert frequencies(f"duckdb:///{path}#WITH a AS (FROM sales.orders) SELECT * FROM a LIMIT 1")


def test_a_folder_with_odd_signs_in_its_name(tmp_path, crm):
    folder = tmp_path / "a b#c%20ü"
    folder.mkdir()
    (tmp_path / "crm.db").rename(folder / "crm.db")
    source = databases.with_absolute_path("sqlite:///crm.db#orders", folder)
    assert frequencies(source) == {"007": 1, "8": 0}
    assert databases.with_absolute_path(source, tmp_path) == source
    for other in ("env:CRM#orders", "postgresql://h/d#t", "sales.csv"):
        assert databases.with_absolute_path(other, folder) == other


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("sqlite:///nowhere.db#orders", "there is no database file nowhere.db"),
        ("postgresql://host/crm", "names its table or query after '#'"),
        (("oracle://host/crm", "orders"), "begins with one of sqlite://"),
        ("env:NO_SUCH_URL#orders", "variable NO_SUCH_URL, which is not set"),
    ],
)
def test_what_is_no_source(source, said):
    with pytest.raises((DataError, ParameterError), match=said):
        rm.read_transactions(source)


def test_no_such_table(crm):
    with pytest.raises(DataError, match=r"no table 'order'; there are: orders. Did you mean"):
        rm.read_transactions(f"{crm}#order")


def test_a_table_that_cannot_be_read_is_not_called_missing(tmp_path):
    path = tmp_path / "crm.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create view sales as select * from gone")
    with pytest.raises(DataError, match="expected 'sales' to be a table") as refused:
        rm.read_transactions(f"sqlite:///{path}#sales")
    assert "Did you mean" not in str(refused.value)
    assert "gone" in str(refused.value)


def test_databases_are_worked_in_where_they_are(crm):
    with pytest.raises(ParameterError, match="queried in its own database"):
        rm.read_transactions(f"{crm}#orders", engine="pyspark")


class TestSecrets:
    def test_a_password_in_a_source_is_refused_without_being_said(self):
        for url in (
            "postgresql://reader:s3cret@db.example/crm#orders",
            "postgresql://db.example/crm?password=s3cret#orders",
        ):
            with pytest.raises(ParameterError) as refused:
                rm.read_transactions(url)
            assert "s3cret" not in str(refused.value)
            assert "PGPASSWORD" in str(refused.value)
            assert refused.value.__cause__ is None

    def test_a_url_from_the_environment_is_not_shown(self, monkeypatch):
        monkeypatch.setenv("CRM_URL", "postgresql://reader:s3cret%2Fp%40ss@127.0.0.1:1/crm")
        monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
        place = databases.parse_source("env:CRM_URL#orders")
        assert "s3cret" not in repr(place) + place.label
        assert open_source.describe_source("env:CRM_URL#orders") == "env:CRM_URL#orders"
        if find_spec("psycopg") is None:
            engines.missing("psycopg is not installed (pip install -r requirements-engines.lock)")
        with pytest.raises(DataError, match="env:CRM_URL cannot be reached") as refused:
            rm.read_transactions("env:CRM_URL#orders")
        assert "s3cret" not in str(refused.value)
        assert refused.value.__suppress_context__

    def test_a_password_that_a_client_would_say_is_struck_out(self, monkeypatch):
        monkeypatch.setenv("PGPASSWORD", SECRET)
        place = databases.DatabaseSource("postgresql://u:s3cret%2Fp%40ss@h/d", "t", "shown")
        said = databases._redacted(RuntimeError(f"wrong {SECRET} or s3cret%2Fp%40ss"), place)
        assert said == "wrong *** or ***."


@pytest.mark.slow
class TestPostgres:
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls):
        with engines.postgres_server() as url:
            yield url

    def test_tables_queries_and_schemas(self, url, frame, monkeypatch):
        import psycopg

        source = engines.postgres_source(frame, url, "orders")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE SCHEMA sales")
            connection.execute("CREATE TABLE sales.lines AS SELECT * FROM orders")
        expected = {"007": 1, "8": 0}
        assert frequencies(source) == frequencies(f"{url}#sales.lines") == expected
        assert frequencies((url, "SELECT * FROM orders WHERE value > 2")) == {"007": 1}
        monkeypatch.setenv("CRM_URL", url)
        assert frequencies("env:CRM_URL#sales.lines") == expected
        with pytest.raises(DataError, match="Did you mean 'orders'"):
            rm.read_transactions(f"{url}#order")

    def test_a_log_says_nothing_secret(self, url, frame, monkeypatch):
        secret = url.replace("reader@", "reader:s3cret@")
        engines.postgres_source(frame, url, "orders")
        monkeypatch.setenv("CRM_URL", secret)  # the server trusts anybody on the loopback
        log = rm.read_transactions("env:CRM_URL#orders")
        said = repr(log) + str(log) + log.audit.to_string() + log.source + log._repr_html_()
        said += json.dumps(log.audit.to_dict(), default=str) + repr(log.rows)
        assert "s3cret" not in said

    def test_moments_with_a_zone_and_decimals(self, url):
        import psycopg

        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE moments (id int, at timestamptz, paid numeric(12, 4))")
            connection.execute(
                "INSERT INTO moments VALUES (1, '2024-03-30 23:30+00', 10.1234), "
                "(1, '2024-03-31 00:30+02', -3), (2, '2024-03-31 12:00+00', 0.1)"
            )
        names = {"customer": "id", "date": "at", "value": "paid"}
        options = rm.ReadOptions(time_zone="Europe/Sofia")
        log = rm.read_transactions(f"{url}#moments", **names, returns="keep", options=options)
        table = log.to_pandas()
        assert pd.to_datetime(table["date"]).dt.day.to_list() == [31, 31, 31]
        assert sorted(table["value"]) == [-3.0, 0.1, 10.1234]


class TestNothingOutsideTheDatabase:
    """A database file cannot make its reader open another file."""

    @pytest.fixture
    def secret(self, tmp_path):
        path = tmp_path / "secret.csv"
        path.write_text("customer_id,date,value\nbob,2024-01-01,5\n", encoding="utf-8")
        return path

    @pytest.fixture
    def lake(self, tmp_path, secret):
        with duckdb.connect(str(tmp_path / "lake.duckdb")) as connection:
            connection.execute(f"CREATE VIEW orders AS SELECT * FROM read_csv('{secret}')")
            connection.execute("CREATE TABLE own AS SELECT 'a' AS customer_id")
        return f"duckdb:///{tmp_path / 'lake.duckdb'}"

    @pytest.mark.parametrize(
        "query",
        [
            "orders",
            "SELECT * FROM orders",
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM glob('/etc/*')",
        ],
    )
    def test_a_view_or_a_query_on_a_file_is_refused_in_words(self, lake, query):
        with pytest.raises(DataError, match="reads a file or an address outside the database"):
            open_source.open_source(f"{lake}#{query}")

    def test_a_second_statement_is_refused(self, lake):
        with pytest.raises(DataError, match="one query; found 2 statements"):
            open_source.open_source((lake, "SELECT 1; SET threads = 1"))

    def test_a_database_is_read_twice_in_one_process(self, lake):
        tables = [open_source.open_source(f"{lake}#own") for _ in range(2)]
        assert [len(table.to_pandas()) for table in tables] == [1, 1]

    def test_sqlite_is_opened_for_reading_without_other_files(self, crm, tmp_path):
        connection = databases.connect(databases.parse_source(crm + "#orders")).get_backend().con
        for statement, said in {
            f"ATTACH DATABASE '{tmp_path / 'other.db'}' AS other": "too many attached",
            "DELETE FROM orders": "readonly",
            "SELECT load_extension('/tmp/library')": "not authorized",
        }.items():
            with pytest.raises(sqlite3.OperationalError, match=said):
                connection.execute(statement)
        assert not (tmp_path / "other.db").exists()

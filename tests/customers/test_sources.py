"""What rows can come from, and the policies that clean them."""

from datetime import date, timedelta
from importlib.util import find_spec

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log import aggregation
from relmark_research.customers.log import returns as netting
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables import column_mapping, row_checks
from relmark_research.tables.options import Columns
from relmark_research.tables.sources import engine_sessions
from tests.customers.engines import missing


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


def lines(log):
    return log.audit.set_index("check")["rows"].to_dict()


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


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("pysparc", r"no engine 'pysparc'; there are: duckdb, pyspark.* Did you mean 'pyspark'"),
        ("local[", r"Did you mean 'local'"),
        (3, "an engine is a word, a Spark session or an Ibis backend; found int"),
    ],
)
def test_what_is_no_engine(frame, engine, said):
    with pytest.raises(ParameterError, match=said):
        rm.read_transactions(frame, engine=engine)


def test_the_engine_may_stand_in_the_options(frame, monkeypatch):
    asked = []
    monkeypatch.setattr(engine_sessions, "_spark", asked.append)
    with pytest.raises(ParameterError, match="no engine 'pysparc'"):
        rm.ReadOptions(engine="pysparc")
    for engine in ("pyspark", "local[2]"):
        with pytest.raises(AttributeError):  # no backend is made here
            rm.read_transactions(frame, options=rm.ReadOptions(engine=engine))
    assert asked == [None, "local[2]"]
    told = rm.read_transactions(frame, engine="duckdb", options=rm.ReadOptions(engine="pyspark"))
    assert len(told.customer_summary()) > 0  # what the call says counts


class TestPolicies:
    def test_test_accounts_are_excluded_and_told(self, frame):
        options = rm.ReadOptions(exclude="endswith(email, '@example.com')")
        log = rm.read_transactions(frame, options=options)
        assert lines(log)["excluded by the filter"] == 1
        assert "test-1" not in log.customer_summary().table.index

    @pytest.mark.parametrize(
        ("sentence", "left"),
        [
            ("customer_id == '8'", ["007", "test-1"]),
            ("value >= 20 and not startswith(customer_id, 'test')", ["007", "8", "test-1"]),
            ("customer_id in ('8', '007')", ["test-1"]),
            ("contains(email, 'x.org') or blank(order)", ["test-1"]),
            ("value != 99 and customer_id not in ('8',)", ["8", "test-1"]),
        ],
    )
    def test_filters(self, frame, sentence, left):
        log = rm.read_transactions(frame, options=rm.ReadOptions(exclude=sentence))
        assert sorted(set(log.to_pandas()["customer_id"])) == left

    @pytest.mark.parametrize(
        "sentence",
        ["email", "__import__('os')", "value > ", "lower(email) == 'a'", "1 < value < 3"],
    )
    def test_filters_obey_nothing_else(self, frame, sentence):
        with pytest.raises(ParameterError, match="a filter compares columns with values"):
            row_checks.condition(ibis.memtable(frame), sentence)

    def test_a_missing_value_meets_no_filter(self, frame):
        table = frame.assign(email=None)
        options = rm.ReadOptions(exclude="email != 'a'")
        assert lines(rm.read_transactions(table, options=options))["rows used"] == 4
        options = rm.ReadOptions(exclude="blank(email)")
        with pytest.raises(DataError, match="4 with excluded by the filter"):
            rm.read_transactions(table, options=options)

    def test_rows_of_an_order_are_one_purchase_on_its_first_day(self, frame):
        log = rm.read_transactions(frame, options=rm.ReadOptions(order_column="order"))
        assert lines(log)["rows of an order begun earlier"] == 1
        assert log.customer_summary().table["frequency"].to_dict() == {
            "007": 0,
            "8": 0,
            "test-1": 0,
        }
        assert log.days.filter(log.days.customer_id == "007").parts.sum().execute() == 300_000

    def test_several_currencies_are_refused_unless_there_is_a_rate(self, frame):
        table = frame.assign(Currency=["EUR", "USD", "EUR", None], rate=[1.0, 0.5, 1.0, 2.0])
        for options in (None, rm.ReadOptions(currency_column="Currency")):
            with pytest.raises(DataError, match="found 3: EUR in 2 rows") as refused:
                rm.read_transactions(table, options=options)
            assert "rate_column" in str(refused.value)
        log = rm.read_transactions(table, options=rm.ReadOptions(rate_column="rate"))
        assert sorted(log.to_pandas()["value"]) == [5.0, 10.0, 10.0, 198.0]

    def test_a_missing_rate_is_a_problem_of_its_row(self, frame):
        table = frame.assign(rate=[1.0, None, 1.0, 0.0])
        with pytest.raises(DataError, match="in 2 of 4 rows the exchange rate is no number"):
            rm.read_transactions(table, options=rm.ReadOptions(rate_column="rate"))

    def test_future_dates(self, frame):
        later = (date.today() + timedelta(days=3)).isoformat()
        table = frame.assign(date=[*frame["date"].head(3), later])
        with pytest.raises(DataError, match="is after today"):
            rm.read_transactions(table)
        kept, left_out = (
            rm.read_transactions(table, options=rm.ReadOptions(future_dates=policy))
            for policy in ("keep", "leave out")
        )
        assert kept.observed_until.isoformat() == later
        assert lines(left_out)["date in the future"] == 1

    def test_zero_values(self, frame):
        table = frame.assign(value=[0.0, 1.0, 2.0, 3.0])
        assert lines(rm.read_transactions(table))["zero value"] == 1
        options = rm.ReadOptions(zero_values="drop")
        assert lines(rm.read_transactions(table, options=options))["zero value dropped"] == 1
        with pytest.raises(DataError, match="value is 0"):
            rm.read_transactions(table, options=rm.ReadOptions(zero_values="refuse"))

    def test_values_no_engine_can_add_up_exactly(self, frame):
        for value, said in ((1e12, "beyond 900 billion"), (float("inf"), "is not a number")):
            with pytest.raises(DataError, match=said):
                rm.read_transactions(frame.assign(value=[value, 1, 1, 1]))

    @pytest.mark.parametrize(
        ("returns", "duplicates"), [("net", "drop"), ("drop", "keep"), ("drop", "drop")]
    )
    def test_the_audit_accounts_for_every_row_under_every_policy(self, frame, returns, duplicates):
        table = pd.concat([frame, frame.head(2), frame.tail(1).assign(value=-99.0)])
        table = pd.concat([table, table.tail(1), frame.head(1).assign(customer_id=None)])
        options = rm.ReadOptions(duplicates=duplicates)
        log = rm.read_transactions(table, returns=returns, options=options).until("2024-01-31")
        audit = log.audit
        out = audit.loc[audit["action"] == "left out", "rows"].sum()
        told = audit.set_index("check")["rows"]
        assert told["rows read"] == len(table) == out + told["rows used"]

    def test_ids_in_the_audit_are_pseudonyms_unless_asked_for(self, frame):
        table = frame.assign(value=[0.0, 1.0, 2.0, 3.0])
        hidden = rm.read_transactions(table).audit["examples"].str.cat()
        assert "007" not in hidden
        assert rm.customers.pseudonyms(["007"])[0] in hidden
        clear = rm.read_transactions(table, options=rm.ReadOptions(clear_ids=True))
        assert "'007'" in clear.audit["examples"].str.cat()


class TestWindows:
    def test_customers_first_seen_before_the_window_are_told(self):
        log = rm.load_cdnow()
        window = log.window(observed_from="1997-04-01", observed_until="1997-09-30")
        earlier = log.until("1997-03-31").customer_summary().table.index
        assert lines(window)["customers first seen before the window"] == window.seen_before
        assert set(window.customer_summary().table.index) <= set(earlier)
        later = log.window(observed_from="1997-02-01", earlier="leave out")
        assert later.seen_before > 0
        assert (later.customer_summary(unit="day").table["T"] <= 514).all()
        whole = log.customer_summary(unit="day").table
        first_seen = whole.index[whole["T"] <= 514]
        assert set(later.customer_summary().table.index) == set(first_seen)

    def test_wrong_windows(self):
        log = rm.load_cdnow()
        with pytest.raises(DataError, match="must go on after 1998-06-30"):
            log.window(observed_from="1998-07-01")
        with pytest.raises(ParameterError, match="keep, leave out"):
            log.window(observed_from="1997-02-01", earlier="drop")


class TestMonths:
    def test_calendar_months_merge_and_count_whole_months(self):
        rows = [("a", "2024-01-31"), ("a", "2024-02-01"), ("a", "2024-02-29"), ("b", "2024-03-15")]
        table = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(value=[1.0, 2, 4, 8])
        log = rm.read_transactions(table)
        summary = log.customer_summary(unit="month", observed_until="2024-04-30")
        column_mapping = ["frequency", "recency", "T", "monetary_value"]
        assert summary.table.loc["a", column_mapping].to_list() == [1, 1, 3, 6]
        assert summary.table.loc["b", "T"] == 1
        assert str(summary.unit) == "month"
        histories = log.distinct_histories(unit="month", observed_until="2024-04-30")
        assert histories.n_customers == 2

    def test_months_that_are_not_over_are_refused(self):
        with pytest.raises(DataError, match=r"log.until\('1997-08-31'\)"):
            rm.load_cdnow().until("1997-09-29").customer_summary(unit="month")


class TestGoldenSql:
    """The same expressions compile for warehouses that no test can reach."""

    @pytest.mark.parametrize("dialect", ["snowflake", "bigquery", "postgres", "sqlite", "duckdb"])
    @pytest.mark.parametrize("zone", [None, "Europe/Sofia"])
    def test_from_text_to_customers(self, dialect, zone):
        raw = ibis.table({"customer_id": "string", "date": "string", "value": "string"}, name="t")
        options = rm.ReadOptions(exclude="blank(customer_id)", date_format="%d.%m.%Y %H:%M")
        if zone is not None and dialect in ("snowflake", "bigquery"):
            options = rm.ReadOptions(time_zone=zone, source_time_zone="America/New_York")
        rows = row_checks.usable(row_checks.marked(raw, Columns(), options), options)
        days = netting.purchase_days(rows, returns="net", any_returns=True)
        for made in (
            aggregation.customers(days, date(2024, 1, 1)),
            aggregation.histories(days, date(2024, 1, 31), months=True),
        ):
            sql = str(ibis.to_sql(made, dialect=dialect)).upper()
            assert sql.count("SELECT") >= 5
            assert "OVER (" in sql
            assert "TRY_STRPTIME" not in sql

    def test_the_words_of_warehouses(self):
        raw = ibis.table({"customer_id": "int64", "date": "date", "value": "float64"}, name="t")
        rows = row_checks.usable(
            row_checks.marked(raw, Columns(), rm.ReadOptions()), rm.ReadOptions()
        )
        days = netting.purchase_days(rows, returns="net", any_returns=False)
        made = aggregation.customers(days, date(2024, 1, 1))
        snow, big = (str(ibis.to_sql(made, dialect=name)) for name in ("snowflake", "bigquery"))
        assert "DATEDIFF(DAY" in snow
        assert "DATE_DIFF(" in big
        for sql in (snow, big):
            assert "MIN_BY(" in sql
            assert sql.count("GROUP BY") == 2


IDS = [
    "007",
    " 007",
    "007\t",
    "a b",
    "\u00a0x",
    "",
    " ",
    "NaN",
    " none",
    "nulls",
    "Ælf\x0b",
    "\x0cz",
]


@pytest.mark.parametrize(
    "known", [["007", "a b"], ["007", "Ælf", "nan1", "顧客"], *[[one] for one in IDS]]
)
def test_ids_that_are_taken_as_they_stand_are_those_that_reading_leaves_alone(known):
    """`untidy_id` is another way to ask what `identifier` does, and faster."""
    frame = pd.DataFrame({"customer_id": [*known, "last"], "date": "2024-01-01", "value": 1.0})
    table = ibis.memtable(frame)
    read = table.select(
        raw=table.customer_id,
        tidied=column_mapping.identifier(table, "customer_id"),
        untidy=column_mapping.untidy_id(table, "customer_id"),
    ).to_pandas()
    changed = read["tidied"].isna() | (read["tidied"] != read["raw"])
    assert (read["untidy"] | ~changed).all()
    log = rm.read_transactions(frame)
    assert (log.checks.tidy == "customer_id") == (not changed.any())
    assert set(log.to_pandas()["customer_id"]) == set(read["tidied"].dropna())

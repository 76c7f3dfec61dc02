"""Thousands of generated logs, summed up by every engine and by plain Python: all the same.

Hypothesis makes the logs; all of them go into one table, each with customers of its own, so that an
engine is asked once rather than thousands of times.
"""

import functools
import gc
import math
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.returns import purchase_days
from relmark_research.tables import row_checks, sql_dialects
from relmark_research.tables.options import Columns
from relmark_research.tables.sources.dialects import Dialect
from relmark_research.tables.sources.open_source import opened_source
from relmark_research.units import Period
from tests.customers import slow_reference
from tests.tables import engines
from tests.tables.values.test_identifiers import IDS

START = datetime(2023, 12, 25)  # logs cross a new year, a leap day and a change of the clocks
LOGS = 150  # and thousands in the slow test
ZONES = ("Europe/Sofia", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")

customer_ids = st.sampled_from(["007", "7", "Ælfrēd", "顧客", "a b", "O'Brien; DROP", "😀"])
moments = st.integers(0, 110 * 48).map(
    lambda half_hours: START + timedelta(minutes=30 * half_hours)
)
clock_changes = st.sampled_from(
    [datetime(2024, 3, 31, 1), datetime(2024, 3, 10, 7), datetime(2024, 4, 6, 15)]
).flatmap(lambda at: st.integers(-6, 6).map(lambda half: at + timedelta(minutes=30 * half)))
row = st.tuples(
    customer_ids,
    st.one_of(moments, clock_changes, st.just(datetime(2024, 2, 29, 23, 30))),
    st.integers(-3000, 9000),
)
logs = st.lists(row, min_size=1, max_size=30)


def generated(how_many: int) -> list[tuple[str, datetime, int]]:
    """Rows of so many logs, shuffled; a customer's id begins with the number of its log."""
    found = []

    @settings(
        max_examples=how_many, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(logs, st.randoms(use_true_random=False))
    def collect(rows, random):
        number = len({who.split("|")[0] for who, *_ in found[-1:]}) + len(found)
        found.extend((f"{number}|{who}", *rest) for who, *rest in random.sample(rows, len(rows)))

    collect()
    return found


@pytest.fixture(scope="module")
def rows():
    return generated(LOGS)


@pytest.fixture(scope="module")
def frame(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return table.assign(value=table["value"] / 100)


@pytest.fixture(scope="module")
def postgres_url():
    with engines.postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def spark():
    with engines.spark_session() as session:
        yield session


# PySpark 4.0 with pandas 3
COPY = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
OTHERS = [
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("sqlite", "postgres")),
    pytest.param("pyspark", marks=[pytest.mark.slow, COPY]),
]


@pytest.fixture(scope="module", params=["duckdb", *OTHERS])
def read(request, tmp_path_factory):
    """A function that reads a frame in one of the engines."""
    if request.param == "duckdb":
        return lambda frame, **how: rm.read_transactions(frame, **how)
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("sqlite")
        return lambda frame, **how: rm.read_transactions(
            engines.sqlite_source(frame, folder), **how
        )
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        return lambda frame, **how: rm.read_transactions(
            engines.postgres_source(frame, url, "sales"), **how
        )
    session = request.getfixturevalue("spark")
    return lambda frame, **how: rm.read_transactions(frame, engine=session, **how)


def expected_days(rows, zone=None):
    """The rows with the calendar days of a zone, moments being those of UTC."""
    if zone is None:
        return [(who, when.date(), cents) for who, when, cents in rows]
    utc, there = ZoneInfo("UTC"), ZoneInfo(zone)
    return [
        (who, when.replace(tzinfo=utc).astimezone(there).date(), cents) for who, when, cents in rows
    ]


def exactly(summary) -> dict:
    columns = ["frequency", "recency", "T", "monetary_value"]
    return {
        who: (x, t_x, T, None if math.isnan(m) else m)
        for who, x, t_x, T, m in summary.table[columns].itertuples()
    }


def test_as_many_logs_were_generated_as_asked_for(rows):
    assert len({who.split("|")[0] for who, *_ in rows}) > 0.9 * LOGS


@pytest.mark.slow
def test_thousands_of_logs_are_summed_up_as_by_plain_python(read):
    rows = expected_days(generated(4_000))
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    frame = frame.assign(value=frame["value"] / 100, date=pd.to_datetime(frame["date"]))
    assert len({who.split("|")[0] for who, *_ in rows}) > 3_000
    expected = slow_reference.summary(rows, max(day for _, day, _ in rows), 1)
    assert exactly(read(frame).customer_summary(unit="day")) == expected


@pytest.mark.parametrize(("unit", "days"), [("day", 1), ("week", 7)])
def test_customers_are_those_of_plain_python(read, rows, frame, unit, days):
    days_of_rows = expected_days(rows)
    last = max(day for _, day, _ in days_of_rows)
    expected = slow_reference.summary(days_of_rows, last, days)
    assert exactly(read(frame).customer_summary(unit=unit)) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_cut_in_the_zone_across_midnight_and_clock_changes(read, rows, frame, zone):
    days_of_rows = expected_days(rows, zone)
    last = max(day for _, day, _ in days_of_rows)
    log = read(frame, options=rm.ReadOptions(time_zone=zone))
    assert exactly(log.customer_summary(unit="day")) == slow_reference.summary(
        days_of_rows, last, 1
    )


def local_days(moments, source, zone):
    there = [when.replace(tzinfo=ZoneInfo(source)).astimezone(ZoneInfo(zone)) for when in moments]
    return [moment.date() for moment in there]


@pytest.mark.parametrize(
    ("source", "zone"),
    [("America/New_York", "Asia/Tokyo"), ("Europe/Sofia", "UTC"), ("Australia/Lord_Howe", "UTC")],
)
def test_local_times_that_happen_twice_or_never_are_read_alike(read, source, zone):
    """Every quarter of an hour about the changes of the clocks of 2024, against zoneinfo."""
    nights = [(3, 10), (11, 3), (3, 31), (10, 27), (4, 7), (10, 6)]
    moments = [
        datetime(2024, month, day) + timedelta(minutes=15 * quarter)
        for month, day in nights
        for quarter in range(-20, 40)
    ]
    frame = pd.DataFrame(
        {"customer_id": [f"{i:04}" for i in range(len(moments))], "date": moments, "value": 1.0}
    )
    options = rm.ReadOptions(time_zone=zone, source_time_zone=source)
    for typed in (frame, frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d %H:%M:%S"))):
        days = pd.to_datetime(read(typed, options=options).to_pandas()["date"]).dt.date
        assert days.to_list() == local_days(moments, source, zone)


TEXTS = [
    "2024-02-29", "2023-02-29", "2024-2-9", "2024/12/31", "1900-02-29", "2000-02-29", "2024-04-31",
    "2024-13-01", "2024-00-10", "0000-01-01", "2024-01-31T23:30:00Z", "2024-01-31 23:30",
    "2024-01-31T23:30:00.123456+05:30", "2024-01-31T25:00:00", "2024-01-31 23:30:00-0800",
    "2024-01-31T23:61", "31.01.2024", "soon", "", "2024-01-31x", "epoch", "infinity", "20240131",
    "2024-01-31T23:30:00+02",
]  # fmt: skip


def python_moment(text):
    text = text.strip().replace("/", "-")
    if len(text) < 10:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def test_text_is_a_day_in_every_engine_or_in_none(read):
    frame = pd.DataFrame({"customer_id": [f"{i:02}" for i in range(len(TEXTS))], "date": TEXTS})
    log = read(frame.assign(value=1.0), options=rm.ReadOptions(unusable="leave out"))
    found = dict(zip(*log.to_pandas()[["customer_id", "date"]].T.to_numpy(), strict=True))
    readable = {i: python_moment(text) for i, text in enumerate(TEXTS) if text != "20240131"}
    expected = {f"{i:02}": moment.date() for i, moment in readable.items() if moment is not None}
    assert {who: pd.Timestamp(day).date() for who, day in found.items()} == expected


@pytest.mark.parametrize(
    "date_format",
    [
        "%d.%m.%Y",
        "%m/%d/%y %I:%M %p",
        "%d %b %Y",
        "%B %d, %Y",
        "%Y%m%d%H%M%S",
        "%d-%m-%Y %H:%M:%S%z",
    ],
)
def test_formats_are_those_of_strptime(read, date_format):
    days = pd.date_range("2024-01-01", "2024-12-31", freq="37h").tz_localize("UTC")
    texts = [day.strftime(date_format) for day in days]
    wrong = ["30.02.2024", "nonsense", "1", "99.99.9999", "13/13/24 11:11 am", "31 Feb 2024"]
    frame = pd.DataFrame({"date": [*texts, *wrong]})
    frame = frame.assign(customer_id=[f"{i:04}" for i in range(len(frame))], value=1.0)
    options = rm.ReadOptions(date_format=date_format, unusable="leave out")
    found = read(frame, options=options).to_pandas()
    expected = [datetime.strptime(text, date_format).date() for text in texts]
    assert pd.to_datetime(found["date"]).dt.date.to_list() == expected


NUMBERS = {
    "1": 1, "-2.50": -2.5, "+.5": 0.5, "1e3": 1000, "1,234.50": 1234.5, "1'234": 1234, " 7 ": 7,
    "12,34": None, "1,50": None, "": None, "abc": None, "1.2.3": None, "NaN": None, "inf": None,
    "0x10": None, "1_000": None, "5.": 5, "--1": None, "1 234 567.25": 1234567.25, "1e999": None,
}  # fmt: skip


def test_text_is_a_number_in_every_engine_or_in_none(read):
    frame = pd.DataFrame({"customer_id": list(NUMBERS), "value": list(NUMBERS)})
    frame = frame.assign(customer_id=[f"{i:02}" for i in range(len(frame))], date="2024-01-01")
    options = rm.ReadOptions(decimal=".", unusable="leave out")
    found = read(frame, options=options).to_pandas()["value"].to_list()
    assert found == [number for number in NUMBERS.values() if number is not None]


def test_decimal_signs_are_established_alike(read):
    texts = ["1.234,50", "10.500", "7", "\u00a01\u202f000,5 ", "\u22125", "0,125"]
    frame = pd.DataFrame({"customer_id": list("abcdef"), "date": "2024-01-01", "value": texts})
    assert read(frame, returns="keep").to_pandas()["value"].to_list() == [
        1234.5, 10500, 7, 1000.5, -5, 0.125,
    ]  # fmt: skip
    with pytest.raises(rm.DataError, match="no value settles it"):
        read(frame.assign(value="10,500"))
    with pytest.raises(rm.DataError, match=r"5 values with a point.*1 with a comma"):
        read(frame.assign(value=["1.5"] * 5 + ["1,5"]))


def test_ids_are_the_same_in_every_engine(read):
    frame = pd.DataFrame({"customer_id": list(IDS), "date": "2024-01-01", "value": 1.0})
    log = read(frame)
    assert set(log.to_pandas()["customer_id"]) == set(IDS.values()) - {None}
    audit = log.audit.set_index("check")["rows"]
    assert audit["customer id missing"] == list(IDS.values()).count(None)
    assert audit["ids normalised"] == 6  # 17850.0 (twice), -3.0, -0.0, 0.0, and two signs for é


def test_filters_are_typed_in_every_engine(read):
    frame = pd.DataFrame(
        {
            "customer_id": ["7", "8.0", "9", "10"],
            "date": ["2024-01-01", "2024-01-15", "2024-02-01", "2024-02-20"],
            "value": ["5", "15,5", "100,0", "1"],
        }
    )
    for exclude, left in {
        "value > 15.25": ["10", "7"],
        "date >= '2024-01-15'": ["7"],
        "customer_id == 8 or customer_id == '10'": ["7", "9"],
        "startswith(customer_id, '1')": ["7", "8", "9"],
        "1 < value < 50 and date != '2024-01-01'": ["10", "7", "9"],
    }.items():
        log = read(frame, options=rm.ReadOptions(exclude=exclude))
        assert sorted(log.to_pandas()["customer_id"]) == left


def test_hints_are_the_same_in_every_engine(read):
    frame = pd.DataFrame({"customer_id": "a", "date": ["9/28/2012", "1/2/2012"], "value": 1.0})
    with pytest.raises(rm.DataError, match=r"date_format='%m/%d/%Y'\) reads all 2 values"):
        read(frame)


def test_money_is_rounded_alike(read):
    values = [
        0.00005,
        -0.00005,
        0.00015,
        2.00025,
        1234567.89005,
        -7.77775,
        0.1 + 0.2,
        1e11,
        0.99995,
    ]
    frame = pd.DataFrame({"customer_id": list("abcdefghi"), "date": "2024-01-01", "value": values})
    parts = sql_dialects.sorted_frame(read(frame, returns="keep").days, "customer_id")["parts"]
    halves_away = [int(math.copysign(math.floor(abs(v * 10_000) + 0.5), v)) for v in values]
    assert parts.to_list() == halves_away


def test_histories_months_and_audits_are_the_same(read, frame):
    ours, duck = read(frame), rm.read_transactions(frame)
    pd.testing.assert_frame_equal(
        ours.distinct_histories(unit="day").table, duck.distinct_histories(unit="day").table
    )
    cut = [log.until("2024-03-31").customer_summary(unit="month").table for log in (ours, duck)]
    pd.testing.assert_frame_equal(*cut)
    columns = ["check", "rows", "share", "action"]
    pd.testing.assert_frame_equal(ours.audit[columns], duck.audit[columns])
    windows = [log.window(observed_from="2024-02-01", earlier="leave out") for log in (ours, duck)]
    pd.testing.assert_frame_equal(*(log.customer_summary().table for log in windows))


def test_other_tables_are_the_same(read, frame):
    ours, duck = read(frame), rm.read_transactions(frame)
    pd.testing.assert_frame_equal(rm.cohort_table(ours), rm.cohort_table(duck))
    pd.testing.assert_frame_equal(rm.customers.growth_table(ours), rm.customers.growth_table(duck))
    pd.testing.assert_frame_equal(
        rm.customers.purchase_counts(ours), rm.customers.purchase_counts(duck)
    )


def test_unusable_rows_are_shown_by_every_engine(read):
    frame = pd.DataFrame(
        {"customer_id": ["a", None, "b"], "date": ["2024-01-01"] * 3, "value": [1.0, 2.0, None]}
    )
    with pytest.raises(rm.DataError, match=r"in 1 of 3 rows value is blank. First: .*'b'"):
        read(frame)
    audit = read(frame, options=rm.ReadOptions(unusable="leave out")).audit.set_index("check")
    assert audit.loc["customer id missing", "rows"] == 1
    assert audit.loc["rows used", "rows"] == 1


def test_the_last_day_is_told(read, rows, frame):
    assert read(frame).observed_until == max(when for _, when, _ in rows).date()
    assert isinstance(read(frame).observed_from, date)


@pytest.mark.slow
@COPY
def test_spark_reads_files_by_a_word_and_keeps_ids_as_text(spark, tmp_path):
    """Ibis's own strip would turn the id "fred" into "red" on Spark."""
    rows = [("fred", "2024-01-01", "1.5"), (" fred", "2024-01-09", "2"), ("007", "2024-01-02", "3")]
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    frame.to_csv(tmp_path / "sales.csv.gz", index=False, sep=";")
    typed = frame.astype({"value": float}).assign(date=pd.to_datetime(frame["date"]))
    (tmp_path / "country=BG").mkdir()
    typed.to_parquet(tmp_path / "country=BG" / "sales.parquet")
    expected = rm.read_transactions(frame).customer_summary(unit="day").table
    sources = [
        tmp_path / "sales.csv.gz",
        tmp_path / "country=BG",
        spark.createDataFrame(rows, list(frame)),
    ]
    for source in sources:
        for engine in ("pyspark", spark):
            log = rm.read_transactions(source, engine=engine)
            pd.testing.assert_frame_equal(log.customer_summary(unit="day").table, expected)


@pytest.mark.slow
@COPY
def test_spark_reads_the_same_dialects_as_duckdb(spark, tmp_path):
    texts = {
        "quoted.csv": 'id;note\r\n#7;"two\r\nlines; ""said"""\r\n007;5" disk\n',
        "western.csv": "id,note\n1,Café\n",
        "sales[12].csv": "id\tnote\n1\t\n",
    }
    for name, text in texts.items():
        encoding = "cp1252" if name == "western.csv" else "utf-8"
        (tmp_path / name).write_bytes(text.encode(encoding))
        dialect = Dialect(encoding=encoding)
        read = [
            opened_source(tmp_path / name, dialect=dialect, engine=engine).table.to_pandas()
            for engine in (spark, None)
        ]
        pd.testing.assert_frame_equal(*read)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "a1.parquet")
    pd.DataFrame({"x": [12]}).to_parquet(tmp_path / "a[12].parquet")
    found = opened_source(tmp_path / "a[12].parquet", engine=spark).table.to_pandas()
    assert found["x"].tolist() == [12]


@pytest.mark.slow
def test_scores_segments_and_retention_are_the_same(read, frame):
    ours, duck = read(frame), rm.read_transactions(frame)
    for how in ({}, {"method": "nested"}, {"cuts": {"recency": [10, 30], "monetary": [5, 50]}}):
        pd.testing.assert_frame_equal(rm.rfm_scores(ours, **how), rm.rfm_scores(duck, **how))
    curves = [rm.retention_curve(log, by="cohort", within="60 days").table for log in (ours, duck)]
    pd.testing.assert_frame_equal(*curves)


def test_splits_and_windows_are_the_same(read, frame):
    log, duck = read(frame), rm.read_transactions(frame)
    pd.testing.assert_frame_equal(
        log.split(at="2024-01-31").holdout, duck.split(at="2024-01-31").holdout
    )
    for window in ({"observed_until": "2024-02-10"}, {"observed_from": "2024-01-15"}):
        ours, theirs = (
            one.window(**window, earlier="leave out").audit.set_index("check")["rows"].to_dict()
            for one in (log, duck)
        )
        assert ours == theirs


@pytest.mark.slow
def test_nothing_is_stored_in_a_postgresql_session_that_may_only_read(postgres_url, frame):
    source = engines.postgres_source(frame, postgres_url, "sales")
    with _read_only(postgres_url) as connection:
        table = ibis.postgres.from_connection(connection).table("sales")
        assert sql_dialects.stored(table) is table
        log = rm.read_transactions(table)
        assert len(log.customer_summary()) == len(rm.read_transactions(source).customer_summary())


def _read_only(url):
    import psycopg

    return psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=on")


@functools.cache
def from_text(zone):
    """Customers and histories from a table of text, whose days are cut in a zone."""
    raw = ibis.table({"customer_id": "string", "date": "string", "value": "string"}, name="t")
    options = rm.ReadOptions(exclude="blank(customer_id)", date_format="%d.%m.%Y %H:%M")
    if zone is not None:
        options = rm.ReadOptions(time_zone=zone, source_time_zone="America/New_York")
    rows = row_checks.usable_rows(row_checks.checked_rows(raw, Columns(), options), options)
    days = purchase_days(rows, returns="net", has_returns=True)
    return (
        aggregation.customers(days, date(2024, 1, 1)),
        aggregation.histories(days, date(2024, 1, 31), months=True),
    )


class TestGoldenSql:
    """The same expressions compile for warehouses that no test can reach."""

    @pytest.mark.parametrize(
        ("dialect", "zone"),
        [
            *((name, None) for name in ("snowflake", "bigquery", "postgres", "sqlite", "duckdb")),
            *((name, "Europe/Sofia") for name in ("snowflake", "bigquery")),
        ],
    )
    def test_from_text_to_customers(self, dialect, zone):
        for made in from_text(zone):
            sql = str(ibis.to_sql(made, dialect=dialect)).upper()
            assert sql.count("SELECT") >= 5
            assert "OVER (" in sql
            assert "TRY_STRPTIME" not in sql

    def test_the_words_of_warehouses(self):
        raw = ibis.table({"customer_id": "int64", "date": "date", "value": "float64"}, name="t")
        rows = row_checks.usable_rows(
            row_checks.checked_rows(raw, Columns(), rm.ReadOptions()), rm.ReadOptions()
        )
        days = purchase_days(rows, returns="net", has_returns=False)
        made = aggregation.customers(days, date(2024, 1, 1))
        snow, big = (str(ibis.to_sql(made, dialect=name)) for name in ("snowflake", "bigquery"))
        assert "DATEDIFF(DAY" in snow
        assert "DATE_DIFF(" in big
        for sql in (snow, big):
            assert "MIN_BY(" in sql
            assert sql.count("GROUP BY") == 2


def test_parsed_rows_are_copied_where_parsing_them_again_is_slow():
    duck, lite = ibis.duckdb.connect(), ibis.sqlite.connect()
    for engine, text, copied in ((duck, True, True), (duck, False, False), (lite, False, True)):
        name = f"{sql_dialects.TEMPORARY_PREFIX}_{text}"
        raw = engine.create_table(name, pd.DataFrame({"a": ["1", "2"]}))
        table = raw.mutate(b=raw.a.cast("int64"))
        found = sql_dialects.materialised_rows(table, raw, text=text)
        assert (found is not table) == copied
        assert (name in engine.list_tables()) != copied
        assert sorted(found.to_pandas()["b"]) == [1, 2]
    kept = duck.create_table("own", pd.DataFrame({"a": ["1"]}))
    sql_dialects.materialised_rows(kept.mutate(b=1), kept, text=True)
    assert "own" in duck.list_tables()
    duck.disconnect()
    lite.disconnect()


def test_a_result_in_spark_is_cached_under_the_name_that_is_read(monkeypatch):
    views = {}

    def sql(query):
        view = SimpleNamespace(createOrReplaceTempView=lambda name: views.update({name: query}))
        return SimpleNamespace(cache=lambda: view)

    monkeypatch.setattr(sql_dialects, "engine_name", lambda table: "pyspark")
    copy = SimpleNamespace(op=lambda: views.get)
    backend = SimpleNamespace(
        _session=SimpleNamespace(sql=sql),
        compile=lambda table: "SELECT 1",
        table=lambda name: copy if name in views else None,
    )
    monkeypatch.setattr(sql_dialects.weakref, "finalize", lambda *given: SimpleNamespace())
    assert sql_dialects.stored(SimpleNamespace(get_backend=lambda: backend)) is copy
    assert list(views.values()) == ["SELECT 1"]


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def small(request):
    """A table of two customers in an engine of this process."""
    engine = getattr(ibis, request.param).connect()
    frame = pd.DataFrame({
        "who": ["a", "a", "b"], "parts": [5, -7, 9], "money": [0.5, -2.5, 2.4],
        "day": ["2024-02-03", "2024-02-01", "2023-12-31"], "text": ["e\u0301", "\u00e9", None],
    })  # fmt: skip
    table = engine.create_table("small", frame, temp=True)
    yield table.mutate(day=table.day.cast("date"))
    engine.disconnect()


def column_of(value):
    return value.name("x").as_table().to_pandas()["x"].tolist()


def test_arithmetic_is_the_same_in_each_engine(small):
    assert column_of(sql_dialects.rounded_half_away(small.money)) == [1, -3, 2]
    assert column_of(sql_dialects.composed(small.text))[:2] == ["\u00e9", "\u00e9"]
    assert column_of(sql_dialects.epoch_day(small.day)) == [19756, 19754, 19722]
    back = column_of(sql_dialects.date_of_epoch_day(sql_dialects.epoch_day(small.day)))
    assert [str(day)[:10] for day in back] == ["2024-02-03", "2024-02-01", "2023-12-31"]
    assert not any(column_of(sql_dialects.is_nan(small.money)))
    grouped = small.group_by("who").aggregate(
        first=sql_dialects.value_on_first_day(small.parts, small.day),
        total=sql_dialects.integer_sum(small.parts),
        bits=sql_dialects.union_of_bits(small.parts.abs()),
    )
    found = sql_dialects.sorted_frame(grouped, "who")
    assert found["first"].tolist() == [-7, 9]
    assert found["total"].tolist() == [-2, 9]
    assert found["bits"].tolist() == [5 | 7, 9]
    assert found["total"].dtype == "int64"
    seconds = small.select(s=sql_dialects.epoch_day(small.day) * 86_400)
    local = column_of(sql_dialects.local_epoch_seconds(seconds.s, "Europe/Sofia"))
    assert local == [day * 86_400 + 7200 for day in (19756, 19754, 19722)]


def test_numbers_of_periods_are_those_of_python(small):
    days = (date(2024, 2, 3), date(2024, 2, 1), date(2023, 12, 31))
    calendar = [Period(name) for name in ("week", "month", "quarter", "year")]
    for period in (*calendar, Period("quarter", first_month=3), Period("year", first_month=4)):
        found = column_of(sql_dialects.period_number(small.day, period))
        assert found == [period.number(day) for day in days]


def test_sqlite_may_hold_other_values_than_a_type_says():
    engine = ibis.sqlite.connect()
    engine.raw_sql("CREATE TABLE t (day DATE, n INTEGER, x TEXT)").close()
    engine.raw_sql("INSERT INTO t VALUES ('soon', 'seven', 'a'), ('2024-01-01', 7, x'00')").close()
    table = engine.table("t")
    assert column_of(sql_dialects.as_stored(table.day)) == ["soon", "2024-01-01"]
    assert column_of(sql_dialects.holds_number(table.n)) in ([False, True], [0, 1])
    assert sql_dialects.stored_values(table.select("n"))["n"].tolist() == ["seven", 7]
    sql_dialects.refuse_bytes(table, ["day", "n", "other"])
    with pytest.raises(rm.DataError, match="column 'x' must hold text or numbers; 1 rows hold by"):
        sql_dialects.refuse_bytes(table, ["x"])
    engine.disconnect()
    memory = ibis.memtable({"n": [7]})
    assert sql_dialects.holds_number(memory.n) is None
    sql_dialects.refuse_bytes(memory, ["n"])


def test_a_stored_result_is_dropped_when_the_next_one_is_stored(small, monkeypatch):
    first = sql_dialects.stored(small.select("who"))
    backend = small.get_backend()
    if backend.name == "duckdb":
        name = first.op().name
        del first
        gc.collect()
        assert name in backend.list_tables()
        second = sql_dialects.stored(small.select("day"))
        assert name not in backend.list_tables()
        assert len(second.to_pandas()) == 3
    monkeypatch.setattr(sql_dialects, "engine_name", lambda table: "snowflake")
    assert sql_dialects.stored(small) is small

import pytest

from relmark_research.reporting.reuse._source_scan import reads_clock, texts_of


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import date\ndate.today()",
        "import datetime as dt\ndt.datetime.now()",
        "datetime.utcnow()",
        "from time import time\ntime()",
        "import time\ntime.time()",
        "import time\ntime.strftime('%Y')",
        "pd.Timestamp.now()",
        "pd.Timestamp('today')",
        "np.datetime64('now')",
        "field(default_factory=date.today)",
        "duckdb.sql('select * from t where day < current_date')",
        "engine.execute('select now() as moment')",
        "%matplotlib inline\ndate.today()",
        "this is ( not python\ndate.today()",
        "import time as t\nt.strftime('%Y')",
        "%time day = date.today()",
        "if True:\n    %timeit -n 1 date.today()",
        "pd.Timestamp(ts_input='now')",
        "from ibis import now\nnow()",
        "connection.execute(\"select date('now')\")",
        "connection.execute(\"select strftime('%Y', 'now')\")",
        "duckdb.sql('select get_current_timestamp()')",
        "duckdb.sql('select transaction_timestamp()')",
        "%%sql\nselect * from t where day < current_date",
    ],
)
def test_code_that_reads_the_clock(source):
    assert reads_clock(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "today = log.observed_until\nprint(today)",
        "'What we know now: nothing'",
        "from datetime import date\ndate(2024, 1, 1)",
        "import time\ntime.perf_counter()",
        "from time import perf_counter",
        "story.answer('Today it rains')",
        "log.time",
        "%time x = 1",
        "not ( python",
    ],
)
def test_code_that_does_not(source):
    assert not reads_clock(source)


def test_texts_and_their_quoted_parts():
    source = "a = 'x.csv'\nq = \"select * from 'lake/*.parquet' join \\\"b.csv\\\"\""
    assert {"x.csv", "lake/*.parquet", "b.csv"} <= set(texts_of(source))
    assert list(texts_of("not ( python")) == []


@pytest.mark.parametrize(
    "source",
    ["if True:\n    %matplotlib inline\nread('a.csv')", "lines = !ls\nread('a.csv')"],
)
def test_texts_of_code_with_commands_of_ipython(source):
    assert "a.csv" in set(texts_of(source))


@pytest.mark.parametrize(
    "sources",
    [
        ["pd.read_parquet(Path('..') / 'data' / 'a.parquet')"],
        ["read(os.path.join('..', 'data', 'a.parquet'))"],
        ["read(Path('../data', 'a.parquet').resolve())"],
        ["data = Path('../data')", "read(str(data / 'a.parquet'))"],
        ["data = '../data'", "sql(f\"select * from '{data}/a.parquet'\")"],
        ["read(Path('../data').joinpath('a.parquet'))"],
        ["read('../data/' + 'a.parquet')"],
    ],
)
def test_paths_that_code_joins(sources):
    assert "../data/a.parquet" in set(texts_of(*sources))


def test_a_path_with_an_unknown_part_is_no_path():
    assert set(texts_of("read(folder / 'a.csv', 2 / 3)")) == {"a.csv"}

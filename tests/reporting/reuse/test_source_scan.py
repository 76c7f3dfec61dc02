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

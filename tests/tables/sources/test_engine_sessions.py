"""Engines are known by name; DuckDB's spill folders are removed, also after a killed process."""

import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.sources import engine_sessions

WAITS = """
import sys, time
from relmark_research.tables.sources import engine_sessions
engine = engine_sessions.connect(None)
print("ready", flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def folders(home):
    return sorted(path.name for path in home.glob("relmark-*"))


def age(home):
    for folder in home.glob("relmark-*"):
        os.utime(folder, (time.time() - 3600,) * 2)


def test_a_folder_goes_with_its_log(home):
    log = rm.read_transactions(
        pd.DataFrame({"customer_id": ["a"], "date": "2024-01-01"}).assign(value=1.0)
    )
    assert len(folders(home)) == 1
    age(home)
    engine_sessions.remove_stale_folders()
    assert len(folders(home)) == 1  # this process uses it
    assert len(log.customer_summary()) == 1
    del log
    gc.collect()
    assert folders(home) == []


def test_a_folder_with_spilled_rows_goes_too(home):
    engine = engine_sessions.connect(None)
    engine.raw_sql("SET memory_limit = '60MB'; SET threads = 1")
    rows = "SELECT range AS a, hash(range) AS b, hash(range + 1) AS c FROM range(4000000)"
    table = engine.sql(f"SELECT * FROM ({rows}) ORDER BY b")
    reader = table.to_pyarrow_batches(chunk_size=1000)
    next(iter(reader))
    assert any(path.suffix == ".tmp" for path in home.rglob("*"))
    del reader, table, engine
    gc.collect()
    assert folders(home) == []


@pytest.mark.parametrize("end", ["normal", "killed"])
def test_after_a_process(home, end):
    command = [sys.executable, "-c", WAITS, "wait" if end == "killed" else "end"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(home)}
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        if end == "killed":
            age(home)
            engine_sessions.remove_stale_folders()
            assert len(folders(home)) == 1  # it lives
            process.send_signal(signal.SIGKILL)
    if end == "killed":
        assert len(folders(home)) == 1
        age(home)
        engine_sessions.connect(None)
        gc.collect()
    assert folders(home) == []


def test_what_is_not_known_to_be_ours_stays(home):
    (home / "relmark-spill-old").mkdir()  # no lock in it
    (home / "relmark-12345678").mkdir()
    age(home)
    fresh = home / "relmark-spill-new"
    fresh.mkdir()
    (fresh / "lock").touch()
    engine_sessions.remove_stale_folders()
    assert folders(home) == ["relmark-12345678", "relmark-spill-new", "relmark-spill-old"]


@pytest.fixture
def frame():
    return pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"], "value": [1.0]})


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("pysparc", r"no engine 'pysparc'; there are: duckdb, pyspark.* Did you mean 'pyspark'"),
        ("local[", r"Did you mean 'local'"),
        (3, "an Ibis backend; found int"),
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


@pytest.fixture
def spark(monkeypatch):
    """A stand-in for PySpark: what was configured, and which session Ibis was given."""
    asked = SimpleNamespace(active=None, said=[], ibis=[])

    class Builder:
        def config(self, name, value):
            asked.said.append((name, value))
            return self

        def master(self, name):
            asked.said.append(("master", name))
            return self

        def getOrCreate(self):
            return f"new session, {len(asked.said)} settings"

    session = SimpleNamespace(builder=Builder(), getActiveSession=lambda: asked.active)
    monkeypatch.setitem(sys.modules, "pyspark", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "pyspark.sql", SimpleNamespace(SparkSession=session))
    monkeypatch.setitem(vars(ibis), "pyspark", SimpleNamespace(connect=asked.ibis.append))
    monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)
    return asked


@pytest.mark.parametrize(("master", "used"), [(None, "local[*]"), ("local[2]", "local[2]")])
def test_without_a_spark_session_one_is_made_that_listens_to_this_machine(spark, master, used):
    engine_sessions._spark(master)
    assert spark.said == [("spark.ui.enabled", "false"), ("master", used)]
    assert spark.ibis == ["new session, 2 settings"]
    assert os.environ["SPARK_LOCAL_IP"] == "127.0.0.1"


def test_the_active_spark_session_is_used_unless_another_master_is_named(spark):
    spark.active = "the notebook's"
    engine_sessions._spark(None)
    assert (spark.ibis, spark.said) == (["the notebook's"], [])
    engine_sessions._spark("local[3]")
    assert spark.ibis[1:] == ["new session, 2 settings"]
    assert ("master", "local[3]") in spark.said


def test_without_pyspark_it_says_what_to_install(frame, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(DataError, match=r"Java 17; PySpark is not installed\. Install it: "):
        rm.read_transactions(frame, engine="pyspark")

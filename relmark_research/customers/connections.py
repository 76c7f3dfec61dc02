"""What is worked in: an embedded DuckDB, Spark, or a backend of the user's own."""

from __future__ import annotations

import re
from typing import Any

from relmark_research.customers import spill
from relmark_research.errors import DataError, ParameterError, unknown_name

WORDS = ("duckdb", "pyspark")
_MASTER = re.compile(r"local(\[[^\]]+\])?|yarn|(spark|k8s|mesos)://.+")
_MASTERS = ("local", "local[2]", "yarn", "spark://host:7077", "k8s://host:443")


def check_engine(engine: str | None) -> None:
    """Raise ParameterError unless a word is an engine's, a Spark master, or None.

    Examples
    --------
    >>> check_engine("local[2]")
    """
    if engine is None or engine in WORDS:
        return
    if not isinstance(engine, str) or not _MASTER.fullmatch(engine):
        raise ParameterError(
            f"{unknown_name('engine', engine, [*WORDS, *_MASTERS])} "
            "A Spark master has its own host, port or number of threads."
        )


def connect(engine: Any) -> Any:
    """Return an Ibis backend for what was asked: None, a word, a Spark session, or a backend.

    Raises
    ------
    ParameterError
        Where ``engine`` is nothing that can be worked in.
    DataError
        Where PySpark is asked for and not installed.
    """
    if engine is None or isinstance(engine, str):
        check_engine(engine)
        spark = engine not in (None, "duckdb")
        return _spark(None if engine == "pyspark" else engine) if spark else _duckdb()
    if type(engine).__module__.startswith("pyspark."):
        import ibis

        return ibis.pyspark.connect(engine)
    if not hasattr(engine, "compile"):
        raise ParameterError(
            "an engine is a word, a Spark session or an Ibis backend; found "
            f"{type(engine).__name__}."
        )
    return engine


def _duckdb() -> Any:
    import ibis

    spilled = spill.Spill()
    connection = ibis.duckdb.connect(temp_directory=str(spilled.folder))
    spilled.remove_with(connection)
    connection.raw_sql("SET TimeZone = 'UTC'")
    connection.raw_sql("SET enable_progress_bar = false")  # it would stand in a report
    return connection


def _spark(master: str | None) -> Any:
    """Work in the active Spark session, or in a new one that listens to this machine only."""
    import os

    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise DataError(
            "engine='pyspark' needs PySpark and Java 17; PySpark is not installed. "
            "Install it: python -m pip install 'relmark-research[spark]'"
        ) from None
    import ibis

    session = SparkSession.getActiveSession()
    if session is None or master is not None:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.config("spark.ui.enabled", "false")
        session = builder.master(master or "local[*]").getOrCreate()
    return ibis.pyspark.connect(session)

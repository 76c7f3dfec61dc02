"""What is worked in: an embedded DuckDB, Spark, or a backend of the user's own."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO, Any

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

    spilled = Spill()
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


# Where DuckDB writes what does not fit into memory: a folder for each connection, gone with it.
# A process that is killed leaves its folders. Each holds a file that its process has locked, and
# the system gives up a lock with its process, so a later process knows which folders nobody
# uses.

PREFIX = "relmark-spill-"
_LOCK = "lock"
_NEW = 60.0  # seconds in which a folder may be on its way to being locked


class Spill:
    """A new folder to spill to, locked by this process.

    Attributes
    ----------
    folder
        The folder; it is there until `remove_with` says that it may go.
    """

    def __init__(self) -> None:
        remove_abandoned()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = (self.folder / _LOCK).open("w")
        _locked(self._lock)

    def remove_with(self, connection: object) -> None:
        """Remove the folder when the connection is forgotten, at the latest when Python ends."""
        weakref.finalize(connection, _remove, self.folder, self._lock, os.getpid())


def remove_abandoned() -> None:
    """Remove the folders of this user that no living process has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            about = folder.lstat()
            mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
            if not mine or time.time() - about.st_mtime < _NEW:
                continue
            with (folder / _LOCK).open("r+") as lock:
                if _locked(lock):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # gone meanwhile, or not such a folder


def _locked(file: IO[str]) -> bool:
    """Lock a file for this process; False where another has, or the system has no such locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(folder: Path, lock: IO[str], process: int) -> None:
    lock.close()
    if os.getpid() == process:  # a forked child has the folder from its parent
        shutil.rmtree(folder, ignore_errors=True)

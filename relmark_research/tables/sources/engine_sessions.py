"""Sessions of the engines that compute: an embedded DuckDB, Spark, or the user's own backend.

Each DuckDB connection writes what does not fit into memory to a folder of its own, which is removed
with the connection. A process that is killed leaves its folders behind. Each folder holds a file
that its process has locked, and the lock ends with the process, so a later process can tell which
folders are stale.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from relmark_research.errors import DataError, ParameterError, unknown_name

ENGINES = ("duckdb", "pyspark")
_MASTER = re.compile(r"local(\[[^\]]+\])?|yarn|(spark|k8s|mesos)://.+")
_MASTERS = ("local", "local[2]", "yarn", "spark://host:7077", "k8s://host:443")

SPILL_PREFIX = "relmark-spill-"
_LOCK_FILE = "lock"
_GRACE_SECONDS = 60.0  # a younger folder may not be locked yet


def check_engine(engine: str | None) -> None:
    """Raise ParameterError unless the value is the name of an engine, a Spark master, or None.

    Examples
    --------
    >>> check_engine("local[2]")
    """
    if engine is None or engine in ENGINES:
        return
    if not isinstance(engine, str) or not _MASTER.fullmatch(engine):
        raise ParameterError(
            f"{unknown_name('engine', engine, [*ENGINES, *_MASTERS])} "
            "Give a Spark master with your host, port or number of threads."
        )


def connect(engine: Any) -> Any:
    """Return an Ibis backend for an engine: None, a name, a Spark session, or a backend.

    Raises
    ------
    ParameterError
        Where ``engine`` is none of these.
    DataError
        Where PySpark is needed and not installed.
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
            "engine must be 'duckdb', 'pyspark', a Spark master, a Spark session or an Ibis "
            f"backend; found {type(engine).__name__}."
        )
    return engine


class SpillFolder:
    """A new temporary folder of one DuckDB connection, locked by this process.

    Attributes
    ----------
    folder
        The path; the folder exists until the connection of `remove_with` ends.
    """

    def __init__(self) -> None:
        remove_stale_folders()
        self.folder = Path(tempfile.mkdtemp(prefix=SPILL_PREFIX))
        self._lock = (self.folder / _LOCK_FILE).open("w")
        _try_lock(self._lock)

    def remove_with(self, connection: object) -> None:
        """Remove the folder when the connection is collected, at the latest when Python exits."""
        weakref.finalize(connection, _remove, self.folder, self._lock, os.getpid())


def remove_stale_folders() -> None:
    """Remove this user's spill folders that no running process has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SPILL_PREFIX}*"):
        try:
            status = folder.lstat()
            own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            if not own or time.time() - status.st_mtime < _GRACE_SECONDS:
                continue
            with (folder / _LOCK_FILE).open("r+") as lock:
                if _try_lock(lock):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # removed by another process, or not a spill folder


def _duckdb() -> Any:
    import ibis

    spill = SpillFolder()
    connection = ibis.duckdb.connect(temp_directory=str(spill.folder))
    spill.remove_with(connection)
    configure_duckdb(connection)
    return connection


def configure_duckdb(connection: Any) -> None:
    """Set a DuckDB connection to UTC and turn off its progress bar, which would show in reports.

    In a notebook without ipywidgets DuckDB shows no progress bar, and refuses the setting.
    """
    import duckdb

    connection.raw_sql("SET TimeZone = 'UTC'")
    with suppress(duckdb.InvalidInputException):
        connection.raw_sql("SET enable_progress_bar = false")


def _spark(master: str | None) -> Any:
    """Return the active Spark session, or a new one that listens to this machine only."""

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


def _try_lock(file: IO[str]) -> bool:
    """Lock a file for this process; False where another holds it, or on a system without locks."""
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
    if os.getpid() == process:  # a forked child shares the folder with its parent
        shutil.rmtree(folder, ignore_errors=True)

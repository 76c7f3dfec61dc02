"""The same rows put into every engine that is here: DuckDB, SQLite, PostgreSQL, PySpark."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

REQUIRED = "RELMARK_ENGINES"  # set to "required", what is missing fails instead of being skipped


def missing(what: str) -> None:
    """Skip with a clear word, or fail where every engine was asked for."""
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{REQUIRED}=required, but {what}")
    pytest.skip(what)


def sqlite_source(frame: pd.DataFrame, folder: Path) -> str:
    path = folder / f"crm{len(list(folder.iterdir()))}.db"
    money = "REAL" if pd.api.types.is_numeric_dtype(frame["value"]) else "TEXT"
    with sqlite3.connect(path) as connection:
        connection.execute(
            f"CREATE TABLE sales (customer_id TEXT, date TEXT, value {money}, cost REAL)"
        )
        rows = frame.assign(date=_text(frame["date"])).reindex(
            columns=["customer_id", "date", "value", "cost"]
        )
        rows = rows.astype(object).where(rows.notna(), None)
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", rows.to_numpy().tolist())
    connection.close()
    return f"sqlite:///{path}#sales"


def _text(dates: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(dates):
        return dates.dt.strftime("%Y-%m-%d %H:%M:%S")
    return dates.astype(str)


def postgres_source(frame: pd.DataFrame, url: str, table: str) -> str:
    import psycopg

    kind = "timestamp" if pd.api.types.is_datetime64_any_dtype(frame["date"]) else "text"
    money = "double precision" if pd.api.types.is_numeric_dtype(frame["value"]) else "text"
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{table}"')
        cursor.execute(f'CREATE TABLE "{table}" (customer_id text, date {kind}, value {money})')
        rows = frame.astype(object).where(frame.notna(), None)
        with cursor.copy(f'COPY "{table}" (customer_id, date, value) FROM STDIN') as copy:
            for row in rows[["customer_id", "date", "value"]].itertuples(index=False):
                copy.write_row(row)
    return f"{url}#{table}"


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL server of our own on the loopback, as a user who is not root."""
    programs = _postgres_programs()
    if programs is None:
        missing("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    if find_spec("psycopg") is None:
        missing("psycopg is not installed (pip install -r requirements-engines.lock)")
    folder = Path(tempfile.mkdtemp(prefix="relmark-pg-"))
    try:
        as_user = _unprivileged(folder)
        data = str(folder / "data")
        _run([*as_user, str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "reader",
              "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])  # fmt: skip
        control = [*as_user, str(programs / "pg_ctl"), "-D", data, "-w"]
        port = _start_on_a_free_port(control, folder)
        try:
            yield f"postgresql://reader@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the user its package made."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/")


def _start_on_a_free_port(control: list[str], folder: Path, tries: int = 5) -> int:
    """Start the server; another program may take the port before the server does."""
    for left in reversed(range(tries)):
        port = _free_port()
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}' "
            "-c fsync=off -c timezone=Asia/Tokyo"
        )
        try:
            _run([*control, "-l", str(folder / "log"), "-o", options, "start"])
            return port
        except subprocess.CalledProcessError:
            if not left:
                raise
    raise AssertionError("no try was made")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _close_sockets_with_their_files(patch: pytest.MonkeyPatch) -> None:
    """Close each socket that PySpark reads a result from; it leaves them to the collector."""
    from pyspark import util

    connect = util.local_connect_and_auth

    def connected(*given: Any) -> tuple[Any, socket.socket]:
        file, connection = connect(*given)
        connection.close()  # takes effect when its file is closed
        return file, connection

    patch.setattr(util, "local_connect_and_auth", connected)


@contextmanager
def spark_session() -> Iterator[Any]:
    """Run a real JVM, listening to this machine only."""
    if find_spec("pyspark") is None:
        missing("PySpark is not installed (pip install -r requirements-engines.lock)")
    if shutil.which("java") is None:
        missing("Java is not installed (Debian: apt-get install openjdk-17-jre-headless)")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession

    with (
        tempfile.TemporaryDirectory(prefix="relmark-spark-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        _close_sockets_with_their_files(patch)
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.sql.session.timeZone", "Asia/Tokyo")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            session.stop()

"""Tables and queries of databases, by URL; secrets come from the environment.

``sqlite:///crm.db#orders``, ``duckdb:///lake.duckdb#SELECT ...``,
``postgresql://reader@host/crm#sales.orders``, or ``env:NAME#orders``, where the environment
variable NAME holds the whole URL. A password is never part of a source: PostgreSQL's client takes
it from PGPASSWORD or a password file.

A database file is opened for reading only, and reads nothing outside itself: a view on another
file, an attached database and an extension are refused.
"""

from __future__ import annotations

import os
import re
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.tables.sources import engine_sessions

if TYPE_CHECKING:
    import ibis.expr.types as ir

SCHEMES = ("sqlite", "duckdb", "postgresql", "postgres")
_FILE_SCHEMES = ("sqlite", "duckdb")  # whose databases are files
_QUERY = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


@dataclass(frozen=True)
class DatabaseSource:
    """A database, and the table or query to read from it.

    Attributes
    ----------
    url
        The URL without the table or query; may hold a secret, so it is never shown.
    query
        A table, ``schema.table``, or a query.
    label
        The source without secrets, for messages and reports.
    """

    url: str = field(repr=False)
    query: str
    label: str


def parse_source(source: Any) -> DatabaseSource | None:
    """Return the database source that a URL or tuple names, or None for any other source.

    Parameters
    ----------
    source
        ``"URL#table"``, ``"URL#SELECT ..."``, ``"env:NAME#table"`` or ``(URL, table or query)``.
    """
    if isinstance(source, tuple) and len(source) == 2:
        url, query = (str(part) for part in source)
    elif isinstance(source, str) and (source.startswith("env:") or _scheme(source)):
        url, _, query = source.partition("#")
    else:
        return None
    named = url if url.startswith("env:") else _without_secret(url)
    if url.startswith("env:"):
        url = _from_environment(url.removeprefix("env:"))
    if _scheme(url) is None:
        raise ParameterError(
            f"a database URL begins with one of {', '.join(f'{s}://' for s in SCHEMES)}; "
            f"found {named.split('@')[-1]}."
        )
    if not query.strip():
        raise ParameterError(
            f"a database source names its table or query after '#', as in {named}#orders or "
            f"{named}#SELECT ...; found neither."
        )
    return DatabaseSource(
        url=url, query=unquote(query) if "%20" in query else query, label=f"{named}#{query}"
    )


def with_absolute_path(source: str, folder: Path) -> str:
    """Return a source with the path of its database file made absolute, relative to a folder.

    Any other source is returned unchanged.

    Examples
    --------
    >>> with_absolute_path("sqlite:///crm.db#orders", Path("/data"))
    'sqlite:////data/crm.db#orders'
    """
    url, mark, query = source.partition("#")
    if _scheme(url) not in _FILE_SCHEMES:
        return source
    scheme, _, path = url.partition("://")
    absolute = (folder / Path(unquote(path.removeprefix("/"))).expanduser()).absolute()
    return f"{scheme}:///{quote(str(absolute))}{mark}{query}"


def database_file(source: str) -> Path | None:
    """Return the file of a database on this machine; None for any other source.

    Examples
    --------
    >>> database_file("sqlite:////data/crm.db#orders").as_posix()
    '/data/crm.db'
    """
    url = source.partition("#")[0]
    if _scheme(url) not in _FILE_SCHEMES:
        return None
    return Path(unquote(url.split("://", 1)[1].removeprefix("/")))


def connect(source: DatabaseSource) -> ir.Table:
    """Connect, and return the table or the query as a lazy Ibis table.

    Raises
    ------
    DataError
        Where the database cannot be reached or has no such table; the message holds no secret.
    """
    connection = _connection(source)
    try:
        _check_one_statement(connection, source)
        if _QUERY.match(source.query):
            return connection.sql(source.query.rstrip().rstrip(";"))
        schema, _, table = source.query.strip().rpartition(".")
        return connection.table(table, database=schema or None)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  (each engine has its own)
        if _reads_outside(error):
            raise DataError(
                f"{source.query!r} in {source.label.split('#')[0]} reads a file or an address "
                "outside the database, which is not allowed. Give that file as the source, or copy "
                "its rows into a table of the database."
            ) from None
        message = _redacted(error, source)
        tables = _table_names(connection)
        missing = tables and source.query.strip() not in tables
        raise DataError(
            f"expected {source.query!r} to be a table or a query in {source.label.split('#')[0]}: "
            f"{unknown_name('table', source.query, tables) if missing else message}"
        ) from None


def _scheme(url: str) -> str | None:
    head = url.split("://", 1)[0]
    return head if "://" in url and head in SCHEMES else None


def _without_secret(url: str) -> str:
    """Return the URL, or raise ParameterError where it contains a password."""
    parts = urlsplit(url)
    if parts.password is not None or "password" in parts.query.lower():
        raise ParameterError(
            f"a source must not contain a password; the URL of "
            f"{parts.hostname or 'the database'} does. Leave it out and set the environment "
            "variable PGPASSWORD, or put the whole URL into a variable such as CRM_URL and give "
            "env:CRM_URL#table."
        )
    return url


def _from_environment(name: str) -> str:
    url = os.environ.get(name)
    if not url:
        raise ParameterError(
            f"env:{name} needs the environment variable {name}, which is not set. "
            "Set it to the database's URL."
        )
    return url


def _connection(source: DatabaseSource) -> Any:
    import ibis

    scheme, parts = _scheme(source.url), urlsplit(source.url)
    try:
        if scheme in _FILE_SCHEMES:
            path = _database_file(source)
            return _closed_duckdb(path) if scheme == "duckdb" else _closed_sqlite(path)
        connection = ibis.postgres.connect(**_client_arguments(parts))
        weakref.finalize(connection, connection.con.close)  # with the last table that uses it
        return connection
    except DataError:
        raise
    except ImportError:
        raise DataError(
            "a PostgreSQL source needs psycopg, which is not installed. "
            "Install it: python -m pip install 'relmark-research[postgres]'"
        ) from None
    except Exception as error:  # noqa: BLE001  (each client has its own)
        label = source.label.split("#")[0]
        raise DataError(
            f"{label} cannot be reached: {_redacted(error, source)} "
            "Check host, port, database, user and the password in the environment."
        ) from None


def _closed_duckdb(path: str) -> Any:
    """Open a DuckDB file for reading; once off, external access cannot be turned on again.

    The configuration is not locked: a second connection to the same file in this process could then
    not be opened.
    """
    import ibis

    connection = ibis.duckdb.connect(path, read_only=True)
    engine_sessions.configure_duckdb(connection)
    connection.raw_sql("SET enable_external_access = false")
    return connection


def _closed_sqlite(path: str) -> Any:
    """Open a SQLite file for reading, without further files; Python loads no extensions."""
    import sqlite3

    import ibis

    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    return ibis.sqlite.from_connection(connection)


def _check_one_statement(connection: Any, source: DatabaseSource) -> None:
    """Raise DataError for several statements; SQLite and PostgreSQL refuse them by themselves."""
    if connection.name != "duckdb" or not _QUERY.match(source.query):
        return
    found = len(connection.con.extract_statements(source.query))
    if found != 1:
        raise DataError(f"a source has one query; found {found} statements in {source.label}.")


def _reads_outside(error: Exception) -> bool:
    words = str(error)
    refused = ("file system operations are disabled", "external extensions is disabled")
    return words.startswith("Permission Error") or any(each in words for each in refused)


def _database_file(source: DatabaseSource) -> str:
    path = unquote(source.url.split("://", 1)[1].removeprefix("/"))
    if not Path(path).is_file():
        raise DataError(
            f"there is no database file {path}. An absolute path has four slashes: "
            "sqlite:////data/crm.db"
        )
    return path


def _client_arguments(parts: Any) -> dict[str, Any]:
    """Return the arguments of PostgreSQL's client; it takes others from the environment."""
    arguments = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.removeprefix("/")) or None,
    }
    if arguments["port"] is None:
        arguments["port"] = int(os.environ.get("PGPORT", "5432"))
    given = {name: value for name, value in arguments.items() if value is not None}
    return {**given, "options": "-c timezone=UTC"}


def _redacted(error: Exception, source: DatabaseSource) -> str:
    """Return the first line of an engine's message without the URL and its password."""
    message = (str(error).strip().splitlines() or [type(error).__name__])[0]
    secrets = [source.url, urlsplit(source.url).password, os.environ.get("PGPASSWORD")]
    for secret in secrets:
        if secret:
            message = message.replace(secret, "***").replace(unquote(secret), "***")
    return message if message.endswith(".") else f"{message}."


def _table_names(connection: Any) -> list[str]:
    try:
        return sorted(connection.list_tables())[:20]
    except Exception:  # noqa: BLE001  (only to suggest a name)
        return []

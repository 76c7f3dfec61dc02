"""Tables and queries of databases, by URL; what is secret comes from the environment.

``sqlite:///crm.db#orders``, ``duckdb:///lake.duckdb#SELECT ...``,
``postgresql://reader@host/crm#sales.orders``, or ``env:NAME#orders``, where the environment's
variable NAME holds the whole URL. A password is never part of a source: PostgreSQL's client takes
it from PGPASSWORD or a password file.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from relmark_research.errors import DataError, ParameterError, unknown_name

if TYPE_CHECKING:
    import ibis.expr.types as ir

SCHEMES = ("sqlite", "duckdb", "postgresql", "postgres")
_FILES = ("sqlite", "duckdb")  # whose databases are files
_QUERY = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where a database is, and what to read in it.

    Attributes
    ----------
    url
        Without what is read, and possibly secret: never shown.
    what
        A table, ``schema.table``, or a query.
    shown
        What may be said of the place.
    """

    url: str = field(repr=False)
    what: str
    shown: str


def place_of(source: Any) -> Place | None:
    """Return the database that a source names, or None where it names none.

    Parameters
    ----------
    source
        ``"URL#table"``, ``"URL#SELECT ..."``, ``"env:NAME#table"`` or ``(URL, table or query)``.
    """
    if isinstance(source, tuple) and len(source) == 2:
        url, what = (str(part) for part in source)
    elif isinstance(source, str) and (source.startswith("env:") or _scheme(source)):
        url, _, what = source.partition("#")
    else:
        return None
    named = url if url.startswith("env:") else _without_secret(url)
    if url.startswith("env:"):
        url = _from_environment(url.removeprefix("env:"))
    if _scheme(url) is None:
        raise ParameterError(
            f"a database URL begins with one of {', '.join(f'{s}://' for s in SCHEMES)}; "
            f"that of {named.split('@')[-1]} does not."
        )
    if not what.strip():
        raise ParameterError(
            f"a database source names its table or query after '#', as in {named}#orders or "
            f"{named}#SELECT ...; found none."
        )
    return Place(url=url, what=unquote(what) if "%20" in what else what, shown=f"{named}#{what}")


def located(source: str, folder: Path) -> str:
    """Return a source with the relative path of a database's file made absolute, from a folder.

    Any other source is returned as it is.

    Examples
    --------
    >>> located("sqlite:///crm.db#orders", Path("/data"))
    'sqlite:////data/crm.db#orders'
    """
    url, mark, what = source.partition("#")
    if _scheme(url) not in _FILES:
        return source
    scheme, _, path = url.partition("://")
    absolute = (folder / Path(unquote(path.removeprefix("/"))).expanduser()).absolute()
    return f"{scheme}:///{quote(str(absolute))}{mark}{what}"


def open_table(place: Place) -> ir.Table:
    """Connect and return the table or the query as a lazy Ibis table.

    Raises
    ------
    DataError
        Where the database cannot be reached or has no such table; the message holds no secret.
    """
    connection = _connected(place)
    try:
        if _QUERY.match(place.what):
            return connection.sql(place.what.rstrip().rstrip(";"))
        schema, _, table = place.what.strip().rpartition(".")
        return connection.table(table, database=schema or None)
    except Exception as error:  # noqa: BLE001  (each engine has its own)
        said = _scrubbed(error, place)
        near = _tables(connection)
        raise DataError(
            f"expected {place.what!r} to be a table or a query in {place.shown.split('#')[0]}: "
            f"{unknown_name('table', place.what, near) if near else said}"
        ) from None


def _scheme(url: str) -> str | None:
    head = url.split("://", 1)[0]
    return head if "://" in url and head in SCHEMES else None


def _without_secret(url: str) -> str:
    """Return a URL that may be shown, refusing one that carries a password."""
    parts = urlsplit(url)
    if parts.password is not None or "password" in parts.query.lower():
        raise ParameterError(
            f"a source never holds a password; the URL of {parts.hostname or 'the database'} does. "
            "Leave it out and set PGPASSWORD in the environment, or put the whole URL into a "
            "variable, CRM_URL say, and give env:CRM_URL#table."
        )
    return url


def _from_environment(name: str) -> str:
    url = os.environ.get(name)
    if not url:
        raise ParameterError(
            f"env:{name} asks for the environment's variable {name}, which is not set. "
            "Set it to the database's URL."
        )
    return url


def _connected(place: Place) -> Any:
    import ibis

    scheme, parts = _scheme(place.url), urlsplit(place.url)
    try:
        if scheme in _FILES:
            path = _file(place)
            if scheme == "duckdb":
                connection = ibis.duckdb.connect(path, read_only=True)
                connection.raw_sql("SET TimeZone = 'UTC'")
                connection.raw_sql("SET enable_progress_bar = false")
                return connection
            return ibis.sqlite.connect(path)
        return ibis.postgres.connect(**_client(parts))
    except DataError:
        raise
    except ImportError:
        raise DataError(
            "a PostgreSQL source needs psycopg, which is not installed. "
            "Install it: python -m pip install 'relmark-research[postgres]'"
        ) from None
    except Exception as error:  # noqa: BLE001  (each client has its own)
        shown = place.shown.split("#")[0]
        raise DataError(
            f"{shown} cannot be reached: {_scrubbed(error, place)} "
            "Check host, port, database, user and the password in the environment."
        ) from None


def _file(place: Place) -> str:
    path = unquote(place.url.split("://", 1)[1].removeprefix("/"))
    if not Path(path).is_file():
        raise DataError(
            f"there is no database file {path}. An absolute path has four slashes: "
            "sqlite:////data/crm.db"
        )
    return path


def _client(parts: Any) -> dict[str, Any]:
    """Return what PostgreSQL's client is told; what is not here it takes from the environment."""
    told = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.removeprefix("/")) or None,
    }
    if told["port"] is None:
        told["port"] = int(os.environ.get("PGPORT", "5432"))
    known = {name: value for name, value in told.items() if value is not None}
    return {**known, "options": "-c timezone=UTC"}


def _scrubbed(error: Exception, place: Place) -> str:
    """Return an engine's first line without anything of the URL that is not shown anyway."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    secrets = [place.url, urlsplit(place.url).password, os.environ.get("PGPASSWORD")]
    for secret in secrets:
        if secret:
            said = said.replace(secret, "***").replace(unquote(secret), "***")
    return said if said.endswith(".") else f"{said}."


def _tables(connection: Any) -> list[str]:
    try:
        return sorted(connection.list_tables())[:20]
    except Exception:  # noqa: BLE001  (only to help with a name)
        return []

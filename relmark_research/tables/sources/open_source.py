"""Where rows come from: one word or object in, a lazy table of an engine out.

The engine is DuckDB, embedded; databases are asked in their own engine, and PySpark by a word. Text
files are read with every column as text, so that nothing is guessed: an id such as ``007`` stays
``007`` and a date is parsed by the rule that was asked for.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pandas as pd

from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.tables import sql_dialects
from relmark_research.tables.sources import bundled_files, databases, engine_sessions

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


def open_source(source: Any, *, separator: str | None, engine: Any = None) -> ir.Table:
    """Return the rows of ``source`` as a lazy Ibis table with their own column names.

    Parameters
    ----------
    source
        Path, folder or glob of CSV (plain or gzip) or Parquet files, ``"dataset:cdnow"``, a
        database's table or query (`databases`), a pandas, polars, Arrow or Spark table, or an Ibis
        table.
    separator
        Column separator of text files; None lets DuckDB's sniffer find it.
    engine
        What to work in, as `connections.connect` takes it; None is an embedded DuckDB.

    Raises
    ------
    DataError
        Where there is no such file, it is empty, or its kind is not known.
    """
    import ibis

    if isinstance(source, ibis.expr.types.Table):
        return source
    place = databases.place_of(source)
    if place is not None:
        if engine is not None:
            raise ParameterError(
                f"{place.shown} is worked in by its own database; engine must be None, "
                f"found {engine!r}."
            )
        return databases.open_table(place)
    if type(source).__module__.startswith("pyspark."):
        engine = source.sparkSession if engine is None else engine
    connection = engine_sessions.connect(engine)
    if isinstance(source, str) and source.startswith("dataset:"):
        source = bundled_files.log_rows(source.removeprefix("dataset:"))
    if isinstance(source, str | Path):
        return _read_files(connection, str(source), separator)
    return _read_frame(connection, source)


def describe_source(source: Any) -> str:
    """Return what to call ``source`` in an error or a report; never its contents or a secret."""
    place = databases.place_of(source)
    if place is not None:
        return place.shown
    if isinstance(source, str | Path):
        return str(source)
    return f"a {type(source).__module__.split('.')[0]} {type(source).__name__}"


def _read_files(connection: Any, pattern: str, separator: str | None) -> ir.Table:

    paths = sorted(glob.glob(pattern, recursive=True)) or [pattern]  # noqa: PTH207  (any glob)
    for path in paths:
        _refuse_unreadable(Path(path))
    parquet = all(_holds_parquet(Path(path)) for path in paths)
    if connection.name == "pyspark":
        return _read_by_spark(connection, paths, separator, parquet)
    if connection.name != "duckdb":
        raise ParameterError(
            f"files are read by DuckDB or PySpark; found engine {connection.name}. "
            "Leave engine out, or name the database's own table."
        )
    paths = [file for path in paths for file in _pattern(Path(path), parquet)]
    if parquet:
        return connection.read_parquet(paths, hive_partitioning=len(paths) > 1 or "**" in paths[0])
    options: dict[str, Any] = {"all_varchar": True, "header": True}
    if separator is not None:
        options["delim"] = separator
    try:
        scanned = connection.read_csv(paths, **options)
        return connection.create_table(f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}", scanned, temp=True)
    except Exception as error:  # duckdb and ibis each have their own
        raise DataError(
            f"expected a delimited text file with a header line; {pattern} cannot be read as one: "
            f"{str(error).splitlines()[0]} Name the separator in ReadOptions(separator=...)."
        ) from error


def _holds_parquet(path: Path) -> bool:
    if path.is_dir():
        return any(path.rglob("*.parquet")) or any(path.rglob("*.pq"))
    return path.name.endswith((".parquet", ".pq"))


def _pattern(path: Path, parquet: bool) -> list[str]:
    """Return a file itself, and for a folder the patterns of the tables in and below it."""
    if not path.is_dir():
        return [str(path)]
    endings = ("parquet", "pq") if parquet else ("csv", "csv.gz", "tsv", "tsv.gz", "txt")
    found = [f"{path}/**/*.{ending}" for ending in endings if any(path.rglob(f"*.{ending}"))]
    if not found:
        raise DataError(
            f"expected CSV or Parquet files in the folder {path}; found none. Name another folder."
        )
    return found


def _read_by_spark(
    connection: Any, paths: list[str], separator: str | None, parquet: bool
) -> ir.Table:

    paths = [str(Path(path).resolve()) for path in paths]
    reader = connection._session.read
    if parquet:
        frame = reader.parquet(*paths)
    else:
        sniffed = separator or _separator(Path(paths[0]))
        options = {"header": True, "inferSchema": False, "sep": sniffed, "escape": '"'}
        frame = reader.options(**options).option("recursiveFileLookup", True).csv(paths)
    name = f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}"
    frame.createOrReplaceTempView(name)
    return connection.table(name)


def _separator(path: Path) -> str:
    """Return the sign that parts the first line of a text file, for engines that do not look."""
    import gzip

    file = next(iter(sorted(path.rglob("*.*"))), path) if path.is_dir() else path
    with gzip.open(file, "rt") if file.name.endswith(".gz") else file.open() as lines:
        first = lines.readline()
    return max(",;\t|", key=first.count)


def _refuse_unreadable(path: Path) -> None:
    if not path.exists():
        near = unknown_name("file", path.name, _neighbours(path))
        raise DataError(f"there is no file {path}. In {path.resolve().parent}: {near}")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(
            f"expected a table with a header line; {path} is empty (0 bytes). "
            "Export it again, or name another file."
        )


def _neighbours(path: Path) -> list[str]:
    folder = path.resolve().parent
    if not folder.is_dir():
        return []
    tables = (".csv", ".gz", ".parquet", ".pq", ".txt", ".tsv")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(tables))[:12]


def _read_frame(connection: Any, frame: Any) -> ir.Table:

    if not hasattr(frame, "columns") and not hasattr(frame, "schema"):
        raise DataError(
            "a source is a path, a glob, 'dataset:cdnow', a database's URL with #table, a pandas, "
            f"polars or Arrow table, or an Ibis table; found {type(frame).__name__}."
        )
    name = f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}"
    if isinstance(frame, pd.DataFrame):
        frame = plain_frame(frame)
    if connection.name == "pyspark":
        if not hasattr(frame, "createOrReplaceTempView"):
            frame = connection._session.createDataFrame(_as_arrow(frame))
        frame.createOrReplaceTempView(name)
        return connection.table(name)
    if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):
        frame = frame.collect()  # a lazy polars frame
    return connection.create_table(name, frame, temp=True)


def _as_arrow(frame: Any) -> Any:
    import pyarrow as pa

    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    frame = frame.collect() if hasattr(frame, "collect") else frame
    return frame.to_arrow() if hasattr(frame, "to_arrow") else frame


# A pandas table as an engine can take it: plain columns, one kind of value in each.

_PLAIN = {"string", "boolean", "integer", "floating", "decimal", "date", "datetime", "datetime64"}


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text names, its named index as columns, and ids of any kind as text.

    Parameters
    ----------
    frame
        Whatever the user has; it is not changed.

    Returns
    -------
    DataFrame
        Periods become the day on which they begin; columns of mixed values, or of objects such as
        UUIDs, become text; columns of nothing but missing values become missing text.

    Raises
    ------
    DataError
        Where there is no column, a name stands twice, names have levels, or values are complex.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_frame(pd.DataFrame({"customer_id": [7, "B7"]}))["customer_id"].to_list()
    ['7', 'B7']
    """
    if frame.columns.nlevels > 1:
        raise DataError(
            f"column names have one level; found {frame.columns.nlevels}, "
            f"first {frame.columns[0]!r}. Flatten them first."
        )
    frame = _with_index(frame.rename(columns=str))
    twice = frame.columns[frame.columns.duplicated()].unique().to_list()
    if twice or not len(frame.columns):
        found = f"{', '.join(map(repr, twice))} more than once" if twice else "no column at all"
        raise DataError(f"a table has columns, each of its own name; found {found}.")
    changed = {str(name): _plain(frame[name]) for name in frame if _is_odd(frame[name])}
    return frame.assign(**changed)


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame.index.names if name is not None]
    new = [name for name in names if str(name) not in frame.columns]
    return frame.reset_index(level=new).rename(columns=str) if new else frame


def _is_odd(column: pd.Series) -> bool:
    import pandas as pd

    return (
        column.dtype == object
        or column.dtype.kind == "c"
        or isinstance(column.dtype, pd.PeriodDtype)
        or bool(column.isna().all())
    )


def _plain(column: pd.Series) -> pd.Series:
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if column.dtype.kind == "c":
        raise DataError(f"column {column.name!r} holds complex numbers; real ones are needed.")
    if column.isna().all():
        return column.astype("str")
    if pd.api.types.infer_dtype(column, skipna=True) in _PLAIN:
        return column
    return column.map(str, na_action="ignore").astype("str")

"""Opening of a source (a path, a frame, a database) as a lazy table of an engine.

The engine is an embedded DuckDB by default; a database is queried in its own engine, and PySpark is
used on request. Columns of text files are read as text, so that no type is guessed: an id such as
``007`` stays ``007``, and a date is parsed by the given rule.
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

_PLAIN_TYPES = {  # as pandas infers them
    "string", "boolean", "integer", "floating", "decimal", "date", "datetime", "datetime64",
}  # fmt: skip


def open_source(source: Any, *, separator: str | None, engine: Any = None) -> ir.Table:
    """Return the rows of ``source`` as a lazy Ibis table with their own column names.

    Parameters
    ----------
    source
        Path, folder or glob of CSV (plain or gzip) or Parquet files, ``"dataset:cdnow"``,
        ``"sample:events"``, a database's table or query (see `databases`), a pandas, polars, Arrow
        or Spark table, or an Ibis table.
    separator
        Column separator of text files; None lets DuckDB detect it.
    engine
        The engine, as `engine_sessions.connect` takes it; None is an embedded DuckDB.

    Raises
    ------
    DataError
        Where a file is missing or empty, or the source is of no known kind.
    ParameterError
        Where ``engine`` is given for a database, or is unknown.
    """
    import ibis

    if isinstance(source, ibis.expr.types.Table):
        return source
    database = databases.parse_source(source)
    if database is not None:
        if engine is not None:
            raise ParameterError(
                f"{database.label} is queried in its own database; engine must be None, "
                f"found {engine!r}."
            )
        return databases.connect(database)
    if type(source).__module__.startswith("pyspark."):
        engine = source.sparkSession if engine is None else engine
    connection = engine_sessions.connect(engine)
    if isinstance(source, str):
        source = _bundled(source)
    if isinstance(source, str | Path):
        return _read_files(connection, str(source), separator)
    return _read_frame(connection, source)


def describe_source(source: Any) -> str:
    """Return a name of ``source`` for messages and reports, without contents or secrets."""
    database = databases.parse_source(source)
    if database is not None:
        return database.label
    if isinstance(source, str | Path):
        return str(source)
    return f"a {type(source).__module__.split('.')[0]} {type(source).__name__}"


def normalised_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a pandas table as an engine accepts it, with one type of value per column.

    Parameters
    ----------
    frame
        The user's table; it is not changed.

    Returns
    -------
    DataFrame
        Column names are text, and a named index becomes columns. Periods become their first day;
        columns of mixed values, or of objects such as UUIDs, become text; columns of missing values
        only become missing text.

    Raises
    ------
    DataError
        Where there is no column, names repeat or have levels, or values are complex.

    Examples
    --------
    >>> import pandas as pd
    >>> normalised_frame(pd.DataFrame({"customer_id": [7, "B7"]}))["customer_id"].to_list()
    ['7', 'B7']
    """
    if frame.columns.nlevels > 1:
        raise DataError(
            f"column names must have one level; found {frame.columns.nlevels}, "
            f"first {frame.columns[0]!r}. Flatten them first."
        )
    frame = _index_as_columns(frame.rename(columns=str))
    repeated = frame.columns[frame.columns.duplicated()].unique().to_list()
    if repeated or not len(frame.columns):
        found = (
            f"{', '.join(map(repr, repeated))} more than once" if repeated else "no column at all"
        )
        raise DataError(f"expected columns of different names; found {found}.")
    changed = {
        str(name): _converted(frame[name]) for name in frame if _needs_conversion(frame[name])
    }
    return frame.assign(**changed)


def _bundled(source: str) -> str | pd.DataFrame:
    """Return the rows of a bundled log or sample table; any other source unchanged."""
    if source.startswith(bundled_files.DATASET_PREFIX):
        return bundled_files.log_rows(source.removeprefix(bundled_files.DATASET_PREFIX))
    if source.startswith(bundled_files.SAMPLE_PREFIX):
        return bundled_files.sample_table(source.removeprefix(bundled_files.SAMPLE_PREFIX))
    return source


def _read_files(connection: Any, pattern: str, separator: str | None) -> ir.Table:
    paths = sorted(glob.glob(pattern, recursive=True)) or [pattern]  # noqa: PTH207  (any glob)
    for path in paths:
        _refuse_unreadable(Path(path))
    parquet = all(_is_parquet(Path(path)) for path in paths)
    if connection.name == "pyspark":
        return _read_by_spark(connection, paths, separator, parquet)
    if connection.name != "duckdb":
        raise ParameterError(
            f"files are read by DuckDB or PySpark; found engine {connection.name}. "
            "Leave engine out, or give a table of that engine."
        )
    paths = [file for path in paths for file in _file_patterns(Path(path), parquet)]
    if parquet:
        return connection.read_parquet(paths, hive_partitioning=len(paths) > 1 or "**" in paths[0])
    options: dict[str, Any] = {"all_varchar": True, "header": True}
    if separator is not None:
        options["delim"] = separator
    try:
        scanned = connection.read_csv(paths, **options)
        return connection.create_table(
            f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}", scanned, temp=True
        )
    except Exception as error:  # duckdb and ibis each have their own
        raise DataError(
            f"expected a delimited text file with a header line; {pattern} cannot be read as one: "
            f"{str(error).splitlines()[0]} Give the separator, ReadOptions(separator=...)."
        ) from error


def _is_parquet(path: Path) -> bool:
    if path.is_dir():
        return any(path.rglob("*.parquet")) or any(path.rglob("*.pq"))
    return path.name.endswith((".parquet", ".pq"))


def _file_patterns(path: Path, parquet: bool) -> list[str]:
    """Return the path of a file, or for a folder the patterns of the tables in and below it."""
    if not path.is_dir():
        return [str(path)]
    endings = ("parquet", "pq") if parquet else ("csv", "csv.gz", "tsv", "tsv.gz", "txt")
    found = [f"{path}/**/*.{ending}" for ending in endings if any(path.rglob(f"*.{ending}"))]
    if not found:
        raise DataError(
            f"expected CSV or Parquet files in the folder {path}; found none. Check the path."
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
        delimiter = separator or _detected_separator(Path(paths[0]))
        options = {"header": True, "inferSchema": False, "sep": delimiter, "escape": '"'}
        frame = reader.options(**options).option("recursiveFileLookup", True).csv(paths)
    name = f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}"
    frame.createOrReplaceTempView(name)
    return connection.table(name)


def _detected_separator(path: Path) -> str:
    """Return the most frequent separator in a text file's first line, for Spark."""
    import gzip

    file = next(iter(sorted(path.rglob("*.*"))), path) if path.is_dir() else path
    with gzip.open(file, "rt") if file.name.endswith(".gz") else file.open() as lines:
        first = lines.readline()
    return max(",;\t|", key=first.count)


def _refuse_unreadable(path: Path) -> None:
    if not path.exists():
        hint = unknown_name("file", path.name, _table_files_beside(path))
        raise DataError(f"there is no file {path}. In {path.resolve().parent}: {hint}")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(
            f"expected a table with a header line; {path} is empty (0 bytes). "
            "Export it again, or give another file."
        )


def _table_files_beside(path: Path) -> list[str]:
    folder = path.resolve().parent
    if not folder.is_dir():
        return []
    tables = (".csv", ".gz", ".parquet", ".pq", ".txt", ".tsv")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(tables))[:12]


def _read_frame(connection: Any, frame: Any) -> ir.Table:
    if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):
        frame = frame.collect()  # a lazy polars frame, whose columns are costly to ask for
    if not hasattr(frame, "columns") and not hasattr(frame, "schema"):
        raise DataError(
            "expected as a source a path, a glob, 'dataset:cdnow', a database URL with #table, a "
            f"pandas, polars or Arrow table, or an Ibis table; found {type(frame).__name__}."
        )
    name = f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}"
    if isinstance(frame, pd.DataFrame):
        frame = normalised_frame(frame)
    if connection.name == "pyspark":
        if not hasattr(frame, "createOrReplaceTempView"):
            frame = connection._session.createDataFrame(_as_arrow(frame))
        frame.createOrReplaceTempView(name)
        return connection.table(name)
    return connection.create_table(name, frame, temp=True)


def _as_arrow(frame: Any) -> Any:
    import pyarrow as pa

    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    frame = frame.collect() if hasattr(frame, "collect") else frame
    return frame.to_arrow() if hasattr(frame, "to_arrow") else frame


def _index_as_columns(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame.index.names if name is not None]
    new = [name for name in names if str(name) not in frame.columns]
    return frame.reset_index(level=new).rename(columns=str) if new else frame


def _needs_conversion(column: pd.Series) -> bool:
    return (
        column.dtype == object
        or column.dtype.kind == "c"
        or isinstance(column.dtype, pd.PeriodDtype)
        or bool(column.isna().all())
    )


def _converted(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.PeriodDtype):
        timestamps: pd.Series = column.dt.to_timestamp()
        return timestamps
    if column.dtype.kind == "c":
        raise DataError(f"column {column.name!r} holds complex numbers; expected real numbers.")
    if column.isna().all():
        return column.astype("str")
    if pd.api.types.infer_dtype(column, skipna=True) in _PLAIN_TYPES:
        return column
    return column.map(str, na_action="ignore").astype("str")

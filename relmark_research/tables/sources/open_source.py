"""Opening of a source (a path, a frame, a database) as a lazy table of an engine.

The engine is an embedded DuckDB by default; a database is queried in its own engine, and PySpark is
used on request. Files are told by their contents, not by their names. Columns of text files are
read as text, so that no type is guessed: an id such as ``007`` stays ``007``, and a date is parsed
by the given rule.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pandas as pd

from relmark_research.errors import DataError, ParameterError, column_names_text, values_shown
from relmark_research.tables import sql_dialects
from relmark_research.tables.sources import (
    _delimited_text,
    _frames,
    _workbooks,
    bundled_files,
    databases,
    engine_sessions,
    source_files,
)
from relmark_research.tables.sources.dialects import Dialect

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class SourceFacts:
    """What was found while files were read.

    Attributes
    ----------
    kind
        ``"text"``, ``"parquet"`` or ``"workbook"``.
    files
        Number of files.
    records
        Records counted in the files, independently of the engine for text; None for Parquet.
    blank_lines
        Lines (rows of a sheet) without any character, which are no records.
    """

    kind: source_files.Kind
    files: int
    records: int | None = None
    blank_lines: int = 0


@dataclass(frozen=True)
class OpenedSource:
    """A source opened as a lazy table, and what was established about it.

    Attributes
    ----------
    table
        The rows, with the source's own column names.
    dialect
        The dialect by which text files were read: separator and encoding as established, both None
        for a source that is no text (or where files differ in them).
    facts
        What was found in files; None for databases, frames and tables.
    """

    table: ir.Table
    dialect: Dialect
    facts: SourceFacts | None = None


def open_source(source: Any, *, dialect: Dialect | None = None, engine: Any = None) -> ir.Table:
    """Return the rows of ``source`` as a lazy Ibis table; see `opened_source`."""
    return opened_source(source, dialect=dialect, engine=engine).table


def opened_source(
    source: Any, *, dialect: Dialect | None = None, engine: Any = None
) -> OpenedSource:
    """Open a source as a lazy Ibis table with its own column names.

    Parameters
    ----------
    source
        Path, folder or glob of text files (CSV, plain or gzip), Parquet files or workbooks (.xlsx,
        .xls, .ods); ``"dataset:cdnow"``, ``"sample:events"``; a database's table or query (see
        `databases`); a pandas, polars, Arrow or Spark table; or an Ibis table. A path that exists
        is that path, even if it contains signs of a glob.
    dialect
        Separator, encoding, header and sheet, as far as they are declared.
    engine
        The engine, as `engine_sessions.connect` takes it; None is an embedded DuckDB.

    Raises
    ------
    DataError
        Where a file is missing, empty, malformed or of another kind, its dialect cannot be
        established, or the source is of no known kind.
    ParameterError
        Where ``engine`` is given for a database, or is unknown.
    """
    import ibis

    if isinstance(source, ibis.expr.types.Table):
        return OpenedSource(source, Dialect())
    database = databases.parse_source(source)
    if database is not None or isinstance(source, str | Path):
        sys.audit("relmark.source", database.label if database else str(source))
    if database is not None:
        if engine is not None:
            raise ParameterError(
                f"{database.label} is queried in its own database; engine must be None, "
                f"found {engine!r}."
            )
        return OpenedSource(databases.connect(database), Dialect())
    if type(source).__module__.startswith("pyspark."):
        engine = source.sparkSession if engine is None else engine
    connection = engine_sessions.connect(engine)
    if isinstance(source, str):
        source = _bundled(source)
    if isinstance(source, str | Path):
        return _open_files(connection, source, dialect or Dialect())
    return OpenedSource(_read_frame(connection, source), Dialect())


def describe_source(source: Any) -> str:
    """Return a name of ``source`` for messages and reports, without contents or secrets."""
    database = databases.parse_source(source)
    if database is not None:
        return database.label
    if isinstance(source, str | Path):
        return str(source)
    return f"a {type(source).__module__.split('.')[0]} {type(source).__name__}"


def _bundled(source: str) -> str | pd.DataFrame:
    """Return the rows of a bundled log or sample table; any other source unchanged."""
    if source.startswith(bundled_files.DATASET_PREFIX):
        return bundled_files.log_rows(source.removeprefix(bundled_files.DATASET_PREFIX))
    if source.startswith(bundled_files.SAMPLE_PREFIX):
        return bundled_files.sample_table(source.removeprefix(bundled_files.SAMPLE_PREFIX))
    return source


def _open_files(connection: Any, source: str | Path, dialect: Dialect) -> OpenedSource:
    files = source_files.files_of(source)
    kind = source_files.kind_of_files(files)
    if connection.name not in ("duckdb", "pyspark"):
        raise ParameterError(
            f"files are read by DuckDB or PySpark; found engine {connection.name}. "
            "Leave engine out, or give a table of that engine."
        )
    facts = SourceFacts(kind, len(files))
    partitions = None if Path(source).is_file() else source_files.partitions_folder(files)
    if kind == "parquet":
        return OpenedSource(_read_parquet(connection, files, partitions), Dialect(), facts)
    if kind == "workbook":
        rows, blank = _workbooks.read_workbooks(files, dialect)
        facts = replace(facts, records=len(rows), blank_lines=blank)
        return OpenedSource(_read_frame(connection, rows), Dialect(), facts)
    table, found = _read_text(connection, files, dialect, partitions)
    facts = replace(facts, records=found.records, blank_lines=found.blank_lines)
    established = replace(
        dialect, separator=_only(found.separators), encoding=_only(found.encodings)
    )
    return OpenedSource(table, established, facts)


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _read_text(
    connection: Any, files: Sequence[Path], dialect: Dialect, partitions: Path | None
) -> tuple[ir.Table, _delimited_text.TextFacts]:
    """Read text files; for Spark DuckDB reads them, and Spark reads a copy of its rows."""
    name = _new_name()
    if connection.name == "duckdb":
        facts = _delimited_text.read_text_files(
            connection.con, files, dialect, table=name, partitions=partitions
        )
        return connection.table(name, database=("temp", "main")), facts
    reader = engine_sessions.connect(None)
    facts = _delimited_text.read_text_files(
        reader.con, files, dialect, table=name, partitions=partitions
    )
    copies = engine_sessions.SpillFolder()
    copies.remove_with(connection)
    path = copies.folder / "rows.parquet"
    reader.con.execute(f"COPY {name} TO '{path}' (FORMAT parquet)")
    return _by_spark(connection, connection._session.read.parquet(str(path))), facts


def _read_parquet(connection: Any, files: Sequence[Path], partitions: Path | None) -> ir.Table:
    alike = _same_types(files)
    if connection.name == "pyspark":
        if not alike:
            raise DataError(
                f"expected Parquet files with the same types of columns in {files[0].parent}; "
                "found several. Read them with DuckDB (leave engine out), or write them alike."
            )
        reader = connection._session.read.option("__globPaths__", "false")
        if partitions is not None:
            reader = reader.option("basePath", str(partitions))
        return _by_spark(connection, reader.parquet(*(str(file.resolve()) for file in files)))
    try:
        table: ir.Table = connection.read_parquet(
            [_delimited_text.not_a_glob(file) for file in files],
            hive_partitioning=partitions is not None,
            union_by_name=not alike,
        )
    except Exception as error:  # noqa: BLE001  (duckdb and ibis each have their own)
        raise DataError(_damaged(files, error)) from None
    return table


def _damaged(files: Sequence[Path], error: Exception) -> str:
    found = str(error).splitlines()[0]
    return f"a Parquet file in {files[0].parent} is damaged ({found}). Fetch or write it again."


def _same_types(files: Sequence[Path]) -> bool:
    """Return whether Parquet files have the same types; DataError unless the same columns."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        schemas = [parquet.read_schema(file) for file in files]
    except (pa.ArrowException, OSError) as error:
        raise DataError(_damaged(files, error)) from None
    for file, schema in zip(files, schemas, strict=True):
        differing = sorted(set(schema.names) ^ set(schemas[0].names))
        if differing:
            shown = column_names_text(map(repr, differing[:5]), header=differing)
            raise DataError(
                f"expected Parquet files with the same columns; {file} differs from {files[0]} in "
                f"{shown}. Name the files of one table."
            )
    for file, schema in zip(files, schemas, strict=True):
        _refuse_wide_decimals(file, schema)
    first = {field.name: field.type for field in schemas[0]}
    return all(first == {field.name: field.type for field in schema} for schema in schemas)


def _refuse_wide_decimals(file: Path, schema: Any) -> None:
    """Raise DataError for decimals that engines read as other numbers, without an error."""
    import pyarrow as pa

    for field in schema:
        if pa.types.is_decimal(field.type) and field.type.precision > _frames.MOST_DIGITS:
            raise DataError(
                f"{file}: column {field.name!r} holds decimal numbers of {field.type.precision} "
                f"digits, and engines read at most {_frames.MOST_DIGITS}. Write it as "
                f"decimal({_frames.MOST_DIGITS}, {field.type.scale}), or as text."
            )


def _by_spark(connection: Any, frame: Any) -> ir.Table:
    name = _new_name()
    frame.createOrReplaceTempView(name)
    table: ir.Table = connection.table(name)
    return table


def _new_name() -> str:
    return f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}"


def _read_frame(connection: Any, frame: Any) -> ir.Table:
    if hasattr(frame, "collect_schema") and hasattr(frame, "collect"):
        frame = frame.collect()  # a lazy polars frame, whose columns are costly to ask for
    if not hasattr(frame, "columns") and not hasattr(frame, "schema"):
        raise DataError(
            "expected as a source a path, a glob, 'dataset:cdnow', a database URL with #table, a "
            f"pandas, polars or Arrow table, or an Ibis table; found {type(frame).__name__}."
        )
    name = f"{sql_dialects.TEMPORARY_PREFIX}_{uuid4().hex}"
    if connection.name == "pyspark":
        if not hasattr(frame, "createOrReplaceTempView"):
            frame = connection._session.createDataFrame(_frames.as_arrow(frame))
        frame.createOrReplaceTempView(name)
        return connection.table(name)
    try:
        return connection.create_table(name, _frames.normalised(frame), temp=True)
    except (DataError, ParameterError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  (pandas, Arrow, Ibis and DuckDB have their own)
        said = " ".join(str(error).split())[:200] if values_shown() else ""  # may hold a value
        words = said or type(error).__name__
        raise DataError(
            f"{describe_source(frame)} has a column of a type that cannot be read ({words}). "
            "Convert the column to text, numbers or dates, or leave it out."
        ) from None

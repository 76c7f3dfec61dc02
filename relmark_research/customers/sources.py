"""Where rows come from: one word or object in, a lazy table of an engine out.

The engine is DuckDB, embedded. Text files are read with every column as text, so that nothing is
guessed: an id such as ``007`` stays ``007`` and a date is parsed by the rule that was asked for.
"""

from __future__ import annotations

import atexit
import glob
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.errors import DataError, unknown_name

if TYPE_CHECKING:
    import ibis.expr.types as ir

DATASETS = ("cdnow", "cdnow_full", "sample")
"""The bundled logs, named as a source by ``"dataset:cdnow"``."""


def open_source(source: Any, *, separator: str | None, engine: Any = None) -> ir.Table:
    """Return the rows of ``source`` as a lazy Ibis table with their own column names.

    Parameters
    ----------
    source
        Path or glob of CSV (plain or gzip) or Parquet files, ``"dataset:cdnow"``, a pandas,
        polars or Arrow table, or an Ibis table.
    separator
        Column separator of text files; None lets DuckDB's sniffer find it.
    engine
        An Ibis backend to work in; None makes an embedded DuckDB of its own.

    Raises
    ------
    DataError
        Where there is no such file, it is empty, or its kind is not known.
    """
    import ibis

    if isinstance(source, ibis.expr.types.Table):
        return source
    connection = engine if engine is not None else _duckdb()
    if isinstance(source, str) and source.startswith("dataset:"):
        source = _dataset_rows(source.removeprefix("dataset:"))
    if isinstance(source, str | Path):
        return _read_files(connection, str(source), separator)
    return _read_frame(connection, source)


def describe_source(source: Any) -> str:
    """Return what to call ``source`` in an error or a report; never its contents."""
    if isinstance(source, str | Path):
        return str(source)
    return f"a {type(source).__module__.split('.')[0]} {type(source).__name__}"


def _duckdb() -> Any:
    import ibis

    spill = tempfile.mkdtemp(prefix="relmark-")
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    connection = ibis.duckdb.connect(temp_directory=spill)
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection


def _dataset_rows(name: str) -> pd.DataFrame:
    from relmark_research.customers import datasets

    if name == "sample":
        return datasets.load_sample("transactions")
    if name in ("cdnow", "cdnow_full"):
        rows = datasets.cdnow_rows(full=name == "cdnow_full")
        return rows.loc[:, ["customer_id", "date", "value"]]
    raise DataError(unknown_name("bundled data set", name, DATASETS))


def _read_files(connection: Any, pattern: str, separator: str | None) -> ir.Table:
    import ibis

    paths = sorted(glob.glob(pattern, recursive=True)) or [pattern]  # noqa: PTH207  (any glob)
    for path in paths:
        _refuse_unreadable(Path(path))
    if all(Path(path).is_dir() for path in paths):
        paths = [str(Path(path) / "**" / "*.parquet") for path in paths]
        return connection.read_parquet(paths, hive_partitioning=True)
    if all(path.endswith((".parquet", ".pq")) for path in paths):
        return connection.read_parquet(paths)
    options: dict[str, Any] = {"all_varchar": True, "header": True}
    if separator is not None:
        options["delim"] = separator
    try:
        scanned = connection.read_csv(paths, **options)
        return connection.create_table(ibis.util.gen_name("rows"), scanned, temp=True)
    except Exception as error:  # duckdb and ibis each have their own
        raise DataError(
            f"expected a delimited text file with a header line; {pattern} cannot be read as one: "
            f"{str(error).splitlines()[0]} Name the separator in ReadOptions(separator=...)."
        ) from error


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
    import ibis

    if not hasattr(frame, "columns") and not hasattr(frame, "schema"):
        raise DataError(
            "a source is a path, a glob, 'dataset:cdnow', a pandas, polars or Arrow table, or an "
            f"Ibis table; found {type(frame).__name__}."
        )
    if isinstance(frame, pd.DataFrame):
        empty = {name: "string" for name in frame if frame[name].isna().all()}
        frame = frame.astype(empty).rename(columns=str)
    return connection.create_table(ibis.util.gen_name("rows"), frame, temp=True)

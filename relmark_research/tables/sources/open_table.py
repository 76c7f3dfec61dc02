"""Opening a table of any source into memory: a frame, a file, a database, or a bundled sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.tables.sources import bundled_files, open_source


def open_table(source: Any) -> pd.DataFrame:
    """Return a table in memory.

    Parameters
    ----------
    source
        A DataFrame, which is returned as it is; the path of a CSV (plain or gzip) or Parquet file;
        a bundled table such as ``"sample:books"``; or any other source of `read_transactions`.

    Returns
    -------
    DataFrame
        Ids (`bundled_files.ID_COLUMNS`) of a CSV file are text, other columns have pandas' types.

    Raises
    ------
    DataError
        Where the source does not exist or cannot be read.

    Examples
    --------
    >>> open_table("sample:books").shape
    (60, 8)
    """
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, str) and source.startswith(bundled_files.SAMPLE_PREFIX):
        return bundled_files.sample_table(source.removeprefix(bundled_files.SAMPLE_PREFIX))
    if isinstance(source, str | Path) and (path := Path(source).expanduser()).is_file():
        return _read_file(path)
    table: pd.DataFrame = open_source.open_source(source, separator=None).to_pandas()
    return table


def column_by_customer(source: Any, column: str) -> pd.Series:
    """Return a column of a table of customers, indexed by customer_id (text).

    Parameters
    ----------
    source
        A table with the columns customer_id and ``column``, as `open_table` takes it.
    column
        The name of the column.

    Raises
    ------
    DataError
        Where a column is missing.
    """
    table = open_table(source)
    for name in ("customer_id", column):
        if name not in table.columns:
            raise DataError(
                f"the table of customers needs the columns customer_id and {column}; "
                f"found {', '.join(map(str, table.columns))}. Rename yours."
            )
    return table.set_index(table["customer_id"].astype(str))[column]


def _read_file(path: Path) -> pd.DataFrame:
    if path.suffix in (".parquet", ".pq"):
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=dict.fromkeys(bundled_files.ID_COLUMNS, str))

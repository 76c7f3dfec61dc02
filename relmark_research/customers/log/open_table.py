"""Tables handed in as they are, or named: a file, or one of the bundled sample."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from relmark_research.customers.log.datasets import load_sample
from relmark_research.errors import DataError

SAMPLE = "sample:"


def opened(table: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Return a table: itself, the CSV or Parquet file of that path, or ``"sample:books"``.

    Raises
    ------
    DataError
        Where there is no such file.

    Examples
    --------
    >>> opened("sample:books").shape
    (60, 8)
    """
    if isinstance(table, pd.DataFrame):
        return table
    name = str(table)
    if name.startswith(SAMPLE):
        return load_sample(name.removeprefix(SAMPLE))
    path = Path(name).expanduser()
    if not path.is_file():
        raise DataError(
            f"expected a table, the path of a CSV or Parquet file, or a name such as "
            f"'sample:books'; found no file {str(path)!r}. Check the path."
        )
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"customer_id": str, "partner_id": str})


def column_by_customer(table: pd.DataFrame | str | Path, column: str) -> pd.Series:
    """Return a column of a table of customers, by customer_id."""
    found = opened(table)
    for name in ("customer_id", column):
        if name not in found.columns:
            raise DataError(
                f"the table of customers needs the columns customer_id and {column}; "
                f"found {', '.join(map(str, found.columns))}. Rename yours."
            )
    return found.set_index(found["customer_id"].astype(str))[column]

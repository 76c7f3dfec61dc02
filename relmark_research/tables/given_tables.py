"""Tables as they are given to a function: in memory, or a source that has to be opened first.

Functions of tables that the package makes itself take them in memory. Their other forms, a path
above all, are refused in words instead of ending in an error of pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from relmark_research.errors import DataError
from relmark_research.tables.read_table import Table, open_table
from relmark_research.tables.schemas import Schema


def frame_in_memory(table: Any, name: str) -> pd.DataFrame:
    """Return a DataFrame as it is, and the frame of a `Table`.

    Parameters
    ----------
    table
        What the user gave.
    name
        Name of the argument in messages.

    Raises
    ------
    DataError
        Where it is anything else.

    Examples
    --------
    >>> frame_in_memory("moves.csv", "moves")
    Traceback (most recent call last):
    ...
    relmark_research.errors.DataError: moves must be a DataFrame; found the path 'moves.csv'. Read
    the file first, so that its columns have their types.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, Table):
        return table.frame
    if isinstance(table, str | Path):
        what, how = f"the path {str(table)!r}", "Read the file first, so that its columns have"
        raise DataError(f"{name} must be a DataFrame; found {what}. {how} their types.")
    found = type(table)
    convert = " Convert it: .to_pandas()." if hasattr(table, "to_pandas") else ""
    raise DataError(
        f"{name} must be a DataFrame; found {found.__module__.split('.')[0]} {found.__name__}."
        f"{convert}"
    )


def frame_of_source(source: Any, name: str) -> pd.DataFrame:
    """Return a DataFrame as it is, and the rows of any other source as `read_table` opens it.

    Columns of a text file are text: the caller reads them by their types.
    """
    if isinstance(source, pd.DataFrame | Table):
        return frame_in_memory(source, name)
    if isinstance(source, str | Path | Mapping) or hasattr(source, "columns"):
        return open_table(source, Schema(name, "a row", ()))
    return frame_in_memory(source, name)

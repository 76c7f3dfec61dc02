"""Checks of the tables that are drawn."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from relmark_research.errors import DataError, unknown_name


def checked(
    table: pd.DataFrame, plot: str, *, numbers: Iterable[str] = (), others: Iterable[str] = ()
) -> pd.DataFrame:
    """Return ``table`` if it has the rows and columns that a plot needs.

    Parameters
    ----------
    table
        The table to draw.
    plot
        Name of the plot, for the message.
    numbers
        Required columns with numbers, at least one of them not missing.
    others
        Other required columns.

    Raises
    ------
    DataError
        If it is not a DataFrame, is empty, lacks a column, or has text in a column of numbers.
    """
    numbers, others = list(numbers), list(others)
    wanted = [*others, *numbers]
    check_rows(table, plot, wanted)
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise DataError(
            f"{plot} draws the columns {', '.join(wanted)}; "
            + "; ".join(unknown_name("column", name, table.columns) for name in missing)
            + " Rename the table's columns, or give the table that this plot is made for."
        )
    for name in numbers:
        _check_numbers(table[name], plot)
    return table


def check_rows(table: pd.DataFrame, plot: str, wanted: Iterable[str] = ()) -> None:
    """Raise DataError unless ``table`` is a table with at least one row and column."""
    columns = f" with the columns {', '.join(wanted)}" if wanted else ""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"{plot} draws a pandas DataFrame{columns}; found {type(table).__name__}. "
            "Put the values into a DataFrame."
        )
    if table.empty:
        raise DataError(
            f"{plot} draws a table{columns} and at least one row; found "
            f"{len(table)} rows and {len(table.columns)} columns. Check the filter that made it."
        )


def check_matrix(table: pd.DataFrame, plot: str) -> pd.DataFrame:
    """Return a wide ``table`` if its column names and its values are numbers."""
    check_rows(table, plot)
    for name in table.columns:
        _check_numbers(table[name], plot, may_be_missing=True)
    try:
        return table.set_axis(table.columns.astype(float), axis="columns")
    except (ValueError, TypeError):
        found = ", ".join(map(repr, table.columns[:5]))
        raise DataError(
            f"{plot} draws a wide table whose column names are numbers; found {found}. "
            "Move the labels of the rows to the index."
        ) from None


def _check_numbers(column: pd.Series, plot: str, *, may_be_missing: bool = False) -> None:
    if not is_numeric_dtype(column):
        raise DataError(
            f"{plot} needs numbers in the column {column.name!r}; found {column.dtype}, "
            f"first {column.head(3).tolist()}. Convert it with pandas.to_numeric."
        )
    if column.isna().all() and not may_be_missing:
        raise DataError(
            f"{plot} needs numbers in the column {column.name!r}; found {len(column)} missing "
            "values and nothing else. Check the step that made the table."
        )


def checked_cumulative(table: pd.DataFrame, plot: str, share: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the cumulative share of customers, sorted, and the cumulative ``share`` column.

    Raises
    ------
    DataError
        As `checked`, or if a share of customers is outside [0, 1].
    """
    table = checked(table, plot, numbers=["customers_share", share])
    outside = table[~table["customers_share"].between(0, 1 + 1e-9)]
    if len(outside):
        raise DataError(
            f"{plot} draws cumulative shares of customers from 0 to 1; found {len(outside)} rows "
            f"outside, first {outside['customers_share'].iloc[0]:g}. Divide by the number of "
            "customers; do not give percent."
        )
    table = table.sort_values("customers_share")
    return table["customers_share"].to_numpy(float), table[share].to_numpy(float)


def bounds(table: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series] | None:
    """Return the columns ``<name>_low`` and ``<name>_high``, or None where there are none."""
    low, high = f"{name}_low", f"{name}_high"
    if low in table.columns and high in table.columns:
        return table[low], table[high]
    return None


def text_of(values: pd.Series) -> list[str]:
    """Return category labels as text: 3.0 becomes 3."""
    return [
        f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in values.tolist()
    ]

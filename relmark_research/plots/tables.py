"""What a table must hold before it is drawn."""

from collections.abc import Iterable

import pandas as pd
from pandas.api.types import is_numeric_dtype

from relmark_research.errors import DataError, unknown_name


def checked(
    table: pd.DataFrame, plot: str, *, numbers: Iterable[str] = (), others: Iterable[str] = ()
) -> pd.DataFrame:
    """Return ``table`` if it has the rows and columns that ``plot`` draws.

    Parameters
    ----------
    table
        The table that was handed in.
    plot
        Name of the plot, for the message.
    numbers
        Columns that must be there, hold numbers, and hold at least one.
    others
        Columns that must be there.

    Raises
    ------
    DataError
        If it is no table, is empty, lacks a column, or has text where numbers belong.
    """
    numbers, others = list(numbers), list(others)
    wanted = [*others, *numbers]
    check_rows(table, plot, wanted)
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise DataError(
            f"{plot} draws the columns {', '.join(wanted)}; "
            + "; ".join(unknown_name("column", name, table.columns) for name in missing)
            + " Rename the table's columns, or hand in the table that this plot is made for."
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
    """Return a wide ``table`` if each of its columns is a number and its values are numbers."""
    check_rows(table, plot)
    for name in table.columns:
        _check_numbers(table[name], plot, may_be_missing=True)
    try:
        return table.set_axis(table.columns.astype(float), axis="columns")
    except (ValueError, TypeError):
        found = ", ".join(map(repr, table.columns[:5]))
        raise DataError(
            f"{plot} draws a wide table whose column names are numbers; found {found}. "
            "Put what belongs to the rows into the index."
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


def bounds(table: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series] | None:
    """Return the columns ``<name>_low`` and ``<name>_high``, or None where there are none."""
    low, high = f"{name}_low", f"{name}_high"
    if low in table.columns and high in table.columns:
        return table[low], table[high]
    return None


def text_of(values: pd.Series) -> list[str]:
    """Return category labels as text: 3.0 is read as 3."""
    return [
        f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in values.tolist()
    ]

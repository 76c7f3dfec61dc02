"""Checks of arguments and survey answers that several modules share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, cell_text, unknown_name


def check_scale(values: pd.Series, scale: tuple[int, int]) -> pd.Series:
    """Return the answers as numbers if all lie on the scale; missing answers stay missing.

    Parameters
    ----------
    values
        Answers to one question.
    scale
        Lowest and highest possible answer.

    Raises
    ------
    DataError
        If an answer is not a whole number or lies outside the scale.

    Examples
    --------
    >>> check_scale(pd.Series([1, 5, 7], name="quality"), (1, 5))
    Traceback (most recent call last):
    ...
    relmark_research.errors.DataError: quality: expected whole numbers from 1 to 5; found 7 in 1 of
    3 answers, first row 2. Correct or remove these answers, or state the scale that was used.
    """
    low, high = scale
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values.notna() & ~(
        (numbers >= low) & (numbers <= high) & (numbers == np.floor(numbers))
    )
    if wrong.any():
        shown = dict.fromkeys(_plain(value) for value in values[wrong].tolist())
        raise DataError(
            f"{values.name}: expected whole numbers from {low} to {high}; found "
            f"{', '.join(list(shown)[:3])} in {wrong.sum():,} of {len(values):,} answers, first "
            f"row {values.index[wrong][0]}. Correct or remove these answers, or state the scale "
            "that was used."
        )
    return numbers.astype(float)


def _plain(value: object) -> str:
    """Return an answer for a message, a text without its quotes."""
    return cell_text(value).strip("'")


def check_columns(table: pd.DataFrame, what: str, names: list[str]) -> None:
    """Raise DataError unless the table has these columns; ``what`` names it in the message."""
    for name in names:
        if name not in table.columns:
            raise DataError(f"{what}: {unknown_name('column', name, table.columns)}")

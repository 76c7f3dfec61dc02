"""Names and intervals in words, as the pictures of partners share them."""

from collections.abc import Callable

import pandas as pd

from relmark_research.plots.tables import checked


def checked_ranges(table: pd.DataFrame, plot: str, value: str, others: list[str]) -> pd.DataFrame:
    """Return the table if it has a number with its interval, and the other columns."""
    return checked(table, plot, numbers=[value, f"{value}_low", f"{value}_high"], others=others)


def ranges_in_words(table: pd.DataFrame, value: str, show: Callable[[float], str]) -> list[str]:
    """Return each value with its interval, as text."""
    ends = table[[value, f"{value}_low", f"{value}_high"]].to_numpy()
    return [f"{show(at)} ({show(low)} to {show(high)})" for at, low, high in ends]


def two(value: float) -> str:
    """Return a number with two decimals."""
    return f"{value:.2f}".replace("-", "−")


def plain(name: str) -> str:
    """Return a column's name in words."""
    return name.replace("_", " ")

"""Dots with intervals, one row per name, as several plots share them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.plots.marks import label_rows
from relmark_research.plots.style import BLUE, TEXT, VERMILLION

_HEIGHT = 0.52  # inches per row


def size_of(lines: int) -> tuple[float, float]:
    """Return width and height of a figure with this number of rows, inches."""
    return 7.0, 1.4 + _HEIGHT * lines


def draw_ranges(
    ax: Axes,
    names: Sequence[str],
    values: pd.Series,
    band: tuple[pd.Series, pd.Series] | None,
    texts: Sequence[str],
    *,
    marked: Sequence[bool] | None = None,
) -> None:
    """Draw a dot with its interval per row, a line at zero, and a text at the right edge.

    Parameters
    ----------
    names, values, band, texts
        One of each per row, from the top; a missing value leaves its row empty.
    marked
        Rows with a filled, coloured mark; None fills all marks.
    """
    places = np.arange(len(values))
    known = values.notna().to_numpy()
    filled = np.ones(len(values), bool) if marked is None else np.asarray(marked, bool)
    colours = np.where(filled & (marked is not None), VERMILLION, BLUE)
    if band is not None:
        ax.hlines(
            places[known], band[0][known], band[1][known], color=colours[known], linewidth=2.4
        )
    for place in places[known]:
        ax.plot(
            [values.iloc[place]], [place], "D" if marked is not None and filled[place] else "o",
            color=colours[place], markersize=8,
            markerfacecolor=colours[place] if filled[place] else "none", markeredgewidth=1.6,
        )  # fmt: skip
    ax.axvline(0, color=TEXT, linewidth=1)
    ax.set_yticks(places, list(names))
    ax.set_ylim(len(values) - 0.5, -0.6)
    label_rows(ax, places, texts)

"""Dots with intervals, one line per name: what the pictures of actions, kinds and levels share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.plots.style import BLUE, FONT_SIZE, TEXT, VERMILLION

_HEIGHT = 0.52  # inches per line


def size_of(lines: int) -> tuple[float, float]:
    """Return width and height of a picture of so many lines, inches."""
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
    """Draw a dot per name with its interval, a line at zero, and a text at the right edge.

    Parameters
    ----------
    names, values, band, texts
        One of each per line, from the top; a value that is not known leaves its line empty.
    marked
        Lines that are filled and named in bold; all are filled where None.
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
    for place, text in zip(places, texts, strict=True):
        ax.annotate(
            text, (1, place), (10, 0), ("axes fraction", "data"), "offset points",
            va="center", color=TEXT, fontsize=FONT_SIZE - 1, annotation_clip=False,
        )  # fmt: skip

"""Season: relative rates of purchases by month, and on the days of declared events."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import listing
from relmark_research.plots.marks import name_axes, thinned, ticks_as, whiskers
from relmark_research.plots.style import BLUE, FONT_SIZE, TEXT, VERMILLION, canvas
from relmark_research.plots.tables import checked, text_of

_SIZE = (5.2, 3.7)  # inches: its labels stay legible on a phone


def season(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw relative rates of purchases with their intervals.

    Parameters
    ----------
    table
        One row per part of the season or event: ``effect`` (its name), ``group`` (``"event"`` for
        an event), ``relative``, ``low`` and ``high``; `CalendarEffects.table` with its index reset.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with an upright bar per part of the season, a diamond per event with its name, and a
        line at 1, the mean of the year.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({
    ...     "effect": ["Jan", "Feb", "sale"], "group": ["month", "month", "event"],
    ...     "relative": [0.8, 1.2, 1.9], "low": [0.7, 1.1, 1.7], "high": [0.9, 1.3, 2.1],
    ... })
    >>> season(table, ax=Figure().subplots()).get_ylabel()
    'Purchases relative to the mean'
    """
    table = _checked(table)
    with canvas(ax, size=_SIZE) as ax:
        places = np.arange(len(table))
        for event, colour, mark in ((False, BLUE, "o"), (True, VERMILLION, "D")):
            part = _events(table) == event
            if part.any():
                shown = table[part]
                whiskers(ax, places[part], shown["low"], shown["high"], colour=colour)
                ax.plot(
                    places[part], shown["relative"], color=colour, linestyle="", marker=mark,
                    markersize=6,
                )  # fmt: skip
        ax.axhline(1, color=TEXT, linewidth=1)
        ax.set_ylim(0, 1.12 * max(table["high"].max(), 1))
        ax.set_xlim(-0.6, len(table) - 0.4)
        periods = table[~_events(table)]
        ax.set_xticks(*thinned(text_of(periods["effect"])))
        _name_events(ax, table)
        ticks_as(ax.yaxis, lambda value: f"{value:g}")
        name_axes(ax, x="Part of the year", y="Purchases relative to the mean")
    return ax


def describe_season(table: pd.DataFrame) -> str:
    """Return a description in words of `season`.

    Parameters
    ----------
    table
        As for `season`.

    Returns
    -------
    str
        The highest and the lowest part of the season, and each event, with intervals.

    Raises
    ------
    DataError
        As `season`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "effect": ["Jan", "Feb", "sale"], "group": ["month", "month", "event"],
    ...     "relative": [0.8, 1.2, 1.9], "low": [0.7, 1.1, 1.7], "high": [0.9, 1.3, 2.1],
    ... })
    >>> print(describe_season(table))
    Purchases relative to the mean of the year. Highest: Feb, 1.20 (1.10 to 1.30). Lowest: Jan,
    0.80 (0.70 to 0.90). Events: sale, 1.90 (1.70 to 2.10).
    """
    table = _checked(table)
    periods, events = table[~_events(table)], table[_events(table)]
    text = "Purchases relative to the mean of the year."
    if len(periods):
        top = periods.sort_values("relative").iloc[-1]
        least = periods.sort_values("relative").iloc[0]
        text += f" Highest: {_words(top)}. Lowest: {_words(least)}."
    if len(events):
        text += f" Events: {listing([_words(row) for _, row in events.iterrows()])}."
    return text


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["relative", "low", "high"]
    table = checked(table, "season", numbers=numbers, others=["effect", "group"])
    return table.reset_index(drop=True)


def _events(table: pd.DataFrame) -> pd.Series:
    return table["group"] == "event"


def _name_events(ax: Axes, table: pd.DataFrame) -> None:
    for place, row in table[_events(table)].iterrows():
        ax.annotate(
            str(row["effect"]), (float(place), float(row["high"])), xytext=(0, 4),  # type: ignore[arg-type]
            textcoords="offset points", ha="right", va="bottom", color=TEXT, fontsize=FONT_SIZE,
        )  # fmt: skip


def _words(row: pd.Series) -> str:
    return f"{row['effect']}, {row['relative']:.2f} ({row['low']:.2f} to {row['high']:.2f})"

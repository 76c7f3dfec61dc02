"""P(alive) by frequency and recency, and its distribution over customers."""

from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from relmark_research.errors import DataError
from relmark_research.formats import count, percent
from relmark_research.plots.marks import (
    bars,
    cell_edges,
    count_axis,
    name_axes,
    percent_axis,
)
from relmark_research.plots.style import (
    FILLS,
    FONT_SIZE,
    LINE_ON_DARK,
    LINE_ON_LIGHT,
    ON_DARK,
    ON_LIGHT,
    SHADES,
    SQUARE,
    canvas,
)
from relmark_research.plots.tables import check_matrix, check_rows, checked

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)


def p_alive_matrix(table: pd.DataFrame, *, unit: str = "week", ax: Axes | None = None) -> Axes:
    """Draw P(alive) by number of repeat purchases and time of the last one.

    Parameters
    ----------
    table
        Wide: index recency (in ``unit``), columns frequency, values P(alive) in [0, 1]; or long:
        columns ``recency``, ``frequency``, ``p_alive``. Missing values stay blank.
    unit
        Unit of recency, for the axis label.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A heat map, recency upwards, with labelled contours at 10, 30, 50, 70 and 90 percent
        over the customers with repeat purchases.

    Raises
    ------
    DataError
        If the table is empty, names are not numbers, or a value is outside [0, 1].

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame([[0.4, 0.1], [0.9, 0.95]], index=[10, 30], columns=[1, 5])
    >>> p_alive_matrix(table, ax=Figure().subplots()).get_ylabel()
    'Last purchase, weeks after the first (recency)'
    """
    matrix = _matrix(table)
    across, up = matrix.columns.to_numpy(float), matrix.index.to_numpy(float)
    values = np.ma.masked_invalid(matrix.to_numpy(float))
    with canvas(ax, size=SQUARE, grid="") as ax:
        ax.pcolormesh(
            cell_edges(across), cell_edges(up), values, cmap=SHADES, vmin=0, vmax=1, rasterized=True
        )
        if min(values.shape) > 1:
            repeaters = across > 0 if (across > 0).sum() > 1 else across >= 0
            _draw_contours(ax, across[repeaters], up, values[:, repeaters])
        ax.xaxis.set_major_locator(MaxNLocator(7, integer=True, min_n_ticks=1))
        count_axis(ax.yaxis)
        name_axes(
            ax,
            x="Repeat purchases (frequency)",
            y=f"Last purchase, {unit}s after the first (recency)",
        )
    return ax


def _draw_contours(ax: Axes, across: np.ndarray, up: np.ndarray, values: np.ndarray) -> None:
    light = [level < 0.6 for level in LEVELS]  # the fill under a contour, by the scale of SHADES
    inks = [LINE_ON_LIGHT if under else LINE_ON_DARK for under in light]
    words = [ON_LIGHT if under else ON_DARK for under in light]
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # "no contour levels were found": then there are none
        lines = ax.contour(across, up, values, levels=LEVELS, colors=inks, linewidths=1.1)
    names = {level: percent(level) for level in LEVELS}
    ax.clabel(lines, fmt=names, fontsize=FONT_SIZE - 1, colors=words)


def _matrix(table: pd.DataFrame) -> pd.DataFrame:
    check_rows(table, "p_alive_matrix")
    if {"recency", "frequency", "p_alive"} & set(map(str, table.columns)):
        checked(table, "p_alive_matrix", numbers=["recency", "frequency", "p_alive"])
        table = table.set_index(["recency", "frequency"])["p_alive"].unstack()
    matrix = check_matrix(table, "p_alive_matrix").sort_index().sort_index(axis="columns")
    values = matrix.to_numpy(float)
    outside = values[(values < 0) | (values > 1)]
    if outside.size:
        raise DataError(
            f"p_alive_matrix draws probabilities from 0 to 1; found {outside.size} outside, first "
            f"{outside[0]:g}. Give P(alive) as a share, not in percent."
        )
    return matrix


def describe_p_alive_matrix(table: pd.DataFrame, *, unit: str = "week") -> str:
    """Return a description in words of `p_alive_matrix`.

    Parameters
    ----------
    table, unit
        As for `p_alive_matrix`.

    Returns
    -------
    str
        The range of both axes, and P(alive) of the most frequent customers at the earliest and
        at the latest recency.

    Raises
    ------
    DataError
        As `p_alive_matrix`.

    Examples
    --------
    >>> table = pd.DataFrame([[0.4, 0.1], [0.9, 0.95]], index=[10, 30], columns=[1, 5])
    >>> print(describe_p_alive_matrix(table))
    Heat map of P(alive) for 1 to 5 repeat purchases, the last 10 to 30 weeks after the first: with
    5 purchases it is 10% when the last was in week 10 and 95% when it was in week 30.
    """
    matrix = _matrix(table)
    most = matrix.columns[-1]
    seen = matrix[most].dropna()
    across = f"{matrix.columns[0]:g} to {most:g}"
    text = (
        f"Heat map of P(alive) for {across} repeat purchases, the last "
        f"{matrix.index[0]:g} to {matrix.index[-1]:g} {unit}s after the first"
    )
    if seen.empty:
        return f"{text}."
    return (
        f"{text}: with {most:g} purchases it is {percent(seen.iloc[0])} when the last was in "
        f"{unit} {seen.index[0]:g} and {percent(seen.iloc[-1])} when it was in {unit} "
        f"{seen.index[-1]:g}."
    )


def p_alive_distribution(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the distribution of P(alive) over customers.

    Parameters
    ----------
    table
        One row per bin: ``low``, ``high`` (its edges, in [0, 1]), ``customers``.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One bar per bin, over the middle of it.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or an edge is outside [0, 1].

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"low": [0, 0.5], "high": [0.5, 1], "customers": [300, 700]})
    >>> p_alive_distribution(table, ax=Figure().subplots()).get_ylabel()
    'Customers'
    """
    table = _checked_bins(table)
    with canvas(ax) as ax:
        middle = (table["low"] + table["high"]) / 2
        bars(ax, middle, table["customers"], FILLS[0], width=0.94 * (table["high"] - table["low"]))
        ax.set_xlim(0, 1)
        percent_axis(ax.xaxis)
        count_axis(ax.yaxis)
        name_axes(ax, x="Probability of still being a customer, P(alive)", y="Customers")
    return ax


def _checked_bins(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "p_alive_distribution", numbers=["low", "high", "customers"])
    wrong = table[(table["low"] < 0) | (table["high"] > 1) | (table["low"] >= table["high"])]
    if len(wrong):
        row = wrong.iloc[0]
        raise DataError(
            "p_alive_distribution expects bins with 0 <= low < high <= 1; found "
            f"{len(wrong)} others, first {row['low']:g} to {row['high']:g}. "
            "Give P(alive) as a share, not in percent."
        )
    return table


def describe_p_alive_distribution(table: pd.DataFrame) -> str:
    """Return a description in words of `p_alive_distribution`.

    Parameters
    ----------
    table
        As for `p_alive_distribution`.

    Returns
    -------
    str
        The number of customers, how many are in bins that begin at 50 percent or above, and the
        fullest bin.

    Raises
    ------
    DataError
        As `p_alive_distribution`.

    Examples
    --------
    >>> table = pd.DataFrame({"low": [0, 0.5], "high": [0.5, 1], "customers": [300, 700]})
    >>> print(describe_p_alive_distribution(table))
    Histogram of P(alive) of 1,000 customers: 700 (70%) have 50% or more; the largest bin, 50% to
    100%, has 700.
    """
    table = _checked_bins(table)
    total = table["customers"].sum()
    likely = table.loc[table["low"] >= 0.5 - 1e-9, "customers"].sum()
    full = table.iloc[int(table["customers"].argmax())]
    return (
        f"Histogram of P(alive) of {count(total)} customers: {count(likely)} "
        f"({percent(likely / total) if total else 'none'}) have 50% or more; the largest bin, "
        f"{percent(full['low'])} to {percent(full['high'])}, has {count(full['customers'])}."
    )

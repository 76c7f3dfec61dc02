"""Line and bar plots of any small table."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.formats import count, percent
from relmark_research.plots.marks import (
    EndLabel,
    bars,
    count_axis,
    label_bars,
    label_ends,
    name_axes,
    percent_axis,
)
from relmark_research.plots.style import FILLS, LINES, canvas
from relmark_research.plots.tables import check_matrix, check_rows


def lines(
    table: pd.DataFrame | pd.Series, *, y: str, shares: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw each column of a table as a line over its index, labelled at its end.

    Parameters
    ----------
    table
        Index of increasing numbers, whose name labels the axis; up to four columns of numbers.
    y
        Name of the values, with their unit.
    shares
        Whether the values are shares: the axis is then in percent, from 0.
    ax
        Axes to draw on; None makes a new figure.

    Raises
    ------
    DataError
        If the table is empty, has more than four columns, or a value is not a number.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"bought once": [1, 0.6]}, index=pd.Index([0, 4], name="Weeks"))
    >>> lines(table, y="P(alive)", shares=True, ax=Figure().subplots()).get_xlabel()
    'Weeks'
    """
    table = _checked(table)
    with canvas(ax) as ax:
        for series, name in zip(LINES, table.columns, strict=False):
            ax.plot(table.index, table[name], color=series.colour, linestyle=series.line)
        (percent_axis if shares else count_axis)(ax.yaxis)
        if table.to_numpy().min() >= 0:
            ax.set_ylim(bottom=0)
        ax.set_xlim(table.index[0], table.index[-1])
        name_axes(ax, x=str(table.index.name or ""), y=y)
        ends = zip(table.iloc[-1], table.columns.astype(str), LINES, strict=False)
        label_ends(ax, [EndLabel(*end[:2], replace(end[2], marker="")) for end in ends])
    return ax


def describe_lines(table: pd.DataFrame | pd.Series, *, y: str, shares: bool = False) -> str:
    """Return a description in words of `lines`: where each line begins and ends.

    Examples
    --------
    >>> table = pd.DataFrame({"bought once": [1, 0.6]}, index=pd.Index([0, 4], name="Weeks"))
    >>> describe_lines(table, y="P(alive)", shares=True)
    'Lines of P(alive) by weeks, 0 to 4: bought once, from 100% to 60%.'
    """
    table, show = _checked(table), _words(shares)
    parts = [
        f"{name}, from {show(values.iloc[0])} to {show(values.iloc[-1])}"
        for name, values in table.items()
    ]
    over = f" by {_lowered(str(table.index.name))}" if table.index.name else ""
    span = f"{table.index[0]:g} to {table.index[-1]:g}"
    return f"Lines of {y}{over}, {span}: {'; '.join(parts)}."


def named_bars(values: pd.Series, *, y: str, shares: bool = False, ax: Axes | None = None) -> Axes:
    """Draw a bar for each value of a series, with the number above it.

    Parameters
    ----------
    values
        Numbers by name, in the order of the bars.
    y
        Name of the values, with their unit.
    shares
        Whether the values are shares, written in percent.
    ax
        Axes to draw on; None makes a new figure.

    Raises
    ------
    DataError
        If the series is empty, or a value is not a number.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = named_bars(pd.Series({"alive": 40, "gone": 20}), y="Customers", ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['40', '20']
    """
    check_rows(values.to_frame(), "named_bars")
    show = _words(shares)
    with canvas(ax) as ax:
        drawn = bars(ax, range(len(values)), values.to_numpy(float), FILLS[0], width=0.6)
        ax.set_xticks(range(len(values)), [str(name) for name in values.index])
        (percent_axis if shares else count_axis)(ax.yaxis)
        label_bars(ax, drawn, [show(value) for value in values])
        name_axes(ax, x=str(values.index.name or ""), y=y)
    return ax


def describe_named_bars(values: pd.Series, *, y: str, shares: bool = False) -> str:
    """Return a description in words of `named_bars`.

    Examples
    --------
    >>> describe_named_bars(pd.Series({"alive": 40, "gone": 20}), y="Customers")
    'Bars of customers: alive 40, gone 20.'
    """
    check_rows(values.to_frame(), "named_bars")
    show = _words(shares)
    figures = ", ".join(f"{name} {show(value)}" for name, value in values.items())
    return f"Bars of {_lowered(y)}: {figures}."


def _checked(table: pd.DataFrame | pd.Series) -> pd.DataFrame:
    frame = table.to_frame() if isinstance(table, pd.Series) else table
    check_rows(frame, "lines")
    if len(frame.columns) > len(LINES):
        raise DataError(
            f"lines draws up to {len(LINES)} lines; found {len(frame.columns)} columns. "
            "Choose the columns to compare."
        )
    check_matrix(frame.set_axis(range(len(frame.columns)), axis="columns"), "lines")
    return frame.sort_index()


def _words(shares: bool) -> Callable[[float], str]:
    return percent if shares else count


def _lowered(name: str) -> str:
    """A label within a sentence: its first letter small, unless it is all capitals or a symbol."""
    return name if name[:2].isupper() or name[1:2] in "(_" else name[:1].lower() + name[1:]

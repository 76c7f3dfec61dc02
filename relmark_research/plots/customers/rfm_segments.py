"""RFM scores: customers by score, behaviour of segments, and response of mailing cells."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.formats import count, percent
from relmark_research.plots.marks import name_axes, percent_axis, whiskers
from relmark_research.plots.style import FONT_SIZE, LINES, SHADES, SQUARE, TEXT, canvas, ink_on
from relmark_research.plots.tables import checked, text_of

ROW = 0.36  # inches


def rfm_matrix(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the number of customers by recency and frequency score.

    Parameters
    ----------
    table
        One row per customer: R and F, whole numbers from 1 (worst).
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A heat map, the best customers in the upper right corner, each cell with its customers.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"R": [1, 2, 2], "F": [1, 2, 2]})
    >>> rfm_matrix(table, ax=Figure().subplots()).get_xlabel()
    'Recency score (right: most recent)'
    """
    cells = _cells(table)
    with canvas(ax, size=SQUARE, grid="") as ax:
        mesh = ax.pcolormesh(
            np.arange(cells.shape[1] + 1) + 0.5, np.arange(cells.shape[0] + 1) + 0.5,
            cells.to_numpy(), cmap=SHADES, vmin=0, edgecolors="face", linewidth=0.3,
        )  # fmt: skip
        colours = mesh.to_rgba(cells.to_numpy())
        for (row, column), customers in np.ndenumerate(cells.to_numpy()):
            ax.text(
                column + 1, row + 1, count(customers), ha="center", va="center",
                color=ink_on(tuple(colours[row, column])), fontsize=FONT_SIZE - 1,
            )  # fmt: skip
        ax.set_xticks(list(cells.columns))
        ax.set_yticks(list(cells.index))
        ax.spines["bottom"].set_visible(False)
        name_axes(
            ax, x="Recency score (right: most recent)",
            y="Frequency score (top: most frequent), and customers",
        )  # fmt: skip
    return ax


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "rfm_matrix", numbers=["R", "F"])
    most = int(table[["R", "F"]].to_numpy().max())
    counted = table.groupby(["F", "R"]).size().unstack(fill_value=0)
    return counted.reindex(range(1, most + 1), fill_value=0).reindex(
        columns=range(1, most + 1), fill_value=0
    )


def describe_rfm_matrix(table: pd.DataFrame) -> str:
    """Return a description in words of `rfm_matrix`.

    Parameters
    ----------
    table
        As for `rfm_matrix`.

    Returns
    -------
    str
        The customers with the best scores of both, with the worst, and in the fullest cell.

    Raises
    ------
    DataError
        As `rfm_matrix`.

    Examples
    --------
    >>> print(describe_rfm_matrix(pd.DataFrame({"R": [1, 2, 2], "F": [1, 2, 2]})))
    Heat map of 3 customers by recency and frequency score: 2 (67%) have the best score on both, 1
    (33%) the worst on both.
    """
    cells = _cells(table)
    total = int(cells.to_numpy().sum())
    counts = cells.to_numpy(int)
    best, worst = int(counts[-1, -1]), int(counts[0, 0])
    return (
        f"Heat map of {count(total)} customers by recency and frequency score: "
        f"{count(best)} ({percent(best / total)}) have the best score on both, {count(worst)} "
        f"({percent(worst / total)}) the worst on both."
    )


def segment_behaviour(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of each segment that bought in the holdout, with intervals.

    Parameters
    ----------
    table
        One row per segment, in order: segment, customers, bought, bought_low, bought_high (shares).
    ax
        Axes to draw on; None makes a new figure, as high as the rows need.

    Returns
    -------
    Axes
        A point with its interval per segment, the first at the top.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"segment": ["loyal", "asleep"], "customers": [40, 60],
    ...     "bought": [0.5, 0.1], "bought_low": [0.35, 0.05], "bought_high": [0.65, 0.2]})
    >>> segment_behaviour(table, ax=Figure().subplots()).get_xlabel()
    'Share that bought again in the holdout'
    """
    table = _checked_segments(table)
    with canvas(ax, size=(7.0, max(2.2, 1.2 + ROW * len(table))), grid="x") as ax:
        places = np.arange(len(table))
        whiskers(ax, places, table["bought_low"], table["bought_high"],
                 colour=LINES[0].colour, upright=False)  # fmt: skip
        ax.plot(table["bought"], places, "o", color=LINES[0].colour, markersize=8)
        labels = [
            f"{name} ({count(customers)})"
            for name, customers in zip(text_of(table["segment"]), table["customers"], strict=True)
        ]
        ax.set_yticks(places, labels)
        ax.invert_yaxis()
        ax.set_xlim(0, min(1.0, 1.05 * float(table["bought_high"].max())) or 1)
        percent_axis(ax.xaxis)
        name_axes(ax, x="Share that bought again in the holdout", y="Segment (customers)")
    return ax


def _checked_segments(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["customers", "bought", "bought_low", "bought_high"]
    return checked(table, "segment_behaviour", numbers=numbers, others=["segment"])


def describe_segment_behaviour(table: pd.DataFrame) -> str:
    """Return a description in words of `segment_behaviour`.

    Parameters
    ----------
    table
        As for `segment_behaviour`.

    Returns
    -------
    str
        The segments of highest and lowest share, with their intervals.

    Raises
    ------
    DataError
        As `segment_behaviour`.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["loyal", "asleep"], "customers": [40, 60],
    ...     "bought": [0.5, 0.1], "bought_low": [0.35, 0.05], "bought_high": [0.65, 0.2]})
    >>> print(describe_segment_behaviour(table))
    Share of each of 2 segments that bought in the holdout: from 50% (35% to 65%) of loyal down to
    10% (5% to 20%) of asleep.
    """
    table = _checked_segments(table)
    order = table["bought"].to_numpy(float)
    best, worst = table.iloc[int(np.nanargmax(order))], table.iloc[int(np.nanargmin(order))]

    def said(row: pd.Series) -> str:
        interval = f"({percent(row['bought_low'])} to {percent(row['bought_high'])})"
        return f"{percent(row['bought'])} {interval} of {row['segment']}"

    return (
        f"Share of each of {len(table)} segments that bought in the holdout: from {said(best)} "
        f"down to {said(worst)}."
    )


def mailing_cells(
    table: pd.DataFrame, *, break_even: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the expected response of every cell, best first, and the break-even rate.

    Parameters
    ----------
    table
        One row per cell: customers, expected_rate (in [0, 1]).
    break_even
        The break-even response; None draws no line.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Steps: each cell as wide as its share of the customers.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"customers": [19, 19], "expected_rate": [0.4, 0.1]})
    >>> mailing_cells(table, break_even=0.25, ax=Figure().subplots()).get_ylabel()
    'Expected response of the cell'
    """
    table = _checked_cells(table)
    shares = np.r_[0.0, np.cumsum(table["customers"]) / table["customers"].sum()]
    with canvas(ax) as ax:
        ax.stairs(table["expected_rate"], shares, fill=True, color=LINES[0].colour, alpha=0.85)
        top = 1.12 * max(float(table["expected_rate"].max()), break_even or 0)
        ax.set(xlim=(0, 1), ylim=(0, top or 1))
        if break_even is not None:
            ax.axhline(break_even, color=TEXT, linewidth=1.4, linestyle=(0, (4, 2)))
            ax.annotate(
                f"break-even {percent(break_even)}", (1, break_even), (0, 4),
                textcoords="offset points", ha="right", va="bottom", color=TEXT,
            )  # fmt: skip
        percent_axis(ax.xaxis)
        percent_axis(ax.yaxis)
        name_axes(ax, x="Share of customers, best cells first", y="Expected response of the cell")
    return ax


def _checked_cells(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "mailing_cells", numbers=["customers", "expected_rate"])
    outside = table[~table["expected_rate"].between(0, 1)]
    if len(outside):
        raise DataError(
            f"mailing_cells draws rates from 0 to 1; found {len(outside)} outside, first "
            f"{outside['expected_rate'].iloc[0]:g}. Divide responses by contacts."
        )
    return table.sort_values("expected_rate", ascending=False)


def describe_mailing_cells(table: pd.DataFrame, *, break_even: float | None = None) -> str:
    """Return a description in words of `mailing_cells`.

    Parameters
    ----------
    table, break_even
        As for `mailing_cells`.

    Returns
    -------
    str
        The best and the worst cell's rate, and which share of customers is in cells that pay.

    Raises
    ------
    DataError
        As `mailing_cells`.

    Examples
    --------
    >>> table = pd.DataFrame({"customers": [19, 19], "expected_rate": [0.4, 0.1]})
    >>> print(describe_mailing_cells(table, break_even=0.25))
    Expected response of 2 cells of customers, from 40% in the best to 10% in the worst. Cells with
    50% of the customers are above the break-even of 25%.
    """
    table = _checked_cells(table)
    rates = table["expected_rate"]
    said = (
        f"Expected response of {len(table)} cells of customers, from {percent(rates.iloc[0])} in "
        f"the best to {percent(rates.iloc[-1])} in the worst."
    )
    if break_even is None:
        return said
    above = table.loc[rates > break_even, "customers"].sum() / table["customers"].sum()
    return (
        f"{said} Cells with {percent(float(above))} of the customers are above "
        f"the break-even of {percent(break_even)}."
    )

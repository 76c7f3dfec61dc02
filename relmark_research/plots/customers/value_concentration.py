"""Concentration of value: the Lorenz curve of customers, most valuable first."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import percent, with_unit
from relmark_research.plots.marks import name_axes, percent_axis
from relmark_research.plots.style import LINES, SQUARE, TEXT, canvas
from relmark_research.plots.tables import checked_cumulative

TOP = 0.2


def concentration(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the cumulative share of value by share of customers, with the top fifth marked.

    Parameters
    ----------
    table
        Cumulative shares, customers sorted by decreasing value: ``customers_share`` in [0, 1],
        ``value_share`` (above 1 where the last customers returned more than they bought); a few
        hundred rows are enough.
    currency
        Currency of the value, for the axis label: ``"USD"``, ``"€"``; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        The curve, and the line of equality, dashed.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or a share of customers is outside [0, 1].

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"customers_share": [0.2, 0.6, 1.0], "value_share": [0.7, 0.9, 1.0]})
    >>> concentration(table, "USD", ax=Figure().subplots()).get_ylabel()
    'Share of value (USD)'
    """
    customers, value = _curve(table)
    with canvas(ax, size=SQUARE, grid="both") as ax:
        ax.plot([0, 1], [0, 1], color=TEXT, linewidth=1, linestyle=(0, (2, 3)))
        ax.plot(customers, value, color=LINES[0].colour, linewidth=2.4)
        _mark_top(ax, float(np.interp(TOP, customers, value)))
        percent_axis(ax.xaxis)
        percent_axis(ax.yaxis)
        ax.set(xlim=(0, 1), ylim=(0, max(1.0, value.max()) + 0.01))
        name_axes(
            ax, x="Share of customers, most valuable first", y=with_unit("Share of value", currency)
        )
    return ax


def _mark_top(ax: Axes, share: float) -> None:
    ax.plot([TOP, TOP, 0], [0, share, share], color=TEXT, linewidth=1)
    ax.plot([TOP], [share], "o", color=LINES[0].colour, markersize=9)
    ax.annotate(
        f"The top {percent(TOP)} of customers\ngenerate {percent(share)} of value",
        (TOP, 0.04), (8, 0), textcoords="offset points", va="bottom", color=TEXT,
    )  # fmt: skip
    ax.annotate(
        "if all were\nequal",
        (0.62, 0.62), (10, -6), textcoords="offset points", va="top", color=TEXT, style="italic",
    )  # fmt: skip


def _curve(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    customers, value = checked_cumulative(table, "concentration", "value_share")
    if customers[0] > 0:
        return np.r_[0.0, customers], np.r_[0.0, value]
    return customers, value


def describe_concentration(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `concentration`.

    Parameters
    ----------
    table, currency
        As for `concentration`.

    Returns
    -------
    str
        The value shares of the best 5, 20 and 50 percent, interpolated between rows.

    Raises
    ------
    DataError
        As `concentration`.

    Examples
    --------
    >>> table = pd.DataFrame({"customers_share": [0.2, 0.6, 1.0], "value_share": [0.7, 0.9, 1.0]})
    >>> print(describe_concentration(table, "USD"))
    Curve of the share of value (USD) against the share of customers, most valuable first: the top
    20% of customers generate 70%, the top 5% 18% and the top 50% 85%.
    """
    customers, value = _curve(table)
    top, best, half = (
        percent(float(np.interp(place, customers, value))) for place in (TOP, 0.05, 0.5)
    )
    return (
        f"Curve of the {with_unit('share of value', currency)} against the share of customers, "
        f"most valuable first: the top 20% of customers generate {top}, the top 5% {best} and the "
        f"top 50% {half}."
    )

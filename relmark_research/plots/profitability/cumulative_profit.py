"""The whale curve: cumulative profit by share of customers, most profitable first."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import percent
from relmark_research.plots.marks import name_axes, percent_axis
from relmark_research.plots.style import BLUE, SQUARE, TEXT, VERMILLION, canvas
from relmark_research.plots.tables import checked_cumulative


def whale_curve(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw cumulative profit by share of customers, with the peak and the loss beyond it.

    Parameters
    ----------
    table
        ``customers_share`` in [0, 1], the most profitable first, and ``profit_share`` of the profit
        of all, cumulative.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        The curve, its part beyond the peak in another colour, and a line at the total profit.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or a share of customers is outside [0, 1].

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"customers_share": [0, 0.5, 1], "profit_share": [0, 1.2, 1]})
    >>> whale_curve(table, ax=Figure().subplots()).get_ylabel()
    'Share of all profit'
    """
    customers, profit = checked_cumulative(table, "whale_curve", "profit_share")
    top = int(profit.argmax())
    with canvas(ax, size=SQUARE, grid="both") as ax:
        ax.axhline(1, color=TEXT, linewidth=1, linestyle=(0, (2, 3)))
        ax.plot(customers[: top + 1], profit[: top + 1], color=BLUE, linewidth=2.4)
        ax.plot(
            customers[top:], profit[top:], color=VERMILLION, linewidth=2.4, linestyle=(0, (6, 2))
        )
        ax.plot([customers[top]], [profit[top]], "o", color=BLUE, markersize=9)
        ax.annotate(
            f"{percent(customers[top])} of customers\ngenerate {percent(profit[top])} of profit",
            (customers[top], 1), (0, -8), textcoords="offset points", ha="center", va="top",
            color=TEXT,
        )  # fmt: skip
        if profit[top] > 1.005:
            ax.annotate(
                f"the rest lose\n{percent(profit[top] - 1)}", (1, 1), (-4, -50),
                textcoords="offset points", ha="right", va="top", color=TEXT,
            )  # fmt: skip
        percent_axis(ax.xaxis)
        percent_axis(ax.yaxis)
        ax.set(xlim=(0, 1), ylim=(min(0.0, profit.min()), max(1.0, profit.max()) * 1.06))
        name_axes(ax, x="Share of customers, most profitable first", y="Share of all profit")
    return ax


def describe_whale_curve(table: pd.DataFrame) -> str:
    """Return a description in words of `whale_curve`.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"customers_share": [0, 0.2, 0.5, 1], "profit_share": [0, 0.9, 1.2, 1]})
    >>> print(describe_whale_curve(table))
    Curve of cumulative profit over customers, most profitable first: it rises to 120% of the profit
    at 50% of the customers and falls to 100%, as the rest lose 20%; the best 20% alone generate
    90%.
    """
    customers, profit = checked_cumulative(table, "whale_curve", "profit_share")
    top = int(profit.argmax())
    fifth = percent(float(np.interp(0.2, customers, profit)))
    lost = profit[top] - 1
    fall = f" and falls to 100%, as the rest lose {percent(lost)}" if lost > 0.0005 else ""
    return (
        "Curve of cumulative profit over customers, most profitable first: it rises to "
        f"{percent(profit[top])} of the profit at {percent(customers[top])} of the customers{fall}"
        f"; the best 20% alone generate {fifth}."
    )

"""P(alive) of one customer over time."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import day, percent
from relmark_research.plots.marks import EndLabel, date_ticks, label_ends, name_axes, percent_axis
from relmark_research.plots.style import BLUE, TEXT, Series, canvas
from relmark_research.plots.tables import checked


def customer_history(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw one customer's P(alive) over time, with the days of purchase marked.

    Parameters
    ----------
    table
        One row per day or week: ``time``, ``p_alive`` in [0, 1], ``purchase`` (bool: bought then).
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        The path of P(alive), with a vertical mark at each purchase.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({
    ...     "time": pd.to_datetime(["1997-01-01", "1997-02-01", "1997-03-01"]),
    ...     "p_alive": [1.0, 0.8, 0.6], "purchase": [True, False, False],
    ... })
    >>> customer_history(table, ax=Figure().subplots()).get_ylabel()
    'Probability of still being a customer, P(alive)'
    """
    table = _checked_history(table)
    with canvas(ax) as ax:
        bought = table.loc[table["purchase"].astype(bool), "time"]
        ax.vlines(bought.to_numpy(), 0, 1, color=TEXT, linewidth=1, linestyle=(0, (2, 2)))
        ax.plot(
            bought.to_numpy(), np.full(len(bought), 1.03), "v", color=TEXT, markersize=7,
            clip_on=False,
        )  # fmt: skip
        ax.plot(table["time"].to_numpy(), table["p_alive"], color=BLUE, linewidth=2.4)
        ax.set_ylim(0, 1.03)
        first, last = table["time"].iloc[0], table["time"].iloc[-1]
        if last > first:
            ax.set_xlim(first, last)
        date_ticks(ax, table["time"])
        percent_axis(ax.yaxis)
        name_axes(ax, x="Day", y="Probability of still being a customer, P(alive)")
        now = table["p_alive"].iloc[-1]
        label_ends(
            ax,
            [
                EndLabel(now, percent(now), Series(BLUE, "-", "")),
                EndLabel(1.03, "Purchase", Series(TEXT, "", "v")),
            ],
        )
    return ax


def _checked_history(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "customer_history", numbers=["p_alive"], others=["time", "purchase"])
    return table.assign(time=pd.to_datetime(table["time"])).sort_values("time")


def describe_customer_history(table: pd.DataFrame) -> str:
    """Return a description in words of `customer_history`.

    Parameters
    ----------
    table
        As for `customer_history`.

    Returns
    -------
    str
        How often the customer bought, when last, and the lowest and the last P(alive).

    Raises
    ------
    DataError
        As `customer_history`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "time": pd.to_datetime(["1997-01-01", "1997-02-01", "1997-03-01"]),
    ...     "p_alive": [1.0, 0.8, 0.6], "purchase": [True, False, False],
    ... })
    >>> print(describe_customer_history(table))
    Line of one customer's P(alive) from 1 January 1997 to 1 March 1997, with 1 purchase marked, the
    last on 1 January 1997: it ends at 60%, its lowest was 60%.
    """
    table = _checked_history(table)
    bought = table.loc[table["purchase"].astype(bool), "time"]
    times = f"{len(bought)} purchase{'' if len(bought) == 1 else 's'} marked"
    last = f", the last on {day(bought.iloc[-1])}" if len(bought) else ""
    return (
        f"Line of one customer's P(alive) from {day(table['time'].iloc[0])} to "
        f"{day(table['time'].iloc[-1])}, with {times}{last}: it ends at "
        f"{percent(table['p_alive'].iloc[-1])}, its lowest was {percent(table['p_alive'].min())}."
    )

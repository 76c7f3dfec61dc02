"""Distribution of customer lifetime value, and value by decile."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from relmark_research.errors import DataError
from relmark_research.formats import PLAIN, WHOLE, count, money, percent, with_unit
from relmark_research.plots.marks import (
    bars,
    count_axis,
    name_axes,
    thinned,
    tick_count,
    whiskers,
)
from relmark_research.plots.style import FILLS, FONT_SIZE, TEXT, canvas
from relmark_research.plots.tables import bounds, checked, text_of

FILL = FILLS[0]


def value_distribution(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw a histogram of the value per customer.

    Parameters
    ----------
    table
        One row per bin, lowest first: ``low``, ``high`` (its edges, money per customer; the last
        may be infinite), ``customers``. Bins may widen as they rise.
    currency
        Currency of the edges, for the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One bar per bin, all of equal width, with the edges written between them.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or the bins do not join.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"low": [0, 10, 50], "high": [10, 50, 200], "customers": [50, 30, 5]})
    >>> value_distribution(table, "USD", ax=Figure().subplots()).get_xlabel()
    'Value per customer (USD)'
    """
    table = _checked_bins(table)
    with canvas(ax) as ax:
        bars(ax, np.arange(len(table)) + 0.5, table["customers"], FILL, width=0.94)
        edges = [*table["low"], table["high"].iloc[-1]]
        ax.set_xticks(*thinned([tick_count(round(edge, 2)) for edge in edges], 13))
        ax.set_xlim(0, len(table))
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        count_axis(ax.yaxis)
        name_axes(ax, x=with_unit("Value per customer", currency), y="Customers")
    return ax


def _checked_bins(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "value_distribution", numbers=["low", "high", "customers"])
    table = table.sort_values("low")
    joined = np.isclose(table["high"].to_numpy(float)[:-1], table["low"].to_numpy(float)[1:])
    if not joined.all():
        place = int(np.argmin(joined))
        raise DataError(
            "value_distribution expects bins that join, each high the next low; found "
            f"{int((~joined).sum())} gaps or overlaps, first after {table['high'].iloc[place]:g} "
            f"(next low {table['low'].iloc[place + 1]:g}). Keep empty bins in the table."
        )
    return table


def describe_value_distribution(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `value_distribution`.

    Parameters
    ----------
    table, currency
        As for `value_distribution`.

    Returns
    -------
    str
        The number of customers, the fullest bin, and the bin in which the median customer is.

    Raises
    ------
    DataError
        As `value_distribution`.

    Examples
    --------
    >>> table = pd.DataFrame({"low": [0, 10, 50], "high": [10, 50, 200], "customers": [40, 50, 5]})
    >>> print(describe_value_distribution(table, "USD"))
    Histogram of the value of 95 customers: the largest group, 50, is worth $10 to $50; the median
    customer is worth $10 to $50.
    """
    table = _checked_bins(table)
    full = table.iloc[int(table["customers"].argmax())]
    total = table["customers"].sum()
    middle = table[table["customers"].cumsum() >= total / 2].iloc[0]
    return (
        f"Histogram of the value of {count(total)} customers: the largest group, "
        f"{count(full['customers'])}, is worth {_span(full, currency)}; the median customer is "
        f"worth {_span(middle, currency)}."
    )


def _span(row: pd.Series, currency: str) -> str:
    if np.isinf(row["high"]):
        return f"{_edge(row['low'], currency)} or more"
    return f"{_edge(row['low'], currency)} to {_edge(row['high'], currency)}"


def _edge(amount: float, currency: str) -> str:
    return money(amount, currency, detail=WHOLE if amount == round(amount) else PLAIN)


def value_by_decile(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the value of each decile of customers, with interval and share.

    Parameters
    ----------
    table
        One row per decile: ``decile`` (1 to 10), ``value`` (money, summed over its customers),
        ``share`` (of the value of all, in [0, 1]); optionally ``value_low`` and ``value_high``.
    currency
        Currency of the value, for the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One bar per decile, its share above, its interval as a vertical line.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"decile": [1, 2], "value": [900.0, 100.0], "share": [0.9, 0.1]})
    >>> value_by_decile(table, "USD", ax=Figure().subplots()).get_xlabel()
    'Decile of customers, 1 = most valuable'
    """
    table = _checked_deciles(table)
    with canvas(ax) as ax:
        places = np.arange(len(table))
        bars(ax, places, table["value"], FILL)
        band = bounds(table, "value")
        tops = table["value"].to_numpy(float)
        if band:
            whiskers(ax, places, *band)
            tops = np.fmax(tops, band[1].to_numpy(float))
        for place, top, share in zip(places, tops, table["share"], strict=True):
            ax.annotate(
                percent(share), (place, top), (0, 4), textcoords="offset points", ha="center",
                color=TEXT, fontsize=FONT_SIZE - 1,
            )  # fmt: skip
        ax.set_xticks(places, text_of(table["decile"]))
        ax.set_ylim(min(0, table["value"].min()), 1.1 * tops.max() or 1)
        count_axis(ax.yaxis)
        name_axes(
            ax,
            x=f"Decile of customers, {_best(table):g} = most valuable",
            y=with_unit("Value of the decile", currency) + ", and its share of the total",
        )
    return ax


def _best(table: pd.DataFrame) -> float:
    return float(table["decile"].iloc[int(table["value"].argmax())])


def _checked_deciles(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "value_by_decile", numbers=["decile", "value", "share"])
    return table.sort_values("decile")


def describe_value_by_decile(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `value_by_decile`.

    Parameters
    ----------
    table, currency
        As for `value_by_decile`.

    Returns
    -------
    str
        The value of the top decile with its interval and share, and that of the lowest.

    Raises
    ------
    DataError
        As `value_by_decile`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "decile": [1, 2], "value": [900.0, 100.0], "share": [0.9, 0.1],
    ...     "value_low": [800.0, 80.0], "value_high": [1000.0, 120.0],
    ... })
    >>> print(describe_value_by_decile(table, "USD"))
    Value by decile of customers: the most valuable decile is worth $900.00 ($800.00 to $1,000), 90%
    of the total; the least valuable $100.00, 10%.
    """
    table = _checked_deciles(table)
    best = table.iloc[int(table["value"].argmax())]
    poorest = table.iloc[int(table["value"].argmin())]
    band = ""
    if bounds(table, "value"):
        low, high = (money(best[f"value_{side}"], currency) for side in ("low", "high"))
        band = f" ({low} to {high})"
    return (
        "Value by decile of customers: the most valuable decile is worth "
        f"{money(best['value'], currency)}{band}, {percent(best['share'])} of the total; the least "
        f"valuable {money(poorest['value'], currency)}, {percent(poorest['share'])}."
    )

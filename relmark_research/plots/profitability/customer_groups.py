"""Customer groups: profit tiers, and the four quadrants of Reinartz and Kumar."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import count, money, percent, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import bars, count_axis, name_axes, percent_axis
from relmark_research.plots.style import FILLS, FONT_SIZE, ON_DARK, ON_LIGHT, TEXT, canvas
from relmark_research.plots.tables import bounds, checked

_KINDS = {"true friends": "stay and pay", "butterflies": "pay, but leave",
          "barnacles": "stay without paying", "strangers": "neither"}  # fmt: skip


def profit_tiers(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw each tier's share of customers and of value.

    Parameters
    ----------
    table
        The best tier first: ``tier``, ``customers`` (number), ``share`` (of the value of all; may
        be negative), ``mean`` (value per customer, money).
    currency
        Currency of the mean, for labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Two bars per tier, with the value per customer above.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"tier": ["gold", "lead"], "customers": [20, 80],
    ...                       "share": [1.1, -0.1], "mean": [55.0, -1.0]})
    >>> profit_tiers(table, ax=Figure().subplots()).get_xlabel()
    'Tier, the best first'
    """
    table = checked(table, "profit_tiers", numbers=["customers", "share", "mean"], others=["tier"])
    places = np.arange(len(table))
    people = table["customers"] / table["customers"].sum()
    value = table["share"].to_numpy(float)
    with canvas(ax) as ax:
        bars(ax, places - 0.2, people, FILLS[1], width=0.36)
        bars(ax, places + 0.2, value, FILLS[0], width=0.36)
        tops = np.maximum(np.maximum(people.to_numpy(), value), 0)
        for place, top, mean in zip(places, tops, table["mean"], strict=True):
            ax.annotate(
                f"{money(mean, currency)}\neach", (place, top), (0, 5),
                textcoords="offset points", ha="center", va="bottom", color=TEXT,
                fontsize=FONT_SIZE - 1,
            )  # fmt: skip
        for series, shift, text in ((people.to_numpy(), -0.2, "customers"), (value, 0.2, "value")):
            tallest = int(series.argmax())
            ax.annotate(
                text, (places[tallest] + shift, series[tallest] / 2), rotation=90, ha="center",
                va="center", color=ON_LIGHT if text == "customers" else ON_DARK,
            )  # fmt: skip
        ax.axhline(0, color=TEXT, linewidth=1)
        ax.set_xticks(places, table["tier"].astype(str))
        ax.set_ylim(min(0.0, 1.15 * value.min()), 1.25 * tops.max())
        percent_axis(ax.yaxis)
        name_axes(ax, x="Tier, the best first", y="Share of all customers, and of all value")
    return ax


def describe_profit_tiers(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `profit_tiers`.

    Examples
    --------
    >>> table = pd.DataFrame({"tier": ["gold", "lead"], "customers": [20, 80],
    ...                       "share": [1.1, -0.1], "mean": [55.0, -1.0]})
    >>> print(describe_profit_tiers(table, "EUR"))
    Share of customers and of value by tier: gold, 20% of the customers, generate 110%, €55.00 each;
    lead, 80%, generate −10%, −€1.00 each.
    """
    table = checked(table, "profit_tiers", numbers=["customers", "share", "mean"], others=["tier"])
    total = table["customers"].sum()
    first, last = table.iloc[0], table.iloc[-1]
    return (
        "Share of customers and of value by tier: "
        f"{first['tier']}, {percent(first['customers'] / total)} of the customers, generate "
        f"{percent(first['share'])}, {money(first['mean'], currency)} each; {last['tier']}, "
        f"{percent(last['customers'] / total)}, generate {percent(last['share'])}, "
        f"{money(last['mean'], currency)} each."
    )


def customer_quadrants(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the profit per customer in the four quadrants, with intervals.

    Parameters
    ----------
    table
        ``quadrant``, ``customers`` (number), ``mean`` (profit per customer, money) with
        ``mean_low`` and ``mean_high``.
    currency
        Currency of the mean, for labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per quadrant.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"quadrant": ["true friends", "strangers"], "customers": [4, 6],
    ...     "mean": [90.0, -2.0], "mean_low": [70.0, -5.0], "mean_high": [110.0, 1.0]})
    >>> customer_quadrants(table, "EUR", ax=Figure().subplots()).get_ylabel()
    'Quadrant'
    """
    table = checked(table, "customer_quadrants", numbers=["customers", "mean"], others=["quadrant"])
    names = [
        f"{kind}: {_KINDS[str(kind)]}" if str(kind) in _KINDS else str(kind)
        for kind in table["quadrant"]
    ]
    texts = [f"{count(n)} customers" for n in table["customers"]]
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(ax, names, table["mean"], bounds(table, "mean"), texts)
        count_axis(ax.xaxis, n_ticks=4)
        name_axes(ax, x=with_unit("Profit per customer in the holdout", currency), y="Quadrant")
    return ax


def describe_customer_quadrants(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `customer_quadrants`.

    Examples
    --------
    >>> table = pd.DataFrame({"quadrant": ["true friends", "strangers"], "customers": [4, 6],
    ...     "mean": [90.0, -2.0], "mean_low": [70.0, -5.0], "mean_high": [110.0, 1.0]})
    >>> print(describe_customer_quadrants(table, "EUR"))
    Profit per customer in the holdout, with intervals: true friends €90.00 (4 customers), strangers
    −€2.00 (6 customers).
    """
    table = checked(table, "customer_quadrants", numbers=["customers", "mean"], others=["quadrant"])
    said = [
        f"{row['quadrant']} {money(row['mean'], currency)} ({count(row['customers'])} customers)"
        for row in table.dropna(subset=["mean"]).to_dict("records")
    ]
    return f"Profit per customer in the holdout, with intervals: {', '.join(said)}."

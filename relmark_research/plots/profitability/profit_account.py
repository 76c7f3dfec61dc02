"""The profit account: revenue, cost items and profit."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import money, percent, with_unit
from relmark_research.plots._dot_intervals import size_of
from relmark_research.plots.marks import count_axis, label_rows, name_axes
from relmark_research.plots.style import BLUE, ORANGE, TEXT, canvas
from relmark_research.plots.tables import checked

_NAMES = {
    "goods": "cost of goods", "returns": "cost of returns", "handling": "handling and fees",
    "service": "customer service", "contacts": "marketing contacts",
    "acquisition": "customer acquisition",
}  # fmt: skip


def profit_items(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw revenue, the cost items and the profit as a waterfall.

    Parameters
    ----------
    table
        In the order of the account: ``item`` (revenue first, profit last), ``money`` (costs
        negative) and ``share`` of revenue. Items of nothing are left out.
    currency
        Currency of the money, for labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One bar per item, each beginning where the last one ended, with money and share beside it.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"item": ["revenue", "goods", "profit"], "money": [10.0, -6.0, 4.0],
    ...                       "share": [1.0, -0.6, 0.4]})
    >>> profit_items(table, "EUR", ax=Figure().subplots()).get_xlabel()
    'Money (EUR)'
    """
    table = _checked(table)
    amounts = table["money"].to_numpy(float)
    totals = table["item"].isin(["revenue", "profit"]).to_numpy()
    ends = np.where(totals, amounts, np.cumsum(np.where(totals, 0, amounts)) + amounts[0])
    starts = np.where(totals, 0.0, ends - amounts)
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        places = np.arange(len(table))
        for total, colour, hatch in ((True, BLUE, ""), (False, ORANGE, "////")):
            rows = totals == total
            ax.barh(
                places[rows], (ends - starts)[rows], left=starts[rows], height=0.62,
                color=colour if total else "none", edgecolor=colour, hatch=hatch,
            )  # fmt: skip
        ax.set_yticks(places, [_NAMES.get(name, name) for name in table["item"]])
        ax.set_ylim(len(table) - 0.5, -0.6)
        texts = [
            f"{money(row['money'], currency)}  ({percent(abs(row['share']))})"
            for row in table.to_dict("records")
        ]
        label_rows(ax, places, texts)
        ax.axvline(0, color=TEXT, linewidth=1)
        count_axis(ax.xaxis, n_ticks=4)
        name_axes(ax, x=with_unit("Money", currency), y="Item, and its share of revenue")
    return ax


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "profit_items", numbers=["money", "share"], others=["item"])
    return table[(table["money"] != 0) | table["item"].isin(["revenue", "profit"])]


def describe_profit_items(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `profit_items`.

    Examples
    --------
    >>> table = pd.DataFrame({"item": ["revenue", "goods", "acquisition", "profit"],
    ...     "money": [10.0, -6.0, -1.0, 3.0], "share": [1.0, -0.6, -0.1, 0.3]})
    >>> print(describe_profit_items(table, "EUR"))
    Bars from revenue of €10.00 to profit of €3.00, 30% of it. Largest deduction: cost of goods,
    €6.00; then customer acquisition, €1.00.
    """
    table = _checked(table).set_index("item")
    taken = table.drop(index=["revenue", "profit"], errors="ignore")["money"].sort_values()
    named = [
        f"{_NAMES.get(str(name), name)}, {money(-taken[name], currency)}" for name in taken.index
    ]
    largest = f"Largest deduction: {named[0]}" if named else "No deduction"
    then = f"; then {named[1]}" if len(named) > 1 else ""
    revenue, profit = float(table["money"].iloc[0]), float(table["money"].iloc[-1])
    return (
        f"Bars from revenue of {money(revenue, currency)} to profit of {money(profit, currency)}, "
        f"{percent(float(table['share'].iloc[-1]))} of it. {largest}{then}."
    )

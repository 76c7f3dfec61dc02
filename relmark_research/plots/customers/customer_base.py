"""Growth of the customer base, and the distribution of repeat purchases."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.ticker import MaxNLocator

from relmark_research.errors import DataError
from relmark_research.formats import count, month, percent
from relmark_research.plots.marks import (
    EndLabel,
    bars,
    count_axis,
    date_ticks,
    label_bars,
    label_ends,
    name_axes,
    thinned,
)
from relmark_research.plots.style import FILLS, TEXT, Series, canvas
from relmark_research.plots.tables import checked, text_of

RETURNING, NEW = FILLS
GAPS = 48  # months, at most, between whose bars a gap still looks like one


def growth(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the customers who bought in each month, new ones stacked on returning ones.

    Parameters
    ----------
    table
        One row per month: ``period`` (its first day), ``new_customers`` (first seen in it),
        ``active_customers`` (bought in it at all); optionally ``complete`` (bool): a month
        that is not is drawn as an outline.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Stacked bars of returning (active - new) and new customers.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or a month has more new than active customers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({
    ...     "period": pd.to_datetime(["1997-01-01", "1997-02-01", "1997-03-01"]),
    ...     "new_customers": [7846, 8476, 7248],
    ...     "active_customers": [7846, 9633, 9524],
    ... })
    >>> growth(table, ax=Figure().subplots()).get_ylabel()
    'Customers who bought in the month'
    """
    table = _checked_growth(table)
    returning = table["active_customers"] - table["new_customers"]
    with canvas(ax) as ax:
        days = table["period"].dt.days_in_month
        middle = table["period"] + pd.to_timedelta(days / 2, unit="D")
        share = 0.8 if len(table) <= GAPS else 1.0
        width = pd.to_timedelta(days * share, unit="D").to_numpy()
        lower = bars(ax, middle.to_numpy(), returning, RETURNING, width=width)
        upper = bars(ax, middle.to_numpy(), table["new_customers"], NEW, width=width)
        for bar, base in zip(upper, returning, strict=True):
            bar.set_y(base)
        _hollow(lower, upper, _complete(table))
        date_ticks(ax, table["period"], shift=pd.Timedelta(days=15))
        name_axes(ax, x="Month", y="Customers who bought in the month")
        count_axis(ax.yaxis)
        ax.set_ylim(0, 1.05 * table["active_customers"].max() or 1)
        ax.margins(x=0.02)
        _label_growth(ax, table, returning)
    return ax


def _checked_growth(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(
        table, "growth", numbers=["new_customers", "active_customers"], others=["period"]
    )
    more = table[table["new_customers"] > table["active_customers"]]
    if len(more):
        row = more.iloc[0]
        raise DataError(
            "growth expects new_customers to be among active_customers; found "
            f"{len(more)} months with more new than active ones, first {month(row['period'])}: "
            f"{count(row['new_customers'])} new, {count(row['active_customers'])} active. "
            "Count the customers who bought in the month as active, new ones included."
        )
    return table.assign(period=pd.to_datetime(table["period"])).sort_values("period")


def _complete(table: pd.DataFrame) -> np.ndarray:
    if "complete" in table.columns:
        return table["complete"].to_numpy(bool)
    return np.ones(len(table), bool)


def _hollow(lower: BarContainer, upper: BarContainer, complete: np.ndarray) -> None:
    for container, series in ((lower, RETURNING), (upper, NEW)):
        for bar, whole in zip(container, complete, strict=True):
            if not whole and bar.get_height() > 0:
                bar.set(facecolor="none", hatch="", edgecolor=series.colour, linewidth=1.6)


def _label_growth(ax: Axes, table: pd.DataFrame, returning: pd.Series) -> None:
    last, new = returning.iloc[-1], table["new_customers"].iloc[-1]
    labels = [EndLabel(last / 2, "Returning", RETURNING), EndLabel(last + new / 2, "New", NEW)]
    if not _complete(table).all():
        outline = Series(TEXT, "", "s", hollow=True)
        labels.append(EndLabel(last + new, "Month not\ncomplete", outline))
    label_ends(ax, labels)


def describe_growth(table: pd.DataFrame) -> str:
    """Return a description in words of `growth`, for readers who do not see it.

    Parameters
    ----------
    table
        As for `growth`.

    Returns
    -------
    str
        First and last month, all new customers, the best month for new ones, and how many
        customers bought and returned in the last complete month.

    Raises
    ------
    DataError
        As `growth`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "period": pd.to_datetime(["1997-01-01", "1997-02-01", "1997-03-01"]),
    ...     "new_customers": [7846, 8476, 7248],
    ...     "active_customers": [7846, 9633, 9524],
    ... })
    >>> print(describe_growth(table))
    Bars per month from January 1997 to March 1997: 23,570 customers were first seen, most of them
    in February 1997 (8,476). In March 1997, 9,524 customers bought, 2,276 of them returning.
    """
    table = _checked_growth(table)
    whole = _complete(table)
    last = table[whole].iloc[-1] if whole.any() else table.iloc[-1]
    best = table.iloc[int(table["new_customers"].argmax())]
    returning = last["active_customers"] - last["new_customers"]
    among = "all" if returning == last["active_customers"] else count(returning)
    part = "" if whole[-1] else f" {month(table['period'].iloc[-1])} is not complete."
    return (
        f"Bars per month from {month(table['period'].iloc[0])} to "
        f"{month(table['period'].iloc[-1])}: {count(table['new_customers'].sum())} customers "
        f"were first seen, most of them in {month(best['period'])} "
        f"({count(best['new_customers'])}). In {month(last['period'])}, "
        f"{count(last['active_customers'])} customers bought, {among} of them "
        f"returning.{part}"
    )


def purchase_counts(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the customers by number of repeat purchases, with their share above each bar.

    Parameters
    ----------
    table
        One row per number of repeat purchases, in order: ``label`` (text, the last may be
        ``"10+"``), ``customers``, ``share`` (of all customers, in [0, 1]).
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One bar per row, its height the number of customers.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame(
    ...     {"label": ["0", "1", "2+"], "customers": [60, 25, 15], "share": [0.6, 0.25, 0.15]}
    ... )
    >>> purchase_counts(table, ax=Figure().subplots()).get_xlabel()
    'Repeat purchases per customer'
    """
    table = _checked_counts(table)
    with canvas(ax) as ax:
        places = np.arange(len(table))
        drawn = bars(ax, places, table["customers"], RETURNING)
        ax.set_xticks(*thinned(text_of(table["label"]), 16))
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        count_axis(ax.yaxis)
        name_axes(ax, x="Repeat purchases per customer", y="Customers")
        if len(table) <= 14:
            label_bars(ax, drawn, [percent(share) for share in table["share"]])
    return ax


def _checked_counts(table: pd.DataFrame) -> pd.DataFrame:
    return checked(table, "purchase_counts", numbers=["customers", "share"], others=["label"])


def describe_purchase_counts(table: pd.DataFrame) -> str:
    """Return a description in words of `purchase_counts`.

    Parameters
    ----------
    table
        As for `purchase_counts`; its first row holds the customers without a repeat purchase.

    Returns
    -------
    str
        The customers and shares of the first, the second and the last row.

    Raises
    ------
    DataError
        As `purchase_counts`.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"label": ["0", "1", "2+"], "customers": [60, 25, 15], "share": [0.6, 0.25, 0.15]}
    ... )
    >>> print(describe_purchase_counts(table))
    Bars of customers by their number of repeat purchases: of 100 customers, 60 (60%) made 0, 25
    (25%) made 1, 15 (15%) made 2+.
    """
    table = _checked_counts(table)
    rows = table.iloc[sorted({0, min(1, len(table) - 1), len(table) - 1})]
    parts = [
        f"{count(row['customers'])} ({percent(row['share'])}) made {label}"
        for label, (_, row) in zip(text_of(rows["label"]), rows.iterrows(), strict=True)
    ]
    return (
        "Bars of customers by their number of repeat purchases: of "
        f"{count(table['customers'].sum())} customers, {', '.join(parts)}."
    )

"""Expected gain of recommended actions, and the backtest of earlier advice."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import WHOLE, count, money, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, name_axes
from relmark_research.plots.style import MODEL, TEXT, canvas
from relmark_research.plots.tables import bounds, checked


def action_gains(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the total expected gain of each action, with intervals.

    Parameters
    ----------
    table
        ``action``, ``customers`` (number), ``expected_gain`` with ``gain_low`` and ``gain_high``
        (money, all customers of the action). Actions without customers, and keep, are left out.
    currency
        Currency, for labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per action, the number of customers beside it.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"action": ["grow"], "customers": [9], "expected_gain": [50.0],
    ...                       "gain_low": [-5.0], "gain_high": [120.0]})
    >>> action_gains(table, "EUR", ax=Figure().subplots()).get_xlabel()
    'Expected gain (EUR)'
    """
    table = _advised(table)
    texts = [f"{count(n)} customers" for n in table["customers"]]
    band = (table["gain_low"], table["gain_high"])
    with canvas(ax, size=size_of(max(len(table), 1)), grid="x") as ax:
        draw_ranges(ax, table["action"].tolist(), table["expected_gain"], band, texts)
        count_axis(ax.xaxis, n_ticks=4)
        name_axes(ax, x=with_unit("Expected gain", currency), y="Action")
    return ax


def _advised(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["customers", "expected_gain", "gain_low", "gain_high"]
    table = checked(table, "action_gains", numbers=numbers, others=["action"])
    table = table[(table["customers"] > 0) & (table["action"] != "keep")]
    return table.sort_values("expected_gain", ascending=False)


def describe_action_gains(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `action_gains`.

    Examples
    --------
    >>> table = pd.DataFrame({"action": ["grow"], "customers": [9], "expected_gain": [50.0],
    ...                       "gain_low": [-5.0], "gain_high": [120.0]})
    >>> print(describe_action_gains(table, "EUR"))
    Expected gain by action, with intervals: grow €50 (−€5 to €120) from 9 customers.
    """
    whole = partial(money, currency=currency, detail=WHOLE)
    said = [
        f"{row['action']} {whole(row['expected_gain'])} "
        f"({whole(row['gain_low'])} to {whole(row['gain_high'])})"
        f" from {count(row['customers'])} customers"
        for row in _advised(table).to_dict("records")
    ]
    body = ", ".join(said) if said else "0 customers need an action"
    return f"Expected gain by action, with intervals: {body}."


def advice_backtest(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw expected and actual residual value by recommended action.

    Parameters
    ----------
    table
        ``action``, ``customers``, ``expected``, ``actual`` with ``actual_low`` and ``actual_high``
        (money per customer).
    currency
        Currency, for labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Per action a dot with its interval for the actual value, and a hollow diamond for the
        expected one.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"action": ["grow"], "customers": [9], "expected": [50.0],
    ...     "actual": [55.0], "actual_low": [35.0], "actual_high": [75.0]})
    >>> advice_backtest(table, "EUR", ax=Figure().subplots()).get_ylabel()
    'Recommended action'
    """
    table = _checked(table)
    texts = [f"{count(n)} customers" for n in table["customers"]]
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(ax, table["action"].tolist(), table["actual"], bounds(table, "actual"), texts)
        ax.plot(
            table["expected"], np.arange(len(table)) - 0.22, MODEL.marker, color=MODEL.colour,
            markersize=7, markerfacecolor="none", markeredgewidth=1.6, linestyle="",
        )  # fmt: skip
        ax.annotate(
            "◇ predicted   ● actual", (1, 0), (0, 8), "axes fraction", "offset points",
            ha="right", va="bottom", color=TEXT,
        )  # fmt: skip
        count_axis(ax.xaxis, n_ticks=4)
        name_axes(ax, x=with_unit("Residual value per customer", currency), y="Recommended action")
    return ax


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["customers", "expected", "actual"]
    return checked(table, "advice_backtest", numbers=numbers, others=["action"])


def describe_advice_backtest(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `advice_backtest`.

    Examples
    --------
    >>> table = pd.DataFrame({"action": ["grow"], "customers": [9], "expected": [50.0],
    ...     "actual": [55.0], "actual_low": [35.0], "actual_high": [75.0]})
    >>> print(describe_advice_backtest(table, "EUR"))
    Residual value per customer by recommended action, with intervals: grow €55.00 actual, €50.00
    predicted.
    """
    said = [
        f"{row['action']} {money(row['actual'], currency)} actual, "
        f"{money(row['expected'], currency)} predicted"
        for row in _checked(table).to_dict("records")
    ]
    return f"Residual value per customer by recommended action, with intervals: {'; '.join(said)}."

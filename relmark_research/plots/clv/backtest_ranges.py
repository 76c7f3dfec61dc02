"""Backtest: forecasts of a log's own past with their ranges, beside what came."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import count, day, formatter
from relmark_research.plots.marks import (
    EndLabel,
    date_ticks,
    label_ends,
    name_axes,
    tick_count,
    ticks_as,
    whiskers,
)
from relmark_research.plots.style import BLUE, MODEL, OBSERVED, TEXT, VERMILLION, Series, canvas
from relmark_research.plots.tables import checked

_SIZE = (5.2, 3.7)  # inches: its labels stay legible on a phone
_ROOM = "\N{NO-BREAK SPACE}" * 3  # pages enlarge text on a phone, and the longest label with it
_RANGE = Series(BLUE, "", "|")
_MISSED = Series(VERMILLION, "", "X")


def backtest(
    table: pd.DataFrame, *, currency: str | None = None, level: float = 0.95, ax: Axes | None = None
) -> Axes:
    """Draw forecasts by origin with their ranges, and the actual totals.

    Parameters
    ----------
    table
        One row per forecast: ``origin`` (the last day known), ``expected``, ``low``, ``high`` and
        ``actual`` (missing where the forecast is not finished).
    currency
        Currency code of the totals; None for purchases.
    level
        Probability of the ranges, for the label.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A solid line with dots for actual totals, a dashed line with diamonds for forecasts, an
        upright bar per range, and a cross on actual totals outside of their range.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({
    ...     "origin": pd.to_datetime(["1997-06-30", "1997-09-30"]), "expected": [1200.0, 1100.0],
    ...     "low": [900.0, 800.0], "high": [1600.0, 1500.0], "actual": [1300, 1550],
    ... })
    >>> backtest(table, ax=Figure().subplots()).get_ylabel()
    'Purchases within the horizon'
    """
    table = _checked(table)
    with canvas(ax, size=_SIZE) as ax:
        origins = table["origin"].to_numpy()
        whiskers(ax, origins, table["low"], table["high"], colour=BLUE)
        ax.plot(
            origins, table["expected"], color=BLUE, linestyle=MODEL.line, linewidth=1.6,
            marker=MODEL.marker, markersize=5,
        )  # fmt: skip
        ax.plot(origins, table["actual"], color=TEXT, linewidth=1.6, marker="o", markersize=5)
        missed = table[_missed(table)]
        ax.plot(
            missed["origin"].to_numpy(), missed["actual"], color=VERMILLION, linestyle="",
            marker="X", markersize=11,
        )  # fmt: skip
        top = table[["high", "actual"]].max().max()
        ax.set_ylim(0, 1.08 * top or 1)
        date_ticks(ax, table["origin"])
        word, divisor = _scale(top)
        ticks_as(ax.yaxis, lambda value: tick_count(value / divisor))
        unit = "Purchases" if currency is None else f"Value ({currency})"
        name_axes(ax, x="Last day known to the forecast", y=f"{unit} within the horizon{word}")
        label_ends(ax, _labels(table, level, missed=len(missed) > 0))
    return ax


def describe_backtest(
    table: pd.DataFrame, *, currency: str | None = None, level: float = 0.95
) -> str:
    """Return a description in words of `backtest`.

    Parameters
    ----------
    table, currency, level
        As for `backtest`.

    Returns
    -------
    str
        How many ranges held the actual total, and the last forecast that is finished.

    Raises
    ------
    DataError
        As `backtest`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "origin": pd.to_datetime(["1997-06-30", "1997-09-30"]), "expected": [1200.0, 1100.0],
    ...     "low": [900.0, 800.0], "high": [1600.0, 1500.0], "actual": [1300, 1550],
    ... })
    >>> print(describe_backtest(table))
    2 forecasts with their 95% ranges, from 30 June 1997 to 30 September 1997, and what came: the
    actual total was inside the range of 1. The last: 1,100 expected, range 800 to 1,500; actual
    1,550.
    """
    table = _checked(table)
    finished = table.dropna(subset=["actual"])
    form = count if currency is None else formatter(currency)
    first, last = table["origin"].iloc[0], table["origin"].iloc[-1]
    if len(table) > 1:
        text = f"{len(table)} forecasts with their {100 * level:g}% ranges"
        text += f", from {day(first)} to {day(last)}"
    else:
        text = f"One forecast with its {100 * level:g}% range, on {day(first)}"
    if finished.empty:
        return f"{text}. None is finished."
    held = len(finished) - int(_missed(finished).sum())
    row = finished.iloc[-1]
    numbers = {name: form(round(row[name])) for name in ("expected", "low", "high", "actual")}
    return (
        f"{text}, and what came: the actual total was inside the range of {held}. The last: "
        f"{numbers['expected']} expected, range {numbers['low']} to {numbers['high']}; actual "
        f"{numbers['actual']}."
    )


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["expected", "low", "high", "actual"]
    table = checked(table, "backtest", numbers=numbers, others=["origin"])
    return table.assign(origin=pd.to_datetime(table["origin"])).sort_values("origin")


def _scale(top: float) -> tuple[str, float]:
    """Return the end of the axis label and the divisor that keep its ticks short on a phone."""
    if top >= 1e6:
        return ", millions", 1e6
    return (", thousands", 1e3) if top >= 5e3 else ("", 1.0)


def _missed(table: pd.DataFrame) -> pd.Series:
    """Return whether each actual total is outside of its range."""
    return (table["actual"] < table["low"]) | (table["actual"] > table["high"])


def _labels(table: pd.DataFrame, level: float, *, missed: bool) -> list[EndLabel]:
    last = table.iloc[-1]
    actual = table["actual"].dropna().iloc[-1]
    labels = [
        EndLabel(last["high"], f"{100 * level:g}%\nrange", _RANGE),
        EndLabel(last["expected"], f"Forecast{_ROOM}", MODEL),
        EndLabel(actual, "Actual", OBSERVED),
    ]
    if missed:
        outside = np.nanmin([last["low"], actual])
        labels.append(EndLabel(outside, "Outside", _MISSED))
    return labels

"""Fit of a model to its data, and confidence intervals of its parameters."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.formats import count, number, percent
from relmark_research.plots.marks import (
    EndLabel,
    bars,
    count_axis,
    label_ends,
    label_rows,
    log_axis,
    name_axes,
    thinned,
)
from relmark_research.plots.style import BLUE, FONT_SIZE, MODEL_BAR, OBSERVED_BAR, canvas
from relmark_research.plots.tables import checked, text_of


def frequency_fit(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the customers by number of repeat purchases, actual and expected.

    Parameters
    ----------
    table
        One row per number of purchases: ``purchases`` (text, the last may be ``"7+"``),
        ``actual``, ``expected`` (customers).
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Two bars per row: filled for actual, hatched for expected.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame(
    ...     {"purchases": ["0", "1+"], "actual": [1411, 946], "expected": [1422.3, 934.7]}
    ... )
    >>> frequency_fit(table, ax=Figure().subplots()).get_ylabel()
    'Customers'
    """
    table = _checked_fit(table)
    with canvas(ax) as ax:
        places = np.arange(len(table))
        bars(ax, places - 0.21, table["actual"], OBSERVED_BAR, width=0.4)
        bars(ax, places + 0.21, table["expected"], MODEL_BAR, width=0.36)
        ax.set_xticks(*thinned(text_of(table["purchases"])))
        ax.set_xlim(-0.6, len(table) - 0.4)
        count_axis(ax.yaxis)
        name_axes(ax, x="Repeat purchases in the calibration period", y="Customers")
        last = table.iloc[-1]
        label_ends(
            ax,
            [
                EndLabel(last["actual"], "Actual", OBSERVED_BAR),
                EndLabel(last["expected"], "Expected", MODEL_BAR),
            ],
        )
    return ax


def _checked_fit(table: pd.DataFrame) -> pd.DataFrame:
    return checked(table, "frequency_fit", numbers=["actual", "expected"], others=["purchases"])


def describe_frequency_fit(table: pd.DataFrame) -> str:
    """Return a description in words of `frequency_fit`.

    Parameters
    ----------
    table
        As for `frequency_fit`.

    Returns
    -------
    str
        Actual and expected customers of the first row, and the share of customers that the model
        puts into another row than the data: half the sum of |expected - actual| over the sum of
        actual.

    Raises
    ------
    DataError
        As `frequency_fit`.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"purchases": ["0", "1+"], "actual": [1411, 946], "expected": [1422.3, 934.7]}
    ... )
    >>> print(describe_frequency_fit(table))
    Customers by repeat purchases, actual and expected: 1,411 actual and 1,422 expected with 0. Over
    all rows the model misplaces 0.5% of 2,357 customers.
    """
    table = _checked_fit(table)
    total = table["actual"].sum()
    misplaced = (table["expected"] - table["actual"]).abs().sum() / 2 / total
    first = table.iloc[0]
    return (
        "Customers by repeat purchases, actual and expected: "
        f"{count(first['actual'])} actual and {count(round(first['expected']))} expected with "
        f"{text_of(table['purchases'])[0]}. Over all rows the model misplaces {percent(misplaced)} "
        f"of {count(total)} customers."
    )


def parameter_intervals(
    table: pd.DataFrame, *, level: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw each parameter's estimate and interval, with the numbers beside them.

    Parameters
    ----------
    table
        Index: names of the parameters; columns ``estimate``, ``low``, ``high``, all > 0 for a
        logarithmic axis (otherwise the axis is linear).
    level
        Confidence level of the intervals in (0, 1), for the axis label.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One dot with its interval per row, the first row on top.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or an estimate lies outside its interval.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame(
    ...     {"estimate": [0.243, 4.414], "low": [0.219, 3.731], "high": [0.268, 5.222]},
    ...     index=["r", "alpha"],
    ... )
    >>> parameter_intervals(table, level=0.95, ax=Figure().subplots()).get_xlabel()
    'Estimate and 95% interval, logarithmic'
    """
    table = _checked_intervals(table)
    places = np.arange(len(table))
    log = bool((table["low"] > 0).all())
    with canvas(ax, size=(7.0, 1.3 + 0.5 * len(table)), grid="x") as ax:
        ax.hlines(places, table["low"], table["high"], color=BLUE, linewidth=2.4)
        ax.plot(table["estimate"], places, "o", color=BLUE, markersize=8)
        ax.set_yticks(places, [str(name) for name in table.index])
        ax.set_ylim(len(table) - 0.5, -0.6)
        _value_axis(ax, log=log)
        label_rows(ax, places, _figures(table), size=FONT_SIZE)
        rows = str(table.index.name or "parameter").capitalize()
        interval = "Estimate and interval" if level is None else (
            f"Estimate and {100 * level:g}% interval"
        )  # fmt: skip
        name_axes(ax, x=interval + (", logarithmic" if log else ""), y=rows)
    return ax


def _value_axis(ax: Axes, *, log: bool) -> None:
    if not log:
        count_axis(ax.xaxis)
        return
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    log_axis(ax, steps=(1.0,) if high / low > 200 else (1.0, 2.0, 5.0))


def _figures(table: pd.DataFrame) -> list[str]:
    return [
        f"{number(row['estimate'])}  ({number(row['low'])} to {number(row['high'])})"
        for _, row in table.iterrows()
    ]


def _checked_intervals(table: pd.DataFrame) -> pd.DataFrame:
    table = checked(table, "parameter_intervals", numbers=["estimate", "low", "high"])
    outside = table[(table["estimate"] < table["low"]) | (table["estimate"] > table["high"])]
    if len(outside):
        row = outside.iloc[0]
        raise DataError(
            "parameter_intervals expects low <= estimate <= high; found "
            f"{len(outside)} rows otherwise, first {outside.index[0]!r}: {row['low']:g}, "
            f"{row['estimate']:g}, {row['high']:g}. Check which column is which."
        )
    return table


def describe_parameter_intervals(table: pd.DataFrame, *, level: float | None = None) -> str:
    """Return a description in words of `parameter_intervals`.

    Parameters
    ----------
    table, level
        As for `parameter_intervals`.

    Returns
    -------
    str
        Every parameter with its estimate and interval.

    Raises
    ------
    DataError
        As `parameter_intervals`.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"estimate": [0.243, 4.414], "low": [0.219, 3.731], "high": [0.268, 5.222]},
    ...     index=["r", "alpha"],
    ... )
    >>> print(describe_parameter_intervals(table, level=0.95))
    Dots with 95% intervals: r 0.243 (0.219 to 0.268); alpha 4.41 (3.73 to 5.22).
    """
    table = _checked_intervals(table)
    rows = [
        f"{name} {figures.replace('  ', ' ')}"
        for name, figures in zip(table.index, _figures(table), strict=True)
    ]
    share = "" if level is None else f"{100 * level:g}% "
    return f"Dots with {share}intervals: {'; '.join(rows)}."

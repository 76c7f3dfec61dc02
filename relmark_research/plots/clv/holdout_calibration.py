"""Actual and expected holdout purchases, by repeat purchases in calibration."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import count
from relmark_research.plots.marks import (
    EndLabel,
    count_axis,
    label_ends,
    name_axes,
    thinned,
    whiskers,
)
from relmark_research.plots.style import MODEL, OBSERVED, canvas
from relmark_research.plots.tables import bounds, checked, text_of


def calibration(
    table: pd.DataFrame, *, unit: str = "customer in the holdout", ax: Axes | None = None
) -> Axes:
    """Draw mean holdout purchases, actual and expected, by purchases in calibration.

    Parameters
    ----------
    table
        One row per group: ``frequency`` (repeat purchases in calibration, text ``"0"`` ...
        ``"7+"``), ``customers``, ``actual``, ``expected`` (mean per customer in the holdout); where
        ``_low`` and ``_high`` of either are there, intervals are drawn.
    unit
        What the purchases are counted per, for the axis label.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A solid line with points for actual purchases, a dashed line for expected ones.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({
    ...     "frequency": ["0", "1", "2+"], "customers": [1411, 439, 507],
    ...     "actual": [0.24, 0.70, 2.4], "expected": [0.20, 0.66, 2.3],
    ... })
    >>> calibration(table, ax=Figure().subplots()).get_ylabel()
    'Purchases per customer in the holdout'
    """
    table = _checked_calibration(table)
    with canvas(ax) as ax:
        places = np.arange(len(table))
        for name, series, shift in (("actual", OBSERVED, -0.06), ("expected", MODEL, 0.06)):
            band = bounds(table, name)
            where = places + (shift if band else 0)
            if band:
                whiskers(ax, where, *band, colour=series.colour)
            ax.plot(
                where, table[name], color=series.colour, linestyle=series.line,
                marker=series.marker, markersize=7, linewidth=1.6,
            )  # fmt: skip
        ax.set_ylim(bottom=0)
        ax.set_xlim(-0.25, len(table) - 0.85)
        ax.set_xticks(*thinned(text_of(table["frequency"])))
        count_axis(ax.yaxis)
        name_axes(ax, x="Repeat purchases in the calibration period", y=f"Purchases per {unit}")
        last = table.iloc[-1]
        label_ends(
            ax,
            [
                EndLabel(last["actual"], "Actual", OBSERVED),
                EndLabel(last["expected"], "Expected", MODEL),
            ],
        )
    return ax


def _checked_calibration(table: pd.DataFrame) -> pd.DataFrame:
    return checked(
        table, "calibration", numbers=["customers", "actual", "expected"], others=["frequency"]
    )


def describe_calibration(table: pd.DataFrame, *, unit: str = "customer in the holdout") -> str:
    """Return a description in words of `calibration`.

    Parameters
    ----------
    table, unit
        As for `calibration`.

    Returns
    -------
    str
        The first and the last group, and the group with the largest forecast error.

    Raises
    ------
    DataError
        As `calibration`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "frequency": ["0", "1", "2+"], "customers": [1411, 439, 507],
    ...     "actual": [0.24, 0.70, 2.4], "expected": [0.20, 0.66, 2.3],
    ... })
    >>> print(describe_calibration(table))
    Purchases per customer in the holdout, by repeat purchases in calibration: 0.240 actual, 0.200
    expected for customers with 0; 2.40 actual, 2.30 expected for customers with 2+. The largest
    error, 0.100, is at 2+.
    """
    table = _checked_calibration(table)
    labels = text_of(table["frequency"])
    errors = (table["expected"] - table["actual"]).abs().to_numpy()
    worst = int(np.nanargmax(errors))
    first, last = (
        f"{count(row['actual'])} actual, {count(row['expected'])} expected"
        for row in (table.iloc[0], table.iloc[-1])
    )
    return (
        f"Purchases per {unit}, by repeat purchases in calibration: {first} for customers with "
        f"{labels[0]}; {last} for customers with {labels[-1]}. The largest error, "
        f"{count(errors[worst])}, is at {labels[worst]}."
    )

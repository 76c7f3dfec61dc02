"""Tracking: actual and expected purchases over time, in calibration and holdout."""

from dataclasses import replace
from typing import Literal, get_args

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError, check_choice
from relmark_research.formats import count, day
from relmark_research.plots.marks import (
    EndLabel,
    count_axis,
    date_ticks,
    label_ends,
    name_axes,
)
from relmark_research.plots.style import BLUE, MODEL, OBSERVED, SKY, TEXT, canvas
from relmark_research.plots.tables import bounds, checked

ACTUAL_LINE = replace(OBSERVED, marker="")
EXPECTED_LINE = replace(MODEL, marker="")

Kind = Literal["cumulative", "incremental"]
PHASES = ("calibration", "holdout")


def tracking(
    table: pd.DataFrame, *, kind: Kind = "cumulative", unit: str = "period", ax: Axes | None = None
) -> Axes:
    """Draw repeat purchases over time, actual and expected, with the end of calibration marked.

    Parameters
    ----------
    table
        One row per period: ``time`` (its end), ``actual``, ``expected``, ``cumulative_actual``,
        ``cumulative_expected`` (purchases of all customers), ``phase`` (``"calibration"`` or
        ``"holdout"``). Where ``expected_low`` and ``expected_high`` (or ``cumulative_expected_low``
        and ``..._high``) are there, the interval is drawn as a band.
    kind
        ``"cumulative"``: since the start; ``"incremental"``: in each period.
    unit
        Length of a period, for the axis label: ``"week"``.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A solid line for actual purchases, a dashed line for expected ones.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or a phase has another name.
    ParameterError
        If ``kind`` is neither of the two.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({
    ...     "time": pd.to_datetime(["1997-09-30", "1997-12-31", "1998-03-31"]),
    ...     "actual": [1500, 600, 550], "expected": [1480.0, 580.0, 520.0],
    ...     "cumulative_actual": [1500, 2100, 2650],
    ...     "cumulative_expected": [1480.0, 2060.0, 2580.0],
    ...     "phase": ["calibration", "holdout", "holdout"],
    ... })
    >>> tracking(table, kind="incremental", unit="quarter", ax=Figure().subplots()).get_ylabel()
    'Repeat purchases per quarter'
    """
    check_choice("kind of tracking", kind, get_args(Kind))
    table = _checked_tracking(table)
    prefix = "cumulative_" if kind == "cumulative" else ""
    actual, expected = table[f"{prefix}actual"], table[f"{prefix}expected"]
    with canvas(ax) as ax:
        times = table["time"].to_numpy()
        band = bounds(table, f"{prefix}expected")
        if band:
            ax.fill_between(times, *band, color=SKY, alpha=0.3, linewidth=0)
        alone = "o" if len(times) == 1 else ""
        ax.plot(times, actual, color=TEXT, linewidth=1.6, marker=alone)
        ax.plot(times, expected, color=BLUE, linestyle=MODEL.line, linewidth=2.4, marker=alone)
        tops = [actual.max(), expected.max(), *([band[1].max()] if band else [])]
        ax.set_ylim(0, 1.12 * max(tops) or 1)
        ax.set_xlim(times[0], times[-1]) if len(times) > 1 else None
        _mark_boundary(ax, table)
        date_ticks(ax, table["time"])
        count_axis(ax.yaxis)
        total = "Repeat purchases since the start"
        name_axes(ax, x="Date", y=total if prefix else f"Repeat purchases per {unit}")
        label_ends(
            ax,
            [
                EndLabel(actual.dropna().iloc[-1], "Actual", ACTUAL_LINE),
                EndLabel(expected.dropna().iloc[-1], "Expected", EXPECTED_LINE),
            ],
        )
    return ax


def _checked_tracking(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["actual", "expected", "cumulative_actual", "cumulative_expected"]
    table = checked(table, "tracking", numbers=numbers, others=["time", "phase"])
    other = table[~table["phase"].isin(PHASES)]
    if len(other):
        raise DataError(
            f"tracking knows the phases {' and '.join(PHASES)}; found "
            f"{other['phase'].iloc[0]!r} in {len(other)} rows. Rename the phases."
        )
    return table.assign(time=pd.to_datetime(table["time"])).sort_values("time")


def _mark_boundary(ax: Axes, table: pd.DataFrame) -> None:
    ends = table.loc[table["phase"] == "calibration", "time"]
    if ends.empty or len(ends) == len(table):
        return
    edge = ends.max().to_numpy()
    ax.axvline(edge, color=TEXT, linewidth=1, linestyle=(0, (2, 2)))
    for text, side, shift in (("Calibration", "right", -6), ("Holdout", "left", 6)):
        ax.annotate(
            text, (edge, 1), (shift, 0), ("data", "axes fraction"), "offset points",
            ha=side, va="top", color=TEXT, style="italic",
        )  # fmt: skip


def describe_tracking(
    table: pd.DataFrame, *, kind: Kind = "cumulative", unit: str = "period"
) -> str:
    """Return a description in words of `tracking`.

    Parameters
    ----------
    table, kind, unit
        As for `tracking`.

    Returns
    -------
    str
        Actual and expected purchases at the end and in the holdout, and the relative forecast
        error in the holdout, expected / actual - 1.

    Raises
    ------
    DataError, ParameterError
        As `tracking`.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "time": pd.to_datetime(["1997-09-30", "1997-12-31", "1998-03-31"]),
    ...     "actual": [1500, 600, 550], "expected": [1480.0, 580.0, 520.0],
    ...     "cumulative_actual": [1500, 2100, 2650],
    ...     "cumulative_expected": [1480.0, 2060.0, 2580.0],
    ...     "phase": ["calibration", "holdout", "holdout"],
    ... })
    >>> print(describe_tracking(table, unit="quarter"))
    Actual and expected repeat purchases since the start, to 31 March 1998: 2,650 actual and 2,580
    expected. In the holdout after 30 September 1997 there were 1,150 purchases; the forecast was
    1,100, 4% fewer.
    """
    check_choice("kind of tracking", kind, get_args(Kind))
    table = _checked_tracking(table)
    what = "since the start" if kind == "cumulative" else f"per {unit}"
    last = table.iloc[-1]
    text = (
        f"Actual and expected repeat purchases {what}, to {day(last['time'])}: "
        f"{count(last['cumulative_actual'])} actual and "
        f"{count(round(last['cumulative_expected']))} expected"
        f"{'' if kind == 'cumulative' else ' in all'}."
    )
    holdout = table[table["phase"] == "holdout"]
    before = table.loc[table["phase"] == "calibration", "time"]
    if holdout.empty or before.empty:
        return text
    actual, expected = holdout["actual"].sum(), holdout["expected"].sum()
    return (
        f"{text} In the holdout after {day(before.max())} there were {count(actual)} purchases; "
        f"the forecast was {count(round(expected))}{_error(actual, expected)}."
    )


def _error(actual: float, expected: float) -> str:
    """Return the relative forecast error in words, or nothing where there is no purchase."""
    if not actual:
        return ""
    error = expected / actual - 1
    if abs(error) < 0.005:
        return ", less than 1% off"
    return f", {100 * abs(error):.0f}% {'more' if error > 0 else 'fewer'}"

"""Expected against actual purchases: over time, and by how often a customer bought before."""

from typing import Literal, get_args

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError, check_choice
from relmark_research.plots.marks import (
    EndLabel,
    count_axis,
    date_ticks,
    label_ends,
    name_axes,
    thinned,
    whiskers,
)
from relmark_research.plots.style import BLUE, MODEL, OBSERVED, TEXT, Series, canvas
from relmark_research.plots.tables import bounds, checked, text_of
from relmark_research.plots.wording import count, day

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
        ``"cumulative"``: since the beginning; ``"incremental"``: in each period.
    unit
        Length of a period, for the axis label: ``"week"``.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A solid line of what happened, a dashed one of what the model expects.

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
            ax.fill_between(times, *band, color=BLUE, alpha=0.22, linewidth=0)
        ax.plot(times, actual, color=TEXT, linewidth=1.6)
        ax.plot(times, expected, color=BLUE, linestyle=MODEL.line, linewidth=2.4)
        tops = [actual.max(), expected.max(), *([band[1].max()] if band else [])]
        ax.set_ylim(0, 1.12 * max(tops) or 1)
        ax.set_xlim(times[0], times[-1]) if len(times) > 1 else None
        _mark_boundary(ax, table)
        date_ticks(ax, table["time"])
        count_axis(ax.yaxis)
        total = "Repeat purchases since the beginning"
        name_axes(ax, x=f"End of {unit}", y=total if prefix else f"Repeat purchases per {unit}")
        label_ends(
            ax,
            [
                EndLabel(actual.dropna().iloc[-1], "Actual", ACTUAL_LINE),
                EndLabel(expected.dropna().iloc[-1], "Expected", EXPECTED_LINE),
            ],
        )
    return ax


ACTUAL_LINE = Series(TEXT, marker="_")
EXPECTED_LINE = Series(BLUE, marker="_")


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
    """Say in words what `tracking` shows.

    Parameters
    ----------
    table, kind, unit
        As for `tracking`.

    Returns
    -------
    str
        Actual and expected purchases at the end and in the holdout, and by how much the
        expectation in the holdout is off: expected / actual - 1.

    Raises
    ------
    DataError, ParameterError
        As `tracking` does.

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
    Lines of actual and expected repeat purchases since the beginning, to 31 March 1998: 2,650
    actual against 2,580 expected. In the holdout after 30 September 1997 customers made 1,150, the
    model expected 1,100, 4% fewer.
    """
    check_choice("kind of tracking", kind, get_args(Kind))
    table = _checked_tracking(table)
    what = "since the beginning" if kind == "cumulative" else f"per {unit}"
    last = table.iloc[-1]
    text = (
        f"Lines of actual and expected repeat purchases {what}, to {day(last['time'])}: "
        f"{count(last['cumulative_actual'])} actual against "
        f"{count(round(last['cumulative_expected']))} expected"
        f"{'' if kind == 'cumulative' else ' in all'}."
    )
    holdout = table[table["phase"] == "holdout"]
    before = table.loc[table["phase"] == "calibration", "time"]
    if holdout.empty or before.empty:
        return text
    actual, expected = holdout["actual"].sum(), holdout["expected"].sum()
    return (
        f"{text} In the holdout after {day(before.max())} customers made {count(actual)}, the "
        f"model expected {count(round(expected))}, {_off(actual, expected)}."
    )


def _off(actual: float, expected: float) -> str:
    if not actual:
        return "where nothing happened"
    off = expected / actual - 1
    if abs(off) < 0.005:
        return "less than 1% off"
    return f"{100 * abs(off):.0f}% {'more' if off > 0 else 'fewer'}"


def calibration(
    table: pd.DataFrame, *, unit: str = "customer in the holdout", ax: Axes | None = None
) -> Axes:
    """Draw mean holdout purchases, actual and expected, by purchases before the holdout.

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
        A solid line with points of what happened, a dashed one of what the model expects.

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
                EndLabel(last["actual"], "Actual", Series(TEXT, marker="o")),
                EndLabel(last["expected"], "Expected", Series(BLUE, marker="D")),
            ],
        )
    return ax


def _checked_calibration(table: pd.DataFrame) -> pd.DataFrame:
    return checked(
        table, "calibration", numbers=["customers", "actual", "expected"], others=["frequency"]
    )


def describe_calibration(table: pd.DataFrame, *, unit: str = "customer in the holdout") -> str:
    """Say in words what `calibration` shows.

    Parameters
    ----------
    table, unit
        As for `calibration`.

    Returns
    -------
    str
        The first and the last group, and the group whose expectation is furthest off.

    Raises
    ------
    DataError
        As `calibration` does.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "frequency": ["0", "1", "2+"], "customers": [1411, 439, 507],
    ...     "actual": [0.24, 0.70, 2.4], "expected": [0.20, 0.66, 2.3],
    ... })
    >>> print(describe_calibration(table))
    Actual and expected purchases per customer in the holdout, by repeat purchases before: 0.240
    against 0.200 for customers with 0, 2.40 against 2.30 for those with 2+. The largest gap, 0.100,
    is at 2+.
    """
    table = _checked_calibration(table)
    labels = text_of(table["frequency"])
    gaps = (table["expected"] - table["actual"]).abs().to_numpy()
    worst = int(np.nanargmax(gaps))
    first, last = (
        f"{count(row['actual'])} against {count(row['expected'])}"
        for row in (table.iloc[0], table.iloc[-1])
    )
    return (
        f"Actual and expected purchases per {unit}, by repeat purchases before: {first} for "
        f"customers with {labels[0]}, {last} for those with {labels[-1]}. The largest gap, "
        f"{count(gaps[worst])}, is at {labels[worst]}."
    )

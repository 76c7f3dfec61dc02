"""Prospects on their way to a first order: how far they come, and whether that changes."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import percent
from relmark_research.plots.marks import EndLabel, date_ticks, label_ends, name_axes, percent_axis
from relmark_research.plots.style import BLUE, LINES, TEXT, canvas
from relmark_research.plots.tables import checked

_STEPS = ["from_start", "from_start_low", "from_start_high"]
_TREND = ["share", "low", "high"]


def funnel_steps(funnel: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of all prospects that comes to each stage in the end, a line per group.

    Parameters
    ----------
    funnel
        Row per ``group`` and ``stage`` in order: ``from_start`` with ``from_start_low`` and
        ``from_start_high`` (shares).
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Falling lines from 100%, with whiskers and a label at each end.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.
    """
    funnel = checked(funnel, "funnel_steps", numbers=_STEPS, others=["group", "stage"])
    stages = list(dict.fromkeys(funnel["stage"]))
    groups = list(dict.fromkeys(funnel["group"]))
    with canvas(ax, size=(7.0, 4.4)) as ax:
        ends = []
        for number, (group, series) in enumerate(zip(groups, cycle(LINES), strict=False)):
            own = funnel[funnel["group"] == group].set_index("stage").reindex(stages)
            places = np.arange(len(stages) + 1) + 0.05 * (number - (len(groups) - 1) / 2)
            shares = np.concatenate([[1.0], own["from_start"]])
            ax.plot(
                places, shares, color=series.colour, linestyle=series.line, marker=series.marker
            )
            ax.vlines(
                places[1:], own["from_start_low"], own["from_start_high"], color=series.colour
            )
            ends.append(EndLabel(shares[-1], f"{group}, {percent(shares[-1])}", series))
        ax.set_xticks(range(len(stages) + 1), ["met", *map(str, stages)])
        ax.set_xlim(-0.2, len(stages) + 0.2)
        ax.set_ylim(0, 1.04)
        percent_axis(ax.yaxis)
        name_axes(ax, x="Stage", y="Share of prospects that comes so far in the end")
        label_ends(ax, ends)
    return ax


def describe_funnel_steps(funnel: pd.DataFrame) -> str:
    """Say in words what `funnel_steps` shows."""
    funnel = checked(funnel, "funnel_steps", numbers=_STEPS, others=["group", "stage"])
    last = funnel.groupby("group", sort=False).tail(1)
    spoken = ", ".join(
        f"{row['group']} {percent(row['from_start'])} ({percent(row['from_start_low'])} to "
        f"{percent(row['from_start_high'])})"
        for _, row in last.sort_values("from_start", ascending=False).iterrows()
    )
    return f"Falling lines over {funnel['stage'].nunique()} stages; won in the end: {spoken}."


def funnel_trend(trend: pd.DataFrame, *, within_days: int, ax: Axes | None = None) -> Axes:
    """Draw the share won within a time, by when prospects were met.

    Parameters
    ----------
    trend
        Row per ``period`` (its first day): ``share``, ``low``, ``high``, ``complete``; periods of
        which nobody was watched so long have no share and are not drawn.
    within_days
        The time, for the label.
    ax
        Axes to draw on; None makes a new figure.
    """
    trend = checked(trend, "funnel_trend", numbers=_TREND, others=["period", "complete"])
    trend = trend[trend["share"].notna()]
    with canvas(ax, size=(7.0, 3.4)) as ax:
        whole = trend["complete"].to_numpy(bool)
        ax.vlines(trend["period"], trend["low"], trend["high"], color=BLUE, linewidth=2.2)
        ax.plot(trend["period"], trend["share"], color=BLUE, linewidth=1, alpha=0.6)
        ax.plot(trend["period"][whole], trend["share"][whole], "o", color=BLUE, markersize=8)
        ax.plot(
            trend["period"][~whole], trend["share"][~whole], "o", color=BLUE, markersize=8,
            markerfacecolor="none", markeredgewidth=1.8,
        )  # fmt: skip
        for when, share in zip(trend["period"], trend["share"], strict=True):
            ax.annotate(
                percent(share), (when, share), (9, 0), textcoords="offset points", color=TEXT,
                va="center",
            )  # fmt: skip
        pad = pd.Timedelta(days=45)
        ax.set_xlim(trend["period"].min() - pad, trend["period"].max() + 1.6 * pad)
        ax.set_ylim(0, 1.12 * float(trend["high"].max()))
        date_ticks(ax, trend["period"])
        percent_axis(ax.yaxis, most=4)
        name_axes(ax, x="First contact", y=f"Share won within {within_days} days")
    return ax


def describe_funnel_trend(trend: pd.DataFrame, *, within_days: int) -> str:
    """Say in words what `funnel_trend` shows."""
    known = checked(trend, "funnel_trend", numbers=_TREND, others=["period", "complete"])
    known = known[known["share"].notna()]
    first, last = known.iloc[0], known.iloc[-1]
    words = (
        f"Won within {within_days} days: {percent(first['share'])} ({percent(first['low'])} to "
        f"{percent(first['high'])}) of those met in the first period, {percent(last['share'])} "
        f"({percent(last['low'])} to {percent(last['high'])}) in the last that can be judged."
    )
    if not known["complete"].all():
        words += " A ring marks a period of which some are still on their way."
    return words

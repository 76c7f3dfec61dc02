"""Conversion of prospects: cumulative conversion by stage, and its trend."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import percent
from relmark_research.plots.marks import EndLabel, date_ticks, label_ends, name_axes, percent_axis
from relmark_research.plots.style import BLUE, LINES, TEXT, canvas
from relmark_research.plots.tables import checked

_CONVERSION = [
    "cumulative_conversion",
    "cumulative_conversion_low",
    "cumulative_conversion_high",
]
_TREND = ["share", "low", "high"]


def conversion_funnel(funnel: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of all prospects that reaches each stage, a line per group.

    Parameters
    ----------
    funnel
        Row per ``group`` and ``stage`` in order: ``cumulative_conversion`` with
        ``cumulative_conversion_low`` and ``cumulative_conversion_high`` (shares).
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Decreasing lines from 100%, with intervals and a label at each end.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.
    """
    funnel = checked(funnel, "conversion_funnel", numbers=_CONVERSION, others=["group", "stage"])
    stages = list(dict.fromkeys(funnel["stage"]))
    groups = list(dict.fromkeys(funnel["group"]))
    with canvas(ax, size=(7.0, 4.4)) as ax:
        ends = []
        for number, (group, series) in enumerate(zip(groups, cycle(LINES), strict=False)):
            own = funnel[funnel["group"] == group].set_index("stage").reindex(stages)
            places = np.arange(len(stages) + 1) + 0.05 * (number - (len(groups) - 1) / 2)
            shares = np.concatenate([[1.0], own["cumulative_conversion"]])
            ax.plot(
                places, shares, color=series.colour, linestyle=series.line, marker=series.marker
            )
            low, high = (own[name] for name in _CONVERSION[1:])
            ax.vlines(places[1:], low, high, color=series.colour)
            ends.append(EndLabel(shares[-1], f"{group}, {percent(shares[-1])}", series))
        ax.set_xticks(range(len(stages) + 1), ["prospects", *map(str, stages)])
        ax.set_xlim(-0.2, len(stages) + 0.2)
        ax.set_ylim(0, 1.04)
        percent_axis(ax.yaxis)
        name_axes(ax, x="Stage", y="Share of prospects that reaches the stage")
        label_ends(ax, ends)
    return ax


def describe_conversion_funnel(funnel: pd.DataFrame) -> str:
    """Return a description in words of `conversion_funnel`."""
    funnel = checked(funnel, "conversion_funnel", numbers=_CONVERSION, others=["group", "stage"])
    last = funnel.groupby("group").tail(1)
    spoken = []
    for _, row in last.sort_values("cumulative_conversion", ascending=False).iterrows():
        share, low, high = (percent(row[name]) for name in _CONVERSION)
        spoken.append(f"{row['group']} {share} ({low} to {high})")
    return (
        f"Cumulative conversion over {funnel['stage'].nunique()} stages; to the last stage: "
        f"{', '.join(spoken)}."
    )


def funnel_trend(trend: pd.DataFrame, *, within_days: int, ax: Axes | None = None) -> Axes:
    """Draw the share converted within a time, by the period of the first contact.

    Parameters
    ----------
    trend
        Row per ``period`` (its first day): ``share``, ``low``, ``high``, ``complete``; periods with
        too short a follow-up have no share and are not drawn.
    within_days
        Days within which conversions count, for the label.
    ax
        Axes to draw on; None makes a new figure.
    """
    trend = checked(trend, "funnel_trend", numbers=_TREND, others=["period", "complete"])
    trend = trend[trend["share"].notna()]
    with canvas(ax, size=(7.0, 3.4)) as ax:
        complete = trend["complete"].to_numpy(bool)
        ax.vlines(trend["period"], trend["low"], trend["high"], color=BLUE, linewidth=2.2)
        ax.plot(trend["period"], trend["share"], color=BLUE, linewidth=1, alpha=0.6)
        ax.plot(trend["period"][complete], trend["share"][complete], "o", color=BLUE, markersize=8)
        ax.plot(
            trend["period"][~complete], trend["share"][~complete], "o", color=BLUE, markersize=8,
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
        percent_axis(ax.yaxis, n_ticks=4)
        name_axes(ax, x="First contact", y=f"Share won within {within_days} days")
    return ax


def describe_funnel_trend(trend: pd.DataFrame, *, within_days: int) -> str:
    """Return a description in words of `funnel_trend`."""
    known = checked(trend, "funnel_trend", numbers=_TREND, others=["period", "complete"])
    known = known[known["share"].notna()]
    first, last = known.iloc[0], known.iloc[-1]
    words = (
        f"Share won within {within_days} days: {percent(first['share'])} "
        f"({percent(first['low'])} to {percent(first['high'])}) in the first period, "
        f"{percent(last['share'])} ({percent(last['low'])} to {percent(last['high'])}) in the last "
        "with enough follow-up."
    )
    if not known["complete"].all():
        words += " A ring marks a period with incomplete follow-up."
    return words

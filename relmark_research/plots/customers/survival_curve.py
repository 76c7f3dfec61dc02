"""Retention or repurchase curves by group (Kaplan-Meier)."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import count, percent
from relmark_research.plots.marks import EndLabel, label_ends, name_axes, percent_axis
from relmark_research.plots.style import LINES, canvas
from relmark_research.plots.tables import checked

GROUPS = len(LINES)


def retention_curve(
    table: pd.DataFrame, *, unit: str = "month", again: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the retention curve of each group, with intervals.

    Parameters
    ----------
    table
        Row per group and time: group, time, at_risk, survival, survival_low,
        survival_high[, followup]. Of more than four groups the four largest are drawn. A curve ends
        with its group's follow-up; without that column, with its last event.
    unit
        The unit of time, for the axis.
    again
        True draws 1 - survival, the share that bought again, for logs without contracts.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Steps per group, the interval as a band.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"group": ["all"] * 2, "time": [1, 2], "at_risk": [10, 8],
    ...     "survival": [0.8, 0.6], "survival_low": [0.4, 0.2], "survival_high": [0.95, 0.8]})
    >>> retention_curve(table, ax=Figure().subplots()).get_xlabel()
    'Months since the start'
    """
    curves = _curves(table, again)
    with canvas(ax) as ax:
        labels = []
        for series, (group, own) in zip(LINES, curves.items(), strict=False):
            ax.fill_between(
                own["time"], own["low"], own["high"], step="post", color=series.colour, alpha=0.18,
                linewidth=0,
            )  # fmt: skip
            ax.step(own["time"], own["share"], where="post", color=series.colour,
                    linestyle=series.line, linewidth=2)  # fmt: skip
            labels.append(EndLabel(float(own["share"].iloc[-1]), group, series))
        ax.set_xlim(0, max(own["time"].max() for own in curves.values()))
        top = max(own["high"].fillna(own["share"]).max() for own in curves.values())
        ax.set_ylim(0, 1 if not again else min(1.0, 1.1 * top))
        percent_axis(ax.yaxis)
        since, share = ("first purchase", "that bought again") if again else ("start", "retained")
        name_axes(ax, x=f"{unit.capitalize()}s since the {since}", y=f"Share {share}")
        if len(curves) > 1:
            label_ends(ax, labels)
    return ax


def _curves(table: pd.DataFrame, again: bool) -> dict[str, pd.DataFrame]:
    numbers, others = ["time", "at_risk", "survival"], ["group", "survival_low", "survival_high"]
    table = checked(table, "retention_curve", numbers=numbers, others=others)
    sizes = table.groupby("group", sort=False)["at_risk"].max().nlargest(GROUPS)
    curves = {}
    for group in sizes.index:
        own = table[table["group"] == group].sort_values("time")
        low, share, high = own["survival_low"], own["survival"], own["survival_high"]
        if again:
            low, share, high = 1 - high, 1 - share, 1 - low
        first = 0.0 if again else 1.0
        start = {"time": 0.0, "low": first, "share": first, "high": first}
        drawn = pd.DataFrame({"time": own["time"], "low": low, "share": share, "high": high})
        drawn = pd.concat([pd.DataFrame([start]), drawn], ignore_index=True)
        curves[str(group)] = _until(drawn, own)
    return curves


def _until(drawn: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return a curve that goes on, without further events, to the end of its follow-up."""
    end = float(own["followup"].max()) if "followup" in own else float(drawn["time"].iloc[-1])
    if not end > drawn["time"].iloc[-1]:
        return drawn
    return pd.concat([drawn, drawn.tail(1).assign(time=end)], ignore_index=True)


def describe_retention_curve(
    table: pd.DataFrame, *, unit: str = "month", again: bool = False
) -> str:
    """Return a description in words of `retention_curve`.

    Parameters
    ----------
    table, unit, again
        As for `retention_curve`.

    Returns
    -------
    str
        The share at the end of each group's curve, with its time and its interval.

    Raises
    ------
    DataError
        As `retention_curve`.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["all"] * 2, "time": [1, 2], "at_risk": [10, 8],
    ...     "survival": [0.8, 0.6], "survival_low": [0.4, 0.2], "survival_high": [0.95, 0.8]})
    >>> print(describe_retention_curve(table))
    Share retained, with intervals: after 2 months 60% (20% to 80%) of all.
    """
    curves = _curves(table, again)
    parts, told = [], None
    for group, own in curves.items():
        last = own.iloc[-1]
        interval = f" ({percent(last['low'])} to {percent(last['high'])})"
        known = interval if pd.notna(last["low"]) else ""
        time = f"after {count(last['time'])} {unit}{'' if last['time'] == 1 else 's'} "
        parts.append(f"{'' if time == told else time}{percent(last['share'])}{known} of {group}")
        told = time
    share = "that bought again" if again else "retained"
    return f"Share {share}, with intervals: {', '.join(parts)}."

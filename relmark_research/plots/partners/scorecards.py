"""Response times of partners, and the scorecard of one partner."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import Detail, number
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, name_axes
from relmark_research.plots.partners.relationship_drivers import (
    checked_ranges,
    plain,
    ranges_in_words,
)
from relmark_research.plots.style import canvas
from relmark_research.plots.tables import bounds, checked


def response_times(
    table: pd.DataFrame, by: str = "constituency", *, ax: Axes | None = None
) -> Axes:
    """Draw the typical response time of each kind of partner, with intervals.

    Parameters
    ----------
    table
        ``response_days`` with ``response_days_low`` and ``response_days_high``, ``partners``, and
        the kind.
    by
        Column of the kind.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per kind, the slowest on top.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.
    """
    table = _slowest_first(table, by)
    texts = [f"{_days(v)} days" for v in table["response_days"]]
    names = [f"{name} ({n})" for name, n in zip(table[by], table["partners"], strict=True)]
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(ax, names, table["response_days"], bounds(table, "response_days"), texts)
        count_axis(ax.xaxis, n_ticks=5)
        name_axes(ax, x="Days to answer an offer", y="Kind of partner (number)")
    return ax


def describe_response_times(table: pd.DataFrame, by: str = "constituency") -> str:
    """Return a description in words of `response_times`.

    Examples
    --------
    >>> table = pd.DataFrame({"constituency": ["investor"], "response_days": [8.0], "partners": [9],
    ...                       "response_days_low": [6.0], "response_days_high": [11.0]})
    >>> print(describe_response_times(table))
    Typical days to answer an offer, with intervals: investor 8 (6 to 11).
    """
    table = _slowest_first(table, by)
    texts = ranges_in_words(table, "response_days", _days)
    said = [f"{name} {text}" for name, text in zip(table[by], texts, strict=True)]
    return f"Typical days to answer an offer, with intervals: {', '.join(said)}."


def scorecard(page: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw one partner's survey scores against the mean of all partners.

    Parameters
    ----------
    page
        Index measure; ``value``, ``low``, ``high``, ``peers``, ``standing``; rows without an
        interval are left out.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per score, the line at 0 being the mean; filled where the interval
        excludes it.

    Raises
    ------
    DataError
        If a column is missing or no row has an interval.
    """
    page = _scores(page)
    off = page[["value", "low", "high"]].sub(page["peers"], axis=0)
    texts = [f"{v:.1f}: {s}" for v, s in zip(page["value"], page["standing"], strict=True)]
    clear = (page["standing"] != "like its peers").tolist()
    with canvas(ax, size=size_of(len(page)), grid="x") as ax:
        names = [plain(str(name)) for name in page.index]
        draw_ranges(ax, names, off["value"], (off["low"], off["high"]), texts, marked=clear)
        count_axis(ax.xaxis, n_ticks=5)
        name_axes(ax, x="Points above or below the mean of all partners", y="Score")
    return ax


def describe_scorecard(page: pd.DataFrame) -> str:
    """Return a description in words of `scorecard`.

    Examples
    --------
    >>> page = pd.DataFrame({"value": [4.0], "low": [3.6], "high": [4.4], "peers": [4.6],
    ...                      "standing": ["weak"]}, index=["trust"])
    >>> print(describe_scorecard(page))
    Scores of one partner against the mean of all, with intervals: trust 4.0 (3.6 to 4.4; mean 4.6),
    weak.
    """
    page = _scores(page)
    said = [
        f"{plain(str(name))} {row['value']:.1f} ({row['low']:.1f} to {row['high']:.1f}; mean "
        f"{row['peers']:.1f}), {row['standing']}"
        for name, row in page.iterrows()
    ]
    return f"Scores of one partner against the mean of all, with intervals: {'; '.join(said)}."


def _scores(page: pd.DataFrame) -> pd.DataFrame:
    columns = ["value", "low", "high", "peers"]
    table = checked(page, "scorecard", numbers=columns, others=["standing"])
    return table.dropna(subset=["low", "high"])


def _slowest_first(table: pd.DataFrame, by: str) -> pd.DataFrame:
    table = checked_ranges(table, "response_times", "response_days", [by, "partners"])
    return table.sort_values("response_days", ascending=False, kind="stable")


def _days(value: float) -> str:
    return number(value, detail=Detail(digits=2))

"""Path coefficients, effects of ties, and savings of weak partners."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import money, percent, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, name_axes, percent_axis
from relmark_research.plots.style import canvas
from relmark_research.plots.tables import bounds, checked


def checked_ranges(table: pd.DataFrame, plot: str, value: str, others: list[str]) -> pd.DataFrame:
    """Return the table if it has a number with its interval, and the other columns."""
    return checked(table, plot, numbers=[value, f"{value}_low", f"{value}_high"], others=others)


def ranges_in_words(table: pd.DataFrame, value: str, show: Callable[[float], str]) -> list[str]:
    """Return each value with its interval, as text."""
    ends = table[[value, f"{value}_low", f"{value}_high"]].to_numpy()
    return [f"{show(at)} ({show(low)} to {show(high)})" for at, low, high in ends]


def two(value: float) -> str:
    """Return a number with two decimals."""
    return f"{value:.2f}".replace("-", "−")


def plain(name: str) -> str:
    """Return a column's name in words."""
    return name.replace("_", " ")


def path_coefficients(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the standardised path coefficients, with intervals.

    Parameters
    ----------
    table
        Row per path: ``cause``, ``effect``, ``path`` (standard deviations of the effect per one of
        the cause) with ``path_low`` and ``path_high``.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per path, and a line at 0.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"cause": ["trust"], "effect": ["commitment"], "path": [0.5],
    ...                       "path_low": [0.4], "path_high": [0.6]})
    >>> path_coefficients(table, ax=Figure().subplots()).get_ylabel()
    'Cause → effect'
    """
    table = checked_ranges(table, "path_coefficients", "path", ["cause", "effect"])
    names = [
        f"{plain(a)} → {plain(b)}" for a, b in zip(table["cause"], table["effect"], strict=True)
    ]
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(
            ax, names, table["path"], bounds(table, "path"), ranges_in_words(table, "path", two)
        )
        count_axis(ax.xaxis, n_ticks=5)
        name_axes(ax, x="Standardised path coefficient", y="Cause → effect")
    return ax


def describe_path_coefficients(table: pd.DataFrame) -> str:
    """Return a description in words of `path_coefficients`.

    Examples
    --------
    >>> table = pd.DataFrame({"cause": ["trust"], "effect": ["commitment"], "path": [0.5],
    ...                       "path_low": [0.4], "path_high": [0.6]})
    >>> print(describe_path_coefficients(table))
    Standardised path coefficients, with intervals: trust on commitment 0.50 (0.40 to 0.60).
    """
    table = checked_ranges(table, "path_coefficients", "path", ["cause", "effect"])
    said = [
        f"{plain(a)} on {plain(b)} {text}"
        for a, b, text in zip(
            table["cause"], table["effect"], ranges_in_words(table, "path", two), strict=True
        )
    ]
    return f"Standardised path coefficients, with intervals: {', '.join(said)}."


def tie_effects(table: pd.DataFrame, outcome: str = "cost", *, ax: Axes | None = None) -> Axes:
    """Draw the effect of each tie, and of quality, on cost or response time.

    Parameters
    ----------
    table
        Index driver; ``change`` (share, per point of a tie or standard deviation of quality) with
        ``change_low`` and ``change_high``.
    outcome
        What changes: ``"cost"`` or ``"time"``.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per driver; an interval across the line at 0 includes no effect.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.
    """
    table = checked_ranges(table, "tie_effects", "change", [])
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        texts = ranges_in_words(table, "change", percent)
        names = [_driver(str(name)) for name in table.index]
        draw_ranges(ax, names, table["change"], bounds(table, "change"), texts)
        percent_axis(ax.xaxis, n_ticks=5)
        name_axes(ax, x=_CHANGES.get(outcome, outcome), y="One more unit of")
    return ax


_CHANGES = {"cost": "Change in cost per transaction", "time": "Change in days to answer an offer"}


def describe_tie_effects(table: pd.DataFrame, outcome: str = "cost") -> str:
    """Return a description in words of `tie_effects`.

    Examples
    --------
    >>> table = pd.DataFrame({"change": [-0.1], "change_low": [-0.12], "change_high": [-0.08]},
    ...                      index=["technical_tie"])
    >>> print(describe_tie_effects(table))
    Change in cost per transaction, other things equal, with intervals: technical tie −10% (−12% to
    −8%).
    """
    table = checked_ranges(table, "tie_effects", "change", [])
    texts = ranges_in_words(table, "change", percent)
    said = [f"{plain(str(n))} {text}" for n, text in zip(table.index, texts, strict=True)]
    what = _CHANGES.get(outcome, outcome)
    return f"{what}, other things equal, with intervals: {', '.join(said)}."


def weak_partners(
    table: pd.DataFrame, currency: str = "", most: int = 12, *, ax: Axes | None = None
) -> Axes:
    """Draw the savings per year of the partners with the largest savings, with intervals.

    Parameters
    ----------
    table
        Row per partner, the largest saving first: ``name``, ``saving`` with ``saving_low`` and
        ``saving_high`` (money a year), ``share`` of its cost.
    currency
        Currency, for labels; ``""`` for none.
    most
        How many are drawn.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per partner.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.
    """
    table = checked_ranges(table, "weak_partners", "saving", ["name", "share"]).head(most)
    texts = [
        f"{money(v, currency)}, {percent(s)}"
        for v, s in zip(table["saving"], table["share"], strict=True)
    ]
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(ax, table["name"].tolist(), table["saving"], bounds(table, "saving"), texts)
        count_axis(ax.xaxis, n_ticks=4)
        name_axes(ax, x=with_unit("Annual saving at the threshold", currency), y="Partner")
    return ax


def describe_weak_partners(table: pd.DataFrame, currency: str = "", most: int = 12) -> str:
    """Return a description in words of `weak_partners`.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["Mill"], "saving": [120.0], "saving_low": [80.0],
    ...                       "saving_high": [160.0], "share": [0.3]})
    >>> print(describe_weak_partners(table, "EUR"))
    Annual saving at the threshold of the 1 costliest weak partners, with intervals: the largest is
    Mill, €120.00 (€80.00 to €160.00), 30% of its cost.
    """
    table = checked_ranges(table, "weak_partners", "saving", ["name", "share"]).head(most)
    top = table.iloc[0]
    low, high = money(top["saving_low"], currency), money(top["saving_high"], currency)
    return (
        f"Annual saving at the threshold of the {len(table)} costliest weak partners, with "
        f"intervals: the largest is {top['name']}, {money(top['saving'], currency)} ({low} to "
        f"{high}), {percent(top['share'])} of its cost."
    )


def _driver(name: str) -> str:
    return f"{plain(name)} (sd)" if name == "quality" else f"{plain(name)} (point)"

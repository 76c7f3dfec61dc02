"""Response curves with their intervals and their data."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from relmark_research.errors import DataError
from relmark_research.formats import percent
from relmark_research.plots.economics.marginal_return import PURPOSES, check_purposes, spend_label
from relmark_research.plots.marks import count_axis, name_axes, percent_axis
from relmark_research.plots.style import FONT_SIZE, TEXT, canvas, styled
from relmark_research.plots.tables import checked

_CURVE = ["spend", "rate", "rate_low", "rate_high"]
SHARES = {"acquisition": "acquired", "retention": "retained"}


def response_curve(
    curve: pd.DataFrame, data: pd.DataFrame, currency: str = "", *, ax: Axes | None = None
) -> Axes:
    """Draw one response curve with its interval, its data and the current spend.

    Parameters
    ----------
    curve
        Rising ``spend`` (money per person), ``rate``, ``rate_low``, ``rate_high`` (shares), and
        ``today`` (True in the row at today's spend); one ``segment`` and one ``purpose``.
    data
        ``spend`` and ``rate``, one row per period.
    currency
        Currency of the spend, for the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A band and a line, a dot per period, and a ring at today's spend.

    Raises
    ------
    DataError
        If a column is missing, a table is empty, or holds more than one curve.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> curve = pd.DataFrame({"segment": "web", "purpose": "acquisition", "spend": [0.0, 1, 2],
    ...     "rate": [0, 0.04, 0.06], "rate_low": [0, 0.038, 0.055],
    ...     "rate_high": [0, 0.042, 0.065], "today": [False, True, False]})
    >>> data = pd.DataFrame({"spend": [0.5, 2], "rate": [0.02, 0.06]})
    >>> response_curve(curve, data, "EUR", ax=Figure().subplots()).get_xlabel()
    'Spend per prospect (EUR)'
    """
    curve, data, purpose = _checked_pair(curve, data)
    series, _ = PURPOSES[purpose]
    with canvas(ax, grid="y") as ax:
        ax.fill_between(
            curve["spend"], curve["rate_low"], curve["rate_high"],
            color=series.colour, alpha=0.22, linewidth=0,
        )  # fmt: skip
        ax.plot(curve["spend"], curve["rate"], color=series.colour)
        ax.plot(data["spend"], data["rate"], "o", color=TEXT, markersize=4.5, alpha=0.75)
        now = curve[curve["today"].astype(bool)]
        ax.plot(
            now["spend"], now["rate"], series.marker, color=series.colour, markersize=13,
            markerfacecolor="none", markeredgewidth=2.2,
        )  # fmt: skip
        ax.set_xlim(0, curve["spend"].max())
        ax.set_ylim(0, 1.08 * max(curve["rate_high"].max(), data["rate"].max()))
        count_axis(ax.xaxis)
        percent_axis(ax.yaxis, n_ticks=4)
        name_axes(
            ax,
            x=spend_label(purpose, currency),
            y=f"{curve['segment'].iloc[0]}: share {SHARES[purpose]}",
        )
    return ax


def describe_response_curve(curve: pd.DataFrame, data: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `response_curve`.

    Examples
    --------
    >>> curve = pd.DataFrame({"segment": "web", "purpose": "acquisition", "spend": [0.0, 1, 2],
    ...     "rate": [0, 0.04, 0.06], "rate_low": [0, 0.038, 0.055],
    ...     "rate_high": [0, 0.042, 0.065], "today": [False, True, False]})
    >>> data = pd.DataFrame({"spend": [0.5, 2], "rate": [0.02, 0.06]})
    >>> print(describe_response_curve(curve, data))
    Response curve with its interval and 2 periods of data, web: the share acquired is 4% (4% to 4%)
    at today's spend and 6% at the highest spend.
    """
    curve, data, purpose = _checked_pair(curve, data)
    now, last = curve[curve["today"].astype(bool)].iloc[0], curve.iloc[-1]
    return (
        f"Response curve with its interval and {len(data)} periods of data, "
        f"{curve['segment'].iloc[0]}: the share {SHARES[purpose]} is {percent(now['rate'])} "
        f"({percent(now['rate_low'])} to {percent(now['rate_high'])}) at today's spend and "
        f"{percent(last['rate'])} at the highest spend."
    )


def response_curves(curves: pd.DataFrame, data: pd.DataFrame, currency: str = "") -> np.ndarray:
    """Draw all curves, a row per segment: acquisition on the left, retention on the right.

    Parameters
    ----------
    curves, data
        As for `response_curve`, of any number of segments and both purposes.
    currency
        Currency of the spends; ``""`` for none.

    Returns
    -------
    array of Axes
        Shape (segments, 2).

    Raises
    ------
    DataError
        If a column is missing or a table is empty.
    """
    curves = checked(curves, "response_curves", numbers=_CURVE, others=["segment", "purpose"])
    checked(data, "response_curves", numbers=["spend", "rate"], others=["segment", "purpose"])
    check_purposes(curves, "response_curves")
    segments = list(dict.fromkeys(curves["segment"]))
    with styled():
        room = ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.1)
        figure = plt.figure(figsize=(7.0, 2.3 * len(segments) + 0.2), layout=room)
        axes = figure.subplots(len(segments), 2, squeeze=False)
        for row, segment in zip(axes, segments, strict=True):
            for ax, purpose in zip(row, PURPOSES, strict=True):
                curve, points = (
                    table[(table["segment"] == segment) & (table["purpose"] == purpose)]
                    for table in (curves, data)
                )
                response_curve(curve, points, currency, ax=ax)
                last = segment == segments[-1]
                ax.set_xlabel(ax.get_xlabel() if last else "", fontsize=FONT_SIZE)
    grid: np.ndarray = axes
    return grid


def describe_response_curves(curves: pd.DataFrame, data: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `response_curves`: each share at today's spend."""
    curves = checked(curves, "response_curves", numbers=_CURVE, others=["segment", "purpose"])
    now = curves[curves["today"].astype(bool)]
    spoken = [
        f"{row['segment']} {percent(row['rate'])} {SHARES[str(row['purpose'])]}"
        for _, row in now.sort_values(["segment", "purpose"]).iterrows()
    ]
    return (
        "Response curves with intervals, share acquired (left) and retained (right) by spend per "
        f"person, and {len(data)} observations; at today's spend: {', '.join(spoken)}."
    )


def _checked_pair(
    curve: pd.DataFrame, data: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    name = "response_curve"
    curve = checked(curve, name, numbers=_CURVE, others=["segment", "purpose", "today"])
    check_purposes(curve, name)
    kinds = curve[["segment", "purpose"]].drop_duplicates()
    if len(kinds) != 1:
        raise DataError(
            f"response_curve draws one curve; found {len(kinds)}. Filter the table by segment and "
            "purpose, or use response_curves."
        )
    data = checked(data, name, numbers=["spend", "rate"])
    return curve.sort_values("spend"), data, str(kinds["purpose"].iloc[0])

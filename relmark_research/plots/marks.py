"""Axis labels, ticks, direct labels and intervals that the plots share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Affine2D, Affine2DBase, ScaledTranslation
from numpy.typing import ArrayLike

from relmark_research.plots.style import FONT_SIZE, TEXT, Series

STEPS_IN_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class EndLabel:
    """A direct label at the right edge of the plot: its height, its text and its series."""

    height: float
    text: str
    series: Series


def name_axes(ax: Axes, *, x: str, y: str) -> None:
    """Label both axes; the label of the y axis is horizontal, above it."""
    ax.set_xlabel(x, color=TEXT, fontsize=FONT_SIZE)
    ax.set_ylabel(y, color=TEXT, fontsize=FONT_SIZE, rotation=0, ha="left", va="bottom")
    ax.yaxis.set_label_coords(0.0, 1.03)


def ticks_as(axis: Axis, show: Callable[[float], str], *, n_ticks: int = 5) -> None:
    """Set about ``n_ticks`` round ticks on ``axis``, formatted by ``show``."""
    axis.set_major_locator(MaxNLocator(nbins=n_ticks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))


def tick_count(value: float) -> str:
    """Return a tick of a count or an amount: 1,200, 0.5, 2.5M, ∞."""
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 1e6:
        return f"{value / 1e6:g}M".replace("-", "−")
    return f"{value:,.10g}".replace("-", "−")


def tick_percent(share: float) -> str:
    """Return a tick of a share: 20%, 2.5%."""
    return f"{100 * share:.6g}%"


def thinned(labels: Sequence[str], max_count: int = 12) -> tuple[list[int], list[str]]:
    """Return positions and labels, thinned evenly to at most ``max_count``."""
    step = -(-len(labels) // max_count)
    kept = list(range(0, len(labels), step))
    return kept, [labels[place] for place in kept]


def date_ticks(ax: Axes, times: pd.Series, *, shift: pd.Timedelta | None = None) -> None:
    """Tick calendar months, about seven at most, with the year below its first tick.

    Parameters
    ----------
    times
        The days that the axis spans.
    shift
        Offset of the ticks, for bars that are centred on their period.
    """
    first, last = pd.Timestamp(times.min()), pd.Timestamp(times.max())
    days = _tick_days(first, last, finer=shift is None)
    labels, year = [], None
    for when in days:
        name = f"{when:%b}" if when.day == 1 else f"{when.day} {when:%b}"
        labels.append(f"{name}\n{when.year}" if when.year != year else name)
        year = when.year
    places = pd.DatetimeIndex(days) + (shift or pd.Timedelta(0))
    ax.set_xticks(places.to_numpy(), labels)


def _tick_days(first: pd.Timestamp, last: pd.Timestamp, *, finer: bool) -> list[pd.Timestamp]:
    months = (last.year - first.year) * 12 + last.month - first.month
    if months < 2 and finer:
        return list(pd.date_range(first.normalize(), last, periods=4).normalize().unique())
    step = next((size for size in STEPS_IN_MONTHS if months / size <= 7), 240)
    starts = pd.date_range(first.normalize().replace(day=1), last, freq="MS")
    aligned = [when for when in starts if when >= first and (when.month - 1) % min(step, 12) == 0]
    return aligned[:: max(1, step // 12)] or [first, last]


def cell_edges(centres: ArrayLike) -> np.ndarray:
    """Return the edges of cells with these increasing centres, half-way between neighbours.

    Examples
    --------
    >>> cell_edges([0, 1, 3]).tolist(), cell_edges([5]).tolist()
    ([-0.5, 0.5, 2.0, 4.0], [4.5, 5.5])
    """
    centres = np.asarray(centres, float)
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    inner = (centres[1:] + centres[:-1]) / 2
    return np.r_[2 * centres[0] - inner[0], inner, 2 * centres[-1] - inner[-1]]


def label_ends(ax: Axes, labels: Sequence[EndLabel]) -> None:
    """Write direct labels at the right edge without overlap; axis limits must be final."""
    height = ax.bbox.height / ax.figure.dpi * 72
    lines = [label.text.count("\n") + 1 for label in labels]
    places = spread(
        [_fraction(ax, label.height) for label in labels],
        [1.3 * FONT_SIZE * n / height for n in lines],
    )
    for label, place in zip(labels, places, strict=True):
        ax.add_artist(_swatch(ax, label.series, place))
        ax.annotate(
            label.text, (1, place), (27 if any(item.series.line for item in labels) else 18, 0),
            "axes fraction", "offset points",
            va="center", ha="left", color=TEXT, annotation_clip=False,
        )  # fmt: skip


def _fraction(ax: Axes, height: float) -> float:
    where = ax.transData.transform((ax.get_xlim()[0], height))
    return float(np.clip(ax.transAxes.inverted().transform(where)[1], 0, 1))


def _swatch(ax: Axes, series: Series, place: float) -> Line2D:
    """Return a sample of the series, drawn to the right of the plot."""
    points = Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans
    along = [5, 14, 23] if series.line else [9]
    return Line2D(
        along, [0] * len(along), color=series.colour, linestyle=series.line or "",
        marker=series.marker, markevery=[len(along) // 2], markersize=7, linewidth=1.8,
        markerfacecolor="none" if series.hollow else series.colour, markeredgewidth=1.4,
        alpha=series.opacity, clip_on=False, gid="swatch",
        transform=points + ScaledTranslation(1, place, cast(Affine2DBase, ax.transAxes)),
    )  # fmt: skip


def spread(heights: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Return heights moved apart as little as labels of these sizes need, in the same order.

    Examples
    --------
    >>> [round(place, 2) for place in spread([0.5, 0.52, 0.9], [0.1, 0.1, 0.1])]
    [0.46, 0.56, 0.9]
    """
    order = np.argsort(heights, kind="stable")
    groups: list[tuple[list[int], float, float]] = []  # members, centre, size
    for member in order:
        groups.append(([int(member)], float(heights[member]), float(sizes[member])))
        while len(groups) > 1 and _touch(groups[-2], groups[-1]):
            upper, lower = groups.pop(), groups.pop()
            members = lower[0] + upper[0]
            centre = float(np.mean([heights[item] for item in members]))
            groups.append((members, centre, lower[2] + upper[2]))
    places = [0.0] * len(heights)
    for members, centre, size in groups:
        edge = centre - size / 2
        for item in members:
            places[item] = edge + sizes[item] / 2
            edge += sizes[item]
    return places


def _touch(lower: tuple[list[int], float, float], upper: tuple[list[int], float, float]) -> bool:
    return upper[1] - upper[2] / 2 < lower[1] + lower[2] / 2


def bars(
    ax: Axes, places: ArrayLike, heights: ArrayLike, series: Series, *, width: ArrayLike = 0.8
) -> BarContainer:  # fmt: skip
    """Draw bars in the style of one series."""
    face = "none" if series.hollow else series.colour
    return ax.bar(
        places, heights, width, color=face, edgecolor=series.colour, hatch=series.hatch,
        linewidth=1.2 if series.hollow else 0, alpha=series.opacity,
    )  # fmt: skip


def label_bars(ax: Axes, container: BarContainer, texts: Sequence[str]) -> None:
    """Write a text at the end of each bar, and extend the axis for it."""
    ax.bar_label(container, texts, padding=3, color=TEXT, fontsize=FONT_SIZE - 1)
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.08 * (high - low) if low < 0 else low, high * 1.04 if high > 0 else high)


def whiskers(
    ax: Axes, places: ArrayLike, low: pd.Series, high: pd.Series, *,
    colour: str = TEXT, upright: bool = True,
) -> None:  # fmt: skip
    """Draw intervals as plain lines from ``low`` to ``high``."""
    draw = ax.vlines if upright else ax.hlines
    draw(places, low, high, color=colour, linewidth=1.6)


def count_axis(axis: Axis, *, n_ticks: int = 5) -> None:
    """Set round ticks of counts or amounts with thousands separators."""
    ticks_as(axis, tick_count, n_ticks=n_ticks)


def percent_axis(axis: Axis, *, n_ticks: int = 5) -> None:
    """Set round ticks of shares in percent."""
    ticks_as(axis, tick_percent, n_ticks=n_ticks)


def log_axis(ax: Axes, *, steps: Sequence[float] = (1.0, 2.0, 5.0)) -> None:
    """Make the x axis logarithmic, with plain numbers at these multiples of powers of ten."""
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=steps))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", which="minor", length=0)


def label_rows(
    ax: Axes, places: ArrayLike, texts: Sequence[str], *, size: float = FONT_SIZE - 1
) -> None:
    """Write a text beside the right edge for each row of a horizontal plot."""
    for place, text in zip(np.asarray(places).tolist(), texts, strict=True):
        ax.annotate(
            text, (1, place), (10, 0), ("axes fraction", "data"), "offset points",
            va="center", color=TEXT, fontsize=size, annotation_clip=False,
        )  # fmt: skip

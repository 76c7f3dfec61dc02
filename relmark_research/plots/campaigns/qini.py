"""The Qini curve of a score."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.plots.marks import EndLabel, label_ends, name_axes, percent_axis, ticks_as
from relmark_research.plots.style import BLUE, TEXT, Series, canvas
from relmark_research.plots.tables import checked

_NUMBERS = ["share", "gain", "low", "high", "random"]
_RANDOM = Series(TEXT, (0, (2, 2)), "")


def qini_curve(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the effect of treating the highest scores first, and of a random selection.

    Parameters
    ----------
    curve
        Rising ``share`` treated; ``gain`` (incremental responses per customer of the population)
        with ``low`` and ``high``, and ``random``.
    ax
        Axes to draw on; None makes a new figure.
    """
    curve = checked(curve, "qini_curve", numbers=_NUMBERS)
    best = Series(BLUE, "-", "")
    with canvas(ax, size=(7.0, 4.0)) as ax:
        ax.fill_between(
            curve["share"], curve["low"], curve["high"], color=BLUE, alpha=0.18, linewidth=0
        )
        ax.plot(curve["share"], curve["gain"], color=BLUE)
        ax.plot(curve["share"], curve["random"], color=TEXT, linestyle=_RANDOM.line, linewidth=1.4)
        ax.set_xlim(0, 1)
        percent_axis(ax.xaxis)
        ticks_as(ax.yaxis, lambda value: f"{100 * value:.3g}".replace("-", "−"))
        name_axes(ax, x="Share of customers targeted, highest expected uplift first",
                  y="Incremental responses per 100 customers")  # fmt: skip
        half = curve.iloc[(curve["share"] - 0.97).abs().argmin()]
        gap = 0.06 * (curve["high"].max() - curve["low"].min())
        label_ends(
            ax,
            [
                EndLabel(half["gain"] + gap, "best first", best),
                EndLabel(half["random"] - gap, "at random", _RANDOM),
            ],
        )
    return ax


def describe_qini_curve(curve: pd.DataFrame) -> str:
    """Return a description in words of `qini_curve`."""
    curve = checked(curve, "qini_curve", numbers=_NUMBERS)
    half = curve.iloc[(curve["share"] - 0.5).abs().argmin()]
    last = curve.iloc[-1]
    best, low, high, random = (100 * half[name] for name in ("gain", "low", "high", "random"))
    return (
        f"Qini curve with its interval: targeting the best half yields {best:.1f} incremental "
        f"responses per 100 customers ({low:.1f} to {high:.1f}), a random half {random:.1f}, all "
        f"customers {100 * last['gain']:.1f}."
    )

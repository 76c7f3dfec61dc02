"""Response or uplift by cell: observed, posterior mean with interval, and break-even."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from relmark_research.formats import percent, share
from relmark_research.plots.marks import name_axes, percent_axis
from relmark_research.plots.style import BLUE, TEXT, VERMILLION, canvas
from relmark_research.plots.tables import checked

_MAX_CELLS = 20


def cell_rates(
    cells: pd.DataFrame, break_even: float, *, observed: str = "rate", label: str = "Response",
    ax: Axes | None = None,
) -> Axes:  # fmt: skip
    """Draw the cells, best first, with their intervals and the break-even.

    Parameters
    ----------
    cells
        Row per ``cell``, best first: the observed rate, ``posterior_mean`` with ``low`` and
        ``high``, and ``mail`` (whether to). Of more than twenty cells the first and last ten are
        drawn.
    break_even
        Rate above which mailing is profitable.
    observed
        Column of the observed rate.
    label
        What the rate is, for the axis.
    ax
        Axes to draw on; None makes a new figure.
    """
    cells = _shown(
        checked(cells, "cell_rates", numbers=_numbers(observed), others=["cell", "mail"])
    )
    places = np.arange(len(cells))
    with canvas(ax, size=(7.0, 1.5 + 0.3 * len(cells)), grid="x") as ax:
        mail = cells["mail"].to_numpy(bool)
        colours = np.where(mail, BLUE, VERMILLION)
        ax.hlines(places, cells["low"], cells["high"], color=colours, linewidth=2.4)
        for own, marker, colour in ((mail, "o", BLUE), (~mail, "D", VERMILLION)):
            ax.plot(cells["posterior_mean"][own], places[own], marker, color=colour, markersize=7)
        ax.plot(cells[observed], places, "|", color=TEXT, markersize=11, markeredgewidth=1.6)
        ax.axvline(break_even, color=TEXT, linewidth=1.2, linestyle=(0, (2, 2)))
        ax.set_yticks(places, [str(one) for one in cells["cell"]])
        ax.set_ylim(len(cells) - 0.4, -0.7)
        percent_axis(ax.xaxis)
        name_axes(ax, x=f"{label} (dotted: break-even)", y="Cell")
        handles = [
            Line2D([], [], color=BLUE, marker="o", label="mail"),
            Line2D([], [], color=VERMILLION, marker="D", label="do not mail"),
            Line2D([], [], color=TEXT, marker="|", linestyle="", markersize=11, label="observed"),
        ]
        ax.legend(handles=handles, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    return ax


def _numbers(observed: str) -> list[str]:
    return [observed, "posterior_mean", "low", "high"]


def _shown(cells: pd.DataFrame) -> pd.DataFrame:
    if len(cells) > _MAX_CELLS:
        return pd.concat([cells.head(_MAX_CELLS // 2), cells.tail(_MAX_CELLS // 2)])
    return cells


def _interval(cell: pd.Series) -> str:
    mean, low, high = (percent(cell[name]) for name in ("posterior_mean", "low", "high"))
    return f"{mean} ({low} to {high}) in {cell['cell']}"


def describe_cell_rates(
    cells: pd.DataFrame, break_even: float, *, observed: str = "rate", label: str = "Response"
) -> str:
    """Return a description in words of `cell_rates`."""
    cells = checked(cells, "cell_rates", numbers=_numbers(observed), others=["cell", "mail"])
    best, worst = (_interval(cells.iloc[place]) for place in (0, -1))
    words = (
        f"{label} of {len(cells)} cells: from {best} to {worst}; "
        f"{int(cells['mail'].sum())} cells lie above the break-even of "
        f"{share(break_even)}."
    )
    return words + (" The best and the worst ten are drawn." if len(cells) > _MAX_CELLS else "")

"""Transition probabilities as a heat map, each cell with its interval."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import percent
from relmark_research.plots.marks import cell_edges, name_axes
from relmark_research.plots.style import FONT_SIZE, SHADES, canvas, ink_on
from relmark_research.plots.tables import checked

CELL = 0.62  # inches


def transition_matrix(cells: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the probability of every transition, with its interval below.

    Parameters
    ----------
    cells
        One row per possible transition: ``origin``, ``destination``, ``probability``, ``low``,
        ``high``; rungs in the order of their first appearance as origins. Impossible transitions
        have no row.
    ax
        Axes to draw on; None makes a new figure, as large as the rungs need.

    Returns
    -------
    Axes
        A heat map, origins down the side, destinations along the top; impossible transitions are
        empty.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> cells = pd.DataFrame({"origin": ["first", "first"], "destination": ["first", "repeat"],
    ...                       "probability": [0.7, 0.3], "low": [0.6, 0.2], "high": [0.8, 0.4]})
    >>> [text.get_text() for text in transition_matrix(cells, ax=Figure().subplots()).texts]
    ['70%\\n60–80', '30%\\n20–40']
    """
    cells, states = _checked(cells)
    k, place = len(states), {name: at for at, name in enumerate(states)}
    values = np.full((k, k), np.nan)
    rows, columns = cells["origin"].map(place), cells["destination"].map(place)
    values[rows, columns] = cells["probability"]
    room = (max(4.2, 1.3 + CELL * k), max(3.0, 0.9 + CELL * 0.8 * k))
    with canvas(ax, size=room, grid="") as ax:
        edges = cell_edges(np.arange(k))
        shown = np.ma.masked_invalid(values)
        mesh = ax.pcolormesh(
            edges, edges, shown, cmap=SHADES, vmin=0, vmax=1, edgecolors="face", linewidth=0.3
        )
        ax.invert_yaxis()
        ax.xaxis.tick_top()
        ax.spines["bottom"].set_visible(False)
        ax.set_xticks(
            range(k), states, rotation=35 if k > 4 else 0, ha="left" if k > 4 else "center"
        )
        ax.set_yticks(range(k), states)
        for row in cells.to_dict("records"):
            at = place[row["destination"]], place[row["origin"]]
            colour = tuple(mesh.to_rgba(np.asarray(row["probability"])))
            words = _cell(row["probability"], row["low"], row["high"])
            size = FONT_SIZE - (3 if k > 6 else 1)
            ax.text(*at, words, ha="center", va="center", color=ink_on(colour), fontsize=size)
        name_axes(ax, x="To (rung in the next period)", y="From")
        ax.yaxis.set_label_coords(-0.02, 1.02)
        ax.yaxis.label.set_horizontalalignment("right")
    return ax


def _cell(probability: float, low: float, high: float) -> str:
    if probability < 0.0005 and high < 0.01:
        return "0"
    ends = [f"{100 * end:.0f}" if high >= 0.095 else f"{100 * end:.1f}" for end in (low, high)]
    return (
        f"{percent(probability)}\n{'–'.join(ends)}" if ends[0] != ends[1] else percent(probability)
    )


def _checked(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    cells = checked(
        cells,
        "transition_matrix",
        numbers=["probability", "low", "high"],
        others=["origin", "destination"],
    )
    found = [*cells["origin"], *cells["destination"]]
    return cells.dropna(subset=["probability"]), list(dict.fromkeys(found))


def describe_transition_matrix(cells: pd.DataFrame) -> str:
    """Return a description in words of `transition_matrix`.

    Parameters
    ----------
    cells
        As for `transition_matrix`.

    Returns
    -------
    str
        The rung with the highest probability of staying, and the most probable move.

    Examples
    --------
    >>> cells = pd.DataFrame({"origin": ["first", "first"], "destination": ["first", "repeat"],
    ...                       "probability": [0.7, 0.3], "low": [0.6, 0.2], "high": [0.8, 0.4]})
    >>> print(describe_transition_matrix(cells))
    Heat map of 2 transition probabilities, with intervals: staying is most probable on first (70%),
    and the most probable move is from first to repeat, 30% (20% to 40%).
    """
    cells, _ = _checked(cells)
    stays = cells[cells["origin"] == cells["destination"]]
    goes = cells[cells["origin"] != cells["destination"]]
    words = f"Heat map of {len(cells)} transition probabilities, with intervals:"
    parts = []
    if len(stays):
        most = stays.iloc[int(stays["probability"].argmax())]
        parts.append(
            f" staying is most probable on {most['origin']} ({percent(most['probability'])})"
        )
    if len(goes):
        top = goes.iloc[int(goes["probability"].argmax())]
        parts.append(
            f" the most probable move is from {top['origin']} to {top['destination']}, "
            f"{percent(top['probability'])} ({percent(top['low'])} to {percent(top['high'])})"
        )
    return words + ", and".join(parts) + "."

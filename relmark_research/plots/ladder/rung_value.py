"""Value by rung, sensitivity to transitions, and the best relationship level by rung."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from relmark_research.formats import money, percent, with_unit
from relmark_research.plots.marks import cell_edges, count_axis, name_axes, whiskers
from relmark_research.plots.style import BLUE, FONT_SIZE, ORANGE, SHADES, TEXT, canvas, ink_on
from relmark_research.plots.tables import check_rows, checked

ROW = 0.42  # inches
MOST = 8  # transitions that are drawn


def rung_values(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the value of a person on each rung, with its interval.

    Parameters
    ----------
    table
        One row per rung, lowest first: ``rung``, ``value``, ``low``, ``high`` (money per person).
    currency
        Currency, for the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A point per rung with its interval, the highest rung on top.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"rung": ["first", "repeat"], "value": [20.0, 50.0],
    ...                       "low": [15.0, 40.0], "high": [25.0, 60.0]})
    >>> rung_values(table, "USD", ax=Figure().subplots()).get_xlabel()
    'Value per person on the rung (USD)'
    """
    table = _checked_values(table)
    with canvas(ax, size=(7.0, max(2.4, 1.0 + ROW * len(table))), grid="x") as ax:
        places = np.arange(len(table))
        whiskers(ax, places, table["low"], table["high"], upright=False)
        ax.plot(table["value"], places, "o", color=BLUE, markersize=8)
        ax.set_yticks(places, [str(name) for name in table["rung"]])
        ax.set_ylim(-0.6, len(table) - 0.4)
        ax.set_xlim(left=min(0.0, float(table["low"].min()) * 1.05))
        count_axis(ax.xaxis)
        name_axes(ax, x=with_unit("Value per person on the rung", currency), y="Rung")
    return ax


def _checked_values(table: pd.DataFrame) -> pd.DataFrame:
    return checked(table, "rung_values", numbers=["value", "low", "high"], others=["rung"])


def describe_rung_values(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `rung_values`.

    Parameters
    ----------
    table, currency
        As for `rung_values`.

    Returns
    -------
    str
        The most and the least valuable rung.

    Examples
    --------
    >>> table = pd.DataFrame({"rung": ["first", "repeat"], "value": [20.0, 50.0],
    ...                       "low": [15.0, 40.0], "high": [25.0, 60.0]})
    >>> print(describe_rung_values(table, "USD"))
    Value per person by rung, with intervals: highest on repeat, $50.00 ($40.00 to $60.00); lowest
    on first, $20.00 ($15.00 to $25.00).
    """
    table = _checked_values(table)
    best, least = (
        table.iloc[int(place)] for place in (table["value"].argmax(), table["value"].argmin())
    )
    said = [
        f"{money(row['value'], currency)} ({money(row['low'], currency)} to "
        f"{money(row['high'], currency)})"
        for row in (best, least)
    ]
    return (
        f"Value per person by rung, with intervals: highest on {best['rung']}, {said[0]}; lowest "
        f"on {least['rung']}, {said[1]}."
    )


def transition_sensitivities(
    table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None
) -> Axes:
    """Draw the gain from one percentage point more of each transition probability.

    Parameters
    ----------
    table
        One row per move, the best first: ``origin``, ``destination``, ``total``, ``low``, ``high``
        (money for the whole base), ``probability_best``. The first 8 are drawn.
    currency
        Currency, for the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A bar per move with its interval, the best on top.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"origin": ["first"], "destination": ["repeat"], "total": [900.0],
    ...                       "low": [700.0], "high": [1100.0], "probability_best": [0.8]})
    >>> ax = transition_sensitivities(table, "USD", ax=Figure().subplots())
    >>> ax.get_yticklabels()[0].get_text()
    'first → repeat'
    """
    table = _checked_sensitivities(table).head(MOST)
    with canvas(ax, size=(7.0, max(2.2, 1.0 + ROW * len(table))), grid="x") as ax:
        places = np.arange(len(table))[::-1]
        ax.barh(places, table["total"], 0.62, color=BLUE)
        whiskers(ax, places, table["low"], table["high"], upright=False)
        ax.set_yticks(places, [_move(row) for _, row in table.iterrows()])
        count_axis(ax.xaxis)
        name_axes(
            ax,
            x=with_unit("Gain from one percentage point more", currency),
            y="Transition whose probability is raised",
        )
    return ax


def _checked_sensitivities(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["total", "low", "high", "probability_best"]
    found = checked(
        table, "transition_sensitivities", numbers=numbers, others=["origin", "destination"]
    )
    return found.sort_values("total", ascending=False)


def _move(row: pd.Series) -> str:
    if row["origin"] == row["destination"]:
        return f"stay {row['origin']}"
    return f"{row['origin']} → {row['destination']}"


def describe_transition_sensitivities(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `transition_sensitivities`.

    Parameters
    ----------
    table, currency
        As for `transition_sensitivities`.

    Returns
    -------
    str
        The transition with the largest gain, and the probability that it is the largest.

    Examples
    --------
    >>> table = pd.DataFrame({"origin": ["first"], "destination": ["repeat"], "total": [900.0],
    ...                       "low": [700.0], "high": [1100.0], "probability_best": [0.8]})
    >>> print(describe_transition_sensitivities(table, "USD"))
    Gain from raising one transition probability by a percentage point: largest for first → repeat,
    $900.00 ($700.00 to $1,100); the probability that it is the best is 80%.
    """
    best = _checked_sensitivities(table).iloc[0]
    low, high = money(best["low"], currency), money(best["high"], currency)
    return (
        "Gain from raising one transition probability by a percentage point: largest for "
        f"{_move(best)}, {money(best['total'], currency)} ({low} to {high}); the probability that "
        f"it is the best is {percent(best['probability_best'])}."
    )


def level_choice(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the probability that each relationship level is the best on each rung.

    Parameters
    ----------
    table
        Wide: one row per rung (index), one column per level, values the probability that the
        level is the best there, in [0, 1], each row summing to 1.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A heat map, the lowest rung at the bottom, the most probable level of each rung framed.

    Raises
    ------
    DataError
        If the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame([[0.2, 0.8]], index=["first"], columns=["basic", "proactive"])
    >>> [text.get_text() for text in level_choice(table, ax=Figure().subplots()).texts]
    ['20%', '80%']
    """
    check_rows(table, "level_choice")
    values = table.to_numpy(float)
    rows, columns = values.shape
    with canvas(ax, size=(7.0, max(2.4, 1.1 + ROW * rows)), grid="") as ax:
        across, up = cell_edges(np.arange(columns)), cell_edges(np.arange(rows))
        mesh = ax.pcolormesh(
            across, up, values, cmap=SHADES, vmin=0, vmax=1, edgecolors="face", linewidth=0.3
        )
        for (row, column), share in np.ndenumerate(values):
            colour = tuple(mesh.to_rgba(share))
            ax.text(column, row, percent(share), ha="center", va="center", color=ink_on(colour),
                    fontsize=FONT_SIZE - 1)  # fmt: skip
        for row, column in enumerate(values.argmax(axis=1)):
            ax.add_patch(_frame(column, row))
        ax.spines["bottom"].set_visible(False)
        ax.set_xticks(range(columns), [str(name) for name in table.columns])
        ax.set_yticks(range(rows), [str(name) for name in table.index], color=TEXT)
        name_axes(ax, x="Relationship level (framed: most probably the best)", y="Rung")
    return ax


def _frame(column: int, row: int) -> Rectangle:
    return Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, fill=False, edgecolor=ORANGE,
                     linewidth=2.4)  # fmt: skip


def describe_level_choice(table: pd.DataFrame) -> str:
    """Return a description in words of `level_choice`.

    Parameters
    ----------
    table
        As for `level_choice`.

    Returns
    -------
    str
        The most probable level of each rung.

    Examples
    --------
    >>> table = pd.DataFrame([[0.2, 0.8]], index=["first"], columns=["basic", "proactive"])
    >>> print(describe_level_choice(table))
    Heat map of the probability that a relationship level is the best, for 1 rungs: first proactive
    (80%).
    """
    check_rows(table, "level_choice")
    said = [f"{rung} {row.idxmax()} ({percent(row.max())})" for rung, row in table.iterrows()]
    return (
        "Heat map of the probability that a relationship level is the best, for "
        f"{len(table)} rungs: {', '.join(said)}."
    )

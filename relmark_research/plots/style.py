"""The style of every plot: one neutral colour, a palette readable in grey, figure sizes.

A report maps two colours to its light and dark theme: `TEXT` (text, spines, ticks and observed
values) and `GRID`. All other colours are legible on white and on near-black and clearly coloured,
so that a report can treat every grey as text. Lightness, line style, marker or hatch repeat every
distinction that a colour makes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.typing import ColorType

TEXT = "#1a1a1a"
GRID = "#d9d9d9"

# Okabe and Ito (2008), Color Universal Design.
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
YELLOW = "#f0e442"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"

ON_LIGHT = "#000000"  # figures inside a coloured cell: they stay with the cell, not the theme
ON_DARK = "#ffffff"
LINE_ON_LIGHT = "#00203a"  # lines inside one: tinted, to differ from text
LINE_ON_DARK = "#cfe8ff"

WIDE = (7.0, 4.0)  # inches: a column of 700 to 900 px, still legible at 360 px
SQUARE = (6.0, 5.2)

FONT_SIZE = 11.0

SHADES = LinearSegmentedColormap.from_list("relmark", ["#d8eaf7", "#8fc1e3", BLUE, "#023a5e"])
"""Light to dark with decreasing luminance, readable in grey."""


@dataclass(frozen=True)
class Series:
    """Style of one series; colour is never its only distinction.

    Parameters
    ----------
    colour
        Colour of the line, the marker and the fill.
    line, marker, hatch
        Line style, marker and hatch as matplotlib knows them; ``""`` for none (an area has no
        line).
    opacity
        Opacity of a filled area, in (0, 1].
    hollow
        Whether markers and bars are outlines only.
    """

    colour: str
    line: Any = "-"
    marker: str = "o"
    hatch: str = ""
    opacity: float = 1.0
    hollow: bool = False


OBSERVED = Series(TEXT, "-", "o")
MODEL = Series(BLUE, (0, (4, 1.6)), "D")
OBSERVED_BAR = Series(TEXT, "", "s", opacity=0.55)
MODEL_BAR = Series(BLUE, "", "s", hatch="////", hollow=True)

LINES = (
    Series(BLUE, "-", "o"),
    Series(VERMILLION, (0, (6, 2)), "s"),
    Series(GREEN, (0, (1.5, 1.5)), "^"),
    Series(PURPLE, (0, (6, 2, 1.5, 2)), "D"),
)
"""Series for lines: contrast of at least 3 to 1 on white and on near-black, and own dashes."""

FILLS = (Series(BLUE, "", "s"), Series(ORANGE, "", "s"))
"""Series for neighbouring areas, with different lightness."""


def style() -> dict[Any, Any]:
    """Return the house style as matplotlib's rcParams.

    Returns
    -------
    dict
        Names and values for ``matplotlib.rc_context`` or ``rcParams.update``. Text stays text in
        SVG, and the same picture gives the same bytes.

    Examples
    --------
    >>> style()["text.color"] == TEXT
    True
    """
    return {
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
        "font.size": FONT_SIZE,
        "axes.labelsize": FONT_SIZE,
        "axes.labelcolor": TEXT,
        "axes.edgecolor": TEXT,
        "axes.unicode_minus": True,
        "text.color": TEXT,
        "xtick.color": TEXT,
        "ytick.color": TEXT,
        "grid.color": GRID,
        "lines.linewidth": 2.0,
        "lines.markersize": 6.0,
        "lines.solid_capstyle": "round",
        "hatch.linewidth": 0.8,
        "svg.fonttype": "none",
        "svg.hashsalt": "relmark",
        "pdf.fonttype": 42,
    }


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style inside the ``with`` block, and restore the settings after it.

    Examples
    --------
    >>> import matplotlib
    >>> before = matplotlib.rcParams["font.size"]
    >>> with styled():
    ...     matplotlib.rcParams["font.size"]
    11.0
    >>> matplotlib.rcParams["font.size"] == before
    True
    """
    with rc_context(style()):
        yield


@contextmanager
def canvas(ax: Axes | None, *, size: tuple[float, float] = WIDE, grid: str = "y") -> Iterator[Axes]:
    """Yield the Axes to draw on, in the house style: the given one or a new one.

    Parameters
    ----------
    ax
        Axes to draw on; None makes a new figure.
    size
        Width and height of a new figure, inches.
    grid
        Axis whose grid is drawn: ``"x"``, ``"y"``, ``"both"`` or ``""`` for none.
    """
    with styled():
        if ax is None:
            room = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.04)
            ax = plt.figure(figsize=size, layout=room).add_subplot()
        dress(ax, grid=grid)
        yield ax


def dress(ax: Axes, *, grid: str = "y") -> None:
    """Set the spines, ticks and grid of the house style on ``ax``."""
    ax.set_facecolor("none")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set(color=TEXT, linewidth=0.8)
    ax.tick_params(colors=TEXT, labelsize=FONT_SIZE, length=0, pad=6)
    ax.tick_params(axis="x", length=3, width=0.8)
    ax.set_axisbelow(True)
    ax.grid(visible=False)
    for axis in {"both": "xy"}.get(grid, grid):
        ax.grid(visible=True, axis="x" if axis == "x" else "y", color=GRID, linewidth=0.8)


def luminance(colour: ColorType) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white).

    Parameters
    ----------
    colour
        Any colour that matplotlib knows.

    Returns
    -------
    float
        0.2126 R + 0.7152 G + 0.0722 B of the linearised channels.

    References
    ----------
    W3C, Web Content Accessibility Guidelines 2.2, "relative luminance".

    Examples
    --------
    >>> round(luminance("white"), 3), round(luminance(BLUE), 3)
    (1.0, 0.152)
    """
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in to_rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink_on(colour: ColorType) -> str:
    """Return the ink, black or white, that reads better on ``colour``."""
    light = luminance(colour)
    return ON_LIGHT if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else ON_DARK

"""What stands on Axes, as plain numbers and words: rounded, a missing number as None."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from relmark_research.errors import DataError


def numbers(values: Iterable[float]) -> list[float | None]:
    """Return numbers rounded to six decimals."""
    return [None if np.isnan(value) else round(float(value), 6) for value in values]


def drawn_lines(ax: Axes) -> list[Line2D]:
    """Return the lines, without the samples beside direct labels."""
    return [line for line in ax.lines if line.get_gid() != "swatch"]


def lines(ax: Axes) -> list[tuple[list[float | None], list[float | None]]]:
    """Return x and y of every line, in the order of drawing."""
    return [
        (numbers(np.ravel(line.get_xdata(orig=False))), numbers(np.ravel(line.get_ydata(False))))
        for line in drawn_lines(ax)
    ]


def intervals(ax: Axes) -> list[tuple[float | None, ...]]:
    """Return (place, start, end) of every straight interval, upright or not."""
    found = []
    for collection in ax.collections:
        if isinstance(collection, LineCollection):
            for (x0, y0), (x1, y1) in collection.get_segments():
                found.append(tuple(numbers((x0, y0, y1) if x0 == x1 else (y0, x0, x1))))
    return found


def band(ax: Axes, which: int = 0) -> list[tuple[float | None, ...]]:
    """Return (x, lowest, highest) of the corners of a filled band."""
    areas = [each for each in ax.collections if isinstance(each, PolyCollection)]
    corners = pd.DataFrame(areas[which].get_paths()[0].vertices, columns=["x", "y"])
    ends = corners.groupby("x")["y"].agg(["min", "max"])
    return [tuple(numbers((x, *row))) for x, row in zip(ends.index, ends.to_numpy(), strict=True)]


def bars(ax: Axes) -> list[tuple[float | None, ...]]:
    """Return (left, bottom, width, height) of every bar."""
    boxes = [each for each in ax.patches if isinstance(each, Rectangle)]
    return [tuple(numbers((*each.get_xy(), each.get_width(), each.get_height()))) for each in boxes]


def texts(ax: Axes) -> list[str]:
    """Return the texts on and beside the picture."""
    return [text.get_text() for text in ax.texts]


def heights(ax: Axes) -> dict[str, float]:
    """Return the height of each text beside the picture, a share of the picture's height."""
    return {text.get_text(): float(text.xy[1]) for text in ax.texts}


def ticks(axis: Axis) -> dict[str, float | None]:
    """Return the place of each tick label."""
    words = [label.get_text() for label in axis.get_ticklabels()]
    return dict(zip(words, numbers(axis.get_ticklocs()), strict=True))


def tick(axis: Axis, value: float) -> str:
    """Return how an axis writes a number."""
    return axis.get_major_formatter()(value, 0)


def names(ax: Axes) -> tuple[str, str]:
    """Return the labels of both axes."""
    return ax.get_xlabel(), ax.get_ylabel()


def limits(ax: Axes) -> tuple[list[float | None], list[float | None]]:
    """Return the limits of both axes."""
    return numbers(ax.get_xlim()), numbers(ax.get_ylim())


def size(ax: Axes) -> list[float | None]:
    """Return width and height of the figure, inches."""
    return numbers(ax.figure.get_size_inches())


def needs(
    functions: Sequence[Callable[..., object]], table: pd.DataFrame, *others: object,
    columns: Iterable[str] = (),
) -> None:  # fmt: skip
    """Check that each function names a column that its first table does not have."""
    for function in functions:
        for name in columns or table.columns:
            with pytest.raises(DataError, match=f"no column '{name}'"):
                function(table.drop(columns=name), *others)

"""A figure drawn again for a narrow screen, so that its text is legible and no label is cut off.

The text keeps its size while the axes become narrower. Where labels would then overlap, the labels
of the ticks along the bottom are thinned out, and the values inside the axes become smaller or, if
that is not enough, are left out: the table behind the figure has them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import TYPE_CHECKING

from relmark_research.reporting.display._svg import draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import LayoutEngine
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

WIDTH = 4.0  # inches: at 320 px, less the margins of the page, text is 10 px high
_WIDER, _WIDEST = (WIDTH, 4.75), 5.5  # inches, for figures whose labels need more room
_SMALLER = (0.9, 0.8, 0.72)  # sizes of values inside the axes
_LONGEST, _SHORTEST = 34, 12  # characters of a line
_GAP = 0.5  # points between two labels
_MOST_OVERLAPS = 2  # more of them are the values of cells, of which all are left out


def draw_narrow(figure: Figure, name: str, layout: LayoutEngine | None) -> str:
    """Return a figure as a narrow SVG, or an empty text if it is narrow already.

    Parameters
    ----------
    figure
        The figure, which is the same afterwards.
    name
        Identifier of the figure in its report.
    layout
        The layout engine with which it was drawn first.
    """
    if figure.get_size_inches()[0] <= WIDTH * 1.1:
        return ""
    for width in _WIDER:
        with _as_before(figure):
            _make_narrow(figure, width, layout)
            if not _overlaps(_every_label(figure)):
                return draw(figure, f"{name}-narrow")
    with _as_before(figure):
        _make_narrow(figure, _WIDEST, layout)
        return draw(figure, f"{name}-narrow")


def _make_narrow(figure: Figure, width: float, layout: LayoutEngine | None) -> None:
    """Set the width of a figure, and separate its labels."""
    figure.set_layout_engine(layout if layout is not None else "none")
    figure.set_size_inches(width, float(figure.get_size_inches()[1]))
    for axes in figure.axes:
        _wrap_labels(axes)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the places are final; a second layout would move them
    for axes in figure.axes:
        _thin_out_ticks(axes)
        _separate_values(axes)


def _line_length(axes: Axes) -> int:
    """Return how many characters of a label fit on one line; fewer where axes share the width."""
    share = axes.get_position().width
    return _LONGEST if share > 0.5 else max(_SHORTEST, int(60 * share))


def _every_label(figure: Figure) -> list[Text]:
    """Return what is written in a figure: labels, values, and the ticks within their axes."""
    found = list(figure.texts)
    for axes in figure.axes:
        frame = axes.get_window_extent()
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
        inside = [tick for tick in ticks if _within(tick.get_window_extent(), frame)]
        found += [*_labels(axes), *axes.texts, *inside]
    unique = {id(text): text for text in found if text.get_text().strip() and _is_seen(text)}
    return list(unique.values())


def _within(box: Bbox, frame: Bbox) -> bool:
    """Return whether the middle of a tick's label lies within the span of its axes."""
    across, along = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return frame.x0 - 1 <= across <= frame.x1 + 1 or frame.y0 - 1 <= along <= frame.y1 + 1


@contextmanager
def _as_before(figure: Figure) -> Iterator[None]:
    """Restore the size, the places, the ticks and the texts of a figure after the block."""
    width, height = (float(each) for each in figure.get_size_inches())
    engine = figure.get_layout_engine()
    places = [(axes, axes.get_position()) for axes in figure.axes]
    ticks = [(axes.xaxis, axes.xaxis.get_major_locator(), axes.xaxis.get_major_formatter())
             for axes in figure.axes]  # fmt: skip
    labels = [text for axes in figure.axes for text in (*axes.texts, *_labels(axes))]
    texts = [(each, each.get_fontsize(), each.get_visible(), each.get_text()) for each in labels]
    try:
        yield
    finally:
        figure.set_layout_engine(engine if engine is not None else "none")
        figure.set_size_inches(width, height)
        for axes, place in places:
            axes.set_position(place)
            axes.set_in_layout(True)
        for axis, locator, formatter in ticks:
            axis.set_major_locator(locator)
            axis.set_major_formatter(formatter)
        for text, points, seen, words in texts:
            text.set_fontsize(points)
            text.set_visible(seen)
            text.set_text(words)


def _labels(axes: Axes) -> list[Text]:
    """Return the title and the labels of the axes, and those of its legend."""
    from matplotlib.text import Text

    own = [*axes.get_children(), axes.xaxis.label, axes.yaxis.label]
    legend = axes.get_legend()
    more = legend.get_texts() if legend is not None else []
    return [each for each in own if isinstance(each, Text)] + list(more)


def _wrap_labels(axes: Axes) -> None:
    """Break the horizontal labels that are too long for one line of a narrow figure."""
    length = _line_length(axes)
    for label in _labels(axes):
        words = label.get_text()
        if len(words) > length and not label.get_rotation() and not {"$", "\n"} & set(words):
            label.set_text(textwrap.fill(words, length))


def _thin_out_ticks(axes: Axes) -> None:
    """Leave out every second, third, ... label of the ticks along the bottom until none overlap."""
    labels = [label for label in axes.get_xticklabels() if label.get_text() and _is_seen(label)]
    for step in range(1, len(labels)):
        if not _overlaps(labels[::step]):
            break
    else:
        return
    kept = {id(label) for label in labels[::step]}
    places = {id(label): tick for label, tick in zip(axes.get_xticklabels(), axes.get_xticks(),
                                                     strict=False)}  # fmt: skip
    if step > 1:
        chosen = [label for label in labels if id(label) in kept]
        axes.set_xticks([places[id(label)] for label in chosen],
                        [label.get_text() for label in chosen])  # fmt: skip


def _separate_values(axes: Axes) -> None:
    """Make texts inside the axes smaller until none overlap; else leave out those that do."""
    texts = [text for text in axes.texts if text.get_text().strip() and _is_seen(text)]
    sizes = [float(text.get_fontsize()) for text in texts]
    for factor in _SMALLER:
        found = _overlaps(texts)
        if not found:
            return
        for text, size in zip(texts, sizes, strict=True):
            text.set_fontsize(size * factor)
    found = _overlaps(texts)
    hidden = texts if len(found) > _MOST_OVERLAPS else [second for _, second in found]
    for text in hidden:
        text.set_visible(False)


def _is_seen(text: Text) -> bool:
    return bool(text.get_visible())


def _overlaps(texts: list[Text]) -> list[tuple[Text, Text]]:
    """Return the pairs of texts whose boxes overlap."""
    boxes = [(text, text.get_window_extent()) for text in texts]
    gap = _GAP / 72 * texts[0].figure.get_dpi() if texts and texts[0].figure else 0.0
    return [
        (first, second)
        for (first, one), (second, other) in combinations(boxes, 2)
        if _overlap(one, other, gap)
    ]


def _overlap(one: Bbox, other: Bbox, gap: float) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0) + gap
    along = min(one.y1, other.y1) - max(one.y0, other.y0)
    return across > 0 and along > 0.25 * min(one.height, other.height)

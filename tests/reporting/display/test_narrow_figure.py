"""Figures drawn again for narrow screens: same text size, no overlapping labels."""

import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest

from relmark_research.plots.style import canvas
from relmark_research.reporting.display._narrow_figure import WIDTH, draw_narrow
from relmark_research.reporting.display._svg import draw


def texts_of(svg):
    return [
        each.text for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.fixture
def grid():
    """A figure with a value in each of 18 cells."""
    with canvas(None, size=(7, 2)) as ax:
        ax.set(xlim=(-0.5, 17.5), xticks=range(18))
        for place in range(18):
            ax.text(place, 0.5, f"{place + 10}", ha="center")
    yield ax.figure
    plt.close(ax.figure)


def test_a_wide_figure_becomes_narrow_and_keeps_the_size_of_its_text(grid):
    svg = draw_narrow(grid, "cells", grid.get_layout_engine())
    sizes = re.findall(r"font(?:-size)?: ([\d.]+)px", svg)
    assert "11px" in {f"{float(size):.3g}px" for size in sizes}
    width = float(ElementTree.fromstring(svg).get("viewBox").split()[2])
    assert width == pytest.approx(72 * WIDTH, rel=0.1)


def test_the_figure_itself_stays_as_it_was(grid):
    before = draw(grid, "cells")
    draw_narrow(grid, "cells", grid.get_layout_engine())
    assert draw(grid, "cells") == before


def test_labels_that_would_overlap_are_thinned_out_or_made_smaller(grid):
    svg = draw_narrow(grid, "cells", grid.get_layout_engine())
    shown = [text for text in texts_of(svg) if text]
    assert {str(place) for place in range(10, 28)} <= set(shown)  # the values are all there
    assert {"0", "2", "4"} <= set(shown)
    assert not {"1", "3", "5"} & set(shown)
    sizes = {float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", svg)}
    assert min(sizes) < 11 == max(sizes)


def test_values_that_never_fit_are_left_out():
    with canvas(None, size=(7, 2)) as ax:
        ax.set_xlim(0, 40)
        for place in range(40):
            ax.text(place, 0.5, "1234", ha="center")
    assert "1234" not in texts_of(draw_narrow(ax.figure, "cells", ax.figure.get_layout_engine()))
    plt.close(ax.figure)


def test_a_figure_that_is_narrow_already_is_drawn_once():
    with canvas(None, size=(4, 3)) as ax:
        ax.plot([1, 2])
    assert draw_narrow(ax.figure, "line", ax.figure.get_layout_engine()) == ""
    plt.close(ax.figure)


def test_a_label_of_axes_that_share_the_width_is_wrapped():
    figure, axes = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
    for ax in axes:
        ax.set_xlabel("Spend per customer and year (EUR)")
    written = texts_of(draw_narrow(figure, "two", figure.get_layout_engine()))
    plt.close(figure)
    assert "Spend per customer and year (EUR)" not in written
    assert axes[0].get_xlabel() == "Spend per customer and year (EUR)"

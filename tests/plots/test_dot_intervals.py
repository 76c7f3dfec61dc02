import numpy as np
import pandas as pd
from matplotlib.colors import same_color

from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.style import BLUE, VERMILLION
from tests.plots.drawn import drawn_lines, intervals, limits, lines, texts, ticks

VALUES = pd.Series([1.0, np.nan, 3.0])
ENDS = pd.Series([0.5, np.nan, -2.0]), pd.Series([2.0, np.nan, 5.0])
ZERO = ([0, 0], [0, 1])


def test_a_figure_grows_with_its_rows():
    assert size_of(1) == (7.0, 1.4 + 0.52)
    assert size_of(3) == (7.0, 1.4 + 0.52 * 3)


def test_rows_run_from_the_top_and_a_missing_value_leaves_its_row_empty(ax):
    draw_ranges(ax, ["a", "b", "c"], VALUES, ENDS, ["one", "", "three"])
    assert lines(ax) == [([1], [0]), ([3], [2]), ZERO]
    assert intervals(ax) == [(0, 0.5, 2), (2, -2, 5)]
    assert ticks(ax.yaxis) == {"a": 0, "b": 1, "c": 2}
    assert limits(ax)[1] == [2.5, -0.6]
    assert texts(ax) == ["one", "", "three"]
    assert [text.xy for text in ax.texts] == [(1, 0), (1, 1), (1, 2)]


def test_without_marks_every_dot_is_filled_and_of_one_colour(ax):
    draw_ranges(ax, ["a", "b", "c"], VALUES, ENDS, ["", "", ""])
    for line in drawn_lines(ax)[:2]:
        assert line.get_marker() == "o"
        assert same_color(line.get_color(), BLUE)
        assert same_color(line.get_markerfacecolor(), BLUE)
    assert same_color(ax.collections[0].get_colors(), [BLUE, BLUE])


def test_marked_rows_are_filled_diamonds_and_the_others_rings(ax):
    draw_ranges(ax, ["a", "b", "c"], VALUES, ENDS, ["", "", ""], marked=[True, True, False])
    first, last = drawn_lines(ax)[:2]
    assert (first.get_marker(), last.get_marker()) == ("D", "o")
    assert same_color([first.get_color(), last.get_color()], [VERMILLION, BLUE])
    assert same_color(first.get_markerfacecolor(), VERMILLION)
    assert last.get_markerfacecolor() == "none"
    assert same_color(ax.collections[0].get_colors(), [VERMILLION, BLUE])


def test_without_a_band_only_dots_are_drawn(ax):
    draw_ranges(ax, ["a", "b", "c"], VALUES, None, ["", "", ""])
    assert not ax.collections
    assert lines(ax) == [([1], [0]), ([3], [2]), ZERO]

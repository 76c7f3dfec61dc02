import numpy as np
import pandas as pd
import pytest
from matplotlib.contour import ContourSet

from relmark_research.errors import DataError
from relmark_research.plots.economics import describe_equity_surface, equity_surface
from relmark_research.plots.style import LINE_ON_DARK
from tests.plots.drawn import limits, lines, names, needs, size, texts, tick


@pytest.fixture
def surface() -> pd.DataFrame:
    kept, won = np.linspace(0, 20, 5), np.linspace(0, 4, 4)
    return pd.DataFrame(np.outer(5 + kept, won) - won**2, index=kept, columns=won)  # 0 to 84


@pytest.fixture
def points() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["today", "middle", "best"],
            "acquisition_spend": [0.9, 2.0, 3.4],
            "retention_spend": [8.0, 9.0, 15.8],
            "customer_equity": [2.76, 4.0, 5.78],
        }
    )


def contours(ax) -> list[ContourSet]:
    return [each for each in ax.collections if isinstance(each, ContourSet)]


def test_the_surface_is_filled_in_twelve_levels_with_lines_between(surface, points, ax):
    equity_surface(surface, points, ax=ax)
    filled, between = contours(ax)
    assert filled.levels == pytest.approx(np.linspace(0, 84, 12))
    assert between.levels == pytest.approx(np.linspace(0, 84, 12)[1:-1])
    assert (filled.filled, between.filled) == (True, False)
    assert limits(ax) == ([0, 4], [0, 20])


def test_losses_are_shown_down_to_a_quarter_of_the_highest_value(surface, points, ax):
    equity_surface(surface - 8, points, ax=ax)
    assert contours(ax)[0].levels[0] == pytest.approx(-8)
    ax.clear()
    equity_surface(surface - 24, points, ax=ax)
    filled, _ = contours(ax)
    assert filled.levels[0] == pytest.approx(-15)  # a quarter of 60
    assert filled.zmin == pytest.approx(-15)


def test_points_are_marked_and_named_inside_the_picture(surface, points, ax):
    equity_surface(surface, points, currency="€", ax=ax)
    assert lines(ax) == [([0.9], [8]), ([2], [9]), ([3.4], [15.8])]
    assert texts(ax) == ["today\n€2.76", "middle\n€4.00", "best\n€5.78"]
    assert [text.xy for text in ax.texts] == [(0.9, 8), (2, 9), (3.4, 15.8)]
    assert [text.get_ha() for text in ax.texts] == ["left", "center", "right"]
    assert [line.get_marker() for line in ax.lines] == ["o", "D", "s"]


def test_the_side_changes_at_a_quarter_of_the_width(surface, points, ax):
    equity_surface(surface, points.assign(acquisition_spend=[1.0, 3.0, 3.1]), ax=ax)
    assert [text.get_ha() for text in ax.texts] == ["center", "center", "right"]


def test_markers_are_used_again_after_four(surface, points, ax):
    equity_surface(surface, pd.concat([points, points]), ax=ax)
    assert [line.get_marker() for line in ax.lines] == ["o", "D", "s", "^", "o", "D"]


def test_only_draws_within_the_picture_are_dots(surface, points, ax):
    cloud = pd.DataFrame({"acquisition_spend": [1, 4, 4.1, 2], "retention_spend": [5, 20, 9, 21]})
    equity_surface(surface, points, cloud, ax=ax)
    assert lines(ax)[0] == ([1, 4], [5, 20])
    assert ax.lines[0].get_color() == LINE_ON_DARK


def test_spends_are_named_with_their_unit(surface, points, ax):
    equity_surface(surface, points, currency="EUR", ax=ax)
    assert names(ax) == ("Spend per prospect (EUR)", "Spend per customer and year (EUR)")
    assert (tick(ax.xaxis, 1200), tick(ax.yaxis, 1200)) == ("1,200", "1,200")
    assert size(equity_surface(surface, points)) == [6, 5.2]


def test_words(surface, points):
    assert describe_equity_surface(surface, points.iloc[:1], "$") == (
        "Contour map of customer equity per prospect: today $2.76 (spending $0.90 per prospect and "
        "$8.00 per customer and year)."
    )
    assert "$2.76 (spending $0.90 per prospect and $8.00 per customer and year); middle" in (
        describe_equity_surface(surface, points, "$")
    )


def test_tables_that_are_not_of_this_plot_are_refused(surface, points):
    for function in (equity_surface, describe_equity_surface):
        with pytest.raises(DataError, match="column names are numbers"):
            function(surface.add_prefix("x"), points)
        needs([lambda table, function=function: function(surface, table)], points)

import numpy as np
from matplotlib.colors import to_hex

from relmark_research.plots.clv import describe_season, season
from relmark_research.plots.style import BLUE, VERMILLION


def marks(ax):
    return [line for line in ax.lines if line.get_marker() in ("o", "D")]


def test_rates_and_their_intervals_are_the_table(seasonal, ax) -> None:
    season(seasonal, ax=ax)
    months, events = marks(ax)
    np.testing.assert_array_equal(months.get_ydata(), seasonal["relative"][:12])
    np.testing.assert_array_equal(events.get_ydata(), seasonal["relative"][12:])
    assert (months.get_color(), events.get_color()) == (BLUE, VERMILLION)
    assert months.get_marker() != events.get_marker()  # not told by colour alone
    ends = np.concatenate([
        [segment[:, 1] for segment in ranges.get_segments()] for ranges in ax.collections
    ])  # fmt: skip
    np.testing.assert_array_equal(ends, seasonal[["low", "high"]])
    assert to_hex(ax.collections[1].get_colors()[0]) == VERMILLION


def test_events_have_their_names(seasonal, ax) -> None:
    season(seasonal, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["high season"]


def test_the_mean_of_the_year_is_a_line_at_one(seasonal, ax) -> None:
    season(seasonal.iloc[:12], ax=ax)
    assert [1, 1] in [list(line.get_ydata()) for line in ax.lines]
    assert len(marks(ax)) == 1


def test_words_name_extremes_and_events(seasonal) -> None:
    words = describe_season(seasonal)
    assert "Highest: Nov, 1.60" in words
    assert "Lowest: Feb, 0.70" in words
    assert "high season, 2.00" in words
    assert "Events" not in describe_season(seasonal.iloc[:12])

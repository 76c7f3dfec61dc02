import numpy as np
import pandas as pd
import pytest

from relmark_research.plots.customers import describe_retention_curve, retention_curve
from relmark_research.plots.style import LINES
from tests.plots.drawn import (
    band,
    drawn_lines,
    heights,
    intervals,
    limits,
    lines,
    names,
    needs,
    texts,
    tick,
)


@pytest.fixture
def five(retained) -> pd.DataFrame:
    """Five groups, of which the second is the smallest."""
    parts = [
        retained[retained["group"] == "shop"].assign(group=f"g{size}", at_risk=size)
        for size in (30, 10, 40, 20, 50)
    ]
    return pd.concat(parts)


def test_curves_are_steps_that_start_from_all(retained, ax):
    retention_curve(retained, ax=ax)
    assert lines(ax) == [([0, 1, 2], [1, 0.8, 0.7]), ([0, 1, 2], [1, 0.6, 0.3])]
    assert {line.get_drawstyle() for line in drawn_lines(ax)} == {"steps-post"}
    assert len({line.get_color() for line in drawn_lines(ax)}) == 2
    assert limits(ax) == ([0, 2], [0, 1])
    assert names(ax) == ("Months since the start", "Share retained")
    assert tick(ax.yaxis, 0.2) == "20%"


def test_the_interval_is_a_band_in_steps_from_all_without_any_width(retained, ax):
    """Between 0 and 1 the band is at its start, between 1 and 2 at the row of 1."""
    retention_curve(retained, ax=ax)
    assert not intervals(ax)
    assert band(ax, 0) == [(0, 1, 1), (1, 0.7, 1), (2, 0.6, 0.87)]
    assert band(ax, 1) == [(0, 1, 1), (1, 0.45, 1), (2, 0.2, 0.72)]


def test_each_group_is_named_at_its_end(retained, ax):
    retention_curve(retained, ax=ax)
    assert heights(ax) == pytest.approx({"shop": 0.7, "web": 0.3})


def test_a_single_group_needs_no_name(retained, ax):
    retention_curve(retained[retained["group"] == "shop"], ax=ax)
    assert not texts(ax)


def test_repurchase_is_what_retention_is_not(retained, ax):
    retention_curve(retained, again=True, unit="week", ax=ax)
    assert lines(ax) == [([0, 1, 2], [0, 0.2, 0.3]), ([0, 1, 2], [0, 0.4, 0.7])]
    assert band(ax, 1) == [(0, 0, 0), (1, 0, 0.55), (2, 0.28, 0.8)]
    assert names(ax) == ("Weeks since the first purchase", "Share that bought again")
    assert limits(ax)[1] == [0, 0.88]
    retention_curve(retained.assign(survival_low=0.0), again=True, ax=ax)
    assert limits(ax)[1] == [0, 1]


def test_without_intervals_the_axis_ends_above_the_shares(retained, ax):
    bare = retained.assign(survival_low=np.nan, survival_high=np.nan)
    retention_curve(bare, again=True, ax=ax)
    assert limits(ax)[1] == [0, 0.77]
    assert describe_retention_curve(bare).endswith("after 2 months 70% of shop, 30% of web.")


def test_rows_are_sorted_by_time(retained, ax):
    retention_curve(retained.iloc[::-1], ax=ax)
    assert lines(ax)[0] == ([0, 1, 2], [1, 0.8, 0.7])


def test_the_four_largest_groups_are_drawn(five, ax):
    retention_curve(five, ax=ax)
    assert [line.get_color() for line in drawn_lines(ax)] == [series.colour for series in LINES]
    assert texts(ax) == ["g50", "g40", "g30", "g20"]


def test_the_axis_is_as_long_as_the_longest_curve(retained, ax):
    retention_curve(retained.iloc[1:].replace({"time": {2: 5}}).iloc[:2], ax=ax)
    assert limits(ax)[0] == [0, 5]


def test_the_size_of_a_group_is_its_number_at_the_start(five, ax):
    """Equally large groups keep the order of the table."""
    shrinking = five.assign(at_risk=[30, 1, 10, 9, 10, 10, 10, 8, 10, 10])
    retention_curve(shrinking.assign(survival=five["survival"]), ax=ax)
    assert texts(ax) == ["g30", "g10", "g40", "g20"]
    renamed = shrinking.replace({"group": {"g10": "z", "g40": "y"}})
    assert describe_retention_curve(renamed).index("of z") < (
        describe_retention_curve(renamed).index("of y")
    )


def test_words(retained):
    retained.loc[3, ["time", "at_risk"]] = [5, 10]
    assert describe_retention_curve(retained, unit="week") == (
        "Share retained, with intervals: after 2 weeks 70% (60% to 78%) of shop, after 5 weeks 30% "
        "(20% to 45%) of web."
    )
    assert describe_retention_curve(retained, again=True).startswith(
        "Share that bought again, with intervals: after 2 months 30% (22% to 40%) of shop"
    )
    first = retained[retained["time"] == 1]
    assert describe_retention_curve(first).startswith("Share retained, with intervals: after 1 mon")
    assert "after 1 month 80%" in describe_retention_curve(first)


def test_a_table_without_one_of_its_columns_is_refused(retained):
    needs([retention_curve, describe_retention_curve], retained)


def test_a_curve_ends_with_its_follow_up(retained, ax):
    ends = retained["group"].map({"shop": 60.0, "web": 2.0})
    followed = retained.assign(followup=ends)
    retention_curve(followed, ax=ax)
    assert lines(ax) == [([0, 1, 2, 60], [1, 0.8, 0.7, 0.7]), ([0, 1, 2], [1, 0.6, 0.3])]
    said = describe_retention_curve(followed)
    assert "after 60 months 70%" in said
    assert "after 2 months 30%" in said

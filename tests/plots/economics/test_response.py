import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import same_color

from relmark_research.errors import DataError
from relmark_research.plots.economics import (
    describe_response_curve,
    describe_response_curves,
    response_curve,
    response_curves,
)
from relmark_research.plots.style import BLUE, VERMILLION
from tests.plots.drawn import band, drawn_lines, limits, lines, names, needs, size, tick


@pytest.fixture
def curve() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": "web", "purpose": "retention", "spend": [0.0, 1.0, 3.0],
            "rate": [0.2, 0.4, 0.6], "rate_low": [0.15, 0.37, 0.52],
            "rate_high": [0.26, 0.45, 0.65], "today": [False, True, False],
        }
    )  # fmt: skip


@pytest.fixture
def data() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": "web", "purpose": "retention", "spend": [0.5, 2.0], "rate": [0.3, 0.48]}
    )


@pytest.fixture
def curves(curve) -> pd.DataFrame:
    won = curve.assign(purpose="acquisition", rate=curve["rate"] / 2)
    parts = [curve, won, curve.assign(segment="fair"), won.assign(segment="fair")]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def periods(data) -> pd.DataFrame:
    both = pd.concat([data, data.assign(purpose="acquisition", rate=0.1)])
    return pd.concat([both, both.assign(segment="fair", spend=9.0)], ignore_index=True)


def test_the_curve_its_band_its_data_and_today_are_the_tables(curve, data, ax):
    response_curve(curve.iloc[::-1], data, "EUR", ax=ax)
    assert band(ax) == [(0, 0.15, 0.26), (1, 0.37, 0.45), (3, 0.52, 0.65)]
    line, dots, ring = lines(ax)
    assert line == ([0, 1, 3], [0.2, 0.4, 0.6])
    assert (dots, ring) == (([0.5, 2], [0.3, 0.48]), ([1], [0.4]))
    assert drawn_lines(ax)[2].get_markerfacecolor() == "none"
    assert limits(ax) == ([0, 3], [0, 0.702])
    assert names(ax) == ("Spend per customer and year (EUR)", "web: share retained")
    assert (tick(ax.xaxis, 1200), tick(ax.yaxis, 0.2)) == ("1,200", "20%")


def test_data_above_the_band_are_in_the_picture(curve, data, ax):
    response_curve(curve, data.assign(rate=[0.3, 0.9]), ax=ax)
    assert limits(ax)[1] == [0, 0.972]


def test_the_purpose_is_seen_in_colour_and_in_words(curve, data, ax):
    response_curve(curve, data, ax=ax)
    assert same_color(drawn_lines(ax)[0].get_color(), BLUE)
    response_curve(curve.assign(purpose="acquisition"), data, ax=ax)
    assert same_color(drawn_lines(ax)[3].get_color(), VERMILLION)
    assert names(ax) == ("Spend per prospect", "web: share acquired")


def test_curve_in_words(curve, data):
    assert describe_response_curve(curve.iloc[::-1], data) == (
        "Response curve with its interval and 2 periods of data, web: the share retained is 40% "
        "(37% to 45%) at today's spend and 60% at the highest spend."
    )


def test_what_is_not_one_curve_is_refused(curve, curves, data):
    for function in (response_curve, describe_response_curve):
        needs([function], curve, data)
        needs([lambda table, function=function: function(curve, table)], data,
              columns=["spend", "rate"])  # fmt: skip
        with pytest.raises(DataError, match="response_curve draws one curve; found 4"):
            function(curves, data)
        with pytest.raises(DataError, match="found 'other' in 3 of 3"):
            function(curve.assign(purpose="other"), data)


def test_all_curves_are_a_grid_of_segments_and_purposes(curves, periods):
    axes = response_curves(curves, periods, "EUR")
    assert axes.shape == (2, 2)
    assert [[ax.get_ylabel() for ax in row] for row in axes] == [
        ["web: share acquired", "web: share retained"],
        ["fair: share acquired", "fair: share retained"],
    ]
    assert [[ax.get_xlabel() for ax in row] for row in axes] == [
        ["", ""], ["Spend per prospect (EUR)", "Spend per customer and year (EUR)"],
    ]  # fmt: skip
    assert lines(axes[0, 0])[0][1] == [0.1, 0.2, 0.3]
    assert lines(axes[1, 1])[1] == ([9, 9], [0.3, 0.48])
    assert size(axes[0, 0]) == [7, 2.3 * 2 + 0.2]
    assert len(plt.get_fignums()) == 1


def test_all_curves_in_words(curves, periods):
    assert describe_response_curves(curves, periods) == (
        "Response curves with intervals, share acquired (left) and retained (right) by spend per "
        "person, and 8 observations; at today's spend: fair 20% acquired, fair 40% retained, web "
        "20% acquired, web 40% retained."
    )


def test_tables_that_are_not_of_the_grid_are_refused(curves, periods):
    needs([response_curves], curves, periods)
    needs([describe_response_curves], curves.drop(columns="today"), periods)
    needs([lambda table: response_curves(curves, table)], periods)
    with pytest.raises(DataError, match="response_curves knows the purposes"):
        response_curves(curves.replace("retention", "other"), periods)

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.profitability import describe_whale_curve, whale_curve
from tests.plots.drawn import drawn_lines, limits, lines, names, needs, size, texts, tick


@pytest.fixture
def whale() -> pd.DataFrame:
    return pd.DataFrame(
        {"customers_share": [1, 0.4, 0, 0.1, 0.6], "profit_share": [1.0, 1.14, 0, 0.9, 1.1]}
    )


def test_the_curve_is_the_table_cut_at_its_peak(whale, ax):
    whale_curve(whale, ax=ax)
    total, rise, fall, peak = lines(ax)
    assert total == ([0, 1], [1, 1])
    assert rise == ([0, 0.1, 0.4], [0, 0.9, 1.14])
    assert fall == ([0.4, 0.6, 1], [1.14, 1.1, 1])
    assert peak == ([0.4], [1.14])
    assert drawn_lines(ax)[1].get_color() != drawn_lines(ax)[2].get_color()
    assert drawn_lines(ax)[1].get_linestyle() != drawn_lines(ax)[2].get_linestyle()


def test_the_peak_and_the_loss_beyond_it_are_named(whale, ax):
    whale_curve(whale, ax=ax)
    assert texts(ax) == ["40% of customers\ngenerate 114% of profit", "the rest lose\n14%"]
    assert [text.xy for text in ax.texts] == [(0.4, 1), (1, 1)]
    assert [text.get_ha() for text in ax.texts] == ["center", "right"]
    assert ax.texts[0].xyann[0] == 0
    assert all(text.xyann[1] < 0 for text in ax.texts)


def test_axes_are_shares_with_room_above_the_peak(whale, ax):
    whale_curve(whale, ax=ax)
    assert names(ax) == ("Share of customers, most profitable first", "Share of all profit")
    assert limits(ax) == ([0, 1], [0, 1.2084])  # 1.14 * 1.06
    assert (tick(ax.xaxis, 0.2), tick(ax.yaxis, 0.2)) == ("20%", "20%")
    assert size(whale_curve(whale)) == [6, 5.2]


def test_a_curve_below_0_or_short_of_all_is_in_the_picture(whale, ax):
    whale_curve(whale.assign(profit_share=[0.9, 0.5, 0, -0.3, 0.6]), ax=ax)
    assert limits(ax)[1] == [-0.3, 1.06]


@pytest.mark.parametrize(("peak", "named"), [(1.0, False), (1.005, False), (1.006, True)])
def test_a_fall_is_named_where_there_is_one(whale, ax, peak, named):
    whale_curve(whale.assign(profit_share=[1, peak, 0, 0.9, 1]), ax=ax)
    assert any("lose" in text for text in texts(ax)) == named


def test_words(whale):
    assert describe_whale_curve(whale) == (
        "Curve of cumulative profit over customers, most profitable first: it rises to 114% of the "
        "profit at 40% of the customers and falls to 100%, as the rest lose 14%; the best 20% "
        "alone generate 98%."
    )


@pytest.mark.parametrize(("peak", "falls"), [(1.0, False), (1.0004, False), (1.0006, True)])
def test_a_fall_is_told_where_there_is_one(whale, peak, falls):
    table = whale.assign(profit_share=[1, peak, 0, 0.9, 1])
    assert ("falls to" in describe_whale_curve(table)) == falls


def test_what_is_no_cumulative_share_is_refused(whale):
    needs([whale_curve, describe_whale_curve], whale)
    for function in (whale_curve, describe_whale_curve):
        with pytest.raises(DataError, match=r"whale_curve draws .* 1 rows outside, first 50"):
            function(whale.assign(customers_share=np.array([0.5, 0.4, 0, 50, 0.6])))

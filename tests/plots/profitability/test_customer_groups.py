import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from relmark_research.plots.profitability import (
    customer_quadrants,
    describe_customer_quadrants,
    describe_profit_tiers,
    profit_tiers,
)
from relmark_research.plots.style import FILLS, ON_DARK, ON_LIGHT
from tests.plots.drawn import bars, intervals, limits, lines, names, needs, size, texts, tick, ticks


@pytest.fixture
def tiers() -> pd.DataFrame:
    return pd.DataFrame(
        {"tier": ["gold", "iron", "lead"], "customers": [10, 30, 60], "share": [0.9, 0.3, -0.2],
         "mean": [90.0, 10.0, -3.3]}
    )  # fmt: skip


@pytest.fixture
def quadrants() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "quadrant": ["true friends", "others", "barnacles"], "customers": [1500, 2, 6],
            "mean": [427.0, np.nan, -13.0], "mean_low": [340.0, np.nan, -20.0],
            "mean_high": [520.0, np.nan, -6.0],
        }
    )  # fmt: skip


def test_tiers_have_bars_of_customers_on_the_left_and_of_value_on_the_right(tiers, ax):
    profit_tiers(tiers, "EUR", ax=ax)
    customers, value = bars(ax)[:3], bars(ax)[3:]
    assert [(left, width, height) for left, _, width, height in customers] == [
        (-0.38, 0.36, 0.1), (0.62, 0.36, 0.3), (1.62, 0.36, 0.6),
    ]  # fmt: skip
    assert [(left, width, height) for left, _, width, height in value] == [
        (0.02, 0.36, 0.9), (1.02, 0.36, 0.3), (2.02, 0.36, -0.2),
    ]  # fmt: skip
    faces = [ax.patches[place].get_facecolor() for place in (0, 3)]
    assert same_color(faces, [FILLS[1].colour, FILLS[0].colour])


def test_the_value_of_each_customer_stands_above_the_higher_bar(tiers, ax):
    profit_tiers(tiers, "EUR", ax=ax)
    assert texts(ax)[:3] == ["€90.00\neach", "€10.00\neach", "−€3.30\neach"]
    assert [text.xy for text in ax.texts[:3]] == [(0, 0.9), (1, 0.3), (2, 0.6)]
    assert all(text.xyann[1] > 0 for text in ax.texts[:3])


def test_each_kind_of_bar_is_named_on_its_tallest(tiers, ax):
    profit_tiers(tiers, ax=ax)
    customers, value = ax.texts[3:]
    assert (customers.get_text(), value.get_text()) == ("customers", "value")
    assert (customers.xy, value.xy) == ((1.8, 0.3), (0.2, 0.45))
    assert (customers.get_color(), value.get_color()) == (ON_LIGHT, ON_DARK)


def test_axes_of_tiers(tiers, ax):
    profit_tiers(tiers, ax=ax)
    assert ticks(ax.xaxis) == {"gold": 0, "iron": 1, "lead": 2}
    assert limits(ax)[1] == [-0.23, 1.125]  # 1.15 * -0.2, 1.25 * 0.9
    assert lines(ax) == [([0, 1], [0, 0])]
    assert tick(ax.yaxis, 0.2) == "20%"
    assert names(ax) == ("Tier, the best first", "Share of all customers, and of all value")
    profit_tiers(tiers.assign(share=[0.9, 0.08, 0.02]), ax=ax)
    assert limits(ax)[1] == [0, 1.125]


def test_a_value_stands_above_0_where_both_bars_are_below(tiers, ax):
    profit_tiers(tiers.assign(customers=[10, 30, 0]), ax=ax)
    assert ax.texts[2].xy == (2, 0)


def test_tiers_in_words(tiers):
    assert describe_profit_tiers(tiers, "EUR") == (
        "Share of customers and of value by tier: gold, 10% of the customers, generate 90%, €90.00 "
        "each; lead, 60%, generate −20%, −€3.30 each."
    )


def test_quadrants_are_dots_on_their_intervals_in_the_order_of_the_table(quadrants, ax):
    customer_quadrants(quadrants, "EUR", ax=ax)
    assert lines(ax) == [([427], [0]), ([-13], [2]), ([0, 0], [0, 1])]
    assert intervals(ax) == [(0, 340, 520), (2, -20, -6)]
    assert ticks(ax.yaxis) == {
        "true friends: stay and pay": 0, "others": 1, "barnacles: stay without paying": 2,
    }  # fmt: skip
    assert texts(ax) == ["1,500 customers", "2 customers", "6 customers"]
    assert names(ax) == ("Profit per customer in the holdout (EUR)", "Quadrant")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(customer_quadrants(quadrants)) == [7, 2.96]  # 1.4 + 0.52 * 3


def test_quadrants_in_words_leave_out_the_unknown(quadrants):
    assert describe_customer_quadrants(quadrants, "EUR") == (
        "Profit per customer in the holdout, with intervals: true friends €427.00 (1,500 "
        "customers), barnacles −€13.00 (6 customers)."
    )


def test_a_table_without_one_of_its_columns_is_refused(tiers, quadrants):
    needs([profit_tiers, describe_profit_tiers], tiers)
    needs([customer_quadrants, describe_customer_quadrants], quadrants,
          columns=["quadrant", "customers", "mean"])  # fmt: skip

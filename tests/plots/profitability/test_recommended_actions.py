import pandas as pd
import pytest

from relmark_research.plots.profitability import (
    action_gains,
    advice_backtest,
    describe_action_gains,
    describe_advice_backtest,
)
from tests.plots.drawn import (
    drawn_lines,
    intervals,
    lines,
    names,
    needs,
    size,
    texts,
    tick,
    ticks,
)

ZERO = ([0, 0], [0, 1])


@pytest.fixture
def gains() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "action": ["keep", "grow", "reprice", "end"], "customers": [9, 1, 3000, 0],
            "expected_gain": [5.0, 20.0, 45.0, 7.0], "gain_low": [1.0, -20.0, 11.0, 0.0],
            "gain_high": [9.0, 75.0, 80.0, 9.0],
        }
    )  # fmt: skip


@pytest.fixture
def backtest() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "action": ["keep", "end"], "customers": [900, 1400], "expected": [26.0, -52.0],
            "actual": [23.0, -18.0], "actual_low": [20.0, -40.0], "actual_high": [27.0, 4.0],
        }
    )  # fmt: skip


def test_actions_with_customers_are_drawn_the_largest_gain_first(gains, ax):
    action_gains(gains, "EUR", ax=ax)
    assert ticks(ax.yaxis) == {"reprice": 0, "grow": 1}
    assert lines(ax) == [([45], [0]), ([20], [1]), ZERO]
    assert intervals(ax) == [(0, 11, 80), (1, -20, 75)]
    assert texts(ax) == ["3,000 customers", "1 customers"]
    assert names(ax) == ("Expected gain (EUR)", "Action")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(action_gains(gains)) == [7, 2.44]  # 1.4 + 0.52 * 2


def test_where_only_keep_is_advised_the_picture_is_empty(gains, ax):
    action_gains(gains.iloc[[0, 3]], ax=ax)
    assert lines(ax) == [ZERO]
    assert size(action_gains(gains.iloc[[0, 3]])) == [7, 1.92]
    assert describe_action_gains(gains.iloc[[0, 3]]) == (
        "Expected gain by action, with intervals: 0 customers need an action."
    )


def test_gains_in_words(gains):
    assert describe_action_gains(gains, "EUR") == (
        "Expected gain by action, with intervals: reprice €45 (€11 to €80) from 3,000 customers, "
        "grow €20 (−€20 to €75) from 1 customers."
    )


def test_actual_values_are_dots_and_predicted_ones_hollow_diamonds_above(backtest, ax):
    advice_backtest(backtest, "EUR", ax=ax)
    assert lines(ax) == [([23], [0]), ([-18], [1]), ZERO, ([26, -52], [-0.22, 0.78])]
    assert intervals(ax) == [(0, 20, 27), (1, -40, 4)]
    predicted = drawn_lines(ax)[3]
    assert (predicted.get_marker(), predicted.get_markerfacecolor()) == ("D", "none")
    assert ticks(ax.yaxis) == {"keep": 0, "end": 1}
    assert texts(ax) == ["900 customers", "1,400 customers", "◇ predicted   ● actual"]
    assert (ax.texts[2].xy, ax.texts[2].xycoords) == ((1, 0), "axes fraction")
    assert names(ax) == ("Residual value per customer (EUR)", "Recommended action")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(advice_backtest(backtest)) == [7, 2.44]


def test_backtest_in_words(backtest):
    assert describe_advice_backtest(backtest, "EUR") == (
        "Residual value per customer by recommended action, with intervals: keep €23.00 actual, "
        "€26.00 predicted; end −€18.00 actual, −€52.00 predicted."
    )


def test_without_intervals_only_dots_are_drawn(backtest, ax):
    advice_backtest(backtest.drop(columns="actual_low"), ax=ax)
    assert not intervals(ax)


def test_a_table_without_one_of_its_columns_is_refused(gains, backtest):
    needs([action_gains, describe_action_gains], gains)
    needs([advice_backtest, describe_advice_backtest], backtest,
          columns=["action", "customers", "expected", "actual"])  # fmt: skip

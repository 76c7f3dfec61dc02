import pandas as pd
import pytest

from relmark_research.plots.campaigns import describe_incremental_profits, incremental_profits
from tests.plots.drawn import intervals, lines, names, needs, size, texts, tick, ticks


@pytest.fixture
def arms() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "campaign_id": ["spring", "back", "fall"],
            "arm": ["mail", "mail", "call"],
            "incremental_profit": [6.0, -7.0, 2.0],
            "incremental_profit_low": [1.0, -11.0, -1.0],
            "incremental_profit_high": [11.0, -3.0, 5.0],
            "probability_profitable": [0.98, 0.0004, 0.7],
        }
    )


def test_each_arm_is_a_dot_on_its_interval_about_zero(arms, ax):
    incremental_profits(arms, "EUR", ax=ax)
    assert intervals(ax) == [(0, 1, 11), (1, -11, -3), (2, -1, 5)]
    assert lines(ax) == [([6], [0]), ([-7], [1]), ([2], [2]), ([0, 0], [0, 1])]
    assert ticks(ax.yaxis) == {"spring, mail": 0, "back, mail": 1, "fall, call": 2}
    assert names(ax) == ("Incremental profit per targeted customer (EUR)", "")
    assert tick(ax.xaxis, 1200) == "1,200"


def test_the_probability_of_a_profit_stands_at_the_right(arms, ax):
    incremental_profits(arms, ax=ax)
    assert texts(ax) == ["98%", "under 0.1%", "70%", "  P(profit)"]
    heading = ax.texts[-1]
    assert heading.get_position() == (1, 1.02)
    assert heading.get_transform() is ax.transAxes
    assert names(ax)[0] == "Incremental profit per targeted customer"


def test_a_new_figure_has_room_for_every_arm(arms):
    assert size(incremental_profits(arms)) == [7, 1.4 + 0.52 * 3]


def test_words_name_the_most_and_the_least_likely_to_be_profitable(arms):
    assert describe_incremental_profits(arms, "EUR") == (
        "Incremental profit of 3 arms, with intervals. Most likely to be profitable: spring, mail, "
        "€6.00 per customer (€1.00 to €11.00). Least likely: back, mail, −€7.00 (−€11.00 to "
        "−€3.00)."
    )


def test_a_table_without_one_of_its_columns_is_refused(arms):
    needs([incremental_profits, describe_incremental_profits], arms)

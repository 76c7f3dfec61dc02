import pandas as pd
import pytest

from relmark_research.plots.campaigns import (
    conversion_funnel,
    describe_conversion_funnel,
    describe_funnel_trend,
    funnel_trend,
)
from tests.plots.drawn import (
    drawn_lines,
    heights,
    intervals,
    limits,
    lines,
    names,
    needs,
    texts,
    tick,
    ticks,
)


@pytest.fixture
def funnel() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["fair", "mail", "fair", "mail"],
            "stage": ["offer", "offer", "won", "won"],
            "cumulative_conversion": [0.4, 0.5, 0.2, 0.25],
            "cumulative_conversion_low": [0.35, 0.45, 0.15, 0.21],
            "cumulative_conversion_high": [0.46, 0.56, 0.26, 0.31],
        }
    )


@pytest.fixture
def trend() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"]),
            "share": [0.2, 0.25, 0.22, None],
            "low": [0.15, 0.21, 0.13, None],
            "high": [0.25, 0.3, 0.31, None],
            "complete": [True, True, False, False],
        }
    )


def test_lines_fall_from_all_prospects_stage_by_stage(funnel, ax):
    assert conversion_funnel(funnel, ax=ax) is ax
    fair, mail = lines(ax)
    assert fair == ([-0.025, 0.975, 1.975], [1, 0.4, 0.2])
    assert mail == ([0.025, 1.025, 2.025], [1, 0.5, 0.25])
    assert intervals(ax) == [
        (0.975, 0.35, 0.46), (1.975, 0.15, 0.26), (1.025, 0.45, 0.56), (2.025, 0.21, 0.31),
    ]  # fmt: skip
    assert len({line.get_marker() for line in drawn_lines(ax)}) == 2


def test_stages_and_shares_are_named(funnel, ax):
    conversion_funnel(funnel, ax=ax)
    assert ticks(ax.xaxis) == {"prospects": 0, "offer": 1, "won": 2}
    assert limits(ax) == ([-0.2, 2.2], [0, 1.04])
    assert tick(ax.yaxis, 0.2) == "20%"
    assert names(ax) == ("Stage", "Share of prospects that reaches the stage")


def test_each_line_is_named_at_its_end(funnel, ax):
    funnel.loc[3, "cumulative_conversion"] = 0.52
    conversion_funnel(funnel, ax=ax)
    assert heights(ax) == pytest.approx({"fair, 20%": 0.2 / 1.04, "mail, 52%": 0.52 / 1.04})


def test_funnel_in_words_the_best_group_first(funnel):
    assert describe_conversion_funnel(funnel) == (
        "Cumulative conversion over 2 stages; to the last stage: mail 25% (21% to 31%), fair 20% "
        "(15% to 26%)."
    )


def test_the_trend_leaves_out_periods_without_follow_up(trend, ax):
    assert funnel_trend(trend, within_days=90, ax=ax) is ax
    days = [19723, 19814, 19905]  # since 1970
    assert intervals(ax) == [
        (days[0], 0.15, 0.25), (days[1], 0.21, 0.3), (days[2], 0.13, 0.31),
    ]  # fmt: skip
    every, complete, incomplete = lines(ax)
    assert every == (days, [0.2, 0.25, 0.22])
    assert (complete, incomplete) == ((days[:2], [0.2, 0.25]), (days[2:], [0.22]))
    filled, ring = drawn_lines(ax)[1:]
    assert (filled.get_markerfacecolor() == "none", ring.get_markerfacecolor()) == (False, "none")


def test_the_trend_has_its_shares_beside_the_dots(trend, ax):
    funnel_trend(trend, within_days=90, ax=ax)
    assert texts(ax) == ["20%", "25%", "22%"]
    assert [text.xy[1] for text in ax.texts] == [0.2, 0.25, 0.22]
    assert [text.xyann for text in ax.texts] == [(9, 0)] * 3
    assert limits(ax) == ([19723 - 45, 19905 + 72], [0, 1.12 * 0.31])
    assert names(ax) == ("First contact", "Share won within 90 days")
    assert tick(ax.yaxis, 0.2) == "20%"
    assert list(ticks(ax.xaxis)) == ["Jan\n2024", "Feb", "Mar", "Apr", "May", "Jun", "Jul"]


def test_trend_in_words(trend):
    assert describe_funnel_trend(trend, within_days=90) == (
        "Share won within 90 days: 20% (15% to 25%) in the first period, 22% (13% to 31%) in the "
        "last with enough follow-up. A ring marks a period with incomplete follow-up."
    )
    assert describe_funnel_trend(trend.iloc[:2], within_days=30).endswith(
        "25% (21% to 30%) in the last with enough follow-up."
    )


def test_a_table_without_one_of_its_columns_is_refused(funnel, trend):
    needs([conversion_funnel, describe_conversion_funnel], funnel)
    needs(
        [
            lambda table: funnel_trend(table, within_days=90),
            lambda table: describe_funnel_trend(table, within_days=90),
        ],
        trend,
    )

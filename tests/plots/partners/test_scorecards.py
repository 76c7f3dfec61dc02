import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.partners import (
    describe_response_times,
    describe_scorecard,
    response_times,
    scorecard,
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
def times() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "constituency": ["employee", "investor", "supplier"], "partners": [14, 9, 3],
            "response_days": [1.44, 8.2, 5.0], "response_days_low": [1.1, 6.2, 4.0],
            "response_days_high": [1.7, 10.9, 7.0],
        }
    )  # fmt: skip


@pytest.fixture
def page() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "value": [4.0, 4.6, 2.0, 3.0, 3.0], "low": [3.6, 4.2, np.nan, 2.0, np.nan],
            "high": [4.4, 5.1, np.nan, np.nan, 4.0], "peers": [4.75, 4.5, 3.0, 3.0, 3.0],
            "standing": ["weak", "like its peers", "weak", "weak", "weak"],
        },
        index=["trust", "mutual_interest", "social_tie", "cost", "time"],
    )  # fmt: skip


def test_the_slowest_stands_on_top(times, ax):
    response_times(times, ax=ax)
    assert ticks(ax.yaxis) == {"investor (9)": 0, "supplier (3)": 1, "employee (14)": 2}
    assert lines(ax) == [([8.2], [0]), ([5], [1]), ([1.44], [2]), ZERO]
    assert intervals(ax) == [(0, 6.2, 10.9), (1, 4, 7), (2, 1.1, 1.7)]
    assert texts(ax) == ["8.2 days", "5 days", "1.4 days"]
    assert names(ax) == ("Days to answer an offer", "Kind of partner (number)")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(response_times(times)) == [7, 2.96]  # 1.4 + 0.52 * 3


def test_partners_may_be_grouped_by_another_column(times, ax):
    response_times(times.rename(columns={"constituency": "country"}), "country", ax=ax)
    assert "investor (9)" in ticks(ax.yaxis)


def test_times_in_words(times):
    assert describe_response_times(times) == (
        "Typical days to answer an offer, with intervals: investor 8.2 (6.2 to 11), supplier 5 (4 "
        "to 7), employee 1.4 (1.1 to 1.7)."
    )


def test_scores_are_measured_from_the_mean_of_all_partners(page, ax):
    scorecard(page, ax=ax)
    assert ticks(ax.yaxis) == {"trust": 0, "mutual interest": 1}
    assert lines(ax) == [([-0.75], [0]), ([0.1], [1]), ZERO]
    assert intervals(ax) == [(0, -1.15, -0.35), (1, -0.3, 0.6)]
    assert texts(ax) == ["4.0: weak", "4.6: like its peers"]
    assert names(ax) == ("Points above or below the mean of all partners", "Score")
    assert tick(ax.xaxis, 0.25) == "0.25"
    assert size(scorecard(page)) == [7, 2.44]


def test_a_score_that_is_clearly_off_the_mean_is_filled(page, ax):
    scorecard(page, ax=ax)
    off, like = drawn_lines(ax)[:2]
    assert (off.get_marker(), like.get_marker()) == ("D", "o")
    assert like.get_markerfacecolor() == "none"


def test_scores_in_words(page):
    assert describe_scorecard(page) == (
        "Scores of one partner against the mean of all, with intervals: trust 4.0 (3.6 to 4.4; "
        "mean 4.8), weak; mutual interest 4.6 (4.2 to 5.1; mean 4.5), like its peers."
    )


def test_a_table_without_one_of_its_columns_is_refused(times, page):
    needs([response_times, describe_response_times], times)
    needs([scorecard, describe_scorecard], page)
    with pytest.raises(DataError, match="missing values and nothing else"):
        scorecard(page.iloc[2:3])

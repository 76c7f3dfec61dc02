import numpy as np
import pandas as pd
import pytest

from relmark_research.plots.ladder import (
    cohort_moves,
    describe_cohort_moves,
    describe_first_passage,
    first_passage,
)
from tests.plots.drawn import (
    band,
    drawn_lines,
    heights,
    intervals,
    limits,
    lines,
    names,
    needs,
    tick,
)


@pytest.fixture
def cohorts() -> pd.DataFrame:
    """Rows out of order; the means at age 0 are (50 x 0.3 + 150 x 0.1) / 200 and so on."""
    return pd.DataFrame(
        {
            "cohort": ["Q1", "Q2", "Q1"], "age": [1, 0, 0], "departures": [40, 150, 50],
            "climb": [0.2, 0.1, 0.3], "fall": [0.1, 0.0, 0.04],
        }
    )  # fmt: skip


@pytest.fixture
def followed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "periods": [2, 0, 1],
            "observed": [0.05, 0.0, 0.02],
            "observed_low": [0.03, 0.0, 0.01],
            "observed_high": [0.08, 0.0, 0.04],
            "expected": [0.06, 0.0, 0.03],
            "expected_low": [0.045, 0.0, 0.02],
            "expected_high": [0.09, 0.0, 0.05],
        }
    )


def test_every_cohort_is_a_thin_line_behind_the_weighted_mean(cohorts, ax):
    cohort_moves(cohorts, ax=ax)
    assert lines(ax) == [
        ([0], [0.1]), ([0, 1], [0.3, 0.2]), ([0, 1], [0.15, 0.2]),
        ([0], [0]), ([0, 1], [0.04, 0.1]), ([0, 1], [0.01, 0.1]),
    ]  # fmt: skip
    thin = [line.get_linewidth() < 1 for line in drawn_lines(ax)]
    assert thin == [True, True, False] * 2
    climb, fall = drawn_lines(ax)[2], drawn_lines(ax)[5]
    assert (climb.get_marker(), fall.get_marker()) == ("o", "s")
    assert climb.get_color() != fall.get_color()


def test_axes_of_moves_are_named_and_begin_at_0(cohorts, ax):
    cohort_moves(cohorts, unit="month", ax=ax)
    assert names(ax) == ("Months since first seen", "Share that climbs or falls in a period")
    assert limits(ax)[0] == [-0.2, 1.2]
    assert ax.get_ylim()[0] == 0
    assert tick(ax.yaxis, 0.2) == "20%"
    assert list(ax.xaxis.get_major_locator().tick_values(0, 16)) == list(range(0, 17, 2))
    cohort_moves(cohorts[cohorts["age"] == 0], ax=ax)
    assert limits(ax)[0] == [-0.2, 1.2]


def test_climbs_and_falls_are_named_at_the_end_of_their_means(cohorts, ax):
    cohort_moves(cohorts, ax=ax)
    top = ax.get_ylim()[1]
    assert heights(ax) == pytest.approx({"climb": 0.2 / top, "fall": 0.1 / top})


@pytest.mark.parametrize(("periods", "marker"), [(24, "o"), (25, "")])
def test_many_periods_are_a_line_without_markers(cohorts, ax, periods, marker):
    rows = cohorts.iloc[:1].loc[np.zeros(periods, int)].assign(age=range(periods))
    cohort_moves(rows, ax=ax)
    assert drawn_lines(ax)[1].get_marker() == marker


def test_moves_in_words(cohorts):
    assert describe_cohort_moves(cohorts, unit="month") == (
        "Share that climbs and falls, by cohort (2) and in the mean: in the first month after they "
        "are first seen 15% climb and 1% fall; in the last one observed (2) 20% climb and 10% "
        "fall."
    )


def test_observed_steps_and_the_expected_line_are_the_table_by_time(followed, ax):
    first_passage(followed, ax=ax)
    expected, observed = lines(ax)
    assert expected == ([0, 1, 2], [0, 0.03, 0.06])
    assert observed == ([0, 1, 2], [0, 0.02, 0.05])
    assert drawn_lines(ax)[1].get_drawstyle() == "steps-post"
    assert band(ax) == [(0, 0, 0), (1, 0.02, 0.05), (2, 0.045, 0.09)]
    assert intervals(ax) == [(0, 0, 0), (1, 0.01, 0.04), (2, 0.03, 0.08)]


def test_both_lines_are_named_at_their_ends(followed, ax):
    first_passage(followed.assign(expected=1.6 * followed["observed"]), ax=ax)
    top = ax.get_ylim()[1]
    assert heights(ax) == pytest.approx({"observed": 0.05 / top, "expected": 0.08 / top})


def test_axes_of_first_passage_are_named_and_begin_at_0(followed, ax):
    first_passage(followed, to="advocate", unit="month", ax=ax)
    assert names(ax) == ("Months since the start", "Share that has reached advocate")
    assert limits(ax)[0] == [0, 2.02]
    assert ax.get_ylim()[0] == 0
    assert tick(ax.yaxis, 0.2) == "20%"
    assert list(ax.xaxis.get_major_locator().tick_values(0, 16)) == list(range(0, 17, 2))
    first_passage(followed[followed["periods"] == 0], ax=ax)
    assert limits(ax)[0] == [0, 1.01]


def test_first_passage_in_words(followed):
    assert describe_first_passage(followed, to="advocate", unit="month") == (
        "Share that has reached advocate, by time: after 2 months 5% (3% to 8%) observed, 6% (4% "
        "to 9%) expected from the transition matrix."
    )


def test_a_table_without_one_of_its_columns_is_refused(cohorts, followed):
    needs([cohort_moves, describe_cohort_moves], cohorts)
    needs([first_passage, describe_first_passage], followed)

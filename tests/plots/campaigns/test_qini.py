import pandas as pd
import pytest

from relmark_research.plots.campaigns import describe_qini_curve, qini_curve
from tests.plots.drawn import band, heights, limits, lines, names, needs, texts, tick


@pytest.fixture
def curve() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "share": [0.0, 0.25, 0.5, 0.75, 1.0],
            "gain": [0.0, 0.04, 0.06, 0.075, 0.08],
            "low": [0.0, 0.03, 0.045, 0.055, 0.05],
            "high": [0.0, 0.05, 0.075, 0.095, 0.11],
            "random": [0.0, 0.02, 0.04, 0.06, 0.08],
        }
    )


def test_the_gain_with_its_band_and_the_random_selection_are_the_table(curve, ax):
    assert qini_curve(curve, ax=ax) is ax
    share = curve["share"].tolist()
    assert lines(ax) == [(share, curve["gain"].tolist()), (share, curve["random"].tolist())]
    assert band(ax) == list(curve[["share", "low", "high"]].itertuples(index=False, name=None))
    assert limits(ax)[0] == [0, 1]


def test_axes_are_in_percent_and_in_responses_per_hundred(curve, ax):
    qini_curve(curve, ax=ax)
    assert names(ax) == (
        "Share of customers targeted, highest expected uplift first",
        "Incremental responses per 100 customers",
    )
    assert tick(ax.xaxis, 0.2) == "20%"
    assert (tick(ax.yaxis, 0.06), tick(ax.yaxis, -0.025)) == ("6", "−2.5")


def test_labels_stand_at_the_end_of_their_lines_and_apart(curve, ax):
    """Apart by 0.06 of the height of the band, 0.37, each."""
    curve.loc[4, ["gain", "low", "high"]] = [0.3, 0.02, 0.32]
    curve["low"] -= 0.05
    qini_curve(curve, ax=ax)
    assert texts(ax) == ["best first", "at random"]
    low, high = ax.get_ylim()
    found = [height * (high - low) + low for height in heights(ax).values()]
    assert found == pytest.approx([0.3 + 0.06 * 0.37, 0.08 - 0.06 * 0.37])


def test_words_are_on_the_best_half(curve):
    curve.loc[2, "random"] = 0.039
    assert describe_qini_curve(curve) == (
        "Qini curve with its interval: targeting the best half yields 6.0 incremental responses "
        "per 100 customers (4.5 to 7.5), a random half 3.9, all customers 8.0."
    )


def test_a_table_without_one_of_its_columns_is_refused(curve):
    needs([qini_curve, describe_qini_curve], curve)

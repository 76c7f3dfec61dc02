import pandas as pd
import pytest
from matplotlib.colors import same_color

from relmark_research.errors import DataError
from relmark_research.plots.economics import describe_marginal_returns, marginal_returns
from relmark_research.plots.economics.marginal_return import spend_label
from relmark_research.plots.style import BLUE, VERMILLION
from tests.plots.drawn import (
    drawn_lines,
    intervals,
    limits,
    lines,
    names,
    needs,
    size,
    texts,
    tick,
    ticks,
)


@pytest.fixture
def returns() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": ["web", "web", "fair", "fair"],
            "purpose": ["acquisition", "retention"] * 2,
            "marginal_return": [4.6, 2.0, 5.4, 8.2],
            "marginal_return_low": [3.3, 1.4, 4.0, 6.0],
            "marginal_return_high": [6.1, 2.8, 7.0, 11.0],
        }
    )


BREAK_EVEN = ([1, 1], [0, 1])


def test_lines_are_sorted_with_a_gap_between_segments(returns, ax):
    marginal_returns(returns, "EUR", ax=ax)
    assert lines(ax) == [([5.4], [0]), ([8.2], [1]), ([4.6], [2.35]), ([2], [3.35]), BREAK_EVEN]
    assert intervals(ax) == [(0, 4, 7), (1, 6, 11), (2.35, 3.3, 6.1), (3.35, 1.4, 2.8)]
    assert list(ticks(ax.yaxis)) == [
        "fair, acquisition", "fair, retention", "web, acquisition", "web, retention",
    ]  # fmt: skip
    assert limits(ax)[1] == [3.35 + 0.7, -0.9]
    assert texts(ax) == ["5.4", "8.2", "4.6", "2.0"]
    assert [text.xy for text in ax.texts] == [(7, 0), (11, 1), (6.1, 2.35), (2.8, 3.35)]


def test_the_purpose_is_seen_in_colour_and_in_marker(returns, ax):
    marginal_returns(returns, ax=ax)
    won, kept = drawn_lines(ax)[:2]
    assert (won.get_marker(), kept.get_marker()) == ("o", "s")
    assert same_color([won.get_color(), kept.get_color()], [VERMILLION, BLUE])


def test_the_unit_stands_in_the_label(returns, ax):
    marginal_returns(returns, "EUR", ax=ax)
    assert names(ax) == ("Customer value per additional EUR spent", "Dotted line: break-even")
    marginal_returns(returns, ax=ax)
    assert names(ax)[0] == "Customer value per additional unit of money spent"


def test_a_figure_has_room_for_every_line(returns):
    assert size(marginal_returns(returns)) == [7, 1.3 + 0.42 * 4]


def test_a_wide_range_above_0_has_a_logarithmic_axis(returns, ax):
    marginal_returns(returns, ax=ax)
    assert ax.get_xscale() == "log"
    assert limits(ax)[0] == [0.8, 11 * 1.3]
    marginal_returns(returns.assign(marginal_return_low=[0.9, 0.5, 0.8, 0.7]), ax=ax)
    assert limits(ax)[0] == [0.4, 11 * 1.3]


@pytest.mark.parametrize(
    ("low", "high", "scale"), [(0.5, 4.0, "log"), (0.5, 3.9, "linear"), (2.0, 8.0, "log"),
                               (0.0, 90.0, "linear"), (-1.0, 90.0, "linear")],
)  # fmt: skip
def test_the_range_decides_on_the_scale(returns, ax, low, high, scale):
    """Eight times from the least to the largest value, the break-even of 1 among them."""
    columns = {"marginal_return_low": low, "marginal_return_high": high}
    marginal_returns(returns.assign(**columns), ax=ax)
    assert ax.get_xscale() == scale


def test_a_linear_axis_holds_0_the_break_even_and_the_intervals(returns, ax):
    marginal_returns(returns.assign(marginal_return_low=-1.0), ax=ax)
    assert limits(ax)[0] == [-1, 11 * 1.12]
    small = returns.assign(marginal_return_low=0.3, marginal_return_high=0.6)
    marginal_returns(small, ax=ax)
    assert limits(ax)[0] == [0, 1.12]
    assert tick(ax.xaxis, 0.25) == "0.25"


def test_the_index_may_hold_segment_and_purpose(returns, ax):
    marginal_returns(returns.set_index(["segment", "purpose"]), ax=ax)
    assert texts(ax) == ["5.4", "8.2", "4.6", "2.0"]


def test_other_purposes_are_refused(returns):
    returns.loc[[1, 3], "purpose"] = "winback"
    for function in (marginal_returns, describe_marginal_returns):
        with pytest.raises(DataError, match=r"marginal_returns knows .* found 'winback' in 2 of 4"):
            function(returns)
    with pytest.raises(DataError, match="pandas DataFrame"):
        marginal_returns([1])


def test_words(returns):
    assert describe_marginal_returns(returns, "€") == (
        "Marginal return of each budget line, with intervals: an additional €1 returns the most, "
        "€8.20 of customer value (€6.00 to €11.00), in fair, retention, and the least, €2.00 "
        "(€1.40 to €2.80), in web, retention."
    )
    exact = returns.assign(marginal_return=[4.6, 2.0, 5.4, 8.2049])
    assert "€8.20 of" in describe_marginal_returns(exact, "€")


def test_a_table_without_one_of_its_columns_is_refused(returns):
    needs([marginal_returns, describe_marginal_returns], returns)


def test_spends_are_per_prospect_and_per_customer():
    assert spend_label("acquisition", "EUR") == "Spend per prospect (EUR)"
    assert spend_label("retention", "") == "Spend per customer and year"

import pandas as pd
import pytest
from matplotlib.colors import same_color

from relmark_research.errors import DataError
from relmark_research.plots.economics import (
    budget_allocation,
    describe_budget_allocation,
    describe_tornado,
    tornado,
)
from relmark_research.plots.style import BLUE, ORANGE, TEXT, VERMILLION
from tests.plots.drawn import (
    bars,
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
def allocation() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": ["web", "web", "fair", "fair"],
            "purpose": ["acquisition", "retention"] * 2,
            "today": [139.0, 154.0, 120.0, 0.0],
            "best": [104.0, 77.0, 108.0, 93.0],
            "best_low": [74.0, 50.0, 70.0, 61.0],
            "best_high": [134.0, 110.0, 151.0, 123.0],
        }
    )


@pytest.fixture
def drivers() -> pd.DataFrame:
    return pd.DataFrame(
        {"equity_today": 100.0, "equity_at_low": [99.0, 90, 104],
         "equity_at_high": [103.0, 112, 97], "note": "x"},
        index=["cost", "margin", "churn"],
    )  # fmt: skip


def test_each_line_has_a_ring_today_and_a_marker_at_the_optimum(allocation, ax):
    budget_allocation(allocation, "EUR", ax=ax)
    assert lines(ax) == [
        ([120], [0]), ([108], [0]), ([0], [1]), ([93], [1]),
        ([139], [2.35]), ([104], [2.35]), ([154], [3.35]), ([77], [3.35]),
    ]  # fmt: skip
    assert intervals(ax) == [(0, 70, 151), (1, 61, 123), (2.35, 74, 134), (3.35, 50, 110)]
    ring, best = drawn_lines(ax)[:2]
    assert (ring.get_markerfacecolor(), ring.get_color()) == ("none", TEXT)
    assert [line.get_marker() for line in drawn_lines(ax)[1::2]] == ["o", "s", "o", "s"]
    assert same_color(best.get_color(), VERMILLION)


def test_arrows_lead_from_today_to_the_optimum_with_the_change_beside(allocation, ax):
    budget_allocation(allocation, ax=ax)
    arrows = [text for text in ax.texts if not text.get_text()]
    assert [arrow.xy for arrow in arrows] == [(108, 0), (93, 1), (104, 2.35), (77, 3.35)]
    assert [arrow.xyann for arrow in arrows] == [(120, 0), (0, 1), (139, 2.35), (154, 3.35)]
    changes = [text for text in ax.texts if text.get_text()]
    assert [text.get_text() for text in changes] == ["−10%", "new", "−25%", "−50%"]
    assert [text.xy for text in changes] == [(151, 0), (123, 1), (139, 2.35), (154, 3.35)]


def test_lines_of_the_budget_are_named(allocation, ax):
    budget_allocation(allocation.set_index(["segment", "purpose"]), "EUR", ax=ax)
    assert ticks(ax.yaxis) == {"fair, acquisition": 0, "fair, retention": 1,
                               "web, acquisition": 2.35, "web, retention": 3.35}  # fmt: skip
    assert names(ax) == (
        "Spend in the year (EUR)", "Ring: today; marker: optimum; bar: its interval",
    )  # fmt: skip
    assert limits(ax) == ([0, 1.16 * 154], [3.35 + 0.7, -0.9])
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(budget_allocation(allocation)) == [7, 1.3 + 0.42 * 4]


def test_allocation_in_words(allocation):
    assert describe_budget_allocation(allocation, "€") == (
        "Current and optimal spend of 4 budget lines: the largest increase is in fair, retention "
        "(from €0 to €93.00), the largest cut in web, retention (from €154.00 to €77.00)."
    )
    cuts = allocation[allocation["today"] > 0]
    assert ": the largest cut is in web, retention (from" in describe_budget_allocation(cuts)
    rises = allocation[allocation["today"] == 0]
    assert describe_budget_allocation(rises, "€").endswith(
        ": the largest increase is in fair, retention (from €0 to €93.00)."
    )
    still = allocation.assign(best=allocation["today"])
    assert describe_budget_allocation(still).endswith("4 budget lines: no change.")


def test_allocation_refuses_what_it_cannot_draw(allocation):
    functions = [budget_allocation, describe_budget_allocation]
    needs(functions, allocation)
    for function in functions:
        with pytest.raises(DataError, match="budget_allocation knows the purposes"):
            function(allocation.replace("retention", "other"))
        with pytest.raises(DataError, match="pandas DataFrame"):
            function([1])


def test_tornado_is_widest_on_top_about_today(drivers, ax):
    tornado(drivers, "EUR", ax=ax)
    assert ticks(ax.yaxis) == {"margin": 0, "churn": 1, "cost": 2}
    low, high = bars(ax)[:3], bars(ax)[3:]
    assert [(bottom, width) for _, bottom, width, _ in low] == [(-0.31, -10), (0.69, 4), (1.69, -1)]
    assert [(bottom, width) for _, bottom, width, _ in high] == [(-0.31, 12), (0.69, -3), (1.69, 3)]
    assert lines(ax) == [([0, 0], [0, 1])]
    assert limits(ax) == ([-1.45 * 12, 1.45 * 12], [2.5, -0.6])
    assert names(ax) == ("Change of customer equity (EUR)", "Driver")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(tornado(drivers)) == [7, 1.5 + 0.5 * 3]


def test_the_bars_of_a_driver_are_told_apart_without_colour(drivers, ax):
    tornado(drivers, ax=ax)
    low, high = ax.patches[0], ax.patches[3]
    assert (low.get_hatch(), high.get_hatch()) == ("", "////")
    assert same_color(low.get_facecolor(), ORANGE)
    assert same_color(high.get_edgecolor(), BLUE)
    assert high.get_facecolor()[3] == 0


def test_the_uppermost_bars_are_named_outside_of_them(drivers, ax):
    tornado(drivers, ax=ax)
    assert texts(ax) == ["driver lower", "driver higher"]
    lower, higher = ax.texts
    assert (lower.xy, lower.get_ha(), lower.xyann[0] < 0) == ((-10, 0), "right", True)
    assert (higher.xy, higher.get_ha(), higher.xyann[0] > 0) == ((12, 0), "left", True)


def test_tornado_in_words(drivers):
    assert describe_tornado(drivers, "€") == (
        "Tornado chart: customer equity is most sensitive to margin (€90.00 if lower, €112.00 if "
        "higher) and least to cost (€99.00 and €103.00)."
    )


def test_tornado_refuses_a_table_without_its_columns(drivers):
    needs([tornado, describe_tornado], drivers, columns=[n for n in drivers if n != "note"])

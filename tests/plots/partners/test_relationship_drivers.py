import pandas as pd
import pytest

from relmark_research.plots.partners import (
    describe_path_coefficients,
    describe_tie_effects,
    describe_weak_partners,
    path_coefficients,
    tie_effects,
    weak_partners,
)
from tests.plots.drawn import intervals, lines, names, needs, size, texts, tick, ticks

ZERO = ([0, 0], [0, 1])


@pytest.fixture
def paths() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cause": ["trust", "mutual_interest"], "effect": ["commitment", "shared_value"],
            "path": [0.5, -0.125], "path_low": [0.4, -0.3], "path_high": [0.61, 0.1],
        }
    )  # fmt: skip


@pytest.fixture
def ties() -> pd.DataFrame:
    return pd.DataFrame(
        {"change": [-0.1, -0.09], "change_low": [-0.12, -0.15], "change_high": [-0.08, 0.04]},
        index=["technical_tie", "quality"],
    )


@pytest.fixture
def weak() -> pd.DataFrame:
    saving = pd.Series(range(120, 100, -1), dtype=float)
    return pd.DataFrame(
        {
            "name": [f"Mill {n}" for n in range(20)], "saving": saving, "saving_low": saving - 20,
            "saving_high": saving + 21, "share": 0.3,
        }
    )  # fmt: skip


def test_paths_are_dots_on_their_intervals_in_the_order_of_the_table(paths, ax):
    path_coefficients(paths, ax=ax)
    assert lines(ax) == [([0.5], [0]), ([-0.125], [1]), ZERO]
    assert intervals(ax) == [(0, 0.4, 0.61), (1, -0.3, 0.1)]
    assert ticks(ax.yaxis) == {"trust → commitment": 0, "mutual interest → shared value": 1}
    assert texts(ax) == ["0.50 (0.40 to 0.61)", "−0.12 (−0.30 to 0.10)"]
    assert names(ax) == ("Standardised path coefficient", "Cause → effect")
    assert tick(ax.xaxis, 0.25) == "0.25"
    assert size(path_coefficients(paths)) == [7, 2.44]  # 1.4 + 0.52 * 2


def test_paths_in_words(paths):
    assert describe_path_coefficients(paths) == (
        "Standardised path coefficients, with intervals: trust on commitment 0.50 (0.40 to 0.61), "
        "mutual interest on shared value −0.12 (−0.30 to 0.10)."
    )


def test_ties_are_changes_in_percent_of_a_point_or_a_standard_deviation(ties, ax):
    tie_effects(ties, ax=ax)
    assert lines(ax) == [([-0.1], [0]), ([-0.09], [1]), ZERO]
    assert intervals(ax) == [(0, -0.12, -0.08), (1, -0.15, 0.04)]
    assert ticks(ax.yaxis) == {"technical tie (point)": 0, "quality (sd)": 1}
    assert texts(ax) == ["−10% (−12% to −8%)", "−9% (−15% to 4%)"]
    assert names(ax) == ("Change in cost per transaction", "One more unit of")
    assert tick(ax.xaxis, 0.2) == "20%"
    assert size(tie_effects(ties)) == [7, 2.44]


def test_other_outcomes_are_named(ties, ax):
    tie_effects(ties, "time", ax=ax)
    assert ax.get_xlabel() == "Change in days to answer an offer"
    tie_effects(ties, "Change in trust", ax=ax)
    assert ax.get_xlabel() == "Change in trust"


def test_ties_in_words(ties):
    assert describe_tie_effects(ties, "time") == (
        "Change in days to answer an offer, other things equal, with intervals: technical tie −10% "
        "(−12% to −8%), quality −9% (−15% to 4%)."
    )
    assert describe_tie_effects(ties).startswith("Change in cost per transaction, other")
    assert describe_tie_effects(ties, "Trust").startswith("Trust, other things equal")


def test_weak_partners_are_their_savings_with_the_share_of_cost(weak, ax):
    weak_partners(weak.head(2), "EUR", ax=ax)
    assert lines(ax) == [([120], [0]), ([119], [1]), ZERO]
    assert intervals(ax) == [(0, 100, 141), (1, 99, 140)]
    assert ticks(ax.yaxis) == {"Mill 0": 0, "Mill 1": 1}
    assert texts(ax) == ["€120.00, 30%", "€119.00, 30%"]
    assert names(ax) == ("Annual saving at the threshold (EUR)", "Partner")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(weak_partners(weak, most=2)) == [7, 2.44]


def test_only_the_costliest_are_drawn_and_counted(weak, ax):
    assert len(ticks(weak_partners(weak, ax=ax).yaxis)) == 12
    assert list(ticks(weak_partners(weak, most=2).yaxis)) == ["Mill 0", "Mill 1"]
    assert "the 12 costliest" in describe_weak_partners(weak)
    assert "the 5 costliest" in describe_weak_partners(weak, most=5)


def test_weak_partners_in_words(weak):
    assert describe_weak_partners(weak, "EUR", 3) == (
        "Annual saving at the threshold of the 3 costliest weak partners, with intervals: the "
        "largest is Mill 0, €120.00 (€100.00 to €141.00), 30% of its cost."
    )


def test_a_table_without_one_of_its_columns_is_refused(paths, ties, weak):
    needs([path_coefficients, describe_path_coefficients], paths)
    needs([tie_effects, describe_tie_effects], ties)
    needs([weak_partners, describe_weak_partners], weak)

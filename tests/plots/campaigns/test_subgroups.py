import pandas as pd
import pytest

from relmark_research.plots.campaigns import describe_subgroup_effects, subgroup_effects
from tests.plots.drawn import intervals, names, texts, ticks


@pytest.fixture
def groups() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "arm": "letter",
            "covariate": ["town", "age", "town"],
            "group": ["A", "up to 40", "B"],
            "effect": [0.02, 0.05, 0.08],
            "low": [0.0, 0.03, 0.06],
            "high": [0.04, 0.07, 0.1],
            "p_value_adjusted": [0.001, 0.9, 0.001],
        }
    )


def test_groups_of_one_covariate_stand_together_the_largest_first(groups, ax):
    subgroup_effects(groups, ax=ax)
    assert ticks(ax.yaxis) == {"town: B": 0, "town: A": 1, "age: up to 40": 2}
    assert intervals(ax) == [(0, 0.06, 0.1), (1, 0, 0.04), (2, 0.03, 0.07)]
    assert texts(ax) == ["8%", "2%", "5%"]
    assert names(ax) == ("Response above the control group", "")


def test_groups_that_differ_are_marked(groups, ax):
    subgroup_effects(groups, ax=ax)
    markers = [line.get_marker() for line in ax.lines[:3]]
    assert markers == ["D", "D", "o"]


def test_the_description_has_the_ends_and_how_many_differ(groups):
    said = describe_subgroup_effects(groups)
    assert "in 3 groups" in said
    assert "from 2% (0% to 4%) for town: A to 8% (6% to 10%) for town: B" in said
    assert said.endswith("2 groups differ from all others.")

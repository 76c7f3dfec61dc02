import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.profitability import (
    describe_level_effects,
    describe_level_values,
    level_effects,
    level_values,
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
def values() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": ["homes", "mills", "homes", "homes"],
            "relationship_level": ["basic", "basic", "reactive", "proactive"],
            "value": [110.0, 50.0, np.nan, 123.0], "value_low": [91.0, 40.0, np.nan, 83.0],
            "value_high": [132.0, 61.0, np.nan, 177.0],
            "probability_best": [0.3, 1.0, np.nan, 0.7], "best": [False, True, False, True],
        }
    )  # fmt: skip


@pytest.fixture
def effects() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "retention": [0.2, 0.6], "retention_low": [-0.1, 0.3], "retention_high": [0.5, 0.9],
            "annual_margin": [-0.1, 0.2], "annual_margin_low": [-0.3, -0.1],
            "annual_margin_high": [0.1, 0.6], "note": "",
        },
        index=pd.Index(["reactive", "proactive"], name="relationship_level"),
    )  # fmt: skip


def test_levels_of_the_first_segment_are_drawn_and_the_best_is_filled(values, ax):
    level_values(values, currency="EUR", ax=ax)
    assert ticks(ax.yaxis) == {"basic": 0, "reactive": 1, "proactive": 2}
    assert lines(ax) == [([110], [0]), ([123], [2]), ZERO]
    assert intervals(ax) == [(0, 91, 132), (2, 83, 177)]
    assert [line.get_marker() for line in drawn_lines(ax)[:2]] == ["o", "D"]
    assert texts(ax) == ["best: 30%", "not known", "best: 70%"]
    assert names(ax) == ("Value of a customer, net of cost (EUR)", "Level")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(level_values(values)) == [7, 2.96]  # 1.4 + 0.52 * 3


def test_another_segment_can_be_chosen(values, ax):
    level_values(values, "mills", ax=ax)
    assert lines(ax) == [([50], [0]), ZERO]
    assert texts(ax) == ["best: 100%"]
    for function in (level_values, describe_level_values):
        with pytest.raises(DataError, match="level_values: no segment 'farms'"):
            function(values, "farms")


def test_values_in_words(values):
    assert describe_level_values(values, currency="EUR") == (
        "Value of a customer (homes) by relationship level, with intervals: proactive is best with "
        "a probability of 70%, €123.00 (€83.00 to €177.00); basic €110.00."
    )
    assert describe_level_values(values, "mills", "EUR").endswith(
        "100%, €50.00 (€40.00 to €61.00)."
    )


def test_effects_on_retention_are_log_odds(effects, ax):
    level_effects(effects, ax=ax)
    assert ticks(ax.yaxis) == {"reactive": 0, "proactive": 1}
    assert lines(ax) == [([0.2], [0]), ([0.6], [1]), ZERO]
    assert intervals(ax) == [(0, -0.1, 0.5), (1, 0.3, 0.9)]
    assert texts(ax) == ["0.20  (−0.10 to 0.50)", "0.60  (0.30 to 0.90)"]
    assert names(ax) == ("Retention against the first level, log-odds", "Level")
    assert tick(ax.xaxis, 0.2) == "0.2"
    assert size(level_effects(effects)) == [7, 2.44]


def test_effects_on_margin_are_percent(effects, ax):
    level_effects(effects, "annual_margin", ax=ax)
    assert intervals(ax) == [(0, -0.3, 0.1), (1, -0.1, 0.6)]
    assert texts(ax) == ["−10%  (−30% to 10%)", "20%  (−10% to 60%)"]
    assert names(ax) == ("Annual margin against the first level", "Level")
    assert tick(ax.xaxis, 0.2) == "20%"


def test_effects_in_words(effects):
    assert describe_level_effects(effects) == (
        "Effect on retention (log-odds) against the first level, with intervals: reactive 0.20 "
        "(−0.10 to 0.50), proactive 0.60 (0.30 to 0.90)."
    )
    assert describe_level_effects(effects, "annual_margin") == (
        "Effect on the annual margin against the first level, with intervals: reactive −10% (−30% "
        "to 10%), proactive 20% (−10% to 60%)."
    )


def test_tables_of_other_plots_are_refused(values, effects):
    known = ["segment", "relationship_level", "value", "probability_best", "best"]
    needs([level_values, describe_level_values], values, columns=known)
    needs([level_effects, describe_level_effects], effects,
          columns=["retention", "retention_low", "retention_high"])  # fmt: skip
    for function in (level_effects, describe_level_effects):
        with pytest.raises(DataError, match="level_effects: no outcome 'margins'"):
            function(effects, "margins")

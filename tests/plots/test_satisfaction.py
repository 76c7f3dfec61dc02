import pandas as pd
import pytest
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.plots.satisfaction import (
    describe_point_values,
    describe_retention_by_score,
    describe_satisfaction_drivers,
    describe_score_trend,
    point_values,
    retention_by_score,
    satisfaction_drivers,
    score_trend,
)


@pytest.fixture
def retention() -> pd.DataFrame:
    table = pd.DataFrame({"score": [4, 7, 10], "retained": [0.3, None, 0.9]})
    table["isotonic"] = table["retained"]
    table["modelled"] = [0.32, 0.6, 0.85]
    for name in ("", "modelled_"):
        middle = table["modelled"]
        table[f"{name}low"], table[f"{name}high"] = middle - 0.1, middle + 0.1
    return table


def test_retention_shows_observed_and_modelled(retention, ax: Axes) -> None:
    retention_by_score(retention, knot=7, ax=ax)
    assert ax.lines[0].get_ydata().tolist() == [0.32, 0.6, 0.85]
    dots = next(line for line in ax.lines if line.get_label() == "observed")
    assert dots.get_ydata().tolist() == [0.3, 0.9]
    words = describe_retention_by_score(retention, knot=7)
    assert "32% at an answer of 4, 60% at an answer of 7, 85% at an answer of 10" in words


def test_score_over_time(ax: Axes) -> None:
    table = pd.DataFrame(
        {"group": pd.date_range("2024-01-01", periods=3, freq="QS"), "nps": [10.2, 20.0, -3.0],
         "low": [1.0, 9, -12], "high": [19.0, 31, 6]}
    )  # fmt: skip
    score_trend(table, ax=ax)
    assert ax.get_ylabel() == "Net Promoter Score (points)"
    assert "10 (1 to 19) in the first, −3 (−12 to 6) in the last" in describe_score_trend(table)


def test_points_are_worth_most_where_the_bar_is_highest(ax: Axes) -> None:
    table = pd.DataFrame(
        {"score": [5, 6, 7], "customers": [10, 20, 30], "value": [50.0, 200, 100],
         "low": [20.0, 120, 40], "high": [80.0, 280, 170]}
    )  # fmt: skip
    point_values(table, "EUR", ax=ax)
    assert [bar.get_height() for bar in ax.patches] == [50, 200, 100]
    assert ax.get_xticklabels()[1].get_text() == "6\n20"
    assert "highest at 6, €200.00 per customer (€120.00 to €280.00)" in describe_point_values(
        table, "EUR"
    )


def test_drivers_are_named_with_their_odds(ax: Axes) -> None:
    table = pd.DataFrame(
        {"item": ["service", "price"], "slope": [1.8, 0.4], "low": [1.6, 0.3], "high": [2.0, 0.5],
         "odds_ratio": [6.05, 1.49]}
    )  # fmt: skip
    satisfaction_drivers(table, ax=ax)
    assert {"odds × 6.0", "odds × 1.5"} <= {text.get_text() for text in ax.texts}
    assert describe_satisfaction_drivers(table).endswith("per point: service 6.0, price 1.5.")


@pytest.mark.parametrize("plot", [score_trend, point_values, satisfaction_drivers])
def test_a_table_without_its_columns_is_refused(plot) -> None:
    with pytest.raises(DataError, match="no column"):
        plot(pd.DataFrame({"other": [1]}))

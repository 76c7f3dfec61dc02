import pandas as pd
import pytest
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.plots.campaigns import (
    cell_rates,
    conversion_funnel,
    describe_cell_rates,
    describe_conversion_funnel,
    describe_funnel_trend,
    describe_incremental_profits,
    describe_qini_curve,
    funnel_trend,
    incremental_profits,
    qini_curve,
)


@pytest.fixture
def funnel() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["mail", "mail", "fair", "fair"],
            "stage": ["offer", "won"] * 2,
            "cumulative_conversion": [0.5, 0.25, 0.4, 0.2],
            "cumulative_conversion_low": [0.45, 0.2, 0.35, 0.15],
            "cumulative_conversion_high": [0.55, 0.3, 0.45, 0.25],
        }
    )


@pytest.fixture
def cells() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell": ["33", "21", "11"],
            "rate": [0.3, 0.1, 0.0],
            "posterior_mean": [0.28, 0.11, 0.02],
            "low": [0.2, 0.05, 0.0],
            "high": [0.36, 0.17, 0.05],
            "mail": [True, True, False],
        }
    )


def test_funnel_falls_from_all(funnel, ax: Axes) -> None:
    conversion_funnel(funnel, ax=ax)
    lines = [line for line in ax.lines if line.get_gid() != "swatch"]
    assert [line.get_ydata().tolist() for line in lines[:2]] == [[1, 0.5, 0.25], [1, 0.4, 0.2]]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["met", "offer", "won"]
    words = describe_conversion_funnel(funnel)
    assert words.endswith("mail 25% (20% to 30%), fair 20% (15% to 25%).")


def test_trend_leaves_out_periods_without_follow_up(ax: Axes) -> None:
    trend = pd.DataFrame(
        {
            "period": pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01"]),
            "share": [0.2, 0.25, None],
            "low": [0.15, 0.2, None],
            "high": [0.25, 0.3, None],
            "complete": [True, False, False],
        }
    )
    funnel_trend(trend, within_days=90, ax=ax)
    assert {text.get_text() for text in ax.texts} == {"20%", "25%"}
    words = describe_funnel_trend(trend, within_days=90)
    assert "25% (20% to 30%) in the last that can be judged" in words
    assert "still on their way" in words


def test_arms_are_drawn_about_zero(ax: Axes) -> None:
    table = pd.DataFrame(
        {
            "campaign_id": ["spring", "back"], "arm": ["mail", "mail"],
            "incremental_profit": [6.0, -7.0],
            "incremental_profit_low": [1.0, -11.0], "incremental_profit_high": [11.0, -3.0],
            "probability_profitable": [0.98, 0.0004],
        }
    )  # fmt: skip
    incremental_profits(table, "EUR", ax=ax)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["spring, mail", "back, mail"]
    assert {"98%", "under 0.1%"} <= {text.get_text() for text in ax.texts}
    assert ax.get_xlabel() == "Profit caused per customer addressed (EUR)"
    words = describe_incremental_profits(table, "EUR")
    assert "spring, mail, €6.00 per customer (€1.00 to €11.00)" in words
    assert "back, mail, −€7.00" in words


def test_cells_show_break_even_and_choice(cells, ax: Axes) -> None:
    cell_rates(cells, 0.05, ax=ax)
    upright = [line for line in ax.lines if list(line.get_xdata()) == [0.05, 0.05]]
    assert len(upright) == 1
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "mail", "leave out", "as counted",
    ]  # fmt: skip
    assert "2 cells lie above the break-even of 5.0%" in describe_cell_rates(cells, 0.05)


def test_many_cells_show_their_ends(cells, ax: Axes) -> None:
    many = pd.concat([cells] * 9, ignore_index=True)
    cell_rates(many, 0.05, ax=ax)
    assert len(ax.get_yticks()) == 20
    assert describe_cell_rates(many, 0.05).endswith("The best and the worst ten are drawn.")


def test_qini_draws_gain_and_random(ax: Axes) -> None:
    curve = pd.DataFrame({"share": [0.0, 0.5, 1.0], "gain": [0, 0.06, 0.08]})
    curve = curve.assign(low=curve["gain"] - 0.02, high=curve["gain"] + 0.02)
    curve["random"] = 0.08 * curve["share"]
    qini_curve(curve, ax=ax)
    assert ax.lines[0].get_ydata().tolist() == [0, 0.06, 0.08]
    assert {"best first", "at random"} <= {text.get_text() for text in ax.texts}
    assert "the best half causes 6.0 responses per hundred customers" in describe_qini_curve(curve)


@pytest.mark.parametrize(
    "plot", [conversion_funnel, incremental_profits, qini_curve, describe_qini_curve]
)
def test_a_table_without_its_columns_is_refused(plot) -> None:
    with pytest.raises(DataError, match="no column"):
        plot(pd.DataFrame({"other": [1]}))

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from relmark_research.errors import DataError
from relmark_research.plots.clv import backtest, describe_backtest
from relmark_research.plots.style import BLUE, TEXT, VERMILLION


def lines(ax):
    return [line for line in ax.lines if line.get_gid() != "swatch"]


def test_forecasts_actual_totals_and_ranges_are_the_table(tested_forecasts, ax) -> None:
    backtest(tested_forecasts, ax=ax)
    expected, actual, _ = lines(ax)
    assert (expected.get_color(), actual.get_color()) == (BLUE, TEXT)
    assert expected.get_linestyle() != actual.get_linestyle()  # not told by colour alone
    assert expected.get_marker() != actual.get_marker()
    np.testing.assert_array_equal(expected.get_ydata(), tested_forecasts["expected"])
    np.testing.assert_array_equal(actual.get_ydata(), tested_forecasts["actual"])
    (ranges,) = ax.collections
    ends = np.array([segment[:, 1] for segment in ranges.get_segments()])
    np.testing.assert_array_equal(ends, tested_forecasts[["low", "high"]])
    assert to_hex(ranges.get_colors()[0]) == BLUE


def test_an_actual_total_outside_of_its_range_has_a_mark_of_its_own(tested_forecasts, ax) -> None:
    backtest(tested_forecasts, ax=ax)
    missed = lines(ax)[2]
    assert (missed.get_color(), missed.get_marker()) == (VERMILLION, "X")
    np.testing.assert_array_equal(missed.get_ydata(), [1550])
    assert {text.get_text().strip() for text in ax.texts} == {
        "95%\nrange",
        "Forecast",
        "Actual",
        "Outside",
    }


def test_without_a_miss_nothing_is_outside(tested_forecasts, ax) -> None:
    backtest(tested_forecasts.iloc[:2], level=0.8, ax=ax)
    assert len(lines(ax)[2].get_xdata()) == 0
    assert {text.get_text().strip() for text in ax.texts} == {"80%\nrange", "Forecast", "Actual"}


@pytest.mark.parametrize(
    ("factor", "currency", "label"),
    [
        (1, None, "Purchases within the horizon"),
        (10, None, "Purchases within the horizon, thousands"),
        (5000, "EUR", "Value (EUR) within the horizon, millions"),
    ],
)
def test_large_totals_have_short_ticks(tested_forecasts, ax, factor, currency, label) -> None:
    numbers = ["expected", "low", "high", "actual"]
    tested_forecasts[numbers] *= factor
    assert backtest(tested_forecasts, currency=currency, ax=ax).get_ylabel() == label
    ax.figure.canvas.draw()
    ticks = [tick.get_text() for tick in ax.get_yticklabels()]
    assert max(map(len, ticks)) <= 5
    assert ticks[0] == "0"


def test_rows_are_drawn_in_the_order_of_origins(tested_forecasts, ax) -> None:
    backtest(tested_forecasts.iloc[::-1], ax=ax)
    np.testing.assert_array_equal(lines(ax)[1].get_ydata(), tested_forecasts["actual"])


def test_words(tested_forecasts) -> None:
    assert describe_backtest(tested_forecasts) == (
        "3 forecasts with their 95% ranges, from 31 March 1997 to 30 September 1997, and what "
        "came: the actual total was inside the range of 2. The last: 1,100 expected, range 800 to "
        "1,500; actual 1,550."
    )
    one = describe_backtest(tested_forecasts.iloc[:1], currency="EUR", level=0.8)
    assert one.startswith("One forecast with its 80% range, on 31 March 1997")
    assert "€1,300" in one


def test_a_forecast_that_is_not_finished_has_no_actual_total(tested_forecasts, ax) -> None:
    tested_forecasts["actual"] = tested_forecasts["actual"].astype(float)
    tested_forecasts.loc[2, "actual"] = np.nan
    backtest(tested_forecasts, ax=ax)
    assert np.isnan(lines(ax)[1].get_ydata()[-1])
    assert "inside the range of 2" in describe_backtest(tested_forecasts)


def test_refusals(tested_forecasts) -> None:
    with pytest.raises(DataError, match="backtest draws the columns"):
        backtest(tested_forecasts.drop(columns="low"))
    with pytest.raises(DataError, match="at least one row"):
        describe_backtest(pd.DataFrame(columns=tested_forecasts.columns))

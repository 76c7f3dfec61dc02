"""Laws that hold for every plot: where it draws, what it leaves behind, what it refuses."""

from collections.abc import Callable

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.plots import clv, customers
from relmark_research.plots.style import GRID, TEXT

PLOTS = {  # name: (module, fixture that holds its table, a column that it cannot do without)
    "growth": (customers, "months", "new_customers"),
    "purchase_counts": (customers, "repeats", "label"),
    "concentration": (customers, "shares", "value_share"),
    "cohorts": (customers, "kept", None),
    "cohort_lines": (customers, "kept", None),
    "rfm_matrix": (customers, "scored", "R"),
    "segment_behaviour": (customers, "segmented", "bought"),
    "mailing_cells": (customers, "mailed", "expected_rate"),
    "retention_curve": (customers, "retained", "survival"),
    "backtest": (clv, "tested_forecasts", "expected"),
    "season": (clv, "seasonal", "relative"),
    "tracking": (clv, "tracked", "expected"),
    "calibration": (clv, "calibrated", "frequency"),
    "frequency_fit": (clv, "fitted", "expected"),
    "parameter_intervals": (clv, "parameters", "estimate"),
    "p_alive_matrix": (clv, "alive", None),
    "p_alive_distribution": (clv, "alive_bins", "customers"),
    "customer_history": (clv, "history", "purchase"),
    "value_distribution": (clv, "value_bins", "low"),
    "value_by_decile": (clv, "deciles", "share"),
}


@pytest.fixture(params=sorted(PLOTS))
def plot(request: pytest.FixtureRequest) -> tuple[str, Callable[..., Axes], pd.DataFrame]:
    module, table, _ = PLOTS[request.param]
    return request.param, getattr(module, request.param), request.getfixturevalue(table)


def test_every_plot_is_here_and_has_its_words() -> None:
    for module in (clv, customers):
        plots = {name for name in module.__all__ if not name.startswith("describe_")}
        words = {name.removeprefix("describe_") for name in module.__all__} - plots
        assert plots == {name for name, (home, *_) in PLOTS.items() if home is module}
        assert not words
        assert {f"describe_{name}" for name in plots} <= set(module.__all__)


def test_draws_on_the_given_axes_and_leaves_pyplot_alone(plot, ax) -> None:
    _, draw, table = plot
    settings, before = dict(mpl.rcParams), table.copy()
    assert draw(table, ax=ax) is ax
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings
    pd.testing.assert_frame_equal(table, before)


def test_without_axes_one_new_figure_is_made(plot) -> None:
    _, draw, table = plot
    other = plt.figure().add_subplot()
    drawn = draw(table)
    assert drawn is not other
    assert len(plt.get_fignums()) == 2
    assert not other.has_data()


def test_both_axes_are_labelled_and_nothing_is_titled(plot, ax) -> None:
    _, draw, table = plot
    drawn = draw(table, ax=ax)
    assert drawn.get_xlabel()
    assert drawn.get_ylabel()
    assert not any(drawn.get_title(loc) for loc in ("left", "center", "right"))
    assert drawn.get_legend() is None


def test_words_and_ticks_are_in_the_one_neutral(plot, ax) -> None:
    _, draw, table = plot
    drawn = draw(table, ax=ax)
    drawn.figure.canvas.draw()
    ticks = [*drawn.get_xticklabels(), *drawn.get_yticklabels()]
    assert {label.get_color() for label in [*ticks, drawn.xaxis.label, drawn.yaxis.label]} == {TEXT}
    assert {line.get_color() for line in drawn.get_xgridlines() + drawn.get_ygridlines()} <= {
        GRID,
        mpl.rcParams["grid.color"],  # of grids that are not shown
    }
    assert drawn.get_facecolor()[3] == 0


def test_a_new_figure_is_transparent_and_holds_all_that_is_drawn(plot) -> None:
    _, draw, table = plot
    figure = draw(table).figure
    figure.canvas.draw()
    assert figure.get_facecolor()[3] == 0
    tight = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert tight.x0 >= 0 and tight.y0 >= 0
    assert tight.x1 <= width and tight.y1 <= height


def test_an_empty_table_is_refused(plot, ax) -> None:
    name, draw, table = plot
    with pytest.raises(DataError, match=rf"^{name} draws .*at least one row; found 0 rows"):
        draw(table.iloc[:0], ax=ax)
    assert plt.get_fignums() == []


def test_what_is_no_table_is_refused(plot) -> None:
    name, draw, _ = plot
    with pytest.raises(DataError, match=rf"^{name} draws a pandas DataFrame.*found list"):
        draw([1, 2, 3])
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", [name for name, (*_, column) in PLOTS.items() if column])
def test_a_missing_column_is_named_with_the_nearest(name, request) -> None:
    module, fixture, column = PLOTS[name]
    table = request.getfixturevalue(fixture).rename(columns={column: f"{column}_x"})
    for function in (getattr(module, name), getattr(module, f"describe_{name}")):
        with pytest.raises(DataError) as caught:
            function(table)
        message = str(caught.value)
        assert message.startswith(f"{name} draws the columns ")
        assert f"no column '{column}'; there are: " in message
        assert f"Did you mean '{column}_x'?" in message
    assert plt.get_fignums() == []


def test_words_are_one_or_two_sentences_with_numbers(request) -> None:
    for name, (module, fixture, _) in PLOTS.items():
        words = getattr(module, f"describe_{name}")(request.getfixturevalue(fixture))
        assert any(letter.isdigit() for letter in words), name
        assert words.endswith("."), name
        assert "nan" not in words, name
        assert 40 < len(words) < 400, name


def test_order_of_rows_does_not_matter_where_time_or_rank_orders_them(request, ax) -> None:
    for name in ("growth", "tracking", "customer_history", "value_by_decile", "concentration"):
        module, fixture, _ = PLOTS[name]
        table = request.getfixturevalue(fixture)
        describe = getattr(module, f"describe_{name}")
        assert describe(table.iloc[::-1]) == describe(table)

"""Laws and contents of the pictures of profitability and levels."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots import profitability as plots
from relmark_research.plots.style import TEXT


def tables() -> dict[str, pd.DataFrame]:
    return {
        "whale_curve": pd.DataFrame(
            {"customers_share": [0, 0.2, 0.55, 1], "profit_share": [0, 1.06, 1.14, 1]}
        ),
        "profit_items": pd.DataFrame(
            {
                "item": ["revenue", "goods", "handling", "acquisition", "profit"],
                "money": [1000.0, -700.0, 0.0, -100.0, 200.0],
                "share": [1, -0.7, 0, -0.1, 0.2],
            }
        ),
        "profit_tiers": pd.DataFrame(
            {"tier": ["gold", "iron", "lead"], "customers": [10, 30, 60],
             "share": [0.9, 0.3, -0.2], "mean": [90.0, 10.0, -3.3]}
        ),
        "customer_quadrants": pd.DataFrame(
            {"quadrant": ["true friends", "butterflies", "barnacles", "strangers"],
             "customers": [5, 2, 2, 6], "mean": [427.0, 61.0, -13.0, -3.0],
             "mean_low": [340.0, 46.0, -20.0, -4.0], "mean_high": [520.0, 77.0, -6.0, -2.0]}
        ),
        "action_gains": pd.DataFrame(
            {"action": ["keep", "grow", "reprice", "end"], "customers": [9, 4, 3, 0],
             "expected_gain": [0.0, 20.0, 45.0, 0.0], "gain_low": [0.0, -20.0, 11.0, 0.0],
             "gain_high": [0.0, 75.0, 80.0, 0.0]}
        ),
        "advice_backtest": pd.DataFrame(
            {"action": ["keep", "end"], "customers": [9, 4], "expected": [26.0, -52.0],
             "actual": [23.0, -18.0], "actual_low": [20.0, -40.0], "actual_high": [26.0, 4.0]}
        ),
        "level_values": pd.DataFrame(
            {"segment": ["homes"] * 3, "relationship_level": ["basic", "reactive", "proactive"],
             "value": [110.0, np.nan, 123.0], "value_low": [91.0, np.nan, 83.0],
             "value_high": [132.0, np.nan, 177.0], "probability_best": [0.3, np.nan, 0.7],
             "best": [False, False, True]}
        ),
        "level_effects": pd.DataFrame(
            {"retention": [0.2, 0.6], "retention_low": [-0.1, 0.3], "retention_high": [0.5, 0.9],
             "annual_margin": [-0.1, 0.2], "annual_margin_low": [-0.3, -0.1],
             "annual_margin_high": [0.1, 0.6]},
            index=pd.Index(["reactive", "proactive"], name="relationship_level"),
        ),
    }  # fmt: skip


MISSING = {
    "whale_curve": "profit_share", "profit_items": "share", "profit_tiers": "mean",
    "customer_quadrants": "quadrant", "action_gains": "gain_low", "advice_backtest": "expected",
    "level_values": "probability_best", "level_effects": "retention_high",
}  # fmt: skip


@pytest.fixture(params=sorted(MISSING))
def plot(request):
    return request.param, getattr(plots, request.param), tables()[request.param]


def test_every_plot_is_here_and_has_its_words() -> None:
    drawn = {name for name in plots.__all__ if not name.startswith("describe_")}
    assert drawn == set(MISSING)
    assert {f"describe_{name}" for name in drawn} == set(plots.__all__) - drawn


def test_draws_on_the_given_axes_and_leaves_pyplot_and_the_table_alone(plot, ax) -> None:
    _, draw, table = plot
    settings, before = dict(mpl.rcParams), table.copy()
    assert draw(table, ax=ax) is ax
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings
    pd.testing.assert_frame_equal(table, before)


def test_axes_are_labelled_in_the_one_neutral_and_nothing_is_titled(plot, ax) -> None:
    _, draw, table = plot
    drawn = draw(table, ax=ax)
    drawn.figure.canvas.draw()
    assert drawn.get_xlabel()
    assert drawn.get_ylabel()
    assert not drawn.get_title()
    assert drawn.get_legend() is None
    ticks = [*drawn.get_xticklabels(), *drawn.get_yticklabels()]
    assert {label.get_color() for label in [*ticks, drawn.xaxis.label, drawn.yaxis.label]} == {TEXT}


def test_a_new_figure_holds_all_that_is_drawn(plot) -> None:
    _, draw, table = plot
    figure = draw(table).figure
    figure.canvas.draw()
    assert figure.get_facecolor()[3] == 0
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= 0
    assert tight.y0 >= 0
    assert tight.x1 <= width
    assert tight.y1 <= height


def test_texts_do_not_lie_over_each_other(plot) -> None:
    _, draw, table = plot
    drawn = draw(table)
    drawn.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in drawn.texts if text.get_text()]
    for place, one in enumerate(boxes):
        for two in boxes[place + 1 :]:
            assert not one.overlaps(two)


def test_an_empty_table_and_a_missing_column_are_refused(plot) -> None:
    name, draw, table = plot
    with pytest.raises(DataError, match=rf"^{name} draws .*at least one row; found 0 rows"):
        draw(table.iloc[:0])
    with pytest.raises(DataError, match=f"no column '{MISSING[name]}'"):
        draw(table.drop(columns=MISSING[name]))
    assert plt.get_fignums() == []


def test_words_are_sentences_with_numbers() -> None:
    for name, table in tables().items():
        words = getattr(plots, f"describe_{name}")(table)
        assert any(letter.isdigit() for letter in words), name
        assert words.endswith("."), name
        assert "nan" not in words, name
        assert 40 < len(words) < 400, name

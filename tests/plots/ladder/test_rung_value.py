import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from relmark_research.errors import DataError
from relmark_research.plots.ladder import (
    describe_level_choice,
    describe_rung_values,
    describe_transition_sensitivities,
    level_choice,
    rung_values,
    transition_sensitivities,
)
from relmark_research.plots.style import ink_on
from tests.plots.drawn import (
    bars,
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
def values() -> pd.DataFrame:
    return pd.DataFrame(
        {"rung": ["lost", "repeat", "first"], "value": [-2.0, 50.0, 20.0],
         "low": [-4.0, 40.0, 15.0], "high": [1.0, 61.0, 26.0]}
    )  # fmt: skip


@pytest.fixture
def gains() -> pd.DataFrame:
    """Ten moves, the weakest first; the third from the end is a stay."""
    rows = [(f"r{k}", f"r{k + (k != 7)}", 91.0 + k, 80.0 + k, 104.0 + k, 0.1 * k)
            for k in range(10)]  # fmt: skip
    columns = ["origin", "destination", "total", "low", "high", "probability_best"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def choice() -> pd.DataFrame:
    return pd.DataFrame([[0.2, 0.8], [0.6, 0.4], [0.45, 0.55]], [0, "first", "repeat"],
                        ["basic", "proactive"])  # fmt: skip


def test_rungs_run_up_with_their_values_and_intervals(values, ax):
    rung_values(values, "USD", ax=ax)
    assert lines(ax) == [([-2, 50, 20], [0, 1, 2])]
    assert intervals(ax) == [(0, -4, 1), (1, 40, 61), (2, 15, 26)]
    assert ticks(ax.yaxis) == {"lost": 0, "repeat": 1, "first": 2}
    assert limits(ax)[1] == [-0.6, 2.6]
    assert names(ax) == ("Value per person on the rung (USD)", "Rung")
    assert tick(ax.xaxis, 1200) == "1,200"


def test_0_is_always_in_the_picture_of_values(values, ax):
    rung_values(values, ax=ax)
    assert ax.get_xlim()[0] == -4.2
    rung_values(values.iloc[1:], ax=ax)
    assert ax.get_xlim()[0] == 0


def test_values_in_words(values):
    assert describe_rung_values(values, "USD") == (
        "Value per person by rung, with intervals: highest on repeat, $50.00 ($40.00 to $61.00); "
        "lowest on lost, −$2.00 (−$4.00 to $1.00)."
    )


def test_the_eight_best_transitions_are_drawn_the_best_on_top(gains, ax):
    transition_sensitivities(gains, "EUR", ax=ax)
    places = [7, 6, 5, 4, 3, 2, 1, 0]
    assert list(ticks(ax.yaxis).values()) == places
    assert list(ticks(ax.yaxis))[:3] == ["r9 → r10", "r8 → r9", "stay r7"]
    assert [(left, bottom, width) for left, bottom, width, _ in bars(ax)] == [
        (0, place - 0.31, 93 + place) for place in places
    ]
    assert intervals(ax) == [(place, 82 + place, 106 + place) for place in places]
    assert names(ax) == (
        "Gain from one percentage point more (EUR)", "Transition whose probability is raised",
    )  # fmt: skip
    assert tick(ax.xaxis, 1200) == "1,200"


def test_sensitivities_in_words(gains):
    assert describe_transition_sensitivities(gains, "USD") == (
        "Gain from raising one transition probability by a percentage point: largest for r9 → r10, "
        "$100.00 ($89.00 to $113.00); the probability that it is the best is 90%."
    )


def test_levels_are_cells_with_their_probability(choice, ax):
    level_choice(choice, ax=ax)
    (mesh,) = ax.collections
    assert mesh.get_array().reshape(3, 2).tolist() == choice.to_numpy().tolist()
    assert mesh.get_clim() == (0, 1)
    box = mesh.get_datalim(ax.transData)
    assert (box.x0, box.x1, box.y0, box.y1) == (-0.5, 1.5, -0.5, 2.5)
    assert texts(ax) == ["20%", "80%", "60%", "40%", "45%", "55%"]
    assert [text.get_position() for text in ax.texts] == [
        (0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2),
    ]  # fmt: skip
    for text, share in zip(ax.texts, choice.to_numpy().ravel(), strict=True):
        assert to_rgb(text.get_color()) == to_rgb(ink_on(mesh.to_rgba(share)))


def test_the_most_probable_level_of_each_rung_is_framed(choice, ax):
    level_choice(choice, ax=ax)
    assert bars(ax) == [
        (0.53, -0.45, 0.94, 0.9), (-0.47, 0.55, 0.94, 0.9), (0.53, 1.55, 0.94, 0.9),
    ]  # fmt: skip
    assert not any(frame.get_fill() for frame in ax.patches)


def test_rungs_and_levels_are_named(choice, ax):
    level_choice(choice, ax=ax)
    assert ticks(ax.xaxis) == {"basic": 0, "proactive": 1}
    assert ticks(ax.yaxis) == {"0": 0, "first": 1, "repeat": 2}
    assert names(ax) == ("Relationship level (framed: most probably the best)", "Rung")
    assert not ax.spines["bottom"].get_visible()


def test_levels_in_words(choice):
    assert describe_level_choice(choice) == (
        "Heat map of the probability that a relationship level is the best, for 3 rungs: 0 "
        "proactive (80%), first basic (60%), repeat proactive (55%)."
    )


@pytest.mark.parametrize(
    ("draw", "name", "least", "base"),
    [(rung_values, "values", 2.4, 1.0), (transition_sensitivities, "gains", 2.2, 1.0),
     (level_choice, "choice", 2.4, 1.1)],
)  # fmt: skip
def test_a_figure_grows_with_its_rows_from_a_least_height(draw, name, least, base, request):
    table = request.getfixturevalue(name)
    assert size(draw(table.iloc[:1])) == [7, least]
    eight = pd.concat([table] * 3).iloc[:8]
    assert size(draw(eight)) == [7, round(base + 0.42 * 8, 6)]


def test_tables_of_other_plots_are_refused(values, gains, choice):
    needs([rung_values, describe_rung_values], values)
    needs([transition_sensitivities, describe_transition_sensitivities], gains)
    for function in (level_choice, describe_level_choice):
        with pytest.raises(DataError, match="level_choice draws a table and at least one row"):
            function(choice.iloc[:0])
        with pytest.raises(DataError, match="level_choice draws a pandas DataFrame"):
            function(np.eye(2))

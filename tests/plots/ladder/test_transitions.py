import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from relmark_research.plots.ladder import describe_transition_matrix, transition_matrix
from relmark_research.plots.ladder.transitions import _cell
from relmark_research.plots.style import FONT_SIZE, ink_on
from tests.plots.drawn import limits, names, needs, size, texts, ticks


@pytest.fixture
def cells() -> pd.DataFrame:
    rows = [
        ("first", "first", 0.7, 0.62, 0.77), ("first", "repeat", 0.3, 0.23, 0.38),
        ("repeat", "repeat", 0.9, 0.85, 0.97), ("repeat", "lost", 0.1, 0.03, 0.15),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["origin", "destination", "probability", "low", "high"])


def ladder_of(k: int) -> pd.DataFrame:
    """Return the diagonal of a ladder with k rungs."""
    rungs = [f"r{n}" for n in range(k)]
    return pd.DataFrame(
        {"origin": rungs, "destination": rungs, "probability": 1.0, "low": 0.9, "high": 1.0}
    )


def test_cells_are_the_table_and_impossible_moves_stay_empty(cells, ax):
    transition_matrix(cells, ax=ax)
    (mesh,) = ax.collections
    found = np.ma.filled(mesh.get_array(), np.nan).reshape(3, 3)
    nothing = [np.nan] * 3
    np.testing.assert_array_equal(found, [[0.7, 0.3, np.nan], [np.nan, 0.9, 0.1], nothing])
    assert mesh.get_clim() == (0, 1)
    assert limits(ax) == ([-0.5, 2.5], [2.5, -0.5])


def test_each_probability_stands_with_its_interval_in_its_cell(cells, ax):
    transition_matrix(cells, ax=ax)
    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found == {
        (0, 0): "70%\n62–77", (1, 0): "30%\n23–38", (1, 1): "90%\n85–97", (2, 1): "10%\n3–15",
    }  # fmt: skip
    (mesh,) = ax.collections
    for text, share in zip(ax.texts, cells["probability"], strict=True):
        assert to_rgb(text.get_color()) == to_rgb(ink_on(mesh.to_rgba(share)))
        assert text.get_fontsize() == FONT_SIZE - 1


def test_origins_run_down_and_destinations_along_the_top(cells, ax):
    transition_matrix(cells, ax=ax)
    assert ticks(ax.xaxis) == ticks(ax.yaxis) == {"first": 0, "repeat": 1, "lost": 2}
    assert ax.xaxis.get_ticks_position() == "top"
    assert not ax.spines["bottom"].get_visible()
    assert names(ax) == ("To (rung in the next period)", "From")
    assert ax.yaxis.label.get_horizontalalignment() == "right"
    x, y = ax.yaxis.label.get_position()
    assert (x, y) == (-0.02, 1.02)


def test_an_unknown_probability_is_no_cell(cells, ax):
    cells.loc[3, "probability"] = np.nan
    transition_matrix(cells, ax=ax)
    assert len(texts(ax)) == 3
    assert list(ticks(ax.xaxis)) == ["first", "repeat", "lost"]
    assert "of 3 transition" in describe_transition_matrix(cells)


@pytest.mark.parametrize(("rungs", "rotation", "smaller"), [(4, 0, 1), (5, 35, 1), (6, 35, 1),
                                                            (7, 35, 3)])  # fmt: skip
def test_a_larger_ladder_has_slanted_names_and_smaller_figures(ax, rungs, rotation, smaller):
    transition_matrix(ladder_of(rungs), ax=ax)
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {rotation}
    side = "left" if rotation else "center"
    assert {label.get_horizontalalignment() for label in ax.get_xticklabels()} == {side}
    assert {text.get_fontsize() for text in ax.texts} == {FONT_SIZE - smaller}


def test_a_figure_grows_with_the_ladder_from_a_least_size(cells):
    assert size(transition_matrix(cells)) == [4.2, 3]
    assert size(transition_matrix(ladder_of(8))) == [1.3 + 0.62 * 8, round(0.9 + 0.62 * 0.8 * 8, 6)]


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((0.3, 0.25, 0.4), "30%\n25–40"),
        ((0.05, 0.02, 0.094), "5%\n2.0–9.4"),
        ((0.05, 0.02, 0.095), "5%\n2–10"),
        ((0.5, 0.501, 0.504), "50%"),
        ((0.0004, 0.0, 0.009), "0"),
        ((0.0004, 0.0, 0.01), "under 0.1%\n0.0–1.0"),
        ((0.0005, 0.0, 0.009), "0.1%\n0.0–0.9"),
    ],
)
def test_small_probabilities_have_a_decimal_and_the_least_are_0(interval, said):
    assert _cell(*interval) == said


def test_words(cells):
    assert describe_transition_matrix(cells) == (
        "Heat map of 4 transition probabilities, with intervals: staying is most probable on "
        "repeat (90%), and the most probable move is from first to repeat, 30% (23% to 38%)."
    )
    moved = cells["origin"] != cells["destination"]
    assert describe_transition_matrix(cells[moved]) == (
        "Heat map of 2 transition probabilities, with intervals: the most probable move is from "
        "first to repeat, 30% (23% to 38%)."
    )
    assert describe_transition_matrix(cells[~moved]).endswith(
        "with intervals: staying is most probable on repeat (90%)."
    )


def test_a_table_without_one_of_its_columns_is_refused(cells):
    needs([transition_matrix, describe_transition_matrix], cells)

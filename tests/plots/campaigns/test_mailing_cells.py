import pandas as pd
import pytest
from matplotlib.colors import same_color

from relmark_research.plots.campaigns import cell_rates, describe_cell_rates
from relmark_research.plots.style import BLUE, VERMILLION
from tests.plots.drawn import drawn_lines, intervals, limits, lines, names, needs, size, tick, ticks


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


@pytest.fixture
def many(cells) -> pd.DataFrame:
    table = pd.concat([cells] * 7, ignore_index=True)  # 21 rows
    return table.assign(cell=[f"c{row}" for row in range(21)])


def test_cells_are_drawn_best_first_with_their_intervals(cells, ax):
    cell_rates(cells, 0.05, ax=ax)
    assert intervals(ax) == [(0, 0.2, 0.36), (1, 0.05, 0.17), (2, 0, 0.05)]
    mailed, left_out, observed, break_even = lines(ax)
    assert (mailed, left_out) == (([0.28, 0.11], [0, 1]), ([0.02], [2]))
    assert observed == ([0.3, 0.1, 0], [0, 1, 2])
    assert break_even == ([0.05, 0.05], [0, 1])
    assert ticks(ax.yaxis) == {"33": 0, "21": 1, "11": 2}
    assert limits(ax)[1] == [2.6, -0.7]


def test_the_choice_is_seen_in_colour_and_in_marker(cells, ax):
    cell_rates(cells, 0.05, ax=ax)
    mailed, left_out = drawn_lines(ax)[:2]
    assert (mailed.get_marker(), left_out.get_marker()) == ("o", "D")
    assert same_color([mailed.get_color(), left_out.get_color()], [BLUE, VERMILLION])
    assert same_color(ax.collections[0].get_colors(), [BLUE, BLUE, VERMILLION])
    legend = ax.get_legend()
    assert not legend.get_frame_on()
    assert [text.get_text() for text in legend.get_texts()] == ["mail", "do not mail", "observed"]
    assert [line.get_marker() for line in legend.get_lines()] == ["o", "D", "|"]


def test_the_rate_is_named_and_in_percent(cells, ax):
    cell_rates(cells.rename(columns={"rate": "uplift"}), 0.05, observed="uplift", label="Uplift",
               ax=ax)  # fmt: skip
    assert names(ax) == ("Uplift (dotted: break-even)", "Cell")
    assert tick(ax.xaxis, 0.2) == "20%"
    assert size(cell_rates(cells, 0.05)) == [7, 1.5 + 0.3 * 3]


def test_of_more_than_twenty_cells_the_ends_are_drawn(many, ax):
    cell_rates(many, 0.05, ax=ax)
    assert list(ticks(ax.yaxis)) == [f"c{row}" for row in (*range(10), *range(11, 21))]
    assert describe_cell_rates(many, 0.05).endswith(" The best and the worst ten are drawn.")


def test_twenty_cells_are_all_drawn(many, ax):
    cell_rates(many.iloc[1:], 0.05, ax=ax)
    assert list(ticks(ax.yaxis)) == [f"c{row}" for row in range(1, 21)]
    assert not describe_cell_rates(many.iloc[1:], 0.05).endswith("drawn.")


def test_words(cells):
    assert describe_cell_rates(cells, 0.05) == (
        "Response of 3 cells: from 28% (20% to 36%) in 33 to 2% (0% to 5%) in 11; 2 cells lie "
        "above the break-even of 5.0%."
    )
    uplift = cells.rename(columns={"rate": "uplift"})
    assert describe_cell_rates(uplift, 0.05, observed="uplift", label="Uplift").startswith("Uplift")


def test_a_table_without_one_of_its_columns_is_refused(cells):
    needs([cell_rates, describe_cell_rates], cells, 0.05)

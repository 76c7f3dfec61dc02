import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from relmark_research.errors import DataError
from relmark_research.plots.customers import (
    describe_mailing_cells,
    describe_rfm_matrix,
    describe_segment_behaviour,
    mailing_cells,
    rfm_matrix,
    segment_behaviour,
)
from relmark_research.plots.style import ink_on
from tests.plots.drawn import intervals, limits, lines, names, needs, size, texts, tick, ticks


def steps(ax) -> list[tuple[float, float, float]]:
    """Return (left, right, height) of every step of the picture."""
    (patch,) = ax.patches
    values, edges, _ = patch.get_data()
    edges, values = np.asarray(edges).round(6).tolist(), np.asarray(values).tolist()
    return list(zip(edges, edges[1:], values, strict=False))


def test_each_cell_of_scores_has_its_customers(scored, ax):
    rfm_matrix(scored, ax=ax)
    (mesh,) = ax.collections
    counted = [[2, 0, 1], [0, 1, 0], [0, 0, 2]]  # rows: F from 1 up; columns: R from 1 up
    assert mesh.get_array().reshape(3, 3).tolist() == counted
    assert mesh.get_clim() == (0, 2)
    box = mesh.get_datalim(ax.transData)
    assert (box.x0, box.y0, box.x1, box.y1) == (0.5, 0.5, 3.5, 3.5)
    places = {text.get_position(): text.get_text() for text in ax.texts}
    assert places == {(r, f): str(counted[f - 1][r - 1]) for r in (1, 2, 3) for f in (1, 2, 3)}
    for text in ax.texts:
        assert to_rgb(text.get_color()) == to_rgb(ink_on(mesh.to_rgba(int(text.get_text()))))


def test_scores_without_customers_keep_their_row_and_column(ax):
    rfm_matrix(pd.DataFrame({"R": [1, 4], "F": [2, 2]}), ax=ax)
    (mesh,) = ax.collections
    assert mesh.get_array().reshape(4, 4).sum(axis=1).tolist() == [0, 2, 0, 0]
    assert list(ticks(ax.xaxis)) == list(ticks(ax.yaxis)) == ["1", "2", "3", "4"]


def test_recency_runs_to_the_right_and_frequency_up(scored, ax):
    rfm_matrix(scored, ax=ax)
    assert names(ax) == (
        "Recency score (right: most recent)",
        "Frequency score (top: most frequent), and customers",
    )
    assert ticks(ax.xaxis) == ticks(ax.yaxis) == {"1": 1, "2": 2, "3": 3}
    assert not ax.spines["bottom"].get_visible()
    assert limits(ax) == ([0.5, 3.5], [0.5, 3.5])


def test_matrix_in_words(scored):
    lonely = pd.concat([scored, pd.DataFrame({"R": [1, 3], "F": [1, 1]})])  # 8 customers
    assert describe_rfm_matrix(lonely) == (
        "Heat map of 8 customers by recency and frequency score: 2 (25%) have the best score on "
        "both, 3 (38%) the worst on both."
    )


def test_segments_run_from_the_top_with_their_intervals(segmented, ax):
    segment_behaviour(segmented, ax=ax)
    assert lines(ax) == [([0.69, 0.21, 0.11], [0, 1, 2])]
    assert intervals(ax) == [(0, 0.64, 0.73), (1, 0.13, 0.31), (2, 0.08, 0.14)]
    assert ticks(ax.yaxis) == {"champions (453)": 0, "at risk (73)": 1, "asleep (458)": 2}
    low, high = ax.get_ylim()
    assert low > high
    assert limits(ax)[0] == [0, 1.05 * 0.73]
    assert names(ax) == ("Share that bought again in the holdout", "Segment (customers)")
    assert tick(ax.xaxis, 0.2) == "20%"


def test_the_axis_of_shares_ends_at_all_and_is_there_where_none_bought(segmented, ax):
    segment_behaviour(segmented.assign(bought_high=0.99), ax=ax)
    assert limits(ax)[0] == [0, 1]
    segment_behaviour(segmented.assign(bought=0.0, bought_low=0.0, bought_high=0.0), ax=ax)
    assert limits(ax)[0] == [0, 1]


def test_a_figure_of_segments_grows_with_them_from_a_least_height(segmented):
    assert size(segment_behaviour(segmented.iloc[:1])) == [7, 2.2]
    assert size(segment_behaviour(pd.concat([segmented] * 2))) == [7, 3.36]  # 1.2 + 0.36 * 6


def test_segments_in_words(segmented):
    assert describe_segment_behaviour(segmented.iloc[[1, 0, 2]]) == (
        "Share of each of 3 segments that bought in the holdout: from 69% (64% to 73%) of "
        "champions down to 11% (8% to 14%) of asleep."
    )


def test_cells_are_as_wide_as_their_customers_the_best_first(mailed, ax):
    mailing_cells(mailed, break_even=0.25, ax=ax)
    assert steps(ax) == [(0, 0.321429, 0.6), (0.321429, 0.660714, 0.3), (0.660714, 1, 0.1)]
    assert lines(ax) == [([0, 1], [0.25, 0.25])]
    assert limits(ax) == ([0, 1], [0, 1.12 * 0.6])
    assert names(ax) == ("Share of customers, best cells first", "Expected response of the cell")
    assert (tick(ax.xaxis, 0.2), tick(ax.yaxis, 0.2)) == ("20%", "20%")


def test_the_break_even_is_named_and_always_in_the_picture(mailed, ax):
    mailing_cells(mailed, break_even=0.8, ax=ax)
    assert texts(ax) == ["break-even 80%"]
    assert ax.texts[0].xy == (1, 0.8)
    assert limits(ax)[1] == [0, 0.896]  # 1.12 * 0.8


def test_without_break_even_no_line_is_drawn(mailed, ax):
    mailing_cells(mailed, ax=ax)
    assert not ax.lines and not ax.texts
    assert limits(ax)[1] == [0, 1.12 * 0.6]
    mailing_cells(mailed.assign(expected_rate=0.0), ax=ax)
    assert limits(ax)[1] == [0, 1]


def test_cells_in_words(mailed):
    said = "Expected response of 3 cells of customers, from 60% in the best to 10% in the worst."
    assert describe_mailing_cells(mailed) == said
    assert describe_mailing_cells(mailed, break_even=0.3) == (
        f"{said} Cells with 32% of the customers are above the break-even of 30%."
    )


@pytest.mark.parametrize("wrong", [-0.1, 1.5])
def test_rates_outside_0_to_1_are_refused(mailed, wrong):
    mailed.loc[1, "expected_rate"] = wrong
    for function in (mailing_cells, describe_mailing_cells):
        with pytest.raises(DataError, match=f"rates from 0 to 1; found 1 outside, first {wrong}"):
            function(mailed)


def test_a_table_without_one_of_its_columns_is_refused(scored, segmented, mailed):
    needs([rfm_matrix, describe_rfm_matrix], scored)
    needs([segment_behaviour, describe_segment_behaviour], segmented)
    needs([mailing_cells, describe_mailing_cells], mailed)

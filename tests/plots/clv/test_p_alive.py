import numpy as np
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.clv import (
    describe_p_alive_distribution,
    describe_p_alive_matrix,
    p_alive_distribution,
    p_alive_matrix,
)


def drawn(ax):
    return np.ma.filled(ax.collections[0].get_array(), np.nan)


def long(matrix):
    return (
        matrix.rename_axis(index="recency", columns="frequency")
        .reset_index()
        .melt("recency", value_name="p_alive")
        .astype(float)
    )


def test_the_map_is_the_table_recency_upwards(alive, ax) -> None:
    p_alive_matrix(alive, ax=ax)
    np.testing.assert_array_equal(drawn(ax), alive.to_numpy())
    low, high = ax.get_ylim()
    assert low < high
    across = ax.collections[0].get_coordinates()[0, :, 0]
    np.testing.assert_allclose((across[1:] + across[:-1]) / 2, alive.columns)


def test_wide_and_long_tables_give_the_same_picture(alive, ax) -> None:
    table = long(alive)
    p_alive_matrix(table.sample(frac=1, random_state=1), ax=ax)
    np.testing.assert_array_equal(drawn(ax), alive.to_numpy())
    assert describe_p_alive_matrix(table) == describe_p_alive_matrix(alive)


def test_order_of_rows_and_columns_does_not_matter(alive, ax) -> None:
    p_alive_matrix(alive.iloc[::-1, ::-1], ax=ax)
    np.testing.assert_array_equal(drawn(ax), alive.to_numpy())


def test_contours_are_labelled(alive, ax) -> None:
    p_alive_matrix(alive, unit="day", ax=ax)
    assert {text.get_text() for text in ax.texts} <= {"10%", "30%", "50%", "70%", "90%"}
    assert len(ax.texts) >= 3
    assert ax.get_ylabel() == "Last purchase, days after the first (recency)"


def test_a_contour_runs_where_the_model_says_half(alive, ax) -> None:
    p_alive_matrix(alive, ax=ax)
    contours = ax.collections[1]
    half = contours.get_paths()[2].vertices  # levels .1 .3 .5
    x, t_x = half[:, 0], half[:, 1]
    odds = 0.793 / (2.426 + x - 1) * (43.414 / (4.414 + t_x)) ** (0.243 + x)
    assert len(x) > 5
    np.testing.assert_allclose(1 / (1 + odds), 0.5, atol=0.06)  # cells of 3 weeks


def test_impossible_cells_stay_blank(alive, ax) -> None:
    alive.loc[alive.index > 0, 0] = np.nan
    p_alive_matrix(alive, ax=ax)
    np.testing.assert_array_equal(np.isnan(drawn(ax)), np.isnan(alive.to_numpy()))


@pytest.mark.parametrize("part", [(1, 1), (1, 5), (5, 1), (2, 2)])
def test_small_tables_are_drawn_too(alive, ax, part) -> None:
    p_alive_matrix(alive.iloc[: part[0], : part[1]], ax=ax)
    box = ax.collections[0].get_datalim(ax.transData)
    assert box.width > 0
    assert box.height > 0


def test_no_contour_is_no_warning(alive, ax, recwarn) -> None:
    p_alive_matrix(alive * 0 + 0.95, ax=ax)
    assert not recwarn.list


def test_percentages_are_refused(alive) -> None:
    with pytest.raises(DataError, match="probabilities from 0 to 1; found"):
        p_alive_matrix(alive * 100)


def test_a_long_table_without_its_columns_is_refused(alive) -> None:
    with pytest.raises(DataError, match="no column 'frequency'"):
        p_alive_matrix(long(alive).rename(columns={"frequency": "x"}))


def test_words_name_the_frequent_customers(alive) -> None:
    low, high = alive[11].iloc[0], alive[11].iloc[-1]
    assert low < 0.0005
    assert describe_p_alive_matrix(alive) == (
        "Heat map of P(alive) for 0 to 11 repeat purchases, the last 0 to 39 weeks after the "
        f"first: with 11 purchases it is under 0.1% when the last was in week 0 and "
        f"{100 * high:.0f}% when it was in week 39."
    )


def test_bins_are_drawn_about_their_middle(alive_bins, ax) -> None:
    p_alive_distribution(alive_bins, ax=ax)
    assert [bar.get_height() for bar in ax.patches] == [10, 20, 30, 140]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    assert middles == pytest.approx([0.125, 0.375, 0.625, 0.875])


def test_distribution_in_words(alive_bins) -> None:
    assert describe_p_alive_distribution(alive_bins) == (
        "Histogram of P(alive) of 200 customers: 170 (85%) have 50% or more; the largest bin, 75% "
        "to 100%, has 140."
    )


def test_bins_of_percentages_are_refused(alive_bins) -> None:
    with pytest.raises(DataError, match="first 0 to 25"):
        p_alive_distribution(alive_bins * 100)


def test_the_axis_of_a_distribution_is_all_of_0_to_1(alive_bins, ax) -> None:
    p_alive_distribution(alive_bins.iloc[:1], ax=ax)
    assert ax.get_xlim() == (0, 1)


def test_a_column_without_a_possible_cell_is_named_only(alive) -> None:
    alive.iloc[:, -1] = np.nan
    said = describe_p_alive_matrix(alive)
    assert said.startswith("Heat map of P(alive) for ")
    assert said.endswith(" weeks after the first.")

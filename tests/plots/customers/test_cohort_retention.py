import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.customers import (
    cohort_lines,
    cohorts,
    describe_cohort_lines,
    describe_cohorts,
)
from relmark_research.plots.style import luminance


@pytest.fixture
def many() -> pd.DataFrame:
    values = [
        [0.4 / (1 + period) if row + period < 24 else np.nan for period in range(1, 24)]
        for row in range(24)
    ]
    return pd.DataFrame(values, index=[f"c{row}" for row in range(24)], columns=range(1, 24))


def test_the_map_is_the_table_without_the_period_that_is_full_by_definition(kept, ax) -> None:
    cohorts(kept, ax=ax)
    (mesh,) = ax.collections
    drawn = np.ma.filled(mesh.get_array(), np.nan).reshape(3, 3)
    np.testing.assert_array_equal(drawn, kept.drop(columns=0).to_numpy())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(kept.index)


def test_a_first_period_that_says_something_is_kept(kept, ax) -> None:
    kept[0] = [0.9, 1.0, 1.0]
    cohorts(kept, ax=ax)
    assert ax.collections[0].get_array().size == 12


def test_the_oldest_cohort_is_on_top(kept, ax) -> None:
    cohorts(kept, ax=ax)
    low, high = ax.get_ylim()
    assert low > high


def test_cells_carry_their_share_and_blank_ones_nothing(kept, ax) -> None:
    cohorts(kept, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["15%", "12%", "10%", "12%", "11%", "13%"]
    mesh = ax.collections[0]
    for text, share in zip(ax.texts, [0.15, 0.12, 0.10, 0.12, 0.11, 0.13], strict=True):
        cell, ink = luminance(mesh.to_rgba(share)), luminance(text.get_color())
        assert (max(cell, ink) + 0.05) / (min(cell, ink) + 0.05) >= 4.5


def test_many_cells_get_a_scale_instead_of_numbers(many) -> None:
    ax = cohorts(many)
    assert not ax.texts
    assert len(ax.figure.axes) == 2


def test_a_single_cell_is_seen(ax) -> None:
    cohorts(pd.DataFrame([[0.3]], index=["c"], columns=[1]), ax=ax)
    box = ax.collections[0].get_datalim(ax.transData)
    assert (box.width, box.height) == (1, 1)


def test_lines_are_the_rows(kept, ax) -> None:
    cohort_lines(kept, ax=ax)
    lines = [line for line in ax.lines if line.get_gid() != "swatch"]
    for line, (_, row) in zip(lines, kept.drop(columns=0).iterrows(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(line.get_ydata(), row)
    assert {text.get_text() for text in ax.texts} == set(kept.index)
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in lines}) == 3


def test_in_a_crowd_the_oldest_and_the_newest_seen_long_enough_are_named(many, ax) -> None:
    cohort_lines(many, ax=ax)
    assert {text.get_text() for text in ax.texts} == {"c0", "c20"}  # c20 has periods 1 to 3
    assert len([line for line in ax.lines if line.get_gid() != "swatch"]) == 24


@pytest.mark.parametrize("draw", [cohorts, cohort_lines, describe_cohorts, describe_cohort_lines])
def test_counts_instead_of_shares_are_refused(draw, kept) -> None:
    with pytest.raises(DataError, match="first 15 for cohort Jan 1997, period 1"):
        draw(kept * [1, 100, 100, 100])


def test_cohorts_not_yet_observed_are_refused(kept) -> None:
    kept[[1, 2, 3]] = np.nan
    with pytest.raises(DataError, match="observed after its first period; found 3 cohorts"):
        cohorts(kept)


def test_words(kept) -> None:
    assert describe_cohorts(kept, unit="month") == (
        "Heat map of 3 cohorts, Jan 1997 to Mar 1997: in month 1 after the first purchase 12% to "
        "15% of a cohort bought, in month 3 10%."
    )
    assert describe_cohort_lines(kept.iloc[:1, :2]) == (
        "One line for each of 1 cohort, Jan 1997: in month 1 after the first purchase 15% of a "
        "cohort bought."
    )


def test_the_sizes_of_the_cohorts_are_no_period(kept, ax) -> None:
    with_sizes = kept.copy()
    with_sizes.insert(0, "customers", [7846, 8476, 7248])
    cohorts(with_sizes, ax=ax)
    assert ax.collections[0].get_array().shape == (3, 3)
    assert describe_cohorts(with_sizes) == describe_cohorts(kept)

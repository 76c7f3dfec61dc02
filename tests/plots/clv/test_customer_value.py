import numpy as np
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.clv import (
    describe_value_by_decile,
    describe_value_distribution,
    value_by_decile,
    value_distribution,
)


def test_bins_are_equally_wide_with_their_edges_written(value_bins, ax) -> None:
    value_distribution(value_bins, "USD", ax=ax)
    assert [bar.get_height() for bar in ax.patches] == [40, 50, 5]
    assert len({round(bar.get_width(), 9) for bar in ax.patches}) == 1
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "10", "50", "200"]
    assert ax.get_xlabel() == "Value per customer (USD)"


def test_distribution_in_words(value_bins) -> None:
    value_bins["customers"] = [60, 30, 5]
    assert describe_value_distribution(value_bins, "$") == (
        "Histogram of the value of 95 customers: the largest group, 60, is worth $0 to $10; the "
        "median customer is worth $0 to $10."
    )


def test_a_last_bin_without_end(value_bins, ax) -> None:
    table = value_bins.astype(float)
    table.loc[2, ["high", "customers"]] = [np.inf, 500]
    value_distribution(table, ax=ax)
    assert ax.get_xticklabels()[-1].get_text() == "∞"
    assert "the largest group, 500, is worth €50 or more" in describe_value_distribution(
        table, "EUR"
    )


@pytest.mark.parametrize("draw", [value_distribution, describe_value_distribution])
def test_bins_with_a_gap_are_refused(value_bins, draw) -> None:
    with pytest.raises(DataError, match=r"1 gaps or overlaps, first after 10 \(next low 50\)"):
        draw(value_bins.drop(index=1))


def test_deciles_have_bars_intervals_and_shares(deciles, ax) -> None:
    value_by_decile(deciles, "EUR", ax=ax)
    assert [bar.get_height() for bar in ax.patches] == deciles["value"].tolist()
    (whiskers,) = ax.collections
    ends = np.array([segment[:, 1] for segment in whiskers.get_segments()])
    np.testing.assert_array_equal(ends, deciles[["value_low", "value_high"]])
    assert [text.get_text() for text in ax.texts][:3] == ["50%", "15%", "9%"]
    assert ax.get_ylabel() == "Value of the decile (EUR), and its share of the total"
    assert ax.get_ylim()[1] >= deciles["value_high"].max()


def test_without_intervals_none_are_drawn(deciles, ax) -> None:
    value_by_decile(deciles.drop(columns="value_low"), ax=ax)
    assert not ax.collections


def test_the_label_says_which_end_is_best(deciles, ax) -> None:
    value_by_decile(deciles.assign(decile=11 - deciles["decile"]), ax=ax)
    assert ax.get_xlabel() == "Decile of customers, 10 = most valuable"


def test_deciles_in_words(deciles) -> None:
    assert describe_value_by_decile(deciles, "EUR") == (
        "Value by decile of customers: the most valuable decile is worth €5,000 "
        "(€4,500 to €6,000), 50% of the total; the least valuable €200.00, 2%."
    )
    assert "(" not in describe_value_by_decile(deciles.drop(columns="value_high"))

import numpy as np
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.customers import concentration, describe_concentration


def test_the_curve_is_the_table_from_nothing_on(shares, ax) -> None:
    concentration(shares, "USD", ax=ax)
    curve = next(line for line in ax.lines if len(line.get_xdata()) == len(shares) + 1)
    assert curve.get_xdata() == pytest.approx([0, *shares["customers_share"]])
    assert curve.get_ydata() == pytest.approx([0, *shares["value_share"]])
    assert ax.get_ylabel() == "Share of value (USD)"


def test_the_top_fifth_is_marked_at_its_height(shares, ax) -> None:
    concentration(shares, ax=ax)
    (mark,) = (line for line in ax.lines if line.get_marker() == "o")
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == pytest.approx((0.2, 1 - 0.8**3))
    assert any("20% of customers\ngenerate 49% of value" in text.get_text() for text in ax.texts)


def test_words_interpolate_between_rows(shares) -> None:
    five, half = np.interp([0.05, 0.5], [0, 0.1, 0.5], [0, 1 - 0.9**3, 1 - 0.5**3])
    words = describe_concentration(shares)
    assert f"top 20% of customers generate 49%, the top 5% {100 * five:.0f}%" in words
    assert f"top 50% {100 * half:.0f}%." in words


def test_percentages_instead_of_shares_are_refused(shares) -> None:
    with pytest.raises(DataError, match="from 0 to 1; found 10 rows outside, first 10"):
        concentration(shares * 100)


def test_customers_who_returned_more_than_they_bought_lift_the_curve_above_all(shares, ax) -> None:
    shares.loc[8, "value_share"] = 1.04
    concentration(shares, ax=ax)
    assert ax.get_ylim()[1] > 1.04

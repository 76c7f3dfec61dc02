import numpy as np
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.customers import (
    describe_growth,
    describe_purchase_counts,
    growth,
    purchase_counts,
)


def test_growth_stacks_new_upon_returning(months, ax) -> None:
    growth(months, ax=ax)
    returning, new = ax.containers
    assert [bar.get_height() for bar in new] == months["new_customers"].tolist()
    tops = [bar.get_y() + bar.get_height() for bar in new]
    assert tops == months["active_customers"].tolist()
    assert [bar.get_y() for bar in new] == [bar.get_height() for bar in returning]
    assert {text.get_text() for text in ax.texts} == {"New", "Returning", "Month not\ncomplete"}


def test_bars_lie_within_their_month(months, ax) -> None:
    growth(months, ax=ax)
    for container in ax.containers:
        starts = [bar.get_x() for bar in container]
        ends = [bar.get_x() + bar.get_width() for bar in container]
        assert (np.array(starts[1:]) > ends[:-1]).all()


def test_an_incomplete_month_is_hollow_and_only_it(months, ax) -> None:
    growth(months, ax=ax)
    for container in ax.containers:
        *whole, part = container
        assert part.get_facecolor()[3] == 0
        assert all(bar.get_facecolor()[3] == 1 for bar in whole)


def test_without_the_flag_every_month_is_whole(months, ax) -> None:
    growth(months.drop(columns="complete"), ax=ax)
    assert all(bar.get_facecolor()[3] == 1 for container in ax.containers for bar in container)


def test_more_new_than_active_customers_are_refused(months) -> None:
    months.loc[2, "active_customers"] = 5
    with pytest.raises(DataError, match=r"1 months .* first March 1997: 7,248 new, 5 active"):
        growth(months)


def test_growth_in_words_takes_the_last_complete_month(months) -> None:
    words = describe_growth(months)
    assert "23,670 customers were first seen" in words  # 7,846 + 8,476 + 7,248 + 100
    assert "most of them in February 1997 (8,476)" in words
    assert "In March 1997, 9,524 customers bought, 2,276 of them returning." in words
    assert words.endswith("April 1997 is not complete.")


def test_counts_are_drawn_and_labelled_with_their_share(repeats, ax) -> None:
    purchase_counts(repeats, ax=ax)
    assert [bar.get_height() for bar in ax.patches] == repeats["customers"].tolist()
    assert [text.get_text() for text in ax.texts] == ["60%", "19%", "9%", "12%"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2", "3+"]


def test_counts_in_words(repeats) -> None:
    assert describe_purchase_counts(repeats).endswith(
        "of 2,357 customers, 1,411 (60%) made 0, 439 (19%) made 1, 293 (12%) made 3+."
    )

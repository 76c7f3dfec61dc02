"""Lesson 2: scores of a small shop, and what CDNOW's best customers brought later."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_02
from tests.teaching.answers.grades import RIGHT, accepted_range, grade


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("2.1", {"R": 3, "F": 3, "M": 2}, RIGHT),
        ("2.1", {"R": 1, "F": 3, "M": 2}, 1),
        ("2.1", {"R": 3, "F": 3, "M": 3}, 2),
        ("2.1", {"R": 3.09, "F": 3, "M": 2}, RIGHT),
        ("2.1", {"R": 3.11, "F": 3, "M": 2}, 0),
        ("2.2", 0.663, RIGHT),
        ("2.2", 0.633, 1),
        ("2.2", 0.942, 2),
        ("2.2", 0.408, 3),
        ("2.3", {"R": 0.5456, "F": 0.5765, "M": 0.4674}, RIGHT),
        ("2.3", {"R": 0.6581, "F": 0.7133, "M": 0.5924}, 1),
        ("2.3", {"R": 5.8495, "F": 5.2149, "M": 4.7389}, 2),
        ("2.4", {"champions": -0.5, "asleep": 0.2}, RIGHT),  # 10 x 0.05 - 1 and 10 x 0.12 - 1
        ("2.4", {"champions": 6.5, "asleep": 1.2}, 1),
        ("2.4", {"champions": 0.5, "asleep": 1.2}, 2),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_tolerances():
    inside, outside = accepted_range("2.3", 0.005)
    assert (inside, outside) == ([RIGHT, RIGHT], [0, 0])
    inside, outside = accepted_range("2.4", 0.005)
    assert (inside, outside) == ([RIGHT, RIGHT], [0, 0])


def test_a_score_is_one_plus_the_share_of_lower_values_in_thirds():
    shop = pd.DataFrame({"F": [1, 2, 3, 4, 5, 6]}, index=["Gil", *"abcde"])
    assert lesson_02._scores_of_gil(shop)["F"] == 1
    assert lesson_02._scores_of_gil(shop.assign(F=[3, 1, 2, 4, 5, 6]))["F"] == 2  # 2 of 6 are lower
    assert lesson_02._scores_of_gil(shop.assign(F=[4, 1, 2, 3, 5, 6]))["F"] == 2  # 3 of 6
    assert lesson_02._scores_of_gil(shop.assign(F=[3, 3, 3, 4, 5, 6]))["F"] == 1  # equal is not


def test_the_shop_is_the_table_of_the_lesson():
    assert lesson_02._SHOP.T.to_dict("list") == {
        "Ana": [-300, 1, 300], "Bo": [0, 6, 60], "Cy": [-30, 2, 90], "Di": [-30, 1, 45],
        "Ed": [-200, 3, 120], "Flo": [-90, 2, 20], "Gil": [-10, 4, 80],
    }  # fmt: skip


def test_later_purchases_are_those_after_september():
    rows = rm.load_cdnow().to_pandas()
    later = rows[rows["date"] > "1997-09-30"]
    scores = lesson_02._scores()
    assert scores["back"].sum() == later["customer_id"].nunique()
    assert scores["later"].sum() == pytest.approx(later["value"].sum())
    best = later.groupby("customer_id")["value"].sum().nlargest(int((scores["M"] == 5).sum()))
    share = best.sum() / later["value"].sum()
    assert lesson_02._share_of_total(lesson_02._later_top_spenders(), "later") == pytest.approx(
        share
    )

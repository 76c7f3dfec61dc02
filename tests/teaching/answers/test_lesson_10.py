"""Lesson 10: the whale curve, whom to let go, and a list of loss makers a year later."""

import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_10
from tests.teaching.answers.grades import RIGHT, accepted_range, grade


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("10.1", 2, RIGHT),  # 50 + 30 + 20, of 50 in all
        ("10.1", 100, 1),
        ("10.1", 200, 2),
        ("10.1", 1, 3),
        ("10.1", 0.6667, 4),
        ("10.2", {"Gus", "Ivy"}, RIGHT),
        ("10.2", {"Gus", "Hal", "Ivy"}, 1),
        ("10.2", {"Fay", "Gus", "Hal", "Ivy"}, 2),
        ("10.2", {"Gus"}, 3),
        ("10.3", 22_812.69, RIGHT),
        ("10.3", -38_131.28, 1),
        ("10.3", 26_221.72, 2),
        ("10.3", 281_714.32, 3),
        ("10.3", 258_901.63, 4),
        ("10.4", "serve more cheaply", RIGHT),
        ("10.4", "end", 1),
        ("10.4", "reprice", 2),
        ("10.4", "keep", 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_later_profit_has_a_tolerance():
    assert accepted_range("10.3", 30) == ([RIGHT, RIGHT], [0, 0])


def test_expected_gains_of_next_year():
    """Nora brings 300 and takes 380; one of five and every second such customer leave."""
    cheaper, dearer = 0.8 * (300 - 190), 0.5 * (360 - 380)
    expected = {"keep": 300 - 380, "serve more cheaply": cheaper, "reprice": dearer, "end": 0}
    assert pytest.approx(expected) == lesson_10._NEXT_YEAR


def test_profits_before_and_after_a_day():
    """Of all customers known at the day: orders less contacts; winning is paid for before."""
    profits = lesson_10._profits("2023-06-30")
    orders, contacts = rm.load_sample("transactions"), rm.load_sample("contacts")
    known = orders.loc[orders["date"] <= "2023-06-30", "customer_id"].unique()
    assert set(profits.index) == set(known)

    def of_known(rows, *, later):
        return rows[rows["customer_id"].isin(known) & ((rows["date"] > "2023-06-30") == later)]

    customers = rm.load_sample("customers").set_index("customer_id")
    for column, later in (("before", False), ("after", True)):
        margin = of_known(orders, later=later).eval("value - cost").sum()
        served = of_known(contacts, later=later)["cost"].sum()
        won = 0.0 if later else customers.loc[known, "acquisition_cost"].sum()
        expected = margin - served - won
        assert profits[column].sum() == pytest.approx(expected), column


def test_loss_makers_have_a_negative_profit():
    losers, profits = lesson_10._loss_makers(), lesson_10._profits()
    assert set(losers.index) == set(profits.index[profits["before"] < 0])

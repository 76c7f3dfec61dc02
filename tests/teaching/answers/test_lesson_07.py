"""Lesson 7: marginal costs, what five points may cost, and the channels."""

import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_07
from tests.teaching.answers.grades import RIGHT, accepted_range, grade

RATES = (0.6, 0.7, 0.8, 0.9)


def rises(of):
    return {rate: of(rate) for rate in RATES}


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("7.1", 250, RIGHT),
        ("7.1", 11.905, 1),
        ("7.1", 35.714, 2),
        ("7.1", 25, 3),
        ("7.1", 62.5, 4),
        ("7.2", 4.7, RIGHT),  # five hundredths of 94, the value of one kept
        ("7.2", 2.5, 1),
        ("7.2", 94, 2),
        ("7.2", 5.5, 3),
        ("7.2", 12.7, 4),
        # r / (1 + d - r) rises to (r + 0.05) / (1 + d - r - 0.05)
        ("7.3", rises(lambda r: (r + 0.05) / (1.05 - r) * (1.1 - r) / r - 1), RIGHT),
        ("7.3", rises(lambda r: 1.05 * (1.1 - r) / (1.1 - 1.05 * r) - 1), 1),
        ("7.3", rises(lambda r: (1.1 - r) / (1.05 - r) - 1), 2),
        ("7.3", rises(lambda r: (r + 0.05) / (0.95 - r) * (1 - r) / r - 1), 3),
        ("7.4", {"fair", "field"}, RIGHT),
        ("7.4", {"web", "mail", "fair", "field"}, 1),
        ("7.4", {"web", "mail", "referral"}, 2),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_gains_have_a_tolerance():
    assert accepted_range("7.3", 0.004) == ([RIGHT, RIGHT], [0, 0])


def test_unit_costs_are_those_of_the_last_four_quarters():
    costs = lesson_07._unit_costs()
    assert sorted(costs.index) == ["fair", "field", "mail", "referral", "web"]
    books = rm.load_sample("books")
    recent = books[books["quarter"].isin(sorted(books["quarter"].unique())[-4:])]
    web = recent[recent["channel"] == "web"]
    cost = web["acquisition_spend"].sum() / web["customers_won"].sum()
    assert costs.loc["web", "acquisition_cost"] == pytest.approx(cost)


def test_equal_costs_are_not_lower():
    costs = lesson_07._unit_costs()
    assert lesson_07._channels_with_lower_cost("retention_cost", "retention_cost") == set()
    assert set(costs.columns) >= {"marginal_acquisition_cost", "marginal_retention_cost"}

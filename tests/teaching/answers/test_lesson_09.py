"""Lesson 9: the value of a rung, of a letter, of a postcard, and of closer service."""

import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.account_years import account_years
from relmark_research.teaching.answers import lesson_09
from tests.teaching.answers.grades import RIGHT, accepted_range, grade

PROBABILITIES = (0.30, 0.20, 0.15, 0.05)


def value_of_a_new_order(letters, *, orders_after=False):
    """The worth V of a customer who has just ordered, as V = 40 + a - b + c V, by hand."""
    constant, factor, staying = 40.0, 0.0, 1.0
    for year, probability in enumerate(PROBABILITIES):
        constant -= staying * 4 * (year < letters)
        orders = probability if year < letters or orders_after else 0.0
        factor += staying * orders / 1.2
        staying *= (1 - orders) / 1.2
    return constant / (1 - factor)


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("9.1", 83.333, RIGHT),  # 30 / (1 - 0.64)
        ("9.1", 150, 1),
        ("9.1", 53.333, 2),
        ("9.1", 66.667, 3),
        ("9.1", 49.2, 4),
        ("9.2", value_of_a_new_order(3), RIGHT),
        ("9.2", value_of_a_new_order(4), 1),
        ("9.2", value_of_a_new_order(2), 2),
        ("9.2", value_of_a_new_order(3, orders_after=True), 3),
        ("9.3", 0.9023, RIGHT),
        ("9.3", 0.8720, 1),
        ("9.3", 0.8511, 2),
        ("9.3", 1.0828, 3),
        ("9.3", 45.116, 4),
        ("9.3", 0.6667, 5),
        ("9.4", 0.9356, RIGHT),
        ("9.4", 0.7549, 1),
        ("9.4", 0.8792, 2),
        ("9.4", 0.1807, 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


@pytest.mark.parametrize(("key", "tolerance"), [("9.2", 0.05), ("9.4", 0.004)])
def test_tolerances(key, tolerance):
    assert accepted_range(key, tolerance) == ([RIGHT, RIGHT], [0, 0])


def test_values_by_recency():
    values = lesson_09._values_by_recency(4)
    assert len(values) == 5
    assert values[0] == pytest.approx(value_of_a_new_order(4))
    assert values[3] == pytest.approx(-4 + 0.05 * values[0] / 1.2)
    assert values[4] == 0  # off the list
    gain = 0.02 * (values[0] - values[3]) / 1.2
    assert lesson_09._gain_of_two_points() == pytest.approx(gain)


def test_means_are_of_complete_account_years_of_small_businesses():
    log = rm.read_transactions(
        "dataset:sample", customer="customer_id", date="date", value="value", cost="cost"
    )
    years = account_years(
        log, contacts=rm.load_sample("contacts"), customers=rm.load_sample("customers")
    )
    years = years[(years["segment"] == "small business") & years["complete"]]
    cells = lesson_09._means_by_level()
    basic = years[years["relationship_level"] == "basic"]
    assert cells["basic"]["retained"] == pytest.approx(basic["retained"].sum() / len(basic))
    assert cells["basic"]["cost"] == pytest.approx(basic["cost"].sum() / len(basic))
    assert set(cells) == {"basic", "reactive", "accountable", "proactive", "partnership"}


def test_the_required_retention_makes_both_levels_worth_the_same():
    cells, rate = lesson_09._means_by_level(), lesson_09._required_retention()
    basic, closer = cells["basic"], cells["partnership"]
    by_basic = (basic["annual_margin"] - basic["cost"]) / (1 - basic["retained"] / 1.1)
    by_closer = (basic["annual_margin"] - closer["cost"]) / (1 - rate / 1.1)
    assert by_closer == pytest.approx(by_basic)

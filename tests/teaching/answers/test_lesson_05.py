"""Lesson 5: the value of a club member, and of CDNOW's customers against a price."""

import pytest

from relmark_research.teaching.answers import lesson_05
from tests.teaching.answers.grades import RIGHT, accepted_range, grade

EXCEEDS = {"one": False, "five": False, "ever": True, "ever_low": True, "other_low": False}


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("5.1", 150, RIGHT),  # 60 / (1 - 0.75 / 1.25)
        ("5.1", 240, 1),
        ("5.1", 90, 2),
        ("5.1", 120, 3),
        ("5.1", 300, 4),
        ("5.2", {"win": 350, "keep": 250, "arrears": 312.5}, RIGHT),
        ("5.2", {"win": 250, "keep": 350, "arrears": 312.5}, 1),
        ("5.2", {"win": 312.5, "keep": 250, "arrears": 350}, 2),
        ("5.2", {"win": 350, "keep": 312.5, "arrears": 250}, 3),
        ("5.3", 0.2911, RIGHT),
        ("5.3", 0.3744, 1),
        ("5.3", 0.2427, 2),
        ("5.3", 0.1, 3),
        ("5.4", EXCEEDS, RIGHT),
        ("5.4", EXCEEDS | {"five": True}, 1),
        ("5.4", EXCEEDS | {"other_low": True}, 2),
        ("5.4", dict.fromkeys(EXCEEDS, True), 3),
        ("5.4", EXCEEDS | {"ever": False}, 0),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_the_share_of_the_first_year_has_a_tolerance():
    assert accepted_range("5.3", 0.005) == ([RIGHT, RIGHT], [0, 0])


def test_values_of_all_customers_at_three_tenths_margin():
    values = [lesson_05._total_value(months).expected for months in (12, 60, 120, None)]
    assert values == pytest.approx([21_797, 58_220, 74_871, 89_822], rel=1e-3)
    assert lesson_05._total_value(None).low == pytest.approx(64_810, rel=1e-3)
    other = lesson_05._total_value(None, other=True)
    assert (other.expected, other.low) == pytest.approx((98_288, 57_408), rel=1e-3)
    assert values[0] == lesson_05._total_value(12, other=False).expected

"""Lesson 12: the gain of a call, two scores, and whom the call moved."""

import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_12
from tests.teaching.answers.grades import RIGHT, accepted_range, grade

KEY, SMALL, PRIVATE = "key account", "small business", "private"


def segments(response, uplift):
    return {"response": response, "uplift": uplift}


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("12.1", -1.5, RIGHT),  # 30 x (0.40 - 0.25) - 6
        ("12.1", 6, 1),
        ("12.1", 4.5, 2),
        ("12.1", -300, 3),
        # 0.06 / sqrt((0.8 - 0.2^2 + 0.84 - 0.26^2) / 200)
        ("12.2", 0.06 / (1.5324 / 200) ** 0.5, RIGHT),
        ("12.2", 0.06 / (0.76 / 200) ** 0.5, 1),
        ("12.2", 0.06 / ((0.76 / 200) ** 0.5 + (0.7724 / 200) ** 0.5), 2),
        ("12.2", 6, 3),
        ("12.3", segments(KEY, SMALL), RIGHT),
        ("12.3", segments(KEY, KEY), 1),
        ("12.3", segments(SMALL, SMALL), 2),
        ("12.3", segments(SMALL, KEY), 3),
        ("12.3", segments(PRIVATE, PRIVATE), 0),
        ("12.4", "lot", RIGHT),
        ("12.4", "before", 1),
        ("12.4", "joiners", 2),
        ("12.4", "twins", 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_standard_errors_have_a_tolerance():
    assert accepted_range("12.2", 0.01) == ([RIGHT, RIGHT], [0, 0])


def test_scores_are_out_of_two_hundred():
    assert (lesson_12._SPRING.answers, lesson_12._AUTUMN.answers) == (200, 200)


def test_response_rates_are_those_of_the_winter_campaign():
    campaigns = rm.load_sample("campaigns")
    winter = campaigns[campaigns["campaign_id"] == "2023-winter"]
    segment = rm.load_sample("customers").set_index("customer_id")["segment"]
    called = winter[(winter["arm"] == "call") & (winter["customer_id"].map(segment) == PRIVATE)]
    rates = lesson_12._response_rates()
    assert rates.loc[PRIVATE, "call"] == pytest.approx(called["responded"].sum() / len(called))
    assert sorted(rates.columns) == ["call", "control", "mail"]

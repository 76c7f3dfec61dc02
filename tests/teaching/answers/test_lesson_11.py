"""Lesson 11: alpha by hand, how many to ask, and regression to the mean of a score."""

import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_11
from tests.teaching.answers.grades import RIGHT, accepted_range, grade


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("11.1", 0.857, RIGHT),  # 2 (1 - 8 / 14)
        ("11.1", 0.4286, 1),
        ("11.1", 0.5714, 2),
        ("11.1", -1.5, 3),
        ("11.2", 7, RIGHT),
        ("11.2", 6.68, 1),
        ("11.2", 3, 2),
        ("11.2", 6, 3),
        ("11.2", 1, 4),
        ("11.3", 0.355, RIGHT),
        ("11.3", 0.4222, 1),
        ("11.3", 0.9119, 2),
        ("11.3", 0.2066, 3),
        ("11.3", 1.2671, 4),
        ("11.4", "others", RIGHT),
        ("11.4", "alpha", 1),
        ("11.4", "feelings", 2),
        ("11.4", "best", 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


@pytest.mark.parametrize(("key", "tolerance"), [("11.2", 0.02), ("11.3", 0.01)])
def test_tolerances(key, tolerance):
    assert accepted_range(key, tolerance) == ([RIGHT, RIGHT], [0, 0])


def test_answers_needed_by_the_formula():
    """between / (between + within / n) >= share where n >= share / (1 - share) x within / between.

    The ratio within / between is 6.68 / 4.
    """
    found = lesson_11._variance_components("trust")
    ratio = found.within / found.between
    assert ratio == pytest.approx(1.6705, abs=1e-4)
    assert lesson_11._exact_answers_needed() == pytest.approx(4 * ratio)
    assert lesson_11._inverted_ratio() == pytest.approx(4 / ratio)
    assert lesson_11._answers_needed(0.98) == 82  # 49 x 1.6705 = 81.9
    just_reached = lesson_11._between_share("trust", 5)
    assert lesson_11._answers_needed(just_reached) == 5
    assert lesson_11._between_share("trust", 2) == pytest.approx(1 / (1 + ratio / 2))


def test_the_ten_lowest_scores_of_communication():
    survey = rm.load_sample("partner_survey")
    items = [name for name in survey if name.startswith("communication")]
    assert items
    waves = survey.groupby(["partner_id", survey["date"].dt.year])[items].mean().mean(axis=1)
    first, second = waves.unstack()[2023], waves.unstack()[2024]
    lowest = first.sort_values().index[:10]
    assert lesson_11._gap_of_lowest() == pytest.approx(first.mean() - first[lowest].mean())
    rise = (second - first)[lowest].mean()
    assert lesson_11._rise_of_lowest() == pytest.approx(rise)

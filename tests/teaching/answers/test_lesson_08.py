"""Lesson 8: moves on the ladder, and ladders that remember the last purchase."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.teaching.answers import lesson_08
from tests.teaching.answers.grades import RIGHT, accepted_range, grade


def people(*, first_time, repeat, lost):
    return {"first-time": first_time, "repeat": repeat, "lost": lost}


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("8.1", people(first_time=100, repeat=350, lost=250), RIGHT),
        ("8.1", people(first_time=100, repeat=350, lost=150), 1),
        ("8.1", people(first_time=100, repeat=300, lost=250), 2),
        ("8.1", people(first_time=50, repeat=287.5, lost=362.5), 3),
        ("8.2", 1 / 3, RIGHT),  # 2 of 6 quarters that something followed on
        ("8.2", 0.25, 1),
        ("8.2", 0.2857, 2),
        ("8.2", 0.4, 3),
        ("8.2", 0.6667, 4),
        ("8.3", 2 / 3, RIGHT),
        ("8.3", 0.25, 1),
        ("8.3", 0.5, 2),
        ("8.3", 0.75, 3),
        ("8.4", 0.0469, RIGHT),
        ("8.4", 0.0840, 1),
        ("8.4", 0.1700, 2),
        ("8.4", 0.0939, 3),
    ],
)
def test_an_answer_is_right_or_a_recognised_mistake(key, answer, expected):
    assert grade(key, answer) == expected


def test_the_misplaced_share_has_a_tolerance():
    assert accepted_range("8.4", 0.002) == ([RIGHT, RIGHT], [0, 0])


def test_a_ladder_has_a_rung_for_each_count_and_each_recency():
    ladder = lesson_08._ladder({"": "under 3", ", silent": "3 or more"})
    assert list(ladder.rungs) == [
        "first-time", "first-time, silent", "repeat", "repeat, silent",
        "regular", "regular, silent", "client", "client, silent",
    ]  # fmt: skip
    assert list(lesson_08._ladder({"": ""}).rungs) == ["first-time", "repeat", "regular", "client"]


def test_rungs_with_the_same_count_are_added():
    rungs = pd.Series({"repeat": 3, "client": 1, "repeat, silent": 2})
    assert lesson_08._sum_by_count(rungs).to_dict() == {"client": 1, "repeat": 5}


def test_actual_counts_are_those_of_the_log():
    days = rm.load_cdnow().to_pandas().groupby("customer_id")["date"].nunique()
    count = pd.cut(days, [0, 1, 3, 7, 999], labels=["first-time", "repeat", "regular", "client"])
    assert lesson_08._actual_counts().to_dict() == count.value_counts().to_dict()


def test_errors_are_shares_of_all_customers():
    """The plain ladder by a forecast of nine months made with powers of its matrix."""
    history = lesson_08._ladder({"": ""}).assign(
        rm.load_cdnow().until("1997-09-30"), period="month"
    )
    P = rm.estimate_transitions(history).matrix
    ahead = history.latest().reindex(P.index, fill_value=0)
    for _ in range(9):
        ahead = ahead @ P
    actual = lesson_08._actual_counts()
    misplaced = (ahead[actual.index] - actual).abs().sum() / 2 / 2357
    assert lesson_08._misplaced_share({"": ""}) == pytest.approx(misplaced)

"""The results of checks for correct and for wrong answers."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import ParameterError
from relmark_research.teaching._grading import agree, differences
from relmark_research.teaching.exercises import CheckResult, check, find, lesson_exercises, lessons

SHARES = pd.Series({"Anna": 0.25, "Ben": 0.75})


@pytest.mark.parametrize(
    ("answer", "correct"),
    [
        (0.667, 2 / 3),
        (np.float64(0.25), 0.25),
        (np.array(7), 7),
        (pd.Series([7.0]), 7),
        (0.0, 0),
        ("Butterfly ", "butterfly"),
        ("first time customer", "first-time customer"),
        (np.bool_(True), True),
        ({"ben": 0.75, "Anna": 0.25}, SHARES),
        (SHARES.to_frame(), SHARES),
        ([0.25, 0.75], np.array([0.25, 0.75])),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.DataFrame({"b": [3, 4], "a": [1, 2]})),
        (["Ben", "Anna"], {"Anna", "Ben"}),
        (pd.Index(["Ben", "Anna"]), {"Anna", "Ben"}),
        (SHARES, {"Anna", "Ben"}),
        (SHARES > 0.5, {"Ben"}),
        ([3, 4], {3, 4}),
    ],
)
def test_correct_answers(answer, correct):
    assert agree(answer, correct)


@pytest.mark.parametrize(
    ("answer", "correct", "unit", "hint"),
    [
        ("0.25", 0.25, "share", "without quotes"),
        (25, 0.25, "share", "in percent; give a share"),
        (0.25, 25, "percent", "a share of one; give percent"),
        (21, 3, "weeks", "in days; give weeks"),
        (24, 2, "years", "in months"),
        (-4, 4, "", "sign"),
        (1.7, 0.25, "share", "between 0 and 1"),
        (0.75, 0.25, "share", "share of the others"),
        (float("nan"), 1, "", "NaN"),
        ([1, 2, 3], 2, "", "one number; found 3"),
        (None, 2, "", "something else (NoneType)"),
        (2.04, 2, "", "Round only at the end"),
        (5, 2, "", ""),
        (True, 1, "", "found True or False"),
        (1, True, "", "True or False; found a number"),
        (3, "lead", "", "a word in quotes"),
        (0.5, SHARES, "share", "2 values by label"),
        ({"Anna": 0.25}, SHARES, "share", "missing: ben"),
        ({"Anna": 0.25, "Ben": 0.5}, SHARES, "share", "1 of 2 are right; look again at ben"),
        ({"Anna": 25, "Ben": 75}, SHARES, "share", "in percent"),
        (["Anna", "Cleo"], {"Anna", "Ben"}, "", "1 belongs there, 1 does not and 1 is m"),
        ("Anna, Ben", {"Anna", "Ben"}, "", "names in braces"),
        ((2, 5), 2.5, "", "takes a point: 1.5, not 1,5"),
        ((2.5, 3.5), 3, "", "one number; found 2"),
        (22.8, 22_800, "euro", "in thousands; give euros"),
        (pd.Series([1.0]).sum, 1, "", "call it, with brackets"),
    ],
)
def test_wrong_answers_get_a_hint(answer, correct, unit, hint):
    assert not agree(answer, correct)
    said = differences(answer, correct, unit=unit)
    assert hint in said
    assert bool(said) == bool(hint)


def test_a_word_is_chosen_from_the_choices():
    words = differences("stranger", "barnacle", choices=("barnacle", "butterfly"))
    assert words == "Choose one of: barnacle, butterfly."
    assert differences("butterfly", "barnacle", choices=("barnacle", "butterfly")) == ""


def test_a_tolerance_is_in_the_unit_of_the_answer():
    assert agree(100.5, 100, 0.5)
    assert not agree(100.6, 100, 0.5)
    assert agree(100.5, 100), "half a percent where nothing is said"
    assert not agree(100.51, 100)


def test_every_key_belongs_to_its_lesson():
    for lesson in lessons():
        assert [each.key.split(".")[0] for each in lesson_exercises(lesson)] == [lesson] * len(
            lesson_exercises(lesson)
        )
    assert find(3.2) is find(" 3.2 ")


@pytest.mark.parametrize("key", ["3.22", "99.1", "x", "3", ""])
def test_an_unknown_key_lists_the_known_ones(key):
    with pytest.raises(ParameterError, match=r"no exercise .*there are: .*3\.1, 3\.2"):
        check(key, 1)
    with pytest.raises(ParameterError, match=r"Did you mean '3\.2'"):
        check("3.22", 1)


def test_the_result_is_readable_in_a_terminal_and_by_a_screen_reader():
    right, wrong = check("3.1", 45 / 65), check("3.1", 0.11)
    assert right
    assert repr(right).startswith("Exercise 3.1: right. ")
    assert not wrong
    assert repr(wrong).startswith("Exercise 3.1: not yet, you answered 0.11. ")
    assert "you answered 'x'" in repr(check("3.1", "x"))
    assert repr(check("3.1", [1, 2])).startswith("Exercise 3.1: not yet. ")
    page = CheckResult("3.1", False, "a < b")._repr_html_()
    assert 'role="status"' in page
    assert "a &lt; b" in page
    assert "Exercise 3.1: not yet." in page
    assert 'aria-hidden="true"' in page


@pytest.mark.parametrize("blank", [None, ...])
def test_an_empty_answer_is_not_a_mistake(blank):
    assert "three dots" in check("3.1", blank).message

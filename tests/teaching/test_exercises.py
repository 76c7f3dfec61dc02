"""The results of checks for correct and for wrong answers."""

import pytest

from relmark_research.errors import ParameterError
from relmark_research.teaching.exercises import CheckResult, check, find, lesson_exercises, lessons


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

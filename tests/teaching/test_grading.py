"""Whether an answer is correct, and the hint about a wrong one."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.teaching._grading import agree, differences

SHARES = pd.Series({"Anna": 0.25, "Ben": 0.75})
TWO_COLUMNS = pd.DataFrame({"a": [1, 2], "b": [3, 4]})


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
        ("first_time customer.", "first-time customer"),
        (np.bool_(True), True),
        ({"ben": 0.75, "Anna": 0.25}, SHARES),
        (SHARES.to_frame(), SHARES),
        ([0.25, 0.75], np.array([0.25, 0.75])),
        (TWO_COLUMNS, TWO_COLUMNS[["b", "a"]]),
        (["Ben", "Anna"], {"Anna", "Ben"}),
        (pd.Index(["Ben", "Anna"]), {"Anna", "Ben"}),
        (SHARES, {"Anna", "Ben"}),
        (SHARES > 0.5, {"Ben"}),
        ({"Anna": 0, "Ben": 3}, {"Anna", "Ben"}),
        ({"x": "Ben", "y": "Anna"}, {"Anna", "Ben"}),
        ([3, 4], {3, 4}),
        ({("Anna", 1.0): 2}, {(" anna", 1): 2}),
        (pd.Series([5], index=[np.int64(3)]), {3: 5}),
    ],
)
def test_correct_answers(answer, correct):
    assert agree(answer, correct)


@pytest.mark.parametrize(
    ("answer", "correct"),
    [
        (True, 1),
        (1, True),
        (False, True),
        ("one", 1),
        (1, "one"),
        ("moth", "butterfly"),
        ({"Anna": 0.25}, SHARES),
        ({"Anna": 0.25, "Cleo": 0.75}, SHARES),
        ({"Anna": 0.25, "Ben": 0.5}, SHARES),
        (0.25, SHARES),
        (TWO_COLUMNS, TWO_COLUMNS.add([0, 1])),
        ({"Anna"}, {"Anna", "Ben"}),
        ({"Anna": True, "Ben": False}, {"Anna", "Ben"}),
        ([1, 2], 1),
        ([], {"Anna"}),
        (1e-8, 0),
    ],
)
def test_incorrect_answers(answer, correct):
    assert not agree(answer, correct)


def test_zero_is_accepted_up_to_rounding():
    assert agree(0.9e-9, 0)
    assert agree(-0.9e-9, 0)


def test_a_tolerance_is_in_the_unit_of_the_answer():
    assert agree(100.5, 100, 0.5)
    assert not agree(100.6, 100, 0.5)
    assert agree(99.5, 100, 0.5)
    assert not agree(99.4, 100, 0.5)
    assert agree([100.5, 1], [100, 1], 0.5)
    assert not agree([100.6, 1], [100, 1], 0.5)
    assert not agree(1.1, 1, 0)


def test_the_default_tolerance_is_half_a_percent():
    assert agree(100.5, 100)
    assert not agree(100.51, 100)
    assert agree(-100.5, -100)
    assert not agree(-99.49, -100)


@pytest.mark.parametrize(
    ("answer", "correct", "unit", "hint"),
    [
        ("0.25", 0.25, "share", "without quotes"),
        (-4, 4, "", "sign"),
        (1.7, 0.25, "share", "between 0 and 1"),
        (-0.1, 0.25, "share", "between 0 and 1"),
        (0.75, 0.25, "share", "share of the others"),
        (0.75, 0.25, "", ""),
        (1, 0.25, "share", ""),
        (0, 0.25, "share", ""),
        (float("nan"), 1, "", "NaN"),
        ([1, 2, 3], 2, "", "one number; found 3"),
        ({}, 2, "", "number; found 0 values"),
        (None, 2, "", "something else (NoneType)"),
        (True, 1, "", "found True or False"),
        ({"a"}, 1, "", "found a set of names"),
        (2.05, 2, "", "ound"),  # 2.5% off: do not round on the way
        (1.95, 2, "", "ound"),
        (2.07, 2, "", ""),
        (1.93, 2, "", ""),
        (0.01, 0, "", ""),
        (5, 2, "", ""),
        (1, True, "", "True or False; found a number"),
        (False, True, "", ""),
        (3, "lead", "", "a word in quotes; found a number"),
        (0.5, SHARES, "share", "2 values by label"),
        ({"Anna": 0.25}, SHARES, "share", " ben"),
        ({"Anna": 0.25, "Ben": 0.75, "Cleo": 1}, SHARES, "share", " cleo"),
        ({"Anna": 0.25, "Ben": 0.5}, SHARES, "share", "1 of 2 are right; look again at ben"),
        ({"Anna": 25, "Ben": 75}, SHARES, "share", "in percent"),
        (["Anna", "Cleo"], {"Anna", "Ben"}, "", "1 belongs there, 1 does not and 1 is m"),
        (["Dan", "Cleo"], {"Anna", "Ben"}, "", "0 belong there, 2 do not and 2 are m"),
        ("Anna, Ben", {"Anna", "Ben"}, "", "names in braces"),
        ((2, 5), 2.5, "", "takes a point: 1.5, not 1,5"),
        ((2.5, 3.5), 3, "", "one number; found 2"),
        ((2.5, 3), 3, "", "takes a point"),
        (("2", 5), 2.5, "", "one number; found 2"),
        (pd.Series([1.0]).sum, 1, "", "call it, with brackets"),
    ],
)
def test_wrong_answers_get_a_hint(answer, correct, unit, hint):
    assert not agree(answer, correct)
    said = differences(answer, correct, unit=unit)
    assert hint in said
    assert bool(said) == bool(hint)


@pytest.mark.parametrize(
    ("answer", "correct", "unit", "hint"),
    [
        (25, 0.25, "share", "in percent"),
        (0.25, 25, "percent", "a share of one"),
        (24, 2, "years", "in months"),
        (730, 2, "years", "in days"),
        (104, 2, "years", "in weeks"),
        (0.5, 6, "months", "in years"),
        (180, 6, "months", "in days"),
        (21, 3, "weeks", "in days"),
        (0.25, 13, "weeks", "in years"),
        (2, 14, "days", "in weeks"),
        (1250, 12.5, "USD", "in cents"),
        (22.8, 22_800, "USD", "in thousands"),
        (1250, 12.5, "euro", "in cents"),
        (22.8, 22_800, "euro", "in thousands"),
    ],
)
def test_an_answer_in_another_unit_is_recognised(answer, correct, unit, hint):
    said = differences(answer, correct, unit=unit)
    assert "right" in said
    assert hint in said
    assert hint not in differences(answer, correct)


def test_the_unit_is_recognised_within_the_tolerance():
    assert "in percent" in differences(25.9, 0.25, unit="share", tolerance=0.01)
    assert "in percent" not in differences(25.9, 0.25, unit="share", tolerance=0.005)


def test_a_word_is_chosen_from_the_choices():
    words = differences("stranger", "barnacle", choices=("barnacle", "butterfly"))
    assert words.endswith("barnacle, butterfly.")
    assert differences("Butterfly", "barnacle", choices=("barnacle", "butterfly")) == ""
    assert differences("stranger", "barnacle") == ""


def test_at_most_three_labels_are_named():
    correct = dict.fromkeys("abcde", 2.0)
    answer = dict.fromkeys("abcde", 5.0)
    assert "look again at a, b, c and 2 more." in differences(answer, correct)
    assert "look again at c, d, e." in differences(answer | {"a": 2, "b": 2}, correct)


def test_a_common_hint_of_all_wrong_labels_is_given():
    correct = {"a": 0.1, "b": 0.2, "c": 0.3}
    assert "in percent" in differences({"a": 10, "b": 20, "c": 0.3}, correct, unit="share")
    mixed = differences({"a": 10, "b": -0.2, "c": 0.3}, correct, unit="share")
    assert mixed.endswith("look again at a, b.")


def test_wrong_truth_values_are_counted_and_not_named():
    correct = {"a": True, "b": False, "c": True}
    assert differences({"a": False, "b": False, "c": True}, correct) == "2 of 3 are right."
    one = {"a": True, "b": 0.5}
    assert differences({"a": False, "b": 0.5}, one) == "1 of 2 are right; look again at a."
    said = differences({"a": 1, "b": False, "c": True}, correct)
    assert "look again at a. Answer True or False" in said


@pytest.mark.parametrize("answer", [-0.1, 0.1, 0.05])
def test_a_wrong_answer_near_0_is_not_right_in_percent(answer):
    assert "percent" not in differences(answer, 0.0, unit="share", tolerance=0.002)
    both = differences({"a": answer, "b": 0.1}, {"a": 0.0, "b": 0.1}, unit="share", tolerance=0.002)
    assert "percent" not in both

import numpy as np
import pytest

from relmark_research import errors


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("custmer", "'customer'"), ("DATE", "'date'"), ("vaule", "'value'")],
)
def test_the_closest_name_is_suggested(name, suggestion):
    said = errors.unknown_name("column", name, ["customer", "date", "value"])
    assert said.startswith(f"no column {name!r}; there are: customer, date, value.")
    assert said.endswith(f"Did you mean {suggestion}?")


def test_nothing_is_suggested_without_a_close_name():
    assert "Did you mean" not in errors.unknown_name("column", "zzz", ["customer"])
    assert "there are: none." in errors.unknown_name("column", "x", [])


@pytest.mark.parametrize(
    "kind", ["DataError", "ParameterError", "ConvergenceError", "LadderError", "ReportError"]
)
def test_every_exception_has_the_same_base(kind):
    assert issubclass(getattr(errors, kind), errors.RelmarkError)


def test_choices_are_listed():
    errors.check_choice("unit", "day", ("day", "week"))
    with pytest.raises(errors.ParameterError, match="there are: day, week"):
        errors.check_choice("unit", "weeks", ("day", "week"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0.95", "found the text '0.95'. Write it without quotes."),
        ("much", "found the text 'much'. Give a number."),
        (None, r"found None \(NoneType\)"),
        (True, r"found True \(bool\)"),
        ([1, 2], r"found \[1, 2\] \(list\)"),
        (1, "found 1."),
        (float("nan"), "found nan."),
    ],
)
def test_text_missing_values_and_values_out_of_bounds_are_refused(value, said):
    with pytest.raises(errors.ParameterError, match=f"must be a number between 0 and 1; {said}"):
        errors.check_number("a share", value, low=0, high=1, exclusive=True)
    with pytest.raises(errors.ParameterError, match=f"probability such as 0.95; {said}"):
        errors.check_level(value)


@pytest.mark.parametrize("value", [0, 1, -0.5, 20, "0.2", None])
def test_a_share_lies_between_0_and_1(value):
    with pytest.raises(errors.ParameterError, match=r"top must be a share in \(0, 1\), such as"):
        errors.check_share("top", value)


def test_numbers_within_their_bounds_are_returned():
    assert errors.check_share("top", 0.2) == 0.2
    assert errors.check_number("a share", np.float32(0.5), low=0, high=1) == 0.5
    assert errors.check_number("a share", 1, low=0, high=1) == 1.0
    assert errors.check_count("n", np.int64(3)) == 3


@pytest.mark.parametrize("value", [0, -1, 2.5, float("inf"), "3"])
def test_a_count_is_whole_and_not_below_its_least(value):
    with pytest.raises(errors.ParameterError, match="n must be a whole number, 1 or more; found"):
        errors.check_count("n", value)

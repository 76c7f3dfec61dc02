import numpy as np
import pytest

from relmark_research import errors
from relmark_research.errors import (
    RUN_VARIABLE,
    SHOW_VARIABLE,
    DataError,
    cell_text,
    first_ids,
    first_rows,
    id_text,
    unknown_name,
    values_hidden,
    values_shown,
)


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


@pytest.fixture
def hidden(monkeypatch):
    monkeypatch.delenv(SHOW_VARIABLE)
    assert not values_shown()


class TestValuesOfTheData:
    def test_they_are_shown_on_request_and_to_interactive_users(self, monkeypatch):
        assert values_shown()  # asked for by the settings of the tests
        monkeypatch.setenv(SHOW_VARIABLE, "0")
        assert not values_shown()
        monkeypatch.delenv(SHOW_VARIABLE)
        assert not values_shown()
        monkeypatch.setattr("sys.ps1", ">>> ", raising=False)
        assert values_shown()

    def test_they_are_never_shown_in_a_run(self, monkeypatch):
        monkeypatch.setenv(RUN_VARIABLE, "relmark-1")
        assert not values_shown()
        monkeypatch.delenv(RUN_VARIABLE)
        with values_hidden():
            assert not values_shown()
        assert values_shown()

    def test_rows_keep_their_numbers(self, hidden):
        assert first_rows([0, 1, 1, 1, 1], "abcde") == "row 2, row 3, row 4"
        assert "a" not in id_text("a@b.example").replace("not shown", "")

    def test_an_interactive_user_sees_ids_beside_the_rows(self):
        assert first_rows([0, 1], ["a", "b"]) == "row 2 ('b')"
        assert first_ids(["a", "b", "c", "d"]) == "'a', 'b', 'c'"

    @pytest.mark.parametrize(
        "text", ["2024-13-01", "31/12/2024", "2024-01-01 10:00:00", "1.234,50", "-5.00 €"]
    )
    def test_days_and_amounts_stay(self, text, hidden):
        assert cell_text(text) == repr(text)

    @pytest.mark.parametrize(
        "text",
        ["bob@example.com", "C-1001", "Ann Lee", "123-45-6789", "+49 171 1234567", "90017850"],
    )
    def test_what_may_be_a_name_or_an_id_does_not(self, text, hidden):
        assert cell_text(text) == "not shown"

    def test_an_error_holds_no_address_in_any_form(self, hidden):
        error = DataError("row 3: bob@example.com is no date")
        assert "bob@" not in str(error) + repr(error) + repr(error.args)
        assert "row 3" in str(error)

    def test_columns_that_look_like_data_are_not_listed(self, hidden):
        words = unknown_name("column", "date", ["bob@example.com", "2024-01-01", "12"])
        assert words == (
            "no column 'date'; there are 3 columns, whose names look like data and are not shown."
        )
        assert "customer" in unknown_name("column", "date", ["customer", "day"])

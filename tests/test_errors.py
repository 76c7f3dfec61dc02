import pytest

from relmark_research import errors


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("custmer", "'customer'"), ("DATE", "'date'"), ("vaule", "'value'")],
)
def test_the_nearest_name_is_suggested(name, suggestion):
    said = errors.unknown_name("column", name, ["customer", "date", "value"])
    assert said.startswith(f"no column {name!r}; there are: customer, date, value.")
    assert said.endswith(f"Did you mean {suggestion}?")


def test_nothing_is_suggested_where_nothing_is_near():
    assert "Did you mean" not in errors.unknown_name("column", "zzz", ["customer"])
    assert "there are: none." in errors.unknown_name("column", "x", [])


@pytest.mark.parametrize(
    "kind", ["DataError", "ParameterError", "ConvergenceError", "LadderError", "ReportError"]
)
def test_one_except_catches_everything_of_ours(kind):
    assert issubclass(getattr(errors, kind), errors.RelmarkError)


def test_choices_are_listed():
    errors.check_choice("unit", "day", ("day", "week"))
    with pytest.raises(errors.ParameterError, match="there are: day, week"):
        errors.check_choice("unit", "weeks", ("day", "week"))

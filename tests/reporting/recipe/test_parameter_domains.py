import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe._parameter_domains import check_domains
from relmark_research.reporting.recipe.parameters import parse_parameters

SOURCE = """
level = 0.95          # of the intervals [> 0, < 1]
rate = 0.1            # per year [0 to 1]
cost = 2.0            # of a letter, in currency [> 0]
unit = "week"         # of the model [day | week]
horizon = "52 weeks"  # how far ahead [horizon]
margin = None         # of value [share]
"""
SCHEMA = {parameter.name: parameter for parameter in parse_parameters(SOURCE)}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("level", 95, "'level' must be > 0, < 1; found 95"),
        ("level", 1.0, "must be > 0, < 1; found 1.0"),
        ("level", float("nan"), "must be > 0, < 1; found nan"),
        ("rate", 10, "'rate' must be between 0 and 1; found 10"),
        ("rate", -0.1, "must be between 0 and 1; found -0.1"),
        ("cost", 0, "'cost' must be > 0; found 0"),
        ("unit", "hour", "'unit' must be one of day, week; found 'hour'"),
        ("horizon", "0 weeks", "'horizon': a horizon must be longer than 0"),
        ("horizon", "soon", "'horizon': .*found 'soon'"),
    ],
)
def test_a_value_outside_the_domain_is_refused(name, value, message) -> None:
    with pytest.raises(ReportError, match=message):
        check_domains({name: value}, SCHEMA)


@pytest.mark.parametrize(
    "given",
    [
        {"level": 0.5, "rate": 0, "cost": 0.01, "unit": "day", "horizon": "12 months"},
        {"rate": 1, "horizon": "1999-12-31"},
        {"level": None, "horizon": None, "margin": 7, "unknown": 1},
    ],
)
def test_values_in_the_domain_none_and_units_pass(given) -> None:
    check_domains(given, SCHEMA)

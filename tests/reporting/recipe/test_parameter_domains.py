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


GROUPS = """
people: str | None = "sample:customers"
column = "segment"
cost = {"all": 1.0}  # a year [by {column} of people]
"""


class TestGroups:
    @staticmethod
    def check(**values: object) -> None:
        schema = {each.name: each for each in parse_parameters(GROUPS)}
        check_domains(values, schema)

    def test_groups_of_the_table_are_accepted(self):
        self.check(cost={"all": 2.0, "private": 3.0})
        self.check(cost={"all": 2.0, "east": 3.0}, column="region")
        self.check(cost={"all": 2.0}, people=None)

    def test_another_group_is_refused_with_those_that_there_are(self, tmp_path):
        with pytest.raises(ReportError, match="no group 'privat'; there are: key account, private"):
            self.check(cost={"privat": 3.0})
        (tmp_path / "a.csv").write_text("id,Art\n1,x\n2,y\n")
        table = {"source": str(tmp_path / "a.csv"), "columns": {"customer_id": "id"}}
        self.check(cost={"x": 1.0, "y": 2.0}, people=table, column="Art")
        with pytest.raises(ReportError, match="no group 'z'; there are: x, y"):
            self.check(cost={"z": 1.0}, people=table, column="Art")

    def test_groups_without_a_table_are_refused(self):
        with pytest.raises(ReportError, match="names 'private', and there is no table"):
            self.check(cost={"private": 3.0}, people=None)

    def test_a_table_that_cannot_be_read_yet_is_left_to_its_own_check(self, tmp_path):
        (tmp_path / "a.csv").write_text("id\n1\n")
        self.check(cost={"x": 1.0}, people=str(tmp_path / "a.csv"))
        self.check(cost={"x": 1.0}, people={"source": "${SECRET_URL}#people"})

"""Expressions of columns: any name can be written, and whatever else is written is refused."""

import random

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError, RelmarkError
from relmark_research.tables.values import expressions
from relmark_research.tables.values.filters import filter_condition

COLUMNS = {
    "Unit Price": 2.0,
    "Quantity": 3.0,
    "Total - Refunded Amount": 7.0,
    "class": 5.0,
    "50%": 11.0,
    "a`b": 13.0,
    "Gro\u0308ße": 17.0,
    "ﬁn": 19.0,
    "цена": 23.0,
    'said "so"': 29.0,
    "zero": 0.0,
}


@pytest.fixture(scope="module")
def table():
    return ibis.memtable(pd.DataFrame({name: [number] for name, number in COLUMNS.items()}))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Unit Price", 2),
        ("Total - Refunded Amount", 7),
        ("`Unit Price` * Quantity", 6),
        ('"Unit Price" * Quantity', 6),
        ("'Unit Price' * Quantity", 6),
        ("`Total - Refunded Amount` - Quantity", 4),
        ("`class` + 1", 6),
        ("`50%` / 2", 5.5),
        ("`a``b` * 1", 13),
        ("Gro\u0308ße * 1", 17),
        ("ﬁn * 1", 19),
        ("цена - Quantity", 20),
        ('`said "so"` * 1', 29),
        ("-(Quantity + 1) * +2", -8),
        ("Quantity * 1e2", 300),
        ("Quantity / zero", None),
    ],
)
def test_columns_of_any_name(table, expression, expected):
    found = table.select(x=expressions.number(table, expression)).to_pandas()["x"].iloc[0]
    assert found == expected if expected is not None else pd.isna(found)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "found 5 \\(int\\)"),
        (True, "found True"),
        (["Quantity"], "found \\['Quantity'\\]"),
        ("1", "found '1', which names none"),
        ("2 * 3", "names none"),
        ("Quantity ** 2", "Found 'Quantity \\*\\* 2'"),
        ("Quantity / 0", "divides by 0"),
        ("Quantity * True", "Found 'True'"),
        ("Quantity * 1e999", "Found '1e999'"),
        ("Quantity * 9" + "9" * 400, "An expression may contain"),
        ("max(Quantity)", "An expression may contain"),
        ("Quantity * (", "stand in backticks"),
        ("-" * 3000 + "Quantity", "has at most 2,000 characters; found 3,008"),
        ("(" * 300 + "Quantity" + ")" * 300, "An expression may contain"),
        ("+".join(["Quantity"] * 220), "has at most 400 parts"),
    ],
)
def test_whatever_else_is_refused(table, value, said):
    with pytest.raises(rm.ParameterError, match=said):
        expressions.number(table, value)


@pytest.mark.parametrize("name", ["Quantiy", "class", "Quantiy * 2", "`Unit Prise` * Quantity"])
def test_unknown_columns_get_the_closest_match(table, name):
    if name == "class":
        table = table.drop("class")
    with pytest.raises(rm.DataError, match="no column"):
        expressions.number(table, name)


class TestTheReader:
    """Section A: value="Unit Price * Quantity" where columns have spaces; value="1"; value=5."""

    FRAME = pd.DataFrame(
        {
            "customer_id": ["a"],
            "date": ["2024-01-01"],
            "Unit Price": ["2,5"],
            "Quantity": [4],
            "Total - Refunded Amount": [9.0],
        }
    )

    def test_columns_with_spaces_and_signs(self):
        log = rm.read_transactions(
            self.FRAME, value="`Unit Price` * Quantity", cost="Total - Refunded Amount"
        )
        row = log.to_pandas().iloc[0]
        assert (row["value"], row["cost"]) == (10, 9)

    def test_without_quotes_they_are_explained(self):
        with pytest.raises(rm.ParameterError, match="in backticks, as in 'Quantity"):
            rm.read_transactions(self.FRAME, value="Unit Price * Quantity")

    @pytest.mark.parametrize("value", ["1", 5, 1.0, "5 * 2"])
    def test_numbers_are_no_columns(self, value):
        with pytest.raises(rm.ParameterError, match="For a log without money: value=None"):
            rm.read_transactions(self.FRAME, value=value)

    @pytest.mark.parametrize("which", ["customer", "date"])
    def test_other_columns_are_names(self, which):
        with pytest.raises(rm.ParameterError, match="the name of a column is expected"):
            rm.read_transactions(self.FRAME, **{which: 5, "value": "Quantity"})


PIECES = [
    "a",
    "b c",
    "`b c`",
    "`",
    '"a"',
    "'a'",
    "1",
    "1e9",
    "'2024-01-01'",
    "==",
    "<",
    ">=",
    "=",
    "!",
    "+",
    "-",
    "*",
    "/",
    "**",
    "%",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    ":",
    ";",
    "\\",
    "\x00",
    "\t",
    "\n",
    " ",
    "and",
    "or",
    "not",
    "in",
    "is",
    "None",
    "True",
    "lambda",
    "if",
    "else",
    "blank(a)",
    "startswith(a, 'x')",
    "contains(",
    "f'{a}'",
    "b'x'",
    "0x1f",
    "1_000",
    "1j",
    "...",
    "é",
    "ﬁ",
    "價",
    "💶",
    "#",
    "@",
    "~",
    "^",
    "$",
    "?",
    "'",
    '"',
    "day",
    "flag",
    "relmark_value",
    ":=",
    "for",
    "2024",
]
TYPED = pd.DataFrame(
    {"a": [1.5], "b c": ["2,5"], "day": pd.to_datetime(["2024-01-01"]), "flag": [True], "é": ["x"]}
)


def test_strings_thrown_at_expressions_and_filters_are_read_or_refused_in_words():
    """Nothing else than an error of the package comes back, whatever is written."""
    draw, table = random.Random(14), ibis.memtable(TYPED)
    read = 0
    for _ in range(4_000):
        text = draw.choice(["", " "]).join(draw.choices(PIECES, k=draw.randint(1, 7)))
        for compiled in (
            lambda t: expressions.number(table, t), lambda t: filter_condition(table, t)
        ):  # fmt: skip
            try:
                read += compiled(text) is not None
            except RelmarkError as refused:
                assert len(str(refused)) > 30
    assert read > 20


@pytest.mark.parametrize(
    "text",
    ["(" * 1000, "not " * 500 + "a == 1", "a" * 5000, "a == " * 300 + "1", "\ud800", "",
     " ", "a in " + "(" * 90 + "1,)", "-" * 1500 + "1 == a", "[" * 150 + "]" * 150],
)  # fmt: skip
def test_extreme_strings_are_refused_too(text):
    table = ibis.memtable(TYPED)
    for compiled in (expressions.number, filter_condition):
        with pytest.raises(RelmarkError):
            compiled(table, text)


@pytest.mark.parametrize("option", ["value", "exclude"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * 2_001, "at most 2,000 characters; found 2,001"),
        (" + ".join(["a"] * 120), "at most 400 parts"),
        ("-" * 120 + "a", "at most 100 levels"),
    ],
)
def test_expressions_and_filters_have_limits(option, text, said):
    frame = pd.DataFrame({"customer_id": ["x", "y"], "date": "2024-01-01", "a": 1.0})
    how = {"value": text} if option == "value" else {"value": "a"}
    options = rm.ReadOptions(exclude=text if option == "exclude" else None)
    with pytest.raises(ParameterError, match=said):
        rm.read_transactions(frame, options=options, **how)

"""Names of columns in expressions: as written, quoted, and never more than a limit."""

import ibis
import pytest

from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.values import columns


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + b", ["a", "b"]),
        ("`a b` * c", ["a b", "c"]),
        ("\"a b\" * 'c d'", ["a b", "c d"]),
        ("`a``b`", ["a`b"]),
        ("ﬁ * e\u0301", ["ﬁ", "e\u0301"]),
        ("a+a", ["a"]),
    ],
)
def test_names_are_those_that_were_written(text, names):
    assert columns.parse(text, quotes_are_names=True).names() == names


def test_quotes_are_text_in_a_filter():
    syntax = columns.parse("`a b` == '`c`'", quotes_are_names=False)
    assert syntax.names() == ["a b"]
    assert syntax.written(syntax.tree) == "`a b`  == '`c`'"


@pytest.mark.parametrize("text", ["a +", "a b", "`a", "", "\x00", "(" * 999])
def test_what_cannot_be_parsed_is_none(text):
    assert columns.parse(text, quotes_are_names=True) is None


@pytest.mark.parametrize(
    ("text", "limit"),
    [("a+" * 150 + "a", "400 parts"), ("a" * 2001, "2,000 characters"), ("-" * 120 + "a", "100 l")],
)
def test_what_is_beyond_a_limit_is_refused(text, limit):
    with pytest.raises(ParameterError, match=f"at most {limit}"):
        columns.parse(text, quotes_are_names=True)


def test_a_text_that_python_warns_of_is_parsed_without_a_warning():
    for text in ("1if a else b", "5j.real * a", "a < '\\d'"):
        assert "a" in columns.parse(text, quotes_are_names=False).names()


def test_unknown_names_and_no_names():
    table = ibis.table({"customer": "string", "relmark_key": "int64"}, name="t")
    with pytest.raises(DataError, match=r"there are: customer\. Did you mean 'customer'"):
        columns.column(table, "custmer")
    with pytest.raises(ParameterError, match=r"found 5 \(int\)\. The columns are: customer\."):
        columns.column(table, 5)


def test_a_first_line_of_data_is_explained():
    table = ibis.table({"4": "string", "19970101": "string"}, name="t")
    with pytest.raises(DataError, match="looks like data"):
        columns.column(table, "date")

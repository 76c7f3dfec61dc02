"""The declared dialect is checked, and the names of columns are."""

import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError, values_hidden
from relmark_research.tables.options import dialect_of
from relmark_research.tables.sources import dialects
from relmark_research.tables.sources.dialects import Dialect


@pytest.mark.parametrize(
    ("given", "kept"),
    [("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), (";", ";"), ("whitespace", "whitespace")],
)
def test_separators_as_they_are_spelled(given, kept):
    assert Dialect(separator=given).separator == kept
    assert rm.ReadOptions(separator=given).separator == kept


@pytest.mark.parametrize("wrong", ["", "||", '"', "\n", 7])
def test_wrong_separators(wrong):
    with pytest.raises(ParameterError, match="separator must be one character"):
        rm.ReadOptions(separator=wrong)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("3", 3), (3, 3), ("None", "none"), ("a, b", ("a", "b")), (["a", " b "], ("a", "b"))],
)
def test_headers_as_they_are_given(given, kept):
    assert rm.ReadOptions(header=given).header == kept


@pytest.mark.parametrize("wrong", [0, -1, True, "first", [], ["a", "A"], ["a", ""], 1.5])
def test_wrong_headers(wrong):
    with pytest.raises(ParameterError, match="header must be a line number from 1, 'none'"):
        rm.ReadOptions(header=wrong)


@pytest.mark.parametrize("wrong", ["utf-9", "zip", "hex", "idna", "unicode_escape", 7])
def test_wrong_encodings(wrong):
    with pytest.raises(ParameterError, match="encoding must be the name of a text encoding"):
        rm.ReadOptions(encoding=wrong)


def test_a_sheet_is_a_name():
    with pytest.raises(ParameterError, match="sheet must be the name of a sheet; found 2"):
        rm.ReadOptions(sheet=2)
    assert dialect_of(rm.ReadOptions(sheet="2024", header=2)) == Dialect(sheet="2024", header=2)


def test_one_empty_name_at_an_end_is_numbered():
    assert dialects.column_names(["", "x"], where="f") == ("column_1", "x")
    assert dialects.column_names(["x", ""], where="f") == ("x", "column_2")
    for names in (["x", "", "y"], ["", "x", ""], [""]):
        with pytest.raises(DataError, match="expected a name for each column"):
            dialects.column_names(names, where="f")
    with pytest.raises(DataError, match="more than once"):
        dialects.column_names(["", "column_1"], where="f")


def test_a_repeated_id_in_a_file_without_header_is_not_shown():
    for names, shown in ((["K-77", "2024-01-01", "K-77"], False), (["kind", "day", "kind"], True)):
        with values_hidden(), pytest.raises(DataError, match="more than once") as raised:
            dialects.column_names(names, where="f")
        assert (names[0] in str(raised.value)) is shown


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["4", "paid"], "header='none') names the columns column_1 to column_2"),
        (["x", "9/28/2012"], "looks like data"),
        (["x", "2012-09-28 10:00"], "looks like data"),
        (["id date paid"], "separator='whitespace'"),
        (["00004 19970101  29.33"], "names the columns column_1 to column_3"),
        (["00004 19970101  29.33"], "separator='whitespace'"),
        (["id^date"], "read as one column"),
        (["customer_id", "date"], ""),
        (["2024_sales", "Q1", "H.2"], ""),
        (["id"], ""),
    ],
)
def test_what_names_hint_at(names, said):
    hint = dialects.header_hint(names)
    assert said in hint
    assert bool(said) == bool(hint)

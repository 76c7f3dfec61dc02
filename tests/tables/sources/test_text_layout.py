"""The layout of a text file is what is declared, or what its first records settle."""

import pytest

from relmark_research.errors import DataError
from relmark_research.tables.sources import _text_layout
from relmark_research.tables.sources._text_layout import (
    in_utf8,
    layout_of,
    records,
    whitespace_rows,
)
from relmark_research.tables.sources.dialects import Dialect


@pytest.fixture
def layout(tmp_path):
    def found(text, **dialect):
        path = tmp_path / "sales.csv"
        path.write_bytes(text.encode(dialect.get("encoding", "utf-8")))
        with in_utf8(path, dialect.get("encoding")) as file:
            return layout_of(file, Dialect(**dialect))

    return found


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b\n1,5;2\n", ";"),
        ("a,b\n1;2,3\n", ","),
        ('"a;b","c"\n"1;2;3","4"\n', ","),
        ("a|b;c\n1|2;3\n4|5\n", "|"),  # the last row has no semicolon
        ("a\tb\n1,2\t3\n", "\t"),
        ("a b\n1 2\n", ","),  # one column
        ("a;b\n" + "1;2\n" * 299 + "1\n", ";"),
    ],
)
def test_the_only_separator_that_fits(layout, text, separator):
    assert layout(text).separator == separator


def test_only_the_first_records_settle_the_separator(layout):
    """A later row that is ragged is for the reader to refuse, by this separator."""
    text = "a;b,c\n" + "1;2,3\n" * 299
    with pytest.raises(DataError, match=r"any of ',' \(2 columns\), ';' \(2 columns\)"):
        layout(text + "1;2\n")
    assert layout("a;b,c\n1;2\n" + "1;2,3\n" * 299).separator == ";"


def test_declared_names_are_as_many_as_fields(layout):
    assert layout("1,5;2,3\n1,5;2,3\n", header=["a", "b"]).separator == ";"
    assert layout("1,5;2,3\n1,5;2,3\n", header=["a", "b", "c"]).separator == ","


def test_where_the_rows_begin(layout):
    assert layout("a,b\n1,2\n").lines_before == 1
    assert layout('\n\n"a\nx",b\n1,2\n').lines_before == 4
    assert layout("Report\n\na,b\n1,2\n", header=3).lines_before == 3
    assert layout("1,2\n", header="none").lines_before == 0
    assert layout("sep=;\na;b\n").lines_before == 2


def test_the_copy_of_another_encoding_is_removed(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes("a,é\n".encode("cp1252"))
    with in_utf8(path, "cp1252") as file:
        copy = file.path
        assert copy != path
        assert copy.read_text("utf-8") == "a,é\n"
        assert file.name == str(path)
    assert not copy.exists()


def test_records_tell_their_lines():
    lines = ["\n", '1,"a\n', 'b"\r\n', "\r\n", "2,c"]
    found = list(records(iter(lines), ",", name="f", before=10))
    assert found == [(12, 13, ["1", "a\nb"]), (15, 15, ["2", "c"])]


def test_fields_between_blanks():
    lines = ["1  2\t3\n", " \n", "4 5"]
    assert list(whitespace_rows(lines, name="f", before=0)) == [["1", "2", "3"], [], ["4", "5"]]
    with pytest.raises(DataError, match="f, line 12: a field begins with a quote"):
        list(whitespace_rows(["1 2", '3 "4 5"'], name="f", before=10))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1,2\n", '"a,b\n', "c\n"], "line 12: a quoted field opens here and is never closed"),
        (["1,2\n", '"a"b,c\n'], "line 12: text follows the closing quote of a field. Write"),
        (['"a\n', 'b"c,d\n'], "line 12: text follows the closing quote .* opened in line 11"),
    ],
)
def test_the_line_of_a_malformed_record_is_named(lines, said):
    with pytest.raises(DataError, match=said):
        list(records(iter(lines), ",", name="f", before=10))


@pytest.mark.parametrize(
    ("text", "dialect", "said"),
    [
        ("a,b\n1,2\n", {"header": 3}, "header in line 3, which is not among the first 2"),
        ("\n\na,b\n", {"header": 1}, "header in line 1, which is blank"),
        ("\n\n", {}, "has no line with text. Export"),
        ("a;b,c\n1;2,3\n1;2;3,4,5\n", {}, "no separator parts every line .* line 3 has 3 fields"),
        ("1,2\n", {"header": ["a", "b", "c"], "separator": ","}, "line 1: expected 3 fields"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused_with_its_line(layout, text, dialect, said):
    with pytest.raises(DataError, match=said):
        layout(text, **dialect)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n1,\0\n", "line 3: found a NUL byte.*Export the file again, or remove"),
        ("a,b\n1,2\n".encode("utf-16-le"), r"line 1: .*ReadOptions\(encoding='utf-16-le'\)"),
        (b"a,b\n1,2\n1,\xff\n", "line 3"),
        (b"a,b\n1,2\n1,\xc3", "line 3"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path, data, said):
    path = tmp_path / "sales.csv"
    path.write_bytes(data)
    with in_utf8(path, None) as file, pytest.raises(DataError, match=said):
        list(file.blocks())


def test_blocks_begin_at_a_position(tmp_path, monkeypatch):
    monkeypatch.setattr(_text_layout, "_BLOCK", 3)
    path = tmp_path / "sales.csv"
    path.write_bytes("a,é\n1,2\n".encode())
    with in_utf8(path, None) as file:
        assert b"".join(file.blocks()) == path.read_bytes()
        assert b"".join(file.blocks(5)) == b"1,2\n"
        assert b"".join(file.blocks(99)) == b""


def test_records_of_blanks_tell_their_lines():
    found = records(iter(["1  2\n", "\n", "3 4\n"]), "whitespace", name="f", before=10)
    assert list(found) == [(11, 11, ["1", "2"]), (13, 13, ["3", "4"])]

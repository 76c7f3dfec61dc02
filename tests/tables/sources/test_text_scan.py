"""The count of records from bytes: right, or not claimed to be."""

import csv
import io

import pytest

from relmark_research.tables.sources._text_scan import scan


def scanned(data, size=1000, fields=2, line_end=b"\n"):
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    return scan(blocks, separator=b",", fields=fields, line_end=line_end)


QUOTED = b'1,2\n\n"a\n\n,b","c""d"\n"","""x"""\n3,4'


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 1000])
def test_records_are_counted_whatever_the_blocks(size):
    found = scanned(QUOTED, size)
    records = [row for row in csv.reader(io.StringIO(QUOTED.decode(), newline="")) if row]
    assert (found.regular, found.records, found.blank_lines) == (True, len(records), 1)
    assert found.longest >= len(b'"a\n\n,b","c""d"\n')
    crlf = scanned(QUOTED.replace(b"\n", b"\r\n"), size, line_end=b"\r\n")
    assert (crlf.regular, crlf.records, crlf.blank_lines) == (True, len(records), 1)


@pytest.mark.parametrize(
    "data",
    [b"1,2\n3\n", b"1,2\n3,4,5\n", b'1,5" disk\n', b'1, "a"\n', b'1,"a" \n', b'1,"a\n',
     b"1,2\r\n", b"1,2\r3,4\n", b'1,"a"b\n', b'x""y,2\n'],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_what_is_not_regular_is_left_to_the_exact_reader(data, size):
    assert not scanned(data, size).regular


def test_line_ends_must_be_the_declared_ones():
    assert not scanned(b"1,2\r\n3,4\n", line_end=b"\r\n").regular
    assert not scanned(b"1,2\n3,4\n", line_end=b"\r\n").regular
    assert scanned(b"1,2\r\n3,4", line_end=b"\r\n").records == 2


def test_blank_lines_of_one_column_are_no_records():
    found = scanned(b'1\n\n""\n', fields=1)
    assert (found.records, found.blank_lines) == (2, 1)

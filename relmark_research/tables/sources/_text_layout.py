"""The layout of a delimited text file: its encoding, separator, header, and its exact records.

The separator is declared, or is the only candidate that parts each of the first records into as
many fields as the header; nothing else is established. Records are tokenised by Python's csv
module, which tells the line of what is malformed.
"""

from __future__ import annotations

import codecs
import csv
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any

from relmark_research.errors import DataError
from relmark_research.tables.sources import encodings, source_files
from relmark_research.tables.sources.dialects import (
    NO_HEADER,
    SEPARATORS,
    WHITESPACE,
    Dialect,
    column_names,
    positional_names,
    spelled,
)

_BLOCK = 1 << 20  # bytes read at a time
_SAMPLE_RECORDS = 300  # from which the separator is established
_SAMPLE_LINES = 600
_SAMPLE_SIZE = 1 << 23  # characters
_BLANKS = re.compile("[ \t]+")
_LINE_END = re.compile("\r\n|\r|\n")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)  # a spreadsheet's own declaration


@dataclass(frozen=True)
class TextLayout:
    """How one file is laid out.

    Attributes
    ----------
    separator
        One character, or ``"whitespace"``.
    columns
        The names of its columns.
    lines_before
        Lines before the first row, the header among them.
    simple_start
        Whether these lines have no quote that DuckDB could take for a field's.
    line_end
        The end of the first line.
    """

    separator: str
    columns: tuple[str, ...]
    lines_before: int
    simple_start: bool
    line_end: str


@dataclass(frozen=True)
class TextFile:
    """A text file in UTF-8: the source's, or a copy of it."""

    path: Path
    name: str
    encoding: str

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Open the file as lines with their ends: LF, CRLF or CR."""
        with source_files.opened(self.path) as file:
            text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
            try:
                yield text
            finally:
                text.detach()

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from a position on; raise DataError where `check` does."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        with source_files.opened(self.path) as file:
            for block in _blocks(file):
                if b"\0" in block or not _continues(decoder, block):
                    self.check()
                wanted, start = block[start:], max(start - len(block), 0)
                if wanted:
                    yield wanted
        if not _continues(decoder, b"", final=True):
            self.check()

    def check(self) -> None:
        """Raise DataError at the first byte that is NUL or not UTF-8, with its line."""
        lines = 1
        with source_files.opened(self.path) as file:
            for block in encodings.transcoded(_blocks(file), "utf-8", name=self.name):
                if b"\0" in block:
                    line = lines + block.count(b"\n", 0, block.index(b"\0"))
                    raise DataError(
                        f"{self.name}, line {line:,}: found a NUL byte, which text does not have. "
                        f"{_nul_hint(block)}"
                    )
                lines += block.count(b"\n")


def layout_of(file: TextFile, dialect: Dialect) -> TextLayout:
    """Establish the layout of a file from its first records, as far as it is not declared."""
    with file.lines() as lines, csv_without_limit():
        head, complete = _head(lines, file)
    skipped = _lines_to_skip(head, dialect, file.name)
    declared = dialect.separator
    if declared is None and dialect.header is None and skipped < len(head):
        line = _SEPARATOR_LINE.fullmatch(head[skipped])
        if line is not None:
            declared, skipped = Dialect(separator=line[1]).separator, skipped + 1
    quoted = any('"' in line for line in head[:skipped])
    sample = _Sample(file.name, head[skipped:], skipped, quoted, complete)
    if not any(line.strip("\r\n") for line in sample.lines):
        raise DataError(
            f"expected a table with a header line; {file.name} has no line with text"
            f"{f' from line {skipped + 1} on' if skipped else ''}. Export it again, or give "
            "another file."
        )
    with csv_without_limit():
        separator = declared or _established_separator(sample, dialect)
        return _layout(sample, separator, dialect)


@dataclass(frozen=True)
class _Sample:
    """The first lines of a file from its header on; complete if they are all there are.

    `skipped` lines are before them, which have quotes or not.
    """

    name: str
    lines: list[str]
    skipped: int
    quoted_before: bool
    complete: bool

    @property
    def first_line(self) -> str:
        """The first line that is not blank."""
        return next((line for line in self.lines if line.strip("\r\n")), "")

    def records(self, separator: str) -> Iterator[tuple[int, int, list[str]]]:
        """Yield (first line, last line, fields) of the records; lines are numbered from 1."""
        none_yet = True
        try:
            for record in records(iter(self.lines), separator, name=self.name, before=self.skipped):
                yield record
                none_yet = False
        except DataError:
            if self.complete or none_yet:  # else the last record may only be cut off
                raise


def _head(lines: Iterator[str], file: TextFile) -> tuple[list[str], bool]:
    """Return the first lines, and whether they are the whole file."""
    head: list[str] = []
    size = 0
    complete = False
    try:
        while len(head) < 2 or (len(head) < _SAMPLE_LINES and size < _SAMPLE_SIZE):
            line = next(lines, "")
            if not line:
                complete = True
                break
            head.append(line)
            size += len(line)
    except UnicodeDecodeError:
        file.check()
        raise
    if any("\0" in line for line in head):
        file.check()
    return head, complete


def _lines_to_skip(head: list[str], dialect: Dialect, name: str) -> int:
    if not isinstance(dialect.header, int):
        return 0
    skipped = dialect.header - 1
    if skipped >= len(head) or not head[skipped].strip():
        found = "is blank" if skipped < len(head) else f"is not among the first {len(head):,}"
        raise DataError(
            f"{name}: expected the header in line {dialect.header}, which {found}. Give the "
            "number of the line with the column names, counted from 1."
        )
    return skipped


def _established_separator(sample: _Sample, dialect: Dialect) -> str:
    """Return the only separator that parts every record into as many fields as the first."""
    findings = {sign: _widths(sample, sign, dialect) for sign in SEPARATORS}
    fitting = {sign: width for sign, (width, _) in findings.items() if width}
    if len(fitting) == 1:
        return next(iter(fitting))
    if fitting:
        found = ", ".join(f"'{spelled(sign)}' ({n} columns)" for sign, n in fitting.items())
        raise DataError(
            f"{sample.name}: the separator can be any of {found}: each parts the first lines into "
            "as many fields as the header. Declare it, such as "
            f"ReadOptions(separator='{spelled(next(iter(fitting)))}')."
        )
    problems = {sign: problem for sign, (_, problem) in findings.items() if problem}
    if len(problems) < 2:  # one column, or the reader tells what is wrong
        return next(iter(problems), SEPARATORS[0])
    raise DataError(
        f"{sample.name}: no separator parts every line into as many fields as the header. "
        f"{' '.join(problems.values())} Correct the line, or declare the separator, such as "
        "ReadOptions(separator=';'); if the header is not the first line, give its number, such "
        "as ReadOptions(header=3)."
    )


def _widths(sample: _Sample, sign: str, dialect: Dialect) -> tuple[int, str]:
    """Return the number of columns that a separator gives (0: not used), and what is wrong."""
    declared = len(dialect.header) if isinstance(dialect.header, tuple) else 0
    width = declared if declared > 1 else 0
    none_yet = True
    try:
        for first, _, fields in islice(sample.records(sign), _SAMPLE_RECORDS):
            if none_yet and len(fields) == 1:
                return 0, ""
            none_yet, width = False, width or len(fields)
            if len(fields) != width:
                if declared == 1:
                    return 0, ""
                found = f"With '{spelled(sign)}', line {first:,} has {len(fields)} fields"
                return 0, f"{found} where {width} are expected."
    except DataError as error:
        used = not none_yet or sign in sample.first_line
        return 0, f"With '{spelled(sign)}', {error}" if used else ""
    return width, ""


def _layout(sample: _Sample, separator: str, dialect: Dialect) -> TextLayout:
    first, last, fields = next(sample.records(separator), (sample.skipped + 1, 0, [""]))
    where = f"{sample.name}, line {first}"
    if isinstance(dialect.header, tuple):
        columns, before = dialect.header, sample.skipped
        if len(fields) != len(columns):
            raise DataError(
                f"{where}: expected {len(columns)} fields, as many as the names declared by "
                f"header; found {len(fields)} with the separator '{spelled(separator)}'. Declare "
                "the separator or all the names."
            )
    elif dialect.header == NO_HEADER:
        columns, before = positional_names(len(fields)), sample.skipped
    else:
        columns, before = column_names(fields, where=where), last
    start = sample.lines[: before - sample.skipped]
    line = (start or sample.lines)[0]
    return TextLayout(
        separator=separator,
        columns=columns,
        lines_before=before,
        simple_start=before <= first and not sample.quoted_before,
        line_end=line[len(line.rstrip("\r\n")) :] or "\n",
    )


def records(
    lines: Iterator[str], separator: str, *, name: str, before: int
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (first line, last line, fields) of each record that is not blank."""
    if separator == WHITESPACE:
        rows = whitespace_rows(lines, name=name, before=before)
        yield from ((n, n, fields) for n, fields in enumerate(rows, start=before + 1) if fields)
        return
    open_lines: list[str] = []  # the lines of the open record
    reader = csv.reader(_keeping(lines, open_lines), delimiter=separator, strict=True)
    while True:
        first = before + reader.line_num + 1
        open_lines.clear()
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise DataError(_malformed(name, first, open_lines, separator, str(error))) from None
        if fields is None:
            return
        if fields:
            yield first, before + reader.line_num, fields


def _keeping(lines: Iterable[str], open_lines: list[str]) -> Iterator[str]:
    for line in lines:
        open_lines.append(line)
        yield line


def whitespace_rows(lines: Iterable[str], *, name: str, before: int) -> Iterator[list[str]]:
    """Yield the fields of each line, none for a blank one."""
    for number, line in enumerate(lines, start=before + 1):
        text = line.strip(" \t\r\n")
        fields = _BLANKS.split(text) if text else []
        if any(field.startswith('"') for field in fields):
            raise DataError(
                f"{name}, line {number:,}: a field begins with a quote; with the separator "
                f"'{WHITESPACE}' fields are not quoted. If single spaces separate the columns: "
                "ReadOptions(separator=' ')."
            )
        yield fields


def _malformed(name: str, first: int, open_lines: Sequence[str], separator: str, error: str) -> str:
    """Return a message about a record that does not end, or in which text follows a quote."""
    opened = first + _line_of_open_quote(open_lines, separator)
    if "unexpected end of data" in error:
        return (
            f"{name}, line {opened:,}: a quoted field opens here and is never closed. Close the "
            'quote, or write it as "" within a quoted field.'
        )
    if "expected after" in error:
        last = first + len(open_lines) - 1
        return (
            f"{name}, line {last:,}: text follows the closing quote of a field"
            f"{f' that opened in line {opened:,}' if opened != last else ''}. Write a quote within "
            'a quoted field as "", or close the field that is open.'
        )
    return f"{name}, line {first:,}: the record is malformed ({error}). Correct it."


def _line_of_open_quote(lines: Sequence[str], separator: str) -> int:
    """Return in which line of a record, from 0, the last quoted field opened."""
    sign = re.escape(separator)
    field = re.compile(rf'(?:(?<={sign})|^)"(?:[^"]|"")*("?)', re.MULTILINE)
    text = "".join(lines)
    opened, position = 0, 0
    while (found := field.search(text, position)) is not None:
        opened = found.start()
        if not found[1]:
            break
        position = max(found.end(), position + 1)
    return len(_LINE_END.findall(text, 0, opened))


@contextmanager
def in_utf8(path: Path, encoding: str | None) -> Iterator[TextFile]:
    """Give a file in UTF-8: itself, or a temporary copy that is removed afterwards."""
    with source_files.opened(path) as file:
        known = encodings.declared_encoding(encoding, file.read(4), name=str(path))
    if known in ("utf-8", "utf-8-sig"):
        yield TextFile(path, str(path), "utf-8")
        return
    with tempfile.TemporaryDirectory(prefix="relmark-text-") as folder:
        copy = Path(folder) / "utf8.csv"
        with source_files.opened(path) as file, copy.open("wb") as out:
            for block in encodings.transcoded(_blocks(file), known, name=str(path)):
                out.write(block)
        yield TextFile(copy, str(path), known)


def _blocks(file: Any) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _nul_hint(block: bytes) -> str:
    proposed = encodings.proposed_encoding(block)
    if not proposed.startswith("utf-16"):
        return "Export the file again, or remove the byte."
    return (
        "The file seems to be saved as UTF-16 without a byte order mark: "
        f"ReadOptions(encoding='{proposed}')."
    )


def _continues(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    """Return whether a block continues valid UTF-8."""
    if block.isascii() and not decoder.getstate()[0]:
        return True
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def csv_without_limit() -> Iterator[None]:
    """Let Python's csv module read fields of any size, which it otherwise refuses."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)

"""Generated text files against a slow reader of our own and Python's csv module.

Each file is read equally by all, or refused with the first offending line. RELMARK_FUZZ_FILES sets
the number of files of the slow part.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import pytest

from relmark_research.errors import RelmarkError
from relmark_research.tables.sources.dialects import Dialect
from relmark_research.tables.sources.open_source import opened_source

FILES = int(os.environ.get("RELMARK_FUZZ_FILES", "2000"))
FAST_FILES = 60
CANDIDATES = (",", ";", "\t", "|")
SAMPLED = 300
LINE_ENDS = ("\n", "\r\n", "\r")
PIECES = (
    "7", "#7", "007", "17850.0", "10,5", "1;2", "a|b", "a\tb", "NA", " ", "", "2024-01-31",
    '5" disk', 'say ""hi""', "two\nlines", "two\r\nlines", "old\rmac", "x\x0by", "#", "--", "'",
    "\\", "customer_id", "1e5", " padded ",
)  # fmt: skip
LETTERS = {
    "utf-8": ("é", "Ж", "漢", "😀", "\u2028", "\u00a0", "\ufeff", "\x85"),
    "cp1252": ("é", "ü", "€", "’"),
    "cp1251": ("Ж", "я", "Иванов"),
}


class Malformed(Exception):  # noqa: N818  (a finding, not a failure)
    """A file that must be refused, with the first offending line where there is one."""

    def __init__(self, line: int | None):
        super().__init__(line)
        self.line = line


# ------------------------------------------------------------------ the slow reader, by RFC 4180


def characters(text: str):
    """Yield (character or "end of line", its text, line)."""
    line, i = 1, 0
    while i < len(text):
        size = 2 if text[i : i + 2] == "\r\n" else 1
        end = text[i] in "\r\n"
        yield end, text[i : i + size], line
        line += end
        i += size


@dataclass
class Tokeniser:
    """One character at a time: (first line, fields) of each record that is not blank."""

    separator: str
    records: list = field(default_factory=list)
    fields: list = field(default_factory=list)
    value: str = ""
    state: str = "start"  # of a field; "plain", "quoted", "closed"
    opened: int = 0
    first: int = 0

    def feed(self, end: bool, text: str, line: int) -> None:
        self.first = self.first or line
        if self.state == "quoted":
            self._within_quotes(text)
        elif end:
            self._end_record(line)
        elif text == self.separator:
            self._end_field()
        elif self.state == "start" and text == '"':
            self.state, self.opened = "quoted", line
        elif self.state == "closed":
            if text != '"':
                raise Malformed(line)
            self.state, self.value = "quoted", self.value + '"'
        else:
            self.state, self.value = "plain", self.value + text

    def finish(self) -> list:
        if self.state == "quoted":
            raise Malformed(self.opened)
        if self.first:
            self._end_record(0)
        return self.records

    def _within_quotes(self, text: str) -> None:
        if text == '"':
            self.state = "closed"
        else:
            self.value += text

    def _end_field(self) -> None:
        self.fields.append(self.value)
        self.value, self.state = "", "start"

    def _end_record(self, line: int) -> None:
        if self.fields or self.value or self.state != "start":
            self._end_field()
            self.records.append((self.first, self.fields))
        self.fields, self.first = [], 0


def records_of(text: str, separator: str, limit: int | None = None) -> list:
    tokeniser = Tokeniser(separator)
    for end, piece, line in characters(text):
        tokeniser.feed(end, piece, line)
        if limit is not None and len(tokeniser.records) >= limit:
            return tokeniser.records
    return tokeniser.finish()


def separator_of(text: str, names: int) -> str:
    """The only candidate by which the first records are alike; Malformed if there is none."""
    fitting, wrong = [], []
    for sign in CANDIDATES:
        try:
            widths = [len(fields) for _, fields in records_of(text, sign, SAMPLED)]
        except Malformed:
            wrong.append(sign)
            continue
        if len({*widths, *([names] if names > 1 else [])}) == 1 and widths[0] > 1:
            fitting.append(sign)
        elif widths and widths[0] > 1 and names != 1:
            wrong.append(sign)
    if len(fitting) > 1 or (not fitting and len(wrong) > 1):
        raise Malformed(None)
    return [*fitting, *wrong, ","][0]


def slow_read(text: str, dialect: Dialect) -> tuple[list[str], list[list[str | None]]]:
    """Columns and rows of a text, or Malformed."""
    header = dialect.header
    skipped = header - 1 if isinstance(header, int) else 0
    lines = ["".join(p for _, p, n in group) for group in _by_line(text)]
    body = "".join(lines[skipped:])
    if not body.strip("\r\n") or (skipped and not lines[skipped].strip()):
        raise Malformed(None)
    names = len(header) if isinstance(header, tuple) else 0
    separator = dialect.separator or separator_of(body, names)
    tokeniser, malformed, records = Tokeniser(separator), None, []
    try:
        for end, piece, line in characters(body):
            tokeniser.feed(end, piece, line)
        records = tokeniser.finish()
    except Malformed as found:
        malformed, records = found.line, tokeniser.records
    if not records:
        raise Malformed(malformed and malformed + skipped)
    if isinstance(header, tuple):
        columns = list(header)
    elif header == "none":
        columns = [f"column_{i + 1}" for i in range(len(records[0][1]))]
    else:
        columns = [name.strip(" \ufeff\u00a0") for name in records.pop(0)[1]]
        if "" in columns or len(set(columns)) < len(columns):
            raise Malformed(None)
    for line, fields in records:
        if len(fields) != len(columns):
            raise Malformed(line + skipped)
    if malformed:
        raise Malformed(malformed + skipped)
    return columns, [[value or None for value in fields] for _, fields in records]


def _by_line(text: str):
    group = []
    for each in characters(text):
        group.append(each)
        if each[0]:
            yield group
            group = []
    yield group


def csv_read(text: str, separator: str) -> list[list[str]]:
    """Records by Python's csv module."""
    lines = ["".join(p for _, p, _ in group) for group in _by_line(text)]
    return [fields for fields in csv.reader(lines, delimiter=separator, strict=True) if fields]


# ------------------------------------------------------------------------------ generated files


@dataclass
class Generated:
    """A file, what is declared about it, and its text."""

    data: bytes
    text: str
    dialect: Dialect
    wrong_byte: bool = False


def generated(seed: int) -> Generated:
    draw = random.Random(seed)
    encoding = draw.choice(
        ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "cp1251"]
    )
    separator = draw.choice([*CANDIDATES, *CANDIDATES, "^", " "])
    columns = draw.choice([1, 2, 2, 3, 5])
    letters = LETTERS.get(encoding, LETTERS["utf-8"])
    rows = [[_value(draw, letters) for _ in range(columns)] for _ in range(_row_count(draw))]
    header = [f"name {i}" if draw.random() < 0.1 else f"c{i}" for i in range(columns)]
    kind = draw.choice(["first", "first", "first", "first", "none", "names", "line"])
    table = rows if kind in ("none", "names") else [header, *rows]
    if draw.random() < 0.1:
        table.insert(draw.randrange(len(table) + 1), header)
    text = _written(draw, table, separator, columns)
    dialect_header = {"none": "none", "names": tuple(header)}.get(kind)
    if kind == "line":
        titles = draw.randrange(1, 4)
        text = (
            "".join(draw.choice(["Report\n", "\n", 'a "b"\r\n', "x,y;z\n"]) for _ in range(titles))
            + text
        )
        dialect_header = titles + 1
    if draw.random() < 0.01:
        text = draw.choice(["", "\n\n", "\r\n"])
    text = text.removeprefix("\ufeff")  # at the start it is a byte order mark
    data, wrong = text.encode(encoding), False
    if encoding == "utf-8" and draw.random() < 0.04:
        data, wrong = _spoilt(draw, data), True
    if draw.random() < 0.1 and data:
        data = gzip.compress(data)
    declared = separator if separator not in CANDIDATES or draw.random() < 0.6 else None
    named = encoding if encoding in ("cp1252", "cp1251", "utf-16-le") else None
    return Generated(data, text, Dialect(declared, named, dialect_header), wrong)


def _row_count(draw: random.Random) -> int:
    return draw.choice([0, 1, 2, 3, 5, 8, 13, draw.randrange(40), draw.randrange(700)])


def _value(draw: random.Random, letters: tuple[str, ...]) -> str:
    if draw.random() < 0.5:
        return str(draw.randrange(100_000))
    value = "".join(draw.choice([*PIECES, *letters]) for _ in range(draw.choice([1, 1, 2, 3])))
    return value * 200_000 if draw.random() < 0.00002 else value


def _written(draw: random.Random, table: list, separator: str, columns: int) -> str:
    """Write a table well, or with one of the faults of real files."""
    ends = draw.choice([("\n",), ("\r\n",), ("\r",), ("\n", "\r\n"), LINE_ENDS])
    style = draw.choice(["minimal", "minimal", "all", "loose"])
    fault = draw.choice([None] * 6 + ["ragged", "unclosed", "after quote"])
    at = draw.randrange(len(table) + 1)
    lines = []
    for i, row in enumerate(table):
        cells = [_cell(draw, value, separator, style) for value in row]
        if fault == "ragged" and i == at:
            cells = cells[: max(columns - 1, 1)] if draw.random() < 0.5 else [*cells, "x"]
        if fault == "unclosed" and i == at:
            cells[-1] = '"open'
        if fault == "after quote" and i == at:
            cells[0] = '"a"b'
        lines.append(separator.join(cells))
        if draw.random() < 0.02:
            lines.append("")
    header_end = ends[0]
    text = "".join(
        line + (header_end if i == 0 or len(ends) == 1 else draw.choice(ends[1:]))
        for i, line in enumerate(lines)
    )
    text = text.rstrip("\r\n") if draw.random() < 0.3 else text
    return draw.choice(["", "", "", "\n"]) + text + draw.choice(["", "", "", "\n\n"])


def _cell(draw: random.Random, value: str, separator: str, style: str) -> str:
    needs = any(sign in value for sign in (separator, '"', "\r", "\n")) or (style == "all")
    if style == "loose" and draw.random() < 0.05:
        return draw.choice([value, f' "{value}"', f'x"{value}'])
    if needs or (style == "loose" and draw.random() < 0.3):
        return '"' + value.replace('"', '""') + '"'
    return value


def _spoilt(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data) + 1)
    while at < len(data) and data[at] & 0xC0 == 0x80:  # not within a character
        at += 1
    return data[:at] + draw.choice([b"\x00", b"\xe9", b"\xff"]) + b"a" + data[at:]


# ------------------------------------------------------------------------------------- the tests


@pytest.fixture(scope="module")
def engine():
    return ibis.duckdb.connect()


def check(seed: int, folder: Path, engine) -> str:
    """Compare the readers on one file; return how it ended."""
    file = generated(seed)
    path = folder / f"{seed}.csv"
    path.write_bytes(file.data)
    try:
        expected = None if file.wrong_byte else slow_read(file.text, file.dialect)
        line = None
    except Malformed as found:
        expected, line = None, found.line
    try:
        opened = opened_source(path, dialect=file.dialect, engine=engine)
        frame = opened.table.to_pandas()
        engine.drop_table(opened.table.op().name, database=("temp", "main"))
    except RelmarkError as error:
        assert expected is None, f"seed {seed}: refused: {error}"
        assert line is None or f"line {line:,}" in str(error), f"seed {seed}: {line}: {error}"
        return "refused"
    assert expected is not None, f"seed {seed}: read, but line {line} is malformed"
    columns, rows = expected
    found = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    assert list(frame.columns) == columns, f"seed {seed}"
    assert found == rows, f"seed {seed}"
    assert opened.facts.records == len(rows), f"seed {seed}"
    if not isinstance(file.dialect.header, int):
        records = csv_read(file.text, opened.dialect.separator)
        assert [
            [v or None for v in fields] for fields in records[-len(rows) or len(records) :]
        ] == rows
    return "read"


def test_generated_files_are_read_as_the_slow_reader_reads_them(tmp_path, engine):
    ends = [check(seed, tmp_path, engine) for seed in range(FAST_FILES)]
    assert {"read", "refused"} == set(ends)


@pytest.mark.slow
def test_many_generated_files_are_read_as_the_slow_reader_reads_them(tmp_path, engine):
    before = csv.field_size_limit(sys.maxsize)
    ends = [check(seed, tmp_path, engine) for seed in range(FAST_FILES, FAST_FILES + FILES)]
    csv.field_size_limit(before)
    assert ends.count("read") > FILES / 3
    assert ends.count("refused") > FILES / 20

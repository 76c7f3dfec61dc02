"""Delimited text files, read strictly: each record has the header's number of fields, or an error.

A file is read in three steps. Its layout (encoding, separator, header) is declared or established
from its first records. Its bytes are then scanned: where they follow RFC 4180 to the letter, the
records are counted, and DuckDB reads the file with every option of the dialect given, so that it
guesses none. Where they do not, where DuckDB refuses the file, or where its rows are not as many as
the records counted, Python's csv module reads the file exactly, or finds the first wrong line.

Empty fields are missing (null), quoted or not. Lines without any character are no records.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from relmark_research.errors import DataError, column_names_text
from relmark_research.tables.sources import _text_layout, _text_scan, source_files
from relmark_research.tables.sources._text_layout import TextFile, TextLayout
from relmark_research.tables.sources.dialects import WHITESPACE, Dialect, header_hint, spelled

_BATCH = 10_000  # rows of the exact reader at a time
_LINE_LIMIT = 1 << 21  # DuckDB's own limit of a line, in bytes
_LONGEST = 1 << 25  # beyond it the exact reader needs less memory than DuckDB
_EXACT = "relmark_exact_rows"  # the view through which the exact reader hands its rows over


@dataclass(frozen=True)
class TextFacts:
    """What was found while files were read: the separators, records and blank lines."""

    separators: tuple[str, ...]
    encodings: tuple[str, ...]
    records: int
    blank_lines: int


@dataclass(frozen=True)
class _Part:
    """A file, its layout, and the columns that its folders name."""

    file: TextFile
    layout: TextLayout
    partition: dict[str, str]

    @property
    def columns(self) -> list[str]:
        """Return all its columns."""
        return [*self.layout.columns, *self.partition]


def read_text_files(
    connection: Any,
    paths: Sequence[Path],
    dialect: Dialect,
    *,
    table: str,
    partitions: Path | None = None,
) -> TextFacts:
    """Read text files into a new temporary table of a DuckDB connection, every column as text.

    Parameters
    ----------
    connection
        A connection of the `duckdb` module.
    paths
        Files with the same columns, in any order; each has a header of its own, if any.
    dialect
        The declared dialect; what it leaves open is established from each file.
    table
        The name of the table.
    partitions
        The folder whose folders, such as ``country=BG``, name further columns.

    Raises
    ------
    DataError
        Where a dialect cannot be established, columns differ, or a record is malformed; the message
        names the file and its first offending line.
    """
    with ExitStack() as copies:
        files = [
            copies.enter_context(_text_layout.in_utf8(path, dialect.encoding)) for path in paths
        ]
        parts = [
            _part(path, file, dialect, partitions) for path, file in zip(paths, files, strict=True)
        ]
        _refuse_other_columns(parts)
        names = (*parts[0].layout.columns, *parts[0].partition)
        columns = ", ".join(f"{_quoted(name)} VARCHAR" for name in names)
        connection.execute(f"CREATE TEMP TABLE {_quoted(table)} ({columns})")
        try:
            counts = [_load(connection, part, table) for part in parts]
        except BaseException:
            connection.execute(f"DROP TABLE IF EXISTS {_quoted(table)}")
            raise
    return TextFacts(
        separators=tuple(dict.fromkeys(part.layout.separator for part in parts)),
        encodings=tuple(dict.fromkeys(part.file.encoding for part in parts)),
        records=sum(records for records, _ in counts),
        blank_lines=sum(blank for _, blank in counts),
    )


def not_a_glob(path: Path) -> str:
    """Return a path with the signs of a glob escaped: DuckDB reads the file of that name.

    Examples
    --------
    >>> not_a_glob(Path("/data/sales[12].csv"))
    '/data/sales[[]12].csv'
    """
    return re.sub(r"([*?\[])", r"[\1]", os.fspath(path.resolve()))


def _refuse_other_columns(parts: Sequence[_Part]) -> None:
    """Raise DataError unless every file has the columns of the first, in whatever order."""
    first = parts[0]
    for part in parts[1:]:
        missing = [name for name in first.columns if name not in part.columns]
        further = [name for name in part.columns if name not in first.columns]
        if missing or further:
            found = [
                f"{what} {column_names_text(map(repr, names[:5]), header=names)}"
                for what, names in (("without", missing), ("with", further))
                if names
            ]
            raise DataError(
                f"expected files with the same columns; {part.file.name} is {' and '.join(found)}, "
                f"unlike {first.file.name}.{header_hint(part.layout.columns)} Name the files of "
                "one table, or give them the same columns."
            )


def _part(path: Path, file: TextFile, dialect: Dialect, partitions: Path | None) -> _Part:
    layout = _text_layout.layout_of(file, dialect)
    named = {} if partitions is None else source_files.partition_of(path, partitions)
    own = {name.casefold() for name in layout.columns}
    return _Part(file, layout, {k: v for k, v in named.items() if k.casefold() not in own})


def _load(connection: Any, part: _Part, table: str) -> tuple[int, int]:
    """Add a file's rows to the table; return its records and blank lines."""
    last = connection.execute(f"SELECT coalesce(max(rowid), -1) FROM {_quoted(table)}").fetchone()[
        0
    ]
    scan = _scanned(part)
    if scan is not None and _loaded_by_duckdb(connection, part, table, scan, last):
        counts = scan.records, scan.blank_lines
    else:
        counts = _loaded_exactly(connection, part, table)
    for name, value in part.partition.items():
        connection.execute(
            f"UPDATE {_quoted(table)} SET {_quoted(name)} = ? WHERE rowid > {last}",
            [value],
        )
    return counts


def _scanned(part: _Part) -> _text_scan.TextScan | None:
    """Count the records from the bytes; None where the file is not regular."""
    layout, file = part.layout, part.file
    fast = (
        layout.simple_start
        and layout.separator.isascii()
        and len(layout.separator) == 1
        and layout.line_end in ("\n", "\r\n")
    )
    start = _start_of_rows(file, layout) if fast else None
    blocks = file.blocks(start or 0)
    if start is None:
        for _ in blocks:  # to check the bytes
            pass
        return None
    scan = _text_scan.scan(
        blocks,
        separator=layout.separator.encode(),
        fields=len(layout.columns),
        line_end=layout.line_end.encode(),
    )
    for _ in blocks:  # what an irregular file leaves
        pass
    return scan if scan.regular and scan.longest < _LONGEST else None


def _start_of_rows(file: TextFile, layout: TextLayout) -> int | None:
    """Return the position of the first row in bytes; None where lines before it end otherwise."""
    with file.lines() as lines:
        before = list(islice(lines, layout.lines_before))
    if any(not line.endswith(layout.line_end) for line in before):
        return None
    if any(line.rstrip("\r\n") + layout.line_end != line for line in before):
        return None
    with source_files.opened(file.path) as head:
        mark = 3 if head.read(3) == b"\xef\xbb\xbf" else 0
    return mark + sum(len(line.encode()) for line in before)


def _loaded_by_duckdb(
    connection: Any, part: _Part, table: str, scan: _text_scan.TextScan, last: int
) -> bool:
    """Let DuckDB add the rows; False, with none added, if it refuses or counts otherwise."""
    import duckdb

    layout = part.layout
    generic = [f"c{i}" for i in range(len(layout.columns))]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in generic)
    packed = "gzip" if source_files.is_gzip(part.file.path) else "none"
    query = f"""
        INSERT INTO {_quoted(table)} ({", ".join(map(_quoted, layout.columns))})
        SELECT {", ".join(generic)} FROM read_csv(
            ?, auto_detect = false, header = false, skip = {layout.lines_before}, delim = ?,
            quote = '"', escape = '"', comment = '', columns = {{{columns}}}, nullstr = '',
            strict_mode = true, null_padding = false, ignore_errors = false, compression = ?,
            hive_partitioning = false, max_line_size = {max(_LINE_LIMIT, 2 * scan.longest)}
        )"""
    try:
        connection.execute(query, [not_a_glob(part.file.path), layout.separator, packed])
        added = connection.fetchone()[0]
    except duckdb.Error:
        return False
    if added != scan.records:
        connection.execute(f"DELETE FROM {_quoted(table)} WHERE rowid > {last}")
    return bool(added == scan.records)


def _loaded_exactly(connection: Any, part: _Part, table: str) -> tuple[int, int]:
    """Add the rows as Python's csv module reads them; DataError at the first malformed record."""
    width = len(part.layout.columns)
    records = blank_lines = 0
    try:
        with part.file.lines() as lines, _text_layout.csv_without_limit():
            rows = _exact_rows(lines, part)
            while batch := list(islice(rows, _BATCH)):
                filled = [row for row in batch if row]
                if any(len(row) != width for row in filled):
                    _refuse_malformed(part)
                _insert(connection, table, part.layout.columns, filled)
                records += len(filled)
                blank_lines += len(batch) - len(filled)
    except csv.Error:
        _refuse_malformed(part)
    return records, blank_lines


def _exact_rows(lines: Iterator[str], part: _Part) -> Iterator[list[str]]:
    """Return the rows as they are; a blank line is an empty list."""
    for _ in islice(lines, part.layout.lines_before):
        pass
    if part.layout.separator == WHITESPACE:
        return _text_layout.whitespace_rows(
            lines, name=part.file.name, before=part.layout.lines_before
        )
    return csv.reader(lines, delimiter=part.layout.separator, strict=True)


def _insert(
    connection: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not rows:
        return
    arrays = [pa.array(values, type=pa.string()) for values in zip(*rows, strict=True)]
    missing = pa.scalar(None, type=pa.string())
    filled = [pc.if_else(pc.equal(array, ""), missing, array) for array in arrays]
    names = ", ".join(map(_quoted, columns))
    connection.register(_EXACT, pa.table(dict(zip(columns, filled, strict=True))))
    try:
        connection.execute(f"INSERT INTO {_quoted(table)} ({names}) SELECT {names} FROM {_EXACT}")
    finally:
        connection.unregister(_EXACT)


def _refuse_malformed(part: _Part) -> NoReturn:
    """Raise DataError with the first malformed record of a file that has one."""
    layout, name = part.layout, part.file.name
    before = layout.lines_before
    with part.file.lines() as lines, _text_layout.csv_without_limit():
        for _ in islice(lines, before):
            pass
        for first, _, fields in _text_layout.records(
            lines, layout.separator, name=name, before=before
        ):
            if len(fields) != len(layout.columns):
                found = _ragged(len(layout.columns), len(fields), layout)
                raise DataError(f"{name}, line {first:,}: {found}")
    raise DataError(f"{name} changed while it was read. Read it again.")


def _ragged(expected: int, found: int, layout: TextLayout) -> str:
    sign = spelled(layout.separator)
    if expected == 1:
        return (
            f"expected one field, since the header has one column; found {found}, separated by "
            f"'{sign}'. If the header is not the first line, give its number, such as "
            "ReadOptions(header=3)."
        )
    return (
        f"expected {expected} fields, as many as columns, separated by '{sign}'; found {found}. "
        "Correct the line (a field that contains the separator is quoted), or declare the "
        "separator."
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

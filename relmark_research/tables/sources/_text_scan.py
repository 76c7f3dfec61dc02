"""A count of the records of a text file from its bytes, independent of the engine that reads it.

The file is tokenised by RFC 4180 without its text being built: a quote opens a field behind a
separator or a line end, and closes it before one. Wherever the bytes do not follow these rules (a
quote within a field, line ends of several kinds, rows of different lengths), the file is not
regular, and is left to the exact reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

_LF, _CR, _QUOTE = b'\n\r"'


@dataclass(frozen=True)
class TextScan:
    """What the bytes of a file's rows say.

    Attributes
    ----------
    regular
        Whether they follow the rules above; if not, the counts are partial.
    records
        Records that are not blank.
    blank_lines
        Lines without any character.
    longest
        An upper bound of the longest record, in bytes.
    """

    regular: bool
    records: int
    blank_lines: int
    longest: int


@dataclass
class _State:
    """The open record at the end of what was scanned."""

    separator: int
    fields: int
    line_end: bytes
    quoted: bool = False
    separators: int = 0
    length: int = 0
    records: int = 0
    blank_lines: int = 0
    longest: int = 0
    regular: bool = field(default=True)


def scan(blocks: Iterable[bytes], *, separator: bytes, fields: int, line_end: bytes) -> TextScan:
    r"""Count the records in blocks of bytes.

    Parameters
    ----------
    blocks
        The rows without the header, UTF-8.
    separator
        One byte.
    fields
        Number of fields that each record must have, >= 1.
    line_end
        ``b"\n"`` or ``b"\r\n"``, which must end every record.

    Examples
    --------
    >>> scan([b'1,"a\n', b'b"\n2,c\n'], separator=b",", fields=2, line_end=b"\n").records
    2
    """
    state = _State(separator[0], fields, line_end)
    for piece in _whole_lines(blocks, line_end):
        _scan_piece(state, piece)
        if not state.regular:
            break
    regular = state.regular and not state.quoted
    return TextScan(regular, state.records, state.blank_lines, state.longest)


def _whole_lines(blocks: Iterable[bytes], line_end: bytes) -> Iterator[bytes]:
    """Yield the bytes in pieces that end with a line feed; the last line is ended if it is open."""
    waiting: list[bytes] = []
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            waiting.append(block)
            continue
        yield b"".join([*waiting, block[:cut]])
        waiting = [block[cut:]] if cut < len(block) else []
    last = b"".join(waiting)
    if last:
        yield last + line_end


def _scan_piece(state: _State, piece: bytes) -> None:
    data = np.frombuffer(piece, dtype=np.uint8)
    if not state.quoted and b'"' not in piece:
        marks = np.flatnonzero((data == _LF) | (data == state.separator))
        returns = np.flatnonzero(data == _CR) if b"\r" in piece else np.empty(0, dtype=np.int64)
        _count(state, data, marks, returns)
        return
    quotes = data == _QUOTE
    inside = np.bitwise_xor.accumulate(quotes, dtype=np.uint8) ^ np.uint8(state.quoted)
    outside = inside == 0
    if not _quotes_enclose_fields(state, data, np.flatnonzero(quotes), inside):
        state.regular = False
        return
    marks = np.flatnonzero(((data == _LF) | (data == state.separator)) & outside)
    returns = np.flatnonzero((data == _CR) & outside)
    _count(state, data, marks, returns)
    state.quoted = bool(inside[-1])


def _quotes_enclose_fields(
    state: _State, data: Bytes, quotes: Positions, inside: npt.NDArray[np.uint8]
) -> bool:
    """Return whether each quote opens a field at its start, closes it at its end, or is doubled."""
    opens = inside[quotes] == 1
    before = data[np.maximum(quotes[opens] - 1, 0)]
    before = np.where(quotes[opens] == 0, np.uint8(_LF), before)
    after = data[np.minimum(quotes[~opens] + 1, len(data) - 1)]
    opened_well = np.isin(before, (state.separator, _LF, _QUOTE))
    closed_well = np.isin(after, (state.separator, _LF, _CR, _QUOTE))
    return bool(opened_well.all() and closed_well.all())


def _count(state: _State, data: Bytes, marks: Positions, returns: Positions) -> None:
    """Add the records that end in a piece; marks are its separators and line ends."""
    at_end = np.flatnonzero(data[marks] == _LF)
    ends = marks[at_end]
    if not _line_ends_agree(state, data, ends, returns):
        state.regular = False
        return
    if not len(ends):
        state.separators += len(marks)
        state.length += len(data)
        return
    separators = np.diff(at_end, prepend=-1) - 1
    separators[0] += state.separators
    lengths = np.diff(ends, prepend=-1)
    lengths[0] += state.length
    blank = lengths == len(state.line_end)
    state.regular = bool((blank | (separators == state.fields - 1)).all())
    state.blank_lines += int(blank.sum())
    state.records += len(ends) - int(blank.sum())
    state.longest = max(state.longest, int(lengths.max()))
    state.separators = len(marks) - int(at_end[-1]) - 1
    state.length = len(data) - int(ends[-1]) - 1


def _line_ends_agree(state: _State, data: Bytes, ends: Positions, returns: Positions) -> bool:
    if state.line_end == b"\n":
        return not len(returns)
    return len(returns) == len(ends) and bool((returns + 1 == ends).all())

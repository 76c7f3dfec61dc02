"""Encodings of text files: recognised by their byte order mark, checked, and proposed.

UTF-8 is recognised by being valid, UTF-16 and UTF-32 by their byte order mark. Any other encoding
has to be declared: every byte is valid in most of them, so a wrong one changes names unseen. The
error proposes one.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from relmark_research.errors import DataError

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LETTERS = 3  # so many that are valid UTF-8 by chance do not occur in other encodings
_SAMPLE = 1 << 20  # bytes from which an encoding is proposed
_PUNCTUATION = frozenset((0x80, 0x85, *range(0x91, 0x98), 0x99))  # of cp1252: euro, quotes, dashes


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding whose byte order mark begins a file, or None.

    Examples
    --------
    >>> marked_encoding("id".encode("utf-16"))
    'utf-16'
    """
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def declared_encoding(encoding: str | None, head: bytes, *, name: str) -> str:
    """Return the encoding to read a file by: the declared one, the marked one, or UTF-8.

    Raises
    ------
    DataError
        Where the file's byte order mark contradicts the declared encoding.
    """
    marked = marked_encoding(head)
    if encoding is None:
        return marked or "utf-8"
    known = codecs.lookup(encoding).name
    family = known.removesuffix("-le").removesuffix("-be").removesuffix("-sig")
    if marked is not None and marked != family:
        raise DataError(
            f"{name}: the encoding is declared as {encoding}, but the file begins with the byte "
            f"order mark of {marked.upper()}. Leave the encoding out."
        )
    return family if marked is not None else known


def transcoded(blocks: Iterable[bytes], encoding: str, *, name: str) -> Iterator[bytes]:
    """Yield the blocks of a file in UTF-8.

    Raises
    ------
    DataError
        At the first byte that is not valid: its value, position and line, and a proposal. At the
        end, where another encoding is declared and all letters beyond ASCII are valid UTF-8.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    utf8 = None if encoding.startswith("utf") else _Utf8Letters()
    done, line, head, after_return = 0, 1, b"", False
    for block in (*_with_end(blocks),):
        done += len(block)
        head = (head + block)[:_SAMPLE] if len(head) < _SAMPLE else head
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, errors="ignore")
            raise DataError(
                _undecodable(
                    name,
                    encoding,
                    byte=error.object[error.start],
                    position=done - len(error.object) + error.start + 1,
                    line=line + _line_ends(before, after_return=after_return),
                    sample=head + block[:_SAMPLE],
                )
            ) from None
        line += _line_ends(text, after_return=after_return)
        after_return = text.endswith("\r") if text else after_return
        if utf8 is not None:
            utf8.see(block)
        yield text.encode("utf-8")
    if utf8 is not None and utf8.count >= _LETTERS:
        raise DataError(utf8.refusal(name, encoding))


class _Utf8Letters:
    """The letters beyond ASCII of a file that is declared to be in another encoding."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self.count = 0
        self.first = ""

    def see(self, block: bytes) -> None:
        """Count the letters of a block; none at all once a byte is not valid UTF-8."""
        if self._decoder is None:
            return
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            self._decoder, self.count = None, 0
            return
        if text.isascii():
            return
        self.count += sum(letter > "\x7f" for letter in text)
        self.first = self.first or next(letter for letter in text if letter > "\x7f")

    def refusal(self, name: str, encoding: str) -> str:
        """Return what the declared encoding would make of the file."""
        wrong = self.first.encode("utf-8").decode(encoding, errors="replace")
        return (
            f"{name}: the encoding is declared as {encoding}, but all {self.count:,} letters "
            f"beyond ASCII are valid UTF-8. {self.first!r} would be read as {wrong!r}. Leave the "
            "encoding out, or declare 'utf-8'."
        )


def proposed_encoding(sample: bytes) -> str:
    """Return the most plausible encoding of text that is not UTF-8.

    UTF-16 has a NUL byte in each letter of English, the first byte if it is big-endian. Letters
    beyond ASCII stand alone in Western European words, and side by side in Cyrillic ones; Cyrillic
    encodings differ in where small letters lie, which are the most frequent.

    Examples
    --------
    >>> proposed_encoding("Café Müller".encode("cp1252"))
    'cp1252'
    >>> proposed_encoding("Иванов, София".encode("cp1251"))
    'cp1251'
    """
    if sample.count(b"\0") > len(sample) / 5:
        big = sample[::2].count(b"\0") > sample[1::2].count(b"\0")
        return "utf-16-be" if big else "utf-16-le"
    high = [i for i, byte in enumerate(sample) if byte >= 0x80]
    together = sum(
        sample[i - 1] >= 0x80 or (i + 1 < len(sample) and sample[i + 1] >= 0x80)
        for i in high
        if i > 0
    )
    if together > 0.6 * len(high):
        counts = [sum(low <= sample[i] <= top for i in high) for low, top in _CYRILLIC]
        return ("cp866", "koi8-r", "cp1251")[counts.index(max(counts))]
    letters = sum(0x80 <= sample[i] <= 0xA5 and sample[i] not in _PUNCTUATION for i in high)
    return "cp850" if letters > 0.5 * len(high) else "cp1252"


_CYRILLIC = ((0x80, 0xAF), (0xC0, 0xDF), (0xE0, 0xFF))  # small letters: cp866, koi8-r, cp1251


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield from (block for block in blocks if block)
    yield b""


def _line_ends(text: str, *, after_return: bool) -> int:
    """Count the line ends of text; a line feed that ends the text before it is not a new one."""
    count = text.count("\n") + text.count("\r") - text.count("\r\n")
    return count - (after_return and text.startswith("\n"))


def _undecodable(
    name: str, encoding: str, *, byte: int, position: int, line: int, sample: bytes
) -> str:
    found = f"{name}: byte 0x{byte:02X} in line {line:,} (byte {position:,} of the file)"
    if encoding != "utf-8":
        return f"{found} is not valid in the declared encoding {encoding}. Declare another one."
    if _mostly_utf8(sample):
        return (
            f"{found} is not UTF-8, but other letters of the file are: two encodings are mixed. "
            "Export the parts in one encoding, and join them again."
        )
    proposed = proposed_encoding(sample)
    names = dict.fromkeys((proposed, "cp1252", "cp1251"))
    readings = [_reading(byte, each) for each in names if not each.startswith("utf")]
    return (
        f"{found} is not UTF-8; it is {', '.join(filter(None, readings))}. Declare the encoding in "
        f"which the file was saved, probably ReadOptions(encoding='{proposed}'), or save it as "
        "UTF-8."
    )


def _mostly_utf8(sample: bytes) -> bool:
    """Return whether most letters beyond ASCII are valid UTF-8, which other encodings are not."""
    text = sample.decode("utf-8", errors="surrogateescape")
    invalid = sum("\udc80" <= letter <= "\udcff" for letter in text)
    return sum(letter > "\x7f" for letter in text) - invalid >= invalid > 0


def _reading(byte: int, encoding: str) -> str:
    try:
        return f"{bytes([byte]).decode(encoding)!r} in {encoding}"
    except UnicodeDecodeError:
        return ""

"""The dialect of a file: separator, encoding, header and sheet, and the names of its columns.

Signs for comments, quotes and rows to skip are never guessed: there is no comment sign, no row is
skipped unless `header` says so, and the quote is ``"``, doubled inside a quoted field (RFC 4180).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from relmark_research.errors import DataError, ParameterError, column_names_text
from relmark_research.tables import sql_dialects

SEPARATORS = (",", ";", "\t", "|")
"""The separators that can be established from a file; any other one has to be declared."""

WHITESPACE = "whitespace"
"""The separator of files whose columns are parted by one or more spaces or tabs."""

NO_HEADER = "none"
Header = int | str | tuple[str, ...] | None

_SPELLED = {"tab": "\t", "\\t": "\t"}
_NOT_FOR_FILES = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"}
_NUMBER = re.compile(r"[+-]?[0-9][0-9 .,']*(e[+-]?[0-9]+)?", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}([ T].*)?")


@dataclass(frozen=True)
class Dialect:
    """How a file is written; None is established from the file.

    Parameters
    ----------
    separator
        One character, ``"tab"`` or ``"whitespace"`` (runs of spaces and tabs, without quotes).
    encoding
        Name of a text encoding, such as ``"cp1252"``.
    header
        None: the first line that is not blank; a line number from 1; ``"none"``: no header, the
        columns are column_1, column_2, ...; or the names of the columns of a file without header.
    sheet
        Name of a workbook's sheet.

    Raises
    ------
    ParameterError
        Where one of them is outside its domain.

    Examples
    --------
    >>> Dialect(separator="tab", header=["id", "paid"])
    Dialect(separator='\\t', encoding=None, header=('id', 'paid'), sheet=None)
    """

    separator: str | None = None
    encoding: str | None = None
    header: Header = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "separator", _checked_separator(self.separator))
        object.__setattr__(self, "header", _checked_header(self.header))
        _check_encoding(self.encoding)
        if self.sheet is not None and not isinstance(self.sheet, str):
            raise ParameterError(f"sheet must be the name of a sheet; found {self.sheet!r}.")


def spelled(separator: str) -> str:
    """Return a separator as it can be written in an option: a tab as ``"tab"``."""
    return "tab" if separator == "\t" else separator


def trimmed_name(name: str) -> str:
    """Return a column's name without blanks and byte order marks around it."""
    return name.strip(sql_dialects.BLANKS)


def positional_names(count: int) -> tuple[str, ...]:
    """Return the names of columns without a header: column_1, column_2, ..."""
    return tuple(f"column_{i}" for i in range(1, count + 1))


def column_names(fields: Sequence[str], *, where: str) -> tuple[str, ...]:
    """Return the column names in a header, trimmed.

    Parameters
    ----------
    fields
        The header's fields. One empty name, the first or the last, is named by its position:
        exports with row numbers have it, and lines that end with a separator.
    where
        The file and line, with which a message begins.

    Raises
    ------
    DataError
        Where names are empty or repeated; upper and lower case are not told apart.

    Examples
    --------
    >>> column_names(["", " customer ", "date"], where="sales.csv, line 1")
    ('column_1', 'customer', 'date')
    """
    names = [trimmed_name(field) for field in fields]
    empty = [i for i, name in enumerate(names) if not name]
    if len(names) > 1 and empty in ([0], [len(names) - 1]):
        names[empty[0]] = f"column_{empty[0] + 1}"
        empty = []
    if empty:
        raise DataError(
            f"{where}: expected a name for each column in the header; found {len(empty)} empty of "
            f"{len(names)}, first column {empty[0] + 1}. Name them in the file; if the header is "
            f"in another line, give its number, such as ReadOptions(header=3).{_data_hint(names)}"
        )
    repeated = _repeated(names)
    if repeated:
        shown = column_names_text(map(repr, repeated[:5]), header=names)
        raise DataError(
            f"{where}: expected columns of different names (upper and lower case are not told "
            f"apart); found {shown} more than once. "
            f"Rename them in the file.{header_hint(names)}"
        )
    return tuple(names)


def header_hint(names: Iterable[str]) -> str:
    """Return what to do where column names look like no header, or nothing.

    The sentence begins with a space: it is appended to the message about an unknown column.

    Examples
    --------
    >>> header_hint(["00004", "19970101", "29.33"])[:36]
    ' The first line looks like data. If '
    """
    found = [name for name in names if name]
    if len(found) == 1 and re.search(r"[^\w.#-]", found[0]):
        return (
            " The file was read as one column. If spaces separate its columns: "
            f"ReadOptions(separator='{WHITESPACE}'); otherwise give the sign that does."
        ) + _data_hint(found[0].split())
    return _data_hint(found)


def _data_hint(names: Sequence[str]) -> str:
    """Return what to do where a name is a number or a date, or nothing."""
    found = [name for name in names if name]
    if any(_NUMBER.fullmatch(name) or _DATE.fullmatch(name) for name in found):
        last = f" to column_{len(names)}" if len(names) > 1 else ""
        return (
            " The first line looks like data. If the file has no header: "
            f"ReadOptions(header='{NO_HEADER}') names the columns column_1{last}."
        )
    return ""


def _repeated(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    found = []
    for name in names:
        if name.casefold() in seen:
            found.append(name)
        seen.add(name.casefold())
    return found


def _checked_separator(separator: object) -> str | None:
    if separator is None:
        return None
    known = _SPELLED.get(separator, separator) if isinstance(separator, str) else ""
    if known == WHITESPACE or (isinstance(known, str) and len(known) == 1 and known not in '"\r\n'):
        return str(known)
    raise ParameterError(
        "separator must be one character other than a quote or a line end, such as ';', 'tab' or "
        f"'{WHITESPACE}' (one or more spaces or tabs); found {separator!r}."
    )


def _checked_header(header: object) -> Header:
    if header is None or (isinstance(header, str) and header.strip().lower() == NO_HEADER):
        return None if header is None else NO_HEADER
    if isinstance(header, str) and header.strip().isdecimal():  # from a command line
        header = int(header)
    if isinstance(header, str) and "," in header:
        header = header.split(",")
    if isinstance(header, int) and not isinstance(header, bool) and header >= 1:
        return header
    if isinstance(header, list | tuple) and header and all(isinstance(n, str) for n in header):
        names = tuple(trimmed_name(name) for name in header)
        if all(names) and not _repeated(names):
            return names
    raise ParameterError(
        f"header must be a line number from 1, '{NO_HEADER}', or different names of the columns of "
        f"a file without a header; found {header!r}."
    )


def _check_encoding(encoding: object) -> None:
    if encoding is None:
        return
    try:
        known = codecs.lookup(str(encoding))
        text = known._is_text_encoding and known.name.replace("_", "-") not in _NOT_FOR_FILES
    except (LookupError, ValueError):
        text = False
    if not text:
        raise ParameterError(
            "encoding must be the name of a text encoding, such as 'utf-8', 'cp1252', 'cp1251' or "
            f"'utf-16'; found {encoding!r}."
        )

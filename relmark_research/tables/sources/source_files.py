"""The files of a source, and their kind, told by their contents and not by their names."""

from __future__ import annotations

import glob
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast
from urllib.parse import unquote

from relmark_research.errors import DataError, unknown_name
from relmark_research.tables.sources import encodings

Kind = Literal["text", "parquet", "workbook"]

_TEXT_ENDINGS = ("csv", "tsv", "txt", "tab", "psv")
_ENDINGS = (
    *_TEXT_ENDINGS, *(f"{ending}.gz" for ending in _TEXT_ENDINGS),
    "parquet", "pq", "xlsx", "xlsm", "xlsb", "xls", "ods",
)  # fmt: skip
_PARTITION = re.compile(r"[^=]+=[^=]+")  # a folder that names a column and its value
_GZIP = b"\x1f\x8b"
_HEAD = 4096
_TAR_MARK = slice(257, 262)
_LISTED = 12

_SQLITE = "an SQLite database. Name its table: sqlite:///{path}#TABLE"
_DUCKDB = "a DuckDB database. Name its table: duckdb:///{path}#TABLE"
_UNPACK = "Unpack it, and give the file inside"
_READ_FIRST = "Read it with pandas or polars and give the table, or export it as CSV or Parquet"
_EXPORT = "Export the table as CSV, Parquet or a workbook (.xlsx)"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"SQLite format 3\x00", _SQLITE),
    (b"ARROW1\x00\x00", f"an Arrow (Feather) file. {_READ_FIRST}"),
    (b"FEA1\x00", f"a Feather file. {_READ_FIRST}"),
    (b"Obj\x01", f"an Avro file. {_READ_FIRST}"),
    (b"\x89HDF", f"an HDF5 file. {_READ_FIRST}"),
    (b"$FL2@(#)", f"an SPSS file. {_READ_FIRST}"),
    (b"<stata_dta>", f"a Stata file. {_READ_FIRST}"),
    (b"\x80\x04\x95", f"a Python pickle. {_READ_FIRST}"),
    (b"\x80\x05\x95", f"a Python pickle. {_READ_FIRST}"),
    (b"\x93NUMPY", f"a NumPy array. {_READ_FIRST}"),
    (b"RDX3\n", f"an R data file. {_EXPORT}"),
    (b"BZh91AY&SY", f"a bzip2 archive. {_UNPACK}"),
    (b"\xfd7zXZ", f"an xz archive. {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"a Zstandard archive. {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive. {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive. {_UNPACK}"),
    (b"%PDF-", f"a PDF document. {_EXPORT}"),
    (b"{\\rtf", f"an RTF document. {_EXPORT}"),
    (b"\x89PNG", f"a picture (PNG). {_EXPORT}"),
    (b"\xff\xd8\xff", f"a picture (JPEG). {_EXPORT}"),
)
_MARKUP = re.compile(rb"\s*<(!doctype|!--|\?xml|html|head|body|table|\w+[\s>])", re.IGNORECASE)
_JSON = re.compile(rb'\s*(\{\s*["}]|\[\s*([\[{"\]]|-?\d+(\.\d+)?\s*[,\]]|null|true|false))')


def files_of(source: str | Path) -> list[Path]:
    """Return the files of a path, a folder or a glob, sorted.

    A path that exists is that path, whatever signs its name contains. In a folder and below it,
    files with the endings of tables count; hidden ones do not.

    Raises
    ------
    DataError
        Where there is no such file, a file is empty or cannot be read, or a folder has no table.
    """
    if not str(source).strip() or "\0" in str(source):
        raise DataError(f"expected a path; found {str(source)[:60]!r}. Name a file or a folder.")
    found = _found(Path(source)) or _found(Path(source).expanduser())
    if not found:
        raise DataError(_no_file(Path(source)))
    files = [file for path in found for file in (_in_folder(path) if path.is_dir() else [path])]
    for file in files:
        _refuse_unreadable(file)
    return files


def _found(path: Path) -> list[Path]:
    """Return a path that exists, or those that it matches as a glob."""
    try:
        if path.exists():
            return [path]
    except OSError as error:  # such as a name that is too long
        raise DataError(
            f"expected a path; found {str(path)[:60]!r} ({error.strerror}). Check the source."
        ) from None
    return [Path(each) for each in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207


def kind_of_files(files: list[Path]) -> Kind:
    """Return the one kind of several files; DataError where they are of several."""
    kinds = {file: kind_of(file) for file in files}
    first = {kind: next(f.name for f in files if kinds[f] == kind) for kind in kinds.values()}
    if len(first) > 1:
        found = ", ".join(f"{kind} ({name})" for kind, name in first.items())
        raise DataError(
            f"expected files of one kind in {files[0].parent}; found {found}. Name those of one "
            "kind, such as folder/*.csv."
        )
    return next(iter(first))


def kind_of(path: Path) -> Kind:
    """Return the kind of a file by its contents.

    Raises
    ------
    DataError
        Where it is neither text, Parquet nor a workbook: the message says what it is.
    """
    with opened(path) as file:
        head = file.read(_HEAD)
    if head.startswith(_GZIP):
        raise DataError(f"{path} is packed by gzip twice. {_UNPACK}.")
    if head.startswith(b"PAR1") and _has_control_bytes(head):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_archive(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "workbook"  # .xls; an encrypted .xlsx is told by the reader
    what = _other_kind(head)
    if what is not None:
        raise DataError(
            f"expected a text file (CSV), Parquet or a workbook; {path} is "
            f"{what.format(path=path.resolve())}."
        )
    return "text"


def partitions_folder(files: Sequence[Path]) -> Path | None:
    """Return the folder of files that all lie in folders such as ``country=BG``, or None."""
    paths = [file.resolve() for file in files]
    depths = {
        next((i for i, part in enumerate(path.parts[:-1]) if _PARTITION.fullmatch(part)), None)
        for path in paths
    }
    depth = depths.pop()
    return None if depths or depth is None else Path(*paths[0].parts[:depth])


def partition_of(file: Path, folder: Path) -> dict[str, str]:
    """Return the columns that a file's folders name, below the folder of partitions.

    Examples
    --------
    >>> partition_of(Path("/log/country=BG/a.csv"), Path("/log"))
    {'country': 'BG'}
    """
    parts = file.resolve().relative_to(folder).parts[:-1]
    pairs = (part.split("=", 1) for part in parts if _PARTITION.fullmatch(part))
    return {name: unquote(value) for name, value in pairs}


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacked if it is gzip; what cannot be read is a DataError."""
    try:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
            yield cast("BinaryIO", file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is a damaged gzip file ({error}). Fetch or export it again."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def is_gzip(path: Path) -> bool:
    """Return whether a file is packed by gzip, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def _in_folder(folder: Path) -> list[Path]:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise DataError(f"the folder {folder} cannot be read: {error.strerror}.") from None
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.name.lower().endswith(tuple(f".{ending}" for ending in _ENDINGS))
        and not any(part[0] in "._" for part in file.relative_to(folder).parts[-1:])
    ]
    if not files:
        raise DataError(
            f"expected CSV or Parquet files in the folder {folder}; found none. Check the path."
        )
    return files


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"expected a file; {path} is none. Check the path.")
    if path.stat().st_size == 0:
        raise DataError(
            f"expected a table with a header line; {path} is empty (0 bytes). "
            "Export it again, or give another file."
        )


def _no_file(path: Path) -> str:
    folder = path.resolve().parent
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    tables = [each.name for each in entries if each.name.lower().endswith(_ENDINGS)]
    return f"there is no file {path}. In {folder}: {unknown_name('file', path.name, tables[:12])}"


def _kind_of_archive(path: Path) -> Kind:
    """Return the kind of a ZIP archive: workbooks are such archives."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype") if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, KeyError, RuntimeError):
        raise DataError(
            f"{path} is a damaged ZIP archive or workbook. Fetch or export it again."
        ) from None
    if "spreadsheet" in kind.decode("ascii", errors="ignore"):
        return "workbook"
    if any(name.startswith("xl/workbook.") for name in names):
        return "workbook"
    files = [name for name in names if not name.endswith("/")]
    listed = ", ".join(files[:_LISTED]) or "nothing"
    raise DataError(
        f"expected a text file (CSV), Parquet or a workbook; {path} is a ZIP archive with "
        f"{listed}{', ...' if len(files) > _LISTED else ''}. {_UNPACK}."
    )


def _has_control_bytes(head: bytes) -> bool:
    """Return whether bytes that text does not have follow the first letters of a file."""
    return any(byte < 9 for byte in head)


def _other_kind(head: bytes) -> str | None:
    """Return what a file is that is no table this package reads, and what to do; or None."""
    if head[8:12] == b"DUCK":
        return _DUCKDB
    if head[_TAR_MARK] == b"ustar":
        return f"a tar archive. {_UNPACK}"
    if head.startswith(b"ORC") and _has_control_bytes(head):
        return f"an ORC file. {_READ_FIRST}"
    known = next((what for magic, what in _MAGIC if head.startswith(magic)), None)
    if known is not None or encodings.marked_encoding(head) not in (None, "utf-8"):
        return known
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        name = "XML" if text.lstrip().lower().startswith(b"<?xml") else "HTML"
        return f"{name}, even if it is named otherwise. {_EXPORT}"
    if _JSON.match(text):
        return f"JSON. {_READ_FIRST}"
    return None

"""Pseudonyms of customers: a keyed hash of the id, and the key.

The key is secret: with it, and with a list of ids, anyone can tell whose pseudonym is whose. It is
the environment variable RELMARK_ID_KEY, or else the file ``.relmark/id_key`` in the working folder
or the nearest folder above it (`relmark init` and `relmark key` make one: 256 random bits that only
their owner may read). Without a key there are no pseudonyms.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from relmark_research.errors import ParameterError
from relmark_research.tables.sql_dialects import BLANKS

KEY_VARIABLE = "RELMARK_ID_KEY"
KEY_FILE = Path(".relmark") / "id_key"
MAKE_A_KEY = "Make a key once: relmark key. Or set the environment variable RELMARK_ID_KEY."

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\.0+")
_BYTES = 10  # of a pseudonym: 80 bits
_KEY_BYTES = 32
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_HAS_OWNERS = hasattr(os, "getuid")  # elsewhere modes do not say who may read a file


def pseudonyms(ids: Iterable[object], *, key: str | None = None) -> list[str]:
    """Return a keyed hash of each id, such as ``"C-5f0c2a91be4d7701c3aa"``.

    Parameters
    ----------
    ids
        Customers' ids.
    key
        Secret key of the hash; None takes that of `id_key`.

    Returns
    -------
    list of str
        ``"C-"`` and the BLAKE2b hash of the id, 10 bytes (80 bits) in hexadecimal; equal ids have
        equal pseudonyms, until the key is rotated.

    Raises
    ------
    ParameterError
        There is no key, or its file can be read by others.

    Examples
    --------
    >>> names = pseudonyms(["007", "008", "007"], key="a secret")
    >>> names[0] == names[2], names[0] == names[1]
    (True, False)
    """
    secret = id_key() if key is None else key
    if not secret:
        raise ParameterError(f"pseudonyms need a secret key; found none. {MAKE_A_KEY}")
    keyed = secret.encode()
    if len(keyed) > hashlib.blake2b.MAX_KEY_SIZE:  # so that a key of any length counts in full
        keyed = hashlib.blake2b(keyed).digest()
    return [
        f"C-{hashlib.blake2b(_text(name).encode(), key=keyed, digest_size=_BYTES).hexdigest()}"
        for name in ids
    ]


def id_key(folder: Path | None = None) -> str:
    """Return the key of pseudonyms, or an empty text where there is none.

    Parameters
    ----------
    folder
        Where the search for the file begins; None is the working folder.

    Raises
    ------
    ParameterError
        Users other than its owner can read the file.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    path = None if key else key_path(folder)
    return _read_key(path) if path else key


def has_key(folder: Path | None = None) -> bool:
    """Return whether there is a key for pseudonyms."""
    return bool(id_key(folder))


def key_path(folder: Path | None = None) -> Path | None:
    """Return the nearest key file of this user in a folder or above it; None if there is none."""
    start = (folder or Path.cwd()).absolute()
    for parent in (start, *start.parents):
        path = parent / KEY_FILE
        if path.is_file() and (not _HAS_OWNERS or path.stat().st_uid == os.getuid()):
            return path
    return None


def write_key(folder: Path, *, rotate: bool = False) -> Path:
    """Make a key in a folder, which only its owner can read, and return the path of its file.

    Parameters
    ----------
    folder
        The folder of the project.
    rotate
        Whether an existing key is replaced. Pseudonyms made before then belong to nobody: they
        cannot be computed again.

    Raises
    ------
    ParameterError
        There is a key already, and it is not to be replaced.
    """
    path = folder.absolute() / KEY_FILE
    if path.exists() and not rotate:
        raise ParameterError(
            f"there is a key already: {path}. Keep it, or replace it: relmark key --rotate. "
            "Pseudonyms then change, and earlier reports no longer match later ones."
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    unfinished = path.with_name(f".id_key.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return unfinished.replace(path)


def _read_key(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    if _HAS_OWNERS and mode & _OTHERS_MAY:
        raise ParameterError(
            f"only its owner may read the key of pseudonyms; {path} has mode {mode:04o}. If nobody "
            f"has copied it: chmod 600 {path}. Otherwise replace it: relmark key --rotate."
        )
    return path.read_text(encoding="utf-8").strip()


def _text(name: object) -> str:
    """Return an id as the log has it: trimmed, composed, whole numbers without a fraction."""
    text = unicodedata.normalize("NFC", str(name).strip(BLANKS))
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text

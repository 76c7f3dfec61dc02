"""Pseudonyms of customers: a keyed hash of the id."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable

from relmark_research.tables.sql_dialects import BLANKS

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\.0+")
KEY_VARIABLE = "RELMARK_ID_KEY"


def pseudonyms(ids: Iterable[object], *, key: str | None = None) -> list[str]:
    """Return a keyed hash of each id, such as ``"C-5f0c2a91be"``.

    Parameters
    ----------
    ids
        Customers' ids.
    key
        Secret key of the hash; None takes the environment variable RELMARK_ID_KEY. Without a key,
        anyone with a list of ids can compute their pseudonyms.

    Returns
    -------
    list of str
        ``"C-"`` and the BLAKE2b hash of the id, 5 bytes in hexadecimal; equal ids have equal
        pseudonyms.

    Examples
    --------
    >>> names = pseudonyms(["007", "008", "007"], key="a secret")
    >>> names[0] == names[2], names[0] == names[1]
    (True, False)
    """
    secret = (os.environ.get(KEY_VARIABLE, "") if key is None else key).encode()[:64]
    return [
        f"C-{hashlib.blake2b(_text(name).encode(), key=secret, digest_size=5).hexdigest()}"
        for name in ids
    ]


def _text(name: object) -> str:
    """Return an id as the log has it: trimmed, composed, whole numbers without a fraction."""
    text = unicodedata.normalize("NFC", str(name).strip(BLANKS))
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text

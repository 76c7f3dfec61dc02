"""Lengths of time and sizes of memory as people write them in a recipe."""

import re
from typing import Any

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_BYTES = {"mb": 10**6, "gb": 10**9, "mib": 2**20, "gib": 2**30}


def seconds(text: Any) -> float:
    """Return a length of time such as ``"20 minutes"`` in seconds.

    Examples
    --------
    >>> seconds("20 minutes")
    1200.0
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([a-z]+?)s?", str(text).strip().lower())
    if match is None or match[2] not in _SECONDS or float(match[1]) == 0:
        raise ValueError(
            f"must be a length of time such as '90 seconds', '20 minutes' or '2 hours'; "
            f"found {str(text)[:60]!r}."
        )
    return float(match[1]) * _SECONDS[match[2]]


def size(text: Any) -> int:
    """Return a size of memory such as ``"2 GB"`` in bytes.

    Examples
    --------
    >>> size("500 MB"), size("1.5 GiB")
    (500000000, 1610612736)
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([kmgtib]+)", str(text).strip().lower())
    if match is None or match[2] not in _BYTES or float(match[1]) == 0:
        raise ValueError(
            f"must be a size of memory such as '500 MB' or '2 GB'; found {str(text)[:60]!r}."
        )
    return round(float(match[1]) * _BYTES[match[2]])


def in_words(size: float) -> str:
    """Return a size of memory in megabytes, or in gigabytes from one on.

    Examples
    --------
    >>> in_words(412_000_000), in_words(2_540_000_000)
    ('412 MB', '2.5 GB')
    """
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"

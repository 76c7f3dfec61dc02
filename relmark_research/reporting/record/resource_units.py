"""Durations and memory sizes as text: ``"20 minutes"``, ``"2 GB"``."""

import re
from typing import Any

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_BYTES = {"mb": 10**6, "gb": 10**9, "mib": 2**20, "gib": 2**30}
_SHOWN = 60  # characters of a wrong value in an error message


def parse_duration(text: Any) -> float:
    """Return a duration such as ``"20 minutes"`` in seconds.

    Raises
    ------
    ValueError
        The text is not a positive number of seconds, minutes or hours.

    Examples
    --------
    >>> parse_duration("20 minutes")
    1200.0
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([a-z]+?)s?", str(text).strip().lower())
    if match is None or match[2] not in _SECONDS or float(match[1]) == 0:
        raise ValueError(
            f"must be a duration such as '90 seconds', '20 minutes' or '2 hours'; "
            f"found {str(text)[:_SHOWN]!r}."
        )
    return float(match[1]) * _SECONDS[match[2]]


def parse_memory_size(text: Any) -> int:
    """Return a memory size such as ``"2 GB"`` in bytes.

    Raises
    ------
    ValueError
        The text is not a positive number of MB, GB, MiB or GiB.

    Examples
    --------
    >>> parse_memory_size("500 MB"), parse_memory_size("1.5 GiB")
    (500000000, 1610612736)
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*([kmgtib]+)", str(text).strip().lower())
    if match is None or match[2] not in _BYTES or float(match[1]) == 0:
        raise ValueError(
            f"must be a memory size such as '500 MB' or '2 GB'; found {str(text)[:_SHOWN]!r}."
        )
    return round(float(match[1]) * _BYTES[match[2]])


def format_memory_size(size: float) -> str:
    """Return a size in bytes as text: in MB below one gigabyte, else in GB.

    Examples
    --------
    >>> format_memory_size(412_000_000), format_memory_size(2_540_000_000)
    ('412 MB', '2.5 GB')
    """
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"

"""Imports that the processes of a run do not need; blocking them saves one or two seconds each."""

import sys
from typing import Any, cast

_ADDRESS_GRAMMAR = "rfc3987_syntax"  # jsonschema builds it on import; notebooks do not use it
_REMOTE_STORAGE = ("pyarrow",)  # papermill uses it for notebooks on Hadoop


def block_imports(*names: str) -> None:
    """Make optional modules appear as not installed in this process.

    Only for processes that this package runs from start to end.
    """
    for name in names:
        sys.modules.setdefault(name, cast(Any, None))


def block_address_grammar() -> None:
    """Read and write notebooks without the grammar of international addresses."""
    block_imports(_ADDRESS_GRAMMAR)


def block_papermill_extras() -> None:
    """Restrict papermill to notebooks on this machine."""
    block_imports(_ADDRESS_GRAMMAR, *_REMOTE_STORAGE)

"""What need not be imported: a second or two for each process of a run."""

import sys
from typing import Any, cast

_GRAMMAR = "rfc3987_syntax"  # built on import by jsonschema; notebooks have no such addresses
_STORES = ("pyarrow",)  # for notebooks on Hadoop, which papermill can read


def without(*names: str) -> None:
    """Let modules that are optional to their users count as not installed, in this process.

    Only for processes that are ours from start to end.
    """
    for name in names:
        sys.modules.setdefault(name, cast(Any, None))


def spare_grammar() -> None:
    """Read and write notebooks without a grammar of international addresses."""
    without(_GRAMMAR)


def spare_papermill() -> None:
    """Run notebooks with papermill on files of this machine alone."""
    without(_GRAMMAR, *_STORES)

"""Docstrings as Napoleon reads them, but for properties, whose first sentence may have a colon."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.ext import napoleon

_read = napoleon._process_docstring


def read(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Read a property as a method is read, not as ``type: words``."""
    _read(app, "method" if what in ("property", "attribute") else what, name, obj, options, lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Set Napoleon up with this reader."""
    napoleon._process_docstring = read
    app.setup_extension("sphinx.ext.napoleon")
    return {"parallel_read_safe": True, "parallel_write_safe": True}

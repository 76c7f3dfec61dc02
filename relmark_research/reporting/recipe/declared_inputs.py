"""Inputs of notebooks that are declared, because no parameter holds them.

A recipe declares them for all its notebooks; a notebook declares its own in its metadata, below
``relmark``:

inputs:
  files: [rates.csv, "maps/*.geojson"]   # relative to the recipe, or to the notebook
  environment: [FISCAL_YEAR]             # names of environment variables
  day: true                              # the calendar day matters
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name

_KEYS = ("files", "environment", "day")


@dataclass(frozen=True)
class DeclaredInputs:
    """Files and globs as absolute paths, environment variables, and whether the day matters.

    Examples
    --------
    >>> one, other = DeclaredInputs(environment=("YEAR",)), DeclaredInputs(day=True)
    >>> one.with_more(other)
    DeclaredInputs(files=(), environment=('YEAR',), day=True)
    """

    files: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    day: bool = False

    def with_more(self, other: "DeclaredInputs") -> "DeclaredInputs":
        """Return the inputs of both."""
        return DeclaredInputs(
            tuple(dict.fromkeys((*self.files, *other.files))),
            tuple(dict.fromkeys((*self.environment, *other.environment))),
            self.day or other.day,
        )


def read_declared(content: Any, folder: Path, *, place: str) -> DeclaredInputs:
    """Return the declared inputs of a section ``inputs``.

    Parameters
    ----------
    content
        The section, or None.
    folder
        The folder that relative files start from.
    place
        Where the section stands, for error messages.

    Raises
    ------
    ReportError
        The section has another form.
    """
    if content is None:
        return DeclaredInputs()
    if not isinstance(content, Mapping):
        raise ReportError(f"{place} must hold {', '.join(_KEYS)}; found {content!r}.")
    for key in content:
        if key not in _KEYS:
            raise ReportError(f"{place}: {unknown_name('key', str(key), _KEYS)}")
    lists = {name: content.get(name) or [] for name in ("files", "environment")}
    for name, found in lists.items():
        if not isinstance(found, list) or not all(isinstance(e, str) and e for e in found):
            raise ReportError(f"{place}.{name} must be a list of texts; found {found!r}.")
    day = content.get("day", False)
    if not isinstance(day, bool):
        raise ReportError(f"{place}.day must be true or false; found {day!r}.")
    files = (str((folder / Path(each).expanduser()).absolute()) for each in lists["files"])
    return DeclaredInputs(tuple(files), tuple(lists["environment"]), day)


def declared_in_notebook(notebook: Path) -> DeclaredInputs:
    """Return the inputs that the metadata of a notebook declare.

    Raises
    ------
    ReportError
        They have another form.
    """
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {})
    ours = metadata.get("relmark", {})
    content = ours.get("inputs") if isinstance(ours, Mapping) else None
    place = f"notebook {notebook.stem}: metadata.relmark.inputs"
    return read_declared(content, notebook.parent, place=place)

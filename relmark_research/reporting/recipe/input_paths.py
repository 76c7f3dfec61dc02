"""Parameters that name files: which they are, and from where their paths are read.

A recipe's paths are read from the recipe's folder, those of the command line from the working
directory, and a notebook's defaults from the notebook's own. A parameter is known to be a path by
its name, ``source``, by a default that is a table of the sample, or by what its comment has in
square brackets: ``[file]`` or ``[folder]``, which must be there, or ``[path]``, which need not.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.input_tables import SAMPLE
from relmark_research.reporting.recipe.parameters import Parameter
from relmark_research.reporting.recipe.recipe_sources import is_remote, source_files
from relmark_research.reporting.record.secrets import named
from relmark_research.tables.sources import databases

_BUNDLED = (SAMPLE, "dataset:")
_KINDS = ("file", "folder", "path")
_THERE: dict[str, Callable[[str], object]] = {
    "source": source_files,
    "file": lambda text: Path(text).is_file(),
    "folder": lambda text: Path(text).is_dir(),
}


def located_paths(
    given: Mapping[str, Any], schema: Mapping[str, Parameter], folder: Path
) -> dict[str, Any]:
    """Return given parameters, those that name files with their paths made absolute.

    Parameters
    ----------
    given
        Values by name; a list may hold several paths.
    schema
        The notebook's parameters.
    folder
        From where the paths are read.
    """
    return {
        name: _located(value, folder) if name in schema and _is_path(schema[name]) else value
        for name, value in given.items()
    }


def check_paths(given: Mapping[str, Any], schema: Mapping[str, Parameter]) -> None:
    """Refuse a source, a ``[file]`` or a ``[folder]`` that was given and is not there.

    Raises
    ------
    ReportError
        Which parameter, and what was looked for.
    """
    for name, value in given.items():
        kind = "source" if name == "source" else schema[name].unit if name in schema else ""
        for text in value if isinstance(value, list) else [value]:
            if kind in _THERE and _names_place(text) and not _THERE[kind](text):
                raise ReportError(f"parameter {name!r} must be a {kind}; nothing such at {text}.")


def _is_path(parameter: Parameter) -> bool:
    table = isinstance(parameter.default, str) and parameter.default.startswith(SAMPLE)
    return parameter.name == "source" or table or parameter.unit in _KINDS


def _located(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_located(item, folder) for item in value]
    if isinstance(value, str) and not named(value):
        value = databases.located(value, folder)
    return str((folder / Path(value).expanduser()).absolute()) if _names_place(value) else value


def _names_place(value: Any) -> bool:
    """Whether a value is a path of this machine; a bare word may name something built in."""
    if not isinstance(value, str) or value.startswith(_BUNDLED) or is_remote(value):
        return False
    if named(value) or "\n" in value or "\0" in value:
        return False
    return bool(Path(value).suffix) or "/" in value

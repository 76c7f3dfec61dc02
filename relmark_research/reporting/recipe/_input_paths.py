"""Parameters that hold paths: which parameters they are, and how their paths are resolved.

Paths in a recipe are relative to the recipe's folder, paths on the command line to the working
directory, and a notebook's defaults to the notebook's folder. A parameter holds a path if its name
is ``source``, if its default is a table of the sample, or if its comment has ``[file]``,
``[folder]`` or ``[table]``, which must exist, or ``[path]``, which need not exist.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.parameters import SAMPLE, Parameter
from relmark_research.reporting.recipe.recipe_sources import is_remote, source_files
from relmark_research.reporting.record.secrets import secret_names
from relmark_research.tables.sources import databases

_BUNDLED = (SAMPLE, "dataset:")
_PATH_UNITS = ("file", "folder", "path", "table")
_EXISTS: dict[str, Callable[[str], object]] = {
    "source": source_files,
    "table": source_files,
    "file": lambda text: Path(text).is_file(),
    "folder": lambda text: Path(text).is_dir(),
}


def resolve_paths(
    values: Mapping[str, Any], schema: Mapping[str, Parameter], folder: Path
) -> dict[str, Any]:
    """Return parameter values with absolute paths.

    Parameters
    ----------
    values
        Values by parameter name; a list may hold several paths.
    schema
        The parameters of the notebook by name.
    folder
        The folder that relative paths start from.
    """
    return {
        name: _resolved(value, folder) if name in schema and _is_path(schema[name]) else value
        for name, value in values.items()
    }


def check_paths(values: Mapping[str, Any], schema: Mapping[str, Parameter]) -> None:
    """Raise an error if a source, a ``[file]`` or a ``[folder]`` does not exist.

    Raises
    ------
    ReportError
        The message names the parameter and the path.
    """
    for name, value in values.items():
        kind = "source" if name == "source" else schema[name].unit if name in schema else ""
        for text in value if isinstance(value, list) else [value]:
            if kind in _EXISTS and _is_local_path(text) and not _EXISTS[kind](text):
                raise ReportError(f"parameter {name!r} must be a {kind}; nothing found at {text}.")


def _is_path(parameter: Parameter) -> bool:
    table = isinstance(parameter.default, str) and parameter.default.startswith(SAMPLE)
    return parameter.name == "source" or table or parameter.unit in _PATH_UNITS


def _resolved(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_resolved(item, folder) for item in value]
    if isinstance(value, str) and not secret_names(value):
        value = databases.with_absolute_path(value, folder)
    return str((folder / Path(value).expanduser()).absolute()) if _is_local_path(value) else value


def _is_local_path(value: Any) -> bool:
    """Return whether a value is a path on this machine; a bare word may be a built-in name."""
    if not isinstance(value, str) or value.startswith(_BUNDLED) or is_remote(value):
        return False
    if secret_names(value) or "\n" in value or "\0" in value:
        return False
    return bool(Path(value).suffix) or "/" in value

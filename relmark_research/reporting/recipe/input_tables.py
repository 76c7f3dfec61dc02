"""The tables of a recipe, and the notebooks that are skipped because a table is missing.

A notebook requires a table if the default of a parameter is a table of the bundled sample:
``contacts = "sample:contacts"``. A recipe on other data names the file of the table under
``tables``. If it does not, or if the file does not exist, the notebook is skipped with the reason.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.parameters import Parameter

SAMPLE = "sample:"


def resolve_tables(tables: Mapping[str, str | None], folder: Path) -> dict[str, str]:
    """Return the tables that a recipe names, with absolute paths.

    Parameters
    ----------
    tables
        Paths by parameter name; None and empty paths are left out.
    folder
        The folder of the recipe, which relative paths start from.
    """
    named = {name: path for name, path in tables.items() if path}
    return {
        name: path if path.startswith(SAMPLE) else str((folder / path).resolve())
        for name, path in named.items()
    }


def available_tables(schema: Iterable[Parameter], tables: Mapping[str, str]) -> dict[str, str]:
    """Return the existing tables for which a notebook has a parameter."""
    names = {parameter.name for parameter in schema if _accepts_table(parameter)}
    return {name: path for name, path in tables.items() if name in names and _exists(path)}


def missing_table(
    schema: Iterable[Parameter],
    tables: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    sample: bool,
) -> str:
    """Return why a notebook cannot run without a table, or an empty text if it can.

    Parameters
    ----------
    schema
        The parameters of the notebook.
    tables
        The result of `resolve_tables`.
    values
        The other parameters that the recipe sets for the notebook.
    sample
        Whether the recipe uses the bundled sample, which has all the tables.
    """
    for parameter in schema:
        if not str(parameter.default).startswith(SAMPLE) or parameter.name in values:
            continue
        path = tables.get(parameter.name)
        if path is None and not sample:
            return (
                f"it needs a table of {parameter.name}, and the recipe names none. "
                f"Name its file under tables: {parameter.name}: {parameter.name}.csv"
            )
        if path is not None and not _exists(path):
            return f"it needs a table of {parameter.name}; there is no file {Path(path).name}."
    return ""


def _accepts_table(parameter: Parameter) -> bool:
    """Return whether the default of a parameter is a table of the sample or empty."""
    return not parameter.default or str(parameter.default).startswith(SAMPLE)


def _exists(path: str) -> bool:
    return path.startswith(SAMPLE) or Path(path).is_file()

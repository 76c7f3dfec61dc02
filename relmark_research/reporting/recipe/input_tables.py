"""The tables of a recipe, and the notebooks that are skipped because a table is missing.

A notebook requires a table if the default of a parameter is a table of the bundled sample:
``contacts = "sample:contacts"``. A recipe on other data names the file of the table under
``tables``, alone or with the table's own columns and reading options. If it does not, or if the
file does not exist, the notebook is skipped with the reason. A parameter whose annotation allows
None, ``contacts: str | None = "sample:contacts"``, is then None: the notebook leaves out what needs
it. Bundled data never enter a run on other data, be it transactions or a table.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.parameters import DATASET, SAMPLE, Parameter
from relmark_research.reporting.recipe.recipe_sources import is_remote, source_files
from relmark_research.reporting.record.secrets import secret_names
from relmark_research.tables.sources import databases

GivenTable = str | dict[str, Any]
"""A source, or a mapping of source, columns and options."""


def resolve_tables(
    tables: Mapping[str, Mapping[str, Any] | None], folder: Path
) -> dict[str, GivenTable]:
    """Return the tables that a recipe names, with absolute sources.

    Parameters
    ----------
    tables
        Source, columns and options by parameter name; None is left out.
    folder
        The folder of the recipe, which relative paths start from.

    Returns
    -------
    dict
        The source of a table without columns and options; otherwise a mapping of all three.
    """
    found: dict[str, GivenTable] = {}
    for name, table in tables.items():
        if not table:
            continue
        source = _absolute(str(table["source"]), folder)
        rest = {key: table[key] for key in ("columns", "options") if table.get(key)}
        found[name] = {"source": source, **rest} if rest else source
    return found


def source_of(table: GivenTable) -> str:
    """Return the source of a table of a recipe."""
    return table if isinstance(table, str) else str(table["source"])


def available_tables(
    schema: Iterable[Parameter], tables: Mapping[str, GivenTable]
) -> dict[str, GivenTable]:
    """Return the existing tables for which a notebook has a parameter."""
    names = {parameter.name for parameter in schema if parameter.takes_table}
    return {name: table for name, table in tables.items() if name in names and is_available(table)}


def uses_own_data(
    schema: Iterable[Parameter], values: Mapping[str, Any], named: Iterable[object]
) -> bool:
    """Return whether a recipe has data other than the bundled sample.

    Parameters
    ----------
    schema
        The parameters of a notebook.
    values
        The values that the recipe sets for it.
    named
        The transactions and all tables of the recipe, whichever notebook reads them; None: none.
    """
    given = [values.get(parameter.name) for parameter in schema if parameter.takes_bundled]
    return any(value is not None and not _is_sample(value) for value in [*named, *given])


def without_bundled_data(schema: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, None]:
    """Return None for each parameter that may be None, has bundled data, and is not set."""
    return {
        parameter.name: None
        for parameter in schema
        if parameter.takes_bundled and parameter.optional and parameter.name not in values
    }


def missing_table(
    schema: Iterable[Parameter],
    tables: Mapping[str, GivenTable],
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
        if not parameter.takes_bundled or parameter.name in values:
            continue
        if not str(parameter.default).startswith(SAMPLE):
            if sample:
                continue
            return (
                "it needs transactions, and the recipe names tables of its own but none. Name "
                "their file under data: source."
            )
        table = tables.get(parameter.name)
        if table is None and not sample:
            return (
                f"it needs a table of {parameter.name}, and the recipe names none. "
                f"Name its file under tables: {parameter.name}: {parameter.name}.csv"
            )
        if table is not None and not is_available(table):
            name = Path(source_of(table)).name
            return f"it needs a table of {parameter.name}; there is no file {name}."
    return ""


def _is_sample(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = value.get("source", "")
    return not str(value) or str(value).startswith((SAMPLE, f"{DATASET}sample"))


def _absolute(source: str, folder: Path) -> str:
    if source.startswith((SAMPLE, DATASET)) or secret_names(source):
        return source
    if is_remote(source):
        return databases.with_absolute_path(source, folder)
    return str((folder / Path(source).expanduser()).resolve())


def is_available(table: GivenTable) -> bool:
    """Return whether the source of a table exists, as far as that is known without reading it."""
    source = source_of(table)
    elsewhere = (
        source.startswith((SAMPLE, DATASET)) or bool(secret_names(source)) or is_remote(source)
    )
    return elsewhere or bool(source_files(source))

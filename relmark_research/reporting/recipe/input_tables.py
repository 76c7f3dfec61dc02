"""A recipe's own tables, and which notebooks must be left out for want of one.

A notebook says that it needs a table by a parameter whose default is one of the bundled sample's,
``contacts = "sample:contacts"``. A recipe on other data must name the table under ``tables``; one
that it does not name, or whose file is not there, leaves the notebook out, with the reason.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.parameters import Parameter

SAMPLE = "sample:"


def located_tables(tables: Mapping[str, str | None], beside: Path) -> dict[str, str]:
    """Return the tables that are named, their paths made absolute from the recipe's folder."""
    given = {name: where for name, where in tables.items() if where}
    return {
        name: where if where.startswith(SAMPLE) else str((beside / where).resolve())
        for name, where in given.items()
    }


def taken_tables(schema: Iterable[Parameter], tables: Mapping[str, str]) -> dict[str, str]:
    """Return the tables that a notebook has a parameter for and that are there."""
    names = {parameter.name for parameter in schema if _takes_table(parameter)}
    return {name: where for name, where in tables.items() if name in names and _is_there(where)}


def _takes_table(parameter: Parameter) -> bool:
    """Whether a parameter's default is a table of the sample, or that there is none."""
    return not parameter.default or str(parameter.default).startswith(SAMPLE)


def missing_table(
    schema: Iterable[Parameter],
    tables: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    sample: bool,
) -> str:
    """Return why a notebook cannot run for want of a table; empty where it can.

    Parameters
    ----------
    schema
        The notebook's parameters.
    tables
        What `located_tables` returned.
    given
        What else the recipe gives the notebook.
    sample
        Whether the recipe is about the bundled sample, whose tables are all there.
    """
    for parameter in schema:
        if not str(parameter.default).startswith(SAMPLE) or parameter.name in given:
            continue
        where = tables.get(parameter.name)
        if where is None and not sample:
            return (
                f"it needs a table of {parameter.name}, and the recipe names none. "
                f"Name its file under tables: {parameter.name}: {parameter.name}.csv"
            )
        if where is not None and not _is_there(where):
            return f"it needs a table of {parameter.name}; there is no file {Path(where).name}."
    return ""


def _is_there(where: str) -> bool:
    return where.startswith(SAMPLE) or Path(where).is_file()

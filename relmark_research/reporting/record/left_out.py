"""Rows and money that a run leaves out, of the log and of every other table of its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from relmark_research import formats
from relmark_research.errors import DataError, ParameterError
from relmark_research.reporting.recipe.input_tables import GivenTable, is_available, source_of
from relmark_research.reporting.recipe.parameters import SAMPLE
from relmark_research.reporting.record.provenance import read_options
from relmark_research.reporting.record.secrets import fill_in_secrets

if TYPE_CHECKING:
    from relmark_research.tables.read_table import Table


def read_recipe_table(tables: Mapping[str, GivenTable], name: str) -> Table | None:
    """Read a table of a recipe by its schema, as the notebooks will; None where there is none.

    A table of the bundled sample, a file that does not exist (its notebooks are skipped), and a
    table that the package does not know are not read.

    Raises
    ------
    DataError, ParameterError
        The message names the table's place in the recipe, and its options as a recipe has them.
    """
    from relmark_research.tables.options import worded_for
    from relmark_research.tables.read_table import read_table
    from relmark_research.tables.schemas import SAMPLE_NAMES, SCHEMAS

    schema = SCHEMAS.get(SAMPLE_NAMES.get(name, name))
    given = tables[name]
    if schema is None or source_of(given).startswith(SAMPLE) or not is_available(given):
        return None
    table: Mapping[str, Any] = {"source": given} if isinstance(given, str) else given
    try:
        options = read_options(table.get("options", {}), place=f"tables.{name}.options")
        source = fill_in_secrets(table["source"])
        return read_table(source, schema=schema, columns=table.get("columns"), options=options)
    except (DataError, ParameterError) as error:
        words = worded_for(str(error), "recipe")
        raise type(error)(f"tables.{name}: {words.removeprefix(f'{schema.name}: ')}") from None


def read_recipe_tables(tables: Mapping[str, GivenTable]) -> dict[str, Table]:
    """Return the tables of a recipe that `read_recipe_table` reads, by name."""
    found = {name: read_recipe_table(tables, name) for name in tables}
    return {name: table for name, table in found.items() if table is not None}


def facts_of(table: Table) -> dict[str, Any]:
    """Return rows_read, rows_used and money_left_out of a table."""
    names = ("rows_read", "rows_used", "money_left_out")
    return {name: getattr(table, name) for name in names}


def left_out_words(found: Mapping[str, Any]) -> str:
    """Return how many rows are used, and the share of rows and of money left out.

    Examples
    --------
    >>> left_out_words({"rows_read": 1000, "rows_used": 990, "money_left_out": 0.02})
    '990 of 1,000 rows used; left out 1.0% of the rows, 2.0% of the money'
    """
    read, used = found.get("rows_read"), found.get("rows_used", found.get("rows"))
    if read is None or used is None:
        return "" if used is None else formats.count(used)
    if read == used:
        return f"all {formats.count(read)} rows used"
    words = f"{formats.count(used)} of {formats.count(read)} rows used"
    words += f"; left out {1 - used / read:.1%} of the rows"
    money = found.get("money_left_out")
    return words if money is None else f"{words}, {money:.1%} of the money"

"""The data of a run, read before it starts: fingerprints, ids, and what its sections can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relmark_research.reporting.privacy.redaction import KnownIds
from relmark_research.reporting.recipe.sections import TRANSACTIONS, KnownTable
from relmark_research.reporting.record.left_out import facts_of, read_recipe_tables
from relmark_research.reporting.record.log_match import check_tables_in_log
from relmark_research.reporting.record.manifest import LeftOutSection
from relmark_research.reporting.record.provenance import check_data
from relmark_research.reporting.store.scratch import temporary_folder

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.reporting.recipe.plan import Task
    from relmark_research.reporting.recipe.recipe_file import Recipe
    from relmark_research.tables.read_table import Table


@dataclass
class RunData:
    """What is known of the data of a run before a notebook starts.

    Attributes
    ----------
    fingerprints
        The fingerprint of each source; the key is empty if there is one.
    known
        The tables and the transactions of each source, for the plan of the sections.
    as_of
        Last day of the transactions that is used; None uses all.
    ids
        All ids of the data.
    """

    fingerprints: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: dict[str, dict[str, KnownTable]] = field(default_factory=dict)
    as_of: str | None = None
    ids: KnownIds = field(default_factory=KnownIds)


def read_run_data(recipe: Recipe, as_of: str | None = None) -> RunData:
    """Read the transactions and the tables of a recipe, as its notebooks will.

    Parameters
    ----------
    recipe
        The recipe.
    as_of
        Last day of the transactions that is used; None uses all.

    Raises
    ------
    DataError, ParameterError, ReportError
        The data are invalid, or a table does not match the log.
    """
    found = RunData(as_of=as_of)
    with temporary_folder():
        tables = read_recipe_tables(recipe.tables)
        facts = {name: facts_of(table) for name, table in tables.items()}
        found.ids = _ids_of_tables(tables)
        for key in recipe.matrix.get("source", [""]):
            found.known[key] = known_tables(tables)

            def look(log: TransactionLog, known: dict[str, KnownTable] = found.known[key]) -> None:
                check_tables_in_log(tables, log, recipe.max_outside_log)
                found.ids = found.ids.with_log(log)
                known[TRANSACTIONS] = known_log(log, as_of)

            data = {**recipe.data, **({"source": key} if key else {})}
            read = check_data(data, as_of=as_of, also=look)
            found.fingerprints[key] = read | ({"tables": facts} if facts else {})
    return found


def known_tables(tables: Mapping[str, Table]) -> dict[str, KnownTable]:
    """Return columns and rows of the tables of a recipe."""
    return {
        name: KnownTable(frozenset(map(str, table.frame.columns)), len(table.frame))
        for name, table in tables.items()
    }


def known_log(log: TransactionLog, as_of: str | None = None) -> KnownTable:
    """Return the columns of a log, its source's and ours, and its customers as of a day."""
    customers = log.until(as_of).rows.select("customer_id").distinct().count().to_pandas()
    columns = frozenset((*log.rows.columns, *log.source_rows.columns))
    return KnownTable(columns, int(customers))


def left_out_of(task: Task) -> tuple[LeftOutSection, ...]:
    """Return the sections that a task leaves out; all of them if it is skipped."""
    return tuple(
        LeftOutSection(each.section.question, each.reason or task.missing_table, each.missing)
        for each in task.sections
        if not each.runs or task.missing_table
    )


def _ids_of_tables(tables: Mapping[str, Table]) -> KnownIds:
    ids = KnownIds()
    for table in tables.values():
        for column in table.schema.columns:
            if column.type == "id" and column.name in table.frame:
                ids = ids.with_ids(table.frame[column.name].dropna().unique())
    return ids

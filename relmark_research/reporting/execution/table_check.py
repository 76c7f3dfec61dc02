"""What ``relmark check`` says of a table other than the log, and of a whole recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.errors import DataError
from relmark_research.reporting.execution.cli_views import aligned, print_audit
from relmark_research.reporting.recipe.plan import Task, plan, with_known_data
from relmark_research.reporting.recipe.recipe_file import Recipe, read_recipe
from relmark_research.reporting.recipe.recipe_sources import source_files
from relmark_research.reporting.recipe.sections import TRANSACTIONS, KnownTable
from relmark_research.reporting.record.left_out import (
    facts_of,
    left_out_words,
    read_recipe_tables,
)
from relmark_research.reporting.record.log_match import check_tables_in_log
from relmark_research.reporting.record.manifest import further_questions
from relmark_research.reporting.record.provenance import check_data, read_options
from relmark_research.reporting.record.run_data import known_log, known_tables, left_out_of
from relmark_research.tables.options import worded_for
from relmark_research.tables.proposals import Proposal, propose
from relmark_research.tables.read_table import Table, read_table
from relmark_research.tables.schemas import SCHEMAS, Column, Schema, schema_of

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_CLOSE = 0.85  # similarity of names from which a column may be a misspelt one


def check_table(
    source: str, name: str, columns: Mapping[str, str], options: Mapping[str, Any]
) -> Table:
    """Read a table by its schema and print its audit; where it is refused, print proposals.

    Parameters
    ----------
    source
        A source of `read_table`.
    name
        Name of the schema.
    columns
        The source's names of our columns.
    options
        `ReadOptions` by name.
    """
    schema = schema_of(name)
    reading = read_options(options, place="--option")
    try:
        table = read_table(source, schema=schema, columns=columns, options=reading)
        table.frame  # noqa: B018  (everything is read)
    except DataError as error:
        print_proposal(source, schema, columns=columns, options=options)
        raise DataError(worded_for(str(error), "command line")) from None
    print(f"{source}: {schema.name}, one row is {schema.one_row}")
    print_audit(table.audit)
    for line in _missing_columns(table):
        print(line)
    return table


def print_proposal(
    source: str, schema: Schema, *, columns: Mapping[str, str], options: Mapping[str, Any]
) -> None:
    """Print the lines of a recipe that make a source readable, as far as its data settle them."""
    try:
        found = propose(source, schema, columns=columns, options=read_options(options))
    except DataError:
        return
    named = {name: columns[name] for name in ("value", "cost") if name in columns}  # expressions
    merged = Proposal({**named, **found.columns}, {**options, **found.options}, found.unsettled)
    if found:
        print("Proposed lines of a recipe, as far as the data settle them:\n")
        log, where = schema.name == "transactions", _from_anywhere(source)
        print(merged.data_section(where) if log else merged.table_section(schema.name, where))
        print()
    for sentence in found.unsettled:
        print(sentence)


def _from_anywhere(source: str) -> str:
    """Return a source as any recipe can name it: the paths of a recipe start from its folder."""
    return str(Path(source).expanduser().absolute()) if source_files(source) else source


def print_log_proposal(source: str, names: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Print proposals for a log whose reading is refused.

    Parameters
    ----------
    source
        A source of `read_transactions`.
    names
        The columns given for customer, date, value and cost; None where there is none.
    options
        `ReadOptions` by name.
    """
    ours = {"customer": "customer_id", "date": "date", "value": "value", "cost": "cost"}
    given = {ours[key]: name for key, name in names.items() if key in ours and name}
    usual = {key: name for key, name in given.items() if key != name}
    print_proposal(source, schema_of("transactions"), columns=usual, options=options)


def check_recipe_file(path: Path | str, *, settings: tuple[str, ...] = ()) -> None:
    """Print what a recipe will read and which of its notebooks can run, before anything runs.

    Raises
    ------
    DataError, ParameterError, ReportError
        The recipe, its data or a table is refused.
    """
    recipe = read_recipe(path, settings=settings)
    tasks = plan(recipe)
    print(f"{recipe.path.name}: {recipe.title}")
    tables = read_recipe_tables(recipe.tables)
    lines, matches, known = _data_lines(recipe, tables)
    tasks = with_known_data(tasks, recipe, known)
    for name, table in tables.items():
        words = [left_out_words(facts_of(table)), *matches.get(name, ())]
        lines.append((name, table.source, "; ".join(word for word in words if word)))
    print("\n".join(aligned(lines)) if lines else "  no data of its own: the bundled sample")
    missing = [line for table in tables.values() for line in _missing_columns(table)]
    print("\n".join([*missing, "", *aligned([("notebook", "runs"), *map(_task_line, tasks)])]))
    print("\n".join(_section_lines(tasks)))


def _data_lines(
    recipe: Recipe, tables: Mapping[str, Table]
) -> tuple[list[tuple[str, ...]], dict[str, list[str]], dict[str, dict[str, KnownTable]]]:
    """Return a line per source, by table what of it is outside the log, and what is known."""
    lines: list[tuple[str, ...]] = []
    outside: dict[str, list[str]] = {}
    readable, known = [], {"": known_tables(tables)}

    def match_tables(log: TransactionLog) -> None:
        readable.append(source)
        key = source if "source" in recipe.matrix else ""
        known[key] = known_tables(tables) | {TRANSACTIONS: known_log(log)}
        for name, match in check_tables_in_log(tables, log, recipe.max_outside_log).items():
            outside.setdefault(name, []).append(match.words())

    for source in recipe.matrix.get("source", [recipe.data.get("source")]):
        if not source:
            continue
        try:
            found = check_data({**recipe.data, "source": source}, also=match_tables)
        except DataError:
            if source not in readable:
                print_log_proposal(source, recipe.data, recipe.data.get("options", {}))
            raise
        days = f"{found['first_day']} to {found['last_day']}"
        lines.append(("data", source, f"{left_out_words(found)}; {days}"))
    return lines, outside, known


def _task_line(task: Task) -> tuple[str, ...]:
    if task.missing_table:
        return task.name, f"no: {task.missing_table}"
    running = sum(each.runs for each in task.sections)
    whole = running == len(task.sections)
    return task.name, "yes" if whole else f"in part: {running} of {len(task.sections)} sections"


def _section_lines(tasks: tuple[Task, ...]) -> Iterator[str]:
    """Yield the sections of each notebook, and the questions that further tables would answer."""
    for task in tasks:
        runs = [("runs", each.section.question) for each in task.sections if each.runs]
        omitted = left_out_of(task)
        rows: list[tuple[str, ...]] = [] if task.missing_table else [*runs]
        rows += [("left out", f"{each.question} No answer because {each.reason.rstrip('.')}.")
                 for each in omitted]  # fmt: skip
        if rows:
            yield from ("", task.name, *aligned(rows))
    yield from _detail_lines(tasks)
    further = further_questions(left_out_of(task) for task in tasks)
    if further:
        further_rows: list[tuple[str, ...]] = [(table, " ".join(words)) for table, words in further]
        yield from ("", "further tables would answer", *aligned(further_rows))


def _detail_lines(tasks: tuple[Task, ...]) -> Iterator[str]:
    """Yield the questions whose answers further tables would make more detailed."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        for each in task.sections if not task.missing_table else ():
            for table in each.detail:
                found.setdefault(table, []).append(each.section.question)
    if found:
        rows: list[tuple[str, ...]] = [(name, " ".join(found[name])) for name in sorted(found)]
        yield from ("", "further tables would add detail to", *aligned(rows))


def _missing_columns(table: Table) -> list[str]:
    """Return a line per optional column that a table does not have, with what is missing."""
    known = SCHEMAS.get(table.schema.name)
    unread = [str(name) for name in table.frame if known and name not in known.names]
    return [
        f"  {table.schema.name} has no {column.name}: no {column.without}{_meant(column, unread)}"
        for column in (known.columns if known else ())
        if not column.required and column.name not in table.frame and column.without != "loss"
    ]


def _meant(column: Column, unread: list[str]) -> str:
    """Return which unread column may be the missing one, as a question."""
    near = get_close_matches(column.name, unread, n=1, cutoff=_CLOSE)
    return f". Is it the column {near[0]!r}?" if near else ""

"""What the command line prints of the tables that the package knows: columns, and a template."""

from __future__ import annotations

import csv
import io
import sys

from relmark_research.reporting.execution.cli_views import aligned
from relmark_research.tables.schemas import SCHEMAS, Column, Schema, schema_of


def print_tables(name: str | None = None) -> None:
    """Print the list of tables, or one of them in full."""
    if name is not None:
        print(described(schema_of(name)))
        return
    rows: list[tuple[str, ...]] = [("table", "one row", "used by", "required columns")]
    rows += [
        (schema.name, schema.one_row, schema.used_by or "no report yet", ", ".join(schema.required))
        for schema in SCHEMAS.values()
    ]
    print("\n".join(aligned(rows)))


def print_template(name: str) -> None:
    """Print an empty CSV of a table, and on standard error what its columns hold.

    A comment inside the file would be a row to a reader that guesses no comment sign. So the file
    is the header line alone, which is a valid table without rows.
    """
    schema = schema_of(name)
    print(described(schema), file=sys.stderr)
    print(template(schema), end="")


def template(schema: Schema) -> str:
    """Return the header line of a table, as CSV.

    Examples
    --------
    >>> template(schema_of("events"))
    'customer_id,date,kind\\n'
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(schema.names)
    return line.getvalue()


def described(schema: Schema) -> str:
    """Return a table in words: a line per column."""
    rows: list[tuple[str, ...]] = [("column", "type", "", "meaning", "example")]
    rows += [
        (
            column.name,
            type_words(column),
            "required" if column.required else "optional",
            column.meaning + (f"; without it: no {column.without}" if column.without else ""),
            column.example,
        )
        for column in schema.columns
    ]
    key = f" One row per {' and '.join(schema.key)}." if schema.key else ""
    head = f"{schema.name}: one row is {schema.one_row}.{key} {schema.use}"
    return "\n".join([head, *aligned(rows)])


def type_words(column: Column) -> str:
    """Return type, unit and domain of a column.

    Examples
    --------
    >>> type_words(schema_of("contacts").column("cost"))
    'number, money, 0 or more'
    """
    return ", ".join(part for part in (column.type, column.unit, column.domain) if part)


def page_of_tables() -> str:
    """Return the tables as Markdown, for the documentation."""
    return "\n\n".join(_section(schema) for schema in SCHEMAS.values()) + "\n"


def _section(schema: Schema) -> str:
    head = ["column", "holds", "type", "without it", "example"]
    rows = [head, ["---"] * len(head)]
    for column in schema.columns:
        without = "*required*" if column.required else f"no {column.without}"
        rows.append(
            [
                f"`{column.name}`",
                column.meaning,
                type_words(column),
                without.replace("no nothing", "nothing is missing"),
                f"`{column.example}`" if column.example else "",
            ]
        )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    key = f" One row per {' and '.join(f'`{name}`' for name in schema.key)}." if schema.key else ""
    return f"## {schema.name}\n\nOne row is {schema.one_row}.{key} {schema.use}\n\n{table}"

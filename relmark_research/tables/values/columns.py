"""Columns of a source by name, and the names in expressions and filters."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relmark_research.errors import DataError, ParameterError, column_names_text, unknown_name
from relmark_research.tables.sources.dialects import header_hint

if TYPE_CHECKING:
    import ibis.expr.types as ir

LONGEST = 2_000  # characters of an expression or a filter
MOST_PARTS = 400  # parts of its syntax tree
DEEPEST = 100  # levels of its syntax tree

QUOTED = re.compile(r"""`((?:[^`]|``)+)`|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)


def column(table: ir.Table, name: str) -> ir.Value:
    """Return the column of that name; an unknown name raises DataError with the closest match."""
    if not isinstance(name, str):
        raise ParameterError(
            f"the name of a column is expected, such as 'customer_id'; found {name!r} "
            f"({type(name).__name__}). The columns are: {column_names_text(source_columns(table))}."
        )
    if name not in table.columns:
        names = source_columns(table)
        raise DataError(f"{unknown_name('column', name, names)}{header_hint(names)}")
    return table[name]


def source_columns(table: ir.Table) -> list[str]:
    """Return the names of the source's columns, without those that reading adds."""
    return [name for name in table.columns if not name.startswith("relmark_")]


@dataclass(frozen=True)
class Syntax:
    """An expression or a filter as a syntax tree, and the names that it refers to.

    Attributes
    ----------
    tree
        Python's syntax tree; each quoted name is replaced by a placeholder.
    text
        The text that was parsed, with placeholders.
    quoted
        Placeholder to the name that was quoted.
    """

    tree: ast.expr
    text: str
    quoted: dict[str, str]

    def name_of(self, node: ast.Name) -> str:
        """Return the column's name as it was written: Python itself would normalise it."""
        written = ast.get_source_segment(self.text, node) or node.id
        return self.quoted.get(written, written)

    def names(self) -> list[str]:
        """Return the names of all columns in the tree."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name)]
        return list(dict.fromkeys(self.name_of(node) for node in found))

    def written(self, node: ast.AST) -> str:
        """Return a part as the user wrote it, shortened to 60 characters."""
        part = ast.get_source_segment(self.text, node) or self.text
        for placeholder, name in self.quoted.items():
            part = part.replace(placeholder, f"`{name}`")
        return part if len(part) <= 60 else f"{part[:57]}..."


def parse(expression: str, *, quotes_are_names: bool) -> Syntax | None:
    """Return the syntax of an expression or a filter; None where it cannot be parsed.

    Parameters
    ----------
    expression
        Its text. Names in backticks are columns.
    quotes_are_names
        Whether names in quotes are columns too; otherwise they are texts.

    Raises
    ------
    ParameterError
        It is longer, has more parts or more levels than can be worked with.

    Examples
    --------
    >>> parse("`Unit Price` * Quantity", quotes_are_names=True).names()
    ['Unit Price', 'Quantity']
    """
    quoted: dict[str, str] = {}

    def placeholder(match: re.Match[str]) -> str:
        backticks, *quotes = match.groups()
        if backticks is None and not quotes_are_names:
            return match.group()
        name = (
            backticks.replace("``", "`")
            if backticks is not None
            else next(filter(None, quotes), "")
        )
        quoted[f"relmark_quoted_{len(quoted)}"] = name
        return f" relmark_quoted_{len(quoted) - 1} "

    if len(expression) > LONGEST:
        raise _too_much(f"{LONGEST:,} characters", f"{len(expression):,}")
    try:
        text = QUOTED.sub(placeholder, expression).strip()
        with warnings.catch_warnings():  # Python's own, on "1if a else 2", tell a user nothing
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    parts = sum(1 for _ in ast.walk(tree))
    if parts > MOST_PARTS:
        raise _too_much(f"{MOST_PARTS} parts", f"{parts:,}")
    if (levels := _levels(tree)) > DEEPEST:
        raise _too_much(f"{DEEPEST} levels", f"{levels:,}")
    return Syntax(tree, text, quoted)


def _levels(tree: ast.AST) -> int:
    """Return the number of levels of a syntax tree, counted without recursion."""
    level, levels = [tree], 0
    while level:
        levels += 1
        level = [part for node in level for part in ast.iter_child_nodes(node)]
    return levels


def _too_much(limit: str, found: str) -> ParameterError:
    return ParameterError(
        f"an expression or a filter has at most {limit}; found {found}. Compute it in the source, "
        "and name its column."
    )

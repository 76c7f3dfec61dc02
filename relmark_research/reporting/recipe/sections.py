"""The sections of a notebook: the question of each, what it needs, and which of them can run.

A notebook declares its sections in its metadata, below ``relmark``:

"sections": [
  {"name": "funnel", "question": "Where are prospects lost?", "needs": {"prospects": []}},
  {"name": "profit", "question": "Who is profitable?", "needs": {"transactions": ["cost"]},
   "at_least": {"transactions": 100}}
]

``needs`` maps a table to columns: the table is a parameter of the notebook, or ``transactions``; a
column is one of ours (``cost``), or ``{segment}``, the column that the parameter ``segment`` names.
A list of such mappings is a list of alternatives, of which one is enough. ``at_least`` is the least
number of rows of a table, or of customers in the transactions. ``uses`` lists further tables that
add detail where they are given.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relmark_research import formats
from relmark_research.errors import ReportError, unknown_name

TRANSACTIONS = "transactions"

_KEYS = ("name", "question", "needs", "at_least", "uses")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BY_PARAMETER = re.compile(r"\{(\w+)\}")
_WORDS = {  # parameter -> what one asks for; others are asked for by their name
    "survey": "survey answers",
    "answers": "survey answers",
    "segments": "customers",
    "acquired": "acquired prospects",
}

Needs = Mapping[str, tuple[str, ...]]
"""Columns by table."""


@dataclass(frozen=True)
class Section:
    """A section of a notebook and what it needs.

    Attributes
    ----------
    name
        Its identifier; the tag ``section:NAME`` marks its cells.
    question
        The question that it answers, for readers.
    needs
        Alternatives, of which one is enough; each maps tables to their columns.
    at_least
        Least number of rows by table, and of customers in the transactions.
    uses
        Tables that add detail, and without which it runs too.

    Examples
    --------
    >>> section = Section("funnel", "Where are prospects lost?", ({"prospects": ("won",)},))
    >>> section.tag, section.tables
    ('section:funnel', ('prospects',))
    """

    name: str
    question: str
    needs: tuple[Needs, ...] = ({},)
    at_least: Mapping[str, int] = field(default_factory=dict)
    uses: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The tag of its cells."""
        return f"section:{self.name}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that any of its alternatives needs."""
        return tuple(dict.fromkeys(table for needs in self.needs for table in needs))


@dataclass(frozen=True)
class KnownTable:
    """What is known of a table before a run.

    Attributes
    ----------
    columns
        The names of its columns, ours and others; None where it was not read.
    rows
        Number of its rows, or of customers in the transactions; None where it was not read.
    lacking
        Columns that it certainly does not have.
    absent
        Why there is no such table after all, in words; empty if there is one.
    """

    columns: frozenset[str] | None = None
    rows: int | None = None
    lacking: frozenset[str] = frozenset()
    absent: str = ""

    def has(self, column: str) -> bool:
        """Return whether it has a column, as far as is known."""
        return column not in self.lacking and (self.columns is None or column in self.columns)


@dataclass(frozen=True)
class PlannedSection:
    """A section of a run, and why it is left out.

    Attributes
    ----------
    section
        The section.
    reason
        What is missing, in words; empty if the section runs.
    missing
        The tables, by parameter, of which one needs to be given to have an answer; empty if it is
        not for want of a table.
    detail
        The tables that would add detail to a section that runs.
    """

    section: Section
    reason: str = ""
    missing: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether everything that the section needs is there, as far as is known."""
        return not self.reason


def read_sections(notebook: Path | str) -> tuple[Section, ...]:
    """Return the sections that the metadata of a notebook declare, in their order; none: empty.

    Raises
    ------
    ReportError
        The declaration has another form, a name stands twice, or a table or a column is no
        parameter of the notebook where it has to be one. The message names the section.
    """
    from relmark_research.reporting.recipe.parameters import read_parameters

    path = Path(notebook)
    known = frozenset(parameter.name for parameter in read_parameters(path))
    ours = json.loads(path.read_text(encoding="utf-8")).get("metadata", {}).get("relmark", {})
    content = ours.get("sections") if isinstance(ours, Mapping) else None
    try:
        return parse_sections(content, parameters=known)
    except ReportError as error:
        raise ReportError(f"notebook {path.stem}: metadata.relmark.sections: {error}") from None


def parse_sections(content: Any, *, parameters: frozenset[str]) -> tuple[Section, ...]:
    """Return the sections of a declaration.

    Parameters
    ----------
    content
        The declaration, a list of mappings, or None.
    parameters
        The names of the notebook's parameters.

    Raises
    ------
    ReportError
        See `read_sections`.

    Examples
    --------
    >>> declared = [{"name": "profit", "question": "Who pays?", "needs": {"books": ["margin"]}}]
    >>> parse_sections(declared, parameters=frozenset({"books"}))[0].needs
    ({'books': ('margin',)},)
    """
    if content is None:
        return ()
    if not isinstance(content, list) or not content:
        raise ReportError(f"expected a list of sections; found {content!r}.")
    sections = tuple(_section(each, parameters) for each in content)
    names = [section.name for section in sections]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ReportError(f"expected each name once; found {twice!r} twice.")
    return sections


def plan_sections(
    sections: tuple[Section, ...],
    tables: Mapping[str, KnownTable],
    parameters: Mapping[str, Any] | None = None,
) -> tuple[PlannedSection, ...]:
    """Return which sections can run, and why the others are left out.

    Parameters
    ----------
    sections
        The result of `read_sections`.
    tables
        The tables that there are, by parameter, and the transactions.
    parameters
        The values of the notebook's parameters, for columns that a parameter names.

    Examples
    --------
    >>> profit = Section("profit", "Who pays?", ({"transactions": ("cost",)},),
    ...                  {"transactions": 100})
    >>> found = KnownTable(frozenset({"customer_id", "date"}), 12)
    >>> plan_sections((profit,), {"transactions": found})[0].reason
    'the transactions have no column cost'
    """
    return tuple(_planned(section, tables, parameters or {}) for section in sections)


def _planned(
    section: Section, tables: Mapping[str, KnownTable], parameters: Mapping[str, Any]
) -> PlannedSection:
    reasons, missing = [], []
    for needs in section.needs:
        found = list(_missing(section, needs, tables, parameters))
        if not found:
            detail = tuple(name for name in section.uses if _is_absent(name, tables))
            return PlannedSection(section, detail=detail)
        reasons += found
        missing += [table for table in needs if _is_absent(table, tables)]
    words = ", and ".join(dict.fromkeys(reasons))
    return PlannedSection(section, words, tuple(dict.fromkeys(missing)))


def _is_absent(name: str, tables: Mapping[str, KnownTable]) -> bool:
    return name not in tables or bool(tables[name].absent)


def _missing(
    section: Section,
    needs: Needs,
    tables: Mapping[str, KnownTable],
    parameters: Mapping[str, Any],
) -> Iterator[str]:
    """Yield what one of the alternatives lacks, in words."""
    for name, columns in needs.items():
        if _is_absent(name, tables):
            yield tables[name].absent if name in tables else _no_table(name)
            continue
        lacking = [_no_column(name, each, tables[name], parameters) for each in columns]
        found = [words for words in lacking if words]
        yield from found
        rows, fewest = tables[name].rows, section.at_least.get(name, 0)
        if not found and rows is not None and rows < fewest:
            yield too_few(name, rows, fewest)


def too_few(table: str, rows: int, fewest: int) -> str:
    """Return the reason for which a section is left out where there are too few rows.

    Examples
    --------
    >>> too_few("transactions", 12, 100)
    'the transactions have 12 of the 100 customers that it needs'
    """
    unit = "customers" if table == TRANSACTIONS else "rows"
    return (
        f"{_subject(table)} {formats.count(rows)} of the {formats.count(fewest)} {unit} that it "
        "needs"
    )


def _no_table(name: str) -> str:
    if name == TRANSACTIONS:
        return "there are no transactions"
    return f"there is no table of {_in_words(name)}"


def _no_column(table: str, column: str, known: KnownTable, parameters: Mapping[str, Any]) -> str:
    """Return that a table has no column, or an empty text if it has, as far as is known."""
    by_parameter = _BY_PARAMETER.fullmatch(column)
    if by_parameter:
        column = str(parameters.get(by_parameter[1]) or "")
        if not column:
            return f"no column is named for the parameter {by_parameter[1]}"
    if known.has(column):
        return ""
    return f"{_subject(table)} no column {column}"


def _subject(table: str) -> str:
    return "the transactions have" if table == TRANSACTIONS else f"the table {table} has"


def _in_words(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))


def _section(content: Any, parameters: frozenset[str]) -> Section:
    if not isinstance(content, Mapping):
        raise ReportError(f"expected {', '.join(_KEYS)}; found {content!r}.")
    for key in content:
        if key not in _KEYS:
            raise ReportError(unknown_name("key", str(key), _KEYS))
    name, question = content.get("name"), content.get("question")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ReportError(
            "expected a name of lower-case letters, digits and _, starting with a letter; found "
            f"{name!r}."
        )
    if not isinstance(question, str) or not question.strip().endswith("?"):
        raise ReportError(f"{name}: expected a question that ends in '?'; found {question!r}.")
    needs = _alternatives(name, content.get("needs", {}), parameters)
    section = Section(name, question.strip(), needs)
    at_least = _at_least(section, content.get("at_least", {}))
    uses = content.get("uses", [])
    if not isinstance(uses, list) or not set(uses) <= parameters:
        raise ReportError(f"{name}.uses: expected a list of parameters; found {uses!r}.")
    return Section(name, section.question, needs, at_least, tuple(uses))


def _alternatives(name: str, content: Any, parameters: frozenset[str]) -> tuple[Needs, ...]:
    alternatives = content if isinstance(content, list) and content else [content]
    return tuple(_needs(name, each, parameters) for each in alternatives)


def _needs(name: str, content: Any, parameters: frozenset[str]) -> Needs:
    if not isinstance(content, Mapping):
        raise ReportError(f"{name}.needs: expected columns by table; found {content!r}.")
    for table, columns in content.items():
        known = sorted(parameters | {TRANSACTIONS})
        if table not in known:
            raise ReportError(f"{name}.needs: {unknown_name('parameter', str(table), known)}")
        if not isinstance(columns, list) or not all(isinstance(e, str) and e for e in columns):
            raise ReportError(
                f"{name}.needs.{table}: expected a list of columns; found {columns!r}."
            )
        for column in columns:
            by_parameter = _BY_PARAMETER.fullmatch(column)
            if by_parameter and by_parameter[1] not in parameters:
                problem = unknown_name("parameter", by_parameter[1], sorted(parameters))
                raise ReportError(f"{name}.needs.{table}: {problem}")
    return {table: tuple(columns) for table, columns in content.items()}


def _at_least(section: Section, content: Any) -> dict[str, int]:
    if not isinstance(content, Mapping):
        raise ReportError(
            f"{section.name}.at_least: expected numbers of rows by table; found {content!r}."
        )
    for table, fewest in content.items():
        place = f"{section.name}.at_least.{table}"
        if table not in section.tables:
            raise ReportError(f"{place}: {unknown_name('needed table', table, section.tables)}")
        if isinstance(fewest, bool) or not isinstance(fewest, int) or fewest < 1:
            raise ReportError(f"{place}: expected a whole number, 1 or more; found {fewest!r}.")
    return dict(content)

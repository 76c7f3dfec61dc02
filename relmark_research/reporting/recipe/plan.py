"""Every parameter of every notebook bound before anything runs, so that a slip costs no hour."""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.recipe.input_paths import check_paths, located_paths
from relmark_research.reporting.recipe.input_tables import missing_table, taken_tables
from relmark_research.reporting.recipe.parameter_domains import check_domains
from relmark_research.reporting.recipe.parameters import (
    Parameter,
    bind,
    parse_text,
    read_parameters,
)
from relmark_research.reporting.recipe.recipe_file import Recipe
from relmark_research.units import as_date

_Schema = dict[str, Parameter]


@dataclass(frozen=True)
class Task:
    """One notebook with every parameter bound: ready to run.

    Attributes
    ----------
    notebook
        The file.
    parameters
        The value of each of the notebook's parameters.
    given
        Those of them that differ from the notebook's own defaults.
    case
        Those that the recipe's matrix gives.
    lacks
        Why the notebook cannot run for want of a table; empty where it can.

    Examples
    --------
    >>> Task(Path("03_value.ipynb"), {}, {}, case={"segment": "key account"}).name
    '03_value-key_account'
    """

    notebook: Path
    parameters: dict[str, Any]
    given: dict[str, Any]
    case: dict[str, Any] = field(default_factory=dict)
    lacks: str = ""

    @property
    def name(self) -> str:
        """The notebook's name without its suffix, and its case."""
        return "-".join([self.notebook.stem, *map(_slug, self.case.values())])


def plan(
    recipe: Recipe, *, as_of: str | None = None, only: tuple[str, ...] = ()
) -> tuple[Task, ...]:
    """Return the Tasks of a recipe, or of the part of it that is asked for.

    There is one for each notebook; with a matrix, for each combination of those of its values
    whose parameter the notebook has. A parameter is what ``--set`` says, else the matrix, else
    what the recipe says for the notebook, else for all, else what its data section says, else the
    notebook's default. ``as_of`` goes before all. Paths are read as `paths_given` says.

    Parameters
    ----------
    recipe
        As `read_recipe` gives it.
    as_of
        The last day that may be seen, ``"1997-09-30"``; None sees all.
    only
        The names of the notebooks to run; empty runs all.

    Raises
    ------
    ReportError
        A parameter that no notebook has, a value of the wrong kind, or an as-of date for a
        notebook that cannot keep to it.
    """
    schemas = {
        book: {parameter.name: parameter for parameter in read_parameters(book)}
        for book in recipe.notebooks
    }
    common = _common(recipe)
    _check_names(recipe, list(schemas.values()), common)
    day = None if as_of is None else as_date(as_of, name="--as-of").isoformat()
    wanted = [book for book in recipe.notebooks if _is_wanted(recipe, book, schemas[book], only)]
    tasks = [
        _task(recipe, book, schemas[book], common, day, case)
        for book in wanted
        for case in _cases(recipe, book, schemas[book])
    ]
    return _selected(tasks, only, [book.stem for book in recipe.notebooks])


def task_names(recipe: Recipe) -> list[str]:
    """Return the names of all tasks of a recipe, whatever part of it is asked for."""
    return [
        Task(book, {}, {}, case).name
        for book in recipe.notebooks
        for case in _cases(recipe, book, {each.name for each in read_parameters(book)})
    ]


def _is_wanted(recipe: Recipe, book: Path, schema: _Schema, only: tuple[str, ...]) -> bool:
    names = {Task(book, {}, {}, case).name for case in _cases(recipe, book, schema)}
    return not only or bool({book.stem, *names} & set(only))


def _selected(tasks: list[Task], only: tuple[str, ...], books: list[str]) -> tuple[Task, ...]:
    names = [task.name for task in tasks]
    for name in only:
        if name not in names and name not in books:
            known = list(dict.fromkeys([*books, *names]))
            raise ReportError(f"--only: {unknown_name('notebook', name, known)}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ReportError(
            f"matrix: two reports would be called {twice!r}. Choose values that differ in more "
            "than signs."
        )
    return tuple(task for task in tasks if not only or {task.name, task.notebook.stem} & set(only))


def _cases(recipe: Recipe, book: Path, known: Container[str]) -> Iterator[dict[str, Any]]:
    """The combinations of the matrix that concern a notebook; one empty case where none does."""
    typed = {each.name for each in recipe.settings if each.notebook in {None, book.stem}}
    axes = {name: of for name, of in recipe.matrix.items() if name in known and name not in typed}
    for values in product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _slug(value: Any) -> str:
    """A value as a part of a file's name: letters of any alphabet, digits, and ``_``."""
    text = str(value).replace("\\", "/").rpartition("/")[2] if "/" in str(value) else str(value)
    return re.sub(r"[^\w.]+", "_", text).strip("_.")[:60] or "empty"


def _common(recipe: Recipe) -> dict[str, Any]:
    """The data section by the names of the notebooks' common parameters.

    The engine is one of the reading options there, so that a notebook needs no parameter for it.
    """
    common = {key: value for key, value in recipe.data.items() if key not in ("options", "engine")}
    reading = dict(recipe.data.get("options", {}))
    if "engine" in recipe.data:
        reading["engine"] = recipe.data["engine"]
    return {**common, "reading": reading} if reading or "options" in recipe.data else common


def _check_names(recipe: Recipe, schemas: list[_Schema], common: Mapping[str, Any]) -> None:
    """Refuse what is said for all notebooks and taken by none."""
    known = {name for schema in schemas for name in schema}
    named = {*recipe.own, *(book.stem for book in recipe.notebooks)}
    for name in recipe.matrix:
        if name not in known:
            raise ReportError(f"matrix: {unknown_name('parameter', name, sorted(known))}")
        if name in recipe.shared or any(name in own for own in recipe.own.values()):
            raise ReportError(
                f"{name!r} stands in matrix and in parameters. Take it out of one of the two."
            )
    for name in recipe.shared:
        if name not in known:
            raise ReportError(
                f"parameters: {unknown_name('parameter or notebook', name, sorted(known | named))}"
            )
    for name in recipe.tables:
        if name not in known:
            raise ReportError(f"tables: {unknown_name('parameter', name, sorted(known))}")
    for setting in recipe.settings:
        if setting.notebook is None and setting.name not in known:
            raise ReportError(f"--set: {unknown_name('parameter', setting.name, sorted(known))}")
    for name in common:
        if name not in known:
            told = "options" if "options" in recipe.data else "engine"
            key = told if name == "reading" else name
            raise ReportError(
                f"data.{key} is given, but no notebook of this recipe has a parameter {name!r}. "
                "Take the line out, or add the parameter to a notebook that reads it."
            )


def _task(
    recipe: Recipe,
    book: Path,
    schema: _Schema,
    common: Mapping[str, Any],
    day: str | None,
    case: dict[str, Any],
) -> Task:
    given = {name: value for name, value in common.items() if name in schema}
    given |= taken_tables(schema.values(), recipe.tables)
    told = {name: value for name, value in recipe.shared.items() if name in schema}
    told |= recipe.own.get(book.stem, {}) | case
    given |= located_paths(told, schema, recipe.path.parent)
    try:
        given |= located_paths(_typed(recipe, book.stem, schema), schema, Path.cwd())
        if day is not None:
            given |= _as_of(schema, day)
        bound = bind(tuple(schema.values()), given)
        check_paths(given, schema)
        check_domains(given, schema)
    except ReportError as error:
        raise ReportError(f"notebook {book.stem}: {error}") from None
    changed = {name: value for name, value in bound.items() if value != schema[name].default}
    sample = recipe.data.get("source") in {None, "dataset:sample"}
    lacks = missing_table(schema.values(), recipe.tables, given, sample=sample)
    return Task(book, bound, changed, {name: bound[name] for name in case}, lacks)


def _typed(recipe: Recipe, book: str, schema: _Schema) -> dict[str, Any]:
    """What ``--set`` gives this notebook, each of the kind of its default."""
    values: dict[str, Any] = {}
    for setting in sorted(recipe.settings, key=lambda setting: setting.notebook is not None):
        if setting.notebook == book and setting.name not in schema:
            raise ReportError(unknown_name("parameter", setting.name, schema))
        if setting.notebook in {None, book} and setting.name in schema:
            values[setting.name] = parse_text(schema[setting.name], setting.text)
    return values


def _as_of(schema: _Schema, day: str) -> dict[str, str]:
    if "as_of" not in schema:
        raise ReportError(
            f"it has no parameter 'as_of', so it may see later data than {day}. Add as_of = None "
            "to its parameters cell, or leave it out with --only."
        )
    return {"as_of": day}

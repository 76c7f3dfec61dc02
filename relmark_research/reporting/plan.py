"""Every parameter of every notebook bound before anything runs, so that a slip costs no hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.parameters import Parameter, bind, parse_text, read_parameters
from relmark_research.reporting.recipe import Recipe
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
    """

    notebook: Path
    parameters: dict[str, Any]
    given: dict[str, Any]

    @property
    def name(self) -> str:
        """The notebook's name without its suffix."""
        return self.notebook.stem


def plan(
    recipe: Recipe, *, as_of: str | None = None, only: tuple[str, ...] = ()
) -> tuple[Task, ...]:
    """Return one Task per notebook of a recipe, or of the part of it that is asked for.

    A parameter is what ``--set`` says, else what the recipe says for the notebook, else for all,
    else what its data section says, else the notebook's default. ``as_of`` goes before all.

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
    return tuple(
        _task(recipe, book, schemas[book], common, day) for book in _selected(recipe, only)
    )


def _selected(recipe: Recipe, only: tuple[str, ...]) -> list[Path]:
    names = [book.stem for book in recipe.notebooks]
    for name in only:
        if name not in names:
            raise ReportError(f"--only: {unknown_name('notebook', name, names)}")
    return [book for book in recipe.notebooks if not only or book.stem in only]


def _common(recipe: Recipe) -> dict[str, Any]:
    """The data section by the names of the notebooks' common parameters."""
    return {"reading" if key == "options" else key: value for key, value in recipe.data.items()}


def _check_names(recipe: Recipe, schemas: list[_Schema], common: Mapping[str, Any]) -> None:
    """Refuse what is said for all notebooks and taken by none."""
    known = {name for schema in schemas for name in schema}
    named = {*recipe.own, *(book.stem for book in recipe.notebooks)}
    for name in recipe.shared:
        if name not in known:
            raise ReportError(
                f"parameters: {unknown_name('parameter or notebook', name, sorted(known | named))}"
            )
    for setting in recipe.settings:
        if setting.notebook is None and setting.name not in known:
            raise ReportError(f"--set: {unknown_name('parameter', setting.name, sorted(known))}")
    for name in common:
        if name not in known:
            key = "options" if name == "reading" else name
            raise ReportError(
                f"data.{key} is given, but no notebook of this recipe has a parameter {name!r}. "
                "Take the line out, or add the parameter to a notebook that reads it."
            )


def _task(
    recipe: Recipe, book: Path, schema: _Schema, common: Mapping[str, Any], day: str | None
) -> Task:
    given = {name: value for name, value in common.items() if name in schema}
    given |= {name: value for name, value in recipe.shared.items() if name in schema}
    given |= recipe.own.get(book.stem, {})
    try:
        given |= _typed(recipe, book.stem, schema)
        if day is not None:
            given |= _as_of(schema, day)
        bound = bind(tuple(schema.values()), given)
    except ReportError as error:
        raise ReportError(f"notebook {book.stem}: {error}") from None
    changed = {name: value for name, value in bound.items() if value != schema[name].default}
    return Task(book, bound, changed)


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

"""The tasks of a recipe: every parameter of every notebook is bound and checked before a run."""

import math
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.recipe._input_paths import check_paths, resolve_paths
from relmark_research.reporting.recipe._parameter_domains import check_domains
from relmark_research.reporting.recipe.declared_inputs import (
    DeclaredInputs,
    declared_in_notebook,
)
from relmark_research.reporting.recipe.input_tables import (
    available_tables,
    is_available,
    missing_table,
    source_of,
    uses_own_data,
    without_bundled_data,
)
from relmark_research.reporting.recipe.parameters import (
    Parameter,
    bind,
    parse_text,
    read_parameters,
)
from relmark_research.reporting.recipe.recipe_file import Recipe
from relmark_research.reporting.recipe.sections import (
    TRANSACTIONS,
    KnownTable,
    PlannedSection,
    plan_sections,
    read_sections,
)
from relmark_research.units import as_date

_Schema = dict[str, Parameter]

MOST_REPORTS = 500  # of one notebook, by the matrix

_SAID_NONE = {  # key of the data section -> why a notebook that needs it is skipped
    "source": "it needs transactions, and the recipe says that there are none (source: none).",
    "value": "it needs the value of each purchase, and this log has no money (data: value: none).",
    "cost": "it needs the cost of the goods, and the recipe says that there is none (data: cost: "
    "none).",
}


@dataclass(frozen=True)
class Task:
    """One notebook with all parameters bound.

    Attributes
    ----------
    notebook
        Path of the notebook.
    parameters
        The value of every parameter of the notebook.
    overrides
        The parameters that differ from the notebook's own defaults.
    case
        The parameters that the recipe's matrix sets.
    missing_table
        Why the notebook cannot run, for want of a table, a column or rows; empty if it can run.
    sections
        Its sections, and which of them are left out and why; empty if it declares none.
    declared
        What it reads without a parameter for it.

    Examples
    --------
    >>> Task(Path("03_value.ipynb"), {}, {}, case={"segment": "key account"}).name
    '03_value-key_account'
    """

    notebook: Path
    parameters: dict[str, Any]
    overrides: dict[str, Any]
    case: dict[str, Any] = field(default_factory=dict)
    missing_table: str = ""
    sections: tuple[PlannedSection, ...] = ()
    declared: DeclaredInputs = field(default_factory=DeclaredInputs)

    @property
    def name(self) -> str:
        """The stem of the notebook's file name, followed by the case."""
        return "-".join([self.notebook.stem, *map(_slug, self.case.values())])


def plan(
    recipe: Recipe, *, as_of: str | None = None, only: tuple[str, ...] = ()
) -> tuple[Task, ...]:
    """Return the tasks of a recipe, or of the requested part of it.

    There is one task for each notebook. A matrix adds one for each combination of its values, as
    far as the notebook has the parameters. The value of a parameter comes from the first of these
    that sets it: ``as_of``, ``--set``, the matrix, the recipe's parameters for the notebook, its
    shared parameters, its data section, the notebook's default.

    Parameters
    ----------
    recipe
        The result of `read_recipe`.
    as_of
        Last day of the data that is used, ``"1997-09-30"``; None uses all.
    only
        The names of the notebooks to run; empty runs all.

    Raises
    ------
    ReportError
        No notebook has the parameter, a value has the wrong type or lies outside the domain, or
        a notebook cannot apply the as-of date.
    """
    schemas = {
        notebook: {parameter.name: parameter for parameter in read_parameters(notebook)}
        for notebook in recipe.notebooks
    }
    from_data = _data_parameters(recipe)
    _check_names(recipe, list(schemas.values()), from_data)
    day = None if as_of is None else as_date(as_of, name="--as-of").isoformat()
    tasks = [
        _task(recipe, notebook, schemas[notebook], from_data, day, case)
        for notebook in recipe.notebooks
        if _is_requested(recipe, notebook, schemas[notebook], only)
        for case in _cases(recipe, notebook, schemas[notebook])
    ]
    selected = _select(tasks, only, [notebook.stem for notebook in recipe.notebooks])
    return with_known_data(selected, recipe, {})


def with_known_data(
    tasks: tuple[Task, ...], recipe: Recipe, found: Mapping[str, Mapping[str, KnownTable]]
) -> tuple[Task, ...]:
    """Return the tasks with the sections that the data allow.

    A task none of whose sections can run is skipped. A column of value or of cost that only the
    notebook's default names becomes None where the transactions do not have it.

    Parameters
    ----------
    tasks
        The result of `plan`.
    recipe
        Their recipe.
    found
        What is known of the recipe's tables and of the transactions, by source; the key of the
        recipe's own source is empty.
    """
    return tuple(
        _with_sections(
            _without_unknown_columns(task, recipe, known.get(TRANSACTIONS, KnownTable())),
            recipe,
            known,
        )
        for task in tasks
        for known in [found.get(str(task.case.get("source", "")), {})]
    )


def _without_unknown_columns(task: Task, recipe: Recipe, log: KnownTable) -> Task:
    schema = {each.name: each for each in read_parameters(task.notebook)}
    unknown = {
        name: None
        for name in ("value", "cost")
        if name in schema
        and schema[name].optional
        and name not in recipe.data
        and task.parameters[name]
        and task.parameters[name] == schema[name].default
        and not log.has(task.parameters[name])
    }
    if not unknown:
        return task
    return replace(task, parameters=task.parameters | unknown, overrides=task.overrides | unknown)


def _with_sections(task: Task, recipe: Recipe, known: Mapping[str, KnownTable]) -> Task:
    sections = read_sections(task.notebook)
    if not sections:
        return task
    needed = {name for section in sections for name in (*section.tables, *section.uses)}
    tables = {name: _known_table(name, task, recipe, known) for name in needed}
    given = {name: table for name, table in tables.items() if table is not None}
    planned = plan_sections(sections, given, task.parameters)
    reason = task.missing_table
    if not reason and not any(each.runs for each in planned):
        reasons = dict.fromkeys(part for each in planned for part in each.reason.split(", and "))
        reason = f"none of its sections can run: {'; '.join(reasons)}."
    return replace(task, sections=planned, missing_table=reason)


def _known_table(
    name: str, task: Task, recipe: Recipe, known: Mapping[str, KnownTable]
) -> KnownTable | None:
    """Return what is known of a table that a task reads; None if it reads none."""
    given = task.parameters.get("source" if name == TRANSACTIONS else name)
    if not given:
        table = recipe.tables.get(name)
        if table is None or is_available(table):
            return None
        return KnownTable(absent=f"there is no file {Path(source_of(table)).name}")
    if name == TRANSACTIONS:
        is_known = given == task.case.get("source", recipe.data.get("source"))
        found = known.get(name, KnownTable()) if is_known else KnownTable()
        columns = ("value", "cost")
        lacking = {each for each in columns if not task.parameters.get(each, True)}
        named = {each for each in columns if task.parameters.get(each)}
        own = None if found.columns is None else found.columns | named
        return replace(found, columns=own, lacking=frozenset(lacking))
    return known.get(name, KnownTable()) if given == recipe.tables.get(name) else KnownTable()


def task_names(recipe: Recipe) -> list[str]:
    """Return the names of all tasks of a recipe, whether requested or not."""
    return [
        Task(notebook, {}, {}, case).name
        for notebook in recipe.notebooks
        for case in _cases(recipe, notebook, {each.name for each in read_parameters(notebook)})
    ]


def _is_requested(recipe: Recipe, notebook: Path, schema: _Schema, only: tuple[str, ...]) -> bool:
    names = {Task(notebook, {}, {}, case).name for case in _cases(recipe, notebook, schema)}
    return not only or bool({notebook.stem, *names} & set(only))


def _select(tasks: list[Task], only: tuple[str, ...], notebooks: list[str]) -> tuple[Task, ...]:
    names = [task.name for task in tasks]
    for name in only:
        if name not in names and name not in notebooks:
            known = list(dict.fromkeys([*notebooks, *names]))
            raise ReportError(f"--only: {unknown_name('notebook', name, known)}")
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate:
        raise ReportError(
            f"matrix: two reports would have the name {duplicate!r}. Choose values that differ in "
            "letters or digits."
        )
    return tuple(task for task in tasks if not only or {task.name, task.notebook.stem} & set(only))


def _cases(recipe: Recipe, notebook: Path, known: Container[str]) -> Iterator[dict[str, Any]]:
    """Yield the combinations of the matrix for a notebook, or one empty case if none applies."""
    fixed = {each.name for each in recipe.settings if each.notebook in {None, notebook.stem}}
    axes = {
        name: values
        for name, values in recipe.matrix.items()
        if name in known and name not in fixed
    }
    count = math.prod(map(len, axes.values()))
    if count > MOST_REPORTS:
        raise ReportError(
            f"matrix: expected at most {MOST_REPORTS} reports of a notebook; notebook "
            f"{notebook.stem} would have {count:,}. Shorten the lists, or write several recipes."
        )
    for values in product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _slug(value: Any) -> str:
    """Return a value as part of a file name: letters of any alphabet, digits, and ``_``."""
    text = str(value).replace("\\", "/").rpartition("/")[2] if "/" in str(value) else str(value)
    return re.sub(r"[^\w.]+", "_", text).strip("_.")[:60] or "empty"


def _data_parameters(recipe: Recipe) -> dict[str, Any]:
    """Return the data section as parameters of the notebooks.

    The engine becomes one of the reading options, so that a notebook needs no parameter for it.
    """
    values = {key: value for key, value in recipe.data.items() if key not in ("options", "engine")}
    reading = dict(recipe.data.get("options", {}))
    if "engine" in recipe.data:
        reading["engine"] = recipe.data["engine"]
    return {**values, "reading": reading} if reading or "options" in recipe.data else values


def _check_names(recipe: Recipe, schemas: list[_Schema], from_data: Mapping[str, Any]) -> None:
    """Raise an error for a shared name that no notebook has as a parameter."""
    known = {name for schema in schemas for name in schema}
    notebooks = {*recipe.notebook_parameters, *(path.stem for path in recipe.notebooks)}
    for name in recipe.matrix:
        _check_known("matrix", "parameter", name, known)
        own = any(name in values for values in recipe.notebook_parameters.values())
        if name in recipe.shared_parameters or own:
            raise ReportError(
                f"{name!r} is in both matrix and parameters. Remove it from one of them."
            )
    for name in recipe.shared_parameters:
        _check_known("parameters", "parameter or notebook", name, known, also=notebooks)
    for name in (*recipe.tables, *recipe.no_tables):
        _check_known("tables", "parameter", name, known)
    for setting in recipe.settings:
        if setting.notebook is None:
            _check_known("--set", "parameter", setting.name, known)
    for name, value in from_data.items():
        if name not in known and value is not None:
            reading = "options" if "options" in recipe.data else "engine"
            key = reading if name == "reading" else name
            raise ReportError(
                f"data.{key} is set, but no notebook of this recipe has a parameter {name!r}. "
                "Remove the line, or add the parameter to a notebook that reads it."
            )


def _check_known(
    place: str, kind: str, name: str, known: Set[str], *, also: Set[str] = frozenset()
) -> None:
    if name not in known:
        raise ReportError(f"{place}: {unknown_name(kind, name, sorted(known | also))}")


def _task(
    recipe: Recipe,
    notebook: Path,
    schema: _Schema,
    from_data: Mapping[str, Any],
    day: str | None,
    case: dict[str, Any],
) -> Task:
    values = {name: value for name, value in from_data.items() if name in schema}
    lacks = [key for key in _SAID_NONE if _needs_what_is_not(schema, values, key)]
    values = {name: value for name, value in values.items() if name not in lacks}
    values |= _no_tables(schema, recipe.no_tables) | available_tables(
        schema.values(), recipe.tables
    )
    written = {name: each for name, each in recipe.shared_parameters.items() if name in schema}
    written |= recipe.notebook_parameters.get(notebook.stem, {}) | case
    values |= resolve_paths(written, schema, recipe.path.parent)
    try:
        values |= resolve_paths(_settings(recipe, notebook.stem, schema), schema, Path.cwd())
        values |= {} if day is None else _as_of(schema, day)
        named = [recipe.data.get("source"), *recipe.tables.values()]
        own = uses_own_data(schema.values(), values, named)
        values |= without_bundled_data(schema.values(), values) if own else {}
        bound = bind(tuple(schema.values()), values)
        check_paths(values, schema)
        check_domains(values, schema)
    except ReportError as error:
        raise ReportError(f"notebook {notebook.stem}: {error}") from None
    overrides = {name: value for name, value in bound.items() if value != schema[name].default}
    missing = missing_table(schema.values(), recipe.tables, values, sample=not own)
    missing = next((_SAID_NONE[key] for key in lacks), missing)
    missing = _said_none(schema, recipe.no_tables) or missing
    set_by_matrix = {name: bound[name] for name in case}
    declared = recipe.inputs.with_more(declared_in_notebook(notebook))
    return Task(notebook, bound, overrides, set_by_matrix, missing, declared=declared)


def _needs_what_is_not(schema: _Schema, values: Mapping[str, Any], key: str) -> bool:
    """Return whether a notebook needs a key of the data section of which there is none."""
    is_none = key in values and values[key] is None
    return is_none and not schema[key].optional and schema[key].type != "any"


def _no_tables(schema: _Schema, names: Iterable[str]) -> dict[str, None]:
    """Return None for the tables that the recipe says there are none of, where that is allowed."""
    return {
        name: None
        for name in names
        if name in schema and (schema[name].optional or schema[name].type == "any")
    }


def _said_none(schema: _Schema, names: Iterable[str]) -> str:
    """Return why a notebook cannot run without a table that the recipe says there is none of."""
    for name in names:
        if name in schema and schema[name].takes_bundled and not schema[name].optional:
            return (
                f"it needs a table of {name}, and the recipe names none. "
                f"Name its file under tables: {name}: {name}.csv"
            )
    return ""


def _settings(recipe: Recipe, notebook: str, schema: _Schema) -> dict[str, Any]:
    """Return the values that ``--set`` gives a notebook, in the types of its parameters."""
    values: dict[str, Any] = {}
    for setting in sorted(recipe.settings, key=lambda setting: setting.notebook is not None):
        if setting.notebook == notebook and setting.name not in schema:
            raise ReportError(unknown_name("parameter", setting.name, schema))
        if setting.notebook in {None, notebook} and setting.name in schema:
            values[setting.name] = parse_text(schema[setting.name], setting.text)
    return values


def _as_of(schema: _Schema, day: str) -> dict[str, str]:
    if "as_of" not in schema:
        raise ReportError(
            f"it has no parameter 'as_of', so it may use data after {day}. Add as_of = None to "
            "its parameters cell, or leave it out with --only."
        )
    return {"as_of": day}

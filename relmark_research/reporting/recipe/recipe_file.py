"""A recipe file: the notebooks to run, their data and their parameters.

title: What are our customers worth?
data:
  source: sales.csv
  customer: customer_id
notebooks: [01_customer_base, 03_lifetime_value]
tables:
  contacts: contacts.csv       # without a table a notebook has fewer sections
  prospects: none              # there is no such table, not even the sample's
  customers:                   # a table with other names or in another format
    source: people.txt
    columns: {customer_id: Customer ID}
    options: {separator: tab, date_format: "%m/%d/%Y"}
    max_outside_log: 0.6       # share of its rows or customers that may be outside the log
parameters:
  margin: 0.3                  # shared by all notebooks that have the parameter
  03_lifetime_value:
    horizon: 52 weeks          # for one notebook
matrix:
  segment: [private, trade]    # one report for each value, if the notebook has the parameter
alerts:
  total_clv: {falls_by: 10%}
customer_table: parquet        # a file with one row per customer; or csv, excel, or a section
inputs:                        # what notebooks read without a parameter for it
  files: [rates.csv]
  environment: [FISCAL_YEAR]
  day: true                    # run again on another day

The sections are pydantic models without extra keys; `Recipe` is the checked result.
"""

import reprlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from relmark_research._repr import Rows, short_repr
from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.recipe.alerts import Alert, read_alerts
from relmark_research.reporting.recipe.declared_inputs import DeclaredInputs, read_declared
from relmark_research.reporting.recipe.hooks import Hook, read_hooks
from relmark_research.reporting.recipe.input_tables import resolve_tables
from relmark_research.reporting.recipe.recipe_sources import check_source, resolve_source
from relmark_research.reporting.record.resource_units import parse_duration, parse_memory_size
from relmark_research.reporting.record.secrets import (
    check_no_plain_secrets,
    read_secrets,
    secret_names,
)
from relmark_research.tables import yaml_files
from relmark_research.units import Horizon

When = Literal["always", "done", "failed", "alert"]

_MAY_BE_NONE = ("source", "value", "cost")  # keys of the data section
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_TEXT = Annotated[str, Field(min_length=1)]
_TYPES = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number"}
_MAPPING = "names with values, one per line"
_EXPECTED = {  # type of a pydantic error -> what was expected
    "string_type": "text",
    "list_type": "a list",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "recursion_loop": "a value that does not contain itself",
}


class Section(BaseModel):
    """A section of a recipe; other keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DataSection(Section):
    """The data source, its columns and its reading options."""

    source: str | None = None
    customer: str | None = None
    date: str | None = None
    value: str | None = None
    cost: str | None = None
    returns: str | None = None
    engine: str | None = None
    currency: str | None = None
    options: dict[str, Any] | None = None


class TableSection(Section):
    """A table other than the log: its source, its columns by our names, its reading options.

    ``max_outside_log`` is the share of its rows or customers that may be outside the log's.
    """

    source: _TEXT
    columns: dict[str, str] | None = None
    options: dict[str, Any] | None = None
    max_outside_log: float | None = Field(default=None, ge=0, le=1)


class AlertSection(Section):
    """The thresholds of a key figure."""

    falls_by: Any = None
    rises_by: Any = None
    changes_by: Any = None
    below: Any = None
    above: Any = None


class MailSection(Section):
    """A mail by SMTP."""

    to: list[_TEXT] = Field(min_length=1)
    sender: str = ""
    server: str = "localhost"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: str | None = None

    @model_validator(mode="after")
    def _password_encrypted(self) -> Self:
        if self.user and self.security == "none" and self.server not in _LOCAL_HOSTS:
            raise ValueError(
                "would send its password unencrypted. Add security: starttls (port 587) or "
                "security: tls (port 465), whichever the server supports."
            )
        return self


class WebhookSection(Section):
    """A POST request with JSON."""

    url: _TEXT
    headers: dict[str, str] = Field(default_factory=dict)


class HookSection(Section):
    """A notification, and the results that trigger it: one of command, mail and webhook."""

    when: list[When] = Field(default=["always"], min_length=1)
    command: list[_TEXT] | None = Field(default=None, min_length=1)
    mail: MailSection | None = None
    webhook: WebhookSection | None = None
    secrets: list[_TEXT] = Field(default_factory=list)

    @field_validator("when", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("command", mode="before")
    @classmethod
    def _split_words(cls, value: Any) -> Any:
        import shlex

        try:
            return shlex.split(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError(f"is not a command line: {error}. Close the quotes.") from None


class CustomerTableSection(Section):
    """The file with one row per customer: its format, its ids, and what is expected.

    ``ids: clear`` writes the log's own ids, ``pseudonym`` their keyed hashes. ``measured`` names,
    by action, the experiment that measured its effect; other actions are not advised.
    """

    format: Literal["parquet", "csv", "excel"]
    ids: Literal["clear", "pseudonym"] = "pseudonym"
    horizon: str = "52 weeks"
    margin: float | None = Field(default=None, gt=0, le=1)
    measured: dict[str, _TEXT] = Field(default_factory=dict)


class RecipeFile(Section):
    """The whole content of a recipe file."""

    title: str = Field(min_length=1)
    data: DataSection | None = None
    notebooks: list[str] = Field(min_length=1)
    tables: dict[str, TableSection | None] = Field(default_factory=dict)
    parameters: dict[str, Any] | None = None
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    alerts: dict[str, AlertSection] = Field(default_factory=dict)
    hooks: list[HookSection] = Field(default_factory=list)
    keep: int | None = Field(default=None, ge=1)
    time_limit: float = 3600.0
    memory_limit: int | None = None
    reuse: bool = True
    inputs: dict[str, Any] | None = None
    share: bool = False
    customer_table: CustomerTableSection | None = None

    @field_validator("customer_table", mode="before")
    @classmethod
    def _with_format(cls, given: Any) -> Any:
        return {"format": given} if isinstance(given, str) else given

    @field_validator("tables", mode="before")
    @classmethod
    def _as_sections(cls, tables: Any) -> Any:
        if not isinstance(tables, dict):
            return tables
        empty = {name: None for name, table in tables.items() if _is_no_table(table)}
        named = {name: {"source": t} for name, t in tables.items() if t and isinstance(t, str)}
        return tables | named | empty

    @field_validator("time_limit", mode="before")
    @classmethod
    def _in_seconds(cls, value: Any) -> float:
        return parse_duration(value)

    @field_validator("memory_limit", mode="before")
    @classmethod
    def _in_bytes(cls, value: Any) -> int | None:
        return None if value is None else parse_memory_size(value)


_SECTIONS: dict[str, type[Section]] = {
    "data": DataSection,
    "tables": TableSection,
    "alerts": AlertSection,
    "hooks": HookSection,
    "mail": MailSection,
    "webhook": WebhookSection,
    "customer_table": CustomerTableSection,
}


@dataclass(frozen=True)
class Setting:
    """A parameter that ``--set`` gives, as typed; notebook None means every notebook."""

    notebook: str | None
    name: str
    text: str


@short_repr
@dataclass(frozen=True, repr=False)
class Recipe:
    """A recipe after all checks, with absolute paths.

    Attributes
    ----------
    name, path
        The stem of the file name, and the path of the file.
    data
        The data section. The source is an absolute path, a glob, a URL or ``dataset:NAME``; a
        source, value or cost of None says that there is none.
    notebooks
        Paths of the notebooks, in the order of the recipe.
    tables
        The user's tables by parameter name: an absolute path or ``sample:NAME``, or a mapping of
        source, columns and options, as `read_table` takes them.
    no_tables
        The tables that, as the recipe says, there are none of.
    max_outside_log
        Share of a table's rows or customers that may be outside the log, where one is declared.
    shared_parameters
        Parameters for every notebook that has them.
    notebook_parameters
        Parameters by notebook.
    settings
        The parameters that ``--set`` adds.
    matrix
        The values of each parameter for which there is a separate report.
    alerts, hooks
        Rules for key figures, and notifications.
    keep
        Number of runs to keep; None keeps all.
    time_limit
        For one notebook [seconds].
    memory_limit
        For one notebook [bytes]; None is 80% of the machine's memory.
    reuse
        Whether the results of the last good run are reused if nothing has changed.
    inputs
        What all notebooks read without a parameter for it.
    share
        Whether other users of the machine may read the runs.
    customer_table
        The settings of the file with one row per customer; None writes none.
    """

    name: str
    path: Path
    title: str
    notebooks: tuple[Path, ...]
    data: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, str | dict[str, Any]] = field(default_factory=dict)
    no_tables: tuple[str, ...] = ()
    max_outside_log: dict[str, float] = field(default_factory=dict)
    shared_parameters: dict[str, Any] = field(default_factory=dict)
    notebook_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    matrix: dict[str, list[Any]] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    hooks: tuple[Hook, ...] = ()
    keep: int | None = None
    time_limit: float = 3600.0
    memory_limit: int | None = None
    reuse: bool = True
    inputs: DeclaredInputs = field(default_factory=DeclaredInputs)
    share: bool = False
    customer_table: dict[str, Any] | None = None

    def secrets(self) -> dict[str, str]:
        """Return every secret that the recipe names, with its value from the environment."""
        typed = [setting.text for setting in self.settings]
        hooks = [value for hook in self.hooks for value in (hook.mail, hook.webhook)]
        named = {name for hook in self.hooks for name in hook.secrets}
        parameters = [self.shared_parameters, self.notebook_parameters, self.matrix]
        return read_secrets(
            named | secret_names([self.data, self.tables, *parameters, typed, hooks])
        )

    def notebook_secrets(self) -> dict[str, str]:
        """Return the secrets without those of the hooks alone, which no notebook needs."""
        return replace(self, hooks=()).secrets()

    def _summary(self) -> Rows:
        return {"name": self.name, "notebooks": len(self.notebooks), "alerts": len(self.alerts)}


def read_recipe(path: Path | str, *, settings: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe, with the settings of the command line.

    Parameters
    ----------
    path
        A YAML file.
    settings
        ``data.KEY=VALUE``, ``NOTEBOOK.NAME=VALUE``, or ``NAME=VALUE`` for every notebook that has
        the parameter. A relative source starts from the working directory.

    Raises
    ------
    ReportError
        The recipe cannot be read, has an unknown key, names a notebook or a file that does not
        exist, or a setting matches nothing in it.
    """
    path = Path(path).resolve()
    _check_is_recipe(path)
    content = check_recipe(read_yaml(path), name=path.name)
    notebooks = tuple(find_notebook(name, path.parent) for name in content["notebooks"])
    names = _unique_names(notebooks)
    shared, by_notebook = _split_parameters(content["parameters"] or {}, names)
    recipe = Recipe(
        name=path.stem,
        path=path,
        title=content["title"],
        notebooks=notebooks,
        data=resolve_source(content["data"], path.parent),
        tables=resolve_tables(content["tables"], path.parent),
        no_tables=tuple(name for name, table in content["tables"].items() if not table),
        max_outside_log={
            name: table["max_outside_log"]
            for name, table in content["tables"].items()
            if table and table["max_outside_log"] is not None
        },
        shared_parameters=shared,
        notebook_parameters=by_notebook,
        matrix=_matrix(content["matrix"], path.parent),
        alerts=read_alerts(content["alerts"]),
        hooks=read_hooks(content["hooks"]),
        inputs=read_declared(content["inputs"], path.parent, place=f"{path.name}: inputs"),
        **{
            name: content[name]
            for name in ("keep", "time_limit", "memory_limit", "reuse", "share", "customer_table")
        },
    )
    recipe = _with_settings(recipe, settings, names)
    _check_secrets(recipe)
    _check_customer_table(recipe)
    for source in recipe.matrix.get("source", [recipe.data.get("source")]):
        check_source({**recipe.data, "source": source} if source else recipe.data)
    return recipe


def check_recipe(content: Any, *, name: str) -> dict[str, Any]:
    """Return the content of a recipe file with its defaults.

    Parameters
    ----------
    content
        The content of the YAML file.
    name
        The file name, for error messages.

    Raises
    ------
    ReportError
        All mistakes, one per line.
    """
    if not isinstance(content, dict):
        found = _type_name(content)
        raise ReportError(f"{name} must hold names with values, such as title: ...; found {found}.")
    try:
        recipe = RecipeFile.model_validate(content)
    except ValidationError as error:
        sentences = [_sentence(problem) for problem in error.errors()]
        raise ReportError("\n".join(f"{name}: {sentence}" for sentence in sentences)) from None
    checked = recipe.model_dump()
    checked["data"] = _data_keys(recipe.data) if recipe.data else {}
    for number, hook in enumerate(recipe.hooks, start=1):
        channels = [key for key in ("command", "mail", "webhook") if getattr(hook, key) is not None]
        if len(channels) != 1:
            raise ReportError(
                f"{name}: hook {number} must have one of command, mail and webhook; "
                f"found {' and '.join(channels) or 'none'}."
            )
    return checked


def read_yaml(path: Path) -> Any:
    """Return the content of a recipe file in which no key is repeated.

    Raises
    ------
    ReportError
        The file is not YAML in UTF-8, a key is repeated, or it exceeds a limit of `yaml_files`.
    """
    return yaml_files.read_yaml(path, error=ReportError)


def hooks_of_file(path: Path) -> tuple[Hook, ...]:
    """Return the hooks of a recipe file that may be invalid, as far as they can be read.

    Whoever is told of failures is then also told of a recipe that is refused.
    """
    try:
        sections = read_yaml(path).get("hooks") or []
    except (ReportError, AttributeError):
        return ()
    hooks: list[Hook] = []
    for section in sections if isinstance(sections, list) else []:
        try:
            hooks += read_hooks([HookSection.model_validate(section).model_dump()])
        except ValidationError:
            continue
    return tuple(hook for hook in hooks if hook.command or hook.mail or hook.webhook)


def section_of(keys: list[str]) -> type[Section]:
    """Return the section that holds a key, given the keys that lead to it.

    Examples
    --------
    >>> section_of(["hooks", "mail", "too"]).__name__, section_of(["titel"]).__name__
    ('MailSection', 'RecipeFile')
    """
    if keys[0] == "alerts":
        return AlertSection
    sections = [_SECTIONS[key] for key in keys[:-1] if key in _SECTIONS]
    return sections[-1] if sections else RecipeFile


def find_notebook(name: str, folder: Path) -> Path:
    """Return the path of a notebook.

    Parameters
    ----------
    name
        A path that ends in .ipynb, or the name of a notebook in the nearest folder ``notebooks``.
    folder
        The folder that the search starts from.

    Raises
    ------
    ReportError
        There is no such notebook.
    """
    if name.endswith(".ipynb"):
        path = (folder / Path(name).expanduser()).resolve()
        if path.is_file():
            return path
        raise ReportError(f"no notebook at {path}. Paths start from the recipe's folder.")
    notebooks = notebooks_folder(folder)
    known = {path.stem: path for path in sorted(notebooks.glob("*.ipynb"))}
    if name not in known:
        raise ReportError(f"{unknown_name('notebook', name, known)} (Searched {notebooks}.)")
    return known[name]


def notebooks_folder(folder: Path) -> Path:
    """Return the nearest folder ``notebooks`` in ``folder`` or in its parents."""
    for parent in (folder, *folder.parents):
        if (parent / "notebooks").is_dir():
            return parent / "notebooks"
    raise ReportError(
        f"no folder 'notebooks' in {folder} or in its parents. Create one, or name each notebook "
        "by a path that ends in .ipynb."
    )


def _sentence(problem: Any) -> str:
    """Return one of pydantic's errors as a sentence."""
    keys = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    place, found, context = ".".join(keys), problem.get("input"), problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        parent = f" in {'.'.join(keys[:-1])}" if len(keys) > 1 else ""
        return unknown_name(f"key{parent}", keys[-1], section_of(keys).model_fields)
    if problem["type"] == "missing":
        parent = keys[-2] if len(keys) > 1 else "recipe"
        fields = section_of(keys).model_fields
        required = [key for key, each in fields.items() if each.is_required()]
        return f"{place!r} is missing. Every {parent} has {' and '.join(required)}."
    if problem["type"] == "value_error":
        return f"{place} {context['error']}"
    if problem["type"] in {"too_short", "string_too_short"}:
        return f"{place} must not be empty."
    if problem["type"] == "literal_error":
        return f"{place} must be {context['expected']}; found {_short_repr(found)}."
    if problem["type"] in {"greater_than_equal", "less_than_equal"}:
        bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return f"{place} must be {bound}; found {_short_repr(found)}."
    expected = _EXPECTED.get(problem["type"], "something else")
    is_scalar = found is not None and not isinstance(found, (dict, list))
    quotes = " Put it in quotes." if expected == "text" and is_scalar else ""
    return f"{place} must be {expected}; found {_short_repr(found)} ({_type_name(found)}).{quotes}"


def _short_repr(found: Any) -> str:
    shortener = reprlib.Repr()
    shortener.maxlevel, shortener.maxlist, shortener.maxdict, shortener.maxstring = 2, 3, 3, 60
    return shortener.repr(found)


def _type_name(value: Any) -> str:
    if value is None:
        return "nothing"
    return _TYPES.get(type(value), "a number" if isinstance(value, float) else "a date")


def _check_is_recipe(path: Path) -> None:
    if path.suffix == ".ipynb":
        raise ReportError(
            f"{path.name} is a notebook, not a recipe. Run only this notebook of a recipe: "
            f"relmark run RECIPE --only {path.stem}"
        )
    if not path.is_file():
        folder = path if path.is_dir() else path.parent
        known = sorted(file.name for file in folder.glob("*.y*ml")) if folder.is_dir() else []
        problem = unknown_name("recipe", path.name, known) if known else "the folder has none."
        raise ReportError(f"no recipe at {path}: {problem} Recipes are stored in reports/recipes/.")


def _unique_names(notebooks: tuple[Path, ...]) -> list[str]:
    names = [path.stem for path in notebooks]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate:
        raise ReportError(
            f"the recipe has two notebooks with the name {duplicate!r}, and both reports would "
            "have the same file name. Name each notebook once."
        )
    return names


def _split_parameters(
    parameters: dict[Any, Any], names: list[str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the shared parameters, and the parameters by notebook."""
    shared: dict[str, Any] = {}
    by_notebook: dict[str, dict[str, Any]] = {}
    for key, value in parameters.items():
        if str(key) not in names:
            shared[str(key)] = value
        elif isinstance(value, dict):
            by_notebook[str(key)] = {str(name): item for name, item in value.items()}
        else:
            raise ReportError(
                f"parameters.{key} must be the parameters of that notebook with their values; "
                f"found {value!r}."
            )
    return shared, by_notebook


def _with_settings(recipe: Recipe, settings: tuple[str, ...], names: list[str]) -> Recipe:
    for setting in settings:
        target, equals, text = setting.partition("=")
        place, _, name = target.strip().rpartition(".")
        if not equals or not name:
            raise ReportError(
                f"--set takes NOTEBOOK.NAME=VALUE or data.KEY=VALUE; found {setting!r}."
            )
        if place == "data" or place.startswith("data."):
            recipe = replace(recipe, data=_with_data_key(recipe.data, place, name, text))
        elif place and place not in names:
            raise ReportError(f"--set {setting}: {unknown_name('notebook', place, names)}")
        else:
            added = Setting(place or None, name, text)
            recipe = replace(recipe, settings=(*recipe.settings, added))
    return recipe


def _with_data_key(data: dict[str, Any], place: str, name: str, text: str) -> dict[str, Any]:
    """Return the data section with one key, or one reading option, set to a text."""
    if place == "data.options":
        return {**data, "options": {**data.get("options", {}), name: text}}
    keys = tuple(DataSection.model_fields)
    if place != "data" or name not in keys or name == "options":
        wrong = f"{place}.{name}".removeprefix("data.")
        raise ReportError(f"--set data: {unknown_name('key in data', wrong, keys)}")
    value = None if name in _MAY_BE_NONE and _is_none(text) else text
    return {**data, **resolve_source({name: value}, Path.cwd())}


def _data_keys(data: DataSection) -> dict[str, Any]:
    """Return the keys of the data section that are set; None says that there is none."""
    keys = data.model_dump(exclude_none=True)
    said = data.model_fields_set.intersection(_MAY_BE_NONE)
    return keys | {name: None for name in said if _is_none(getattr(data, name))}


def _is_no_table(table: Any) -> bool:
    source = table.get("source") if isinstance(table, dict) else table
    return isinstance(source, str) and (not source or _is_none(source))


def _is_none(text: str | None) -> bool:
    return text is None or text.strip().lower() == "none"


def _matrix(matrix: dict[str, list[Any]], folder: Path) -> dict[str, list[Any]]:
    """Return the matrix with absolute sources, after checking that no value is repeated."""
    for name, values in matrix.items():
        for number, value in enumerate(values):
            if value in values[:number]:
                raise ReportError(
                    f"matrix.{name} must have each value once; found {value!r} twice. "
                    "Remove one of them."
                )
            if isinstance(value, (dict, list)):
                raise ReportError(
                    f"matrix.{name} must hold texts, numbers or dates; found {value!r}."
                )
    if "source" not in matrix:
        return matrix
    sources = [resolve_source({"source": str(each)}, folder)["source"] for each in matrix["source"]]
    return {**matrix, "source": sources}


def _check_customer_table(recipe: Recipe) -> None:
    """Raise an error where the file of customers is asked for without one log."""
    if recipe.customer_table is None:
        return
    if "source" in recipe.matrix or "source" not in recipe.data:
        found = "several (matrix.source)" if "source" in recipe.matrix else "none"
        raise ReportError(
            f"customer_table needs one log, the source under data; found {found}. Leave it out, or "
            "write a recipe for each log."
        )
    Horizon.parse(recipe.customer_table["horizon"])


def _check_secrets(recipe: Recipe) -> None:
    """Raise an error for a secret that is written out, or that the environment does not have."""
    for number, hook in enumerate(recipe.hooks, start=1):
        if named := secret_names(hook.command):
            raise ReportError(
                f"the command of hook {number} must not hold a secret, because every user of the "
                f"machine can list commands; found ${{{sorted(named)[0]}}}. Write "
                f"secrets: [{sorted(named)[0]}], and let the command read that variable."
            )
    hooks = {
        "mail": [hook.mail for hook in recipe.hooks],
        "webhook": [hook.webhook for hook in recipe.hooks],
    }
    places: dict[str, Any] = {
        "data": recipe.data,
        "tables": recipe.tables,
        "matrix": recipe.matrix,
        "parameters": {**recipe.shared_parameters, **recipe.notebook_parameters},
        "--set": {setting.name: setting.text for setting in recipe.settings},
        "hooks": hooks,
    }
    for place, value in places.items():
        check_no_plain_secrets(value, place)
    recipe.secrets()

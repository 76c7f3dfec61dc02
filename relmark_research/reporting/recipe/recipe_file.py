"""A recipe: which notebooks, of which data, with which parameters.

title: What are our customers worth?
data:
  source: sales.csv
  customer: customer_id
notebooks: [01_customer_base, 03_lifetime_value]
tables:
  contacts: contacts.csv       # notebooks that need it are skipped where it is missing
parameters:
  margin: 0.3                  # shared: for every notebook that has it
  03_lifetime_value:
    horizon: 52 weeks          # for this one
matrix:
  segment: [private, trade]    # a report for each, of every notebook that has it
alerts:
  total_clv: {falls_by: 10%}
"""

import reprlib
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.recipe.alerts import Alert, read_alerts
from relmark_research.reporting.recipe.hooks import Hook, read_hooks
from relmark_research.reporting.recipe.input_tables import located_tables
from relmark_research.reporting.recipe.recipe_sources import check_source, located
from relmark_research.reporting.record.secrets import named, refuse_written, taken
from relmark_research.reporting.record.size_units import seconds, size

# The sections of a recipe file, as pydantic checks them: strict, and no key beside these.

When = Literal["always", "done", "failed", "alert"]
_HERE = ("localhost", "127.0.0.1", "::1")
_TEXT = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A part of a recipe."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DataSection(Section):
    """Which data, and what its columns are called."""

    source: str | None = None
    customer: str | None = None
    date: str | None = None
    value: str | None = None
    cost: str | None = None
    returns: str | None = None
    engine: str | None = None
    currency: str | None = None
    options: dict[str, Any] | None = None


class AlertSection(Section):
    """What a key figure must not do."""

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
        if self.user and self.security == "none" and self.server not in _HERE:
            raise ValueError(
                "would send its password in the clear. Add security: starttls (port 587) or "
                "security: tls (port 465), as the server has it."
            )
        return self


class WebhookSection(Section):
    """A POST of JSON."""

    url: _TEXT
    headers: dict[str, str] = Field(default_factory=dict)


class HookSection(Section):
    """Whom to tell, and when: one of command, mail and webhook."""

    when: list[When] = Field(default=["always"], min_length=1)
    command: list[_TEXT] | None = Field(default=None, min_length=1)
    mail: MailSection | None = None
    webhook: WebhookSection | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("command", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        import shlex

        try:
            return shlex.split(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError(f"is not a command line: {error}. Close the quotes.") from None


class RecipeFile(Section):
    """A whole recipe."""

    title: str = Field(min_length=1)
    data: DataSection | None = None
    notebooks: list[str] = Field(min_length=1)
    tables: dict[str, str | None] = Field(default_factory=dict)
    parameters: dict[str, Any] | None = None
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    alerts: dict[str, AlertSection] = Field(default_factory=dict)
    hooks: list[HookSection] = Field(default_factory=list)
    keep: int | None = Field(default=None, ge=1)
    time_limit: float = 3600.0
    memory_limit: int | None = None
    reuse: bool = True

    @field_validator("time_limit", mode="before")
    @classmethod
    def _in_seconds(cls, value: Any) -> float:
        return seconds(value)

    @field_validator("memory_limit", mode="before")
    @classmethod
    def _in_bytes(cls, value: Any) -> int | None:
        return None if value is None else size(value)


_PLACES: dict[str, type[Section]] = {
    "data": DataSection,
    "alerts": AlertSection,
    "hooks": HookSection,
    "mail": MailSection,
    "webhook": WebhookSection,
}


def section_at(place: list[str]) -> type[Section]:
    """Return the section in which a key stands, by the keys on the way to it.

    Examples
    --------
    >>> section_at(["hooks", "mail", "too"]).__name__, section_at(["titel"]).__name__
    ('MailSection', 'RecipeFile')
    """
    if place[0] == "alerts":
        return AlertSection
    inside = [_PLACES[key] for key in place[:-1] if key in _PLACES]
    return inside[-1] if inside else RecipeFile


# What may stand in a recipe, and how a mistake in one is said. pydantic checks the shape; the
# words are ours: where, what was expected, what was found, and the nearest name that there is.

_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number"}
_EXPECTED = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "names with values, one to a line",
    "model_type": "names with values, one to a line",
    "model_attributes_type": "names with values, one to a line",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "recursion_loop": "a value that does not contain itself",
}


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error rather than the last one's win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ReportError(f"{key.value!r} stands twice (line {key.start_mark.line + 1}).")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file, refusing what is not YAML and keys that stand twice."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise ReportError(f"{path.name} is not YAML at {where}: {error.problem}.") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise ReportError(f"{path.name} cannot be read as YAML in UTF-8: {said}.") from None
    except ReportError as error:
        raise ReportError(f"{path.name}: {error} Keep one of the two.") from None


def check_recipe(content: Any, *, name: str) -> dict[str, Any]:
    """Return a recipe's content with its defaults filled in.

    Parameters
    ----------
    content
        What the YAML file holds.
    name
        The file's name, for messages.

    Raises
    ------
    ReportError
        Every mistake that was found, one to a line.
    """
    if not isinstance(content, dict):
        found = _kind(content)
        raise ReportError(f"{name} must hold names with values, such as title: ...; found {found}.")
    try:
        recipe = RecipeFile.model_validate(content)
    except ValidationError as error:
        said = [_sentence(problem) for problem in error.errors()]
        raise ReportError("\n".join(f"{name}: {sentence}" for sentence in said)) from None
    checked = recipe.model_dump()
    checked["data"] = recipe.data.model_dump(exclude_none=True) if recipe.data else {}
    for number, hook in enumerate(recipe.hooks, start=1):
        ways = [way for way in ("command", "mail", "webhook") if getattr(hook, way) is not None]
        if len(ways) != 1:
            raise ReportError(
                f"{name}: hook {number} must have one of command, mail and webhook; "
                f"found {' and '.join(ways) or 'none'}."
            )
    return checked


def data_keys() -> tuple[str, ...]:
    """Return the keys that a recipe's data section may have."""
    return tuple(DataSection.model_fields)


def _sentence(problem: Any) -> str:
    """One of pydantic's findings in our words."""
    place = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    where, found, context = ".".join(place), problem.get("input"), problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        inside = f" in {'.'.join(place[:-1])}" if len(place) > 1 else ""
        return unknown_name(f"key{inside}", place[-1], section_at(place).model_fields)
    if problem["type"] == "missing":
        inside = place[-2] if len(place) > 1 else "recipe"
        fields = section_at(place).model_fields
        needed = [key for key, about in fields.items() if about.is_required()]
        return f"{where!r} is missing. Every {inside} has {' and '.join(needed)}."
    if problem["type"] == "value_error":
        return f"{where} {context['error']}"
    if problem["type"] in {"too_short", "string_too_short"}:
        return f"{where} must not be empty."
    if problem["type"] == "literal_error":
        return f"{where} must be {context['expected']}; found {_short(found)}."
    if problem["type"] in {"greater_than_equal", "less_than_equal"}:
        least = "ge" in context
        bound = f"at least {context['ge']}" if least else f"at most {context['le']}"
        return f"{where} must be {bound}; found {_short(found)}."
    expected = _EXPECTED.get(problem["type"], "something else")
    quotes = " Put it in quotes." if expected == "text" and _is_word(found) else ""
    return f"{where} must be {expected}; found {_short(found)} ({_kind(found)}).{quotes}"


def _short(found: Any) -> str:
    """What was found, whatever its size."""
    brief = reprlib.Repr()
    brief.maxlevel, brief.maxlist, brief.maxdict, brief.maxstring = 2, 3, 3, 60
    return brief.repr(found)


def _is_word(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return _KINDS.get(type(value), "a number" if isinstance(value, float) else "a date")


@dataclass(frozen=True)
class Setting:
    """A parameter given on the command line, still as it was typed; notebook None is for all."""

    notebook: str | None
    name: str
    text: str


@dataclass(frozen=True)
class Recipe:
    """A recipe as it was written, checked, with its paths made absolute.

    Attributes
    ----------
    name, path
        The file's name without its suffix, and the file.
    data
        What the recipe says of the data, by the names of its data section; the source is an
        absolute path, a glob, a URL or ``dataset:NAME``.
    notebooks
        The notebooks' files, in the order of the recipe.
    tables
        The user's own tables by the parameters that take them: absolute paths or ``sample:NAME``.
    shared, own
        Parameters for every notebook that has them, and by notebook.
    settings
        What ``--set`` adds to the parameters.
    matrix
        Parameters with the values for each of which there is a report.
    alerts, hooks
        What the key figures must not do, and whom to tell.
    keep
        How many runs to keep; None keeps all.
    time_limit
        For one whole notebook [seconds].
    memory_limit
        For one whole notebook [bytes]; None leaves it four fifths of the machine's.
    reuse
        Whether a notebook is taken from the last good run where nothing has changed since.
    """

    name: str
    path: Path
    title: str
    notebooks: tuple[Path, ...]
    data: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    matrix: dict[str, list[Any]] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    hooks: tuple[Hook, ...] = ()
    keep: int | None = None
    time_limit: float = 3600.0
    memory_limit: int | None = None
    reuse: bool = True

    def secrets(self) -> dict[str, str]:
        """Return every secret that the recipe names, with what the environment holds for it."""
        typed = [setting.text for setting in self.settings]
        tell = [value for hook in self.hooks for value in (hook.command, hook.mail, hook.webhook)]
        return taken(named([self.data, self.shared, self.own, self.matrix, typed, tell]))


def read_recipe(path: Path | str, *, settings: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe, with what the command line sets in it.

    Parameters
    ----------
    path
        A YAML file.
    settings
        ``data.KEY=VALUE``, ``NOTEBOOK.NAME=VALUE``, or ``NAME=VALUE`` for every notebook that has
        the parameter. A source is read from the working directory.

    Raises
    ------
    ReportError
        The recipe cannot be read, has a key that recipes do not have, names a notebook or a file
        that is not there, or a setting names nothing in it.
    """
    pass  # MOVED

    path = Path(path).resolve()
    _refuse_what_is_no_recipe(path)
    content = check_recipe(read_yaml(path), name=path.name)
    notebooks = tuple(find_notebook(name, path.parent) for name in content["notebooks"])
    names = _names(notebooks)
    shared, own = _by_notebook(content["parameters"] or {}, names)
    recipe = Recipe(
        name=path.stem,
        path=path,
        title=content["title"],
        notebooks=notebooks,
        data=located(content["data"], path.parent),
        tables=located_tables(content["tables"], path.parent),
        shared=shared,
        own=own,
        matrix=_matrix(content["matrix"], path.parent),
        alerts=read_alerts(content["alerts"]),
        hooks=read_hooks(content["hooks"]),
        **{name: content[name] for name in ("keep", "time_limit", "memory_limit", "reuse")},
    )
    recipe = _with_settings(recipe, settings, names)
    _check_secrets(recipe)
    for source in recipe.matrix.get("source", [recipe.data.get("source")]):
        check_source({**recipe.data, "source": source} if source else recipe.data)
    return recipe


def _refuse_what_is_no_recipe(path: Path) -> None:
    if path.suffix == ".ipynb":
        raise ReportError(
            f"{path.name} is a notebook, not a recipe. Run a recipe that names it, and no other: "
            f"relmark run RECIPE --only {path.stem}"
        )
    if not path.is_file():
        folder = path if path.is_dir() else path.parent
        there = sorted(file.name for file in folder.glob("*.y*ml")) if folder.is_dir() else []
        near = unknown_name("recipe", path.name, there) if there else "none is in that folder."
        raise ReportError(f"no recipe at {path}: {near} Recipes are kept in reports/recipes/.")


def find_notebook(name: str, beside: Path) -> Path:
    """Return the file of a notebook: a path ending in .ipynb, or a name in a notebooks folder.

    The folder is the nearest ``notebooks`` in ``beside`` or above it.
    """
    if name.endswith(".ipynb"):
        path = (beside / Path(name).expanduser()).resolve()
        if path.is_file():
            return path
        raise ReportError(f"no notebook at {path}. Paths are read from the recipe's folder.")
    folder = notebooks_folder(beside)
    known = {book.stem: book for book in sorted(folder.glob("*.ipynb"))}
    if name not in known:
        raise ReportError(f"{unknown_name('notebook', name, known)} (Looked in {folder}.)")
    return known[name]


def notebooks_folder(beside: Path) -> Path:
    """Return the nearest folder ``notebooks`` in ``beside`` or above it."""
    for folder in (beside, *beside.parents):
        if (folder / "notebooks").is_dir():
            return folder / "notebooks"
    raise ReportError(
        f"no folder 'notebooks' in {beside} or above it. Make one, or name notebooks by a path "
        "that ends in .ipynb."
    )


def _names(notebooks: tuple[Path, ...]) -> list[str]:
    names = [book.stem for book in notebooks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ReportError(
            f"the recipe has two notebooks called {twice!r}, whose reports would share a file. "
            "Name each notebook once."
        )
    return names


def _by_notebook(
    parameters: dict[Any, Any], names: list[str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Split the parameters section into what is for all and what is for one notebook."""
    shared: dict[str, Any] = {}
    own: dict[str, dict[str, Any]] = {}
    for key, value in parameters.items():
        if str(key) not in names:
            shared[str(key)] = value
        elif isinstance(value, dict):
            own[str(key)] = {str(name): item for name, item in value.items()}
        else:
            raise ReportError(
                f"parameters.{key} must be that notebook's names with values; found {value!r}."
            )
    return shared, own


def _with_settings(recipe: Recipe, settings: tuple[str, ...], names: list[str]) -> Recipe:
    for setting in settings:
        target, equals, text = setting.partition("=")
        place, _, name = target.strip().rpartition(".")
        if not equals or not name:
            raise ReportError(
                f"--set takes NOTEBOOK.NAME=VALUE or data.KEY=VALUE; found {setting!r}."
            )
        if place == "data" or place.startswith("data."):
            recipe = replace(recipe, data=_with_data(recipe.data, place, name, text))
        elif place and place not in names:
            raise ReportError(f"--set {setting}: {unknown_name('notebook', place, names)}")
        else:
            added = Setting(place or None, name, text)
            recipe = replace(recipe, settings=(*recipe.settings, added))
    return recipe


def _with_data(data: dict[str, Any], place: str, name: str, text: str) -> dict[str, Any]:
    """The data section with one key of it, or of its options, set to what was typed."""
    pass  # MOVED

    if place == "data.options":
        return {**data, "options": {**data.get("options", {}), name: text}}
    keys = [key for key in data_keys() if key != "options"]
    if place != "data" or name not in keys:
        wrong = f"{place}.{name}".removeprefix("data.")
        raise ReportError(f"--set data: {unknown_name('key in data', wrong, data_keys())}")
    return {**data, **located({name: text}, Path.cwd())}


def _matrix(matrix: dict[str, list[Any]], folder: Path) -> dict[str, list[Any]]:
    """The matrix with its sources located, each value once."""
    for name, values in matrix.items():
        for number, value in enumerate(values):
            if value in values[:number]:
                raise ReportError(
                    f"matrix.{name} must have each value once; found {value!r} twice. "
                    "Take one of them out."
                )
            if isinstance(value, (dict, list)):
                raise ReportError(
                    f"matrix.{name} must hold texts, numbers or dates; found {value!r}."
                )
    if "source" not in matrix:
        return matrix
    sources = [located({"source": str(value)}, folder)["source"] for value in matrix["source"]]
    return {**matrix, "source": sources}


def _check_secrets(recipe: Recipe) -> None:
    """Refuse secrets that are written out, and names that the environment does not have."""
    given: dict[str, Any] = {"data": recipe.data, "matrix": recipe.matrix}
    given["parameters"] = {**recipe.shared, **recipe.own}
    given["--set"] = {setting.name: setting.text for setting in recipe.settings}
    given["hooks"] = {"mail": [hook.mail for hook in recipe.hooks]}
    given["hooks"]["webhook"] = [hook.webhook for hook in recipe.hooks]
    for place, value in given.items():
        refuse_written(value, place)
    recipe.secrets()

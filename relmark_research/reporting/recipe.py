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

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.alerts import Alert, read_alerts
from relmark_research.reporting.hooks import Hook, read_hooks
from relmark_research.reporting.secrets import named, refuse_written, taken
from relmark_research.reporting.sources import check_source, located
from relmark_research.reporting.tables_given import located_tables


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
    from relmark_research.reporting.schema import check_recipe, read_yaml

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
    from relmark_research.reporting.schema import data_keys

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

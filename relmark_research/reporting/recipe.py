"""A recipe: which notebooks, of which data, with which parameters.

title: What are our customers worth?
data:
  source: sales.csv
  customer: customer_id
notebooks: [01_customer_base, 03_lifetime_value]
parameters:
  margin: 0.3                  # shared: for every notebook that has it
  03_lifetime_value:
    horizon: 52 weeks          # for this one
"""

import glob
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError, unknown_name

BUNDLED = ("cdnow", "cdnow_full", "sample")


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
    shared, own
        Parameters for every notebook that has them, and by notebook.
    settings
        What ``--set`` adds to the parameters.
    keep
        How many runs to keep; None keeps all.
    time_limit
        For one whole notebook [seconds].
    """

    name: str
    path: Path
    title: str
    notebooks: tuple[Path, ...]
    data: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    keep: int | None = None
    time_limit: float = 3600.0


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
    if not path.is_file():
        raise ReportError(f"no recipe at {path}. Recipes are YAML files, kept in reports/recipes/.")
    content = check_recipe(read_yaml(path), name=path.name)
    notebooks = tuple(find_notebook(name, path.parent) for name in content["notebooks"])
    names = _names(notebooks)
    shared, own = _by_notebook(content["parameters"] or {}, names)
    recipe = Recipe(
        name=path.stem,
        path=path,
        title=content["title"],
        notebooks=notebooks,
        data=_located(content["data"], path.parent),
        shared=shared,
        own=own,
        keep=content["keep"],
        time_limit=content["time_limit"],
    )
    recipe = _with_settings(recipe, settings, names)
    _check_source(recipe.data)
    return recipe


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
    return {**data, **_located({name: text}, Path.cwd())}


def _located(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The data section with a source that is a path made absolute."""
    source = data.get("source")
    if source is None or is_remote(source) or source.startswith("dataset:"):
        return data
    return {**data, "source": str((folder / Path(source).expanduser()).absolute())}


def is_remote(source: str) -> bool:
    """Whether a source is a URL rather than a file of this machine."""
    return "://" in source


def source_files(source: str) -> list[Path]:
    """Return the files of this machine that a path, a folder or a glob stands for, sorted."""
    path = Path(source)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.is_file():
        return [path]
    return sorted(Path(found) for found in glob.glob(source, recursive=True))  # noqa: PTH207  (any glob)


def _check_source(data: dict[str, Any]) -> None:
    source = data.get("source")
    if data and source is None:
        raise ReportError(
            "the recipe says how the data are read, but not which: data.source is missing. "
            "Write it in the recipe, or give it: --set data.source=FILE."
        )
    if source is None or is_remote(source):
        return
    if source.startswith("dataset:"):
        name = source.removeprefix("dataset:")
        if name not in BUNDLED:
            raise ReportError(f"data.source: {unknown_name('bundled data set', name, BUNDLED)}")
    elif not source_files(source):
        folder = Path(source).parent
        there = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
        near = unknown_name("file", Path(source).name, there[:20])
        raise ReportError(f"data.source: nothing at {source}: {near}")

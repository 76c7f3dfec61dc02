"""A project of one's own: recipes, notebooks and a folder for data, outside this repository."""

import shutil
from pathlib import Path

from relmark_research.errors import ReportError

_PACKAGE = Path(__file__).resolve().parents[2]
_IGNORED = "reports/runs/\n.ipynb_checkpoints/\ndata/*\n!data/README.md\n"
_DATA = """\
# Data

Put your transactions here: a CSV or Parquet file with a row for each purchase, and columns for the
customer's id, the day and the value. Then, from the folder above:

    relmark check data/sales.csv --customer customer_id --date date --value value
    relmark run reports/recipes/own.yml --set data.source=data/sales.csv

The files here are not kept by git (.gitignore).
"""
_README = """\
# Reports on our customers

    relmark run reports/recipes/cdnow.yml    # on published data, to see what comes out
    relmark list                             # the notebooks and their parameters
    relmark run reports/recipes/own.yml --set data.source=data/sales.csv

Recipes are in `reports/recipes/`, notebooks in `notebooks/`; both are yours to change. What is made
goes to `reports/runs/`; open `reports/runs/index.html`.

Lessons on what the reports compute, to work in: `jupyter lab lessons/student`. With the solutions,
for teachers: `relmark lessons lessons` writes them to `lessons/teacher`.
"""


def make_project(folder: Path) -> list[Path]:
    """Write a project into a new or empty folder, and return its files.

    The lessons are left out, as their sources hold the solutions; `teaching.copies` makes copies.

    Parameters
    ----------
    folder
        Where to; its parents are made as well.

    Raises
    ------
    ReportError
        There is something in the folder, or it cannot be written.
    """
    folder = folder.absolute()
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ReportError(f"{folder} is not empty. Name a new folder, so that nothing is lost.")
        for below in ("notebooks", "reports/recipes", "data"):
            (folder / below).mkdir(parents=True, exist_ok=True)
        _copy(shipped("notebooks"), folder / "notebooks", "*.ipynb")
        _copy(shipped("recipes"), folder / "reports" / "recipes", "*.yml")
        (folder / "data" / "README.md").write_text(_DATA, encoding="utf-8")
        (folder / "README.md").write_text(_README, encoding="utf-8")
        (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    except OSError as error:
        raise ReportError(
            f"a project cannot be made in {folder}: {error.strerror}. Name another folder."
        ) from None
    return sorted(path for path in folder.rglob("*") if path.is_file())


def shipped(what: str) -> Path:
    """Return where the notebooks or recipes are: in the package, or beside it."""
    beside = {"notebooks": "notebooks", "recipes": "reports/recipes"}[what]
    places = (_PACKAGE / what, _PACKAGE.parent / beside)
    for place in places:
        if place.is_dir():
            return place
    raise ReportError(
        f"expected the {what} that come with relmark_research in "
        f"{' or '.join(map(str, places))}; found them in neither. Install the package again."
    )


def _copy(source: Path, target: Path, pattern: str) -> None:
    """Copy the files of a folder, not of those below."""
    for path in sorted(source.glob(pattern)):
        shutil.copyfile(path, target / path.name)

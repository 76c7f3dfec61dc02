"""A new project: recipes, notebooks and a data folder, outside this repository."""

import shutil
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.tables.pseudonyms import write_key

_PACKAGE = Path(__file__).resolve().parents[2]
_GITIGNORE = "reports/runs/\n.relmark/\n.ipynb_checkpoints/\ndata/*\n!data/README.md\n"
_DATA_README = """\
# Data

Put your transactions here: a CSV or Parquet file with one row per purchase, and columns for the
customer's id, the date and the value. Then run in the parent folder:

    relmark check data/sales.csv --customer customer_id --date date --value value
    relmark run reports/recipes/own.yml --set data.source=data/sales.csv

Git ignores the files in this folder (.gitignore).
"""
_README = """\
# Reports on our customers

    relmark run reports/recipes/cdnow.yml    # on published data, to see what comes out
    relmark list                             # the notebooks and their parameters
    relmark run reports/recipes/own.yml --set data.source=data/sales.csv

Recipes are in `reports/recipes/`, notebooks in `notebooks/`; change both as you like. Runs are
written to `reports/runs/`; open `reports/runs/index.html`.

Customers appear under pseudonyms, made with the key in `.relmark/id_key`. Git ignores it: keep it
secret, and keep a copy, since reports can be compared as long as the key is the same.
`relmark key --rotate` replaces it.

Lessons about what the reports compute: `jupyter lab lessons/student`. With solutions, for teachers:
`relmark lessons lessons` writes them to `lessons/teacher`.
"""


def create_project(folder: Path) -> list[Path]:
    """Write a project into a new or empty folder, and return its files.

    The lessons are left out, because their sources contain the solutions; `teaching.copies`
    writes copies.

    Parameters
    ----------
    folder
        The folder of the project; its parents are created as well.

    Raises
    ------
    ReportError
        The folder is not empty, or it cannot be written.
    """
    folder = folder.absolute()
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ReportError(f"{folder} is not empty. Choose a new or an empty folder.")
        for subfolder in ("notebooks", "reports/recipes", "data"):
            (folder / subfolder).mkdir(parents=True, exist_ok=True)
        _copy(bundled_folder("notebooks"), folder / "notebooks", "*.ipynb")
        _copy(bundled_folder("recipes"), folder / "reports" / "recipes", "*.yml")
        (folder / "data" / "README.md").write_text(_DATA_README, encoding="utf-8")
        (folder / "README.md").write_text(_README, encoding="utf-8")
        (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
        write_key(folder)
    except OSError as error:
        raise ReportError(
            f"a project cannot be created in {folder}: {error.strerror}. Choose another folder."
        ) from None
    return sorted(path for path in folder.rglob("*") if path.is_file())


def bundled_folder(content: str) -> Path:
    """Return the folder of the bundled ``"notebooks"`` or ``"recipes"``.

    It lies in an installed package, or beside the package in a checkout.
    """
    in_checkout = {"notebooks": "notebooks", "recipes": "reports/recipes"}[content]
    folders = (_PACKAGE / content, _PACKAGE.parent / in_checkout)
    for folder in folders:
        if folder.is_dir():
            return folder
    raise ReportError(
        f"expected the {content} of relmark_research in {' or '.join(map(str, folders))}; "
        "found them in neither. Install the package again."
    )


def _copy(source: Path, target: Path, pattern: str) -> None:
    """Copy the files of a folder, without its subfolders."""
    for path in sorted(source.glob(pattern)):
        shutil.copyfile(path, target / path.name)

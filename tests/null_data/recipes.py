"""Recipes of the simulated firms, written with their tables into a folder."""

from pathlib import Path

import pandas as pd
import yaml

from tests.null_data.firms import ARMS, COLUMNS
from tests.sentences.records import ROOT

NOTEBOOKS = (
    "01_customer_base", "02_differentiation", "03_lifetime_value", "04_retention_vs_acquisition",
    "05_loyalty_ladder", "06_profitability", "07_relationship_levels", "08_partners",
    "09_campaigns",
)  # fmt: skip
PARAMETER_OF = {"satisfaction": "answers", "partner_survey": "survey"}  # table -> parameter
LOG = "transactions"
SETTINGS = {
    "02_differentiation": {"control": ARMS["control"]},
    "03_lifetime_value": {"horizon": "26 weeks", "models": ["BGNBD"]},
    "04_retention_vs_acquisition": {"segments": "customers.csv"},
    "05_loyalty_ladder": {
        "ladder": "loyalty",
        "period": "quarter",
        "way": ["first-time", "client"],
    },
    "09_campaigns": {"control": ARMS["control"]},
}


def notebooks() -> list[str]:
    """Return the paths of the reports, for a recipe outside the project."""
    return [str(ROOT / "notebooks" / f"{name}.ipynb") for name in NOTEBOOKS]


def write_firm(folder: Path, tables: dict[str, pd.DataFrame], *, name: str = "firm") -> Path:
    """Write tables and a recipe of every report that has one of them; return the recipe."""
    for table, frame in tables.items():
        frame.to_csv(folder / f"{table}.csv", index=False)
    recipe = {"title": f"Simulated: {name}", "notebooks": notebooks(), "reuse": False}
    if LOG in tables:
        recipe["data"] = _data(tables[LOG])
    others = [table for table in tables if table != LOG]
    recipe["tables"] = {PARAMETER_OF.get(table, table): f"{table}.csv" for table in others}
    known = {*recipe["tables"], *tables}
    recipe["parameters"] = {
        notebook: settings
        for notebook, settings in SETTINGS.items()
        if notebook != "04_retention_vs_acquisition" or "customers" in known
    }
    if "events" not in known:
        recipe["parameters"]["05_loyalty_ladder"] = {"period": "quarter"}
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def _data(log: pd.DataFrame) -> dict[str, str]:
    names = {"customer": "customer_id", "date": "date", "value": "value", "cost": "cost"}
    named = {key: COLUMNS[ours] for key, ours in names.items() if COLUMNS[ours] in log}
    return {"source": "transactions.csv", "currency": "EUR"} | named

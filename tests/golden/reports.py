"""The reports as numbers: a recipe is run, its key figures and its tables are read."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from tests.golden.flat import Flat, table

ROOT = Path(__file__).parents[2]
FAILED = "failed"
RECIPES = {
    "cdnow": "reports/recipes/cdnow.yml",
    "cdnow_others": "tests/golden/cdnow_others.yml",
    "crm": "reports/recipes/crm.yml",
}


def run(recipe: str, out: Path, *, jobs: int = 2) -> dict[str, Flat]:
    """Run a recipe by its name in RECIPES, and return the numbers of each of its reports.

    Of a report that was not made there is the error alone, under FAILED.
    """
    line = [sys.executable, "-m", "relmark_research", "run", RECIPES[recipe]]
    line += ["--out", str(out), "--jobs", str(jobs), "--force"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: a report failed, the others are there
        raise RuntimeError(f"{recipe} ended with {done.returncode}: {done.stdout}{done.stderr}")
    folder = Path(done.stdout.split("\n")[-2]).parent
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = {}
    for report in manifest["notebooks"]:
        name = report["notebook"]
        made = report["state"] == "done"
        found[f"{recipe}/{name}"] = (
            _figures(report) | _tables(folder / "files" / name)
            if made
            else {FAILED: report["error"] or report["state"]}
        )
    return found


def _figures(report: dict) -> Flat:
    parts = ("value", "low", "high", "unit")
    return {
        f"figures.{figure['name']}.{part}": figure[part]
        for figure in report["key_figures"]
        for part in parts
        if figure[part] is not None
    }


def _tables(folder: Path) -> Flat:
    """The numbers of the tables beside a report, from their CSV files."""
    numbers: Flat = {}
    for path in sorted(folder.glob("*.csv")):
        frame = pd.read_csv(path)
        for name, value in table(frame).items():
            numbers[f"tables.{path.stem}.{name}"] = value
    return numbers

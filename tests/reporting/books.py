"""Temporary notebooks and recipes for the tests of reporting."""

from pathlib import Path

import nbformat
from nbformat import v4

SPEAKS = """\
from relmark_research.reporting.display.story import answer, record
answer(f"A margin of {margin} for {segment}, seen to {as_of}.")
record("margin", margin, low=margin / 2, high=margin * 2, unit="share", label="Margin")"""
PARAMETERS = """\
as_of = None          # last day that is seen
segment = "all"       # whom to look at
margin = 0.3          # profit per unit of revenue [share]
weeks = 52            # how far ahead [weeks]
detailed = False
reading = {}"""


def write_notebook(folder: Path, name: str, *cells: str, parameters: str = PARAMETERS) -> Path:
    """Write a notebook with a heading, a parameters cell, and the given code cells."""
    heading = v4.new_markdown_cell("Some words.\n\n## What is the margin?\n")
    tagged = v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    code = [v4.new_code_cell(source) for source in cells]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(v4.new_notebook(cells=[heading, tagged, *code]), path)
    return path


def write_recipe(folder: Path, text: str, name: str = "monthly") -> Path:
    """Write a recipe into the folder where recipes of a project live."""
    recipes = folder / "reports" / "recipes"
    recipes.mkdir(parents=True, exist_ok=True)
    path = recipes / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return path

"""Figures and tables as files that a report links to, for slides and for further analysis.

The runner sets the folder. Without a folder, as in JupyterLab, no file is written.
"""

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.tables.export import write_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER_VARIABLE = "RELMARK_FILES"

_RESOLUTION = 160  # dots per inch
_MAX_FILES = 1000  # with the same name


def save_figure(figure: "Figure", svg: str, name: str) -> str:
    """Save a figure as SVG and PNG, and return the links to the files as HTML.

    Parameters
    ----------
    figure
        A matplotlib figure that has been drawn; its layout is fixed.
    svg
        The same figure as SVG.
    name
        Identifier of the figure in its report.
    """
    stem = _unused_stem(name, ".svg")
    if stem is None:
        return ""
    stem.with_suffix(".svg").write_text(svg, encoding="utf-8")
    figure.set_layout_engine("none")  # the layout is already fixed
    figure.savefig(
        stem.with_suffix(".png"),
        dpi=_RESOLUTION,
        facecolor="white",
        bbox_inches="tight",
        metadata={"Software": None},
        pil_kwargs={"compress_level": 3},
    )
    links = f"{_link(stem, 'SVG', name)} or {_link(stem, 'PNG', name)}"
    return f'<p class="rm-download">This figure as {links}</p>'


def save_table(frame: pd.DataFrame, csv: str, name: str, caption: str) -> str:
    """Save a table as CSV and Parquet, and return the link to the Parquet file as HTML.

    Parameters
    ----------
    frame
        A table with unique column names as text.
    csv
        The same table as CSV.
    name, caption
        Identifier of the table in its report, and its caption.
    """
    stem = _unused_stem(name, ".csv")
    if stem is None:
        return ""
    stem.with_suffix(".csv").write_text(csv, encoding="utf-8")
    write_table(frame, stem.with_suffix(".parquet"))
    return f"<span> or {_link(stem, 'Parquet', caption)}</span>"


def _unused_stem(name: str, suffix: str) -> Path | None:
    """Return an unused path without suffix, or None if there is no folder."""
    path = os.environ.get(FOLDER_VARIABLE)
    if not path:
        return None
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    names = (name, *(f"{name}-{number}" for number in range(2, _MAX_FILES)))
    return next(folder / each for each in names if not (folder / f"{each}{suffix}").exists())


def _link(stem: Path, file_type: str, description: str) -> str:
    from urllib.parse import quote

    path = f"files/{quote(stem.parent.name)}/{stem.name}.{file_type.lower()}"
    hidden = f'<span class="rm-hidden"> ({escape(description)})</span>'
    return f'<a download href="{path}">{file_type}{hidden}</a>'

"""Figures and tables as files beside a report, for slides and for further work.

The runner names the folder; where there is none, as in JupyterLab, nothing is written.
"""

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "RELMARK_FILES"
_DOTS = 160  # of a picture, to the inch


def save_figure(figure: "Figure", drawn: str, name: str) -> str:
    """Keep a figure as SVG and PNG, and return the links to them as HTML.

    Parameters
    ----------
    figure
        A matplotlib figure that has been drawn; its layout is fixed.
    drawn
        The same as SVG.
    name
        Identifier of the figure in its report.
    """
    stem = _free(name, ".svg")
    if stem is None:
        return ""
    stem.with_suffix(".svg").write_text(drawn, encoding="utf-8")
    figure.set_layout_engine("none")  # drawing it has laid it out
    figure.savefig(
        stem.with_suffix(".png"),
        dpi=_DOTS,
        facecolor="white",
        bbox_inches="tight",
        metadata={"Software": None},
        pil_kwargs={"compress_level": 3},
    )
    links = f"{_link(stem, 'SVG', name)} or {_link(stem, 'PNG', name)}"
    return f'<p class="rm-download">This figure as {links}</p>'


def save_table(frame: pd.DataFrame, csv: str, name: str, caption: str) -> str:
    """Keep a table as CSV and Parquet, and return the link to the latter as HTML.

    Parameters
    ----------
    frame
        With column names as text, each once.
    csv
        The same as CSV.
    name, caption
        Identifier of the table in its report, and what it holds.
    """
    stem = _free(name, ".csv")
    if stem is None:
        return ""
    stem.with_suffix(".csv").write_text(csv, encoding="utf-8")
    try:
        frame.to_parquet(stem.with_suffix(".parquet"), index=False)
    except (TypeError, ValueError):  # values of many kinds in a column, such as intervals
        mixed = [column for column in frame.columns if frame[column].dtype == object]
        plain = frame.astype(dict.fromkeys(mixed, str))
        plain.to_parquet(stem.with_suffix(".parquet"), index=False)
    return f"<span> or {_link(stem, 'Parquet', caption)}</span>"


def _free(name: str, suffix: str) -> Path | None:
    """A path in the folder without its suffix; None where there is no folder."""
    given = os.environ.get(FOLDER)
    if not given:
        return None
    folder = Path(given)
    folder.mkdir(parents=True, exist_ok=True)
    names = (name, *(f"{name}-{turn}" for turn in range(2, 1000)))
    return next(folder / each for each in names if not (folder / f"{each}{suffix}").exists())


def _link(stem: Path, kind: str, what: str) -> str:
    from urllib.parse import quote

    path = f"files/{quote(stem.parent.name)}/{stem.name}.{kind.lower()}"
    hidden = f'<span class="rm-hidden"> ({escape(what)})</span>'
    return f'<a download href="{path}">{kind}{hidden}</a>'

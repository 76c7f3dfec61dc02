"""What every test of a plot draws, in short: a picture that changes is noticed, and looked at.

`pictures.json` has for each test the hash of each kind of thing on its Axes: texts, ticks, lines,
areas, marks, limits. Where a picture is meant to change, look at it, then write the file anew:

    RELMARK_PICTURES=write python -m pytest -n 0 tests/plots
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

FILE = Path(__file__).parent / "pictures.json"
WRITE = os.environ.get("RELMARK_PICTURES") == "write"
_DIGITS = 5


def rounded(values: Any) -> list[float | str | None]:
    """Return numbers with five significant digits, none as 0.0 with a sign; dates as words."""
    if np.ndim(values) and any(isinstance(each, str | date) for each in np.ravel(values).tolist()):
        return [str(each) for each in np.ravel(np.asarray(values, object)).tolist()]
    flat = np.ravel(np.ma.filled(np.ma.asarray(values, float), np.nan))
    return [float(f"{value:.{_DIGITS}g}") + 0.0 if np.isfinite(value) else None for value in flat]


def colours(values: Any) -> list[str]:
    """Return colours as hexadecimal numbers, with their opacity."""
    return [to_hex(each, keep_alpha=True) for each in np.reshape(values, (-1, 4))]


def texts(ax: Axes) -> list[Any]:
    """Return what is written, where, how large and in what colour."""
    written = [ax.xaxis.label, ax.yaxis.label, *ax.texts]
    return [
        [
            text.get_text(), rounded([*(text.xy if hasattr(text, "xy") else text.get_position())]),
            to_hex(text.get_color()), rounded(text.get_fontsize()), text.get_ha(), text.get_va(),
            rounded(text.get_rotation()), str(text.get_fontweight()),
        ]
        for text in written
    ]  # fmt: skip


def ticks(axis: Axis) -> list[Any]:
    """Return the ticks of an axis as they would be written, without drawing them."""
    low, high = sorted(axis.get_view_interval())
    places = [place for place in axis.get_majorticklocs() if low <= place <= high]
    shown = axis.get_major_formatter().format_ticks(places)
    look = {name: axis.get_tick_params().get(name) for name in ("left", "bottom", "labelrotation")}
    return [axis.get_scale(), rounded(places), list(shown), look, axis.get_visible()]


def lines(ax: Axes) -> list[Any]:
    """Return the lines: points, look and order."""
    return [
        [
            rounded(line.get_xdata(orig=False)), rounded(line.get_ydata(orig=False)),
            to_hex(line.get_color()), str(line.get_linestyle()), rounded(line.get_linewidth()),
            str(line.get_marker()), rounded(line.get_markersize()), rounded(line.get_zorder()),
            line.get_alpha(), line.get_gid(),
        ]
        for line in ax.lines
    ]  # fmt: skip


def areas(ax: Axes) -> list[Any]:
    """Return bars and other patches: corners, look and order."""
    return [
        [
            rounded(patch.get_path().vertices), rounded(patch.get_patch_transform().get_matrix()),
            colours([patch.get_facecolor(), patch.get_edgecolor()]), str(patch.get_hatch()),
            rounded(patch.get_zorder()), rounded(patch.get_linewidth()),
        ]
        for patch in ax.patches
    ]  # fmt: skip


def marks(ax: Axes) -> list[Any]:
    """Return dots, intervals, bands and images."""
    collections = [
        [
            rounded(each.get_offsets()),
            [rounded(path.vertices) for path in each.get_paths()],
            colours(each.get_facecolor()), colours(each.get_edgecolor()),
            rounded(each.get_linewidth()), str(each.get_hatch()), rounded(each.get_zorder()),
            rounded(each.get_sizes()) if hasattr(each, "get_sizes") else None,
        ]
        for each in ax.collections
    ]  # fmt: skip
    images = [[rounded(image.get_array()), image.cmap.name, rounded(image.get_clim())]
              for image in ax.images]  # fmt: skip
    return [collections, images]


def frame(ax: Axes) -> list[Any]:
    """Return limits, grid, spines, place and size."""
    size = ax.figure.get_size_inches() if isinstance(ax.figure, Figure) else [0, 0]
    grid = [[line.get_visible() for line in lines] for lines in
            (ax.get_xgridlines()[:1], ax.get_ygridlines()[:1])]  # fmt: skip
    spines = {name: spine.get_visible() for name, spine in ax.spines.items()}
    return [rounded(ax.get_xlim()), rounded(ax.get_ylim()), grid, spines, rounded(size)]


def picture(ax: Axes) -> dict[str, str]:
    """Return the hash of each kind of thing on Axes."""
    parts: dict[str, Any] = {
        "texts": texts(ax), "ticks": [ticks(ax.xaxis), ticks(ax.yaxis)], "lines": lines(ax),
        "areas": areas(ax), "marks": marks(ax), "frame": frame(ax),
    }  # fmt: skip
    return {
        name: hashlib.blake2b(json.dumps(part).encode(), digest_size=4).hexdigest()
        for name, part in parts.items()
    }


def is_empty(ax: Axes) -> bool:
    """Return whether nothing was drawn on Axes."""
    artists: list[Artist] = [*ax.lines, *ax.patches, *ax.collections, *ax.images, *ax.texts]
    return not artists


def pictures(figures: list[Figure]) -> list[dict[str, str]]:
    """Return the pictures on some figures, in the order in which they were made."""
    return [picture(ax) for figure in figures for ax in figure.axes if not is_empty(ax)]


def changed(name: str, found: list[dict[str, str]], recorded: dict[str, Any]) -> str:
    """Return what differs from the recorded pictures of a test, in words; "" if nothing does."""
    known = recorded.get(name, [])
    advice = "Look at it, then write pictures.json anew (see tests/plots/pictures.py)."
    if len(known) != len(found):
        return f"{name} draws {len(found)} pictures, {len(known)} are recorded. {advice}"
    parts = sorted({part for was, now in zip(known, found, strict=True)
                    for part in now if was.get(part) != now[part]})  # fmt: skip
    return f"the picture of {name} has other {', '.join(parts)}. {advice}" if parts else ""

"""The loyalty ladder: people on each rung, and the flows between rungs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from relmark_research.errors import DataError
from relmark_research.formats import count, percent
from relmark_research.plots.marks import name_axes
from relmark_research.plots.style import (
    BLUE,
    FONT_SIZE,
    GREEN,
    TEXT,
    VERMILLION,
    Series,
    canvas,
)
from relmark_research.plots.tables import checked

CLIMB, FALL = Series(BLUE), Series(VERMILLION, (0, (5, 1.2)))
STEP = 0.62  # inches per rung
WIDEST = 9.0  # points, the line of the largest flow


def rungs_and_flows(rungs: pd.DataFrame, flows: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the people on every rung and all moves between rungs.

    Parameters
    ----------
    rungs
        One row per rung: ``rung``, ``rank`` (0 and up on the ladder, below 0 off the ladder),
        ``people`` (on the rung now), ``stay`` (share of them who stay for a period).
    flows
        One row per observed move: ``origin``, ``destination``, ``per_period`` (people). Moves
        from a rung to itself are written as the share that stays.
    ax
        Axes to draw on; None makes a new figure, as high as the rungs need.

    Returns
    -------
    Axes
        Bars proportional to the people; climbs as curves on the right, falls on the left, with
        widths proportional to the flows. Every flow is drawn.

    Raises
    ------
    DataError
        If a column is missing, or a flow leads to a rung that is not in the table.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> rungs = pd.DataFrame({"rung": ["client", "first-time"], "rank": [1, 0],
    ...                       "people": [40, 60], "stay": [0.9, 0.7]})
    >>> flows = pd.DataFrame({"origin": ["first-time"], "destination": ["client"],
    ...                       "per_period": [12.0]})
    >>> len(rungs_and_flows(rungs, flows, ax=Figure().subplots()).patches)
    3
    """
    rungs, flows = _checked(rungs, flows)
    place = dict(zip(rungs["rung"], _places(rungs["rank"]), strict=True))
    with canvas(ax, size=(7.0, max(2.6, 1.0 + STEP * len(rungs))), grid="") as ax:
        _bars(ax, rungs, place)
        strongest = flows["per_period"].max() if len(flows) else 1.0
        for row in flows.sort_values("per_period").to_dict("records"):
            start, stop = place[row["origin"]], place[row["destination"]]
            _flow(ax, start, stop, row["per_period"] / strongest)
        ax.set_xlim(-1.12, 1.12)
        ax.set_ylim(min(place.values()) - 0.55, max(place.values()) + 0.55)
        ax.set_xticks([-0.72, 0, 0.72], ["falls", "people now, and share that stays", "climbs"])
        ax.tick_params(axis="x", length=0)
        ax.set_yticks(list(place.values()), list(place))
        ax.spines["bottom"].set_visible(False)
        name_axes(ax, x="Line width: people who move per period", y="Rung")
    return ax


def _places(rank: pd.Series) -> np.ndarray:
    """Return heights; states off the ladder are below a gap."""
    return np.where(rank < 0, rank - 0.35, rank).astype(float)


def _bars(ax: Axes, rungs: pd.DataFrame, place: dict[str, float]) -> None:
    widest = rungs["people"].max() or 1
    for row in rungs.to_dict("records"):
        half, at = 0.02 + 0.26 * row["people"] / widest, place[row["rung"]]
        ax.barh(at, 2 * half, 0.5, left=-half, color=GREEN)
        words = f"{count(row['people'])}, {percent(row['stay'])} stay"
        ax.text(0, at + 0.29, words, ha="center", va="bottom", fontsize=FONT_SIZE - 2, color=TEXT)


def _flow(ax: Axes, start: float, stop: float, share: float) -> None:
    up = stop > start
    side, series = (1, CLIMB) if up else (-1, FALL)
    bow = 0.16 + 0.56 * min(1.0, abs(stop - start) / 7)
    base = 0.33 * side
    shift = 0.12 if up else -0.12
    path = Path(
        [(base, start + shift), (base + side * bow * 1.33, start + shift),
         (base + side * bow * 1.33, stop - shift), (base, stop - shift)],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )  # fmt: skip
    width = max(0.7, WIDEST * share)
    ax.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle=f"-|>,head_length={3 + width / 3},head_width={1.5 + width / 2.5}",
            color=series.colour, linewidth=width, alpha=0.55 + 0.35 * min(1.0, 4 * share),
            shrinkA=0, shrinkB=0, capstyle="butt", joinstyle="miter",
        )
    )  # fmt: skip


def _checked(rungs: pd.DataFrame, flows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    rungs = checked(rungs, "rungs_and_flows", numbers=["rank", "people", "stay"], others=["rung"])
    flows = checked(
        flows, "rungs_and_flows", numbers=["per_period"], others=["origin", "destination"]
    )
    ends = {*flows["origin"], *flows["destination"]} - set(rungs["rung"])
    if ends:
        raise DataError(
            f"rungs_and_flows draws flows between the rungs of its table; found flows of "
            f"{', '.join(sorted(map(str, ends)))}, which are not in it. Give both tables of one "
            "estimate."
        )
    moved = (flows["origin"] != flows["destination"]) & (flows["per_period"] > 0)
    return rungs.sort_values("rank", ascending=False), flows[moved]


def describe_rungs_and_flows(rungs: pd.DataFrame, flows: pd.DataFrame) -> str:
    """Return a description in words of `rungs_and_flows`.

    Parameters
    ----------
    rungs, flows
        As for `rungs_and_flows`.

    Returns
    -------
    str
        The largest rung, the largest climb and the largest fall.

    Examples
    --------
    >>> rungs = pd.DataFrame({"rung": ["client", "first-time"], "rank": [1, 0],
    ...                       "people": [40, 60], "stay": [0.9, 0.7]})
    >>> flows = pd.DataFrame({"origin": ["first-time"], "destination": ["client"],
    ...                       "per_period": [12.0]})
    >>> print(describe_rungs_and_flows(rungs, flows))
    Ladder with 100 people on 2 rungs; the largest rung is first-time (60). The largest climb is
    from first-time to client, 12 people per period; no fall was observed. All 1 flows are drawn.
    """
    rungs, flows = _checked(rungs, flows)
    rank = rungs.set_index("rung")["rank"]
    up = flows["destination"].map(rank) > flows["origin"].map(rank)
    full = rungs.iloc[int(rungs["people"].argmax())]
    climb, fall = _largest(flows[up], "climb"), _largest(flows[~up], "fall")
    return (
        f"Ladder with {count(rungs['people'].sum())} people on {len(rungs)} rungs; the largest "
        f"rung is {full['rung']} ({count(full['people'])}). {climb[0].upper()}{climb[1:]}; {fall}. "
        f"All {len(flows)} flows are drawn."
    )


def _largest(flows: pd.DataFrame, noun: str) -> str:
    if flows.empty:
        return f"no {noun} was observed"
    row = flows.iloc[int(flows["per_period"].argmax())]
    people = row["per_period"]
    number = count(round(people, 1) if people < 10 else round(people))
    where = f"{row['origin']} to {row['destination']}"
    return f"the largest {noun} is from {where}, {number} people per period"

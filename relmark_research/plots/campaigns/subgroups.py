"""The effect of a campaign arm in groups of customers."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import percent
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import name_axes, percent_axis
from relmark_research.plots.style import canvas
from relmark_research.plots.tables import checked

_NUMBERS = ["effect", "low", "high", "p_value_adjusted"]
_OTHERS = ["arm", "covariate", "group"]
_MOST = 16  # groups drawn


def subgroup_effects(
    groups: pd.DataFrame, *, significance: float = 0.05, ax: Axes | None = None
) -> Axes:
    """Draw the effect of one arm in each group of customers, with its interval.

    Parameters
    ----------
    groups
        Rows of one arm, the largest difference first: ``covariate``, ``group``, ``effect`` (a
        share) with ``low`` and ``high``, ``p_value_adjusted``. Sixteen of them are drawn, those of
        one covariate together.
    significance
        Adjusted p-value below which a group is marked.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per group, a line at zero; groups that differ are marked.
    """
    shown = _shown(groups)
    with canvas(ax, size=size_of(len(shown)), grid="x") as ax:
        draw_ranges(
            ax,
            [f"{row['covariate']}: {row['group']}" for _, row in shown.iterrows()],
            shown["effect"],
            (shown["low"], shown["high"]),
            [percent(one) for one in shown["effect"]],
            marked=(shown["p_value_adjusted"] < significance).tolist(),
        )
        percent_axis(ax.xaxis)
        name_axes(ax, x="Response above the control group", y="")
    return ax


def describe_subgroup_effects(groups: pd.DataFrame, *, significance: float = 0.05) -> str:
    """Return a description in words of `subgroup_effects`."""
    shown = _shown(groups)
    differ = int((shown["p_value_adjusted"] < significance).sum())
    places = int(shown["effect"].argmax()), int(shown["effect"].argmin())
    best, least = (shown.iloc[place] for place in places)
    return (
        f"Response above the control group in {len(shown)} groups of customers: from "
        f"{_interval(least)} to {_interval(best)}. {differ} groups differ from all others."
    )


def _shown(groups: pd.DataFrame) -> pd.DataFrame:
    groups = checked(groups, "subgroup_effects", numbers=_NUMBERS, others=_OTHERS).head(_MOST)
    order = {name: place for place, name in enumerate(dict.fromkeys(groups["covariate"]))}
    place = groups["covariate"].map(order)
    return groups.assign(place=place).sort_values(["place", "effect"], ascending=[True, False])


def _interval(row: pd.Series) -> str:
    value, low, high = (percent(row[name]) for name in ("effect", "low", "high"))
    return f"{value} ({low} to {high}) for {row['covariate']}: {row['group']}"

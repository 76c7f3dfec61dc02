"""Customer equity by acquisition and retention spend."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import money
from relmark_research.plots.economics.marginal_return import spend_label
from relmark_research.plots.marks import count_axis, name_axes
from relmark_research.plots.style import (
    FONT_SIZE,
    LINE_ON_DARK,
    LINE_ON_LIGHT,
    ON_DARK,
    SHADES,
    SQUARE,
    canvas,
)
from relmark_research.plots.tables import check_matrix, checked

_POINT = ["acquisition_spend", "retention_spend", "customer_equity"]


def equity_surface(
    surface: pd.DataFrame,
    points: pd.DataFrame,
    cloud: pd.DataFrame | None = None,
    currency: str = "",
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw customer equity per prospect over acquisition and retention spend.

    Parameters
    ----------
    surface
        Wide: index retention spend (money per customer and year), columns acquisition spend (money
        per prospect), values customer equity (money per prospect).
    points
        ``label``, ``acquisition_spend``, ``retention_spend``, ``customer_equity``: the points that
        are marked and named, such as today and the best.
    cloud
        ``acquisition_spend`` and ``retention_spend``: draws of the optimum, a dot each.
    currency
        For the axis labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A contour map, darker where equity is higher.

    Raises
    ------
    DataError
        If a table is empty, lacks a column, or its names are not numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> surface = pd.DataFrame([[0.0, 2.0], [0.0, 3.0]], index=[0, 8], columns=[0, 1])
    >>> points = pd.DataFrame({"label": ["today"], "acquisition_spend": [1],
    ...                        "retention_spend": [8], "customer_equity": [3.0]})
    >>> equity_surface(surface, points, ax=Figure().subplots()).get_ylabel()
    'Spend per customer and year'
    """
    matrix, points = _checked(surface, points)
    across, up = matrix.columns.to_numpy(float), matrix.index.to_numpy(float)
    values = matrix.to_numpy(float)
    least = max(float(values.min()), -0.25 * abs(float(values.max())))
    levels = np.linspace(least, float(values.max()), 12)
    with canvas(ax, size=SQUARE, grid="") as ax:
        ax.contourf(across, up, np.maximum(values, least), levels=levels, cmap=SHADES)
        ax.contour(across, up, values, levels=levels[1:-1], colors=LINE_ON_LIGHT, linewidths=0.5)
        if cloud is not None:
            inside = cloud[
                (cloud["acquisition_spend"] <= across[-1]) & (cloud["retention_spend"] <= up[-1])
            ]
            ax.plot(
                inside["acquisition_spend"], inside["retention_spend"], "o",
                color=LINE_ON_DARK, markersize=2.5, alpha=0.8,
            )  # fmt: skip
        _mark(ax, points, currency, float(across[-1]))
        ax.set_xlim(across[0], across[-1])
        ax.set_ylim(up[0], up[-1])
        count_axis(ax.xaxis)
        count_axis(ax.yaxis)
        name_axes(ax, x=spend_label("acquisition", currency), y=spend_label("retention", currency))
    return ax


def _mark(ax: Axes, points: pd.DataFrame, currency: str, edge: float) -> None:
    markers = ["o", "D", "s", "^"]
    for place, (_, row) in enumerate(points.iterrows()):
        where = float(row["acquisition_spend"]), float(row["retention_spend"])
        side = "left" if where[0] < 0.25 * edge else "right" if where[0] > 0.75 * edge else "center"
        ax.plot(
            *where, markers[place % 4], color="#ffffff", markeredgecolor="#000000",
            markeredgewidth=1.6, markersize=11,
        )  # fmt: skip
        ax.annotate(
            f"{row['label']}\n{money(float(row['customer_equity']), currency)}", where,
            (0, 16), textcoords="offset points", va="bottom", ha=side,
            color=ON_DARK, fontsize=FONT_SIZE, weight="bold",
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "#023a5e", "edgecolor": "none",
                  "alpha": 0.85},
        )  # fmt: skip


def describe_equity_surface(surface: pd.DataFrame, points: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `equity_surface`.

    Examples
    --------
    >>> surface = pd.DataFrame([[0.0, 2.0], [0.0, 3.0]], index=[0, 8], columns=[0, 1])
    >>> points = pd.DataFrame({"label": ["today", "best"], "acquisition_spend": [1, 3.4],
    ...     "retention_spend": [8, 15.8], "customer_equity": [2.76, 5.78]})
    >>> print(describe_equity_surface(surface, points, "$"))
    Contour map of customer equity per prospect: today $2.76 (spending $1.00 per prospect and $8.00
    per customer and year); best $5.78 (spending $3.40 per prospect and $15.80 per customer and
    year).
    """
    _, points = _checked(surface, points)
    spoken = [
        f"{row['label']} {money(float(row['customer_equity']), currency)} (spending "
        f"{money(float(row['acquisition_spend']), currency)} per prospect and "
        f"{money(float(row['retention_spend']), currency)} per customer and year)"
        for _, row in points.iterrows()
    ]
    return f"Contour map of customer equity per prospect: {'; '.join(spoken)}."


def _checked(surface: pd.DataFrame, points: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    matrix = check_matrix(surface, "equity_surface")
    return matrix, checked(points, "equity_surface", numbers=_POINT, others=["label"])

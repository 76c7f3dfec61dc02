"""Allocation of a budget, current and optimal, and a tornado chart of customer equity."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import money, with_unit
from relmark_research.plots.economics.marginal_return import PURPOSES, check_purposes
from relmark_research.plots.marks import count_axis, name_axes
from relmark_research.plots.style import BLUE, FONT_SIZE, ORANGE, TEXT, canvas
from relmark_research.plots.tables import checked


def budget_allocation(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the current and the optimal spend of each line of a budget.

    Parameters
    ----------
    table
        One row per line: ``segment``, ``purpose``, ``today``, ``best``, ``best_low``,
        ``best_high`` (money in the year); the first two may be the index.
    currency
        For the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Per line a ring (today), a filled marker (the optimum) and its interval.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or a purpose is unknown.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"segment": ["web"], "purpose": ["retention"], "today": [150.0],
    ...                       "best": [90.0], "best_low": [70.0], "best_high": [110.0]})
    >>> budget_allocation(table, "EUR", ax=Figure().subplots()).get_xlabel()
    'Spend in the year (EUR)'
    """
    table = _checked(table)
    with canvas(ax, size=(7.0, 1.3 + 0.42 * len(table)), grid="x") as ax:
        places = np.arange(len(table)) + 0.35 * pd.factorize(table["segment"])[0]
        for place, (_, row) in zip(places, table.iterrows(), strict=True):
            series, _ = PURPOSES[str(row["purpose"])]
            ax.hlines(
                place, row["best_low"], row["best_high"], color=series.colour, linewidth=6,
                alpha=0.3,
            )  # fmt: skip
            ax.annotate(
                "", (row["best"], place), (row["today"], place),
                arrowprops={"arrowstyle": "-|>", "color": series.colour, "linewidth": 1.8,
                            "shrinkA": 5, "shrinkB": 0},
            )  # fmt: skip
            ax.plot(
                row["today"], place, "o", color=TEXT, markerfacecolor="none", markersize=8,
                markeredgewidth=1.6,
            )  # fmt: skip
            ax.plot(row["best"], place, series.marker, color=series.colour, markersize=6)
            _write_change(ax, row, float(place))
        ax.set_yticks(
            places,
            [
                f"{row['segment']}, {PURPOSES[str(row['purpose'])][1]}"
                for _, row in table.iterrows()
            ],
        )
        ax.set_ylim(places[-1] + 0.7, -0.9)
        ax.set_xlim(0, 1.16 * table[["today", "best", "best_high"]].max().max())
        count_axis(ax.xaxis)
        name_axes(
            ax,
            x=with_unit("Spend in the year", currency),
            y="Ring: today; marker: optimum; bar: its interval",
        )
    return ax


def _write_change(ax: Axes, row: pd.Series, place: float) -> None:
    share = row["best"] / row["today"] - 1 if row["today"] else np.inf
    text = f"{100 * share:+.0f}%".replace("-", "−") if np.isfinite(share) else "new"
    right = max(row["today"], row["best"], row["best_high"])
    ax.annotate(
        text, (right, place), (9, 0), textcoords="offset points", va="center", color=TEXT,
        fontsize=FONT_SIZE - 1,
    )  # fmt: skip


def describe_budget_allocation(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `budget_allocation`.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["web", "fair"], "purpose": ["retention", "acquisition"],
    ...     "today": [150.0, 60], "best": [90.0, 120], "best_low": [70.0, 100],
    ...     "best_high": [110.0, 140]})
    >>> print(describe_budget_allocation(table, "€"))
    Current and optimal spend of 2 budget lines: the largest increase is in fair, acquisition (from
    €60.00 to €120.00), the largest cut in web, retention (from €150.00 to €90.00).
    """
    table = _checked(table)
    change = table["best"] - table["today"]
    up, down = table.iloc[int(change.argmax())], table.iloc[int(change.argmin())]
    parts = []
    if change.max() > 0:
        parts.append(f"the largest increase is in {_moved(up, currency)}")
    if change.min() < 0:
        verb = "" if parts else "is "
        parts.append(f"the largest cut {verb}in {_moved(down, currency)}")
    said = ", ".join(parts) or "no change"
    return f"Current and optimal spend of {len(table)} budget lines: {said}."


def _moved(row: pd.Series, currency: str) -> str:
    name = f"{row['segment']}, {PURPOSES[str(row['purpose'])][1]}"
    ends = (money(float(row[column]), currency) for column in ("today", "best"))
    return f"{name} (from {' to '.join(ends)})"


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame) and "purpose" in table.index.names:
        table = table.reset_index()
    numbers = ["today", "best", "best_low", "best_high"]
    table = checked(table, "budget_allocation", numbers=numbers, others=["segment", "purpose"])
    check_purposes(table, "budget_allocation")
    return table.sort_values(["segment", "purpose"], ignore_index=True)


def tornado(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw a tornado chart: the change of a value when one of its drivers is lower or higher.

    Parameters
    ----------
    table
        Index driver; ``equity_today``, ``equity_at_low`` and ``equity_at_high``: the value today,
        and where the driver is lower and higher (money).
    currency
        For the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A pair of bars per driver about today's value, the widest on top.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"equity_today": [101.0], "equity_at_low": [90.0],
    ...                       "equity_at_high": [112.0]}, index=["margin"])
    >>> tornado(table, "EUR", ax=Figure().subplots()).get_xlabel()
    'Change of customer equity (EUR)'
    """
    table, middle = _checked_tornado(table)
    with canvas(ax, size=(7.0, 1.5 + 0.5 * len(table)), grid="x") as ax:
        places = np.arange(len(table))
        for name, colour, hatch, word in (
            ("equity_at_low", ORANGE, "", "lower"),
            ("equity_at_high", BLUE, "////", "higher"),
        ):
            moved = table[name].to_numpy(float) - middle
            ax.barh(
                places, moved, 0.62, color="none" if hatch else colour, edgecolor=colour,
                hatch=hatch, linewidth=1.2,
            )  # fmt: skip
            side = 1 if moved[0] > 0 else -1
            ax.annotate(
                f"driver {word}", (moved[0], 0), (6 * side, 0), textcoords="offset points",
                va="center", ha="left" if side > 0 else "right", color=TEXT, fontsize=FONT_SIZE - 1,
            )  # fmt: skip
        ax.axvline(0, color=TEXT, linewidth=1)
        ax.set_yticks(places, [str(name) for name in table.index])
        ax.set_ylim(len(table) - 0.5, -0.6)
        widest = np.abs(table.to_numpy(float) - middle).max()
        ax.set_xlim(-1.45 * widest, 1.45 * widest)
        count_axis(ax.xaxis)
        name_axes(ax, x=with_unit("Change of customer equity", currency), y="Driver")
    return ax


def describe_tornado(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `tornado`.

    Examples
    --------
    >>> table = pd.DataFrame({"equity_today": 101.0, "equity_at_low": [90.0, 99],
    ...                       "equity_at_high": [112.0, 103]}, index=["margin", "cost"])
    >>> print(describe_tornado(table, "€"))
    Tornado chart: customer equity is most sensitive to margin (€90.00 if lower, €112.00 if higher)
    and least to cost (€99.00 and €103.00).
    """
    table, _ = _checked_tornado(table)
    low, high = (
        [money(float(table[name].to_numpy()[place]), currency) for place in (0, -1)]
        for name in ("equity_at_low", "equity_at_high")
    )
    return (
        f"Tornado chart: customer equity is most sensitive to {table.index[0]} ({low[0]} if lower, "
        f"{high[0]} if higher) and least to {table.index[-1]} ({low[1]} and {high[1]})."
    )


def _checked_tornado(table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    columns = ["equity_today", "equity_at_low", "equity_at_high"]
    table = checked(table, "tornado", numbers=columns)[columns]
    width = (table["equity_at_high"] - table["equity_at_low"]).abs()
    table = table.loc[width.sort_values(ascending=False, kind="stable").index]
    return table, float(table["equity_today"].iloc[0])

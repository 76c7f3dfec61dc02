"""Repeat purchases by cohort and time since the first purchase."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from relmark_research.errors import DataError
from relmark_research.formats import percent
from relmark_research.plots.marks import (
    EndLabel,
    cell_edges,
    label_ends,
    name_axes,
    percent_axis,
    thinned,
)
from relmark_research.plots.style import FONT_SIZE, LINES, SHADES, TEXT, Series, canvas, ink_on
from relmark_research.plots.tables import check_matrix, check_rows

CELLS_WITH_NUMBERS = 18  # rows and columns, at most
ROW = 0.38  # inches

NAMED = 3  # periods that the newest cohort named in a crowd was observed, at least


def cohorts(table: pd.DataFrame, *, unit: str = "month", ax: Axes | None = None) -> Axes:
    """Draw the share of each cohort that bought again, by time since the first purchase.

    Parameters
    ----------
    table
        Wide: one row per cohort (index: its name), one column per period since the first purchase
        (0, 1, ...), values the share of the cohort that bought in it, in [0, 1]; missing where it
        is not observed yet. Period 0 is left out where it is 100 percent by definition, and so is
        a column ``customers`` (the size of the cohort).
    unit
        The period, for the axis label: ``"month"``, ``"quarter"``.
    ax
        Axes to draw on; None makes a new figure, as high as the rows need.

    Returns
    -------
    Axes
        A heat map; up to 18 by 18 cells carry their percentage, more get a colour scale.

    Raises
    ------
    DataError
        If the table is empty, a column name is not a number, or a share is outside [0, 1].

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame(
    ...     [[1, 0.15, 0.12], [1, 0.11, np.nan]], index=["Jan 1997", "Feb 1997"], columns=[0, 1, 2]
    ... )
    >>> cohorts(table, ax=Figure().subplots()).get_xlabel()
    'Months since the first purchase'
    """
    table = _shares(table, "cohorts")
    height = min(9.0, 1.1 + ROW * len(table))
    with canvas(ax, size=(7.0, max(2.2, height)), grid="") as ax:
        rows, columns = np.arange(len(table)), np.arange(table.shape[1])
        values = np.ma.masked_invalid(table.to_numpy(float))
        few = max(values.shape) <= CELLS_WITH_NUMBERS
        mesh = ax.pcolormesh(
            cell_edges(columns), cell_edges(rows), values,
            cmap=SHADES, vmin=0, vmax=values.max() or 1, edgecolors="face", linewidth=0.3,
        )  # fmt: skip
        ax.invert_yaxis()
        ax.spines["bottom"].set_visible(False)
        ax.set_xticks(*thinned([f"{name:g}" for name in table.columns], 18))
        ax.set_yticks(*thinned([str(name) for name in table.index], 18))
        name_axes(
            ax,
            x=f"{unit.capitalize()}s since the first purchase",
            y="Cohort (first purchase)" + (", and % of it that bought again" if few else ""),
        )
        if few:
            _write_cells(ax, values, mesh.to_rgba(values))
        else:
            bar = ax.figure.colorbar(mesh, ax=ax, fraction=0.04, pad=0.02)
            bar.outline.set_visible(False)
            bar.set_label("Share of the cohort that bought")
            percent_axis(bar.ax.yaxis)
    return ax


def _write_cells(ax: Axes, values: np.ma.MaskedArray, colours: np.ndarray) -> None:
    few = values.shape[1] <= 12
    for (row, column), share in np.ndenumerate(values.filled(np.nan)):
        if not np.isnan(share):
            text = percent(share) if few else f"{100 * share:.0f}"
            ax.text(
                column, row, text, ha="center", va="center",
                color=ink_on(tuple(colours[row, column])), fontsize=FONT_SIZE - 1,
            )  # fmt: skip


def _shares(table: pd.DataFrame, plot: str) -> pd.DataFrame:
    check_rows(table, plot)
    sizeless = table.drop(columns="customers", errors="ignore")
    table = check_matrix(sizeless, plot).astype(float)
    values = table.to_numpy()
    outside = np.argwhere((values < 0) | (values > 1 + 1e-9))
    if len(outside):
        row, column = outside[0]
        raise DataError(
            f"{plot} draws shares from 0 to 1; found {len(outside)} outside, first "
            f"{values[row, column]:g} for cohort {table.index[row]}, period "
            f"{table.columns[column]:g}. Divide by the size of the cohort."
        )
    if 0 in table.columns and table.shape[1] > 1 and (table[0].dropna() == 1).all():
        table = table.drop(columns=0)
    if table.isna().all(axis=None):
        raise DataError(
            f"{plot} needs at least one cohort that was observed after its first period; found "
            f"{len(table)} cohorts without. Take shorter periods or longer data."
        )
    return table


def cohort_lines(table: pd.DataFrame, *, unit: str = "month", ax: Axes | None = None) -> Axes:
    """Draw one line per cohort: the share that bought again, by time since the first purchase.

    Parameters
    ----------
    table, unit
        As for `cohorts`.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        Up to four cohorts have their own line style; of more, only the oldest and the newest
        observed for three periods have, and the others are drawn in grey.

    Raises
    ------
    DataError
        As `cohorts`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame(
    ...     [[1, 0.15, 0.12], [1, 0.11, np.nan]], index=["Jan 1997", "Feb 1997"], columns=[0, 1, 2]
    ... )
    >>> cohort_lines(table, ax=Figure().subplots()).get_ylabel()
    'Share of the cohort that bought'
    """
    table = _shares(table, "cohort_lines")
    with canvas(ax) as ax:
        series = _line_styles(table)
        for (_, shares), look in zip(table.iterrows(), series, strict=True):
            ax.plot(
                table.columns, shares, color=look.colour, linestyle=look.line,
                marker=look.marker, markersize=5, alpha=look.opacity,
                linewidth=2 if look.marker else 1, zorder=3 if look.marker else 2,
            )  # fmt: skip
        ax.xaxis.set_major_locator(MaxNLocator(7, integer=True, min_n_ticks=1))
        name_axes(
            ax,
            x=f"{unit.capitalize()}s since the first purchase",
            y="Share of the cohort that bought",
        )
        periods = table.columns.to_numpy(float)
        ax.set_ylim(0, 1.08 * float(np.nanmax(table.to_numpy())) or 1)
        ax.set_xlim(periods.min() - 0.15, periods.max() + 0.15)
        percent_axis(ax.yaxis)
        _name_lines(ax, table, series)
    return ax


def _line_styles(table: pd.DataFrame) -> list[Series]:
    """Return a style per cohort; of many, only the oldest and the newest are highlighted."""
    if len(table) <= len(LINES):
        return list(LINES[: len(table)])
    crowd = [Series(TEXT, marker="", opacity=0.3)] * len(table)
    periods = table.notna().sum(axis="columns").to_numpy()
    long = np.flatnonzero(periods >= min(NAMED, periods.max()))
    crowd[long[0]], crowd[long[-1]] = LINES[0], LINES[1]
    return crowd


def _name_lines(ax: Axes, table: pd.DataFrame, series: list[Series]) -> None:
    labels = []
    for (cohort, shares), look in zip(table.iterrows(), series, strict=True):
        seen = shares.dropna()
        if len(seen) and look.marker:
            labels.append(EndLabel(seen.iloc[-1], str(cohort), look))
    label_ends(ax, labels)


def describe_cohorts(table: pd.DataFrame, *, unit: str = "month") -> str:
    """Return a description in words of `cohorts`.

    Parameters
    ----------
    table, unit
        As for `cohorts`.

    Returns
    -------
    str
        How many cohorts, and the range over cohorts in the first and the last period that at
        least one of them was observed in.

    Raises
    ------
    DataError
        As `cohorts`.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     [[1, 0.15, 0.12], [1, 0.11, np.nan]], index=["Jan 1997", "Feb 1997"], columns=[0, 1, 2]
    ... )
    >>> print(describe_cohorts(table))
    Heat map of 2 cohorts, Jan 1997 to Feb 1997: in month 1 after the first purchase 11% to 15% of
    a cohort bought, in month 2 12%.
    """
    return f"Heat map of {_describe(_shares(table, 'cohorts'), unit)}"


def describe_cohort_lines(table: pd.DataFrame, *, unit: str = "month") -> str:
    """Return a description of `cohort_lines`; parameters and errors as for `describe_cohorts`."""
    return f"One line for each of {_describe(_shares(table, 'cohort_lines'), unit)}"


def _describe(table: pd.DataFrame, unit: str) -> str:
    seen = table.dropna(axis="columns", how="all")
    first, last = seen.columns[0], seen.columns[-1]
    names = f"{table.index[0]} to {table.index[-1]}" if len(table) > 1 else str(table.index[0])
    text = (
        f"{len(table)} cohort{'s' * (len(table) > 1)}, {names}: in {unit} {first:g} after the "
        f"first purchase {_range(seen[first])} of a cohort bought"
    )
    return f"{text}." if first == last else f"{text}, in {unit} {last:g} {_range(seen[last])}."


def _range(shares: pd.Series) -> str:
    low, high = percent(shares.min()), percent(shares.max())
    return low if low == high else f"{low} to {high}"

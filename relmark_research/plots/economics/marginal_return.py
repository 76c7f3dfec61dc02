"""Marginal returns of acquisition and retention spend, with intervals."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.formats import WHOLE, money, with_unit
from relmark_research.plots.marks import count_axis, log_axis, name_axes
from relmark_research.plots.style import BLUE, FONT_SIZE, TEXT, VERMILLION, Series, canvas
from relmark_research.plots.tables import checked

PURPOSES = {  # colour, marker and the word for each purpose
    "acquisition": (Series(VERMILLION, "-", "o"), "acquisition"),
    "retention": (Series(BLUE, "-", "s"), "retention"),
}


def marginal_returns(table: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the marginal return of each line of a budget, with its interval.

    Parameters
    ----------
    table
        One row per line: ``segment``, ``purpose`` (acquisition or retention), ``marginal_return``
        (customer value per unit of money spent) with ``marginal_return_low`` and
        ``marginal_return_high``; the first two may be the index.
    currency
        Currency of both, for the axis label; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        One dot with its interval per line, by segment, and a vertical line at 1, the break-even.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or a purpose is unknown.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"segment": ["web", "web"], "purpose": ["acquisition", "retention"],
    ...     "marginal_return": [4.6, 2.0], "marginal_return_low": [3.3, 1.4],
    ...     "marginal_return_high": [6.1, 2.8]})
    >>> marginal_returns(table, "EUR", ax=Figure().subplots()).get_xlabel()
    'Customer value per additional EUR spent'
    """
    table = _checked(table)
    with canvas(ax, size=(7.0, 1.3 + 0.42 * len(table)), grid="x") as ax:
        places = np.arange(len(table)) + 0.35 * (pd.factorize(table["segment"])[0])
        for place, (_, row) in zip(places, table.iterrows(), strict=True):
            series, _ = PURPOSES[str(row["purpose"])]
            ends = row["marginal_return_low"], row["marginal_return_high"]
            ax.hlines(place, *ends, color=series.colour, linewidth=2.4)
            ax.plot(row["marginal_return"], place, series.marker, color=series.colour, markersize=8)
            ax.annotate(
                f"{row['marginal_return']:.1f}", (ends[1], place), (8, 0),
                textcoords="offset points",
                va="center", color=TEXT, fontsize=FONT_SIZE - 1,
            )  # fmt: skip
        ax.axvline(1, color=TEXT, linewidth=1.2, linestyle=(0, (2, 2)))
        ax.set_yticks(places, [_line(row) for _, row in table.iterrows()])
        ax.set_ylim(places[-1] + 0.7, -0.9)
        _scale(ax, table)
        unit = currency or "unit of money"
        name_axes(ax, x=f"Customer value per additional {unit} spent", y="Dotted line: break-even")
    return ax


def _line(row: pd.Series) -> str:
    return f"{row['segment']}, {PURPOSES[str(row['purpose'])][1]}"


def _scale(ax: Axes, table: pd.DataFrame) -> None:
    """Use a logarithmic axis where the values span a wide range."""
    low = min(table["marginal_return_low"].min(), 1.0)
    high = max(table["marginal_return_high"].max(), 1.0)
    if low <= 0 or high / low < 8:
        ax.set_xscale("linear")
        ax.set_xlim(min(0, low), high * 1.12)
        count_axis(ax.xaxis)
        return
    log_axis(ax)
    ax.set_xlim(low * 0.8, high * 1.3)


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame) and "purpose" in table.index.names:
        table = table.reset_index()
    table = checked(
        table,
        "marginal_returns",
        numbers=["marginal_return", "marginal_return_low", "marginal_return_high"],
        others=["segment", "purpose"],
    )
    check_purposes(table, "marginal_returns")
    return table.sort_values(["segment", "purpose"], ignore_index=True)


def check_purposes(table: pd.DataFrame, plot: str) -> None:
    """Raise DataError unless every purpose is acquisition or retention."""
    unknown = ~table["purpose"].isin(list(PURPOSES))
    if unknown.any():
        raise DataError(
            f"{plot} knows the purposes acquisition and retention; found "
            f"{table['purpose'][unknown].iloc[0]!r} in {unknown.sum()} of {len(table)} rows. "
            "Rename the purposes."
        )


def describe_marginal_returns(table: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `marginal_returns`.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["web", "web"], "purpose": ["acquisition", "retention"],
    ...     "marginal_return": [4.6, 2.0], "marginal_return_low": [3.3, 1.4],
    ...     "marginal_return_high": [6.1, 2.8]})
    >>> print(describe_marginal_returns(table, "€"))
    Marginal return of each budget line, with intervals: an additional €1 returns the most, €4.60 of
    customer value (€3.30 to €6.10), in web, acquisition, and the least, €2.00 (€1.40 to €2.80), in
    web, retention.
    """
    table = _checked(table)
    most = table.iloc[int(table["marginal_return"].argmax())]
    least = table.iloc[int(table["marginal_return"].argmin())]
    return (
        "Marginal return of each budget line, with intervals: an additional "
        f"{money(1, currency, detail=WHOLE)} returns the most, "
        f"{_amount(most, currency, ' of customer value')}, in {_line(most)}, and the least, "
        f"{_amount(least, currency)}, in {_line(least)}."
    )


def _amount(row: pd.Series, currency: str, of: str = "") -> str:
    value, low, high = (
        money(round(float(row[f"marginal_return{end}"]), 2), currency)
        for end in ("", "_low", "_high")
    )
    return f"{value}{of} ({low} to {high})"


def spend_label(purpose: str, currency: str) -> str:
    """Return the axis label of a spend, with its unit."""
    per = {"acquisition": "per prospect", "retention": "per customer and year"}[purpose]
    return with_unit(f"Spend {per}", currency)

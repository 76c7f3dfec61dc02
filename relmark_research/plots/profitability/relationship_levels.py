"""Relationship levels: their effects, and the value of a customer at each."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.errors import DataError, unknown_name
from relmark_research.formats import money, percent, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, name_axes, percent_axis
from relmark_research.plots.style import canvas
from relmark_research.plots.tables import bounds, checked


def level_values(
    table: pd.DataFrame, segment: str | None = None, currency: str = "", *, ax: Axes | None = None
) -> Axes:
    """Draw the value of a customer at each relationship level, with intervals, for a segment.

    Parameters
    ----------
    table
        ``segment``, ``relationship_level`` (the lightest first), ``value`` with ``value_low`` and
        ``value_high`` (money per customer), ``probability_best``, ``best`` (true for the level
        with the highest expected value).
    segment
        Which; the first in the table where None.
    currency
        Currency, for labels; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per level, the best filled, with its probability of being best.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or there is no such segment.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"segment": ["mills"] * 2,
    ...     "relationship_level": ["basic", "partnership"], "value": [80.0, 95.0],
    ...     "value_low": [70.0, 60.0], "value_high": [90.0, 130.0],
    ...     "probability_best": [0.2, 0.8], "best": [False, True]})
    >>> level_values(table, "mills", "EUR", ax=Figure().subplots()).get_xlabel()
    'Value of a customer, net of cost (EUR)'
    """
    part = _segment(table, segment)
    texts = [
        "not known" if pd.isna(chance) else f"best: {percent(chance)}"
        for chance in part["probability_best"]
    ]
    with canvas(ax, size=size_of(len(part)), grid="x") as ax:
        draw_ranges(
            ax, part["relationship_level"].tolist(), part["value"], bounds(part, "value"), texts,
            marked=part["best"].tolist(),
        )  # fmt: skip
        count_axis(ax.xaxis, n_ticks=4)
        name_axes(ax, x=with_unit("Value of a customer, net of cost", currency), y="Level")
    return ax


def _segment(table: pd.DataFrame, segment: str | None) -> pd.DataFrame:
    table = checked(
        table, "level_values", numbers=["value", "probability_best"],
        others=["segment", "relationship_level", "best"],
    )  # fmt: skip
    chosen = table["segment"].iloc[0] if segment is None else segment
    part = table[table["segment"] == chosen]
    if part.empty:
        raise DataError(
            f"level_values: {unknown_name('segment', chosen, table['segment'].unique())}"
        )
    return part


def describe_level_values(
    table: pd.DataFrame, segment: str | None = None, currency: str = ""
) -> str:
    """Return a description in words of `level_values`.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["mills"] * 2,
    ...     "relationship_level": ["basic", "partnership"], "value": [80.0, 95.0],
    ...     "value_low": [70.0, 60.0], "value_high": [90.0, 130.0],
    ...     "probability_best": [0.2, 0.8], "best": [False, True]})
    >>> print(describe_level_values(table, "mills", "EUR"))
    Value of a customer (mills) by relationship level, with intervals: partnership is best with a
    probability of 80%, €95.00 (€60.00 to €130.00); basic €80.00.
    """
    part = _segment(table, segment).dropna(subset=["value"])
    best, first = part[part["best"].astype(bool)].iloc[0], part.iloc[0]
    low, high = money(best["value_low"], currency), money(best["value_high"], currency)
    rest = (
        "" if best["relationship_level"] == first["relationship_level"]
        else f"; {first['relationship_level']} {money(first['value'], currency)}"
    )  # fmt: skip
    return (
        f"Value of a customer ({best['segment']}) by relationship level, with intervals: "
        f"{best['relationship_level']} is best with a probability of "
        f"{percent(best['probability_best'])}, "
        f"{money(best['value'], currency)} ({low} to {high}){rest}."
    )


_OUTCOMES = {
    "retention": "Retention against the first level, log-odds",
    "annual_margin": "Annual margin against the first level",
}


def level_effects(table: pd.DataFrame, of: str = "retention", *, ax: Axes | None = None) -> Axes:
    """Draw the effect of each relationship level on retention or margin, with intervals.

    Parameters
    ----------
    table
        Index relationship_level; ``retention`` (log-odds) or ``annual_margin`` (share by which it
        rises), with ``_low`` and ``_high``, against the first level, which is left out.
    of
        ``"retention"`` or ``"annual_margin"``.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per level; an interval across the line at 0 includes no effect.

    Raises
    ------
    DataError
        If a column is missing, the table is empty, or ``of`` is neither.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"retention": [0.4], "retention_low": [0.1], "retention_high": [0.7]},
    ...                      index=["proactive"])
    >>> level_effects(table, ax=Figure().subplots()).get_ylabel()
    'Level'
    """
    table = _checked_effects(table, of)
    texts = [_effect(row, of) for row in _records(table)]
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(ax, [str(name) for name in table.index], table[of], bounds(table, of), texts)
        (percent_axis if of == "annual_margin" else count_axis)(ax.xaxis, n_ticks=4)
        name_axes(ax, x=_OUTCOMES[of], y="Level")
    return ax


def _checked_effects(table: pd.DataFrame, of: str) -> pd.DataFrame:
    if of not in _OUTCOMES:
        raise DataError(f"level_effects: {unknown_name('outcome', of, _OUTCOMES)}")
    return checked(table, "level_effects", numbers=[of, f"{of}_low", f"{of}_high"])


def _records(table: pd.DataFrame) -> list[dict[str, float]]:
    return [
        {str(name): float(value) for name, value in row.items()}
        for row in table.select_dtypes("number").to_dict("records")
    ]


def _effect(row: dict[str, float], of: str) -> str:
    def show(value: float) -> str:
        return percent(value) if of == "annual_margin" else f"{value:.2f}".replace("-", "−")

    return f"{show(row[of])}  ({show(row[f'{of}_low'])} to {show(row[f'{of}_high'])})"


def describe_level_effects(table: pd.DataFrame, of: str = "retention") -> str:
    """Return a description in words of `level_effects`.

    Examples
    --------
    >>> table = pd.DataFrame({"retention": [0.4], "retention_low": [0.1], "retention_high": [0.7]},
    ...                      index=["proactive"])
    >>> print(describe_level_effects(table))
    Effect on retention (log-odds) against the first level, with intervals: proactive 0.40 (0.10 to
    0.70).
    """
    table = _checked_effects(table, of)
    said = [
        f"{name} {_effect(row, of).replace('  ', ' ')}"
        for name, row in zip(table.index, _records(table), strict=True)
    ]
    unit = "retention (log-odds)" if of == "retention" else "the annual margin"
    return f"Effect on {unit} against the first level, with intervals: {', '.join(said)}."

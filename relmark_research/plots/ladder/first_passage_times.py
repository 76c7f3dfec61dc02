"""Moves by cohort age, and first passage to a rung."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from relmark_research.formats import count, percent
from relmark_research.plots.marks import EndLabel, label_ends, name_axes, percent_axis
from relmark_research.plots.style import BLUE, MODEL, OBSERVED, VERMILLION, Series, canvas
from relmark_research.plots.tables import checked

CLIMB = Series(BLUE, "-", "o")
FALL = Series(VERMILLION, (0, (6, 2)), "s")


def cohort_moves(table: pd.DataFrame, *, unit: str = "quarter", ax: Axes | None = None) -> Axes:
    """Draw the share of customers that climbs and falls, by time since they were first seen.

    Parameters
    ----------
    table
        One row per cohort and age: ``cohort``, ``age`` (periods since first seen),
        ``departures`` (people), ``climb`` and ``fall`` (shares of them).
    unit
        The period, for the axis label.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A thin line per cohort behind the mean of all, weighted by departures.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"cohort": ["2024Q1", "2024Q1"], "age": [0, 1], "departures": [50, 40],
    ...                       "climb": [0.3, 0.2], "fall": [0.0, 0.1]})
    >>> cohort_moves(table, ax=Figure().subplots()).get_xlabel()
    'Quarters since first seen'
    """
    table = _checked(table)
    means = _means(table)
    with canvas(ax) as ax:
        for name, series in (("climb", CLIMB), ("fall", FALL)):
            for _, own in table.groupby("cohort", sort=False):
                ax.plot(own["age"], own[name], color=series.colour, linewidth=0.8, alpha=0.3)
            marked = series.marker if len(means) <= 24 else ""
            ax.plot(means.index, means[name], color=series.colour, linestyle=series.line,
                    marker=marked)  # fmt: skip
        ax.set_xlim(left=-0.2, right=max(1, means.index.max()) + 0.2)
        ax.set_ylim(bottom=0)
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        percent_axis(ax.yaxis)
        name_axes(
            ax,
            x=f"{unit.capitalize()}s since first seen",
            y="Share that climbs or falls in a period",
        )
        last = means.iloc[-1]
        label_ends(
            ax, [EndLabel(last["climb"], "climb", CLIMB), EndLabel(last["fall"], "fall", FALL)]
        )
    return ax


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["age", "departures", "climb", "fall"]
    table = checked(table, "cohort_moves", numbers=numbers, others=["cohort"])
    return table.sort_values("age", kind="stable")


def _means(table: pd.DataFrame) -> pd.DataFrame:
    weighted = table[["climb", "fall"]].mul(table["departures"], axis=0)
    summed = weighted.assign(age=table["age"], departures=table["departures"]).groupby("age").sum()
    return summed[["climb", "fall"]].div(summed["departures"], axis=0)


def describe_cohort_moves(table: pd.DataFrame, *, unit: str = "quarter") -> str:
    """Return a description in words of `cohort_moves`.

    Parameters
    ----------
    table, unit
        As for `cohort_moves`.

    Returns
    -------
    str
        The shares that climb and fall in the first and the last period.

    Examples
    --------
    >>> table = pd.DataFrame({"cohort": ["2024Q1", "2024Q1"], "age": [0, 1], "departures": [50, 40],
    ...                       "climb": [0.3, 0.2], "fall": [0.0, 0.1]})
    >>> print(describe_cohort_moves(table))
    Share that climbs and falls, by cohort (1) and in the mean: in the first quarter after they are
    first seen 30% climb and 0% fall; in the last one observed (2) 20% climb and 10% fall.
    """
    table = _checked(table)
    means = _means(table)
    first, last = means.iloc[0], means.iloc[-1]
    return (
        f"Share that climbs and falls, by cohort ({table['cohort'].nunique()}) and in the mean: "
        f"in the first {unit} after they are first seen {percent(first['climb'])} climb and "
        f"{percent(first['fall'])} fall; in the last one observed ({count(means.index[-1] + 1)}) "
        f"{percent(last['climb'])} climb and {percent(last['fall'])} fall."
    )


def first_passage(
    table: pd.DataFrame, *, to: str = "the rung", unit: str = "quarter", ax: Axes | None = None
) -> Axes:
    """Draw the share that has reached a rung by time: observed, and expected by the matrix.

    Parameters
    ----------
    table
        One row per period: ``periods`` (since the start), ``observed``, ``observed_low``,
        ``observed_high``, ``expected``, ``expected_low``, ``expected_high``: shares in [0, 1].
    to
        The rung, for the axis label.
    unit
        The period, for the axis label.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        The observed share as steps with its interval, the model's as a line with its band.

    Raises
    ------
    DataError
        If a column is missing or the table is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> table = pd.DataFrame({"periods": [0, 1], "observed": [0, 0.02], "expected": [0, 0.03]})
    >>> for name in ("observed", "expected"):
    ...     table[f"{name}_low"], table[f"{name}_high"] = 0.5 * table[name], 1.5 * table[name]
    >>> first_passage(table, to="advocate", ax=Figure().subplots()).get_ylabel()
    'Share that has reached advocate'
    """
    table = _checked_passage(table)
    with canvas(ax) as ax:
        x = table["periods"]
        ax.fill_between(x, table["expected_low"], table["expected_high"], color=MODEL.colour,
                        alpha=0.18, linewidth=0)  # fmt: skip
        ax.plot(x, table["expected"], color=MODEL.colour, linestyle=MODEL.line)
        ax.step(x, table["observed"], where="post", color=OBSERVED.colour)
        ax.vlines(x, table["observed_low"], table["observed_high"], color=OBSERVED.colour,
                  linewidth=0.9)  # fmt: skip
        ax.set_xlim(0, max(1, x.max()) * 1.01)
        ax.set_ylim(bottom=0)
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        percent_axis(ax.yaxis)
        name_axes(ax, x=f"{unit.capitalize()}s since the start", y=f"Share that has reached {to}")
        last = table.iloc[-1]
        lines = (Series(OBSERVED.colour, "-", ""), Series(MODEL.colour, MODEL.line, ""))
        label_ends(ax, [EndLabel(last["observed"], "observed", lines[0]),
                        EndLabel(last["expected"], "expected", lines[1])])  # fmt: skip
    return ax


def _checked_passage(table: pd.DataFrame) -> pd.DataFrame:
    ends = [f"{name}{end}" for name in ("observed", "expected") for end in ("", "_low", "_high")]
    return checked(table, "first_passage", numbers=["periods", *ends]).sort_values("periods")


def describe_first_passage(
    table: pd.DataFrame, *, to: str = "the rung", unit: str = "quarter"
) -> str:
    """Return a description in words of `first_passage`.

    Parameters
    ----------
    table, to, unit
        As for `first_passage`.

    Returns
    -------
    str
        The share that has reached the rung at the end, observed and expected.

    Examples
    --------
    >>> table = pd.DataFrame({"periods": [0, 1], "observed": [0, 0.02], "expected": [0, 0.03]})
    >>> for name in ("observed", "expected"):
    ...     table[f"{name}_low"], table[f"{name}_high"] = 0.5 * table[name], 1.5 * table[name]
    >>> print(describe_first_passage(table, to="advocate"))
    Share that has reached advocate, by time: after 1 quarters 2% (1% to 3%) observed, 3% (2% to 4%)
    expected from the transition matrix.
    """
    last = _checked_passage(table).iloc[-1]
    said = [
        f"{percent(last[name])} ({percent(last[f'{name}_low'])} to "
        f"{percent(last[f'{name}_high'])}) {name}"
        for name in ("observed", "expected")
    ]
    return (
        f"Share that has reached {to}, by time: after {count(last['periods'])} {unit}s "
        f"{', '.join(said)} from the transition matrix."
    )

"""Plots of satisfaction: score over time, retention by answer, value of a point, drivers."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import count, money, percent, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, date_ticks, name_axes, percent_axis
from relmark_research.plots.style import BLUE, GREEN, TEXT, canvas
from relmark_research.plots.tables import checked

_RETENTION = ["score", "modelled", "modelled_low", "modelled_high", "isotonic", "retained"]


def score_trend(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the Net Promoter Score by period, with its intervals.

    Parameters
    ----------
    scores
        Row per ``group`` (the period's first day): ``nps`` (points), ``low``, ``high``.
    ax
        Axes to draw on; None makes a new figure.
    """
    scores = checked(scores, "score_trend", numbers=["nps", "low", "high"], others=["group"])
    with canvas(ax, size=(7.0, 3.4)) as ax:
        ax.vlines(scores["group"], scores["low"], scores["high"], color=BLUE, linewidth=2.2)
        ax.plot(scores["group"], scores["nps"], "-", color=BLUE, linewidth=1, alpha=0.6)
        ax.plot(scores["group"], scores["nps"], "o", color=BLUE, markersize=8)
        ax.axhline(0, color=TEXT, linewidth=1)
        date_ticks(ax, scores["group"])
        count_axis(ax.yaxis)
        name_axes(ax, x="Quarter of the answers", y="Net Promoter Score (points)")
    return ax


def describe_score_trend(scores: pd.DataFrame) -> str:
    """Return a description in words of `score_trend`."""
    scores = checked(scores, "score_trend", numbers=["nps", "low", "high"], others=["group"])
    known = scores.dropna(subset=["nps"])
    first, last = known.iloc[0], known.iloc[-1]
    empty = len(scores) - len(known)
    without = f" ({empty} of them without answers)" if empty else ""
    return (
        f"Net Promoter Score over {len(scores)} periods{without}: {count(round(first['nps']))} "
        f"({count(round(first['low']))} to {count(round(first['high']))}) in the first, "
        f"{count(round(last['nps']))} ({count(round(last['low']))} to "
        f"{count(round(last['high']))}) in the last."
    )


def retention_by_score(table: pd.DataFrame, *, knot: float, ax: Axes | None = None) -> Axes:
    """Draw retention by answer: observed, modelled, and by isotonic regression.

    Parameters
    ----------
    table
        Row per ``score``: ``retained`` (observed) with ``low`` and ``high``, ``modelled`` with
        ``modelled_low`` and ``modelled_high``, ``isotonic``.
    knot
        Answer at which the slope changes.
    ax
        Axes to draw on; None makes a new figure.
    """
    table = checked(table, "retention_by_score", numbers=[*_RETENTION, "low", "high"])
    known = table[table["retained"].notna()]
    with canvas(ax, size=(7.0, 4.2)) as ax:
        ax.fill_between(
            table["score"], table["modelled_low"], table["modelled_high"], color=BLUE, alpha=0.2,
            linewidth=0,
        )  # fmt: skip
        ax.plot(table["score"], table["modelled"], color=BLUE, label="model with two slopes")
        ax.plot(
            known["score"], known["isotonic"], color=GREEN, linestyle=(0, (3, 1.5)),
            drawstyle="steps-mid", linewidth=1.6, label="isotonic regression",
        )  # fmt: skip
        ax.vlines(known["score"], known["low"], known["high"], color=TEXT, linewidth=1.2)
        ax.plot(known["score"], known["retained"], "o", color=TEXT, markersize=6, label="observed")
        ax.axvline(knot, color=TEXT, linewidth=1, linestyle=(0, (2, 2)))
        ax.set_xticks(table["score"].astype(int))
        ax.set_ylim(0, 1)
        percent_axis(ax.yaxis)
        name_axes(ax, x="Answer (dotted: change of slope)", y="Retention rate")
        ax.legend(frameon=False, loc="lower right")
    return ax


def describe_retention_by_score(table: pd.DataFrame, *, knot: float) -> str:
    """Return a description in words of `retention_by_score`."""
    table = checked(table, "retention_by_score", numbers=_RETENTION)
    named = table[table["score"].isin([knot - 3, knot, table["score"].max()])]
    spoken = ", ".join(
        f"{percent(row['modelled'])} at an answer of {row['score']:g}"
        for _, row in named.iterrows()
    )
    return f"Retention rate by answer, observed and modelled with its interval: {spoken}."


def point_values(by_score: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw the value of one more point by the current answer.

    Parameters
    ----------
    by_score
        Row per ``score``: ``value`` (money per customer, over the lifetime), ``low``, ``high``,
        ``customers``.
    currency
        Currency of the value; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.
    """
    numbers = ["score", "value", "low", "high", "customers"]
    by_score = checked(by_score, "point_values", numbers=numbers)
    with canvas(ax, size=(7.0, 3.6)) as ax:
        ax.bar(by_score["score"], by_score["value"], width=0.62, color=BLUE, alpha=0.75)
        ax.vlines(by_score["score"], by_score["low"], by_score["high"], color=TEXT, linewidth=1.4)
        labels = [
            f"{int(score)}\n{count(n)}"
            for score, n in zip(by_score["score"], by_score["customers"], strict=True)
        ]
        ax.set_xticks(by_score["score"], labels)
        count_axis(ax.yaxis)
        name_axes(
            ax,
            x="Current answer, and number of customers",
            y=with_unit("Value of one more point, per customer", currency),
        )
    return ax


def describe_point_values(by_score: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `point_values`."""
    by_score = checked(by_score, "point_values", numbers=["score", "value", "low", "high"])
    best = by_score.iloc[int(by_score["value"].argmax())]
    return (
        f"Value of one more point by current answer: highest at {best['score']:g}, "
        f"{money(best['value'], currency)} per customer ({money(best['low'], currency)} to "
        f"{money(best['high'], currency)})."
    )


def satisfaction_drivers(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the effect of each item on overall satisfaction.

    Parameters
    ----------
    table
        Row per ``item``, strongest first: ``slope`` (on the logit, per point), ``low``, ``high``.
    ax
        Axes to draw on; None makes a new figure.
    """
    table = checked(
        table,
        "satisfaction_drivers",
        numbers=["slope", "low", "high", "odds_ratio"],
        others=["item"],
    )
    with canvas(ax, size=size_of(len(table)), grid="x") as ax:
        draw_ranges(
            ax,
            [str(one) for one in table["item"]],
            table["slope"],
            (table["low"], table["high"]),
            [f"odds × {one:.1f}" for one in table["odds_ratio"]],
        )
        count_axis(ax.xaxis)
        name_axes(ax, x="Effect of one point on the log-odds of a higher class", y="")
    return ax


def describe_satisfaction_drivers(table: pd.DataFrame) -> str:
    """Return a description in words of `satisfaction_drivers`."""
    table = checked(table, "satisfaction_drivers", numbers=["slope", "odds_ratio"], others=["item"])
    spoken = ", ".join(f"{row['item']} {row['odds_ratio']:.1f}" for _, row in table.iterrows())
    return f"Odds ratio of a higher class (detractor, passive, promoter) per point: {spoken}."

"""Incremental profit of each campaign arm over its control group."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import money, percent, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, name_axes
from relmark_research.plots.style import canvas
from relmark_research.plots.tables import checked

_NUMBERS = [
    "incremental_profit",
    "incremental_profit_low",
    "incremental_profit_high",
    "probability_profitable",
]


def incremental_profits(
    uplift: pd.DataFrame, currency: str = "", *, ax: Axes | None = None
) -> Axes:
    """Draw the incremental profit per customer of each arm of each campaign, with its interval.

    Parameters
    ----------
    uplift
        Row per ``campaign_id`` and ``arm``: ``incremental_profit`` (money per customer) with
        ``incremental_profit_low`` and ``incremental_profit_high``, ``probability_profitable``.
    currency
        Currency of the profit; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot with its interval per arm, a line at zero, and the probability of a profit at the
        right.
    """
    uplift = checked(uplift, "incremental_profits", numbers=_NUMBERS, others=["campaign_id", "arm"])
    with canvas(ax, size=size_of(len(uplift)), grid="x") as ax:
        draw_ranges(
            ax,
            [f"{row['campaign_id']}, {row['arm']}" for _, row in uplift.iterrows()],
            uplift["incremental_profit"],
            (uplift["incremental_profit_low"], uplift["incremental_profit_high"]),
            [percent(one) for one in uplift["probability_profitable"]],
        )
        ax.text(1, 1.02, "  P(profit)", transform=ax.transAxes, va="bottom")
        count_axis(ax.xaxis)
        name_axes(ax, x=with_unit("Incremental profit per targeted customer", currency), y="")
    return ax


def describe_incremental_profits(uplift: pd.DataFrame, currency: str = "") -> str:
    """Return a description in words of `incremental_profits`."""
    uplift = checked(uplift, "incremental_profits", numbers=_NUMBERS, others=["campaign_id", "arm"])
    probability = uplift["probability_profitable"]
    best, worst = uplift.iloc[int(probability.argmax())], uplift.iloc[int(probability.argmin())]
    return (
        f"Incremental profit of {len(uplift)} arms, with intervals. Most likely to be profitable: "
        f"{_interval(best, currency, ' per customer')}. Least likely: {_interval(worst, currency)}."
    )


def _interval(row: pd.Series, currency: str, unit: str = "") -> str:
    value, low, high = (money(row[name], currency) for name in _NUMBERS[:3])
    return f"{row['campaign_id']}, {row['arm']}, {value}{unit} ({low} to {high})"

"""What campaigns brought: a line per arm, against its control group."""

import pandas as pd
from matplotlib.axes import Axes

from relmark_research.formats import money_wording as money
from relmark_research.formats import percent, with_unit
from relmark_research.plots._dot_intervals import draw_ranges, size_of
from relmark_research.plots.marks import count_axis, name_axes
from relmark_research.plots.style import canvas
from relmark_research.plots.tables import checked

_NUMBERS = ["profit", "profit_low", "profit_high", "probability_pays"]


def arm_profits(uplift: pd.DataFrame, currency: str = "", *, ax: Axes | None = None) -> Axes:
    """Draw what each arm of each campaign brought per customer addressed, with its interval.

    Parameters
    ----------
    uplift
        Row per ``campaign_id`` and ``arm``: ``profit`` (money per customer) with ``profit_low`` and
        ``profit_high``, ``probability_pays``.
    currency
        Currency of the profit; ``""`` for none.
    ax
        Axes to draw on; None makes a new figure.

    Returns
    -------
    Axes
        A dot and whisker per arm about a line at zero, filled where it surely pays or surely does
        not, and the probability that it pays at the right.
    """
    uplift = checked(uplift, "arm_profits", numbers=_NUMBERS, others=["campaign_id", "arm"])
    with canvas(ax, size=size_of(len(uplift)), grid="x") as ax:
        draw_ranges(
            ax,
            [f"{row['campaign_id']}, {row['arm']}" for _, row in uplift.iterrows()],
            uplift["profit"],
            (uplift["profit_low"], uplift["profit_high"]),
            [percent(one) for one in uplift["probability_pays"]],
        )
        ax.text(1, 1.02, "  Pays", transform=ax.transAxes, va="bottom")
        count_axis(ax.xaxis)
        name_axes(ax, x=with_unit("Profit caused per customer addressed", currency), y="")
    return ax


def describe_arm_profits(uplift: pd.DataFrame, currency: str = "") -> str:
    """Say in words what `arm_profits` shows."""
    uplift = checked(uplift, "arm_profits", numbers=_NUMBERS, others=["campaign_id", "arm"])
    best, worst = (uplift.loc[uplift["probability_pays"].agg(one)] for one in ("idxmax", "idxmin"))
    return (
        f"{len(uplift)} arms about a line at zero. Surest to pay: {best['campaign_id']}, "
        f"{best['arm']}, {money(best['profit'], currency)} per customer "
        f"({money(best['profit_low'], currency)} to {money(best['profit_high'], currency)}). Least "
        f"likely: {worst['campaign_id']}, {worst['arm']}, {money(worst['profit'], currency)} "
        f"({money(worst['profit_low'], currency)} to {money(worst['profit_high'], currency)})."
    )

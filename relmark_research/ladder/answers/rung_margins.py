"""What a period on each rung brings: the money of those who end the period there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from relmark_research.customers.log.returns import SCALE
from relmark_research.errors import LadderError, ParameterError
from relmark_research.ladder.history.engine_spells import EngineSpells
from relmark_research.ladder.history.periods import index_expression

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.ladder.history.ladder_history import LadderHistory


def rung_margins(
    log: TransactionLog, history: LadderHistory, *, margin: float | None = None
) -> pd.DataFrame:
    """Return what a period on each rung brings per person.

    Parameters
    ----------
    log
        The purchases from which the history was assigned.
    history
        Made by `LoyaltyLadder.assign` from this log.
    margin
        Share of value left after the cost of goods, in (0, 1]; None takes the log's own costs.

    Returns
    -------
    DataFrame
        Index rung; person_periods, value, margin (money per person and period): all that was
        bought in periods at whose end the buyer stood on the rung, over all periods that anybody
        ended there.

    Raises
    ------
    ParameterError
        Where neither a margin nor the log's costs are known.
    LadderError
        Where the history was not assigned from a log.
    """
    if margin is None and not log.has_cost:
        raise ParameterError(
            "the log does not say what its goods cost: give the margin as a share of value, "
            "as in rung_margins(log, history, margin=0.3)."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(f"margin is a share of value in (0, 1]; found {margin}.")
    if not isinstance(history.source, EngineSpells) or history.period is None:
        raise LadderError("margins by rung need a history that was assigned from the log.")
    bought = _bought(log, history.source, history.period)
    stays = history.source.occupancy().groupby("state")["n"].sum()
    states = range(len(history.states))
    table = bought.set_index("rung").reindex(states).fillna(0.0)
    table.insert(0, "person_periods", stays.reindex(states).fillna(0).astype(int))
    people = table["person_periods"].clip(lower=1)
    table["value"] = table["value"] / people
    kept = (
        table["value"] * margin if margin is not None else table["value"] - table["cost"] / people
    )
    table = table.assign(margin=kept).drop(columns="cost")
    return table.set_axis(pd.Index(history.states, name="rung"))


def _bought(log: TransactionLog, source: EngineSpells, period: str) -> pd.DataFrame:
    """Value and cost by the rung on which the period of the purchase ended."""
    days = log.days
    cost = days.cost_parts if "cost_parts" in days.columns else days.parts * 0
    spent = days.select("customer_id", "parts", cost=cost, at=index_expression(days.date, period))
    summed = spent.group_by("customer_id", "at").aggregate(
        parts=spent.parts.sum(), cost=spent.cost.sum()
    )
    spells = source.stored
    held = summed.join(spells, "customer_id")
    held = held.filter((held["at"] >= held.start) & (held["at"] <= held.end))
    by_rung = held.group_by("rung").aggregate(
        value=held.parts.sum().cast("float64") / SCALE, cost=held.cost.sum().cast("float64") / SCALE
    )
    return by_rung.order_by("rung").to_pandas()

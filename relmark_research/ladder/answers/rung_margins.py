"""Value and margin per person and year on each rung.

y_c, n_c   money of customer c on the rung, and the periods that the customer spent there
R          sum of y_c / sum of n_c, money per person and period; divided by the years of a period
V(R)       C / (C - 1) sum of (y_c - R n_c)^2 / (sum of n_c)^2, C the customers seen on the rung

References
----------
Cochran 1977, Sampling Techniques, section 2.11 (the ratio of two sums over clusters).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.log.returns import PARTS_PER_UNIT
from relmark_research.errors import LadderError, ParameterError, check_level
from relmark_research.ladder.history.engine_spells import EngineSpells
from relmark_research.stats.intervals import normal_interval
from relmark_research.tables.sql_dialects import period_number

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.ladder.history.ladder_history import LadderHistory
    from relmark_research.units import Period


def rung_margins(
    log: TransactionLog,
    history: LadderHistory,
    *,
    margin: float | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return value and margin per person and year by rung.

    Parameters
    ----------
    log
        The purchases from which the history was assigned.
    history
        Made by `LoyaltyLadder.assign` from this log.
    margin
        Margin as a share of value, in (0, 1]; None takes the costs in the log.
    level
        Probability of the interval.

    Returns
    -------
    DataFrame
        Index rung; person_periods; annual_value and annual_margin (money per person and year):
        purchases in periods that the customer ended on the rung, over the person-years that ended
        there; annual_margin_low, annual_margin_high: normal interval with customers as clusters,
        missing for fewer than two customers.

    Raises
    ------
    ParameterError
        If neither a margin nor costs in the log are given.
    LadderError
        If the history was not assigned from a log.
    """
    check_level(level)
    log.require_value("a margin by rung")
    if margin is None and not log.has_cost:
        raise ParameterError(
            "the log has no cost of goods: give the margin as a share of value, "
            "as in rung_margins(log, history, margin=0.3)."
        )
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError(f"margin is a share of value in (0, 1]; found {margin}.")
    if not isinstance(history.source, EngineSpells) or history.period is None:
        raise LadderError("margins by rung need a history that was assigned from the log.")
    money = _money_by_customer(log, history.source, history.period, costs=margin is None)
    sums = _sums_by_rung(money).set_index("rung").reindex(range(len(history.states))).fillna(0.0)
    table = _per_year(sums, margin or 1.0, history.period.years, level)
    return table.set_axis(pd.Index(history.states, name="rung"))


def _money_by_customer(
    log: TransactionLog, source: EngineSpells, period: Period, *, costs: bool
) -> ir.Table:
    """Return rung, n (periods), value and y (value less ``costs``, if any) by customer and rung.

    A purchase belongs to the rung on which its period ended.
    """
    days, spells = log.days, source.stored
    cost = days.cost_parts if "cost_parts" in days.columns else days.parts * 0
    spent = days.select("customer_id", "parts", cost=cost, at=period_number(days.date, period))
    summed = spent.group_by("customer_id", "at").aggregate(
        parts=spent.parts.sum(), cost=spent.cost.sum()
    )
    matched = summed.join(spells, "customer_id")
    matched = matched.filter((matched["at"] >= matched.start) & (matched["at"] <= matched.end))
    bought = matched.group_by("customer_id", "rung").aggregate(
        parts=matched.parts.sum(), cost=matched.cost.sum()
    )
    length = (spells.end - spells.start + 1).cast("int64")
    stays = spells.mutate(length=length).group_by("customer_id", "rung")
    joined = stays.aggregate(periods=lambda t: t.length.sum()).left_join(
        bought, ["customer_id", "rung"]
    )
    parts, cost = (joined[name].fill_null(0).cast("int64") for name in ("parts", "cost"))
    return joined.select(
        "rung", n=joined.periods.cast("int64"), value=parts, y=parts - cost if costs else parts
    )


def _sums_by_rung(money: ir.Table) -> pd.DataFrame:
    n, y = money.n.cast("float64"), money.y.cast("float64") / PARTS_PER_UNIT
    by_rung = money.group_by("rung").aggregate(
        customers=money.count(),
        n=money.n.sum().cast("float64"),
        value=money.value.sum().cast("float64") / PARTS_PER_UNIT,
        y=money.y.sum().cast("float64") / PARTS_PER_UNIT,
        nn=(n * n).sum(),
        yn=(y * n).sum(),
        yy=(y * y).sum(),
    )
    return by_rung.order_by("rung").to_pandas()


def _per_year(sums: pd.DataFrame, share: float, years: float, level: float) -> pd.DataFrame:
    """Return the figures per person and year; ``share`` of y is margin."""
    n, customers = sums["n"].clip(lower=1), sums["customers"]
    rate = sums["y"] / n
    squares = sums["yy"] - 2 * rate * sums["yn"] + rate**2 * sums["nn"]
    correction = customers / (customers - 1).where(customers > 1)
    error = np.sqrt(correction * squares.clip(lower=0)) / n
    annual_margin = share * rate / years
    low, high = normal_interval(annual_margin, share * error / years, level)
    return pd.DataFrame(
        {
            "person_periods": sums["n"].astype(int),
            "annual_value": sums["value"] / n / years,
            "annual_margin": annual_margin,
            "annual_margin_low": low,
            "annual_margin_high": high,
        }
    )

"""What to do with a budget, how sure that is, and what it costs to leave things as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.economics.budget.allocation import Lines
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import percentile_interval


@dataclass(frozen=True)
class Shift:
    """What moving a little of the budget from acquisition to retention would bring.

    Attributes
    ----------
    share, amount
        Of the budget, and in money.
    gain, gain_low, gain_high
        Rise of customer equity, money; negative where the move loses.
    probability
        That the move raises customer equity.
    """

    share: float
    amount: float
    gain: float
    gain_low: float
    gain_high: float
    probability: float


@dataclass(frozen=True)
class Recommendation:
    """The best split of a budget, against today's.

    Attributes
    ----------
    table
        Row per line (segment, purpose): heads, today, best, best_low, best_high (money in the
        year), change, gain (of equity, by this line alone), spend_per_head_today, spend_per_head,
        at_bound (where the best is at the edge of what was tried).
        best_low and best_high span what would be best under the draws.
    budget
        Money that may be spent in the year; None without limit.
    equity
        Customer equity of today's split, money: worth of those won and kept less what was spent.
    gain, gain_low, gain_high
        What the best split adds to it.
    probability
        That it adds anything.
    regret_today, regret
        Expected equity lost against the split that would be best if the curves were known, by
        keeping today's split and by taking the recommended one.
    shadow_price
        Equity that one more unit of budget would add.
    """

    table: pd.DataFrame
    budget: float | None
    equity: float
    gain: float
    gain_low: float
    gain_high: float
    probability: float
    regret_today: float
    regret: float
    shadow_price: float

    def by_purpose(self) -> pd.DataFrame:
        """Return today, best and change summed over segments."""
        return self.table.groupby("purpose")[["today", "best", "change"]].sum()


def recommended(
    lines: Lines,
    drawn: Lines,
    today: Array,
    budget: float | None,
    *,
    index: pd.Index,
    level: float,
) -> Recommendation:
    """Split a budget at the best estimate, and hold the split against the draws.

    Parameters
    ----------
    lines, drawn
        At the best estimate, shape (lines,), and draws, shape (draws, lines).
    today
        Spends per head, shape (lines,).
    budget
        Money for the year; None for no limit.
    index
        Names of the lines.
    level
        Probability of the intervals.
    """
    split, known = lines.best(budget), drawn.best(budget)
    now, then, best = (drawn.equity(spend) for spend in (today, split.spend, known.spend))
    low, high = percentile_interval(known.spend * lines.heads, level)
    edges = [np.broadcast_to(edge, split.spend.shape) for edge in (lines.least, lines.most)]
    table = pd.DataFrame(
        {
            "heads": lines.heads,
            "today": today * lines.heads,
            "best": split.spend * lines.heads,
            "best_low": low,
            "best_high": high,
            "change": (split.spend - today) * lines.heads,
            "gain": lines.by_line(split.spend) - lines.by_line(today),
            "spend_per_head_today": today,
            "spend_per_head": split.spend,
            "at_bound": np.isclose(split.spend, edges[0]) | np.isclose(split.spend, edges[1]),
        },
        index=index,
    )
    gain_low, gain_high = percentile_interval(then - now, level)
    return Recommendation(
        table=table,
        budget=budget,
        equity=float(lines.equity(today)),
        gain=float(lines.equity(split.spend) - lines.equity(today)),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        probability=_chance(then > now),
        regret_today=float((best - now).mean()),
        regret=float((best - then).mean()),
        shadow_price=float(split.shadow_price),
    )


def _chance(happened: Array) -> float:
    """Return a probability from draws: (hits + 1/2) / (draws + 1), never quite 0 or 1."""
    return float((happened.sum() + 0.5) / (len(happened) + 1))


def shifted(
    lines: Lines, drawn: Lines, today: Array, winning: Array, share: float, *, level: float
) -> Shift:
    """Move a share of the budget from the winning lines to the others, in proportion.

    Parameters
    ----------
    winning
        Which lines are acquisition, shape (lines,).
    share
        Of the whole budget; negative moves money to acquisition.
    """
    spend = today * lines.heads
    amount = share * spend.sum()
    sums = np.where(winning, spend[winning].sum(), spend[~winning].sum())
    factor = 1 + np.where(winning, -amount, amount) / sums
    if not (share != 0 and (factor >= 0).all()):
        raise ParameterError(
            f"a share of the budget to move must not be 0 nor take more than there is; found "
            f"{share!r}: {abs(amount):,.0f} of {spend[winning].sum():,.0f} spent on acquisition "
            f"and {spend[~winning].sum():,.0f} on retention."
        )
    gains = drawn.equity(today * factor) - drawn.equity(today)
    low, high = percentile_interval(gains, level)
    return Shift(
        share=share,
        amount=float(amount),
        gain=float(lines.equity(today * factor) - lines.equity(today)),
        gain_low=float(low),
        gain_high=float(high),
        probability=_chance(gains > 0),
    )

"""Budget recommendations: the optimal allocation, its gain, and the expected regret."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.budget.allocation import BudgetLines
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import percentile_interval


@short_repr
@dataclass(frozen=True, repr=False)
class BudgetShift:
    """The gain from moving part of the budget from acquisition to retention.

    Attributes
    ----------
    share, amount
        The part that is moved, as a share of the budget and in money.
    gain, gain_low, gain_high
        Change in customer equity with its interval, money.
    probability
        Probability that the shift raises customer equity.
    """

    share: float
    amount: float
    gain: float
    gain_low: float
    gain_high: float
    probability: float


_ROWS = ("table", "s_shaped")


@short_repr
@dataclass(frozen=True, repr=False)
class BudgetRecommendation:
    """The optimal allocation of a budget, compared with today's allocation.

    Attributes
    ----------
    table
        One row per line (segment, purpose): people, today, best, best_low, best_high (annual
        spend, money), change, gain (in equity, by this line alone), spend_per_head_today,
        spend_per_head, at_bound (whether the optimum is at the edge of the observed range).
        best_low and best_high are the interval of the optimum over the draws.
    budget
        Annual budget, money; None for no constraint.
    equity
        Customer equity of today's allocation, money: value of customers acquired and retained,
        less spend.
    gain, gain_low, gain_high
        Increase in customer equity from the optimal allocation.
    probability
        Probability that this increase is positive.
    regret_today, regret
        Expected loss in equity relative to the optimum under known curves, with today's and with
        the recommended allocation.
    shadow_price
        Equity per additional unit of budget.
    s_shaped
        Lines whose spend changes and whose counts an S-shaped curve fits better: the recommendation
        is then a hint, since it assumes diminishing returns.
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
    s_shaped: tuple[tuple[str, str], ...] = ()

    def by_purpose(self) -> pd.DataFrame:
        """Return today, best and change, summed over segments."""
        return self.table.groupby("purpose")[["today", "best", "change"]].sum()

    def _summary(self) -> dict[str, object]:
        numbers = {name: value for name, value in vars(self).items() if name not in _ROWS}
        return {"lines": len(self.table), **numbers}


def recommend_allocation(
    lines: BudgetLines,
    drawn: BudgetLines,
    today: Array,
    budget: float | None,
    *,
    index: pd.Index,
    level: float,
) -> BudgetRecommendation:
    """Optimise the allocation at the point estimates and evaluate it over the draws.

    Parameters
    ----------
    lines, drawn
        Budget lines at the point estimates, shape (lines,), and draws, shape (draws, lines).
    today
        Current spend per head, shape (lines,).
    budget
        Annual budget, money; None for no constraint.
    index
        Names of the lines.
    level
        Probability of the intervals.
    """
    optimum, known = lines.optimum(budget), drawn.optimum(budget).spend
    spend = optimum.spend
    now, then, best = (drawn.equity(each) for each in (today, spend, known))
    low, high = percentile_interval(known * lines.people, level)
    bounds = [np.broadcast_to(bound, spend.shape) for bound in (lines.min_spend, lines.max_spend)]
    table = pd.DataFrame(
        {
            "people": lines.people,
            "today": today * lines.people,
            "best": spend * lines.people,
            "best_low": low,
            "best_high": high,
            "change": (spend - today) * lines.people,
            "gain": lines.equity_by_line(spend) - lines.equity_by_line(today),
            "spend_per_head_today": today,
            "spend_per_head": spend,
            "at_bound": np.isclose(spend, bounds[0]) | np.isclose(spend, bounds[1]),
        },
        index=index,
    )
    gain_low, gain_high = percentile_interval(then - now, level)
    return BudgetRecommendation(
        table=table,
        budget=budget,
        equity=float(lines.equity(today)),
        gain=float(lines.equity(spend) - lines.equity(today)),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        probability=_probability(then > now),
        regret_today=float((best - now).mean()),
        regret=float((best - then).mean()),
        shadow_price=float(optimum.shadow_price),
    )


def shift_budget(
    lines: BudgetLines,
    drawn: BudgetLines,
    today: Array,
    acquisition: Array,
    share: float,
    *,
    level: float,
) -> BudgetShift:
    """Move a share of the budget from acquisition lines to retention lines, in proportion.

    Parameters
    ----------
    lines, drawn, today
        As for `recommend_allocation`.
    acquisition
        Whether a line is acquisition, shape (lines,).
    share
        Share of the whole budget; a negative share moves money to acquisition.
    level
        Probability of the interval.
    """
    spend = today * lines.people
    amount = share * spend.sum()
    totals = spend[acquisition].sum(), spend[~acquisition].sum()
    factor = 1 + np.where(acquisition, -amount, amount) / np.where(acquisition, *totals)
    if not (share != 0 and (factor >= 0).all()):
        raise ParameterError(
            f"share must not be 0, nor move more than is spent; found {share!r}, a shift of "
            f"{abs(amount):,.0f} with {totals[0]:,.0f} spent on acquisition and {totals[1]:,.0f} "
            "on retention."
        )
    gains = drawn.equity(today * factor) - drawn.equity(today)
    low, high = percentile_interval(gains, level)
    return BudgetShift(
        share=share,
        amount=float(amount),
        gain=float(lines.equity(today * factor) - lines.equity(today)),
        gain_low=float(low),
        gain_high=float(high),
        probability=_probability(gains > 0),
    )


def _probability(event: Array) -> float:
    """Return a probability from draws, (hits + 1/2) / (draws + 1), never exactly 0 or 1."""
    return float((event.sum() + 0.5) / (len(event) + 1))

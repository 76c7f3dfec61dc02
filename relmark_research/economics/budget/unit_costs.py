"""What customers cost: average and marginal, won and kept, and how soon they pay for themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.economics.budget.ledger_curves import Fits, fit_curves, spread_slope
from relmark_research.economics.budget.spend_ledger import ALL, COLUMNS, PURPOSES, Books
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.value_of_retention.retention_value import (
    check_margin,
    check_retention,
)
from relmark_research.errors import check_number
from relmark_research.stats.intervals import normal_quantile, percentile_interval, wilson_interval
from relmark_research.units import AnnualRate

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 1200  # months, a hundred years: beyond them words say no more than that
_MOST = float(np.finfo(float).max)


@dataclass(frozen=True)
class Payback:
    """When a customer's margins have paid for winning the customer.

    Attributes
    ----------
    months
        The first whole month by which they have; ``inf`` for never.
    most
        All that the margins ever add up to, money per customer won; ``inf`` without churn and
        discount.
    """

    months: float
    most: float

    @property
    def never(self) -> bool:
        """Whether the cost is never paid back."""
        return math.isinf(self.months)

    def __str__(self) -> str:
        if self.never:
            return "never"
        if self.months > _LONGEST:
            return "more than 100 years"
        return f"{self.months:.0f} month{'' if self.months == 1 else 's'}"


def payback(
    acquisition_cost: float,
    margin: float,
    *,
    retention_rate: float | None = None,
    annual_discount_rate: float = 0.0,
) -> Payback:
    """Return after how many months a customer has paid for being won.

    Parameters
    ----------
    acquisition_cost
        Money per customer won, >= 0.
    margin
        Money per customer and year, > 0; a twelfth of it comes at the end of each month.
    retention_rate
        Share that stays a year, in [0, 1): churn then takes 1 - r^(1/12) of the customers after
        each month. None leaves churn out, as many do.
    annual_discount_rate
        In [0, 1); 0 leaves discounting out.

    Returns
    -------
    Payback
        Smallest t with margin / 12 x sum_{j=1}^{t} r^((j-1)/12) / (1 + d)^(j/12) >= cost.

    Examples
    --------
    >>> print(payback(100, 120), "/", payback(100, 120, retention_rate=0.5))
    10 months / 15 months
    >>> print(payback(100, 60, retention_rate=0.3))
    never
    """
    check_margin(margin)
    check_number("an acquisition cost", acquisition_cost, low=0, high=_MOST, rule="is 0 or more")
    if retention_rate is not None:
        check_retention(retention_rate)
    stay = 1.0 if retention_rate is None else retention_rate ** (1 / 12)
    worth = (1 + AnnualRate(annual_discount_rate).value) ** (-1 / 12)
    monthly, q = margin / 12 * worth, stay * worth
    most = monthly / (1 - q) if q < 1 else math.inf
    if acquisition_cost == 0:
        return Payback(0.0, most)
    if q == 0:  # one margin, and nobody is left
        return Payback(1.0 if acquisition_cost <= most else math.inf, most)
    if acquisition_cost >= most * (1 - 1e-12):
        return Payback(math.inf, most)
    months = acquisition_cost / monthly
    if q < 1:
        months = math.log1p(-acquisition_cost / most) / math.log(q)
    return Payback(max(1.0, float(math.ceil(months - 1e-9))), most)


def payback_table(
    acquisition_cost: float, margin: float, *, retention_rate: float, annual_discount_rate: float
) -> pd.DataFrame:
    """Return payback with and without churn, discounted and not: four rows, months and words."""
    rows = [
        (churn, discount, payback(
            acquisition_cost, margin,
            retention_rate=retention_rate if churn else None,
            annual_discount_rate=annual_discount_rate if discount else 0.0,
        ))
        for churn in (False, True) for discount in (False, True)
    ]  # fmt: skip
    columns = [(churn, discount, found.months, str(found)) for churn, discount, found in rows]
    return pd.DataFrame(columns, columns=["churn", "discounted", "months", "payback"])


def unit_costs(
    table: pd.DataFrame | str | Books,
    *,
    by: str | None = None,
    period: str = "quarter",
    names: Mapping[str, str] | None = None,
    recent: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what a customer won and a customer kept cost, on average and at the margin.

    The average is what was spent over what was had; the marginal cost is what one more would cost
    beyond today's spend, from the curve fitted to all periods. The two can lie far apart.

    Parameters
    ----------
    table, by, period, names
        The books; see `Books.of`.
    recent
        Number of last periods that make today: their averages, and the spend per head at which the
        marginal cost is taken; None takes all periods.
    level
        Probability of the intervals.
    seed
        Of the draws behind the intervals of marginal costs and of ratios.

    Returns
    -------
    DataFrame
        Row per segment (and all): cost_per_won, cost_per_kept, cost_ratio (of an average customer
        won to one kept), marginal_cost_won, marginal_cost_kept, marginal_ratio, each with _low and
        _high, money per customer; note says what is missing and why. A segment whose spends did
        not vary has no marginal cost. All together: the next unit of money spread as today's.

    References
    ----------
    Pfeifer (2005): the ratio of average costs says nothing of what to do, that of marginal costs
    does.

    Examples
    --------
    >>> import relmark_research as rm
    >>> costs = unit_costs(rm.load_sample("books"), by="channel", recent=4)
    >>> costs.loc["web", ["cost_per_won", "marginal_cost_won"]].round(1).to_dict()
    {'cost_per_won': 30.6, 'marginal_cost_won': 52.6}
    """
    books = Books.of(table, by=by, period=period, names=names)
    now = books.recent(recent).totals()
    fits, notes = fit_curves(books, now)
    average = _average_costs(now, level)
    marginal = _marginal_costs(now, fits, level, seed)
    for (segment, purpose), fit in fits.items():
        if fit.grade != "identified":
            notes[segment] = f"{notes.get(segment, '')} {purpose}: {fit.diagnosis}.".strip()
    noted = pd.Series(notes, dtype=str).reindex(now.index).fillna("")
    return average.join(marginal).assign(note=noted).rename_axis("segment")


def _average_costs(now: pd.DataFrame, level: float) -> pd.DataFrame:
    found: dict[str, Array] = {}
    errors = []
    for name, purpose in zip(("won", "kept"), PURPOSES, strict=True):
        spend, heads, successes = now[list(COLUMNS[purpose])].to_numpy(float).T
        low, high = wilson_interval(successes, heads, level)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[f"cost_per_{name}"] = spend / successes
            found[f"cost_per_{name}_low"] = spend / heads / high
            found[f"cost_per_{name}_high"] = spend / heads / low
            errors.append((1 - successes / heads) / successes)  # variance of ln(share)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = found["cost_per_won"] / found["cost_per_kept"]
        reach = np.exp(normal_quantile(level) * np.sqrt(errors[0] + errors[1]))
        ends = {"cost_ratio_low": ratio / reach, "cost_ratio_high": ratio * reach}
    return pd.DataFrame({**found, "cost_ratio": ratio, **ends}, index=now.index)


def _marginal_costs(now: pd.DataFrame, fits: Fits, level: float, seed: int) -> pd.DataFrame:
    rows = {}
    for segment in now.index:
        members = [segment] if segment != ALL or len(now) == 1 else list(now.index[:-1])
        won, kept = (spread_slope(now, fits, members, purpose, seed=seed) for purpose in PURPOSES)
        both = (kept[0] / won[0], kept[1] / won[1]) if won and kept else None
        rows[segment] = {
            **_quantiles("marginal_cost_won", won and (1 / won[0], 1 / won[1]), level),
            **_quantiles("marginal_cost_kept", kept and (1 / kept[0], 1 / kept[1]), level),
            **_quantiles("marginal_ratio", both, level),
        }
    return pd.DataFrame(rows).T


def _quantiles(name: str, found: tuple[float, Array] | None, level: float) -> dict[str, float]:
    value, low, high = np.nan, np.nan, np.nan
    if found is not None:
        value = found[0]
        low, high = percentile_interval(found[1], level)
    return {name: value, f"{name}_low": float(low), f"{name}_high": float(high)}

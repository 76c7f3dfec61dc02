"""Average and marginal cost of acquiring and of retaining a customer, and the payback period."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.economics.budget.ledger_curves import (
    CurveFits,
    CurveMemories,
    fit_curves,
    fit_memories,
    pooled_slope,
)
from relmark_research.economics.budget.spend_ledger import (
    ALL,
    COLUMNS,
    PURPOSES,
    SPLIT,
    SpendLedger,
)
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import (
    Payment,
    check_annual_margin,
    check_retention,
    question_share,
)
from relmark_research.errors import check_number
from relmark_research.stats.intervals import normal_quantile, percentile_interval, wilson_interval
from relmark_research.units import AnnualRate

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_MONTHS = 1200  # shown as "more than 100 years" above
_MAX_COST = float(np.finfo(float).max)


@dataclass(frozen=True)
class Payback:
    """The payback period of an acquisition cost.

    Attributes
    ----------
    months
        First month by which cumulative margins cover the cost; ``inf`` for never.
    total_margin
        Sum of all expected margins, money per customer acquired; ``inf`` without churn and
        discounting.
    """

    months: float
    total_margin: float

    @property
    def never(self) -> bool:
        """Whether the margins never cover the cost."""
        return math.isinf(self.months)

    def __str__(self) -> str:
        if self.never:
            return "never"
        if self.months > _MAX_MONTHS:
            return "more than 100 years"
        return f"{self.months:.0f} month{'' if self.months == 1 else 's'}"

    def __repr__(self) -> str:
        return f"<Payback: {self}>"

    def _repr_html_(self) -> str:
        return html_table("Payback", {"months": str(self), "total margin": self.total_margin})


def payback(
    acquisition_cost: float,
    annual_margin: float,
    *,
    retention_rate: float | None = None,
    annual_discount_rate: float = 0.0,
    payment: Payment = "month",
) -> Payback:
    """Return the payback period of an acquisition cost, in months.

    Parameters
    ----------
    acquisition_cost
        Money per customer acquired, >= 0.
    annual_margin
        Money per customer and year, > 0; an equal part is received at the end of each payment
        period.
    retention_rate
        Annual retention rate, in [0, 1). None for no churn.
    annual_discount_rate
        In [0, 1); 0 for no discounting.
    payment
        Time between two payments, ``"month"`` by default, or `PaymentTerms` where customers may
        leave less often than they pay.

    Returns
    -------
    Payback
        12 t / n with the smallest t for which annual_margin / n x sum_{j=1}^{t} r^((j-1)/n) /
        (1 + d)^(j/n) >= cost, n payments a year.

    Raises
    ------
    ParameterError
        If an argument is outside its domain, or the margin looks like a share: the cost is more
        than 100 years of margin and the margin is below 1.

    Examples
    --------
    >>> print(payback(100, 120), "/", payback(100, 120, retention_rate=0.5))
    10 months / 15 months
    >>> print(payback(100, 60, retention_rate=0.3))
    never
    """
    check_annual_margin(annual_margin)
    rule = "must be finite money, 0 or more"
    check_number("acquisition_cost", acquisition_cost, low=0, high=_MAX_COST, rule=rule)
    question_share(annual_margin, acquisition_cost, "the acquisition cost")
    if retention_rate is not None:
        check_retention(retention_rate)
    terms, rate = PaymentTerms.of(payment), AnnualRate(annual_discount_rate).value
    return _Stream.of(annual_margin, retention_rate, rate, terms).payback(acquisition_cost)


def net_payback(
    acquisition_cost: float,
    annual_margin: float,
    retention_rate: float,
    annual_discount_rate: float,
    payment: PaymentTerms,
) -> Payback:
    """Return the payback period from margins net of retention spend; never if not positive."""
    if annual_margin <= 0:
        return Payback(math.inf, 0.0)
    stream = _Stream.of(annual_margin, retention_rate, annual_discount_rate, payment)
    return stream.payback(acquisition_cost)


@dataclass(frozen=True)
class _Stream:
    """Discounted expected payments: ``block`` once, then each block q times the one before.

    A block holds the payments between two renewals: a single one if a customer may leave at each.
    """

    block: Array
    q: float
    months: float  # between two payments

    @classmethod
    def of(
        cls, annual_margin: float, retention_rate: float | None, rate: float, terms: PaymentTerms
    ) -> _Stream:
        n, k = terms.payments_per_year, terms.renewals_per_year
        retained = 1.0 if retention_rate is None else retention_rate ** (1 / k)
        years = (np.arange(round(n / k)) + 1) / n
        block = annual_margin / n * (1 + rate) ** -years
        return cls(block, retained * (1 + rate) ** (-1 / k), 12 / n)

    def payback(self, cost: float) -> Payback:
        first, q = float(self.block.sum()), self.q
        total = first / (1 - q) if q < 1 else math.inf
        if cost == 0:
            return Payback(0.0, total)
        if cost > total or (q > 0 and cost >= total * (1 - 1e-12)):
            return Payback(math.inf, total)
        blocks = 0
        if q == 1:
            blocks = math.ceil(cost / first - 1e-9) - 1
        elif q > 0:
            blocks = math.ceil(math.log1p(-cost / total) / math.log(q) - 1e-9) - 1
        blocks = max(blocks, 0)
        before = first * blocks if q == 1 else total * (1 - q**blocks)
        paid = before + np.cumsum(self.block) * q**blocks
        within = int(np.searchsorted(paid, cost * (1 - 1e-12))) + 1
        return Payback(self.months * (blocks * len(self.block) + within), total)


def payback_table(
    acquisition_cost: float,
    annual_margin: float,
    *,
    retention_rate: float,
    annual_discount_rate: float,
    payment: Payment = "month",
) -> pd.DataFrame:
    """Return the payback period with and without churn and discounting: four rows."""
    rows = [
        (churn, discount, payback(
            acquisition_cost, annual_margin,
            retention_rate=retention_rate if churn else None,
            annual_discount_rate=annual_discount_rate if discount else 0.0,
            payment=payment,
        ))
        for churn in (False, True) for discount in (False, True)
    ]  # fmt: skip
    columns = [(churn, discount, found.months, str(found)) for churn, discount, found in rows]
    return pd.DataFrame(columns, columns=["churn", "discounted", "months", "payback"])


def unit_costs(
    table: pd.DataFrame | str | SpendLedger,
    *,
    by: str | None = None,
    period: str = "quarter",
    names: Mapping[str, str] | None = None,
    recent: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return average and marginal cost per customer acquired and per customer retained.

    The average cost is spend over successes. The marginal cost is the cost of one additional
    success at current spend, from the response curve fitted to all periods; its interval contains
    the chance that trend, season or carry-over are mistaken for a response (`curve_memory`). They
    can differ widely.

    Parameters
    ----------
    table, by, period, names
        The spend ledger; see `SpendLedger.from_table`.
    recent
        Number of most recent periods that define current averages and current spend per head; None
        for all periods.
    level
        Probability of the intervals.
    seed
        Seed of the draws for the intervals of marginal costs.

    Returns
    -------
    DataFrame
        One row per segment and the total: acquisition_cost, retention_cost (averages, money per
        customer), cost_ratio (acquisition to retention), marginal_acquisition_cost,
        marginal_retention_cost (money per additional customer) and marginal_cost_ratio, each with
        _low and _high; note gives the reason for missing values. A segment with constant spend has
        no marginal cost. The total assumes today's mix of segments.

    References
    ----------
    Pfeifer (2005), The optimal ratio of acquisition and retention costs, Journal of Targeting
    13(2), 179-188 (decisions depend on marginal, not average, costs).

    Examples
    --------
    >>> import relmark_research as rm
    >>> costs = unit_costs(rm.load_sample("books"), by="channel", recent=4)
    >>> costs.loc["web", ["acquisition_cost", "marginal_acquisition_cost"]].round(1).to_list()
    [30.6, 52.6]
    """
    ledger = SpendLedger.from_table(table, by=by, period=period, names=names)
    ledger.require(*SPLIT, purpose="unit_costs")
    today = ledger.recent(recent).totals()
    fits, notes = fit_curves(ledger, today)
    average = _average_costs(today, level)
    marginal = _marginal_costs(today, fits, fit_memories(ledger, fits), level, seed)
    for (segment, purpose), fit in fits.items():
        if fit.grade != "identified":
            notes[segment] = f"{notes.get(segment, '')} {purpose}: {fit.diagnosis}.".strip()
    note = pd.Series(notes, dtype=str).reindex(today.index).fillna("")
    return average.join(marginal).assign(note=note).rename_axis("segment")


def _average_costs(today: pd.DataFrame, level: float) -> pd.DataFrame:
    costs: dict[str, Array] = {}
    log_variance = []  # of the success rates
    for purpose in PURPOSES:
        name = f"{purpose}_cost"
        spend, people, successes = today[list(COLUMNS[purpose])].to_numpy(float).T
        low, high = wilson_interval(successes, people, level)
        with np.errstate(divide="ignore", invalid="ignore"):
            costs[name] = spend / successes
            costs[f"{name}_low"] = spend / people / high
            costs[f"{name}_high"] = spend / people / low
            log_variance.append((1 - successes / people) / successes)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = costs["acquisition_cost"] / costs["retention_cost"]
        factor = np.exp(normal_quantile(level) * np.sqrt(log_variance[0] + log_variance[1]))
        interval = {"cost_ratio_low": ratio / factor, "cost_ratio_high": ratio * factor}
    return pd.DataFrame({**costs, "cost_ratio": ratio, **interval}, index=today.index)


def _marginal_costs(
    today: pd.DataFrame, fits: CurveFits, memories: CurveMemories, level: float, seed: int
) -> pd.DataFrame:
    rows = {}
    for segment in today.index:
        total = segment == ALL and len(today) > 1
        segments = list(today.index[:-1]) if total else [segment]
        a, r = (
            pooled_slope(today, fits, memories, segments, purpose, seed=seed)
            for purpose in PURPOSES
        )
        ratio = (r[0] / a[0], r[1] / a[1]) if a and r else None
        rows[segment] = {
            **_with_interval("marginal_acquisition_cost", a and (1 / a[0], 1 / a[1]), level),
            **_with_interval("marginal_retention_cost", r and (1 / r[0], 1 / r[1]), level),
            **_with_interval("marginal_cost_ratio", ratio, level),
        }
    return pd.DataFrame(rows).T


def _with_interval(
    name: str, estimate: tuple[float, Array] | None, level: float
) -> dict[str, float]:
    """Return an estimate and the interval of its draws; NaN if there is none."""
    if estimate is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), np.nan)
    low, high = percentile_interval(estimate[1], level)
    return {name: estimate[0], f"{name}_low": float(low), f"{name}_high": float(high)}

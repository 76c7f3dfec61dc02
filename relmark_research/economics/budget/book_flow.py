"""The flow of customers in a firm's books, and the retention rate that it shows.

The books' own identity is opening + won - lost = closing. Retention of a period is counted where
the books say who stayed (customers at risk and kept). Otherwise it follows from the losses: with a
constant hazard h within the period and customers won evenly over it, who may leave as well,

    lost = opening (1 - e^-h) + won (1 - (1 - e^-h) / h),   retention e^-h.

Books by month, quarter and year then show one and the same annual rate. A firm without contracts
does not see who leaves: there the returning customers of a period, active less won, are compared
with the active ones of the period before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.value_of_retention.payment_terms import (
    PaymentTerms,
    annual_retention,
)
from relmark_research.errors import DataError, check_level
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import Period

_TOLERANCE = 0.005  # of the customers of a period, by which its flow may be off
_NO_FLOW = 0.2  # median gap, as a share of the customers, from which columns do not belong together
_AGREES = 0.05  # gap of customers at risk that still shows when they may leave
_HALVINGS = 200

Basis = Literal["customers kept", "customers lost", "active customers"]


@short_repr
@dataclass(frozen=True, repr=False)
class BookRetention:
    """The retention rate of a firm's books.

    Attributes
    ----------
    rates
        One row per period used: at_risk (customers), rate and, from losses, won and lost.
    basis
        What the rates are counted from: ``"customers kept"``, ``"customers lost"`` or ``"active
        customers"``.
    period
        Period of each rate: that of the books, or of the contracts if customers are up for renewal
        less often.
    renews
        Whether the rate is that of contracts, up for renewal once a ``period``.
    annual, low, high
        Annual retention rate, the product of the period rates over a year, with its interval.
    """

    rates: pd.DataFrame
    basis: Basis
    period: Period
    renews: bool
    annual: float
    low: float
    high: float

    @property
    def standard_error(self) -> float:
        """Standard error of the logarithm of the annual rate, from the 95% interval."""
        if not 0 < self.low < self.high:
            return 0.0
        return float(np.log(self.high / self.low) / (2 * normal_quantile(0.95)))

    def period_ratio(self, ledger: SpendLedger) -> float:
        """Periods of the books between two occasions on which a customer may leave, at least 1."""
        return ledger.period.per_year / self.period.per_year if self.renews else 1.0

    def _summary(self) -> dict[str, object]:
        return {
            "basis": self.basis,
            "rates": len(self.rates),
            "period": self.period,
            "annual retention": self.annual,
        }


def book_flow(ledger: SpendLedger) -> pd.DataFrame:
    """Return the flow of customers by period: opening, won, lost, closing, and its gap.

    Parameters
    ----------
    ledger
        The books. What is not given follows from the rest: the opening number is the last closing
        one, losses are opening + won - closing.

    Returns
    -------
    DataFrame
        One row per period of the firm: opening, won, lost, closing, gap (opening + won - lost -
        closing, customers; missing if one of them is not known independently) and agrees (whether
        the gap is at most 0.5% of the customers).

    Examples
    --------
    >>> books = pd.DataFrame({"quarter": ["2024Q1", "2024Q2"], "customers_won": [70, 90],
    ...                       "customers_lost": [40, 50], "closing_customers": [1030, 1060]})
    >>> book_flow(SpendLedger.from_table(books))["gap"].to_list()
    [nan, 10.0]
    """
    firm = ledger.firm()
    empty = pd.Series(np.nan, index=firm.index)
    won, lost, closing, opening = (
        firm.get(name, empty)
        for name in ("customers_won", "customers_lost", "closing_customers", "opening_customers")
    )
    previous = closing.reindex(firm.index - 1).set_axis(firm.index)
    known = opening.fillna(previous)
    gap = known + won - lost - closing
    known = known.fillna(closing - won + lost)
    closing = closing.fillna(known + won - lost)
    if "customers_lost" not in firm:
        lost = known + won - closing
    size = np.maximum(known.abs(), closing.abs())
    return pd.DataFrame(
        {
            "opening": known, "won": won, "lost": lost, "closing": closing, "gap": gap,
            "agrees": ~(gap.abs() > _TOLERANCE * size),
        }
    )  # fmt: skip


def renewal_period(ledger: SpendLedger) -> Period | None:
    """Return how often a customer may leave, by the flow of the customers at risk.

    If everyone may leave in every period, customers at risk are those kept and won in the period
    before; under annual contracts they are those kept and won a year before.

    Returns
    -------
    Period or None
        The period of the books or a longer one; None if the books agree with neither, or do not
        have the columns.
    """
    found = renewal_gaps(ledger)
    if not found:
        return None
    best = min(found, key=lambda name: found[name])
    return ledger.period if best == ledger.period.name else Period(best)


def renewal_gaps(ledger: SpendLedger) -> dict[str, float]:
    """Return the periods that the flow of customers at risk agrees with, each with its gap.

    Several may agree: in a firm that neither grows nor shrinks every period looks like the next.
    """
    if not ledger.has("customers_at_risk", "customers_kept", "customers_won"):
        return {}
    gaps = {}
    for name in ("month", "quarter", "year"):
        lag = ledger.period.per_year / Period(name).per_year
        if lag >= 1 and lag == round(lag):
            gaps[name] = _renewal_gap(ledger.table, round(lag))
    return {name: gap for name, gap in gaps.items() if gap <= _AGREES}


def _renewal_gap(table: pd.DataFrame, lag: int) -> float:
    """Median relative gap of customers at risk to those kept and won ``lag`` periods before."""
    gaps = []
    for _, rows in table.groupby("segment"):
        by_period = rows.set_index("period")
        before = by_period["customers_kept"] + by_period["customers_won"]
        expected = before.reindex(by_period.index - lag).to_numpy(float)
        at_risk = by_period["customers_at_risk"].to_numpy(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            gaps.append(np.abs(at_risk - expected) / expected)
    known = np.concatenate(gaps)
    known = known[np.isfinite(known)]
    return float(np.median(known)) if len(known) else np.inf


def stated_renewal(ledger: SpendLedger, terms: PaymentTerms) -> Period:
    """Return the period of the ledger's retention rate: stated in the terms, or by the flow.

    Raises
    ------
    DataError
        If neither says it, or the books contradict the terms.
    """
    shown = renewal_period(ledger)
    own = ledger.period
    if terms.renewal is None:
        if shown is None:
            raise DataError(
                "the books do not show how often a customer may leave: customers_at_risk are "
                f"neither those kept and won a {own.name} before (everyone may leave in every "
                f"{own.name}) nor a year before (annual contracts). Say it with payment="
                "PaymentTerms('month', renewal='month') (at every payment) or renewal='year'."
            )
        return shown
    stated = Period.of(terms.renewal)
    stated = own if stated.per_year >= own.per_year else stated
    agreeing = [Period(name).per_year for name in renewal_gaps(ledger)]
    if shown is not None and stated.per_year not in agreeing:
        raise DataError(
            f"the terms say that a customer may leave every {stated.name}, but in the books the "
            f"customers at risk are those kept and won a {shown.name} before: their rate is one "
            f"per {shown.name}. Correct the terms, or the column customers_at_risk."
        )
    return stated


def book_retention(
    ledger: SpendLedger,
    *,
    recent: int | None = None,
    level: float = 0.95,
    terms: PaymentTerms | None = None,
) -> BookRetention:
    """Return the annual retention rate of the books, with the period rates it is the product of.

    Parameters
    ----------
    ledger
        The books, with customers kept, customers lost (or closing customers), or active customers.
    recent
        Number of most recent periods; None for the last year.
    level
        Probability of the interval, which covers chance in the counts and the usual difference of
        a period from the same one a year before.
    terms
        How often customers may leave, where that is stated; None: as the books show it.

    Raises
    ------
    DataError
        If the books do not show who stayed, more customers were lost than there were, or the books
        contradict the terms.

    Examples
    --------
    >>> books = pd.DataFrame({"quarter": ["2024Q1", "2024Q2"], "opening_customers": [1000, 1040],
    ...                       "customers_won": [90, 0], "customers_lost": [50, 52]})
    >>> found = book_retention(SpendLedger.from_table(books))
    >>> found.rates["rate"].round(3).to_list(), round(found.annual, 3)
    ([0.952, 0.95], 0.818)
    """
    check_level(level)
    basis, rates = all_rates(ledger)
    period, renews = ledger.period, False
    if basis == "customers kept":
        is_stated = terms is not None and terms.renewal is not None
        shown = stated_renewal(ledger, terms) if terms and is_stated else renewal_period(ledger)
        renews = shown is not None and shown.per_year < period.per_year
        period = shown if shown is not None and renews else period
    used = rates[rates["rate"].notna()]
    if recent is not None:
        used = used[used.index.isin(pd.PeriodIndex(ledger.recent(recent).table["period"]))]
    else:
        used = used.iloc[-ledger.periods_per_year :]
    if used.empty:
        raise DataError(
            "retention needs a period in which the books say who stayed; found none in the last "
            f"{recent or ledger.periods_per_year} periods. Use more periods (recent)."
        )
    annual = _mean_annual(used, period, renews)
    error = _log_error(rates["rate"], used, period, renews)
    reach = np.exp(normal_quantile(level) * error)
    return BookRetention(
        used, basis, period, renews, annual, annual / reach, min(annual * reach, 1.0)
    )


def _mean_annual(used: pd.DataFrame, period: Period, renews: bool) -> float:
    """Annual rate: the product over a year's periods; under contracts the share that renewed."""
    if renews:
        pooled = float((used["rate"] * used["at_risk"]).sum() / used["at_risk"].sum())
        return annual_retention(pooled, period)
    return annual_retention(used["rate"].to_numpy(float), period)


def _log_error(rates: pd.Series, used: pd.DataFrame, period: Period, renews: bool) -> float:
    """Standard error of the log annual rate: binomial, or from changes over a year if larger."""
    rate, at_risk = used["rate"].to_numpy(float), used["at_risk"].to_numpy(float)
    inside = (rate > 0) & (rate < 1) & (at_risk > 0)
    if not inside.any():
        return 0.0
    scale = period.per_year / len(used)
    counts = scale * np.sqrt(((1 - rate[inside]) / (rate[inside] * at_risk[inside])).sum())
    logs = np.log(rates.where(rates > 0))
    lag = 1 if renews else round(period.per_year)
    before = logs.reindex(logs.index - lag).to_numpy(float)
    changes = (logs.to_numpy(float) - before)[np.isfinite(logs.to_numpy(float) - before)]
    if len(changes) < 3:
        changes = np.diff(np.log(rate[inside]))
    spread = np.sqrt((changes**2).mean() / 2) if len(changes) else 0.0
    return float(max(counts, scale * spread * np.sqrt(len(used))))


def all_rates(ledger: SpendLedger) -> tuple[Basis, pd.DataFrame]:
    """Return what retention is counted from, and the rate of each period."""
    firm = ledger.firm()
    if {"customers_at_risk", "customers_kept"} <= set(firm):
        at_risk = firm["customers_at_risk"].where(firm["customers_at_risk"] > 0)
        columns = {"at_risk": at_risk, "rate": firm["customers_kept"] / at_risk}
        return "customers kept", pd.DataFrame(columns)
    flow = book_flow(ledger)
    if flow[["opening", "won", "lost"]].notna().all(axis=1).any():
        _check_flow(flow)
        rate = _rate_from_losses(flow)
        columns = {"at_risk": flow["opening"], "won": flow["won"], "lost": flow["lost"]}
        return "customers lost", pd.DataFrame(columns).assign(rate=rate)
    if {"active_customers", "customers_won"} <= set(firm):
        active = firm["active_customers"]
        before = active.reindex(active.index - 1).set_axis(active.index)
        returned = active - firm["customers_won"]
        share = (returned / before.where(before > 0)).clip(upper=1.0)
        return "active customers", pd.DataFrame({"at_risk": before, "rate": share})
    raise DataError(
        "retention needs customers_at_risk and customers_kept, or customers_won with two of "
        "opening_customers, customers_lost and closing_customers, or customers_won and "
        f"active_customers; found {', '.join(firm.columns)}. Add one of these."
    )


def _check_flow(flow: pd.DataFrame) -> None:
    """Refuse books whose columns are not of one firm, unit or period."""
    size = np.maximum(flow["opening"].abs(), flow["closing"].abs())
    off: pd.Series = (flow["gap"].abs() / size).dropna()
    if len(off) and off.median() > _NO_FLOW:
        first = flow.loc[off.index[off > _NO_FLOW][0]]
        raise DataError(
            "opening + won - lost must give the closing customers; it differs from them by a "
            f"median of {off.median():.0%} over {len(off)} periods, first in {first.name}: "
            f"{first['opening']:,.6g} + {first['won']:,.6g} - {first['lost']:,.6g} is not "
            f"{first['closing']:,.6g}. Give all columns in one unit (customers or thousands) and "
            "for the same customers."
        )


def _rate_from_losses(flow: pd.DataFrame) -> Array:
    """Return e^-h of each period by bisection, missing where the flow is not known."""
    opening, won, lost = (flow[name].to_numpy(float) for name in ("opening", "won", "lost"))
    known = np.isfinite(opening + won + lost) & (opening + won > 0)
    wrong = known & ((lost > opening + won) | (lost < -_TOLERANCE * (opening + won)))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"customers lost must be between 0 and the customers there were; found "
            f"{lost[first]:,.6g} of {opening[first] + won[first]:,.6g} in {flow.index[first]} "
            f"({wrong.sum()} of {len(flow)} periods). Correct the books."
        )
    lost = np.maximum(lost, 0.0)
    low, high = np.zeros(len(flow)), np.full(len(flow), 50.0)
    for _ in range(_HALVINGS):
        hazard = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            gone = -np.expm1(-hazard)
            expected = opening * gone + won * (1 - np.where(hazard > 0, gone / hazard, 1.0))
        low, high = np.where(expected < lost, hazard, low), np.where(expected < lost, high, hazard)
    rate: Array = np.where(known, np.where(lost == 0, 1.0, np.exp(-(low + high) / 2)), np.nan)
    return rate
